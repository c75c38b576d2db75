/* The queue over SQLite, over PostgreSQL, and with Redis beside it: the same tests, by a clock that stands still. */
#include "unit/queue/jobs.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "queue/lanes.h"
#include "queue/redis_fault.h"
#include "store/heartbeats.h"
#include "store/sql_fault.h"

static void taken_kept_and_done(void **state) {
  struct bench b = bench_open(state);
  struct job made = job_make(&b, 2, NULL);
  _cleanup_(task_release) struct task t = {0}, none = {0};
  assert_int_equal(take(&b, &t), 1);
  assert_true(t.id == made.id && t.state == TASK_RUNNING && t.attempts == 1);
  assert_true(t.lease_until_ms == jobs_clock + LEASE && strncmp(t.lease_owner, "test:1#", 7) == 0);
  assert_int_equal(take(&b, &none), 0);
  bool cancel = true;
  jobs_clock += 4000;
  assert_int_equal(queue_renew(b.q, &t, "render", 500, &cancel, NULL), 1);
  assert_false(cancel);
  struct job now = job_read(&b, made.id);
  assert_true(now.lease_until == jobs_clock + LEASE && now.progress == 500);
  struct queue_end end = {.outcome = QUEUE_DONE, .result_path = "1/a.mp4", .with = jobs_effect, .ctx = &t};
  assert_int_equal(queue_end(b.q, &t, &end, NULL), 1);
  now = job_read(&b, made.id);
  assert_true(now.state == TASK_DONE && now.effects == 1 && now.charges == 1 && now.refunds == 0);
  assert_int_equal(queue_end(b.q, &t, &end, NULL), 1); /* it is so already */
  end.result_path = "another";
  assert_int_equal(queue_end(b.q, &t, &end, NULL), 0);
  assert_int_equal(job_read(&b, made.id).effects, 1);
  assert_int_equal(queue_renew(b.q, &t, "", 0, &cancel, NULL), 0);
  bench_close(&b);
}

/* What each end makes of a task that began its `attempts`th attempt, with and without the user wanting it stopped. */
static void every_end(void **state) {
  static const struct {
    const char *name;
    enum queue_outcome outcome;
    bool give_back, stop;
    int attempts;
    enum task_state ended;
    int refunds, attempts_after;
    bool later;
  } ends[] = {
      {"done", QUEUE_DONE, false, false, 1, TASK_DONE, 0, 1, false},
      {"done, cancelled too late", QUEUE_DONE, false, true, 1, TASK_DONE, 0, 1, false},
      {"failed", QUEUE_FAILED, false, false, 1, TASK_FAILED, 0, 1, false},
      {"our fault", QUEUE_OUR_FAULT, false, false, 1, TASK_FAILED, 1, 1, false},
      {"again", QUEUE_AGAIN, false, false, 1, TASK_QUEUED, 0, 1, true},
      {"again, for the last time", QUEUE_AGAIN, false, false, 2, TASK_QUEUED, 0, 2, true},
      {"again, once too often", QUEUE_AGAIN, false, false, 3, TASK_PARKED, 1, 3, false},
      {"again, cancelled", QUEUE_AGAIN, false, true, 1, TASK_CANCELLED, 1, 1, false},
      {"again, once too often, cancelled", QUEUE_AGAIN, false, true, 3, TASK_CANCELLED, 1, 3, false},
      {"cancelled", QUEUE_CANCELLED, false, true, 1, TASK_CANCELLED, 0, 1, false},
      {"cancelled before work", QUEUE_CANCELLED, true, true, 1, TASK_CANCELLED, 1, 1, false},
      {"handed back", QUEUE_HAND_BACK, false, false, 1, TASK_QUEUED, 0, 0, false},
      {"handed back, later", QUEUE_HAND_BACK, false, false, 3, TASK_QUEUED, 0, 2, false},
      {"handed back, cancelled", QUEUE_HAND_BACK, false, true, 1, TASK_CANCELLED, 1, 1, false},
  };
  struct bench b = bench_open(state);
  for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
    struct job made = job_make(&b, 1, NULL);
    _cleanup_(task_release) struct task t = {0};
    for (int attempt = 1; attempt <= ends[i].attempts; attempt++) {
      struct queue_end again = {.outcome = QUEUE_AGAIN, .error_code = "engine", .error_text = "it fell over"};
      assert_int_equal(take(&b, &t), 1);
      assert_int_equal(t.attempts, attempt);
      if (attempt == ends[i].attempts) break;
      assert_int_equal(queue_end(b.q, &t, &again, NULL), 1);
      jobs_clock += 600000;
    }
    if (ends[i].stop) assert_int_equal(job_cancel(&b, made.id), TASK_CANCEL_ASKED);
    struct queue_end end = {.outcome = ends[i].outcome,
                            .give_back = ends[i].give_back,
                            .error_code = "code",
                            .error_text = "text",
                            .with = jobs_effect,
                            .ctx = &t};
    if (queue_end(b.q, &t, &end, NULL) != 1) fail_msg("%s", ends[i].name);
    struct job now = job_read(&b, made.id);
    if (now.state != ends[i].ended || now.refunds != ends[i].refunds || now.attempts != ends[i].attempts_after ||
        now.charges != 1 || now.effects != 1 || (now.run_at > jobs_clock) != ends[i].later)
      fail_msg("%s: %s, given back %d times, %d attempts, %d effects", ends[i].name, task_state_name(now.state),
               now.refunds, now.attempts, now.effects);
    if (now.state == TASK_QUEUED) job_finish(&b, made.id);
  }
  bench_close(&b);
}

