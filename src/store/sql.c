/*
 * DESIGN. Here is what both databases share: which driver an address means, transactions that are run again, the rows
 * in memory, and the faults of tests. A driver only speaks to its library and sorts its errors into fates
 * (sql_driver.h). PostgreSQL refuses everything after a failed statement until the rollback, SQLite does not; sql.c
 * refuses for both, so that what passes over SQLite passes over PostgreSQL too.
 */
#include "store/sql.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/utf8.h"
#include "store/sql_driver.h"
#include "store/sql_fault.h"

struct sql {
  const struct sql_driver *driver;
  struct sql_place *place;
  enum sql_dialect dialect;
  struct sql_options options;
  char *display;
  struct fault fault;
  atomic_bool away; /* told in the log, until it answers again */
};

struct sql_tx {
  struct sql *db;
  struct sql_conn *conn;
  enum sql_mode mode;
  int failed; /* the ERR_* of the first failure, which `first` holds */
  enum sql_fate fate;
  struct err first;
};

struct sql_options sql_default_options(void) {
  return (struct sql_options){.connections = 4, .busy_ms = 5000, .tries = 10, .statement_s = 30};
}

/* ---- opening ---- */

static bool starts(const char *s, const char *with) {
  return strncmp(s, with, strlen(with)) == 0;
}

int sql_open(const char *url, const struct sql_options *o, struct sql **ret, struct err *e) {
  struct sql_options options = o ? *o : sql_default_options();
  if (options.connections < 1 || options.busy_ms < 0 || options.tries < 1)
    return err_set(e, ERR_USAGE, "the database needs at least one connection and one try");
  if (options.statement_s <= 0) options.statement_s = sql_default_options().statement_s;
  const struct sql_driver *driver = NULL;
  enum sql_dialect dialect = SQL_SQLITE;
  if (starts(url, "sqlite:")) driver = &sql_sqlite_driver;
  if (starts(url, "postgresql://") || starts(url, "postgres://")) {
    driver = &sql_postgres_driver;
    dialect = SQL_POSTGRES;
  }
  if (!driver) /* the address may hold a password: it is not repeated */
    return err_set(
        e, ERR_USAGE,
        "a database's address is sqlite:PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME, and this is neither");
  struct sql_place *place;
  char *display;
  int rc = driver->open(url, &options, &place, &display, e);
  if (rc < 0) return rc;
  struct sql *db = NEW(struct sql);
  *db = (struct sql){.driver = driver,
                     .place = place,
                     .dialect = dialect,
                     .options = options,
                     .display = display,
                     .fault = FAULT_INIT};
  *ret = db;
  return 0;
}

void sql_close(struct sql *db) {
  if (!db) return;
  db->driver->close(db->place);
  free(db->display);
  free(db);
}

enum sql_dialect sql_dialect(const struct sql *db) {
  return db->dialect;
}

const char *sql_display(const struct sql *db) {
  return db->display;
}

/* ---- faults ---- */

void sql_fault_arm(struct sql *db, int64_t nth, enum sql_fault kind) {
  fault_arm(&db->fault, NULL, nth, kind);
}

bool sql_fault_disarm(struct sql *db) {
  return fault_disarm(&db->fault);
}

/* Is it this call's turn to fail? */
static bool fault_here(struct sql *db, enum sql_fault *ret_kind) {
  int kind;
  bool now = fault_now(&db->fault, NULL, &kind);
  if (now) fault_came(&db->fault);
  *ret_kind = (enum sql_fault)kind;
  return now;
}

static int fault(enum sql_fault kind, enum sql_fate *fate, struct err *e) {
  *fate = kind == SQL_FAULT_IO ? FATE_FINAL : kind == SQL_FAULT_AGAIN ? FATE_AGAIN : FATE_LOST;
  if (kind == SQL_FAULT_AGAIN) return err_set(e, ERR_TIMEOUT, "a test's fault: another transaction was in the way");
  return err_set(e, ERR_IO, "a test's fault: %s", kind == SQL_FAULT_IO ? "disk full" : "the connection was lost");
}

/* ---- transactions ---- */

static int begin(struct sql *db, enum sql_mode mode, struct sql_tx **ret, enum sql_fate *fate, struct err *e) {
  enum sql_fault kind;
  bool faulty = fault_here(db, &kind);
  if (faulty && kind != SQL_FAULT_LOST_AFTER) return fault(kind, fate, e);
  struct sql_conn *conn;
  int rc = db->driver->begin(db->place, mode, &conn, fate, e);
  if (rc < 0) return err_prefix(e, "%s", db->display);
  if (faulty) {
    db->driver->rollback(conn, true);
    return fault(kind, fate, e);
  }
  struct sql_tx *tx = NEW(struct sql_tx);
  *tx = (struct sql_tx){.db = db, .conn = conn, .mode = mode};
  *ret = tx;
  return 0;
}

