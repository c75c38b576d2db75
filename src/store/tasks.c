/*
 * DESIGN. Here: the rows, making and reading them. tasks_state.c moves them from state to state, tasks_list.c lists and counts.
 */
#include "store/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/public_id.h"
#include "store/tasks_row.h"

static const char *const state_names[] = {
    [TASK_QUEUED] = "queued", [TASK_RUNNING] = "running",     [TASK_DONE] = "done",
    [TASK_FAILED] = "failed", [TASK_CANCELLED] = "cancelled", [TASK_PARKED] = "parked"};

const char *task_state_name(enum task_state s) {
  return state_names[s];
}

static enum task_state state_of(const char *name) {
  enum task_state s = TASK_QUEUED;
  while (strcmp(state_names[s], name) != 0) s++; /* the table's CHECK allows no other */
  return s;
}

void task_release(struct task *t) {
  free(t->input_kind);
  free(t->input);
  free(t->options);
  free(t->reply);
  free(t->stage);
  free(t->lease_owner);
  free(t->error_code);
  free(t->error_text);
  free(t->result_path);
  free(t->subtitles_path);
  memset(t, 0, sizeof *t);
}

void task_read(const struct sql_rows *r, size_t i, struct task *ret) {
  struct task t = {.id = sql_get_int(r, i, 0),
                   .user_id = sql_get_int(r, i, 2),
                   .state = state_of(sql_get_text(r, i, 3)),
                   .lane = (int)sql_get_int(r, i, 4),
                   .input_kind = sql_copy_text(r, i, 5),
                   .input = sql_copy_text(r, i, 6),
                   .options = sql_copy_text(r, i, 7),
                   .reply = sql_copy_text(r, i, 8),
                   .media_ms = sql_is_null(r, i, 9) ? -1 : sql_get_int(r, i, 9),
                   .stage = sql_copy_text(r, i, 10),
                   .progress = (int)sql_get_int(r, i, 11),
                   .attempts = (int)sql_get_int(r, i, 12),
                   .run_at_ms = sql_get_int(r, i, 13),
                   .lease_owner = sql_copy_text(r, i, 14),
                   .lease_until_ms = sql_get_int(r, i, 15),
                   .cancel_requested = sql_get_int(r, i, 16) != 0,
                   .error_code = sql_copy_text(r, i, 17),
                   .error_text = sql_copy_text(r, i, 18),
                   .result_path = sql_copy_text(r, i, 19),
                   .subtitles_path = sql_copy_text(r, i, 20),
                   .delivered_ms = sql_get_int(r, i, 21),
                   .files_gone_ms = sql_get_int(r, i, 22),
                   .created_ms = sql_get_int(r, i, 23),
                   .started_ms = sql_get_int(r, i, 24),
                   .finished_ms = sql_get_int(r, i, 25)};
  snprintf(t.public_id, sizeof t.public_id, "%s", sql_get_text(r, i, 1));
  task_release(ret);
  *ret = t;
}

int task_query(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, struct task *ret,
               struct err *e) {
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, text, args, count, &rows, e);
  if (rc < 0 || sql_count(rows) == 0) return rc;
  task_read(rows, 0, ret);
  return 1;
}

int task_number(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, int64_t *ret,
                struct err *e) {
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, text, args, count, &rows, e);
  if (rc < 0) return rc;
  *ret = sql_get_int(rows, 0, 0);
  return 0;
}

int task_ids(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, char (*ret)[PUBLIC_ID_SIZE],
             struct err *e) {
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, text, args, count, &rows, e);
  if (rc < 0) return rc;
  for (size_t i = 0; i < sql_count(rows); i++) snprintf(ret[i], sizeof ret[i], "%s", sql_get_text(rows, i, 0));
  return (int)sql_count(rows);
}

/* ---- making ---- */

int tasks_create(struct sql_tx *tx, const struct task_new *n, int64_t now_ms, struct task *ret, struct err *e) {
  char public_id[PUBLIC_ID + 1];
  int rc = public_id_make(public_id, e);
  if (rc < 0) return rc;
  const struct sql_arg args[] = {sql_text(public_id),
                                 sql_int(n->user_id),
                                 sql_int(n->lane),
                                 sql_text(n->fingerprint),
                                 sql_text(n->input_kind),
                                 sql_text(n->input),
                                 sql_text(n->options ? n->options : "{}"),
                                 sql_text(n->reply ? n->reply : "{}"),
                                 n->media_ms < 0 ? sql_null() : sql_int(n->media_ms),
                                 sql_int(now_ms)};
  rc = task_query(tx,
                  "INSERT INTO tasks (public_id, user_id, state, lane, fingerprint, input_kind, input, options, reply, "
                  "media_ms, run_at, created_at) VALUES ($1, $2, 'queued', $3, $4, $5, $6, $7, $8, $9, $10, $10) "
                  "ON CONFLICT (fingerprint) WHERE state IN ('queued', 'running') DO NOTHING RETURNING " TASK_COLUMNS,
                  SQL_ARGS(args), ret, e);
  if (rc < 0) return rc;
  if (rc == 0) {
    const struct sql_arg like[] = {sql_text(n->fingerprint)};
    rc = task_query(tx, "SELECT " TASK_COLUMNS " FROM tasks WHERE fingerprint = $1 AND state IN ('queued', 'running')",
                    SQL_ARGS(like), ret, e);
    return rc < 0 ? rc : 0;
  }
  const struct sql_arg user[] = {sql_int(n->user_id)};
  rc = sql_run(tx, "UPDATE users SET tasks_total = tasks_total + 1 WHERE id = $1", SQL_ARGS(user), NULL, e);
  return rc < 0 ? rc : 1;
}

/* ---- reading ---- */

int tasks_get(struct sql_tx *tx, int64_t id, struct task *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(id)};
  return task_query(tx, "SELECT " TASK_COLUMNS " FROM tasks WHERE id = $1", SQL_ARGS(args), ret, e);
}

int tasks_find(struct sql_tx *tx, const char *public_id, struct task *ret, struct err *e) {
  const struct sql_arg args[] = {sql_text(public_id)};
  return task_query(tx, "SELECT " TASK_COLUMNS " FROM tasks WHERE public_id = $1", SQL_ARGS(args), ret, e);
}