static void the_lanes_share(void **state) {
  struct bench b = bench_open(state);
  for (int i = 0; i < 12; i++)
    for (int lane = 1; lane <= TASK_LANES; lane++) job_make(&b, lane, NULL);
  for (int round = 0; round < 2; round++) { /* any ten in a row */
    int taken[TASK_LANES + 1] = {0};
    for (int i = 0; i < 10; i++) {
      _cleanup_(task_release) struct task t = {0};
      assert_int_equal(take(&b, &t), 1);
      taken[t.lane]++;
    }
    assert_true(taken[1] == 6 && taken[2] == 3 && taken[3] == 1);
  }
  for (int i = 0; i < 16; i++) { /* lane 1 has none left: the others go on */
    _cleanup_(task_release) struct task t = {0};
    assert_int_equal(take(&b, &t), 1);
    assert_true(t.lane != 1);
  }
  bench_close(&b);
}

static void a_lost_lease(void **state) {
  struct bench b = bench_open(state);
  struct job made = job_make(&b, 1, NULL);
  _cleanup_(task_release) struct task first = {0}, second = {0};
  struct queue_repairs r;
  assert_int_equal(take(&b, &first), 1);
  jobs_clock += LEASE - 1;
  MUST(queue_maintain(b.q, NULL, NULL, &r, e));
  assert_int_equal(r.leases_ended, 0);
  jobs_clock += 1;
  MUST(queue_maintain(b.q, NULL, NULL, &r, e));
  assert_true(r.leases_ended == 1 && r.parked == 0 && r.cancelled == 0);
  assert_int_equal(take(&b, &second), 1); /* by the same process: another thread */
  assert_true(second.id == first.id && second.attempts == 2);
  assert_string_equal(second.error_code, "worker_lost");
  bool cancel;
  struct queue_end end = {.outcome = QUEUE_DONE, .with = jobs_effect, .ctx = &first};
  assert_int_equal(queue_renew(b.q, &first, "", 0, &cancel, NULL), 0);
  assert_int_equal(queue_end(b.q, &first, &end, NULL), 0);
  end.outcome = QUEUE_HAND_BACK;
  assert_int_equal(queue_end(b.q, &first, &end, NULL), 0);
  struct job now = job_read(&b, made.id);
  assert_true(now.state == TASK_RUNNING && now.effects == 0);
  end = (struct queue_end){.outcome = QUEUE_DONE, .with = jobs_effect, .ctx = &second};
  assert_int_equal(queue_end(b.q, &second, &end, NULL), 1);
  assert_int_equal(job_read(&b, made.id).effects, 1);
  bench_close(&b);
}

static int note_ended(struct sql_tx *tx, void *ctx, const struct task *t, struct err *e) {
  (void)tx;
  (void)e;
  *(enum task_state *)ctx = t->state;
  return 0;
}

