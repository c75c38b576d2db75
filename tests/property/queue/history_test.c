/*
 * Random histories of jobs: made, taken, kept, ended in every way, lost, cancelled, revived, by several owners, some of whom still
 * believe in leases they have lost. A model beside the queue says what each step must answer and leave behind.
 */
#include "support/random.h"
#include "unit/queue/jobs.h"

#include "base/log.h"
#include "queue/lanes.h"

enum { OWNERS = 3, KINDS = 6, MOST_JOBS = 400, MOST_TICKETS = 40, STEPS = 350, ATTEMPTS = 3 };

/* ---- the model ---- */

struct expected {
  int64_t id;
  enum task_state state;
  int lane, kind; /* -1: none */
  int attempts;
  int64_t run_at, lease_until; /* run_at: a retry's is read from the row, within its bounds */
  int holder;                  /* ticket, RUNNING only */
  bool stop, refunded;
  int effects;
};

struct ticket { /* what somebody believes to hold */
  bool used;
  int job, owner;
  struct task task;
};

struct world {
  struct bench b;
  struct queue *owners[OWNERS];
  struct expected jobs[MOST_JOBS];
  int count;
  struct ticket tickets[MOST_TICKETS];
  int ended[TASK_PARKED + 1], lost;
};

static bool alive(const struct expected *j) {
  return j->state == TASK_QUEUED || j->state == TASK_RUNNING;
}

static int alive_of_kind(const struct world *w, int kind) {
  for (int i = 0; i < w->count; i++)
    if (kind >= 0 && w->jobs[i].kind == kind && alive(&w->jobs[i])) return i;
  return -1;
}

static int job_of_id(const struct world *w, int64_t id) {
  int i = 0;
  while (i < w->count && w->jobs[i].id != id) i++;
  assert_true(i < w->count);
  return i;
}

static void compare(struct world *w, int i) {
  const struct expected *x = &w->jobs[i];
  struct job j = job_read(&w->b, x->id);
  if (j.state != x->state || j.attempts != x->attempts || j.charges != 1 || j.refunds != x->refunded ||
      j.effects != x->effects || j.attempts > ATTEMPTS ||
      (x->state == TASK_RUNNING && j.lease_until != x->lease_until) ||
      (x->state == TASK_QUEUED && j.run_at != x->run_at))
    fail_msg("job %d is %s (%d attempts, %d refunds, %d effects), not %s (%d, %d, %d)", i, task_state_name(j.state),
             j.attempts, j.refunds, j.effects, task_state_name(x->state), x->attempts, x->refunded, x->effects);
}

/* ---- steps ---- */

static void step_make(struct world *w) {
  if (w->count == MOST_JOBS) return;
  int kind = (int)rnd(KINDS + 3) - 3, twin = alive_of_kind(w, kind);
  char fingerprint[16];
  snprintf(fingerprint, sizeof fingerprint, "kind-%d", kind);
  struct sql_tx *tx = begin(w->b.db);
  struct task_new n = {.user_id = w->b.user,
                       .lane = 1 + (int)rnd(TASK_LANES),
                       .fingerprint = kind < 0 ? NULL : fingerprint,
                       .input_kind = "path",
                       .input = "{}",
                       .media_ms = -1};
  _cleanup_(task_release) struct task t = {0};
  int made = MUST_GIVE(tasks_create(tx, &n, jobs_clock, &t, e));
  assert_int_equal(made, twin < 0);
  if (made) {
    assert_int_equal(quota_charge(tx, w->b.user, "2026-11-24", 1 << 30, t.id, jobs_clock, NULL), 1);
    w->jobs[w->count++] = (struct expected){
        .id = t.id, .state = TASK_QUEUED, .lane = n.lane, .kind = kind < 0 ? -1 : kind, .run_at = jobs_clock};
  } else assert_true(t.id == w->jobs[twin].id);
  commit(tx);
}

static bool due(const struct expected *j) {
  return j->state == TASK_QUEUED && j->run_at <= jobs_clock;
}

