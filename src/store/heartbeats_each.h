/* What the processes alive say of themselves in their heartbeats (heartbeats.h). */
#ifndef TITR_STORE_HEARTBEATS_EACH_H
#define TITR_STORE_HEARTBEATS_EACH_H

#include <stdint.h>

#include "store/sql.h"

enum { HEARTBEATS_MOST = 200 }; /* the latest are told of */

/* Calls fn for each process that has written since a moment, with its detail (JSON; nobody has looked at it). Stops when fn
 * returns other than 0, and returns that. In the caller's transaction. */
int heartbeats_each(struct sql_tx *tx, int64_t since_ms, int (*fn)(void *ctx, const char *name, const char *detail),
                    void *ctx, struct err *e);

#endif