int sql_begin(struct sql *db, enum sql_mode mode, struct sql_tx **ret, struct err *e) {
  enum sql_fate fate = FATE_FINAL;
  return begin(db, mode, ret, &fate, e);
}

void sql_rollback(struct sql_tx *tx) {
  if (!tx) return;
  tx->db->driver->rollback(tx->conn, tx->failed && tx->fate == FATE_LOST);
  free(tx);
}

/* Ends the transaction. */
static int commit(struct sql_tx *tx, enum sql_fate *fate, struct err *e) {
  *fate = FATE_FINAL;
  if (tx->failed) { /* a failure that its function overlooked: PostgreSQL would roll back and call it a success */
    int rc = tx->failed;
    *fate = tx->fate;
    if (e) *e = tx->first;
    sql_rollback(tx);
    return rc;
  }
  struct sql *db = tx->db;
  enum sql_fault kind;
  bool faulty = fault_here(db, &kind);
  int rc;
  if (faulty && kind != SQL_FAULT_LOST_AFTER) {
    db->driver->rollback(tx->conn, kind == SQL_FAULT_LOST);
    rc = fault(kind, fate, e);
  } else {
    rc = db->driver->commit(tx->conn, fate, e);
    if (rc < 0) err_prefix(e, "%s", db->display);
    else if (faulty) rc = fault(kind, fate, e);
  }
  if (faulty && *fate == FATE_LOST && tx->mode == SQL_WRITE) {
    *fate = FATE_FINAL;
    rc = err_set(e, ERR_UNSURE, "a test's fault: the connection was lost during the commit");
  }
  free(tx);
  return rc;
}

int sql_commit(struct sql_tx *tx, struct err *e) {
  enum sql_fate fate;
  return commit(tx, &fate, e);
}

struct sql *sql_tx_db(const struct sql_tx *tx) {
  return tx->db;
}

const char *sql_pick(const struct sql_tx *tx, const char *sqlite, const char *postgres) {
  return tx->db->dialect == SQL_SQLITE ? sqlite : postgres;
}

/* From nothing up to 10 ms, 20 ms, 40 ms … `most`: at random, or those who met would meet again. */
static void back_off(int attempt, double most) {
  double widest = 0.010 * (double)(1 << (attempt < 10 ? attempt : 10));
  if (widest > most) widest = most;
  uint32_t dice;
  if (getrandom(&dice, sizeof dice, 0) != (ssize_t)sizeof dice) dice = (uint32_t)(clock_now() * 1e9);
  clock_sleep(widest * ((double)dice / (double)UINT32_MAX));
}

/* Once; *fate says what a failure means. */
static int attempt(struct sql *db, enum sql_mode mode, sql_fn fn, void *ctx, enum sql_fate *fate, struct err *e) {
  struct sql_tx *tx;
  *fate = FATE_FINAL;
  int rc = begin(db, mode, &tx, fate, e);
  if (rc < 0) return rc;
  int answer = fn(tx, ctx, e);
  if (answer >= 0) {
    rc = commit(tx, fate, e);
    return rc < 0 ? rc : answer;
  }
  if (tx->failed) *fate = tx->fate; /* whatever the function made of it */
  sql_rollback(tx);
  return answer;
}

int sql_transact(struct sql *db, enum sql_mode mode, sql_fn fn, void *ctx, struct err *e) {
  double give_up = clock_now() + db->options.busy_ms / 1000.0;
  for (int tried = 1;; tried++) {
    struct err failure = {0};
    enum sql_fate fate;
    int rc = attempt(db, mode, fn, ctx, &fate, &failure);
    if (rc >= 0 && atomic_load(&db->away) && atomic_exchange(&db->away, false))
      log_info("store", "%s answers again", db->display);
    if (rc >= 0) return rc;
    /* with several tries, those who wait for each other at least have the time they would have waited for a lock */
    bool enough = tried >= db->options.tries && (db->options.tries == 1 || clock_now() >= give_up);
    if (fate == FATE_FINAL || enough) {
      if (e) *e = failure;
      return rc;
    }
    if (fate == FATE_LOST && !atomic_exchange(&db->away, true))
      log_warning("store", "%s; trying again until it answers", failure.msg);
    back_off(tried, fate == FATE_LOST ? 1.0 : 0.25);
  }
}

/* ---- statements ---- */

static int arguments_ok(const struct sql_arg *args, size_t count, struct err *e) {
  for (size_t i = 0; i < count; i++)
    if (args[i].type == SQL_TEXT && !utf8_valid(args[i].text, strlen(args[i].text)))
      return err_set(e, ERR_FAIL, "the value for $%zu is not UTF-8", i + 1);
  return 0;
}