static void step_take(struct world *w) {
  int slot = 0, waiting = 0;
  while (slot < MOST_TICKETS && w->tickets[slot].used) slot++;
  if (slot == MOST_TICKETS) return;
  for (int i = 0; i < w->count; i++) waiting += due(&w->jobs[i]);
  struct ticket *k = &w->tickets[slot];
  k->owner = (int)rnd(OWNERS);
  int rc = MUST_GIVE(queue_take(w->owners[k->owner], 0, NULL, &k->task, e));
  assert_int_equal(rc, waiting > 0);
  if (rc == 0) return;
  k->used = true;
  k->job = job_of_id(w, k->task.id);
  struct expected *x = &w->jobs[k->job];
  assert_true(due(x));               /* nobody else's */
  for (int i = 0; i < w->count; i++) /* the first of its lane */
    if (due(&w->jobs[i]) && w->jobs[i].lane == x->lane)
      assert_true(w->jobs[i].run_at > x->run_at || (w->jobs[i].run_at == x->run_at && w->jobs[i].id >= x->id));
  x->state = TASK_RUNNING;
  x->attempts++;
  x->lease_until = jobs_clock + LEASE;
  x->holder = slot;
  assert_int_equal(k->task.attempts, x->attempts);
  compare(w, k->job);
}

static struct ticket *any_ticket(struct world *w) {
  for (int tries = 0; tries < 20; tries++) {
    struct ticket *k = &w->tickets[rnd(MOST_TICKETS)];
    if (k->used) return k;
  }
  return NULL;
}

static bool holds(const struct world *w, const struct ticket *k) {
  const struct expected *x = &w->jobs[k->job];
  return x->state == TASK_RUNNING && &w->tickets[x->holder] == k;
}

static void step_renew(struct world *w) {
  struct ticket *k = any_ticket(w);
  if (!k) return;
  bool cancel = false, his = holds(w, k);
  struct expected *x = &w->jobs[k->job];
  assert_int_equal(queue_renew(w->owners[k->owner], &k->task, "render", 10, &cancel, NULL), his);
  if (his) {
    assert_int_equal(cancel, x->stop);
    x->lease_until = jobs_clock + LEASE;
  } else w->lost++;
  compare(w, k->job);
}

static void step_end(struct world *w) {
  struct ticket *k = any_ticket(w);
  if (!k) return;
  bool his = holds(w, k);
  struct expected *x = &w->jobs[k->job];
  char path[80]; /* no two ends look alike */
  snprintf(path, sizeof path, "%s", k->task.lease_owner);
  struct queue_end end = {.outcome = (enum queue_outcome)rnd(6),
                          .result_path = path,
                          .error_code = path,
                          .give_back = rnd(2),
                          .with = jobs_effect,
                          .ctx = &k->task};
  assert_int_equal(
      queue_end(w->owners[k->owner], &k->task, &end, NULL),
      his || (end.outcome == QUEUE_CANCELLED && x->state == TASK_CANCELLED && x->attempts == k->task.attempts) ||
          (end.outcome == QUEUE_AGAIN && x->state == TASK_CANCELLED && x->attempts == k->task.attempts));
  if (his) {
    x->effects++;
    bool again = end.outcome == QUEUE_AGAIN || end.outcome == QUEUE_HAND_BACK;
    if (end.outcome == QUEUE_DONE) x->state = TASK_DONE;
    else if (end.outcome == QUEUE_FAILED || end.outcome == QUEUE_OUR_FAULT) x->state = TASK_FAILED;
    else if (end.outcome == QUEUE_CANCELLED || x->stop) x->state = TASK_CANCELLED;
    else if (end.outcome == QUEUE_AGAIN && x->attempts == ATTEMPTS) x->state = TASK_PARKED;
    else x->state = TASK_QUEUED;
    if (end.outcome == QUEUE_OUR_FAULT || (again && x->state != TASK_QUEUED) ||
        (end.outcome == QUEUE_CANCELLED && end.give_back))
      x->refunded = true;
    if (end.outcome == QUEUE_HAND_BACK && x->state == TASK_QUEUED) x->attempts--;
    if (end.outcome == QUEUE_AGAIN && x->state == TASK_QUEUED) {
      int64_t run_at = job_read(&w->b, x->id).run_at, least = queue_backoff_ms(x->attempts, 0);
      assert_true(run_at - jobs_clock >= least && run_at - jobs_clock <= queue_backoff_ms(x->attempts, 1));
      x->run_at = run_at;
    }
    w->ended[x->state]++;
  } else w->lost++;
  compare(w, k->job);
  task_release(&k->task);
  k->used = false;
}

