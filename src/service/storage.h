/*
 * Where a service keeps its files. The one place that knows the layout of STORAGE_PATH:
 *
 *   titr.db…               the embedded database
 *   .models/               models (models/models.h); never cleaned
 *   tasks/PUBLIC_ID/       one folder a task: the input, work/ (pipeline/work.h), the results
 *
 * Paths in the database are relative to STORAGE_PATH ("tasks/…/result.mp4"), so that it can be moved and shared.
 *
 * A folder that is worked in is held by a lock (flock), which ends with its holder: cleaning passes by what is held.
 *
 * Threads: safe. Errors: ERR_IO with the path; ERR_INPUT for a relative path that leads out of the storage.
 */
#ifndef TITR_SERVICE_STORAGE_H
#define TITR_SERVICE_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct storage;
int storage_open(const char *root, struct storage **ret, struct err *e); /* makes the folders */
void storage_free(struct storage *s);
DEFINE_FREEP(struct storage, storage_free)
const char *storage_root(const struct storage *s);

/* The absolute path of a relative one from the database. Caller frees. */
int storage_path(const struct storage *s, const char *relative, char **ret, struct err *e);
char *storage_task_path(const char *public_id, const char *file); /* relative; caller frees */

struct storage_hold {
  char *folder; /* absolute */
  int lock;
};
#define STORAGE_HOLD_NONE                                                                                              \
  { NULL, -1 }
/* Makes a task's folder when it is not there and holds it. ERR_IO also when it is held already: by another worker
 * that does not know yet that the task is no longer his. */
int storage_hold(const struct storage *s, const char *public_id, struct storage_hold *ret, struct err *e);
void storage_let_go(struct storage_hold *h); /* also the cleanup function */

int64_t storage_free_bytes(const struct storage *s); /* for an ordinary user; -1: not known */

/* Removes a task's folder with all that is in it, unless it is held. *ret_bytes: what it took on disk. 1 removed,
 * 0 held or not there. */
int storage_remove_task(const struct storage *s, const char *public_id, bool dry, int64_t *ret_bytes, struct err *e);

/* Calls fn for each folder under tasks/, with its age in seconds by its last change. Stops when fn returns other
 * than 0 and returns that. */
int storage_each_task(const struct storage *s, int (*fn)(void *ctx, const char *public_id, double age), void *ctx,
                      struct err *e);

#endif
