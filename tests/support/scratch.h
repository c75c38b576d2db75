/*
 * Databases for tests: an empty one of either kind, for one test program or one test. PostgreSQL's are made in the
 * server that TITR_TEST_POSTGRES names (a postgresql:// URL of a role that may create databases); tests/services starts
 * one, and tests/run does so by itself. Without the variable a test by hand skips what needs it; under tests/run, which
 * sets TITR_TESTS_COMPLETE, it fails.
 *
 *   static void counts_once(void **state) { struct scratch *s = *state; sql_open(s->url, …) … }
 *   SCRATCH_TESTS(counts_once)    in a list of cmocka tests: two rows, over SQLite and over PostgreSQL
 */
#ifndef TITR_TESTS_SUPPORT_SCRATCH_H
#define TITR_TESTS_SUPPORT_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/sql.h"

struct scratch {
  enum sql_dialect dialect;
  char *url;
  char *name;   /* PostgreSQL: of the database */
  char *folder; /* SQLite */
};

/* A command to the server itself, outside transactions (CREATE DATABASE, pg_terminate_backend …). */
__attribute__((unused)) static void scratch_server(const char *command) {
  PGconn *c = PQconnectdb(getenv("TITR_TEST_POSTGRES"));
  PGresult *r = PQexec(c, command);
  ExecStatusType status = PQresultStatus(r);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail_msg("%s: %s", command, PQerrorMessage(c));
  PQclear(r);
  PQfinish(c);
}

__attribute__((unused)) static bool scratch_has_postgres(void) {
  const char *server = getenv("TITR_TEST_POSTGRES");
  if (server && *server) return true;
  if (getenv("TITR_TESTS_COMPLETE")) fail_msg("TITR_TEST_POSTGRES is not set");
  print_message("TITR_TEST_POSTGRES is not set: skipped (tests/services starts a server)\n");
  return false;
}

__attribute__((unused)) static int scratch_sqlite(void **state) {
  struct scratch *s = NEW(struct scratch);
  s->dialect = SQL_SQLITE;
  assert_int_equal(file_temp_dir(&s->folder, NULL), 0);
  s->url = x_asprintf("sqlite:%s/titr.db", s->folder);
  *state = s;
  return 0;
}

/* *state stays NULL when there is no server: the test is then to skip(). */
__attribute__((unused)) static int scratch_postgres(void **state) {
  static int count;
  *state = NULL;
  if (!scratch_has_postgres()) return 0;
  struct scratch *s = NEW(struct scratch);
  s->dialect = SQL_POSTGRES;
  s->name = x_asprintf("scratch_%d_%d", (int)getpid(), count++);
  _cleanup_(mem_freep) char *make = x_asprintf("CREATE DATABASE %s", s->name);
  scratch_server(make);
  const char *server = getenv("TITR_TEST_POSTGRES"), *slash = strrchr(server, '/');
  s->url = x_asprintf("%.*s/%s", (int)(slash - server), server, s->name);
  *state = s;
  return 0;
}

__attribute__((unused)) static int scratch_drop(void **state) {
  struct scratch *s = *state;
  if (!s) return 0;
  if (s->folder) file_remove_tree(s->folder);
  if (s->name) {
    _cleanup_(mem_freep) char *drop = x_asprintf("DROP DATABASE %s WITH (FORCE)", s->name);
    scratch_server(drop);
  }
  free(s->folder);
  free(s->name);
  free(s->url);
  free(s);
  *state = NULL;
  return 0;
}

/* In a test: its database, or the end of the test when there is no server. */
#define SCRATCH(state)                                                                                                 \
  __extension__({                                                                                                      \
    if (!*(state)) skip();                                                                                             \
    (struct scratch *)*(state);                                                                                        \
  })
#define SCRATCH_SQLITE_TEST(f)                                                                                         \
  { #f " (SQLite)", f, scratch_sqlite, scratch_drop, NULL }
#define SCRATCH_POSTGRES_TEST(f)                                                                                       \
  { #f " (PostgreSQL)", f, scratch_postgres, scratch_drop, NULL }
#define SCRATCH_TESTS(f) SCRATCH_SQLITE_TEST(f), SCRATCH_POSTGRES_TEST(f)

#endif