static void step_cancel(struct world *w) {
  if (w->count == 0) return;
  int i = (int)rnd(w->count);
  struct expected *x = &w->jobs[i];
  struct sql_tx *tx = begin(w->b.db);
  enum task_cancel how;
  MUST(tasks_cancel(tx, x->id, jobs_clock, &how, e));
  assert_int_equal(how, x->state == TASK_QUEUED    ? TASK_CANCEL_NOW
                        : x->state == TASK_RUNNING ? TASK_CANCEL_ASKED
                                                   : TASK_CANCEL_TOO_LATE);
  if (how == TASK_CANCEL_NOW) {
    assert_int_equal(MUST_GIVE(quota_refund(tx, x->id, "cancelled", jobs_clock, e)), !x->refunded);
    x->state = TASK_CANCELLED;
    x->refunded = true;
  }
  if (how == TASK_CANCEL_ASKED) x->stop = true;
  commit(tx);
  compare(w, i);
}

static void step_revive_or_drop(struct world *w) {
  if (w->count == 0) return;
  int i = (int)rnd(w->count);
  for (int k = 0; k < w->count && w->jobs[i].state != TASK_PARKED; k++) i = (i + 1) % w->count;
  struct expected *x = &w->jobs[i];
  bool drop = rnd(3) == 0, may = x->state == TASK_PARKED && (drop || alive_of_kind(w, x->kind) < 0);
  struct sql_tx *tx = begin(w->b.db);
  int rc = drop ? MUST_GIVE(tasks_drop(tx, x->id, jobs_clock, e)) : MUST_GIVE(tasks_revive(tx, x->id, jobs_clock, e));
  commit(tx);
  assert_int_equal(rc, may);
  if (may) {
    x->state = drop ? TASK_FAILED : TASK_QUEUED;
    x->stop = false;
    x->attempts = drop ? x->attempts : 0;
    x->run_at = drop ? x->run_at : jobs_clock;
  }
  compare(w, i);
}

static int count_ended(struct sql_tx *tx, void *ctx, const struct task *t, struct err *e) {
  (void)ctx;
  return jobs_effect(tx, (void *)(uintptr_t)t, t->state, e);
}

static void step_maintain(struct world *w) {
  struct queue_repairs r;
  MUST(queue_maintain(w->owners[rnd(OWNERS)], count_ended, NULL, &r, e));
  struct queue_repairs x = {0};
  for (int i = 0; i < w->count; i++) {
    struct expected *j = &w->jobs[i];
    if (j->state != TASK_RUNNING || j->lease_until > jobs_clock) continue;
    x.leases_ended++;
    j->state = j->stop ? TASK_CANCELLED : j->attempts == ATTEMPTS ? TASK_PARKED : TASK_QUEUED;
    j->run_at = jobs_clock;
    if (j->state == TASK_QUEUED) continue;
    j->refunded = true;
    j->effects++;
    x.parked += j->state == TASK_PARKED;
    x.cancelled += j->state == TASK_CANCELLED;
    w->ended[j->state]++;
  }
  assert_true(r.leases_ended == x.leases_ended && r.parked == x.parked && r.cancelled == x.cancelled);
}

