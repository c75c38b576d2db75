/*
 * DESIGN. Two repairs, each safe when several processes do it at once.
 *
 * Leases that have ended: one transaction a task, which looks again whether it has (its worker may just have renewed).
 *
 * Redis: what waits in the rows and is not in its lane's stream is offered. Comparing is cheap as long as both are of one length; every
 * now and then it is done in full, for a length tells nothing of which. Rows are noted as offered before they are, so that
 * two who repair do not offer the same; an offer that is then not made, or lost, is made by the next comparison.
 */
#include "queue/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "queue/queue_parts.h"
#include "store/quota.h"

enum { EXPIRED_AT_ONCE = 64, EXPIRED_ROUNDS = 32, OFFERED_AT_ONCE = 100, COMPARED_MOST = 1000000 };
typedef char public_id[PUBLIC_ID_SIZE];

/* ---- leases ---- */

struct expiry {
  struct queue *q;
  public_id ids[EXPIRED_AT_ONCE];
  const char *id;
  int (*ended)(struct sql_tx *tx, void *ctx, const struct task *t, struct err *e);
  void *ctx;
  enum task_state became;
  int lane;
};

static int list_expired(struct sql_tx *tx, void *ctx, struct err *e) {
  struct expiry *x = ctx;
  return tasks_expired(tx, queue_now_ms(x->q), x->ids, EXPIRED_AT_ONCE, e);
}

/* PARKED or CANCELLED: given back, and told. */
static int end_expired(struct sql_tx *tx, const struct expiry *x, const struct task *t, int64_t now, struct err *e) {
  _cleanup_(mem_freep) char *text =
      x_asprintf("the worker was lost while it worked on it, attempt %d of %d", t->attempts, x->q->options.attempts);
  int rc = x->became == TASK_PARKED ? tasks_park(tx, t->id, t->lease_owner, "worker_lost", text, now, e)
                                    : tasks_cancelled(tx, t->id, t->lease_owner, now, e);
  if (rc <= 0) return rc;
  rc = quota_refund(tx, t->id, x->became == TASK_PARKED ? "parked" : "cancelled when its worker was lost", now, e);
  if (rc < 0 || !x->ended) return rc < 0 ? rc : 1;
  _cleanup_(task_release) struct task after = {0};
  rc = tasks_get(tx, t->id, &after, e);
  if (rc > 0) rc = x->ended(tx, x->ctx, &after, e);
  return rc < 0 ? rc : 1;
}

static int expire(struct sql_tx *tx, void *ctx, struct err *e) {
  struct expiry *x = ctx;
  _cleanup_(task_release) struct task t = {0};
  int64_t now = queue_now_ms(x->q);
  int rc = tasks_find(tx, x->id, &t, e);
  if (rc <= 0 || t.state != TASK_RUNNING || t.lease_until_ms > now) return rc < 0 ? rc : 0;
  x->lane = t.lane;
  x->became = t.cancel_requested ? TASK_CANCELLED : t.attempts >= x->q->options.attempts ? TASK_PARKED : TASK_QUEUED;
  if (x->became != TASK_QUEUED) return end_expired(tx, x, &t, now, e);
  return tasks_retry(tx, t.id, t.lease_owner, "worker_lost", "the worker was lost while it worked on it", now, e);
}

static int end_leases(struct expiry *x, struct queue_repairs *r, struct err *e) {
  for (int round = 0; round < EXPIRED_ROUNDS; round++) {
    int n = sql_transact(x->q->db, SQL_READ, list_expired, x, e);
    for (int i = 0; i < n; i++) {
      x->id = x->ids[i];
      int rc = sql_transact(x->q->db, SQL_WRITE, expire, x, e);
      if (rc < 0) return rc;
      if (rc == 0) continue;
      r->leases_ended++;
      r->parked += x->became == TASK_PARKED;
      r->cancelled += x->became == TASK_CANCELLED;
      log_set_task(x->id);
      log_info("queue", "it has lost its worker: %s", task_state_name(x->became));
      log_set_task(NULL);
      if (x->became == TASK_QUEUED) queue_wake(x->q, x->id, x->lane);
    }
    if (n < EXPIRED_AT_ONCE) return n < 0 ? n : 0;
  }
  return 0;
}

/* ---- streams ---- */

struct set { /* public ids, sorted once they are all there */
  public_id *ids;
  size_t count, cap;
};

static int collect(void *ctx, const struct streams_entry *entry) {
  struct set *s = ctx;
  if (s->count >= COMPARED_MOST) return 1; /* what is behind is offered twice, which does no harm */
  x_grow(&s->ids, &s->cap, s->count + 1, sizeof *s->ids);
  memcpy(s->ids[s->count], entry->task, sizeof *s->ids);
  s->ids[s->count++][sizeof *s->ids - 1] = '\0';
  return 0;
}

