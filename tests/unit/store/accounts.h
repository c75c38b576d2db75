/* For tests of what users have: a database with the core schema, and the rows that others point at. */
#ifndef TITR_TESTS_STORE_ACCOUNTS_H
#define TITR_TESTS_STORE_ACCOUNTS_H

#include "support/scratch.h"

#include "store/migrate.h"
#include "store/payments.h"
#include "store/sql.h"
#include "store/users.h"

#define NOW 1795000000000LL
#define DAY 86400000LL

#define MUST(call)                                                                                                     \
  do {                                                                                                                 \
    struct err e_ = {0}, *e = &e_;                                                                                     \
    if ((call) < 0) fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, e_.msg);                                      \
  } while (0)

__attribute__((unused)) static struct sql *open_core(struct scratch *s) {
  struct sql *db = NULL;
  MUST(sql_open(s->url, NULL, &db, e));
  MUST(migrate_upgrade(db, "head", NULL, e));
  return db;
}

__attribute__((unused)) static struct sql_tx *begin(struct sql *db) {
  struct sql_tx *tx = NULL;
  MUST(sql_begin(db, SQL_WRITE, &tx, e));
  return tx;
}

__attribute__((unused)) static void commit(struct sql_tx *tx) {
  MUST(sql_commit(tx, e));
}

__attribute__((unused)) static int64_t make_user(struct sql_tx *tx, int64_t telegram_id) {
  _cleanup_(user_release) struct user u = {0};
  MUST(users_seen(tx, &(struct user_names){.telegram_id = telegram_id, .first_name = "Test"}, NOW, &u, e));
  return u.id;
}

__attribute__((unused)) static int64_t insert_row(struct sql_tx *tx, const char *text, const struct sql_arg *args,
                                                  size_t count) {
  struct sql_rows *rows = NULL;
  MUST(sql_query(tx, text, args, count, &rows, e));
  int64_t id = sql_get_int(rows, 0, 0);
  sql_rows_free(rows);
  return id;
}

/* For functions that sql_transact() may run again. */
__attribute__((unused)) static int try_task(struct sql_tx *tx, int64_t user, int64_t *ret_id, struct err *e) {
  static int64_t count;
  char name[64];
  snprintf(name, sizeof name, "t%d-%lld", (int)getpid(), (long long)count++);
  const struct sql_arg args[] = {sql_text(name), sql_int(user), sql_int(NOW)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx,
                     "INSERT INTO tasks (public_id, user_id, state, lane, input_kind, input, run_at, created_at) "
                     "VALUES ($1, $2, 'queued', 3, 'path', '{}', $3, $3) RETURNING id",
                     SQL_ARGS(args), &rows, e);
  if (rc == 0) *ret_id = sql_get_int(rows, 0, 0);
  return rc;
}

__attribute__((unused)) static int64_t make_task(struct sql_tx *tx, int64_t user) {
  int64_t id = 0;
  MUST(try_task(tx, user, &id, e));
  return id;
}

__attribute__((unused)) static int64_t make_payment(struct sql_tx *tx, int64_t user, int64_t amount,
                                                    enum payment_state state) {
  static int64_t count;
  char name[64];
  snprintf(name, sizeof name, "p%lld", (long long)count++);
  _cleanup_(payment_release) struct payment p = {0};
  const struct payment_new n = {
      .user_id = user, .provider = "platega", .external_id = name, .amount_minor = amount, .currency = "RUB"};
  MUST(payments_create(tx, &n, NOW, &p, e));
  if (state == PAYMENT_REFUNDED) MUST(payments_settle(tx, p.id, PAYMENT_CONFIRMED, NULL, NOW, e));
  if (state != PAYMENT_PENDING) MUST(payments_settle(tx, p.id, state, NULL, NOW, e));
  return p.id;
}

/* The one number that a statement gives, in a transaction of its own. */
__attribute__((unused)) static int64_t number(struct sql *db, const char *text) {
  struct sql_tx *tx = NULL;
  struct sql_rows *rows = NULL;
  MUST(sql_begin(db, SQL_READ, &tx, e));
  MUST(sql_query(tx, text, SQL_NO_ARGS, &rows, e));
  assert_int_equal(sql_count(rows), 1);
  int64_t n = sql_get_int(rows, 0, 0);
  sql_rows_free(rows);
  sql_rollback(tx);
  return n;
}

#endif