static void a_poison_job_is_parked(void **state) {
  struct bench b = bench_open(state);
  struct job made = job_make(&b, 1, NULL);
  struct queue_repairs r;
  enum task_state told = TASK_QUEUED;
  for (int i = 1; i <= 3; i++) {
    _cleanup_(task_release) struct task t = {0};
    assert_int_equal(take(&b, &t), 1);
    assert_true(t.id == made.id);
    jobs_clock += LEASE;
    MUST(queue_maintain(b.q, note_ended, &told, &r, e));
    assert_true(r.leases_ended == 1 && r.parked == (i == 3));
    assert_int_equal(told, i == 3 ? TASK_PARKED : TASK_QUEUED);
  }
  struct job now = job_read(&b, made.id);
  assert_true(now.state == TASK_PARKED && now.charges == 1 && now.refunds == 1 && now.attempts == 3);

  struct job unwanted = job_make(&b, 2, NULL);
  _cleanup_(task_release) struct task t = {0};
  assert_int_equal(take(&b, &t), 1);
  assert_true(t.id == unwanted.id);
  assert_int_equal(job_cancel(&b, unwanted.id), TASK_CANCEL_ASKED);
  jobs_clock += LEASE;
  MUST(queue_maintain(b.q, note_ended, &told, &r, e));
  assert_true(r.leases_ended == 1 && r.parked == 0 && r.cancelled == 1 && told == TASK_CANCELLED);
  now = job_read(&b, unwanted.id);
  assert_true(now.state == TASK_CANCELLED && now.refunds == 1);
  assert_int_equal(take(&b, &t), 0);
  bench_close(&b);
}

/* ---- waiting ---- */

struct waiter {
  struct queue *q;
  atomic_bool cancel;
  struct task task;
  int rc;
  double back;
};
static void *wait_for_one(void *arg) {
  struct waiter *w = arg;
  w->rc = queue_take(w->q, 20000, &w->cancel, &w->task, NULL);
  w->back = clock_now();
  return NULL;
}

/* A limit that only a lost wake or a deaf wait passes. */
static void join_soon(pthread_t thread, const struct waiter *w, double began) {
  pthread_join(thread, NULL);
  if (w->back - began > 15) fail_msg("it took %.2f s", w->back - began);
}

static void woken(void **state) {
  struct bench b = bench_open_with(state, &(struct queue_options){.poll_ms = 120000}); /* not found by looking */
  struct waiter w = {.q = b.q};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, wait_for_one, &w), 0);
  clock_sleep(0.2); /* it waits by now, or will find the task at once: both are right */
  double began = clock_now();
  job_make(&b, 3, NULL);
  join_soon(thread, &w, began);
  assert_int_equal(w.rc, 1);
  task_release(&w.task);
  bench_close(&b);
}

static void called_off(void **state) {
  struct bench b = bench_open(state);
  struct waiter w = {.q = b.q};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, wait_for_one, &w), 0);
  clock_sleep(0.2);
  double began = clock_now();
  atomic_store(&w.cancel, true);
  join_soon(thread, &w, began);
  assert_int_equal(w.rc, 0);
  bench_close(&b);
}

static void found_without_being_woken(void **state) {
  struct bench b = bench_open_with(state, &(struct queue_options){.poll_ms = 50});
  struct queue_repairs r;
  _cleanup_(task_release) struct task t = {0};
  assert_int_equal(take(&b, &t), 0); /* it knows that there is nothing */
  struct job made = job_insert(&b, 1, NULL);
  jobs_clock += 1000;
  MUST(queue_maintain(b.q, NULL, NULL, &r, e));
  assert_int_equal(r.offered, b.redis != NULL);
  assert_int_equal(queue_take(b.q, 2000, NULL, &t, NULL), 1);
  assert_true(t.id == made.id);
  bench_close(&b);
}

/* ---- how long ---- */

