/* For tests of the queue: a database, with or without a Redis of its own, jobs of a user who is charged, and a clock that only the
 * test moves. */
#ifndef TITR_TESTS_QUEUE_JOBS_H
#define TITR_TESTS_QUEUE_JOBS_H

#include "unit/queue/redis_server.h"
#include "unit/store/accounts.h"

#include "queue/queue.h"
#include "queue/queue_parts.h"
#include "store/heartbeats.h"
#include "store/quota.h"
#include "store/tasks.h"

#define LEASE 15000LL

/* What the call gives, which is no error. */
#define MUST_GIVE(call)                                                                                                \
  __extension__({                                                                                                      \
    struct err e_ = {0}, *e = &e_;                                                                                     \
    int rc_ = (call);                                                                                                  \
    if (rc_ < 0) fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, e_.msg);                                         \
    rc_;                                                                                                               \
  })

static int64_t jobs_clock;
static struct redis_server *jobs_redis; /* of the test that runs, or NULL */

static int64_t jobs_now(void) {
  return jobs_clock;
}

__attribute__((unused)) static int scratch_with_redis(void **state) {
  *state = NULL;
  if (!redis_installed()) return 0;
  jobs_redis = redis_start(NULL);
  return scratch_sqlite(state);
}
__attribute__((unused)) static int scratch_with_redis_drop(void **state) {
  if (jobs_redis) redis_stop(TAKE(jobs_redis));
  return scratch_drop(state);
}
#define QUEUE_REDIS_TEST(f)                                                                                            \
  { #f " (Redis)", f, scratch_with_redis, scratch_with_redis_drop, NULL }
#define QUEUE_TESTS(f) SCRATCH_TESTS(f), QUEUE_REDIS_TEST(f)

struct bench {
  struct sql *db;
  struct queue *q;
  struct redis_server *redis;
  int64_t user;
};

__attribute__((unused)) static struct bench bench_open_with(void **state, const struct queue_options *changed) {
  struct bench b = {.db = open_core(SCRATCH(state)), .redis = jobs_redis};
  struct queue_options o = queue_default_options();
  o.owner = "test:1";
  o.now_ms = jobs_now;
  if (changed && changed->poll_ms) o.poll_ms = changed->poll_ms;
  if (changed && changed->lease_ms) o.lease_ms = changed->lease_ms;
  if (b.redis) o.redis = (struct queue_redis){.host = "127.0.0.1", .port = b.redis->port};
  jobs_clock = NOW;
  MUST(queue_open(b.db, &o, &b.q, e));
  atomic_store(&b.q->turn, 0); /* what is taken first is known */
  struct sql_tx *tx = begin(b.db);
  b.user = make_user(tx, 1);
  MUST(sql_run(tx, "CREATE TABLE effects (task_id BIGINT NOT NULL, state TEXT NOT NULL)", SQL_NO_ARGS, NULL, e));
  commit(tx);
  return b;
}
__attribute__((unused)) static struct bench bench_open(void **state) {
  return bench_open_with(state, NULL);
}
__attribute__((unused)) static void bench_close(struct bench *b) {
  queue_close(b->q);
  sql_close(b->db);
}

/* What a job has come to. */
struct job {
  int64_t id, run_at, lease_until;
  char public_id[PUBLIC_ID_SIZE];
  enum task_state state;
  int attempts, progress, charges, refunds, effects;
};

static int job_count(struct sql_tx *tx, const char *text, int64_t id) {
  const struct sql_arg args[] = {sql_int(id)};
  return (int)insert_row(tx, text, SQL_ARGS(args));
}

__attribute__((unused)) static struct job job_read(struct bench *b, int64_t id) {
  struct sql_tx *tx = begin(b->db);
  _cleanup_(task_release) struct task t = {0};
  assert_int_equal(tasks_get(tx, id, &t, NULL), 1);
  struct job j = {.id = id,
                  .run_at = t.run_at_ms,
                  .lease_until = t.lease_until_ms,
                  .state = t.state,
                  .attempts = t.attempts,
                  .progress = t.progress};
  snprintf(j.public_id, sizeof j.public_id, "%s", t.public_id);
  j.charges = job_count(tx, "SELECT COUNT(*) FROM usage_ledger WHERE task_id = $1 AND kind = 'charge'", id);
  j.refunds = job_count(tx, "SELECT COUNT(*) FROM usage_ledger WHERE task_id = $1 AND kind = 'refund'", id);
  j.effects = job_count(tx, "SELECT COUNT(*) FROM effects WHERE task_id = $1", id);
  commit(tx);
  return j;
}

/* Made and charged, and nobody is told. */
__attribute__((unused)) static struct job job_insert(struct bench *b, int lane, const char *fingerprint) {
  struct sql_tx *tx = begin(b->db);
  _cleanup_(task_release) struct task t = {0};
  struct task_new n = {.user_id = b->user,
                       .lane = lane,
                       .fingerprint = fingerprint,
                       .input_kind = "path",
                       .input = "{}",
                       .media_ms = -1};
  MUST(tasks_create(tx, &n, jobs_clock, &t, e));
  assert_int_equal(quota_charge(tx, b->user, "2026-11-24", 1 << 30, t.id, jobs_clock, NULL), 1);
  commit(tx);
  return job_read(b, t.id);
}
__attribute__((unused)) static struct job job_make(struct bench *b, int lane, const char *fingerprint) {
  struct job j = job_insert(b, lane, fingerprint);
  queue_wake(b->q, j.public_id, lane);
  return j;
}

/* Takes what is there now; offered first, where that is needed. */
__attribute__((unused)) static int take(struct bench *b, struct task *ret) {
  int rc = MUST_GIVE(queue_take(b->q, 0, NULL, ret, e));
  struct queue_repairs r;
  if (rc == 0 && b->redis) {
    jobs_clock += 1000; /* the repair leaves new ones to their maker */
    MUST(queue_maintain(b->q, NULL, NULL, &r, e));
    rc = MUST_GIVE(queue_take(b->q, 0, NULL, ret, e));
  }
  return rc;
}

__attribute__((unused)) static enum task_cancel job_cancel(struct bench *b, int64_t id) {
  struct sql_tx *tx = begin(b->db);
  enum task_cancel how;
  MUST(tasks_cancel(tx, id, jobs_clock, &how, e));
  commit(tx);
  return how;
}

/* Out of the next one's way. */
__attribute__((unused)) static void job_finish(struct bench *b, int64_t id) {
  assert_int_equal(job_cancel(b, id), TASK_CANCEL_NOW);
}

/* A queue_end's `with`: its context is the task. */
__attribute__((unused)) static int jobs_effect(struct sql_tx *tx, void *ctx, enum task_state ended, struct err *e) {
  const struct task *t = ctx;
  const struct sql_arg args[] = {sql_int(t->id), sql_text(task_state_name(ended))};
  return sql_run(tx, "INSERT INTO effects (task_id, state) VALUES ($1, $2)", SQL_ARGS(args), NULL, e);
}

__attribute__((unused)) static void heartbeat(struct bench *b, const char *name, const char *detail) {
  struct sql_tx *tx = begin(b->db);
  MUST(heartbeats_beat(tx, name, detail, jobs_clock, e));
  commit(tx);
}

__attribute__((unused)) static void position(struct bench *b, int64_t id, int64_t *before, int64_t *wait) {
  struct sql_tx *tx = NULL;
  _cleanup_(task_release) struct task t = {0};
  MUST(sql_begin(b->db, SQL_READ, &tx, e));
  assert_int_equal(tasks_get(tx, id, &t, NULL), 1);
  MUST(queue_position(b->q, tx, &t, before, wait, e));
  commit(tx);
}

#endif
