#include "torture/torture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "store/heartbeats.h"
#include "store/migrate.h"
#include "store/quota.h"
#include "store/tasks.h"

struct sql *torture_open(const struct plan *p) {
  struct sql *db = NULL;
  struct err e = {0};
  while (sql_open(p->database, NULL, &db, &e) < 0) clock_sleep(0.1);
  return db;
}

static struct queue *open_queue(const struct plan *p, struct sql *db, const char *role) {
  struct queue_options o = queue_default_options();
  char owner[64];
  snprintf(owner, sizeof owner, "%s:here:%d", role, (int)getpid());
  o.owner = owner;
  o.lease_ms = LEASE_MS;
  o.poll_ms = 100;
  o.attempts = ATTEMPTS;
  if (p->redis_host) o.redis = (struct queue_redis){.host = p->redis_host, .port = p->redis_port};
  struct queue *q = NULL;
  struct err e = {0};
  if (queue_open(db, &o, &q, &e) < 0) {
    fprintf(stderr, "%s: %s\n", owner, e.msg);
    exit(1);
  }
  return q;
}

static double chance(void) {
  return (double)random() / (double)RAND_MAX;
}

/* ---- the tables ---- */

static int make_tables(struct sql_tx *tx, void *ctx, struct err *e) {
  (void)ctx;
  int rc = sql_script(
      tx,
      "CREATE TABLE torture_jobs (n BIGINT PRIMARY KEY, task_id BIGINT NOT NULL);"
      "CREATE TABLE torture_effects (task_id BIGINT NOT NULL, state TEXT NOT NULL, given_back BIGINT NOT NULL);"
      "CREATE TABLE torture_held (task_id BIGINT NOT NULL, lease_owner TEXT NOT NULL);"
      "CREATE INDEX torture_effects_of ON torture_effects (task_id);",
      e);
  for (int i = 1; i <= TORTURE_USERS && rc == 0; i++) {
    const struct sql_arg args[] = {sql_int(i)};
    rc = sql_run(tx, "INSERT INTO users (id, telegram_id, created_at, updated_at) VALUES ($1, $1, 0, 0)",
                 SQL_ARGS(args), NULL, e);
  }
  return rc;
}

int torture_prepare(struct sql *db, struct err *e) {
  int rc = migrate_upgrade(db, "head", NULL, e);
  return rc < 0 ? rc : sql_transact(db, SQL_WRITE, make_tables, NULL, e);
}

static int effect(struct sql_tx *tx, int64_t task_id, enum task_state state, bool given_back, struct err *e) {
  const struct sql_arg args[] = {sql_int(task_id), sql_text(task_state_name(state)), sql_int(given_back)};
  return sql_run(tx, "INSERT INTO torture_effects (task_id, state, given_back) VALUES ($1, $2, $3)", SQL_ARGS(args),
                 NULL, e);
}

/* ---- the creator ---- */

struct making {
  int n, jobs;
  int64_t now;
  struct task task;
};

/* 1 made; 0 it was there: a commit of which nobody knew. */
static int make_job(struct sql_tx *tx, void *ctx, struct err *e) {
  struct making *m = ctx;
  const struct sql_arg key[] = {sql_int(m->n)};
  struct sql_rows *rows = NULL;
  int rc = sql_query(tx, "SELECT 1 FROM torture_jobs WHERE n = $1", SQL_ARGS(key), &rows, e);
  if (rc < 0) return rc;
  bool there = sql_count(rows) > 0;
  sql_rows_free(rows);
  if (there) return 0;
  /* what it is to do: most are quick, some fail once, kill their worker, are handed back; five each, for they take long, last
   * for several leases, or stop their worker for longer than his lease */
  static const char *const kinds[] = {"quick", "quick", "quick", "quick", "quick",
                                      "quick", "quick", "again", "back",  "fault"};
  const char *kind = m->n % 100 == 50             ? "poison"
                     : m->n % (m->jobs / 5) == 23 ? "stall"
                     : m->n % (m->jobs / 5) == 7  ? "long"
                                                  : kinds[m->n % 10];
  if (m->n > m->jobs * 9 / 10) kind = "quick"; /* what is measured at the end is recovery, not a retry's delay */
  char input[64], fingerprint[32];
  snprintf(input, sizeof input, "{\"kind\": \"%s\"}", kind);
  snprintf(fingerprint, sizeof fingerprint, "job-%d", m->n);
  struct task_new new = {.user_id = 1 + m->n % TORTURE_USERS,
                         .lane = 1 + m->n % TASK_LANES,
                         .fingerprint = fingerprint,
                         .input_kind = "path",
                         .input = input,
                         .media_ms = -1};
  rc = tasks_create(tx, &new, m->now, &m->task, e);
  if (rc <= 0) return rc;
  rc = quota_charge(tx, new.user_id, TORTURE_DAY, 1 << 30, m->task.id, m->now, e);
  if (rc < 0) return rc;
  const struct sql_arg args[] = {sql_int(m->n), sql_int(m->task.id)};
  rc = sql_run(tx, "INSERT INTO torture_jobs (n, task_id) VALUES ($1, $2)", SQL_ARGS(args), NULL, e);
  return rc < 0 ? rc : 1;
}

