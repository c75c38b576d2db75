/*
 * DESIGN. The seam to libpq. Statements go in the extended protocol with values as text beside them, and answers are
 * read row by row, so that a query without a LIMIT is stopped and not held. Every answer is waited for with a
 * deadline: the server has its own (statement_timeout), but one that hangs does not keep it.
 *
 * Connections that no transaction uses wait on a stack; a gate lets at most `connections` transactions in. A connection
 * that turns out to be dead when a transaction begins (the server was started anew) is replaced on the spot, for
 * nothing has been done on it yet. Before COMMIT is sent the socket is looked at: if the server has hung up already,
 * nothing was committed, and the transaction may run again. Once COMMIT is sent only its answer tells.
 */
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/sql_driver.h"
#include "store/sql_gate.h"

enum { ARGS_MOST = 64, WORDS_MOST = 64, CONNECT_S = 10, IDLE_IN_TRANSACTION_S = 60, GRACE_S = 3 };
enum { OID_BOOL = 16, OID_INT8 = 20, OID_TEXT = 25, OID_FLOAT8 = 701 }; /* fixed in pg_type.dat */

struct sql_conn {
  struct sql_place *place;
  PGconn *pg;
  enum sql_mode mode;
  struct sql_conn *next; /* on the stack */
};

struct sql_place {
  PQconninfoOption *words; /* the address, taken apart */
  int busy_ms, statement_s;
  struct sql_gate gate; /* its lock guards the stack */
  struct sql_conn *idle;
};

/* ---- the address ---- */

static const char *word(const struct sql_place *place, const char *name) {
  for (const PQconninfoOption *o = place->words; o->keyword; o++)
    if (strcmp(o->keyword, name) == 0) return o->val && *o->val ? o->val : NULL;
  return NULL;
}

/* libpq does not put passwords into its messages; should one ever be there, it goes. */
static int fail_safely(const struct sql_place *place, struct err *e, int code, const char *message) {
  const char *secret = word(place, "password");
  size_t n = secret ? strlen(secret) : 0;
  _cleanup_(buf_release) struct buf clean = BUF_INIT;
  while (*message) {
    if (n >= 3 && strncmp(message, secret, n) == 0) {
      buf_adds(&clean, "***");
      message += n;
    } else buf_addc(&clean, *message++);
  }
  while (clean.len && strchr(" \n", clean.data[clean.len - 1])) clean.data[--clean.len] = '\0';
  return err_set(e, code, "%s", buf_str(&clean));
}

static char *display(const struct sql_place *place) {
  const char *user = word(place, "user"), *host = word(place, "host"), *port = word(place, "port"),
             *name = word(place, "dbname");
  return x_asprintf("postgresql://%s%s%s%s%s/%s", user ? user : "", user ? "@" : "", host ? host : "", port ? ":" : "",
                    port ? port : "", name ? name : "");
}

/* ---- errors ---- */

/* What a failed answer, or its absence (NULL: the connection broke), means. */
static int fail(struct sql_conn *c, const PGresult *answer, enum sql_fate *fate, struct err *e) {
  const char *state = answer ? PQresultErrorField(answer, PG_DIAG_SQLSTATE) : NULL;
  const char *message = answer ? PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY) : NULL;
  if (!message) message = PQerrorMessage(c->pg);
  if (!state) state = "";
  *fate = FATE_FINAL;
  bool read_only = strcmp(state, "25006") == 0;
  bool misspoke = strcmp(state, "08P01") == 0; /* values that do not fit the text: our fault, not the connection's */
  if (PQstatus(c->pg) == CONNECTION_BAD || (strncmp(state, "08", 2) == 0 && !misspoke) ||
      strncmp(state, "57P", 3) == 0 ||
      (read_only && c->mode == SQL_WRITE)) { /* the last: this server is a standby now; the next one may not be */
    *fate = FATE_LOST;
    return fail_safely(c->place, e, ERR_IO, message);
  }
  if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0) {
    *fate = FATE_AGAIN;
    return fail_safely(c->place, e, ERR_TIMEOUT, message);
  }
  if (strcmp(state, "55P03") == 0 || strcmp(state, "57014") == 0) return fail_safely(c->place, e, ERR_TIMEOUT, message);
  if (strcmp(state, "23505") == 0 || strcmp(state, "23503") == 0 || strcmp(state, "23514") == 0)
    return fail_safely(c->place, e, ERR_CONFLICT, message);
  /* no room, no memory, a fault of the system, damage */
  bool system = strncmp(state, "53", 2) == 0 || strncmp(state, "58", 2) == 0 || strncmp(state, "XX", 2) == 0;
  return fail_safely(c->place, e, system ? ERR_IO : ERR_FAIL, message);
}

