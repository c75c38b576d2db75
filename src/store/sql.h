/*
 * The SQL seam: one small interface over SQLite (WAL) and PostgreSQL (libpq). The drivers are sql_sqlite.c and
 * sql_postgres.c; no other file includes their libraries' headers.
 *
 *   struct sql *db;
 *   rc = sql_open("sqlite:/var/lib/titr/titr.db", NULL, &db, &e);      or "postgresql://user:secret@host/name"
 *
 *   static int give(struct sql_tx *tx, void *ctx, struct err *e) {
 *     const struct sql_arg args[] = {sql_int(user), sql_text(day)};
 *     return sql_run(tx, "UPDATE quota_days SET used = used + 1 WHERE user_id = $1 AND day = $2", SQL_ARGS(args), NULL, e);
 *   }
 *   rc = sql_transact(db, SQL_WRITE, give, &ctx, &e);                  // committed, or nothing happened
 *
 * Texts are literals with placeholders $1, $2, … (both drivers take them); values travel beside the text, never in
 * it. The dialect they share: BIGINT (int64), DOUBLE PRECISION, TEXT, BOOLEAN as BIGINT 0/1, times as BIGINT milliseconds since the
 * epoch in UTC, ON CONFLICT, RETURNING. Where one text cannot serve both, sql_pick() chooses.
 *
 * Transactions. SQL_WRITE is BEGIN IMMEDIATE in SQLite (one writer at a time, waiting up to busy_ms) and REPEATABLE READ in
 * PostgreSQL; SQL_READ sees one state of the database. sql_transact() runs the function again, from the
 * start and on a new transaction, when the database asks for it (serialization failure, deadlock) and when the
 * connection was lost BEFORE the commit was sent; it gives up after `tries` times, but not before busy_ms have passed
 * (with tries = 1: at once). So the function must do nothing but SQL, and set its results anew each time. A connection
 * lost while the commit was under way may or may not have committed: that is ERR_UNSURE, never tried again by itself;
 * what is written carries an id of its own (a task's public id, an outbox key, …), and the caller looks.
 *
 * After a failed statement, whatever its code, the transaction can only end: every further statement fails, and so does
 * the commit (with the first failure). What may fail in passing is written so that it does not: ON CONFLICT DO NOTHING.
 * A thread holds one transaction at a time: a second one would wait for the first.
 *
 * Errors: ERR_IO (the database cannot be reached, is read-only, full; the message never holds the password),
 * ERR_CONFLICT (a unique or foreign key or a CHECK refused a row: the caller decides what that means),
 * ERR_UNSURE (see above), ERR_TIMEOUT (busy_ms passed before a lock or a connection became free,
 * a statement took statement_s, or others were always in the way), ERR_FAIL (the text is wrong: a bug), and of sql_open()
 * ERR_USAGE (the address is none).
 *
 * Threads: a struct sql is safe from all threads; each transaction has a connection of its own (PostgreSQL: at most
 * `connections`, waited for up to busy_ms). A struct sql_tx and its rows stay in the thread that began it.
 */
#ifndef TITR_STORE_SQL_H
#define TITR_STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct sql;
struct sql_tx;
struct sql_rows;

enum sql_dialect { SQL_SQLITE, SQL_POSTGRES };
enum sql_mode { SQL_READ, SQL_WRITE };

struct sql_options {
  int connections; /* PostgreSQL: most at once, default 4 */
  int busy_ms;     /* longest wait for a lock or a free connection, default 5000 */
  int tries;       /* of sql_transact(), default 10 */
  int statement_s; /* PostgreSQL: longest time for one statement, default 30 (also for 0) */
};
struct sql_options sql_default_options(void);

/* Opens and connects once. A SQLite file is made when absent (mode 0600), its folder is not. */
int sql_open(const char *url, const struct sql_options *o /* NULL: defaults */, struct sql **ret, struct err *e);
void sql_close(struct sql *db); /* all transactions must have ended */
enum sql_dialect sql_dialect(const struct sql *db);
const char *sql_display(const struct sql *db); /* the address without password, for messages */

