/*
 * DESIGN. A limit is one conditional UPDATE of one row, so that two transactions at the last job of a day cannot both
 * pass: SQLite has one writer, and PostgreSQL makes the second one wait and then sends it round again (sql_transact()),
 * where it finds the row as the first left it. The ledger's UNIQUE (task_id, kind) makes charge and refund happen once:
 * the refund's row is written first, and only who has written it gives back.
 */
#include "store/quota.h"

#include <stdio.h>
#include <string.h>

#include "store/purchases.h"

static int is_charged(struct sql_tx *tx, int64_t task_id, struct err *e) {
  struct quota_entry entry;
  return quota_of_task(tx, task_id, &entry, e);
}

static int write_charge(struct sql_tx *tx, int64_t user_id, int64_t task_id, const char *source, const char *day,
                        int64_t purchase_id, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id),
                                 sql_int(task_id),
                                 sql_text(source),
                                 sql_text(day),
                                 purchase_id ? sql_int(purchase_id) : sql_null(),
                                 sql_int(now_ms)};
  int rc = sql_run(tx,
                   "INSERT INTO usage_ledger (user_id, task_id, kind, source, day, purchase_id, created_at) "
                   "VALUES ($1, $2, 'charge', $3, $4, $5, $6)",
                   SQL_ARGS(args), NULL, e);
  return rc < 0 ? rc : 1;
}

int quota_charge(struct sql_tx *tx, int64_t user_id, const char *day, int64_t limit, int64_t task_id, int64_t now_ms,
                 struct err *e) {
  int rc = is_charged(tx, task_id, e);
  if (rc != 0) return rc;
  const struct sql_arg args[] = {sql_int(user_id), sql_text(day), sql_int(limit)};
  rc = sql_run(tx, "INSERT INTO quota_days (user_id, day) VALUES ($1, $2) ON CONFLICT (user_id, day) DO NOTHING", args,
               2, NULL, e);
  if (rc < 0) return rc;
  int64_t changed;
  rc = sql_run(tx, "UPDATE quota_days SET used = used + 1 WHERE user_id = $1 AND day = $2 AND used < $3",
               SQL_ARGS(args), &changed, e);
  if (rc < 0 || changed == 0) return rc;
  return write_charge(tx, user_id, task_id, "quota", day, 0, now_ms, e);
}

int quota_charge_purchase(struct sql_tx *tx, int64_t user_id, int64_t least_ms, int64_t task_id, int64_t now_ms,
                          struct err *e) {
  int rc = is_charged(tx, task_id, e);
  if (rc != 0) return rc;
  int64_t purchase_id;
  rc = purchases_take(tx, user_id, least_ms, task_id, &purchase_id, e);
  if (rc <= 0) return rc;
  return write_charge(tx, user_id, task_id, "purchase", NULL, purchase_id, now_ms, e);
}

int quota_charge_nothing(struct sql_tx *tx, int64_t user_id, int64_t task_id, int64_t now_ms, struct err *e) {
  int rc = is_charged(tx, task_id, e);
  return rc != 0 ? rc : write_charge(tx, user_id, task_id, "unlimited", NULL, 0, now_ms, e);
}

int quota_refund(struct sql_tx *tx, int64_t task_id, const char *reason, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(task_id), sql_text(reason), sql_int(now_ms)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc =
      sql_query(tx,
                "INSERT INTO usage_ledger (user_id, task_id, kind, source, day, purchase_id, reason, created_at) "
                "SELECT user_id, task_id, 'refund', source, day, purchase_id, CAST($2 AS TEXT), CAST($3 AS BIGINT) "
                "FROM usage_ledger WHERE task_id = $1 AND kind = 'charge' "
                "ON CONFLICT (task_id, kind) DO NOTHING RETURNING user_id, source, day, purchase_id",
                SQL_ARGS(args), &rows, e);
  if (rc < 0 || sql_count(rows) == 0) return rc;
  const char *source = sql_get_text(rows, 0, 1);
  if (strcmp(source, "quota") == 0) {
    const struct sql_arg of_day[] = {sql_int(sql_get_int(rows, 0, 0)), sql_text(sql_get_text(rows, 0, 2))};
    rc = sql_run(tx, "UPDATE quota_days SET used = used - 1 WHERE user_id = $1 AND day = $2 AND used > 0",
                 SQL_ARGS(of_day), NULL, e);
  } else if (strcmp(source, "purchase") == 0) {
    rc = purchases_give_back(tx, sql_get_int(rows, 0, 3), task_id, e);
  }
  return rc < 0 ? rc : 1;
}

int quota_used(struct sql_tx *tx, int64_t user_id, const char *day, int64_t *ret_used, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_text(day)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, "SELECT used FROM quota_days WHERE user_id = $1 AND day = $2", SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  *ret_used = sql_count(rows) > 0 ? sql_get_int(rows, 0, 0) : 0;
  return 0;
}

int quota_of_task(struct sql_tx *tx, int64_t task_id, struct quota_entry *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(task_id)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc =
      sql_query(tx,
                "SELECT source, day, purchase_id, (SELECT COUNT(*) FROM usage_ledger r WHERE r.task_id = c.task_id "
                "AND r.kind = 'refund') FROM usage_ledger c WHERE task_id = $1 AND kind = 'charge'",
                SQL_ARGS(args), &rows, e);
  if (rc < 0 || sql_count(rows) == 0) return rc;
  const char *day = sql_get_text(rows, 0, 1);
  *ret = (struct quota_entry){.purchase_id = sql_get_int(rows, 0, 2), .given_back = sql_get_int(rows, 0, 3) > 0};
  snprintf(ret->source, sizeof ret->source, "%s", sql_get_text(rows, 0, 0));
  snprintf(ret->day, sizeof ret->day, "%s", day ? day : "");
  return 1;
}