static void notice(void *ctx, const char *message) {
  (void)ctx;
  log_debug("store", "%.*s", (int)strcspn(message, "\n"), message);
}

/* ---- answers ---- */

/* The next answer to what was sent, NULL at their end. *ret_late: none came until `deadline` (0: waits for ever); the
 * connection is then of no use any more. */
static PGresult *next_answer(struct sql_conn *c, double deadline, bool *ret_late) {
  *ret_late = false;
  while (PQisBusy(c->pg)) {
    struct pollfd p = {.fd = PQsocket(c->pg), .events = POLLIN};
    double left = deadline > 0 ? deadline - clock_now() : 3600;
    if (left <= 0) {
      *ret_late = true;
      return NULL;
    }
    poll(&p, 1, (int)(left * 1000) + 1);
    if (p.revents && !PQconsumeInput(c->pg)) break; /* PQgetResult() makes the answer that says so */
  }
  return PQgetResult(c->pg);
}

static int64_t rows_changed(PGresult *answer) {
  static const char *const changing[] = {"INSERT", "UPDATE", "DELETE", "MERGE"};
  for (size_t i = 0; i < ARRAY_LEN(changing); i++)
    if (strncmp(PQcmdStatus(answer), changing[i], strlen(changing[i])) == 0)
      return strtoll(PQcmdTuples(answer), NULL, 10);
  return 0;
}

static int take_rows(const PGresult *answer, struct sql_rows *rows, struct err *e) {
  int columns = PQnfields(answer);
  for (int i = 0; i < PQntuples(answer); i++) {
    int rc = sql_rows_begin(rows, (size_t)columns, e);
    if (rc < 0) return rc;
    for (int j = 0; j < columns; j++) {
      if (PQgetisnull(answer, i, j)) sql_rows_put(rows, NULL, 0);
      else if (PQftype(answer, j) == OID_BOOL) sql_rows_put(rows, *PQgetvalue(answer, i, j) == 't' ? "1" : "0", 1);
      else sql_rows_put(rows, PQgetvalue(answer, i, j), (size_t)PQgetlength(answer, i, j));
    }
  }
  return 0;
}

/* Reads the answers to what was sent (`sent`: what PQsend…() returned). After a failure that leaves answers unread the
 * connection is still "active", and rollback closes it. The last command must
 * have been `expected_tag` (NULL: any): a COMMIT may be answered with ROLLBACK. */
static int read_answers(struct sql_conn *c, int sent, double deadline, struct sql_rows *rows, int64_t *ret_changed,
                        const char *expected_tag, enum sql_fate *fate, struct err *e) {
  *fate = FATE_FINAL;
  if (!sent) return fail(c, NULL, fate, e);
  if (rows) PQsetSingleRowMode(c->pg);
  int rc = 0;
  for (;;) {
    bool late;
    PGresult *answer = next_answer(c, deadline, &late);
    if (late) return err_set(e, ERR_TIMEOUT, "the server has not answered for %d s", c->place->statement_s + GRACE_S);
    if (!answer) break;
    bool stop = false;
    switch (PQresultStatus(answer)) {
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY: /* a script of comments */
      if (rc == 0 && rows) stop = (rc = take_rows(answer, rows, e)) < 0;
      if (ret_changed) *ret_changed = rows_changed(answer);
      if (rc == 0 && expected_tag && strcmp(PQcmdStatus(answer), expected_tag) != 0)
        rc = err_set(e, ERR_FAIL, "the server answered %s to %s", PQcmdStatus(answer), expected_tag);
      break;
    case PGRES_FATAL_ERROR:
      if (rc == 0) rc = fail(c, answer, fate, e);
      break;
    default: /* COPY and other talks that nobody here leads */
      rc = err_set(e, ERR_FAIL, "not a statement for this place (%s)", PQresStatus(PQresultStatus(answer)));
      stop = true;
    }
    PQclear(answer);
    if (stop) return rc;
  }
  if (rc == 0 && PQstatus(c->pg) == CONNECTION_BAD) rc = fail(c, NULL, fate, e);
  return rc;
}

static double statement_deadline(const struct sql_conn *c) {
  return clock_now() + c->place->statement_s + GRACE_S;
}

/* A command of our own, without values or rows. */
static int command(struct sql_conn *c, const char *text, const char *expected_tag, enum sql_fate *fate, struct err *e) {
  return read_answers(c, PQsendQuery(c->pg, text), statement_deadline(c), NULL, NULL, expected_tag, fate, e);
}

/* ---- connections ---- */

static void close_conn(struct sql_conn *c) {
  if (!c) return;
  PQfinish(c->pg);
  free(c);
}
DEFINE_FREEP(struct sql_conn, close_conn)

