/*
 * The web role: GET /health and GET /metrics at WEBHOOK_LISTEN.
 *
 *   /health   {"status": "ok", "checks": {"database": {"status": "ok", "detail": "…"}, …}}
 *             ok        all is well                                                         200
 *             degraded  it serves, but a role (bot, worker) has not been heard of          200
 *             down      a dependency (database, redis, storage) fails                       503
 *   /metrics  Prometheus' text; with METRICS_TOKEN set only for "Authorization: Bearer TOKEN", else 401
 *
 * What things stand at is asked once a second by the calling thread and remembered, so that no number of requests burdens the
 * database; when the asking itself hangs, the answer says so. Details (addresses, messages of errors) are shown to those who
 * bring METRICS_TOKEN, or to all when it is not set.
 */
#ifndef TITR_OPS_WEB_ROLE_H
#define TITR_OPS_WEB_ROLE_H

#include <stdatomic.h>

#include "base/err.h"
#include "queue/queue.h"
#include "store/sql.h"

/* Serves until *stop (0). ERR_IO, ERR_USAGE: it cannot listen there. Later errors show in /health. */
int web_role_run(struct sql *db, struct queue *queue, const atomic_bool *stop, struct err *e);

#endif
