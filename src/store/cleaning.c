#include "store/cleaning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cleaning_list_release(struct cleaning_list *l) {
  free(l->items);
  *l = (struct cleaning_list){0};
}

/* An expired tier counts as free, as in plans. PARKED tasks keep their input as long as results are kept: somebody
 * may try them again. */
static const char due_text[] =
    "SELECT id, public_id, tier, finished_at, state FROM ("
    " SELECT t.id, t.public_id, t.finished_at, t.state, t.delivered_at,"
    "  CASE WHEN u.tier_until IS NOT NULL AND u.tier_until <= $1 THEN 'free' ELSE u.tier END AS tier"
    " FROM tasks t JOIN users u ON u.id = t.user_id"
    " WHERE t.files_gone_at IS NULL AND t.finished_at IS NOT NULL) AS ended "
    "WHERE finished_at <= $1 - CASE WHEN state IN ('failed', 'cancelled') THEN CAST($5 AS BIGINT)"
    " WHEN tier = 'creator' THEN CAST($4 AS BIGINT) WHEN tier = 'pro' THEN CAST($3 AS BIGINT) ELSE CAST($2 AS BIGINT) "
    "END"
    " OR ($6 = 1 AND delivered_at IS NOT NULL) "
    "ORDER BY finished_at, id LIMIT $7";

static enum task_state state_of(const char *name) {
  for (int s = TASK_QUEUED; s <= TASK_PARKED; s++)
    if (strcmp(name, task_state_name((enum task_state)s)) == 0) return (enum task_state)s;
  return TASK_FAILED;
}

int cleaning_due(struct sql_tx *tx, const struct cleaning_rules *r, int64_t now_ms, size_t most,
                 struct cleaning_list *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(now_ms),        sql_int(r->free_ms),    sql_int(r->pro_ms),
                                 sql_int(r->creator_ms), sql_int(r->nothing_ms), sql_int(r->hard),
                                 sql_int((int64_t)most)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, due_text, SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  cleaning_list_release(ret);
  ret->count = sql_count(rows);
  ret->items = NEW_ARRAY(struct cleaning_item, ret->count + 1);
  for (size_t i = 0; i < ret->count; i++) {
    struct cleaning_item *item = &ret->items[i];
    item->id = sql_get_int(rows, i, 0);
    snprintf(item->public_id, sizeof item->public_id, "%s", sql_get_text(rows, i, 1));
    snprintf(item->tier, sizeof item->tier, "%s", sql_get_text(rows, i, 2));
    item->finished_ms = sql_get_int(rows, i, 3);
    item->state = state_of(sql_get_text(rows, i, 4));
  }
  return 0;
}

int cleaning_gone(struct sql_tx *tx, int64_t task_id, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(task_id), sql_int(now_ms)};
  return sql_run(tx, "UPDATE tasks SET files_gone_at = $2 WHERE id = $1 AND files_gone_at IS NULL", SQL_ARGS(args),
                 NULL, e);
}

int cleaning_known(struct sql_tx *tx, const char *public_id, struct err *e) {
  const struct sql_arg args[] = {sql_text(public_id)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc =
      sql_query(tx, "SELECT 1 FROM tasks WHERE public_id = $1 AND files_gone_at IS NULL", SQL_ARGS(args), &rows, e);
  return rc < 0 ? rc : sql_count(rows) > 0;
}