/* ---- values ---- */

enum sql_type { SQL_NULL, SQL_INT, SQL_REAL, SQL_TEXT };

struct sql_arg {
  enum sql_type type;
  int64_t number;
  double real;
  const char *text; /* UTF-8, no NUL; must live until the call returns */
};
static inline struct sql_arg sql_int(int64_t v) {
  return (struct sql_arg){.type = SQL_INT, .number = v};
}
static inline struct sql_arg sql_real(double v) {
  return (struct sql_arg){.type = SQL_REAL, .real = v};
}
static inline struct sql_arg sql_text(const char *v) {
  return (struct sql_arg){.type = v ? SQL_TEXT : SQL_NULL, .text = v};
} /* NULL: SQL's NULL */
static inline struct sql_arg sql_null(void) {
  return (struct sql_arg){.type = SQL_NULL};
}
#define SQL_ARGS(array) (array), ARRAY_LEN(array)
#define SQL_NO_ARGS     NULL, 0

/* ---- transactions ---- */

typedef int (*sql_fn)(struct sql_tx *tx, void *ctx, struct err *e);
/* Runs fn inside a transaction: committed when it returns 0 (or more), rolled back when it returns an error, which
 * is passed on. Returns what fn returned. */
int sql_transact(struct sql *db, enum sql_mode mode, sql_fn fn, void *ctx, struct err *e);

/* By hand, for what needs it (migrations, tests). Commit and rollback end the transaction in any case. */
int sql_begin(struct sql *db, enum sql_mode mode, struct sql_tx **ret, struct err *e);
int sql_commit(struct sql_tx *tx, struct err *e);
void sql_rollback(struct sql_tx *tx); /* NULL is fine */
struct sql *sql_tx_db(const struct sql_tx *tx);

/* ---- statements ---- */

/* $1 … $count must all stand in the text, each as often as it likes. Where nothing tells the type of a value that may be
 * NULL (`$1 IS NULL`), PostgreSQL wants it said: CAST($1 AS BIGINT). SQL_READ transactions cannot write (ERR_FAIL). */
/* One statement without rows to read. ret_changed (may be NULL): rows inserted, updated or deleted. */
int sql_run(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, int64_t *ret_changed,
            struct err *e);
/* A file of statements (migrations): no placeholders, run one after the other. */
int sql_script(struct sql_tx *tx, const char *script, struct err *e);
/* Rows are read whole into memory, at most LIMIT_SQL_ROWS (then ERR_FAIL: the text needs a LIMIT). */
int sql_query(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, struct sql_rows **ret,
              struct err *e);

const char *sql_pick(const struct sql_tx *tx, const char *sqlite, const char *postgres);

/* ---- rows ---- */

size_t sql_count(const struct sql_rows *r);
size_t sql_columns(const struct sql_rows *r); /* 0 when there is no row */
/* Rows and columns from 0; one that is not there ends the program (abort()). A NULL is 0, 0.0 and NULL; a number asked for
 * as text is its decimal text, a real asked for as an integer is cut to a whole number. A truth value is 0 or 1. */
bool sql_is_null(const struct sql_rows *r, size_t row, size_t column);
int64_t sql_get_int(const struct sql_rows *r, size_t row, size_t column);
double sql_get_real(const struct sql_rows *r, size_t row, size_t column);
const char *sql_get_text(const struct sql_rows *r, size_t row, size_t column); /* valid until the rows are freed */
char *sql_copy_text(const struct sql_rows *r, size_t row, size_t column);      /* a copy, the caller's; NULL for NULL */
void sql_rows_free(struct sql_rows *r);

static inline void sql_rows_freep(struct sql_rows **r) {
  sql_rows_free(*r);
}
static inline void sql_closep(struct sql **db) {
  sql_close(*db);
}
static inline void sql_rollbackp(struct sql_tx **tx) {
  sql_rollback(*tx);
} /* TAKE() it into sql_commit() */

#endif
