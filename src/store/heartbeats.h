/*
 * Heartbeats: which processes are alive. Each writes its name now and then; who has not written for a while is gone. Names
 * begin with the role: "worker:HOST:PID", "bot:HOST:PID". All inside the caller's transaction; moments in milliseconds
 * since the epoch, UTC.
 */
#ifndef TITR_STORE_HEARTBEATS_H
#define TITR_STORE_HEARTBEATS_H

#include <stdint.h>

#include "store/sql.h"

/* `detail`: JSON or NULL. A worker says {"slots": 2}: how many tasks it works on at once (absent: 1). */
int heartbeats_beat(struct sql_tx *tx, const char *name, const char *detail, int64_t now_ms, struct err *e);
/* How many whose name begins with `prefix` have written since a moment, that one included. */
int heartbeats_alive(struct sql_tx *tx, const char *prefix, int64_t since_ms, int64_t *ret, struct err *e);
/* The sum of their slots. */
int heartbeats_slots(struct sql_tx *tx, const char *prefix, int64_t since_ms, int64_t *ret, struct err *e);
/* The latest moment at which one of them wrote; 0: none ever has. */
int heartbeats_latest(struct sql_tx *tx, const char *prefix, int64_t *ret_ms, struct err *e);
/* Calls fn for each process that has written since a moment, the latest HEARTBEATS_MOST, with its detail (JSON; nobody has
 * looked at it). Stops when fn returns other than 0, and returns that. */
enum { HEARTBEATS_MOST = 200 };
int heartbeats_each(struct sql_tx *tx, int64_t since_ms, int (*fn)(void *ctx, const char *name, const char *detail),
                    void *ctx, struct err *e);
/* A process that ends in order takes its name away. */
int heartbeats_forget(struct sql_tx *tx, const char *name, struct err *e);
/* Names not written since a moment go; returns how many. */
int heartbeats_clean(struct sql_tx *tx, int64_t before_ms, int64_t *ret_gone, struct err *e);

#endif
