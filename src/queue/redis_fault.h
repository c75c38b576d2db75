/*
 * Faults for tests, and for nothing else: makes one call to Redis fail in a chosen way (compare store/sql_fault.h):
 *
 *   for (int64_t n = 1;; n++) {
 *     redis_fault_arm(n, REDIS_FAULT_LOST);
 *     … live through it …
 *     if (!redis_fault_disarm()) break;       // fewer than n calls were made: all have failed in turn
 *   }
 *
 * Counted over all connections and threads: each redis_connect() and each command is one.
 */
#ifndef TITR_QUEUE_REDIS_FAULT_H
#define TITR_QUEUE_REDIS_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum redis_fault {
  REDIS_FAULT_LOST,       /* the connection breaks before the command arrives */
  REDIS_FAULT_LOST_AFTER, /* it breaks after the command was carried out, before its answer has come */
  REDIS_FAULT_REFUSED     /* Redis carries nothing out and says that it is loading; the connection lives */
};

void redis_fault_arm(int64_t nth /* from now on, from 1 */, enum redis_fault kind);
bool redis_fault_disarm(void); /* did it come to pass? */

#endif
