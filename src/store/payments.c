/*
 * DESIGN. Every arrow of the picture in the header is one UPDATE whose WHERE names the state it starts from, as for tasks:
 * whoever comes second changes no row and is told so by the count.
 */
#include "store/payments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static const char *const state_names[] = {[PAYMENT_PENDING] = "pending",
                                          [PAYMENT_CONFIRMED] = "confirmed",
                                          [PAYMENT_FAILED] = "failed",
                                          [PAYMENT_REFUNDED] = "refunded"};

const char *payment_state_name(enum payment_state s) {
  return state_names[s];
}

static enum payment_state state_of(const char *name) {
  enum payment_state s = PAYMENT_PENDING;
  while (strcmp(state_names[s], name) != 0) s++; /* the table's CHECK allows no other */
  return s;
}

/* ---- rows ---- */

#define COLUMNS                                                                                                        \
  "id, public_id, user_id, provider, external_id, amount_minor, currency, purpose, state, method, metadata, "          \
  "created_at, completed_at"

void payment_release(struct payment *p) {
  free(p->provider);
  free(p->external_id);
  free(p->purpose);
  free(p->method);
  free(p->metadata);
  memset(p, 0, sizeof *p);
}

void payment_list_release(struct payment_list *l) {
  for (size_t i = 0; i < l->count; i++) payment_release(&l->payments[i]);
  free(l->payments);
  *l = (struct payment_list){0};
}

static void read_payment(const struct sql_rows *r, size_t i, struct payment *ret) {
  struct payment p = {.id = sql_get_int(r, i, 0),
                      .user_id = sql_get_int(r, i, 2),
                      .provider = sql_copy_text(r, i, 3),
                      .external_id = sql_copy_text(r, i, 4),
                      .amount_minor = sql_get_int(r, i, 5),
                      .purpose = sql_copy_text(r, i, 7),
                      .state = state_of(sql_get_text(r, i, 8)),
                      .method = sql_copy_text(r, i, 9),
                      .metadata = sql_copy_text(r, i, 10),
                      .created_ms = sql_get_int(r, i, 11),
                      .completed_ms = sql_get_int(r, i, 12)};
  snprintf(p.public_id, sizeof p.public_id, "%s", sql_get_text(r, i, 1));
  snprintf(p.currency, sizeof p.currency, "%s", sql_get_text(r, i, 6));
  payment_release(ret); /* a transaction that is run again brings the payment of the first try */
  *ret = p;
}

static int one(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, struct payment *ret,
               struct err *e) {
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, text, args, count, &rows, e);
  if (rc < 0 || sql_count(rows) == 0) return rc;
  read_payment(rows, 0, ret);
  return 1;
}

/* ---- changes ---- */

