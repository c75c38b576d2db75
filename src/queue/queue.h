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
  const char *owner;       /* this process, e.g. "worker:HOST:PID"; unique while it runs */
  int64_t lease_ms;        /* default 15000 */
  int64_t poll_ms;         /* default 250 */
  int attempts;            /* default 3 */
  int64_t (*now_ms)(void); /* NULL: the system's clock; tests bring their own */
};
struct queue_options queue_default_options(void);

int queue_open(struct sql *db, const struct queue_options *o, struct queue **ret, struct err *e);
void queue_close(struct queue *q);

/* A task is there: wakes whoever waits, in this process at once, in others through Redis. After the commit. */
void queue_wake(struct queue *q, const char *public_id, int lane);

/* Waits up to wait_ms. 1: *ret is leased to this process under a name of its own, ret->lease_owner ("OWNER#…"), which is what
 * functions of store/tasks.h that want an owner are given; 0: none came, or *cancel. *ret must be {0} or hold a task, which is
 * released. */
int queue_take(struct queue *q, int64_t wait_ms, const atomic_bool *cancel, struct task *ret, struct err *e);

/* The heartbeat. 1 with *ret_cancel; 0: the lease was lost, stop working on it. After an error the lease lasts as long as it
 * did: try again. */
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
/* 1: it is so; 0: the task was no longer this owner's, nothing was changed. After an error it may be tried again, and is 1 also
 * when the first try had been carried out after all (`with` is then not called again). A task whose cancellation was asked for is not
 * queued again: after AGAIN and HAND_BACK it is CANCELLED and given back. */
int queue_end(struct queue *q, const struct task *t, const struct queue_end *end, struct err *e);

/* Delay before attempt n + 1 (n from 1): 5 s * 4^(n-1), +- 20 %, at most 10 minutes. `random` 0..1. */
int64_t queue_backoff_ms(int attempts, double random);

/* What has to be done from time to time; cheap when there is nothing. Several processes may do it at once.
 *
 * A task whose lease has ended has lost its worker. It is queued again at once; when that was its last attempt it is a poison
 * job: PARKED (error "worker_lost") and given back; when its cancellation had been asked for it is CANCELLED and given back. For
 * the latter two `ended` (may be NULL) is called in that transaction with the task as it is now: t->state. */
struct queue_repairs {
  int64_t leases_ended; /* all of them */
  int64_t parked, cancelled;
  int64_t offered; /* to Redis, which did not have them */
};
int queue_maintain(struct queue *q, int (*ended)(struct sql_tx *tx, void *ctx, const struct task *t, struct err *e),
                   void *ctx, struct queue_repairs *ret, struct err *e);

/* How many will be taken before a QUEUED task, and how long it waits. Before it: counted by going through the lanes' turns with what
 * waits now; who comes later into a lane with more turns may still go before it. The wait: with S slots in the workers alive
 * (heartbeats "worker:…", {"slots": n}) of which R are busy, before + 1 - (S - R) tasks have to end first, and with S at
 * work one ends every mean / S milliseconds (mean of the last 20 that were done at once); a retry's own delay is the least it
 * waits. -1: not known (no worker alive, nothing done yet), or the task is not QUEUED. In the caller's transaction. */
int queue_position(struct queue *q, struct sql_tx *tx, const struct task *t, int64_t *ret_before, int64_t *ret_wait_ms,
                   struct err *e);

bool queue_redis_works(struct queue *q); /* embedded: true */

#endif
