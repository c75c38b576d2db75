/*
 * DESIGN. The seam to SQLite. The file is in WAL mode, so that readers never wait; synchronous=FULL, so that what is
 * committed is on the disk. A transaction has a connection of its own from a small stack of open ones, with the
 * statements it has prepared so far. Writers of one process queue up at a gate before they ask SQLite for
 * its lock: SQLite waits by sleeping in ever longer naps, and many threads would sleep past each other. Other
 * processes are waited for by SQLite's way (busy_timeout).
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/sql_driver.h"
#include "store/sql_gate.h"

enum { IDLE_MOST = 8, PREPARED_MOST = 48 };

struct prepared {
  char *text;
  sqlite3_stmt *statement;
  uint64_t used; /* the connection's clock, for throwing out the eldest */
};

struct sql_conn {
  struct sql_place *place;
  sqlite3 *lite;
  enum sql_mode mode;
  uint64_t clock;
  struct prepared prepared[PREPARED_MOST];
};

struct sql_place {
  char *path;
  int busy_ms;
  struct sql_gate writer; /* one; its lock guards the rest */
  struct sql_conn *idle[IDLE_MOST];
  int idle_count;
};

/* ---- errors ---- */

static int fail(sqlite3 *lite, int code, enum sql_mode mode, enum sql_fate *fate, struct err *e) {
  const char *message = lite ? sqlite3_errmsg(lite) : sqlite3_errstr(code);
  int extended = lite ? sqlite3_extended_errcode(lite) : code;
  *fate = FATE_FINAL;
  switch (code & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    /* a plain "busy" comes after busy_ms of waiting; the others come at once */
    if (extended != SQLITE_BUSY) *fate = FATE_AGAIN;
    return err_set(e, ERR_TIMEOUT, "the database is busy (%s)", message);
  case SQLITE_CONSTRAINT:
    if (extended == SQLITE_CONSTRAINT_NOTNULL || extended == SQLITE_CONSTRAINT_DATATYPE) break;
    return err_set(e, ERR_CONFLICT, "the database refused a row: %s", message);
  case SQLITE_READONLY:
    if (mode == SQL_READ) break;
    return err_set(e, ERR_IO, "the database cannot be written: %s", message);
  case SQLITE_FULL:
  case SQLITE_IOERR:
  case SQLITE_CANTOPEN:
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
  case SQLITE_PERM:
  case SQLITE_PROTOCOL:
  case SQLITE_AUTH: return err_set(e, ERR_IO, "%s", message);
  default: break;
  }
  return err_set(e, ERR_FAIL, "%s", message);
}

/* ---- connections ---- */

static void close_conn(struct sql_conn *c) {
  if (!c) return;
  for (int i = 0; i < PREPARED_MOST; i++) {
    sqlite3_finalize(c->prepared[i].statement);
    free(c->prepared[i].text);
  }
  sqlite3_close(c->lite);
  free(c);
}
DEFINE_FREEP(struct sql_conn, close_conn)