static void before_and_how_long(void **state) {
  struct bench b = bench_open(state);
  int64_t before = 0, wait = 0;
  struct job last[TASK_LANES + 1];
  for (int i = 0; i < 5; i++)
    for (int lane = 1; lane <= TASK_LANES; lane++) last[lane] = job_make(&b, lane, NULL);
  position(&b, last[1].id, &before, &wait);
  assert_true(before == 7 && wait == -1); /* 1 2 1 1 2 1 3 and then it; nobody works */
  position(&b, last[3].id, &before, &wait);
  assert_int_equal(before, 14);
  heartbeat(&b, "worker:a:1", "{\"slots\": 2}");
  position(&b, last[1].id, &before, &wait);
  assert_true(before == 7 && wait == -1); /* nobody has ever finished */
  _cleanup_(task_release) struct task t = {0};
  struct task busy[2] = {{0}, {0}};
  assert_int_equal(take(&b, &t), 1);
  jobs_clock += 6000;
  assert_int_equal(queue_end(b.q, &t, &(struct queue_end){.outcome = QUEUE_DONE}, NULL), 1);
  position(&b, last[3].id, &before, &wait);
  assert_true(before == 13 && wait == (13 + 1 - 2) * 6000 / 2); /* both slots are free */
  assert_int_equal(take(&b, &busy[0]), 1);
  assert_int_equal(take(&b, &busy[1]), 1);
  position(&b, last[3].id, &before, &wait);
  assert_true(before == 11 && wait == (11 + 1) * 6000 / 2);
  position(&b, busy[0].id, &before, &wait);
  assert_true(before == -1 && wait == -1);
  jobs_clock += 31000; /* the worker says no more */
  position(&b, last[3].id, &before, &wait);
  assert_true(before == 11 && wait == -1);
  task_release(&busy[0]);
  task_release(&busy[1]);
  bench_close(&b);
}

static void the_time_until_a_retry(void **state) {
  (void)state;
  assert_int_equal(queue_backoff_ms(1, 0.5), 5000);
  assert_int_equal(queue_backoff_ms(2, 0.5), 20000);
  assert_int_equal(queue_backoff_ms(3, 0), 64000);
  assert_int_equal(queue_backoff_ms(3, 1), 96000);
  for (int n = 4; n < 100; n++)
    for (double random = 0; random <= 1; random += 0.25) {
      int64_t ms = queue_backoff_ms(n, random);
      assert_true(ms >= 250000 && ms <= 600000);
    }
}

/* ---- Redis ---- */

static void redis_forgets_everything(void **state) {
  struct bench b = bench_open(state);
  if (!b.redis) fail_msg("this is a test of Redis");
  enum { N = 250 };
  for (int i = 0; i < N; i++) job_make(&b, 1 + i % TASK_LANES, NULL);
  struct queue_repairs r;
  jobs_clock += 1000;
  MUST(queue_maintain(b.q, NULL, NULL, &r, e));
  assert_int_equal(r.offered, 0);
  redis_order(b.redis, "FLUSHALL");
  MUST(queue_maintain(b.q, NULL, NULL, &r, e));
  assert_int_equal(r.offered, N);
  jobs_clock += 60000;
  MUST(queue_maintain(b.q, NULL, NULL, &r, e));
  assert_int_equal(r.offered, 0); /* they are there */
  _cleanup_(task_release) struct task t = {0};
  for (int i = 0; i < N; i++) assert_int_equal(take(&b, &t), 1);
  assert_int_equal(take(&b, &t), 0);
  bench_close(&b);
}

static void redis_has_the_wrong_ones(void **state) {
  struct bench b = bench_open(state);
  struct job a = job_make(&b, 1, NULL);
  struct queue_repairs r;
  _cleanup_(task_release) struct task t = {0};
  redis_order(b.redis, "DEL titr:lane:1");
  redis_order(b.redis, "XADD titr:lane:1 * task 00000000000000000000000000"); /* as many, but not this one */
  jobs_clock += 11000;
  MUST(queue_maintain(b.q, NULL, NULL, &r, e));
  assert_int_equal(r.offered, 1);
  for (int i = 0; i < 5; i++) queue_wake(b.q, a.public_id, 1);
  queue_wake(b.q, a.public_id, 3);
  assert_int_equal(take(&b, &t), 1);
  assert_int_equal(take(&b, &t), 0); /* offered often, taken once */
  bench_close(&b);
}

/* maxmemory is reached and nothing may be evicted: Redis answers, but takes nothing in. What is not in the streams is found in the rows,
 * and what is there is still taken from them. */