/* A statement (with `script`: a file of them). Remembers a failure in the transaction. */
static int run(struct sql_tx *tx, const char *text, bool script, const struct sql_arg *args, size_t count,
               struct sql_rows *rows, int64_t *ret_changed, struct err *e) {
  if (tx->failed) return err_set(e, ERR_FAIL, "the transaction has failed already: %s", tx->first.msg);
  struct sql *db = tx->db;
  struct err failure = {0};
  enum sql_fate fate = FATE_FINAL;
  enum sql_fault kind;
  bool faulty = fault_here(db, &kind);
  int64_t changed = 0;
  int rc = arguments_ok(args, count, &failure);
  if (rc == 0 && faulty && kind != SQL_FAULT_LOST_AFTER) rc = fault(kind, &fate, &failure);
  if (rc == 0) {
    rc = script ? db->driver->script(tx->conn, text, &fate, &failure)
                : db->driver->exec(tx->conn, text, args, count, rows, &changed, &fate, &failure);
    if (rc < 0) err_prefix(&failure, "%s", db->display);
    else if (faulty) rc = fault(kind, &fate, &failure);
  }
  if (rc < 0) {
    tx->failed = rc;
    tx->fate = fate;
    tx->first = failure;
    if (e) *e = failure;
    return rc;
  }
  if (ret_changed) *ret_changed = changed;
  return 0;
}

int sql_run(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, int64_t *ret_changed,
            struct err *e) {
  return run(tx, text, false, args, count, NULL, ret_changed, e);
}

int sql_script(struct sql_tx *tx, const char *script, struct err *e) {
  return run(tx, script, true, NULL, 0, NULL, NULL, e);
}

/* ---- rows ---- */

/* All values as text, one after the other: what SQL gives as text anyway, and numbers print exactly. */
struct sql_rows {
  size_t rows, columns;
  size_t *cells; /* offset into the text, or SIZE_MAX for NULL */
  size_t cell_count, cell_cap;
  struct buf text;
};

int sql_query(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, struct sql_rows **ret,
              struct err *e) {
  struct sql_rows *rows = NEW(struct sql_rows);
  int rc = run(tx, text, false, args, count, rows, NULL, e);
  if (rc < 0) sql_rows_free(rows);
  else *ret = rows;
  return rc;
}

int sql_rows_begin(struct sql_rows *r, size_t columns, struct err *e) {
  if (r->rows >= LIMIT_SQL_ROWS || r->text.len > LIMIT_SQL_BYTES)
    return err_set(e, ERR_FAIL, "a query gave more than %d rows or %d MB: its text needs a LIMIT", LIMIT_SQL_ROWS,
                   LIMIT_SQL_BYTES >> 20);
  r->rows++;
  r->columns = columns;
  x_grow(&r->cells, &r->cell_cap, r->cell_count + columns, sizeof *r->cells);
  return 0;
}

void sql_rows_put(struct sql_rows *r, const char *text, size_t n) {
  r->cells[r->cell_count++] = text ? r->text.len : SIZE_MAX;
  if (!text) return;
  buf_add(&r->text, text, n);
  buf_addc(&r->text, '\0');
}

void sql_rows_free(struct sql_rows *r) {
  if (!r) return;
  free(r->cells);
  buf_release(&r->text);
  free(r);
}

size_t sql_count(const struct sql_rows *r) {
  return r->rows;
}

size_t sql_columns(const struct sql_rows *r) {
  return r->columns;
}

const char *sql_get_text(const struct sql_rows *r, size_t row, size_t column) {
  if (row >= r->rows || column >= r->columns) { /* no input can bring this about, only a mistake in the program */
    fprintf(stderr, "titr: row %zu, column %zu asked for of %zu, %zu\n", row, column, r->rows, r->columns);
    abort();
  }
  size_t at = r->cells[row * r->columns + column];
  return at == SIZE_MAX ? NULL : r->text.data + at;
}

char *sql_copy_text(const struct sql_rows *r, size_t row, size_t column) {
  const char *text = sql_get_text(r, row, column);
  return text ? x_strdup(text) : NULL;
}

bool sql_is_null(const struct sql_rows *r, size_t row, size_t column) {
  return !sql_get_text(r, row, column);
}

double sql_get_real(const struct sql_rows *r, size_t row, size_t column) {
  const char *text = sql_get_text(r, row, column);
  return text ? strtod(text, NULL) : 0;
}

int64_t sql_get_int(const struct sql_rows *r, size_t row, size_t column) {
  const char *text = sql_get_text(r, row, column);
  if (!text) return 0;
  if (text[strspn(text, "+-0123456789")] == '\0') return strtoll(text, NULL, 10); /* ends at the type's limits */
  double v = strtod(text, NULL);
  if (isnan(v)) return 0;
  if (v >= 9223372036854775808.0) return INT64_MAX;
  return v <= -9223372036854775808.0 ? INT64_MIN : (int64_t)v;
}
