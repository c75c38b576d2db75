/*
 * Faults for tests, and for nothing else: makes one call of a database fail in a chosen way, so that a test can walk
 * through every call that a piece of code makes:
 *
 *   for (int64_t n = 1;; n++) {
 *     sql_fault_arm(db, n, SQL_FAULT_LOST);
 *     rc = task_create(db, …, &e);
 *     if (!sql_fault_disarm(db)) break;       // fewer than n calls were made: all have failed in turn
 *     … look that the database holds all of it or nothing, and that rc agrees …
 *   }
 *
 * Calls are counted over all threads: each begin, statement, script and commit that goes through sql.c is one.
 */
#ifndef TITR_STORE_SQL_FAULT_H
#define TITR_STORE_SQL_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/sql.h"

enum sql_fault {
  SQL_FAULT_IO,        /* ERR_IO, final: a full disk; a commit is not made */
  SQL_FAULT_AGAIN,     /* as if another transaction had been in the way; a commit is not made */
  SQL_FAULT_LOST,      /* the connection breaks before the call arrives; of a commit: ERR_UNSURE, not made */
  SQL_FAULT_LOST_AFTER /* it breaks after the call was carried out; of a commit: ERR_UNSURE, made */
};

void sql_fault_arm(struct sql *db, int64_t nth /* from now on, from 1 */, enum sql_fault kind);
bool sql_fault_disarm(struct sql *db); /* did it come to pass? */

#endif
