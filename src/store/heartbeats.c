#include "store/heartbeats.h"

#include <string.h>

#include "base/json.h"

enum { SLOTS_MOST = 1024 }; /* of one process: what it writes is not trusted further */

int heartbeats_beat(struct sql_tx *tx, const char *name, const char *detail, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_text(name), sql_int(now_ms), sql_text(detail ? detail : "{}")};
  return sql_run(tx,
                 "INSERT INTO heartbeats (name, at, detail) VALUES ($1, $2, $3) "
                 "ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = excluded.detail",
                 SQL_ARGS(args), NULL, e);
}

/* A prefix compared by substr(): LIKE would read "_" and "%" in it, and SQLite's knows no case. */
#define ALIVE " FROM heartbeats WHERE substr(name, 1, length(CAST($1 AS TEXT))) = $1 AND at >= $2"

static int alive(struct sql_tx *tx, const char *text, const char *prefix, int64_t since_ms, struct sql_rows **ret,
                 struct err *e) {
  const struct sql_arg args[] = {sql_text(prefix), sql_int(since_ms)};
  return sql_query(tx, text, SQL_ARGS(args), ret, e);
}

int heartbeats_alive(struct sql_tx *tx, const char *prefix, int64_t since_ms, int64_t *ret, struct err *e) {
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = alive(tx, "SELECT COUNT(*)" ALIVE, prefix, since_ms, &rows, e);
  if (rc == 0) *ret = sql_get_int(rows, 0, 0);
  return rc;
}

int heartbeats_slots(struct sql_tx *tx, const char *prefix, int64_t since_ms, int64_t *ret, struct err *e) {
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = alive(tx, "SELECT detail" ALIVE " ORDER BY at DESC LIMIT 1000", prefix, since_ms, &rows, e);
  if (rc < 0) return rc;
  int64_t sum = 0;
  for (size_t i = 0; i < sql_count(rows); i++) {
    _cleanup_(js_freep) struct js *detail = NULL;
    const char *text = sql_get_text(rows, i, 0);
    int64_t slots = 1;
    if (js_parse(text, strlen(text), "a heartbeat", &detail, NULL) == 0) slots = js_int_or(detail, "slots", 1);
    sum += slots < 0 ? 0 : slots > SLOTS_MOST ? SLOTS_MOST : slots;
  }
  *ret = sum;
  return 0;
}

int heartbeats_latest(struct sql_tx *tx, const char *prefix, int64_t *ret_ms, struct err *e) {
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = alive(tx, "SELECT COALESCE(MAX(at), 0)" ALIVE, prefix, 0, &rows, e);
  if (rc == 0) *ret_ms = sql_get_int(rows, 0, 0);
  return rc;
}

int heartbeats_each(struct sql_tx *tx, int64_t since_ms, int (*fn)(void *ctx, const char *name, const char *detail),
                    void *ctx, struct err *e) {
  const struct sql_arg args[] = {sql_int(since_ms), sql_int(HEARTBEATS_MOST)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, "SELECT name, detail FROM heartbeats WHERE at >= $1 ORDER BY at DESC, name LIMIT $2",
                     SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  for (size_t i = 0; i < sql_count(rows) && rc == 0; i++)
    rc = fn(ctx, sql_get_text(rows, i, 0), sql_get_text(rows, i, 1));
  return rc;
}

int heartbeats_forget(struct sql_tx *tx, const char *name, struct err *e) {
  const struct sql_arg args[] = {sql_text(name)};
  return sql_run(tx, "DELETE FROM heartbeats WHERE name = $1", SQL_ARGS(args), NULL, e);
}

int heartbeats_clean(struct sql_tx *tx, int64_t before_ms, int64_t *ret_gone, struct err *e) {
  const struct sql_arg args[] = {sql_int(before_ms)};
  return sql_run(tx, "DELETE FROM heartbeats WHERE at < $1", SQL_ARGS(args), ret_gone, e);
}
