#include "store/updates.h"

int updates_seen(struct sql_tx *tx, int64_t update_id, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(update_id), sql_int(now_ms)};
  int64_t changed;
  int rc =
      sql_run(tx, "INSERT INTO seen_updates (update_id, seen_at) VALUES ($1, $2) ON CONFLICT (update_id) DO NOTHING",
              SQL_ARGS(args), &changed, e);
  return rc < 0 ? rc : changed > 0;
}

int updates_last(struct sql_tx *tx, int64_t *ret, struct err *e) {
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, "SELECT COALESCE(MAX(update_id), 0) FROM seen_updates", SQL_NO_ARGS, &rows, e);
  if (rc == 0) *ret = sql_get_int(rows, 0, 0);
  return rc;
}

int updates_clean(struct sql_tx *tx, int64_t now_ms, int64_t *ret_gone, struct err *e) {
  const struct sql_arg args[] = {sql_int(now_ms - UPDATES_KEPT_MS)};
  return sql_run(tx, "DELETE FROM seen_updates WHERE seen_at < $1", SQL_ARGS(args), ret_gone, e);
}
