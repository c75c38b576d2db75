/*
 * DESIGN. Every change of state is one UPDATE whose WHERE names the state it starts from, and, for a worker, the lease's owner:
 * whoever comes late changes no row, and is told so by the count. SQLite has one writer; in PostgreSQL the second of two is sent
 * round again (sql_transact()) and then finds the row as the first left it.
 */
#include "store/tasks.h"

#include <string.h>

#include "store/tasks_row.h"

/* ---- the queue's side ---- */

int tasks_next(struct sql_tx *tx, int lane, int64_t now_ms, char ret_public_id[PUBLIC_ID_SIZE], struct err *e) {
  const struct sql_arg args[] = {sql_int(lane), sql_int(now_ms)};
  char found[1][PUBLIC_ID_SIZE];
  int rc = task_ids(tx,
                    "SELECT public_id FROM tasks WHERE state = 'queued' AND lane = $1 AND run_at <= $2 "
                    "ORDER BY run_at, id LIMIT 1",
                    SQL_ARGS(args), found, e);
  if (rc == 1) memcpy(ret_public_id, found[0], sizeof found[0]);
  return rc;
}

#define CLAIM                                                                                                          \
  "UPDATE tasks SET state = 'running', lease_owner = $2, lease_until = $3, attempts = attempts + 1, "                  \
  "started_at = COALESCE(started_at, $4) WHERE state = 'queued' AND run_at <= $4 AND "

int tasks_claim(struct sql_tx *tx, const char *public_id, const char *owner, int64_t lease_ms, int64_t now_ms,
                struct task *ret, struct err *e) {
  const struct sql_arg args[] = {sql_text(public_id), sql_text(owner), sql_int(now_ms + lease_ms), sql_int(now_ms)};
  return task_query(tx, CLAIM "public_id = $1 RETURNING " TASK_COLUMNS, SQL_ARGS(args), ret, e);
}

int tasks_claim_first(struct sql_tx *tx, int lane, const char *owner, int64_t lease_ms, int64_t now_ms,
                      struct task *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(lane), sql_text(owner), sql_int(now_ms + lease_ms), sql_int(now_ms)};
  /* PostgreSQL: what another transaction is claiming at this moment is passed over, not waited for. */
  return task_query(tx,
                    sql_pick(tx,
                             CLAIM "id = (SELECT id FROM tasks WHERE state = 'queued' AND lane = $1 AND run_at <= $4 "
                                   "ORDER BY run_at, id LIMIT 1) RETURNING " TASK_COLUMNS,
                             CLAIM "id = (SELECT id FROM tasks WHERE state = 'queued' AND lane = $1 AND run_at <= $4 "
                                   "ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING " TASK_COLUMNS),
                    SQL_ARGS(args), ret, e);
}

int tasks_expired(struct sql_tx *tx, int64_t now_ms, char (*ret)[PUBLIC_ID_SIZE], size_t room, struct err *e) {
  const struct sql_arg args[] = {sql_int(now_ms), sql_int((int64_t)room)};
  return task_ids(tx,
                  "SELECT public_id FROM tasks WHERE state = 'running' AND lease_until <= $1 "
                  "ORDER BY lease_until, id LIMIT $2",
                  SQL_ARGS(args), ret, e);
}

/* ---- the worker's side ---- */

static int changed_one(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, struct err *e) {
  int64_t changed;
  int rc = sql_run(tx, text, args, count, &changed, e);
  return rc < 0 ? rc : changed > 0;
}

#define HIS    " WHERE id = $1 AND state = 'running' AND lease_owner = $2"
#define UNHAND "lease_owner = NULL, lease_until = NULL, stage = '', "

int tasks_renew(struct sql_tx *tx, int64_t id, const char *owner, int64_t lease_ms, const char *stage, int progress,
                int64_t now_ms, bool *ret_cancel, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(owner), sql_int(now_ms + lease_ms), sql_text(stage ? stage : ""),
                                 sql_int(progress < 0      ? 0
                                         : progress > 1000 ? 1000
                                                           : progress)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc =
      sql_query(tx, "UPDATE tasks SET lease_until = $3, stage = $4, progress = $5" HIS " RETURNING cancel_requested",
                SQL_ARGS(args), &rows, e);
  if (rc < 0 || sql_count(rows) == 0) return rc;
  *ret_cancel = sql_get_int(rows, 0, 0) != 0;
  return 1;
}

int tasks_set_media(struct sql_tx *tx, int64_t id, const char *owner, int64_t media_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(owner), sql_int(media_ms)};
  return changed_one(tx, "UPDATE tasks SET media_ms = $3" HIS, SQL_ARGS(args), e);
}