/* As a user does it: what waits ends here and is given back, what runs is asked to stop. */
static int cancel_job(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct making *m = ctx;
  const struct sql_arg key[] = {sql_int(m->n)};
  struct sql_rows *rows = NULL;
  int rc = sql_query(tx, "SELECT task_id FROM torture_jobs WHERE n = $1", SQL_ARGS(key), &rows, e);
  if (rc < 0) return rc;
  int64_t id = sql_count(rows) ? sql_get_int(rows, 0, 0) : 0;
  sql_rows_free(rows);
  enum task_cancel how = TASK_CANCEL_TOO_LATE;
  rc = tasks_cancel(tx, id, m->now, &how, e);
  if (rc < 0 || how != TASK_CANCEL_NOW) return rc;
  rc = quota_refund(tx, id, "cancelled", m->now, e);
  return rc < 0 ? rc : effect(tx, id, TASK_CANCELLED, true, e);
}

void role_creator(const struct plan *p) {
  struct sql *db = torture_open(p);
  struct queue *q = open_queue(p, db, "creator");
  for (struct making m = {.jobs = p->jobs}; m.n < p->jobs; m.n++) {
    m.now = clock_utc_ms();
    int rc;
    while ((rc = sql_transact(db, SQL_WRITE, make_job, &m, NULL)) < 0) clock_sleep(0.05);
    if (rc == 0) continue;                                            /* made before this process was killed */
    if (chance() < 0.9) queue_wake(q, m.task.public_id, m.task.lane); /* or dies before it could */
    if (m.n > 10 && chance() < 0.04) {
      struct making old = {.n = m.n - 1 - (int)(chance() * 10), .now = m.now};
      sql_transact(db, SQL_WRITE, cancel_job, &old, NULL); /* whatever becomes of it */
    }
    clock_sleep(p->seconds / p->jobs * 2 * chance());
  }
  exit(0);
}

/* ---- the worker ---- */

struct ended {
  const struct task *task;
  enum queue_outcome outcome;
};

static int note_end(struct sql_tx *tx, void *ctx, enum task_state state, struct err *e) {
  const struct ended *d = ctx;
  if (state == TASK_QUEUED) return 0;
  bool back = state == TASK_PARKED || d->outcome == QUEUE_OUR_FAULT ||
              (state == TASK_CANCELLED && d->outcome != QUEUE_CANCELLED);
  return effect(tx, d->task->id, state, back, e);
}

/* Works for `seconds`, under a lease that it renews: false when it has lost it; *cancelled when it is to stop. */
static bool work(struct queue *q, const struct task *t, double seconds, bool *cancelled) {
  double end = clock_now() + seconds, renew_at = clock_now() + LEASE_MS / 3000.0;
  while (clock_now() < end) {
    clock_sleep(end - clock_now() < 0.02 ? end - clock_now() : 0.02);
    if (clock_now() < renew_at) continue;
    int rc = queue_renew(q, t, "work", 500, cancelled, NULL);
    if (rc == 0) return false;
    if (rc == 1 && *cancelled) return true;
    renew_at = clock_now() + LEASE_MS / 3000.0;
  }
  return true;
}

static void work_on(struct queue *q, const struct task *t) {
  struct js *input = NULL;
  if (js_parse(t->input, strlen(t->input), "input", &input, NULL) < 0) exit(1);
  const char *kind = js_string_or(input, "kind", "quick");
  bool cancelled = false, first = t->attempts == 1;
  if (strcmp(kind, "poison") == 0) raise(SIGKILL);
  if (strcmp(kind, "stall") == 0 && first) raise(SIGSTOP); /* the parent wakes it when its lease is over */
  bool his = work(q, t, strcmp(kind, "long") == 0 ? 2.2 : 0.004 * chance(), &cancelled);
  struct ended d = {.task = t, .outcome = QUEUE_DONE};
  if (cancelled) d.outcome = QUEUE_CANCELLED;
  else if (strcmp(kind, "again") == 0 && first) d.outcome = QUEUE_AGAIN;
  else if (strcmp(kind, "fault") == 0) d.outcome = QUEUE_OUR_FAULT;
  else if (strcmp(kind, "back") == 0 && chance() < 0.5) d.outcome = QUEUE_HAND_BACK;
  struct queue_end end = {.outcome = d.outcome,
                          .result_path = "r",
                          .error_code = d.outcome == QUEUE_DONE ? NULL : "test",
                          .error_text = "as told",
                          .with = note_end,
                          .ctx = &d};
  while (his && queue_end(q, t, &end, NULL) < 0) clock_sleep(0.05);
  js_free(input);
}

void role_worker(const struct plan *p) {
  struct sql *db = torture_open(p);
  struct queue *q = open_queue(p, db, "worker");
  struct task t = {0};
  for (;;) {
    int rc = queue_take(q, 1000, NULL, &t, NULL);
    if (rc == 1) work_on(q, &t);
    else if (rc < 0) clock_sleep(0.1);
  }
}

/* ---- the maintainer ---- */

static int note_expired(struct sql_tx *tx, void *ctx, const struct task *t, struct err *e) {
  (void)ctx;
  return effect(tx, t->id, t->state, true, e);
}

void role_maintainer(const struct plan *p) {
  struct sql *db = torture_open(p);
  struct queue *q = open_queue(p, db, "maintainer");
  struct queue_repairs r;
  for (;;) {
    queue_maintain(q, note_expired, NULL, &r, NULL);
    clock_sleep(0.2);
  }
}