static int check(const struct payment_new *n, struct err *e) {
  if (n->amount_minor < 1 || n->amount_minor > LIMIT_PAYMENT_MINOR)
    return err_set(e, ERR_INPUT, "a payment of %lld minor units: from 1 to %lld are taken", (long long)n->amount_minor,
                   LIMIT_PAYMENT_MINOR);
  if (strlen(n->currency) != 3 || strspn(n->currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
    return err_set(e, ERR_INPUT, "\"%s\" is no currency: three capital letters are", n->currency);
  return 0;
}

int payments_create(struct sql_tx *tx, const struct payment_new *n, int64_t now_ms, struct payment *ret,
                    struct err *e) {
  char public_id[PUBLIC_ID + 1];
  int rc = check(n, e);
  if (rc == 0) rc = public_id_make(public_id, e);
  if (rc < 0) return rc;
  const struct sql_arg args[] = {sql_text(public_id),
                                 sql_int(n->user_id),
                                 sql_text(n->provider),
                                 sql_text(n->external_id),
                                 sql_int(n->amount_minor),
                                 sql_text(n->currency),
                                 sql_text(n->purpose ? n->purpose : "{}"),
                                 sql_text(n->method),
                                 sql_text(n->metadata ? n->metadata : "{}"),
                                 sql_int(now_ms)};
  rc = one(tx,
           "INSERT INTO payments (public_id, user_id, provider, external_id, amount_minor, currency, purpose, state, "
           "method, metadata, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10) "
           "ON CONFLICT (provider, external_id) DO NOTHING RETURNING " COLUMNS,
           SQL_ARGS(args), ret, e);
  if (rc != 0) return rc;
  rc = payments_find(tx, n->provider, n->external_id, ret, e);
  return rc < 0 ? rc : 0;
}

int payments_set_external(struct sql_tx *tx, int64_t id, const char *external_id, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(external_id)};
  int64_t changed;
  int rc = sql_run(tx,
                   "UPDATE payments SET external_id = $2 WHERE id = $1 AND (external_id IS NULL OR external_id = $2) "
                   "AND NOT EXISTS (SELECT 1 FROM payments other WHERE other.provider = payments.provider AND "
                   "other.external_id = $2 AND other.id <> $1)",
                   SQL_ARGS(args), &changed, e);
  return rc < 0 ? rc : changed > 0;
}

int payments_settle(struct sql_tx *tx, int64_t id, enum payment_state to, const char *method, int64_t now_ms,
                    struct err *e) {
  if (to == PAYMENT_PENDING) return err_set(e, ERR_FAIL, "a payment is settled to pending");
  const char *from = state_names[to == PAYMENT_REFUNDED ? PAYMENT_CONFIRMED : PAYMENT_PENDING];
  const struct sql_arg args[] = {sql_int(id), sql_text(state_names[to]), sql_text(from), sql_int(now_ms),
                                 sql_text(method)};
  int64_t changed;
  int rc = sql_run(tx,
                   "UPDATE payments SET state = $2, method = COALESCE(CAST($5 AS TEXT), method), "
                   "completed_at = COALESCE(completed_at, $4) "
                   "WHERE id = $1 AND state = $3",
                   SQL_ARGS(args), &changed, e);
  return rc < 0 ? rc : changed > 0;
}

/* ---- reading ---- */

int payments_get(struct sql_tx *tx, int64_t id, struct payment *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(id)};
  return one(tx, "SELECT " COLUMNS " FROM payments WHERE id = $1", SQL_ARGS(args), ret, e);
}

int payments_find(struct sql_tx *tx, const char *provider, const char *external_id, struct payment *ret,
                  struct err *e) {
  const struct sql_arg args[] = {sql_text(provider), sql_text(external_id)};
  return one(tx, "SELECT " COLUMNS " FROM payments WHERE provider = $1 AND external_id = $2", SQL_ARGS(args), ret, e);
}

int payments_find_public(struct sql_tx *tx, const char *public_id, struct payment *ret, struct err *e) {
  const struct sql_arg args[] = {sql_text(public_id)};
  return one(tx, "SELECT " COLUMNS " FROM payments WHERE public_id = $1", SQL_ARGS(args), ret, e);
}

int payments_of_user(struct sql_tx *tx, int64_t user_id, size_t most, struct payment_list *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_int((int64_t)(most < LIMIT_SQL_ROWS ? most : LIMIT_SQL_ROWS))};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc =
      sql_query(tx, "SELECT " COLUMNS " FROM payments WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
                SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  payment_list_release(ret); /* of a try before */
  ret->count = sql_count(rows);
  ret->payments = NEW_ARRAY(struct payment, ret->count);
  for (size_t i = 0; i < ret->count; i++) read_payment(rows, i, &ret->payments[i]);
  return 0;
}

int payments_sums(struct sql_tx *tx, struct payment_sum *ret, size_t room, struct err *e) {
  const struct sql_arg args[] = {sql_int((int64_t)room)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx,
                     "SELECT state, currency, COUNT(*), CAST(SUM(amount_minor) AS BIGINT) FROM payments "
                     "GROUP BY state, currency ORDER BY CASE state WHEN 'pending' THEN 0 WHEN 'confirmed' THEN 1 "
                     "WHEN 'failed' THEN 2 ELSE 3 END, currency LIMIT $1",
                     SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  for (size_t i = 0; i < sql_count(rows); i++) {
    ret[i] = (struct payment_sum){.state = state_of(sql_get_text(rows, i, 0)),
                                  .count = sql_get_int(rows, i, 2),
                                  .amount_minor = sql_get_int(rows, i, 3)};
    snprintf(ret[i].currency, sizeof ret[i].currency, "%s", sql_get_text(rows, i, 1));
  }
  return (int)sql_count(rows);
}
