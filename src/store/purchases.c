#include "store/purchases.h"

int purchases_add(struct sql_tx *tx, int64_t user_id, int64_t max_ms, int64_t payment_id, int64_t now_ms,
                  int64_t *ret_id, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_int(max_ms), payment_id ? sql_int(payment_id) : sql_null(),
                                 sql_int(now_ms)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL, *old = NULL;
  int rc = sql_query(tx,
                     "INSERT INTO purchases (user_id, max_ms, payment_id, created_at) VALUES ($1, $2, $3, $4) "
                     "ON CONFLICT (payment_id) DO NOTHING RETURNING id",
                     SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  if (sql_count(rows) > 0) {
    *ret_id = sql_get_int(rows, 0, 0);
    return 1;
  }
  const struct sql_arg payment[] = {sql_int(payment_id)};
  rc = sql_query(tx, "SELECT id FROM purchases WHERE payment_id = $1", SQL_ARGS(payment), &old, e);
  if (rc < 0) return rc;
  *ret_id = sql_get_int(old, 0, 0);
  return 0;
}

int purchases_take(struct sql_tx *tx, int64_t user_id, int64_t least_ms, int64_t task_id, int64_t *ret_id,
                   struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_int(least_ms), sql_int(task_id)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc =
      sql_query(tx,
                "UPDATE purchases SET task_id = $3 WHERE task_id IS NULL AND id = (SELECT id FROM purchases "
                "WHERE user_id = $1 AND max_ms >= $2 AND task_id IS NULL ORDER BY max_ms, id LIMIT 1) RETURNING id",
                SQL_ARGS(args), &rows, e);
  if (rc < 0 || sql_count(rows) == 0) return rc;
  *ret_id = sql_get_int(rows, 0, 0);
  return 1;
}

int purchases_give_back(struct sql_tx *tx, int64_t purchase_id, int64_t task_id, struct err *e) {
  const struct sql_arg args[] = {sql_int(purchase_id), sql_int(task_id)};
  int64_t changed;
  int rc =
      sql_run(tx, "UPDATE purchases SET task_id = NULL WHERE id = $1 AND task_id = $2", SQL_ARGS(args), &changed, e);
  return rc < 0 ? rc : (int)changed;
}

int purchases_unspent(struct sql_tx *tx, int64_t user_id, int64_t *ret_ms, size_t room, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_int((int64_t)room)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx,
                     "SELECT max_ms FROM purchases WHERE user_id = $1 AND task_id IS NULL GROUP BY max_ms "
                     "ORDER BY max_ms LIMIT $2",
                     SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  for (size_t i = 0; i < sql_count(rows); i++) ret_ms[i] = sql_get_int(rows, i, 0);
  return (int)sql_count(rows);
}
