/* What the files of the queue share: queue.c (take, renew), end.c, maintain.c, position.c. */
#ifndef TITR_QUEUE_QUEUE_PARTS_H
#define TITR_QUEUE_QUEUE_PARTS_H

#include <pthread.h>

#include "queue/queue.h"
#include "queue/streams.h"

enum {
  QUEUE_LANE_COMPARE_MS = 10000, /* streams and rows are compared at least so often, also when they are of one length */
  QUEUE_OFFER_GRACE_MS = 500,    /* a task's maker offers it himself; the repair waits so long for him */
  QUEUE_OFFER_AGAIN_MS = 2000,   /* and for another one who repairs */
  QUEUE_WORKER_ALIVE_MS = 30000  /* a worker whose last heartbeat is older is not counted */
};

struct queue {
  struct sql *db;
  struct queue_options options;
  char *owner;
  struct streams *streams;    /* NULL: embedded */
  atomic_ullong turn, leases; /* takes begun; leases named */
  atomic_bool idle;           /* the last look found nothing */
  pthread_mutex_t lock;       /* guards the rest */
  pthread_cond_t woken;
  uint64_t wakes;
  int64_t compared_ms[TASK_LANES + 1];
};

int64_t queue_now_ms(const struct queue *q);
void queue_wake_here(struct queue *q); /* this process's waiting takers */

#endif