static int connect_to(struct sql_place *place, struct sql_conn **ret, enum sql_fate *fate, struct err *e) {
  char connect_s[16], send_ms[16];
  snprintf(connect_s, sizeof connect_s, "%d", CONNECT_S);
  snprintf(send_ms, sizeof send_ms, "%d", (place->statement_s + GRACE_S) * 1000);
  /* ours first: libpq takes the last of several, so that the address has its say */
  const char *keys[WORDS_MOST + 8] = {"connect_timeout", "tcp_user_timeout", "keepalives_idle", "keepalives_interval"};
  const char *values[WORDS_MOST + 8] = {connect_s, send_ms, "20", "5"};
  size_t n = 4;
  for (const PQconninfoOption *o = place->words; o->keyword && n < WORDS_MOST + 4; o++)
    if (o->val) {
      keys[n] = o->keyword;
      values[n++] = o->val;
    }
  keys[n] = "application_name", values[n++] = "titr";
  keys[n] = "client_encoding", values[n++] = "UTF8";
  _cleanup_(close_connp) struct sql_conn *c = NEW(struct sql_conn);
  c->place = place;
  c->pg = PQconnectdbParams(keys, values, 0);
  *fate = FATE_LOST;
  if (!c->pg || PQstatus(c->pg) != CONNECTION_OK)
    return fail_safely(place, e, ERR_IO, c->pg ? PQerrorMessage(c->pg) : "no memory");
  PQsetNoticeProcessor(c->pg, notice, NULL);
  /* lock_timeout is SQLite's busy_timeout; the last keeps a machine that vanished from holding locks for ever */
  _cleanup_(mem_freep) char *set_up =
      x_asprintf("SET TimeZone = 'UTC'; SET statement_timeout = '%ds'; SET lock_timeout = '%dms'; "
                 "SET idle_in_transaction_session_timeout = '%ds'",
                 place->statement_s, place->busy_ms > 0 ? place->busy_ms : 1, IDLE_IN_TRANSACTION_S);
  int rc = command(c, set_up, NULL, fate, e);
  if (rc < 0) return rc;
  *ret = TAKE(c);
  return 0;
}

static struct sql_conn *pop_idle(struct sql_place *place) {
  pthread_mutex_lock(&place->gate.lock);
  struct sql_conn *c = place->idle;
  if (c) place->idle = c->next;
  pthread_mutex_unlock(&place->gate.lock);
  return c;
}

static void push_idle(struct sql_conn *c) {
  struct sql_place *place = c->place;
  pthread_mutex_lock(&place->gate.lock);
  c->next = place->idle;
  place->idle = c;
  pthread_mutex_unlock(&place->gate.lock);
}

/* Ends the use of a connection; kept only when no transaction is open on it and no answer outstanding. */
static void give_back(struct sql_conn *c) {
  struct sql_place *place = c->place;
  if (PQstatus(c->pg) == CONNECTION_OK && PQtransactionStatus(c->pg) == PQTRANS_IDLE) push_idle(c);
  else close_conn(c);
  sql_gate_leave(&place->gate);
}

static void pg_close(struct sql_place *place) {
  if (!place) return;
  for (struct sql_conn *c; (c = pop_idle(place));) close_conn(c);
  PQconninfoFree(place->words);
  sql_gate_release(&place->gate);
  free(place);
}

static int pg_open(const char *url, const struct sql_options *o, struct sql_place **ret, char **ret_display,
                   struct err *e) {
  char *complaint = NULL;
  PQconninfoOption *words = PQconninfoParse(url, &complaint);
  PQfreemem(complaint); /* may repeat a part of the password */
  struct sql_place *place = NEW(struct sql_place);
  place->words = words;
  place->busy_ms = o->busy_ms;
  place->statement_s = o->statement_s;
  sql_gate_init(&place->gate, o->connections);
  /* a password with a bare "@" or "/" ends early, and its rest is taken for the host or the name: say neither */
  const char *host = words ? word(place, "host") : NULL, *name = words ? word(place, "dbname") : NULL;
  if (!words || (host && strchr(host, '@')) || (name && strchr(name, '@'))) {
    pg_close(place);
    return err_set(e, ERR_USAGE,
                   "the database's address is not postgresql://USER:PASSWORD@HOST:PORT/NAME; in a user's name or a "
                   "password, @ is written %%40, / %%2F, : %%3A and %% %%25");
  }
  struct sql_conn *c;
  enum sql_fate fate;
  int rc = connect_to(place, &c, &fate, e);
  if (rc < 0) {
    _cleanup_(mem_freep) char *shown = display(place);
    err_prefix(e, "%s", shown);
    pg_close(place);
    return rc;
  }
  push_idle(c);
  *ret_display = display(place);
  *ret = place;
  return 0;
}

/* ---- transactions ---- */

