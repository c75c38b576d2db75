/*
 * The worker: takes tasks from the queue and does them, several at a time.
 *
 *   slots (threads)   queue_take ─> worker_job_run ─> queue_end with a message in the outbox
 *   lease thread      every 0.4 s: queue_renew for each job with its stage and progress; stops what was cancelled, what lost
 *                     its lease, and what takes too long
 *   calling thread    every second: queue_maintain, heartbeat, an idle model goes
 *
 * What becomes of a job, by what went wrong (worker_job.h's codes):
 *   nothing                                DONE, told
 *   cancelled by its user                  CANCELLED; given back when recognition had not begun
 *   input, too_long, too_large, gone       FAILED, told; given back when recognition had not begun
 *   no_speech                              FAILED, told, given back: there is nothing to deliver
 *   options nobody knows                   FAILED, told, given back
 *   crash, timeout, network, storage, model, internal
 *                                          tried again after a while; after the last attempt PARKED, told, given back
 *   the worker stops                       handed back; the attempt does not count, its stages' files are used again
 *   the lease was lost                     nothing: somebody else has it
 *
 * Stopping: no more tasks are taken; jobs under way have drain_seconds to end, then they are handed back.
 */
#ifndef TITR_SERVICE_WORKER_H
#define TITR_SERVICE_WORKER_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "queue/queue.h"
#include "service/storage.h"
#include "service/worker_job.h"
#include "store/sql.h"

struct worker_options {
  struct sql *db;
  struct queue *queue;
  const struct storage *storage;
  const struct worker_fetch *fetches; /* ends with .kind = NULL */
  const char *name;                   /* of the heartbeat: the queue's owner */
  const char *model;                  /* name or folder */
  int jobs;                           /* at a time, at most 64 */
  int threads;                        /* of each; 0: all */
  double job_seconds;                 /* longest attempt; 0: no limit */
  double drain_seconds;               /* default 7 */
  int64_t lease_ms;                   /* the queue's */
};
struct worker_options worker_default_options(void);

/* Works until *stop. 0, or an error that makes working impossible at the start; later ones are logged and outlived. */
int worker_run(const struct worker_options *o, const atomic_bool *stop, struct err *e);

#endif