static void history(void **state, struct world *w) {
  memset(w, 0, sizeof *w);
  w->b = bench_open(state);
  for (int i = 0; i < OWNERS; i++) {
    struct queue_options o = queue_default_options();
    char name[16];
    snprintf(name, sizeof name, "owner:%d", i);
    o.owner = name;
    o.now_ms = jobs_now;
    MUST(queue_open(w->b.db, &o, &w->owners[i], e));
  }
  static void (*const steps[])(struct world *) = {step_make, step_make,   step_make,     step_take,          step_take,
                                                  step_take, step_take,   step_renew,    step_end,           step_end,
                                                  step_end,  step_cancel, step_maintain, step_revive_or_drop};
  for (int i = 0; i < STEPS; i++) {
    steps[rnd((int64_t)ARRAY_LEN(steps))](w);
    if (rnd(3) == 0) jobs_clock += rnd(10) == 0 ? rnd(400000) : rnd(9000);
  }
  for (int i = 0; i < w->count; i++) compare(w, i);
  assert_int_equal(
      number(w->b.db, "SELECT used FROM quota_days"),
      number(w->b.db,
             "SELECT COUNT(*) FROM tasks WHERE id NOT IN (SELECT task_id FROM usage_ledger WHERE kind = 'refund')"));
  for (int i = 0; i < MOST_TICKETS; i++) task_release(&w->tickets[i].task);
  for (int i = 0; i < OWNERS; i++) queue_close(w->owners[i]);
  bench_close(&w->b);
}

static void histories(void **state) {
  bool sqlite = SCRATCH(state)->dialect == SQL_SQLITE;
  static struct world w;
  int ended[TASK_PARKED + 1] = {0}, lost = 0;
  for (int i = 0; i < 8; i++) {
    history(state, &w);
    for (int s = 0; s <= TASK_PARKED; s++) ended[s] += w.ended[s];
    lost += w.lost;
    scratch_drop(state);
    assert_int_equal(sqlite ? scratch_sqlite(state) : scratch_postgres(state), 0);
  }
  /* the histories did go everywhere */
  for (int s = TASK_QUEUED; s <= TASK_PARKED; s++) assert_true(s == TASK_RUNNING || ended[s] > 2);
  assert_true(lost > 10);
}

/* ---- lanes ---- */

/* Whatever waits: any ten turns in a row bring each lane its share, as long as it has something. */
static void no_lane_starves(void **state) {
  (void)state;
  for (uint64_t first = 0; first < 3 * LANES_CYCLE; first++) {
    int turns[TASK_LANES + 1] = {0};
    for (uint64_t turn = first; turn < first + LANES_CYCLE; turn++) {
      int order[TASK_LANES];
      lanes_order(turn, order);
      assert_true(order[0] + order[1] + order[2] == 6 && order[0] * order[1] * order[2] == 6); /* each once */
      turns[order[0]]++;
    }
    assert_true(turns[1] == 6 && turns[2] == 3 && turns[3] == 1);
  }
}

/* What is said to be before a task is what is then taken before it. */
static void positions_come_true(void **state) {
  struct bench b = bench_open(state);
  enum { MOST = 60 };
  for (int round = 0; round < 6; round++) {
    struct queue_options o = queue_default_options();
    struct queue *q = NULL;
    int64_t ids[MOST], before[MOST], wait;
    int n = 1 + (int)rnd(MOST);
    o.owner = "fresh";
    o.now_ms = jobs_now;
    MUST(queue_open(b.db, &o, &q, e));
    atomic_store(&q->turn, 0); /* as positions are counted */
    for (int i = 0; i < n; i++) ids[i] = job_make(&b, 1 + (int)rnd(round % 2 ? TASK_LANES : 2), NULL).id;
    for (int i = 0; i < n; i++) position(&b, ids[i], &before[i], &wait);
    for (int i = 0; i < n; i++) {
      _cleanup_(task_release) struct task t = {0};
      int k = 0;
      assert_int_equal(queue_take(q, 0, NULL, &t, NULL), 1);
      while (ids[k] != t.id) k++;
      if (before[k] != i) fail_msg("%d of %d: said to be %lld", i, n, (long long)before[k]);
    }
    queue_close(q);
  }
  bench_close(&b);
}

int main(void) {
  random_begin();
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {SCRATCH_TESTS(histories), cmocka_unit_test(no_lane_starves),
                                     SCRATCH_TESTS(positions_come_true)};
  return cmocka_run_group_tests_name("histories of the queue", tests, NULL, NULL);
}
