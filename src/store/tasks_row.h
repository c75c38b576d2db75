/* A task's columns and how they are read: shared by the files that implement tasks.h. */
#ifndef TITR_STORE_TASKS_ROW_H
#define TITR_STORE_TASKS_ROW_H

#include "store/tasks.h"

#define TASK_COLUMNS                                                                                                   \
  "id, public_id, user_id, state, lane, input_kind, input, options, reply, media_ms, stage, progress, attempts, "      \
  "run_at, lease_owner, lease_until, cancel_requested, error_code, error_text, result_path, subtitles_path, "          \
  "delivered_at, files_gone_at, created_at, started_at, finished_at"

/* Row `i` of a query for TASK_COLUMNS. Releases what *ret held: a transaction that is run again brings the task of
 * the first try. */
void task_read(const struct sql_rows *r, size_t i, struct task *ret);

/* A query that gives one task or none: 1 with it, or 0. */
int task_query(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, struct task *ret,
               struct err *e);
/* A query of one column and one row. */
int task_number(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, int64_t *ret,
                struct err *e);
/* A query whose first column is public ids; returns how many. The text limits them to `room`. */
int task_ids(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, char (*ret)[PUBLIC_ID_SIZE],
             struct err *e);

#endif
