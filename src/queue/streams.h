/*
 * Public ids in Redis: a stream for each lane, titr:lane:1 … titr:lane:3, each with the consumer group "workers". Of this
 * module only; see queue.h for what it is for. An entry has one field, "task". It is removed (XACK, XDEL) when its task has
 * been claimed in the database or cannot be, so a stream holds what nobody has looked at, and little else.
 *
 * Needs Redis 6.2 (XAUTOCLAIM).
 *
 * Redis away: calls fail fast with ERR_NETWORK while a new connection is tried at growing distances (0.2 to 5 s); the first failure and the
 * return are logged, once each. After FLUSHALL or a new server, groups are made again by the first call that
 * finds them missing.
 *
 * Threads: safe; a thread that waits in streams_read() has a connection of its own.
 */
#ifndef TITR_QUEUE_STREAMS_H
#define TITR_QUEUE_STREAMS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "queue/queue.h"

enum { STREAMS_ENTRY = 44 }; /* "milliseconds-number" and room */
struct streams;
struct streams_entry {
  int lane;
  char id[STREAMS_ENTRY];
  char task[PUBLIC_ID_SIZE];
};

/* Does not need Redis to be there. `consumer`: this process's name in the group. */
int streams_open(const struct queue_redis *r, const char *consumer, struct streams **ret, struct err *e);
void streams_close(struct streams *s);
bool streams_work(struct streams *s); /* asks (PING), within a second */

int streams_offer(struct streams *s, int lane, const char *task, struct err *e);
/* The next entry of the lanes in the order given (3 of them), waiting up to wait_ms for one to come; entries that another
 * consumer read and left for idle_ms are taken over first. 1, 0, or an error. */
int streams_read(struct streams *s, const int lanes[TASK_LANES], int64_t wait_ms, int64_t idle_ms,
                 const atomic_bool *cancel, struct streams_entry *ret, struct err *e);
int streams_remove(struct streams *s, const struct streams_entry *entry, struct err *e);
/* All entries of a lane, in pages, oldest first; stops when fn returns nonzero. */
int streams_each(struct streams *s, int lane, int (*fn)(void *ctx, const struct streams_entry *entry), void *ctx,
                 struct err *e);
int streams_length(struct streams *s, int lane, int64_t *ret, struct err *e);
/* Takes consumers out of the groups that have nothing unfinished and were not heard of for idle_ms: processes that are gone.
 * streams_read() does it by itself, once an hour, for those of more than a day. */
int streams_sweep(struct streams *s, int64_t idle_ms, struct err *e);

#endif
