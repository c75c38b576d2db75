/*
 * Cleaning: files of tasks whose time is over, and folders that belong to nothing.
 *
 *   - results, by the time to live of their owner's tier; what failed or was cancelled after an hour
 *   - with less than `least_free` bytes on the disk: also results that have reached their user, oldest first, until there
 *     is enough
 *   - folders under tasks/ that no row knows, after `orphan_hours`
 *   - rows of the outbox that were sent, updates seen, and heartbeats, all older than a week
 * Never: .models, a folder that somebody holds (storage.h), tasks that wait or run.
 *
 * A task's files go first, then its row says so: a crash in between is mended by the next run.
 */
#ifndef TITR_SERVICE_GC_H
#define TITR_SERVICE_GC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plans/plans.h"
#include "service/storage.h"
#include "store/sql.h"

#define GC_LEAST_FREE (5LL << 30)

struct gc_options {
  struct sql *db;
  const struct storage *storage;
  const struct plan_table *plans;
  double orphan_hours;
  int64_t least_free; /* GC_LEAST_FREE */
  bool dry;           /* only say what would go */
  int64_t now_ms;
  const atomic_bool *cancel;
  /* Each folder as it goes; may be NULL. why: "expired", "failed", "cancelled", "parked", "disk nearly full", "belongs to nothing" */
  void (*removed)(void *ctx, const char *public_id, const char *why, int64_t bytes);
  void *ctx;
};
struct gc_report {
  int64_t folders, bytes;
  int64_t rows;    /* of the database */
  bool still_full; /* less than least_free is left; in a dry run: would be */
};
int gc_run(const struct gc_options *o, struct gc_report *ret, struct err *e);

#endif
