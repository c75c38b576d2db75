/*
 * DESIGN. Each take has a lease of its own name (OWNER#N), so that a thread that was stuck and lost its task never takes
 * the lease of another thread of the same process for its own.
 *
 * Embedded, a take is one write transaction that tries the lanes in their order. When the last look found nothing, a reading
 * one goes before it: idle workers then never take SQLite's one write lock. With Redis, a take waits in the streams and claims
 * what it reads by id; while Redis is away it does as if embedded.
 */
#include "queue/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "queue/lanes.h"
#include "queue/queue_parts.h"

struct queue_options queue_default_options(void) {
  return (struct queue_options){.lease_ms = 15000, .poll_ms = 250, .attempts = 3};
}

int64_t queue_now_ms(const struct queue *q) {
  return q->options.now_ms ? q->options.now_ms() : clock_utc_ms();
}

int queue_open(struct sql *db, const struct queue_options *o, struct queue **ret, struct err *e) {
  if (!o->owner || !*o->owner || o->lease_ms < 1 || o->poll_ms < 1 || o->attempts < 1)
    return err_set(e, ERR_USAGE, "a queue needs an owner's name, a lease, a distance between looks and an attempt");
  struct streams *streams = NULL;
  if (o->redis.host) {
    int rc = streams_open(&o->redis, o->owner, &streams, e);
    if (rc < 0) return rc;
  }
  struct queue *q = NEW(struct queue);
  q->db = db;
  q->options = *o;
  q->owner = x_strdup(o->owner);
  q->options.owner = q->owner;
  q->options.redis = (struct queue_redis){0}; /* the caller's texts; the streams have their own */
  q->streams = streams;
  /* anywhere in the cycle: of workers that never live for a whole one, some still begin with lane 3 */
  atomic_init(&q->turn, (unsigned long long)clock_utc_ms() % LANES_CYCLE);
  /* a process of the same name that was here before has left leases: not these */
  atomic_init(&q->leases, (unsigned long long)clock_utc_ms() * 1000);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&q->woken, &monotonic);
  pthread_condattr_destroy(&monotonic);
  pthread_mutex_init(&q->lock, NULL);
  *ret = q;
  return 0;
}

void queue_close(struct queue *q) {
  if (!q) return;
  if (q->streams) streams_close(q->streams);
  pthread_cond_destroy(&q->woken);
  pthread_mutex_destroy(&q->lock);
  free(q->owner);
  free(q);
}

bool queue_redis_works(struct queue *q) {
  return !q->streams || streams_work(q->streams);
}

/* ---- waking ---- */

void queue_wake_here(struct queue *q) {
  atomic_store(&q->idle, false);
  pthread_mutex_lock(&q->lock);
  q->wakes++;
  pthread_cond_signal(&q->woken); /* one task, one taker */
  pthread_mutex_unlock(&q->lock);
}

void queue_wake(struct queue *q, const char *public_id, int lane) {
  if (q->streams) streams_offer(q->streams, lane, public_id, NULL); /* when it cannot be, queue_maintain() does it */
  queue_wake_here(q);
}

static uint64_t wakes(struct queue *q) {
  pthread_mutex_lock(&q->lock);
  uint64_t n = q->wakes;
  pthread_mutex_unlock(&q->lock);
  return n;
}

/* Until somebody wakes this process (after `seen`), or `ms` have passed. */
static void wait_for_wake(struct queue *q, uint64_t seen, int64_t ms) {
  struct timespec until = clock_until(CLOCK_MONOTONIC, ms);
  pthread_mutex_lock(&q->lock);
  while (q->wakes == seen && pthread_cond_timedwait(&q->woken, &q->lock, &until) != ETIMEDOUT) {
  }
  pthread_mutex_unlock(&q->lock);
}

/* ---- taking ---- */

struct take {
  struct queue *q;
  const char *public_id; /* this one; NULL: the first by the lanes' order */
  int order[TASK_LANES];
  char *lease;
  struct task *ret;
};

static int claim(struct sql_tx *tx, void *ctx, struct err *e) {
  struct take *t = ctx;
  int64_t lease_ms = t->q->options.lease_ms, now = queue_now_ms(t->q);
  if (t->public_id) return tasks_claim(tx, t->public_id, t->lease, lease_ms, now, t->ret, e);
  int rc = 0;
  for (int i = 0; i < TASK_LANES && rc == 0; i++)
    rc = tasks_claim_first(tx, t->order[i], t->lease, lease_ms, now, t->ret, e);
  return rc;
}

