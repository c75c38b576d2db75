/*
 * DESIGN. Lists and numbers. Those asked for often (waiting, running, parked) read only small partial indexes; `state = '…'` stands in their texts literally, or the planner would not know that such an index serves.
 */
#include "store/tasks.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/tasks_row.h"

/* ---- what to offer ---- */

int tasks_due(struct sql_tx *tx, int lane, int64_t due_ms, struct task_place *after, char (*ret)[PUBLIC_ID_SIZE],
              size_t room, struct err *e) {
  const struct sql_arg args[] = {sql_int(lane), sql_int(due_ms), sql_int(after->run_at_ms), sql_int(after->id),
                                 sql_int((int64_t)room)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx,
                     "SELECT public_id, run_at, id FROM tasks WHERE state = 'queued' AND lane = $1 AND run_at <= $2 "
                     "AND (run_at, id) > ($3, $4) ORDER BY run_at, id LIMIT $5",
                     SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  size_t n = sql_count(rows);
  for (size_t i = 0; i < n; i++) snprintf(ret[i], sizeof ret[i], "%s", sql_get_text(rows, i, 0));
  if (n > 0) *after = (struct task_place){sql_get_int(rows, n - 1, 1), sql_get_int(rows, n - 1, 2)};
  return (int)n;
}

int tasks_any_due(struct sql_tx *tx, int64_t due_ms, bool *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(due_ms)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, "SELECT 1 FROM tasks WHERE state = 'queued' AND lane IN (1, 2, 3) AND run_at <= $1 LIMIT 1",
                     SQL_ARGS(args), &rows, e);
  if (rc == 0) *ret = sql_count(rows) > 0;
  return rc;
}

int tasks_due_count(struct sql_tx *tx, int lane, int64_t due_ms, int64_t *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(lane), sql_int(due_ms)};
  return task_number(tx, "SELECT COUNT(*) FROM tasks WHERE state = 'queued' AND lane = $1 AND run_at <= $2",
                     SQL_ARGS(args), ret, e);
}

int tasks_ahead(struct sql_tx *tx, const struct task *t, int64_t *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(t->lane), sql_int(t->run_at_ms), sql_int(t->id)};
  return task_number(tx, "SELECT COUNT(*) FROM tasks WHERE state = 'queued' AND lane = $1 AND (run_at, id) < ($2, $3)",
                     SQL_ARGS(args), ret, e);
}

int tasks_offered(struct sql_tx *tx, const char *public_id, int64_t before_ms, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_text(public_id), sql_int(before_ms), sql_int(now_ms)};
  int64_t changed;
  int rc =
      sql_run(tx, "UPDATE tasks SET offered_at = $3 WHERE public_id = $1 AND state = 'queued' AND offered_at <= $2",
              SQL_ARGS(args), &changed, e);
  return rc < 0 ? rc : changed > 0;
}

/* ---- lists ---- */

void task_list_release(struct task_list *l) {
  for (size_t i = 0; i < l->count; i++) task_release(&l->tasks[i]);
  free(l->tasks);
  *l = (struct task_list){0};
}

static int64_t bounded(size_t most) {
  return most < LIMIT_SQL_ROWS ? (int64_t)most : LIMIT_SQL_ROWS;
}

static int list(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, struct task_list *ret,
                struct err *e) {
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, text, args, count, &rows, e);
  if (rc < 0) return rc;
  task_list_release(ret); /* of a try before */
  ret->count = sql_count(rows);
  ret->tasks = NEW_ARRAY(struct task, ret->count);
  for (size_t i = 0; i < ret->count; i++) task_read(rows, i, &ret->tasks[i]);
  return 0;
}

#define IN_STATE(name) "SELECT " TASK_COLUMNS " FROM tasks WHERE state = '" name "' ORDER BY created_at, id LIMIT $1"

int tasks_in_state(struct sql_tx *tx, enum task_state s, size_t most, struct task_list *ret, struct err *e) {
  static const char *const texts[] = {[TASK_QUEUED] = IN_STATE("queued"), [TASK_RUNNING] = IN_STATE("running"),
                                      [TASK_DONE] = IN_STATE("done"),     [TASK_FAILED] = IN_STATE("failed"),
                                      [TASK_PARKED] = IN_STATE("parked"), [TASK_CANCELLED] = IN_STATE("cancelled")};
  const struct sql_arg args[] = {sql_int(bounded(most))};
  return list(tx, texts[s], SQL_ARGS(args), ret, e);
}

int tasks_of_user(struct sql_tx *tx, int64_t user_id, size_t most, struct task_list *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_int(bounded(most))};
  return list(tx, "SELECT " TASK_COLUMNS " FROM tasks WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
              SQL_ARGS(args), ret, e);
}

/* ---- numbers ---- */

int tasks_alive(struct sql_tx *tx, int64_t user_id, int64_t *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id)};
  return task_number(tx, "SELECT COUNT(*) FROM tasks WHERE user_id = $1 AND state IN ('queued', 'running')",
                     SQL_ARGS(args), ret, e);
}

int tasks_count(struct sql_tx *tx, int64_t now_ms, struct task_counts *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(now_ms)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx,
                     "SELECT lane, COUNT(*), MIN(CASE WHEN run_at <= $1 THEN run_at END) FROM tasks "
                     "WHERE state = 'queued' GROUP BY lane",
                     SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  struct task_counts c = {0};
  for (size_t i = 0; i < sql_count(rows); i++) {
    int64_t lane = sql_get_int(rows, i, 0), oldest = sql_get_int(rows, i, 2);
    c.queued[lane] = sql_get_int(rows, i, 1);
    c.oldest_ms[lane] = oldest;
    c.queued[0] += c.queued[lane];
    if (oldest && (!c.oldest_ms[0] || oldest < c.oldest_ms[0])) c.oldest_ms[0] = oldest;
  }
  rc = task_number(tx, "SELECT COUNT(*) FROM tasks WHERE state = 'running'", SQL_NO_ARGS, &c.running, e);
  if (rc == 0) rc = task_number(tx, "SELECT COUNT(*) FROM tasks WHERE state = 'parked'", SQL_NO_ARGS, &c.parked, e);
  if (rc == 0) *ret = c;
  return rc;
}

int tasks_mean_ms(struct sql_tx *tx, int of, int64_t *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(of)};
  /* tasks whose files are still there are the recent ones, and have an index by their end */
  return task_number(
      tx,
      "SELECT CAST(COALESCE(AVG(ms), 0) AS BIGINT) FROM (SELECT finished_at - started_at AS ms FROM tasks "
      "WHERE files_gone_at IS NULL AND finished_at IS NOT NULL AND state = 'done' AND attempts = 1 "
      "AND started_at IS NOT NULL ORDER BY finished_at DESC LIMIT $1) last",
      SQL_ARGS(args), ret, e);
}