static void redis_is_full(void **state) {
  struct bench b = bench_open(state);
  struct queue_repairs r;
  _cleanup_(task_release) struct task t = {0};
  job_make(&b, 1, NULL); /* in its stream */
  redis_order(b.redis, "CONFIG SET maxmemory 1");
  job_make(&b, 2, NULL);
  job_make(&b, 3, NULL);
  for (int i = 0; i < 3; i++) {
    jobs_clock += 1000;
    MUST(queue_maintain(b.q, NULL, NULL, &r, e));
    assert_int_equal(queue_take(b.q, 3000, NULL, &t, NULL), 1);
  }
  redis_order(b.redis, "CONFIG SET maxmemory 0");
  job_make(&b, 3, NULL);
  clock_sleep(0.5); /* it is tried again */
  jobs_clock += 11000;
  MUST(queue_maintain(b.q, NULL, NULL, &r, e));
  assert_int_equal(take(&b, &t), 1);
  bench_close(&b);
}

static void redis_is_away(void **state) {
  struct bench b = bench_open(state);
  job_make(&b, 1, NULL);
  redis_kill(b.redis);
  assert_false(queue_redis_works(b.q));
  job_make(&b, 2, NULL);
  struct queue_repairs r;
  _cleanup_(task_release) struct task t = {0};
  MUST(queue_maintain(b.q, NULL, NULL, &r, e));
  assert_int_equal(take(&b, &t), 1);
  assert_int_equal(take(&b, &t), 1);
  assert_int_equal(take(&b, &t), 0);
  struct job made = job_make(&b, 1, NULL);
  redis_again(b.redis);
  for (int i = 0; i < 100 && !queue_redis_works(b.q); i++) clock_sleep(0.1);
  assert_true(queue_redis_works(b.q));
  jobs_clock += 1000;
  MUST(queue_maintain(b.q, NULL, NULL, &r, e));
  assert_int_equal(queue_take(b.q, 5000, NULL, &t, NULL), 1);
  assert_true(t.id == made.id);
  bench_close(&b);
}

/* ---- a database that fails ---- */

/* A job's whole life while the n-th call of the database fails, for every n and every way to fail: what is tried again until it
 * succeeds has been done once. */
static void every_call_fails_once(void **state) {
  struct bench b = bench_open(state);
  int faults = 0;
  for (int kind = SQL_FAULT_IO; kind <= SQL_FAULT_LOST_AFTER; kind++)
    for (int64_t n = 1, came = 1; came; n++) {
      enum queue_outcome outcome = n % 2 ? QUEUE_DONE : QUEUE_OUR_FAULT;
      struct job made = job_make(&b, 1, NULL);
      _cleanup_(task_release) struct task t = {0};
      struct queue_repairs r;
      sql_fault_arm(b.db, n, (enum sql_fault)kind);
      int taken = 0, ended = -1, tries = 0;
      while (ended != 1) {
        if (++tries > 20) fail_msg("fault %d of call %lld: it does not end", kind, (long long)n);
        if (taken != 1 || ended == 0) taken = queue_take(b.q, 0, NULL, &t, NULL);
        if (taken == 1) {
          struct queue_end end = {.outcome = outcome, .error_code = "c", .with = jobs_effect, .ctx = &t};
          ended = queue_end(b.q, &t, &end, NULL);
        } else { /* a claim that nobody knows of ends with its lease */
          jobs_clock += LEASE;
          queue_maintain(b.q, NULL, NULL, &r, NULL);
        }
      }
      came = sql_fault_disarm(b.db);
      faults += (int)came;
      struct job now = job_read(&b, made.id);
      if (now.effects != 1 || now.charges != 1 || now.refunds != (outcome == QUEUE_OUR_FAULT) || now.attempts > 2)
        fail_msg("fault %d of call %lld: %d effects, %d refunds, %d attempts", kind, (long long)n, now.effects,
                 now.refunds, now.attempts);
    }
  assert_true(faults > 30);
  bench_close(&b);
}

