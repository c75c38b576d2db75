/*
 * The queue: which task a worker gets next, and for how long it is his.
 *
 *   user's side      store: tasks_create() + quota_charge() in one transaction
 *                       │ queue_wake()                     a hint; nothing is lost without it
 *   worker           queue_take() ─> task, leased ─> work, queue_renew() every third of the lease
 *                       └─> queue_end(): tasks_done/fail/retry/park … in one transaction, then the hint is taken back
 *   maintenance      queue_maintain(), by any process, every second: ended leases, offers to Redis, repair
 *
 * The rows (store/tasks.h) are the truth. Embedded: the rows are looked through themselves, every poll_ms or when
 * woken. Redis: public ids travel in three streams (one a lane) read by a consumer group; an id that is read is claimed in the
 * database, and one that cannot be claimed is dropped, so an id that comes twice, late or never does no harm:
 * queue_maintain() compares streams and rows and offers what is missing (after FLUSHALL: everything). When Redis is
 * away, workers look through the rows as if embedded, and say so once in the log.
 *
 * Lanes. Of every 10 takes of a worker, 6 look at lane 1 first, 3 at lane 2, 1 at lane 3; a lane that is empty gives its turn to the
 * next by priority. So a waiting task of lane 3 waits at most 10 times its share, whatever the others bring.
 *
 * Threads: a queue is safe from all threads. Errors: those of store/sql.h; Redis alone never makes an error.
 */
#ifndef TITR_QUEUE_QUEUE_H
#define TITR_QUEUE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/sql.h"
#include "store/tasks.h"

struct queue;

struct queue_redis {
  const char *host; /* NULL: embedded */
  int port, db;
  const char *password; /* NULL: none */
};
struct queue_options {
  struct queue_redis redis;
  const char *owner; /* this process, e.g. "worker:HOST:PID"; unique while it runs */
  int64_t lease_ms;  /* default 15000 */
  int64_t poll_ms;   /* default 250 */
  int attempts;      /* default 3 */
};
struct queue_options queue_default_options(void);

int queue_open(struct sql *db, const struct queue_options *o, struct queue **ret, struct err *e);
void queue_close(struct queue *q);

/* A task is there: wakes whoever waits, in this process at once, in others through Redis. After the commit. */
void queue_wake(struct queue *q, const char *public_id, int lane);

/* Waits up to wait_ms. 1: *ret is leased to this owner; 0: none came, or *cancel. */
int queue_take(struct queue *q, int64_t wait_ms, const atomic_bool *cancel, struct task *ret, struct err *e);

/* The heartbeat. 1 with *ret_cancel; 0: the lease was lost, stop working on it. */
int queue_renew(struct queue *q, const struct task *t, const char *stage, int progress, bool *ret_cancel,
                struct err *e);

enum queue_outcome {
  QUEUE_DONE,
  QUEUE_FAILED,    /* the input's or the user's fault: not tried again, not given back */
  QUEUE_OUR_FAULT, /* not worth trying again, given back */
  QUEUE_AGAIN,     /* tried again after a while; after the last attempt PARKED and given back */
  QUEUE_CANCELLED, /* by the user while it ran */
  QUEUE_HAND_BACK  /* the worker stops */
};
struct queue_end {
  enum queue_outcome outcome;
  const char *result_path, *subtitles_path; /* DONE */
  const char *error_code, *error_text;      /* FAILED, OUR_FAULT, AGAIN */
  bool give_back;                           /* CANCELLED: no work had been done */
  /* What else belongs in the same transaction (a message in the outbox …); `ended` says which state the task has
   * got: after AGAIN it may be QUEUED or PARKED. Called only while the task is still this owner's. May be NULL. */
  int (*with)(struct sql_tx *tx, void *ctx, enum task_state ended, struct err *e);
  void *ctx;
};
/* 1: it is so; 0: the task was no longer this owner's, nothing was changed. */
int queue_end(struct queue *q, const struct task *t, const struct queue_end *end, struct err *e);

/* Delay before attempt n + 1 (n from 1): 5 s * 4^(n-1), at most 10 minutes, +- 20 %. `random` 0..1. */
int64_t queue_backoff_ms(int attempts, double random);

/* What has to be done from time to time; cheap when there is nothing. Several processes may do it at once. Tasks that are
 * parked because their lease ended too often are given back, and `parked` (may be NULL) is called in that transaction. */
struct queue_repairs {
  int64_t leases_ended, offered, parked;
};
int queue_maintain(struct queue *q, int (*parked)(struct sql_tx *tx, void *ctx, const struct task *t, struct err *e),
                   void *ctx, struct queue_repairs *ret, struct err *e);

/* How many are before a QUEUED task in the order they will be served in, and how long that takes by the last
 * attempts' mean and the workers alive; -1: not known. In the caller's transaction. */
int queue_position(struct queue *q, struct sql_tx *tx, const struct task *t, int64_t *ret_before, int64_t *ret_wait_ms,
                   struct err *e);

bool queue_redis_works(struct queue *q); /* embedded: true */

#endif
