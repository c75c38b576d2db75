/*
 * What the service stands on, each thing asked by itself: for `titr health`, GET /health and `titr smoke`.
 *
 * Each function returns 0 with a few words about what it found in `ret` (appended), or an error that names the thing. Settings
 * must be loaded (settings_load_service()). Passwords are in neither.
 * Threads: safe. How long each may take is said beside it; who cannot wait asks from a thread of its own (asked_in_time()).
 */
#ifndef TITR_OPS_DEPENDENCIES_H
#define TITR_OPS_DEPENDENCIES_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/sql.h"

/* A role's heartbeat is written every few seconds; older than this, it does not live. */
#define DEPENDENCY_FRESH_MS 90000

/* Answers, and its schema is the program's. As long as the database's own limits (store/sql.h). */
int dependency_database(struct sql *db, struct buf *ret, struct err *e);

/* PING, within some seconds; ERR_USAGE when REDIS_HOST is not set. */
int dependency_redis(double seconds, struct buf *ret, struct err *e);

/* A fresh heartbeat of a role ("bot", "worker"), on this host or on any. */
int dependency_role(struct sql *db, const char *role, bool this_host, struct buf *ret, struct err *e);

/* STORAGE_PATH: a file is written and removed, and there is room for a job. */
int dependency_storage(struct buf *ret, struct err *e);

/* The parts of libav without which no video is made, and letters drawn by libass. */
int dependency_media(struct buf *ret, struct err *e);

/* The model's files are here, and the engine computes: the voice detector hears a second. Some 10 ms. */
int dependency_engine(struct buf *ret, struct err *e);

/* Runs `ask` in a thread and waits for it at most `seconds`. ERR_TIMEOUT: it goes on, with `ctx` and all that it holds, so the
 * caller ends the process next. */
int asked_in_time(int (*ask)(void *ctx, struct buf *ret, struct err *e), void *ctx, double seconds, struct buf *ret,
                  struct err *e);

#endif