/* Takes, and repairs as time passes, until a job has come. */
static void take_at_last(struct bench *b, struct task *ret) {
  struct queue_repairs r;
  for (int tries = 0; MUST_GIVE(queue_take(b->q, 0, NULL, ret, e)) != 1; tries++) {
    if (tries > 100) fail_msg("no job comes");
    clock_sleep(0.02);
    jobs_clock += 100;
    MUST(queue_maintain(b->q, NULL, NULL, &r, e));
  }
}

/* Nothing of jobs that have ended stays in Redis, not even what a lost answer has left as somebody's. */
static void streams_run_empty(struct bench *b) {
  static const char *const lengths[] = {"XLEN titr:lane:1", "XLEN titr:lane:2", "XLEN titr:lane:3"};
  _cleanup_(task_release) struct task t = {0};
  for (double end = clock_now() + 10;;) {
    if (MUST_GIVE(queue_take(b->q, 0, NULL, &t, e)) != 0) fail_msg("a job that has ended comes again");
    long left = 0;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) left += redis_order(b->redis, lengths[i]);
    if (left == 0) return;
    if (clock_now() > end) fail_msg("%ld entries stay in Redis", left);
    clock_sleep(0.02);
  }
}

/* The same with every call to Redis, also to one that has forgotten everything and to one that must be connected to anew: it
 * never costs an attempt, and the queue's caller never hears of it. */
static void every_call_to_redis_fails_once(void **state) {
  static const char *const before[] = {"PING", "FLUSHALL", "CLIENT KILL TYPE normal"};
  struct bench b = bench_open_with(state, &(struct queue_options){.lease_ms = 300});
  int faults = 0;
  for (int kind = REDIS_FAULT_LOST; kind <= REDIS_FAULT_REFUSED; kind++)
    for (size_t i = 0; i < ARRAY_LEN(before); i++)
      for (int64_t n = 1, came = 1; came; n++) {
        while (!queue_redis_works(b.q)) clock_sleep(0.05);
        redis_order(b.redis, before[i]);
        redis_fault_arm(n, (enum redis_fault)kind);
        struct job made = job_make(&b, 1 + (int)n % TASK_LANES, NULL);
        _cleanup_(task_release) struct task t = {0};
        bool cancel;
        take_at_last(&b, &t);
        assert_true(t.id == made.id);
        assert_int_equal(MUST_GIVE(queue_renew(b.q, &t, "recognize", 500, &cancel, e)), 1);
        struct queue_end end = {.outcome = QUEUE_HAND_BACK};
        assert_int_equal(MUST_GIVE(queue_end(b.q, &t, &end, e)), 1); /* a worker that stops; another one goes on */
        take_at_last(&b, &t);
        end = (struct queue_end){.outcome = QUEUE_DONE, .with = jobs_effect, .ctx = &t};
        assert_int_equal(MUST_GIVE(queue_end(b.q, &t, &end, e)), 1);
        streams_run_empty(&b);
        came = redis_fault_disarm();
        faults += (int)came;
        struct job now = job_read(&b, made.id);
        if (now.state != TASK_DONE || now.effects != 1 || now.charges != 1 || now.refunds || now.attempts != 1)
          fail_msg("fault %d of call %lld after %s: %d effects, %d refunds, %d attempts", kind, (long long)n, before[i],
                   now.effects, now.refunds, now.attempts);
      }
  print_message("%d calls failed\n", faults);
  assert_true(faults > 60);
  bench_close(&b);
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {
      QUEUE_TESTS(taken_kept_and_done),
      QUEUE_TESTS(every_end),
      QUEUE_TESTS(the_lanes_share),
      QUEUE_TESTS(a_lost_lease),
      QUEUE_TESTS(a_poison_job_is_parked),
      QUEUE_TESTS(woken),
      QUEUE_TESTS(called_off),
      QUEUE_TESTS(found_without_being_woken),
      SCRATCH_TESTS(before_and_how_long),
      cmocka_unit_test(the_time_until_a_retry),
      QUEUE_REDIS_TEST(redis_forgets_everything),
      QUEUE_REDIS_TEST(redis_has_the_wrong_ones),
      QUEUE_REDIS_TEST(redis_is_full),
      QUEUE_REDIS_TEST(redis_is_away),
      QUEUE_TESTS(every_call_fails_once),
      QUEUE_REDIS_TEST(every_call_to_redis_fails_once),
  };
  return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
