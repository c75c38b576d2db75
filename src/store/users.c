/*
 * DESIGN. users_seen() runs for every message that comes in, so it reads first and writes only what has changed: most
 * transactions then leave the row alone and cannot stand in another's way. The write itself is an upsert, which is
 * right also when two messages of a new user arrive at once.
 */
#include "store/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define COLUMNS                                                                                                        \
  "id, telegram_id, username, first_name, last_name, language, tier, tier_until, tasks_total, defaults, blocked, "     \
  "created_at, updated_at"

void user_release(struct user *u) {
  free(u->username);
  free(u->first_name);
  free(u->last_name);
  free(u->defaults);
  memset(u, 0, sizeof *u);
}

static void read_user(const struct sql_rows *r, struct user *ret) {
  struct user u = {.id = sql_get_int(r, 0, 0),
                   .telegram_id = sql_get_int(r, 0, 1),
                   .username = sql_copy_text(r, 0, 2),
                   .first_name = sql_copy_text(r, 0, 3),
                   .last_name = sql_copy_text(r, 0, 4),
                   .tier_until_ms = sql_is_null(r, 0, 7) ? USER_NO_END : sql_get_int(r, 0, 7),
                   .tasks_total = sql_get_int(r, 0, 8),
                   .defaults = x_strdup(sql_get_text(r, 0, 9)),
                   .blocked = sql_get_int(r, 0, 10) != 0,
                   .created_ms = sql_get_int(r, 0, 11),
                   .updated_ms = sql_get_int(r, 0, 12)};
  snprintf(u.language, sizeof u.language, "%s", sql_get_text(r, 0, 5));
  snprintf(u.tier, sizeof u.tier, "%s", sql_get_text(r, 0, 6));
  user_release(ret); /* a transaction that is run again brings the user of the first try */
  *ret = u;
}

static int get(struct sql_tx *tx, const char *text, int64_t key, struct user *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(key)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, text, SQL_ARGS(args), &rows, e);
  if (rc < 0 || sql_count(rows) == 0) return rc;
  read_user(rows, ret);
  return 1;
}

int users_get(struct sql_tx *tx, int64_t id, struct user *ret, struct err *e) {
  return get(tx, "SELECT " COLUMNS " FROM users WHERE id = $1", id, ret, e);
}

int users_find(struct sql_tx *tx, int64_t telegram_id, struct user *ret, struct err *e) {
  return get(tx, "SELECT " COLUMNS " FROM users WHERE telegram_id = $1", telegram_id, ret, e);
}

/* ---- somebody has written ---- */

static char *bounded_name(const char *s) {
  if (!s || !*s) return NULL;
  const char *end = s;
  for (int i = 0; i < USER_NAME_CHARACTERS && *end; i++) {
    size_t n;
    utf8_next(end, &n);
    end += n;
  }
  return x_strndup(s, (size_t)(end - s));
}

static bool same(const char *a, const char *b) {
  return a && b ? strcmp(a, b) == 0 : a == b;
}

int users_seen(struct sql_tx *tx, const struct user_names *names, int64_t now_ms, struct user *ret, struct err *e) {
  _cleanup_(mem_freep) char *username = bounded_name(names->username);
  _cleanup_(mem_freep) char *first = bounded_name(names->first_name);
  _cleanup_(mem_freep) char *last = bounded_name(names->last_name);
  int rc = users_find(tx, names->telegram_id, ret, e);
  if (rc < 0) return rc;
  if (rc > 0 && same(ret->username, username) && same(ret->first_name, first) && same(ret->last_name, last) &&
      !ret->blocked)
    return 0;
  const struct sql_arg args[] = {sql_int(names->telegram_id),
                                 sql_text(username),
                                 sql_text(first),
                                 sql_text(last),
                                 sql_text(names->language ? names->language : "ru"),
                                 sql_int(now_ms)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  rc = sql_query(tx,
                 "INSERT INTO users (telegram_id, username, first_name, last_name, language, created_at, updated_at) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (telegram_id) DO UPDATE SET "
                 "username = excluded.username, first_name = excluded.first_name, last_name = excluded.last_name, "
                 "blocked = 0, updated_at = excluded.updated_at RETURNING " COLUMNS,
                 SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  read_user(rows, ret);
  return 0;
}

/* ---- changes ---- */

/* The text's $1 is the user. */
static int change(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, struct err *e) {
  int64_t changed;
  int rc = sql_run(tx, text, args, count, &changed, e);
  if (rc == 0 && changed == 0) return err_set(e, ERR_INPUT, "there is no user %lld", (long long)args[0].number);
  return rc;
}

int users_set_language(struct sql_tx *tx, int64_t id, const char *language, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(language), sql_int(now_ms)};
  return change(tx, "UPDATE users SET language = $2, updated_at = $3 WHERE id = $1", SQL_ARGS(args), e);
}

int users_set_tier(struct sql_tx *tx, int64_t id, const char *tier, int64_t until_ms, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(tier), until_ms == USER_NO_END ? sql_null() : sql_int(until_ms),
                                 sql_int(now_ms)};
  return change(tx, "UPDATE users SET tier = $2, tier_until = $3, updated_at = $4 WHERE id = $1", SQL_ARGS(args), e);
}

int users_set_blocked(struct sql_tx *tx, int64_t id, bool blocked, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_int(blocked), sql_int(now_ms)};
  return change(tx, "UPDATE users SET blocked = $2, updated_at = $3 WHERE id = $1", SQL_ARGS(args), e);
}

int users_set_defaults(struct sql_tx *tx, int64_t id, const char *json, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(id), sql_text(json), sql_int(now_ms)};
  return change(tx, "UPDATE users SET defaults = $2, updated_at = $3 WHERE id = $1", SQL_ARGS(args), e);
}