static int open_conn(struct sql_place *place, struct sql_conn **ret, enum sql_fate *fate, struct err *e) {
  static const char set_up[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                               "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;";
  _cleanup_(close_connp) struct sql_conn *c = NEW(struct sql_conn);
  c->place = place;
  /* each connection is in one thread at a time, so that SQLite need not lock */
  int code = sqlite3_open_v2(place->path, &c->lite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (code == SQLITE_OK) code = sqlite3_extended_result_codes(c->lite, 1);
  if (code == SQLITE_OK) code = sqlite3_busy_timeout(c->lite, place->busy_ms);
  /* "a name in double quotes" that is not there is an error and not a text, as in PostgreSQL */
  if (code == SQLITE_OK) code = sqlite3_db_config(c->lite, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
  if (code == SQLITE_OK) code = sqlite3_db_config(c->lite, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
  if (code == SQLITE_OK) code = sqlite3_exec(c->lite, set_up, NULL, NULL, NULL);
  if (code != SQLITE_OK) return fail(c->lite, code, SQL_WRITE, fate, e);
  *ret = TAKE(c);
  return 0;
}

/* Only a file that is not there is opened by ourselves: closing a descriptor of a file that SQLite has open would give
 * up its locks (POSIX's rule). */
static int make_file(const char *path, struct err *e) {
  _cleanup_(fd_closep) int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && errno != EEXIST) return err_errno(e, ERR_IO, errno, "cannot make the database %s", path);
  return 0;
}

static void lite_close(struct sql_place *place) {
  if (!place) return;
  for (int i = 0; i < place->idle_count; i++) close_conn(place->idle[i]);
  sql_gate_release(&place->writer);
  free(place->path);
  free(place);
}

static int lite_open(const char *url, const struct sql_options *o, struct sql_place **ret, char **ret_display,
                     struct err *e) {
  const char *path = url + strlen("sqlite:");
  if (strncmp(path, "///", 3) == 0) path += 2; /* SQLAlchemy's way of writing an absolute path */
  if (!*path || strcmp(path, ":memory:") == 0)
    return err_set(e, ERR_USAGE, "sqlite:PATH needs the path of a file (each transaction has a connection of its own)");
  int rc = make_file(path, e);
  if (rc < 0) return rc;
  struct sql_place *place = NEW(struct sql_place);
  /* a name like "file:x" is a file's name here, never SQLite's URI */
  place->path = *path == '/' ? x_strdup(path) : x_asprintf("./%s", path);
  place->busy_ms = o->busy_ms;
  sql_gate_init(&place->writer, 1);
  /* two processes that turn a new file to WAL at once are told "busy" without a wait */
  double give_up = clock_now() + place->busy_ms / 1000.0;
  enum sql_fate fate = FATE_FINAL;
  do {
    rc = open_conn(place, &place->idle[0], &fate, e);
    if (rc == ERR_TIMEOUT) clock_sleep(0.02);
  } while (rc == ERR_TIMEOUT && clock_now() < give_up);
  if (rc < 0) {
    err_prefix(e, "sqlite:%s", path);
    lite_close(place);
    return rc;
  }
  place->idle_count = 1;
  *ret_display = x_asprintf("sqlite:%s", path);
  *ret = place;
  return 0;
}

/* ---- transactions ---- */

/* Ends the use of a connection whose transaction has ended. */
static void give_back(struct sql_conn *c, bool spoiled) {
  struct sql_place *place = c->place;
  if (c->mode == SQL_WRITE) sql_gate_leave(&place->writer);
  pthread_mutex_lock(&place->writer.lock);
  bool keep = !spoiled && place->idle_count < IDLE_MOST;
  if (keep) place->idle[place->idle_count++] = c;
  pthread_mutex_unlock(&place->writer.lock);
  if (!keep) close_conn(c);
}

static int lite_begin(struct sql_place *place, enum sql_mode mode, struct sql_conn **ret, enum sql_fate *fate,
                      struct err *e) {
  if (mode == SQL_WRITE && !sql_gate_enter(&place->writer, place->busy_ms)) {
    *fate = FATE_FINAL;
    return err_set(e, ERR_TIMEOUT, "the database is busy: another thread has been writing for %d ms", place->busy_ms);
  }
  pthread_mutex_lock(&place->writer.lock);
  struct sql_conn *c = place->idle_count ? place->idle[--place->idle_count] : NULL;
  pthread_mutex_unlock(&place->writer.lock);
  int rc = c ? 0 : open_conn(place, &c, fate, e);
  if (rc < 0) {
    if (mode == SQL_WRITE) sql_gate_leave(&place->writer);
    return rc;
  }
  c->mode = mode;
  int code = sqlite3_exec(
      c->lite, mode == SQL_WRITE ? "PRAGMA query_only = OFF; BEGIN IMMEDIATE" : "PRAGMA query_only = ON; BEGIN", NULL,
      NULL, NULL);
  if (code != SQLITE_OK) {
    rc = fail(c->lite, code, SQL_WRITE, fate, e);
    give_back(c, rc != ERR_TIMEOUT);
    return rc;
  }
  *ret = c;
  return 0;
}

static void lite_rollback(struct sql_conn *c, bool lost) {
  /* some errors (a full disk) have rolled back already */
  bool spoiled = !sqlite3_get_autocommit(c->lite) && sqlite3_exec(c->lite, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK;
  give_back(c, lost || spoiled);
}

static int lite_commit(struct sql_conn *c, enum sql_fate *fate, struct err *e) {
  int code = sqlite3_exec(c->lite, "COMMIT", NULL, NULL, NULL);
  if (code == SQLITE_OK) {
    give_back(c, false);
    return 0;
  }
  int rc = fail(c->lite, code, c->mode, fate, e);
  /* all of it is written, but the disk did not say that it has it: after a power failure it may be there or not */
  if (code == SQLITE_IOERR_FSYNC && c->mode == SQL_WRITE)
    rc = err_set(e, ERR_UNSURE, "the disk did not confirm a commit: %s", sqlite3_errmsg(c->lite));
  lite_rollback(c, true);
  return rc;
}

/* ---- statements ---- */

static bool blank(const char *s) {
  return s[strspn(s, " \t\r\n;")] == '\0';
}

/* The statement for a text, prepared now or earlier; the connection keeps it. */
static int prepare(struct sql_conn *c, const char *text, sqlite3_stmt **ret, enum sql_fate *fate, struct err *e) {
  struct prepared *slot = &c->prepared[0];
  for (int i = 0; i < PREPARED_MOST; i++) {
    struct prepared *p = &c->prepared[i];
    if (p->text && strcmp(p->text, text) == 0) {
      p->used = ++c->clock;
      *ret = p->statement;
      return 0;
    }
    if (p->used < slot->used) slot = p;
  }
  const char *rest = "";
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v3(c->lite, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  if (code != SQLITE_OK) return fail(c->lite, code, c->mode, fate, e);
  if (!statement || !blank(rest)) {
    sqlite3_finalize(statement);
    *fate = FATE_FINAL;
    return err_set(e, ERR_FAIL, "one statement was expected, not %s", statement ? "several" : "none");
  }
  sqlite3_finalize(slot->statement);
  free(slot->text);
  *slot = (struct prepared){.text = x_strdup(text), .statement = statement, .used = ++c->clock};
  *ret = statement;
  return 0;
}

static int bind(struct sql_conn *c, sqlite3_stmt *statement, const struct sql_arg *args, size_t count,
                enum sql_fate *fate, struct err *e) {
  *fate = FATE_FINAL;
  if ((size_t)sqlite3_bind_parameter_count(statement) != count)
    return err_set(e, ERR_FAIL, "%d placeholders but %zu values: %s", sqlite3_bind_parameter_count(statement), count,
                   sqlite3_sql(statement));
  for (size_t i = 0; i < count; i++) {
    char name[24];
    snprintf(name, sizeof name, "$%zu", i + 1);
    int at = sqlite3_bind_parameter_index(statement, name), code = SQLITE_OK;
    if (at == 0) return err_set(e, ERR_FAIL, "no placeholder %s in: %s", name, sqlite3_sql(statement));
    switch (args[i].type) {
    case SQL_NULL: code = sqlite3_bind_null(statement, at); break;
    case SQL_INT: code = sqlite3_bind_int64(statement, at, args[i].number); break;
    case SQL_REAL: code = sqlite3_bind_double(statement, at, args[i].real); break;
    case SQL_TEXT: code = sqlite3_bind_text(statement, at, args[i].text, -1, SQLITE_STATIC); break;
    }
    if (code != SQLITE_OK) return fail(c->lite, code, c->mode, fate, e);
  }
  return 0;
}

static int take_row(sqlite3_stmt *statement, struct sql_rows *rows, struct err *e) {
  int columns = sqlite3_column_count(statement);
  int rc = sql_rows_begin(rows, (size_t)columns, e);
  for (int i = 0; rc == 0 && i < columns; i++) {
    int type = sqlite3_column_type(statement, i);
    if (type == SQLITE_FLOAT) { /* SQLite's own text has 15 digits */
      char number[40];
      int n = snprintf(number, sizeof number, "%.17g", sqlite3_column_double(statement, i));
      sql_rows_put(rows, number, (size_t)n);
    } else {
      const char *text = type == SQLITE_NULL ? NULL : (const char *)sqlite3_column_text(statement, i);
      sql_rows_put(rows, text, text ? (size_t)sqlite3_column_bytes(statement, i) : 0);
    }
  }
  return rc;
}

static int lite_exec(struct sql_conn *c, const char *text, const struct sql_arg *args, size_t count,
                     struct sql_rows *rows, int64_t *ret_changed, enum sql_fate *fate, struct err *e) {
  sqlite3_stmt *statement = NULL;
  int rc = prepare(c, text, &statement, fate, e);
  if (rc < 0) return rc;
  rc = bind(c, statement, args, count, fate, e);
  sqlite3_int64 before = sqlite3_total_changes64(c->lite);
  while (rc == 0) {
    int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_ROW) rc = fail(c->lite, code, c->mode, fate, e);
    else if (rows) rc = take_row(statement, rows, e);
  }
  /* sqlite3_changes64() still tells of the statement before when this one was not one that changes rows */
  if (rc == 0) *ret_changed = sqlite3_total_changes64(c->lite) == before ? 0 : sqlite3_changes64(c->lite);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return rc;
}

static int lite_script(struct sql_conn *c, const char *script, enum sql_fate *fate, struct err *e) {
  int code = sqlite3_exec(c->lite, script, NULL, NULL, NULL);
  if (code != SQLITE_OK) return fail(c->lite, code, c->mode, fate, e);
  if (!sqlite3_get_autocommit(c->lite)) return 0;
  *fate = FATE_FINAL;
  return err_set(e, ERR_FAIL, "the script ends the transaction it runs in");
}

const struct sql_driver sql_sqlite_driver = {.open = lite_open,
                                             .close = lite_close,
                                             .begin = lite_begin,
                                             .exec = lite_exec,
                                             .script = lite_script,
                                             .commit = lite_commit,
                                             .rollback = lite_rollback};