/* Was a claim committed whose connection was lost meanwhile? */
static int look_after(struct sql_tx *tx, void *ctx, struct err *e) {
  struct take *t = ctx;
  int rc = tasks_get(tx, t->ret->id, t->ret, e);
  return rc == 1 ? t->ret->lease_owner && strcmp(t->ret->lease_owner, t->lease) == 0 : rc;
}

static int run_take(struct take *t, struct err *e) {
  _cleanup_(mem_freep) char *lease = x_asprintf("%s#%llx", t->q->owner, atomic_fetch_add(&t->q->leases, 1));
  t->lease = lease;
  int rc = sql_transact(t->q->db, SQL_WRITE, claim, t, e);
  if (rc == ERR_UNSURE) rc = sql_transact(t->q->db, SQL_READ, look_after, t, e);
  if (rc != 1) task_release(t->ret); /* the task of a try that came to nothing */
  return rc;
}

static int look(struct sql_tx *tx, void *ctx, struct err *e) {
  bool due;
  int rc = tasks_any_due(tx, queue_now_ms(ctx), &due, e);
  return rc < 0 ? rc : due;
}

static int take_row(struct queue *q, struct task *ret, struct err *e) {
  if (atomic_load(&q->idle)) {
    int rc = sql_transact(q->db, SQL_READ, look, q, e);
    if (rc <= 0) return rc;
  }
  struct take t = {.q = q, .ret = ret};
  lanes_order(atomic_fetch_add(&q->turn, 1), t.order);
  int rc = run_take(&t, e);
  if (rc >= 0) atomic_store(&q->idle, rc == 0);
  return rc;
}

/* The next entry of the streams; 0 also when it could not be claimed. *ret_away: there are no streams to read just now. */
static int take_entry(struct queue *q, int64_t wait_ms, const atomic_bool *cancel, struct task *ret, bool *ret_away,
                      struct err *e) {
  struct take t = {.q = q, .ret = ret};
  struct streams_entry entry;
  lanes_order(atomic_fetch_add(&q->turn, 1), t.order);
  int rc = streams_read(q->streams, t.order, wait_ms, q->options.lease_ms, cancel, &entry, NULL);
  *ret_away = rc < 0;
  if (rc <= 0) return 0;
  t.public_id = entry.task;
  rc = run_take(&t, e);
  /* the database failed: it goes to the end of its lane, for whoever finds the database again; not even that: whoever
   * finds it left idle takes it over */
  if (rc < 0 && streams_offer(q->streams, entry.lane, entry.task, NULL) < 0) return rc;
  streams_remove(q->streams, &entry, NULL);
  return rc;
}

int queue_take(struct queue *q, int64_t wait_ms, const atomic_bool *cancel, struct task *ret, struct err *e) {
  double end = clock_now() + (double)wait_ms / 1000;
  for (int64_t left = wait_ms;;) {
    if (cancel && atomic_load(cancel)) return 0;
    uint64_t seen = wakes(q);
    bool rows = !q->streams;
    int rc = rows ? 0 : take_entry(q, left, cancel, ret, &rows, e);
    if (rc == 0 && rows) rc = take_row(q, ret, e);
    if (rc != 0) return rc;
    left = (int64_t)((end - clock_now()) * 1000);
    if (left <= 0) return 0;
    if (rows) wait_for_wake(q, seen, left < q->options.poll_ms ? left : q->options.poll_ms);
  }
}

/* ---- keeping ---- */

struct renewal {
  struct queue *q;
  const struct task *task;
  const char *stage;
  int progress;
  bool cancel;
};

static int renew(struct sql_tx *tx, void *ctx, struct err *e) {
  struct renewal *r = ctx;
  return tasks_renew(tx, r->task->id, r->task->lease_owner, r->q->options.lease_ms, r->stage, r->progress,
                     queue_now_ms(r->q), &r->cancel, e);
}

int queue_renew(struct queue *q, const struct task *t, const char *stage, int progress, bool *ret_cancel,
                struct err *e) {
  struct renewal r = {.q = q, .task = t, .stage = stage, .progress = progress};
  int rc = sql_transact(q->db, SQL_WRITE, renew, &r, e);
  if (rc == ERR_UNSURE) rc = sql_transact(q->db, SQL_WRITE, renew, &r, e); /* renewing twice does no harm */
  if (rc == 1) *ret_cancel = r.cancel;
  return rc;
}
