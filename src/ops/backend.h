/*
 * What every role of the service needs, opened by the settings: storage, database, queue, plans.
 *
 *   struct backend b = BACKEND_CLOSED;
 *   rc = backend_open(&b, "worker", BACKEND_ALL, &e);
 *   …
 *   backend_close(&b);
 *
 * The database must be at the program's migration: ERR_FAIL says what to do, BACKEND_MIGRATE does it. The process is called
 * "ROLE:HOST:PID" in leases and heartbeats.
 */
#ifndef TITR_OPS_BACKEND_H
#define TITR_OPS_BACKEND_H

#include "base/err.h"
#include "plans/plans.h"
#include "queue/queue.h"
#include "service/storage.h"
#include "store/sql.h"

enum backend_flags { BACKEND_QUEUE = 1, BACKEND_MIGRATE = 2 };

struct backend {
  char *name;
  struct storage *storage;
  struct sql *db;
  struct queue *queue; /* BACKEND_QUEUE */
  int64_t lease_ms;
  struct plan_table plans;
};
#define BACKEND_CLOSED                                                                                                 \
  { 0 }

int backend_open(struct backend *b, const char *role, unsigned flags, struct err *e);
void backend_close(struct backend *b); /* also the cleanup function */

#endif