static int by_text(const void *a, const void *b) {
  return strcmp(a, b);
}

struct offer {
  struct queue *q;
  int lane;
  int64_t due_ms, waiting;
  struct task_place after;
  public_id ids[OFFERED_AT_ONCE];
  bool noted[OFFERED_AT_ONCE];
  int count;
};

static int count_rows(struct sql_tx *tx, void *ctx, struct err *e) {
  struct offer *o = ctx;
  return tasks_due_count(tx, o->lane, o->due_ms, &o->waiting, e);
}

static int read_rows(struct sql_tx *tx, void *ctx, struct err *e) {
  struct offer *o = ctx;
  struct task_place after = o->after; /* a second try starts where the first did */
  int n = tasks_due(tx, o->lane, o->due_ms, &after, o->ids, OFFERED_AT_ONCE, e);
  if (n >= 0) o->after = after;
  return n;
}

static int note(struct sql_tx *tx, void *ctx, struct err *e) {
  struct offer *o = ctx;
  int64_t now = queue_now_ms(o->q);
  for (int i = 0; i < o->count; i++) {
    int rc = tasks_offered(tx, o->ids[i], now - QUEUE_OFFER_AGAIN_MS, now, e);
    if (rc < 0) return rc;
    o->noted[i] = rc > 0;
  }
  return 0;
}

/* The rows of a lane that the stream does not have. Returns an error of the database; Redis' end the offering quietly. */
static int offer_missing(struct offer *o, const struct set *there, int64_t *offered, struct err *e) {
  for (;;) {
    int n = sql_transact(o->q->db, SQL_READ, read_rows, o, e);
    if (n <= 0) return n;
    o->count = 0;
    for (int i = 0; i < n; i++)
      if (!there->count || !bsearch(o->ids[i], there->ids, there->count, sizeof *there->ids, by_text))
        memmove(o->ids[o->count++], o->ids[i], sizeof *o->ids);
    int rc = o->count ? sql_transact(o->q->db, SQL_WRITE, note, o, e) : 0;
    if (rc < 0) return rc;
    for (int i = 0; i < o->count; i++) {
      if (!o->noted[i]) continue;
      if (streams_offer(o->q->streams, o->lane, o->ids[i], NULL) < 0) return 0;
      ++*offered;
    }
  }
}

static bool time_to_compare(struct queue *q, int lane, int64_t now) {
  pthread_mutex_lock(&q->lock);
  bool is = now - q->compared_ms[lane] >= QUEUE_LANE_COMPARE_MS || now < q->compared_ms[lane];
  pthread_mutex_unlock(&q->lock);
  return is;
}

static int repair_lane(struct queue *q, int lane, int64_t *offered, struct err *e) {
  int64_t now = queue_now_ms(q), length;
  struct offer o = {.q = q, .lane = lane, .due_ms = now - QUEUE_OFFER_GRACE_MS};
  if (streams_length(q->streams, lane, &length, NULL) < 0) return 0;
  int rc = sql_transact(q->db, SQL_READ, count_rows, &o, e);
  if (rc < 0 || o.waiting == 0) return rc;
  if (length == o.waiting && !time_to_compare(q, lane, now)) return 0;
  _cleanup_(mem_freep) public_id *ids = NULL;
  struct set there = {0};
  rc = streams_each(q->streams, lane, collect, &there, NULL);
  ids = there.ids;
  if (rc < 0) return 0;
  if (there.count) qsort(ids, there.count, sizeof *ids, by_text);
  rc = offer_missing(&o, &there, offered, e);
  if (rc < 0) return rc;
  pthread_mutex_lock(&q->lock);
  q->compared_ms[lane] = now;
  pthread_mutex_unlock(&q->lock);
  return 0;
}

int queue_maintain(struct queue *q, int (*ended)(struct sql_tx *tx, void *ctx, const struct task *t, struct err *e),
                   void *ctx, struct queue_repairs *ret, struct err *e) {
  struct queue_repairs r = {0};
  struct expiry x = {.q = q, .ended = ended, .ctx = ctx};
  int rc = end_leases(&x, &r, e);
  for (int lane = 1; lane <= TASK_LANES && rc >= 0 && q->streams; lane++) rc = repair_lane(q, lane, &r.offered, e);
  if (rc < 0) return rc;
  if (r.offered) log_info("queue", "offered %lld tasks that Redis did not have", (long long)r.offered);
  *ret = r;
  return 0;
}