int tasks_done(struct sql_tx *tx, int64_t id, const char *owner, const char *result_path, const char *subtitles_path,
               int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(owner), sql_text(result_path), sql_text(subtitles_path),
                                 sql_int(now_ms)};
  /* an error of an earlier attempt is the task's no more */
  return changed_one(tx,
                     "UPDATE tasks SET " UNHAND "state = 'done', progress = 1000, result_path = $3, "
                     "subtitles_path = $4, error_code = NULL, error_text = NULL, finished_at = $5" HIS,
                     SQL_ARGS(args), e);
}

#define ENDED_AS(state)                                                                                                \
  "UPDATE tasks SET " UNHAND "state = '" state "', error_code = $3, error_text = $4, finished_at = $5" HIS

static int end_with_error(struct sql_tx *tx, const char *text, int64_t id, const char *owner, const char *code,
                          const char *message, int64_t at_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(owner), sql_text(code), sql_text(message), sql_int(at_ms)};
  return changed_one(tx, text, SQL_ARGS(args), e);
}

int tasks_fail(struct sql_tx *tx, int64_t id, const char *owner, const char *code, const char *text, int64_t now_ms,
               struct err *e) {
  return end_with_error(tx, ENDED_AS("failed"), id, owner, code, text, now_ms, e);
}

int tasks_park(struct sql_tx *tx, int64_t id, const char *owner, const char *code, const char *text, int64_t now_ms,
               struct err *e) {
  return end_with_error(tx, ENDED_AS("parked"), id, owner, code, text, now_ms, e);
}

int tasks_retry(struct sql_tx *tx, int64_t id, const char *owner, const char *code, const char *text, int64_t run_at_ms,
                struct err *e) {
  return end_with_error(tx,
                        "UPDATE tasks SET " UNHAND "state = 'queued', progress = 0, error_code = $3, error_text = $4, "
                        "run_at = $5" HIS,
                        id, owner, code, text, run_at_ms, e);
}

int tasks_hand_back(struct sql_tx *tx, int64_t id, const char *owner, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(owner)};
  /* run_at stays: it waits where it stood, before those that came later */
  return changed_one(tx,
                     "UPDATE tasks SET " UNHAND "state = 'queued', progress = 0, attempts = attempts - 1, "
                     "started_at = CASE WHEN attempts = 1 THEN NULL ELSE started_at END" HIS,
                     SQL_ARGS(args), e);
}

int tasks_cancelled(struct sql_tx *tx, int64_t id, const char *owner, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(owner), sql_int(now_ms)};
  return changed_one(tx, "UPDATE tasks SET " UNHAND "state = 'cancelled', finished_at = $3" HIS, SQL_ARGS(args), e);
}

/* ---- the user's and the operator's side ---- */

int tasks_cancel(struct sql_tx *tx, int64_t id, int64_t now_ms, enum task_cancel *ret, struct err *e) {
  const struct sql_arg waiting[] = {sql_int(id), sql_int(now_ms)};
  int rc = changed_one(tx, "UPDATE tasks SET state = 'cancelled', finished_at = $2 WHERE id = $1 AND state = 'queued'",
                       SQL_ARGS(waiting), e);
  if (rc < 0) return rc;
  if (rc == 1) {
    *ret = TASK_CANCEL_NOW;
    return 0;
  }
  const struct sql_arg running[] = {sql_int(id)};
  rc = changed_one(tx, "UPDATE tasks SET cancel_requested = 1 WHERE id = $1 AND state = 'running'", SQL_ARGS(running),
                   e);
  if (rc < 0) return rc;
  *ret = rc == 1 ? TASK_CANCEL_ASKED : TASK_CANCEL_TOO_LATE;
  return 0;
}

int tasks_revive(struct sql_tx *tx, int64_t id, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_int(now_ms)};
  /* one like it may have been asked for meanwhile: two alive are one too many (the index tasks_alive) */
  return changed_one(
      tx,
      "UPDATE tasks SET state = 'queued', attempts = 0, progress = 0, run_at = $2, cancel_requested = 0, "
      "started_at = NULL, finished_at = NULL WHERE id = $1 AND state = 'parked' AND NOT EXISTS (SELECT 1 "
      "FROM tasks twin WHERE twin.fingerprint = tasks.fingerprint AND twin.state IN ('queued', 'running'))",
      SQL_ARGS(args), e);
}

int tasks_drop(struct sql_tx *tx, int64_t id, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_int(now_ms)};
  return changed_one(tx, "UPDATE tasks SET state = 'failed', finished_at = $2 WHERE id = $1 AND state = 'parked'",
                     SQL_ARGS(args), e);
}

int tasks_set_reply(struct sql_tx *tx, int64_t id, const char *reply, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(reply)};
  return sql_run(tx, "UPDATE tasks SET reply = $2 WHERE id = $1", SQL_ARGS(args), NULL, e);
}

int tasks_delivered(struct sql_tx *tx, int64_t id, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_int(now_ms)};
  return changed_one(tx, "UPDATE tasks SET delivered_at = $2 WHERE id = $1 AND delivered_at IS NULL", SQL_ARGS(args),
                     e);
}
