/*
 * DESIGN. users.tier and users.tier_until are what is read for every job; the rows here are why. A tier may stand in the user's row
 * alone: an administrator gave it, or it was taken over from another system. Such a one is shown as a term with id 0 and becomes
 * a row at the first payment, before the user's row is written over.
 */
#include "store/subscriptions.h"

#include <stdio.h>
#include <string.h>

#include "store/users.h"

/* The column has no NULL: "without an end" is the last moment of the year 9999. */
#define FAR_AWAY 253402300799999LL

static int64_t stored_end(int64_t ends_ms) {
  return ends_ms > FAR_AWAY ? FAR_AWAY : ends_ms;
}

static struct subscription *append(struct subscription_list *list) {
  struct subscription *s = &list->at[list->count++];
  memset(s, 0, sizeof *s);
  return s;
}

/* The tier of the user's row, unless it has ended or one of the list holds it for as long. */
static int add_own_tier(struct sql_tx *tx, int64_t user_id, int64_t now_ms, struct subscription_list *list,
                        struct err *e) {
  _cleanup_(user_release) struct user u = {0};
  int rc = users_get(tx, user_id, &u, e);
  if (rc < 0) return rc;
  if (rc == 0) return err_set(e, ERR_INPUT, "there is no user %lld", (long long)user_id);
  if (strcmp(u.tier, "free") == 0 || u.tier_until_ms <= now_ms) return 0;
  for (size_t i = 0; i < list->count; i++)
    if (strcmp(list->at[i].tier, u.tier) == 0 && list->at[i].ends_ms >= u.tier_until_ms) return 0;
  struct subscription *s = append(list);
  snprintf(s->tier, sizeof s->tier, "%s", u.tier);
  s->starts_ms = now_ms;
  s->ends_ms = u.tier_until_ms;
  return 0;
}

int subscriptions_held(struct sql_tx *tx, int64_t user_id, int64_t now_ms, struct subscription_list *ret,
                       struct err *e) {
  ret->count = 0;
  const struct sql_arg args[] = {sql_int(user_id), sql_int(now_ms), sql_int(SUBSCRIPTIONS_HELD)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx,
                     "SELECT s.id, s.tier, s.starts_at, s.ends_at, p.amount_minor, p.currency FROM subscriptions s "
                     "LEFT JOIN payments p ON p.id = s.payment_id AND p.state = 'confirmed' "
                     "WHERE s.user_id = $1 AND s.ends_at > $2 ORDER BY s.starts_at, s.id LIMIT $3",
                     SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  if (sql_count(rows) >= SUBSCRIPTIONS_HELD)
    return err_set(e, ERR_INPUT, "user %lld has more than %d subscriptions to come", (long long)user_id,
                   SUBSCRIPTIONS_HELD - 1);
  for (size_t i = 0; i < sql_count(rows); i++) {
    struct subscription *s = append(ret);
    const char *currency = sql_get_text(rows, i, 5);
    s->id = sql_get_int(rows, i, 0);
    snprintf(s->tier, sizeof s->tier, "%s", sql_get_text(rows, i, 1));
    s->starts_ms = sql_get_int(rows, i, 2);
    s->ends_ms = sql_get_int(rows, i, 3);
    if (s->ends_ms == FAR_AWAY) s->ends_ms = USER_NO_END;
    s->amount_minor = sql_get_int(rows, i, 4);
    snprintf(s->currency, sizeof s->currency, "%s", currency ? currency : "");
  }
  return add_own_tier(tx, user_id, now_ms, ret, e);
}

/* 1, or 0 when the payment has a row already. */
static int insert(struct sql_tx *tx, const struct subscription_new *s, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(s->user_id),   sql_text(s->tier),
                                 sql_text(s->period),   s->payment_id ? sql_int(s->payment_id) : sql_null(),
                                 sql_int(s->starts_ms), sql_int(stored_end(s->ends_ms)),
                                 sql_int(now_ms)};
  int64_t changed;
  int rc = sql_run(tx,
                   "INSERT INTO subscriptions (user_id, tier, period, payment_id, starts_at, ends_at, created_at) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (payment_id) DO NOTHING",
                   SQL_ARGS(args), &changed, e);
  return rc < 0 ? rc : (int)changed;
}

static int end_now(struct sql_tx *tx, int64_t user_id, int64_t id, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_int(id), sql_int(now_ms)};
  return sql_run(
      tx,
      "UPDATE subscriptions SET ends_at = $3, starts_at = CASE WHEN starts_at > $3 THEN $3 ELSE starts_at END "
      "WHERE user_id = $1 AND id = $2 AND ends_at > $3",
      SQL_ARGS(args), NULL, e);
}

int subscriptions_add(struct sql_tx *tx, const struct subscription_new *s, int64_t now_ms, struct err *e) {
  struct subscription_list held;
  int rc = subscriptions_held(tx, s->user_id, now_ms, &held, e); /* before the new one, which may hide the user's own */
  if (rc < 0) return rc;
  rc = insert(tx, s, now_ms, e);
  if (rc <= 0) return rc;
  for (size_t i = 0; i < held.count; i++) {
    const struct subscription *own = &held.at[i];
    if (own->id != 0) continue;
    struct subscription_new row = {.user_id = s->user_id,
                                   .tier = own->tier,
                                   .period = "monthly", /* says nothing here; the column wants one of two */
                                   .starts_ms = own->starts_ms,
                                   .ends_ms = own->ends_ms};
    rc = insert(tx, &row, now_ms, e);
    if (rc < 0) return rc;
  }
  for (size_t i = 0; i < s->ended_count; i++) {
    rc = end_now(tx, s->user_id, s->ended[i], now_ms, e);
    if (rc < 0) return rc;
  }
  rc = users_set_tier(tx, s->user_id, s->tier_now, s->until_ms, now_ms, e);
  return rc < 0 ? rc : 1;
}
