/*
 * DESIGN. A lease is only a moment in the row: an item is due when it is unsent, its time has come and nobody's lease
 * lasts. Taking it sets the lease in one UPDATE; PostgreSQL passes over what another sender is taking just now.
 */
#include "store/outbox.h"

#include <stdlib.h>
#include <string.h>

int outbox_add(struct sql_tx *tx, const char *topic, const char *once, const char *payload, int64_t run_at_ms,
               int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_text(topic), sql_text(once), sql_text(payload), sql_int(run_at_ms),
                                 sql_int(now_ms)};
  int64_t changed;
  int rc = sql_run(tx,
                   "INSERT INTO outbox (topic, once, payload, run_at, created_at) VALUES ($1, $2, $3, $4, $5) "
                   "ON CONFLICT (once) DO NOTHING",
                   SQL_ARGS(args), &changed, e);
  return rc < 0 ? rc : changed > 0;
}

void outbox_item_release(struct outbox_item *i) {
  free(i->payload);
  *i = (struct outbox_item){0};
}

#define TAKE_FIRST                                                                                                     \
  "UPDATE outbox SET lease_until = $3, attempts = attempts + 1 WHERE sent_at IS NULL AND id = (SELECT id FROM outbox " \
  "WHERE topic = $1 AND sent_at IS NULL AND run_at <= $2 AND (lease_until IS NULL OR lease_until <= $2) "              \
  "ORDER BY run_at, id LIMIT 1"

int outbox_take(struct sql_tx *tx, const char *topic, int64_t lease_ms, int64_t now_ms, struct outbox_item *ret,
                struct err *e) {
  const struct sql_arg args[] = {sql_text(topic), sql_int(now_ms), sql_int(now_ms + lease_ms)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx,
                     sql_pick(tx, TAKE_FIRST ") RETURNING id, payload, attempts",
                              TAKE_FIRST " FOR UPDATE SKIP LOCKED) RETURNING id, payload, attempts"),
                     SQL_ARGS(args), &rows, e);
  if (rc < 0 || sql_count(rows) == 0) return rc;
  outbox_item_release(ret); /* of a try before */
  *ret = (struct outbox_item){.id = sql_get_int(rows, 0, 0),
                              .payload = x_strdup(sql_get_text(rows, 0, 1)),
                              .attempts = (int)sql_get_int(rows, 0, 2)};
  return 1;
}

int outbox_sent(struct sql_tx *tx, int64_t id, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_int(now_ms)};
  return sql_run(tx, "UPDATE outbox SET sent_at = $2, lease_until = NULL WHERE id = $1 AND sent_at IS NULL",
                 SQL_ARGS(args), NULL, e);
}

int outbox_note(struct sql_tx *tx, int64_t id, const char *payload, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(payload)};
  return sql_run(tx, "UPDATE outbox SET payload = $2 WHERE id = $1 AND sent_at IS NULL", SQL_ARGS(args), NULL, e);
}

int outbox_later(struct sql_tx *tx, int64_t id, int64_t run_at_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_int(run_at_ms)};
  return sql_run(tx, "UPDATE outbox SET run_at = $2, lease_until = NULL WHERE id = $1 AND sent_at IS NULL",
                 SQL_ARGS(args), NULL, e);
}

int outbox_renew(struct sql_tx *tx, int64_t id, int64_t until_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_int(until_ms)};
  return sql_run(tx, "UPDATE outbox SET lease_until = $2 WHERE id = $1 AND sent_at IS NULL", SQL_ARGS(args), NULL, e);
}

int outbox_waiting(struct sql_tx *tx, const char *topic, int64_t *ret_count, int64_t *ret_oldest_ms, struct err *e) {
  const struct sql_arg args[] = {sql_text(topic)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc =
      sql_query(tx, "SELECT COUNT(*), COALESCE(MIN(created_at), 0) FROM outbox WHERE topic = $1 AND sent_at IS NULL",
                SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  *ret_count = sql_get_int(rows, 0, 0);
  *ret_oldest_ms = sql_get_int(rows, 0, 1);
  return 0;
}

int outbox_clean(struct sql_tx *tx, int64_t before_ms, int64_t *ret_gone, struct err *e) {
  const struct sql_arg args[] = {sql_int(before_ms)};
  return sql_run(tx, "DELETE FROM outbox WHERE sent_at < $1", SQL_ARGS(args), ret_gone, e);
}
