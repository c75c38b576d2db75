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
#include "ops/options.h"
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

/* ---- commands that need the database alone ---- */

/* They take this option, and use what the settings name without it. */
#define BACKEND_DATABASE_OPTION                                                                                        \
  {                                                                                                                    \
    "database", 0, "URL", NULL,                                                                                        \
        "sqlite:PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME; without it, the one of the settings"                \
  }
/* *ret is the arguments' or the settings', whose folder STORAGE_PATH is made for SQLite. ERR_USAGE: the settings, which are read only then, are wrong. */
int backend_database_url(const struct arguments *a, const char **ret, struct err *e);
int backend_database(const struct arguments *a, struct sql **ret, struct err *e); /* the same, opened */

#endif