static int pg_begin(struct sql_place *place, enum sql_mode mode, struct sql_conn **ret, enum sql_fate *fate,
                    struct err *e) {
  static const char *const begins[] = {[SQL_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                       [SQL_WRITE] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"};
  if (!sql_gate_enter(&place->gate, place->busy_ms)) {
    *fate = FATE_FINAL;
    return err_set(e, ERR_TIMEOUT, "all %d connections have been in use for %d ms", place->gate.most, place->busy_ms);
  }
  for (;;) {
    struct sql_conn *c = pop_idle(place);
    bool fresh = !c;
    int rc = c ? 0 : connect_to(place, &c, fate, e);
    if (rc < 0) {
      sql_gate_leave(&place->gate);
      return rc;
    }
    c->mode = mode;
    rc = command(c, begins[mode], "BEGIN", fate, e);
    if (rc == 0) {
      *ret = c;
      return 0;
    }
    close_conn(c);
    if (fresh || *fate != FATE_LOST) {
      sql_gate_leave(&place->gate);
      return rc;
    }
  }
}

static void pg_rollback(struct sql_conn *c, bool lost) {
  enum sql_fate fate;
  PGTransactionStatusType status = PQtransactionStatus(c->pg);
  if (!lost && (status == PQTRANS_INTRANS || status == PQTRANS_INERROR))
    command(c, "ROLLBACK", "ROLLBACK", &fate, NULL);
  give_back(c); /* a transaction that is still open ends with its connection */
}

/* Has the server hung up, as far as can be seen without asking it? */
static bool hung_up(struct sql_conn *c) {
  struct pollfd p = {.fd = PQsocket(c->pg), .events = POLLIN};
  for (int i = 0; i < 8 && poll(&p, 1, 0) > 0; i++)
    if (!PQconsumeInput(c->pg)) return true; /* farewell messages come first, then the end */
  return PQstatus(c->pg) == CONNECTION_BAD;
}

static int pg_commit(struct sql_conn *c, enum sql_fate *fate, struct err *e) {
  if (hung_up(c)) {
    int rc = fail(c, NULL, fate, e);
    give_back(c);
    return rc;
  }
  struct err failure = {0};
  int rc = command(c, "COMMIT", "COMMIT", fate, &failure);
  /* a late answer leaves the connection active */
  bool unknown = rc < 0 && (*fate == FATE_LOST || PQtransactionStatus(c->pg) == PQTRANS_ACTIVE);
  if (unknown && c->mode == SQL_WRITE) {
    *fate = FATE_FINAL;
    rc = err_set(&failure, ERR_UNSURE, "the connection was lost during the commit: %.800s", failure.msg);
  }
  if (rc < 0 && e) *e = failure;
  give_back(c);
  return rc;
}

/* ---- statements ---- */

static int pg_exec(struct sql_conn *c, const char *text, const struct sql_arg *args, size_t count,
                   struct sql_rows *rows, int64_t *ret_changed, enum sql_fate *fate, struct err *e) {
  Oid types[ARGS_MOST];
  const char *values[ARGS_MOST];
  char numbers[ARGS_MOST][32];
  if (count > ARGS_MOST) {
    *fate = FATE_FINAL;
    return err_set(e, ERR_FAIL, "more than %d values", ARGS_MOST);
  }
  for (size_t i = 0; i < count; i++) {
    values[i] = numbers[i];
    switch (args[i].type) {
    case SQL_NULL:
      types[i] = 0; /* by what stands around it */
      values[i] = NULL;
      break;
    case SQL_INT:
      types[i] = OID_INT8;
      snprintf(numbers[i], sizeof numbers[i], "%lld", (long long)args[i].number);
      break;
    case SQL_REAL:
      types[i] = OID_FLOAT8;
      snprintf(numbers[i], sizeof numbers[i], "%.17g", args[i].real);
      break;
    case SQL_TEXT:
      types[i] = OID_TEXT;
      values[i] = args[i].text;
      break;
    }
  }
  int sent = PQsendQueryParams(c->pg, text, (int)count, types, values, NULL, NULL, 0);
  return read_answers(c, sent, statement_deadline(c), rows, ret_changed, NULL, fate, e);
}

/* Without a deadline: a migration may set statement_timeout to 0. */
static int pg_script(struct sql_conn *c, const char *script, enum sql_fate *fate, struct err *e) {
  int rc = read_answers(c, PQsendQuery(c->pg, script), 0, NULL, NULL, NULL, fate, e);
  if (rc == 0 && PQtransactionStatus(c->pg) != PQTRANS_INTRANS)
    return err_set(e, ERR_FAIL, "the script ends the transaction it runs in");
  return rc;
}

const struct sql_driver sql_postgres_driver = {.open = pg_open,
                                               .close = pg_close,
                                               .begin = pg_begin,
                                               .exec = pg_exec,
                                               .script = pg_script,
                                               .commit = pg_commit,
                                               .rollback = pg_rollback};
