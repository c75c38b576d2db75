/*
 * Which tasks' files may go. All inside the caller's transaction; moments and lengths in milliseconds.
 *
 *   rc = cleaning_due(tx, &rules, now, 100, &list, e);      // the longest due first
 *   … the folder of each is removed …
 *   rc = cleaning_gone(tx, list.items[i].id, now, e);
 */
#ifndef TITR_STORE_CLEANING_H
#define TITR_STORE_CLEANING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/tasks.h"

struct cleaning_rules {
  int64_t free_ms, pro_ms, creator_ms; /* results are kept so long after their end, by the tier of their owner now */
  int64_t nothing_ms;                  /* tasks that ended without results: failed, cancelled */
  bool hard;                           /* also whatever has reached its user already, oldest first */
};

struct cleaning_item {
  int64_t id;
  char public_id[PUBLIC_ID_SIZE];
  char tier[16]; /* in effect */
  int64_t finished_ms;
  enum task_state state;
};
struct cleaning_list {
  struct cleaning_item *items;
  size_t count;
};
void cleaning_list_release(struct cleaning_list *l); /* also the cleanup function */

int cleaning_due(struct sql_tx *tx, const struct cleaning_rules *r, int64_t now_ms, size_t most,
                 struct cleaning_list *ret, struct err *e);
int cleaning_gone(struct sql_tx *tx, int64_t task_id, int64_t now_ms, struct err *e);

/* Whether a task's folder is still somebody's: there is a row of it whose files are not gone. 1 or 0. */
int cleaning_known(struct sql_tx *tx, const char *public_id, struct err *e);

#endif
