#include "support/scratch.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "store/sql.h"
#include "store/sql_fault.h"

static struct sql *open_with(struct scratch *s, int connections, int busy_ms, int tries) {
  struct sql_options o = {.connections = connections, .busy_ms = busy_ms, .tries = tries};
  struct sql *db;
  struct err e = {0};
  if (sql_open(s->url, &o, &db, &e) < 0) fail_msg("%s", e.msg);
  return db;
}

static struct sql *open_db(struct scratch *s) {
  return open_with(s, 4, 5000, 10);
}

/* One statement in a transaction of its own; the code is what the statement or the commit gave. */
static int once(struct sql *db, const char *text, const struct sql_arg *args, size_t count, struct err *e) {
  struct sql_tx *tx;
  int rc = sql_begin(db, SQL_WRITE, &tx, e);
  if (rc < 0) return rc;
  rc = sql_run(tx, text, args, count, NULL, e);
  if (rc < 0) sql_rollback(tx);
  else rc = sql_commit(tx, e);
  return rc;
}

static void must(struct sql *db, const char *text) {
  struct err e = {0};
  if (once(db, text, SQL_NO_ARGS, &e) < 0) fail_msg("%s: %s", text, e.msg);
}

static int64_t number(struct sql *db, const char *text) {
  struct err e = {0};
  struct sql_tx *tx;
  struct sql_rows *rows;
  if (sql_begin(db, SQL_READ, &tx, &e) < 0 || sql_query(tx, text, SQL_NO_ARGS, &rows, &e) < 0)
    fail_msg("%s: %s", text, e.msg);
  assert_int_equal(sql_count(rows), 1);
  int64_t v = sql_get_int(rows, 0, 0);
  sql_rows_free(rows);
  assert_int_equal(sql_commit(tx, &e), 0);
  return v;
}

/* ---- values ---- */

static void values_come_back(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  must(db, "CREATE TABLE t (n BIGINT, r DOUBLE PRECISION, s TEXT)");
  static const struct {
    int64_t n;
    double r;
    const char *s;
  } all[] = {{INT64_MIN, -1.7976931348623157e308, ""},
             {INT64_MAX, 5e-324, "it's \"quoted\"; DROP TABLE t; -- $1 %s \\ \\x41"},
             {0, 0.1, "Ёлка 字幕 שלום 🎬👩‍👩‍👧"},
             {-1, 299.99, "two\nlines\tand a tab\r"},
             {1LL << 53, 1.0 / 3, NULL}};
  struct err e = {0};
  for (size_t i = 0; i < ARRAY_LEN(all); i++) {
    const struct sql_arg args[] = {sql_int(all[i].n), sql_real(all[i].r), sql_text(all[i].s)};
    assert_int_equal(once(db, "INSERT INTO t VALUES ($1, $2, $3)", SQL_ARGS(args), &e), 0);
    /* found by each value, also where one placeholder stands twice and in another order */
    struct sql_tx *tx;
    struct sql_rows *rows;
    assert_int_equal(sql_begin(db, SQL_READ, &tx, &e), 0);
    if (sql_query(
            tx,
            "SELECT s, r, n FROM t WHERE n = $1 AND r = $2 AND n = $1 AND (s = $3 OR (s IS NULL AND CAST($3 AS TEXT) "
            "IS NULL))",
            SQL_ARGS(args), &rows, &e) < 0)
      fail_msg("%s", e.msg);
    assert_int_equal(sql_count(rows), 1);
    assert_true(sql_get_int(rows, 0, 2) == all[i].n);
    assert_true(sql_get_real(rows, 0, 1) == all[i].r);
    assert_int_equal(sql_is_null(rows, 0, 0), all[i].s == NULL);
    if (all[i].s) assert_string_equal(sql_get_text(rows, 0, 0), all[i].s);
    else assert_null(sql_get_text(rows, 0, 0));
    sql_rows_free(rows);
    sql_rollback(tx);
  }
  sql_close(db);
}

static void conversions(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  struct sql_tx *tx;
  struct sql_rows *rows;
  struct err e = {0};
  assert_int_equal(sql_begin(db, SQL_READ, &tx, &e), 0);
  assert_int_equal(sql_query(tx,
                             "SELECT CAST(NULL AS TEXT), 42, CAST(3.75 AS DOUBLE PRECISION), '17', 1 = 1, 1 = 2, "
                             "CAST(1e300 AS DOUBLE PRECISION), CAST(-1e300 AS DOUBLE PRECISION)",
                             SQL_NO_ARGS, &rows, &e),
                   0);
  assert_true(sql_get_int(rows, 0, 0) == 0 && sql_get_real(rows, 0, 0) == 0);
  assert_string_equal(sql_get_text(rows, 0, 1), "42");
  assert_true(sql_get_real(rows, 0, 1) == 42);
  assert_int_equal(sql_get_int(rows, 0, 2), 3);
  assert_int_equal(sql_get_int(rows, 0, 3), 17);
  assert_int_equal(sql_get_int(rows, 0, 4), 1);
  assert_string_equal(sql_get_text(rows, 0, 5), "0");
  assert_true(sql_get_int(rows, 0, 6) == INT64_MAX && sql_get_int(rows, 0, 7) == INT64_MIN);
  sql_rows_free(rows);
  sql_rollback(tx);
  sql_close(db);
}

static void changed_and_returning(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  must(db, "CREATE TABLE t (n BIGINT PRIMARY KEY, s TEXT)");
  struct sql_tx *tx;
  struct sql_rows *rows;
  struct err e = {0};
  int64_t changed = -1;
  assert_int_equal(sql_begin(db, SQL_WRITE, &tx, &e), 0);
  assert_int_equal(sql_run(tx, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')", SQL_NO_ARGS, &changed, &e), 0);
  assert_int_equal(changed, 3);
  assert_int_equal(sql_run(tx, "SELECT n FROM t", SQL_NO_ARGS, &changed, &e), 0);
  assert_int_equal(changed, 0);
  assert_int_equal(
      sql_run(tx, "INSERT INTO t VALUES (3, 'again') ON CONFLICT (n) DO NOTHING", SQL_NO_ARGS, &changed, &e), 0);
  assert_int_equal(changed, 0);
  assert_int_equal(sql_run(tx, "CREATE TABLE u (n BIGINT)", SQL_NO_ARGS, &changed, &e), 0);
  assert_int_equal(changed, 0);
  assert_int_equal(sql_query(tx, "UPDATE t SET s = s || '!' WHERE n > 1 RETURNING n, s", SQL_NO_ARGS, &rows, &e), 0);
  assert_int_equal(sql_count(rows), 2);
  sql_rows_free(rows);
  assert_int_equal(sql_run(tx, "DELETE FROM t", SQL_NO_ARGS, &changed, &e), 0);
  assert_int_equal(changed, 3);
  assert_int_equal(sql_query(tx, "SELECT n FROM t", SQL_NO_ARGS, &rows, &e), 0);
  assert_int_equal(sql_count(rows), 0);
  sql_rows_free(rows);
  assert_string_equal(sql_pick(tx, "lite", "pg"), sql_dialect(db) == SQL_SQLITE ? "lite" : "pg");
  assert_ptr_equal(sql_tx_db(tx), db);
  assert_int_equal(sql_commit(tx, &e), 0);
  sql_close(db);
}

/* ---- errors ---- */

static void conflicts_have_their_code(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  must(db, "CREATE TABLE t (n BIGINT PRIMARY KEY, u TEXT UNIQUE, c BIGINT CHECK (c > 0), m BIGINT NOT NULL DEFAULT 1)");
  must(db, "CREATE TABLE child (t BIGINT REFERENCES t (n))");
  must(db, "INSERT INTO t (n, u) VALUES (1, 'a')");
  must(db, "INSERT INTO child VALUES (1)");
  static const struct {
    const char *text;
    int code;
  } all[] = {{"INSERT INTO t (n) VALUES (1)", ERR_CONFLICT},
             {"INSERT INTO t (n, u) VALUES (2, 'a')", ERR_CONFLICT},
             {"INSERT INTO t (n, c) VALUES (2, 0)", ERR_CONFLICT},
             {"INSERT INTO child VALUES (9)", ERR_CONFLICT},
             {"DELETE FROM t WHERE n = 1", ERR_CONFLICT},
             {"INSERT INTO t (n, m) VALUES (2, NULL)", ERR_FAIL},
             {"INSERT INTO nowhere VALUES (1)", ERR_FAIL},
             {"SELECT \"n\" || \"not a column\" FROM t", ERR_FAIL},
             {"INSERT INTO", ERR_FAIL},
             {"SELECT 1; SELECT 2", ERR_FAIL}};
  for (size_t i = 0; i < ARRAY_LEN(all); i++) {
    struct err e = {0};
    int rc = once(db, all[i].text, SQL_NO_ARGS, &e);
    if (rc != all[i].code) fail_msg("%s: %d (%s)", all[i].text, rc, e.msg);
    assert_int_equal(e.code, rc);
    assert_non_null(strstr(e.msg, sql_display(db))); /* which database */
  }
  assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
  sql_close(db);
}

static void bad_values_are_refused(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  must(db, "CREATE TABLE t (s TEXT)");
  const struct sql_arg bad[] = {sql_text("\xff\xfe")};
  assert_int_equal(once(db, "INSERT INTO t VALUES ($1)", SQL_ARGS(bad), NULL), ERR_FAIL);
  assert_int_equal(once(db, "INSERT INTO t VALUES ($1)", SQL_NO_ARGS, NULL), ERR_FAIL);
  assert_int_equal(number(db, "SELECT count(*) FROM t"), 0);
  sql_close(db);
}

static void a_failed_transaction_stays_failed(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  must(db, "CREATE TABLE t (n BIGINT PRIMARY KEY)");
  struct sql_tx *tx;
  struct err e = {0};
  assert_int_equal(sql_begin(db, SQL_WRITE, &tx, &e), 0);
  assert_int_equal(sql_run(tx, "INSERT INTO t VALUES (1)", SQL_NO_ARGS, NULL, &e), 0);
  assert_int_equal(sql_run(tx, "INSERT INTO t VALUES (1)", SQL_NO_ARGS, NULL, &e), ERR_CONFLICT);
  assert_int_equal(sql_run(tx, "INSERT INTO t VALUES (2)", SQL_NO_ARGS, NULL, &e), ERR_FAIL);
  assert_int_equal(sql_commit(tx, &e), ERR_CONFLICT); /* the first failure, again */
  assert_int_equal(number(db, "SELECT count(*) FROM t"), 0);
  sql_close(db);
}

static int insert_then(struct sql_tx *tx, void *ctx, struct err *e) {
  const int *answer = ctx;
  int rc = sql_run(tx, "INSERT INTO t VALUES (7)", SQL_NO_ARGS, NULL, e);
  if (rc < 0) return rc;
  return *answer < 0 ? err_set(e, *answer, "changed my mind") : *answer;
}

static void rollback_and_commit(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  must(db, "CREATE TABLE t (n BIGINT)");
  struct err e = {0};
  int answer = ERR_INPUT;
  assert_int_equal(sql_transact(db, SQL_WRITE, insert_then, &answer, &e), ERR_INPUT);
  assert_string_equal(e.msg, "changed my mind");
  assert_int_equal(number(db, "SELECT count(*) FROM t"), 0);
  answer = 5;
  assert_int_equal(sql_transact(db, SQL_WRITE, insert_then, &answer, &e), 5);
  assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
  answer = 0;
  assert_int_equal(sql_transact(db, SQL_READ, insert_then, &answer, &e), ERR_FAIL); /* reading does not write */
  assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
  must(db, "INSERT INTO t VALUES (8)"); /* the connection that read may write again */
  struct sql_tx *tx;
  assert_int_equal(sql_begin(db, SQL_WRITE, &tx, &e), 0);
  assert_int_equal(sql_script(tx, "CREATE TABLE a (n BIGINT); INSERT INTO a VALUES (1); -- end\n", &e), 0);
  sql_rollback(tx);
  assert_int_equal(once(db, "INSERT INTO a VALUES (1)", SQL_NO_ARGS, NULL), ERR_FAIL);
  assert_int_equal(sql_begin(db, SQL_WRITE, &tx, &e), 0);
  assert_int_equal(sql_script(tx, "CREATE TABLE a (n BIGINT); COMMIT;", &e), ERR_FAIL);
  sql_rollback(tx);
  sql_rollback(NULL);
  sql_close(db);
}

static void too_many_rows(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  struct sql_tx *tx;
  struct sql_rows *rows;
  struct err e = {0};
  assert_int_equal(sql_begin(db, SQL_READ, &tx, &e), 0);
  const char *text = "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < $1) SELECT n FROM r";
  const struct sql_arg fits[] = {sql_int(LIMIT_SQL_ROWS)}, beyond[] = {sql_int(LIMIT_SQL_ROWS + 1)};
  assert_int_equal(sql_query(tx, text, SQL_ARGS(fits), &rows, &e), 0);
  assert_int_equal(sql_count(rows), LIMIT_SQL_ROWS);
  assert_int_equal(sql_get_int(rows, LIMIT_SQL_ROWS - 1, 0), LIMIT_SQL_ROWS);
  sql_rows_free(rows);
  assert_int_equal(sql_query(tx, text, SQL_ARGS(beyond), &rows, &e), ERR_FAIL);
  assert_non_null(strstr(e.msg, "LIMIT"));
  sql_rollback(tx);
  assert_int_equal(number(db, "SELECT 1"), 1);
  sql_close(db);
}

/* ---- at once ---- */

enum { EACH = 1000 };

static int increment(struct sql_tx *tx, void *ctx, struct err *e) {
  (void)ctx;
  /* read, then write what was read: only isolation keeps this from losing updates */
  struct sql_rows *rows;
  int rc = sql_query(tx, "SELECT n FROM t", SQL_NO_ARGS, &rows, e);
  if (rc < 0) return rc;
  const struct sql_arg args[] = {sql_int(sql_get_int(rows, 0, 0) + 1)};
  sql_rows_free(rows);
  return sql_run(tx, "UPDATE t SET n = $1", SQL_ARGS(args), NULL, e);
}

static void *increments(void *ctx) {
  struct err e = {0};
  for (int i = 0; i < EACH; i++)
    if (sql_transact(ctx, SQL_WRITE, increment, NULL, &e) < 0) return x_strdup(e.msg);
  return NULL;
}

static void no_update_is_lost(void **state) {
  struct scratch *s = SCRATCH(state);
  struct sql *db = open_db(s), *other = open_db(s); /* one as another process would have it */
  must(db, "CREATE TABLE t (n BIGINT)");
  must(db, "INSERT INTO t VALUES (0)");
  pthread_t threads[2];
  pthread_create(&threads[0], NULL, increments, db);
  pthread_create(&threads[1], NULL, increments, other);
  for (int i = 0; i < 2; i++) {
    void *complaint;
    pthread_join(threads[i], &complaint);
    if (complaint) fail_msg("%s", (char *)complaint);
  }
  assert_int_equal(number(db, "SELECT n FROM t"), 2 * EACH);
  sql_close(other);
  sql_close(db);
}

static void a_lock_is_waited_for_and_given_up(void **state) {
  struct scratch *s = SCRATCH(state);
  struct sql *db = open_with(s, 4, 300, 3), *other = open_with(s, 4, 300, 3);
  must(db, "CREATE TABLE t (n BIGINT)");
  must(db, "INSERT INTO t VALUES (0)");
  struct sql_tx *tx;
  struct err e = {0};
  assert_int_equal(sql_begin(db, SQL_WRITE, &tx, &e), 0);
  assert_int_equal(sql_run(tx, "UPDATE t SET n = 1", SQL_NO_ARGS, NULL, &e), 0);
  double start = clock_now();
  assert_int_equal(sql_transact(other, SQL_WRITE, increment, NULL, &e), ERR_TIMEOUT);
  double took = clock_now() - start;
  assert_true(took > 0.25 && took < 3);
  assert_int_equal(number(other, "SELECT n FROM t"), 0); /* readers do not wait, and see the state before */
  assert_int_equal(sql_commit(tx, &e), 0);
  assert_int_equal(sql_transact(other, SQL_WRITE, increment, NULL, &e), 0);
  assert_int_equal(number(db, "SELECT n FROM t"), 2);
  sql_close(other);
  sql_close(db);
}

static void a_read_sees_one_state(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  must(db, "CREATE TABLE t (n BIGINT)");
  struct sql_tx *tx;
  struct sql_rows *rows;
  struct err e = {0};
  assert_int_equal(sql_begin(db, SQL_READ, &tx, &e), 0);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(sql_query(tx, "SELECT count(*) FROM t", SQL_NO_ARGS, &rows, &e), 0);
    assert_int_equal(sql_get_int(rows, 0, 0), 0);
    sql_rows_free(rows);
    if (i == 0) must(db, "INSERT INTO t VALUES (1)");
  }
  assert_int_equal(sql_commit(tx, &e), 0);
  assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
  sql_close(db);
}

static void the_pool_has_an_end(void **state) {
  struct sql *db = open_with(SCRATCH(state), 2, 200, 3);
  struct sql_tx *a, *b, *c;
  struct err e = {0};
  assert_int_equal(sql_begin(db, SQL_READ, &a, &e), 0);
  assert_int_equal(sql_begin(db, SQL_READ, &b, &e), 0);
  double start = clock_now();
  assert_int_equal(sql_begin(db, SQL_READ, &c, &e), ERR_TIMEOUT);
  assert_true(clock_now() - start > 0.15);
  sql_rollback(a);
  assert_int_equal(sql_begin(db, SQL_READ, &c, &e), 0);
  sql_rollback(b);
  sql_rollback(c);
  sql_close(db);
}

/* ---- faults ---- */

struct moved {
  int calls;
};

/* Takes 10 from one row, gives it to another, and notes it: three statements that only make sense together. */
static int move(struct sql_tx *tx, void *ctx, struct err *e) {
  struct moved *m = ctx;
  m->calls++;
  int rc = sql_run(tx, "UPDATE t SET n = n - 10 WHERE id = 1", SQL_NO_ARGS, NULL, e);
  if (rc == 0) rc = sql_run(tx, "UPDATE t SET n = n + 10 WHERE id = 2", SQL_NO_ARGS, NULL, e);
  if (rc == 0) rc = sql_run(tx, "INSERT INTO moves (n) VALUES (10)", SQL_NO_ARGS, NULL, e);
  return rc;
}

static void every_call_fails_in_turn(void **state) {
  static const enum sql_fault kinds[] = {SQL_FAULT_IO, SQL_FAULT_AGAIN, SQL_FAULT_LOST, SQL_FAULT_LOST_AFTER};
  struct sql *db = open_db(SCRATCH(state));
  must(db, "CREATE TABLE t (id BIGINT, n BIGINT)");
  must(db, "CREATE TABLE moves (n BIGINT)");
  must(db, "INSERT INTO t VALUES (1, 100000), (2, 0)");
  int64_t moved = 0;
  int unsure = 0;
  for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
    int64_t n = 1;
    for (;; n++) {
      struct moved m = {0};
      struct err e = {0};
      sql_fault_arm(db, n, kinds[k]);
      int rc = sql_transact(db, SQL_WRITE, move, &m, &e);
      bool happened = sql_fault_disarm(db);
      int64_t now = number(db, "SELECT count(*) FROM moves");
      assert_int_equal(number(db, "SELECT n FROM t WHERE id = 2"), now * 10);
      assert_int_equal(number(db, "SELECT n FROM t WHERE id = 1"), 100000 - now * 10);
      assert_true(now == moved || now == moved + 1);
      if (rc == 0) assert_int_equal(now, moved + 1);
      else if (rc == ERR_UNSURE) unsure++;
      else assert_int_equal(now, moved); /* an error that says "no" tells the truth */
      if (happened && kinds[k] == SQL_FAULT_IO) assert_int_equal(rc, ERR_IO);
      if (happened && kinds[k] == SQL_FAULT_AGAIN) assert_int_equal(rc, 0);
      if (happened && kinds[k] == SQL_FAULT_LOST) assert_int_equal(rc, n == 5 ? ERR_UNSURE : 0);
      if (rc == ERR_UNSURE) assert_int_equal(m.calls, 1); /* never by itself again */
      moved = now;
      if (!happened) break;
    }
    assert_int_equal(n, 6); /* begin, three statements, commit; the sixth did not come */
  }
  assert_int_equal(unsure, 2);
  sql_close(db);
}

/* ---- a writer that is killed ---- */

/* Inserts 1, 2, 3 … and tells each number when its commit has returned. */
static void write_and_tell(const char *url, int fd) {
  struct sql *db;
  if (sql_open(url, NULL, &db, NULL) < 0) _exit(1);
  for (int64_t n = 1;; n++) {
    const struct sql_arg args[] = {sql_int(n)};
    if (once(db, "INSERT INTO t VALUES ($1)", SQL_ARGS(args), NULL) < 0) _exit(1);
    if (write(fd, &n, sizeof n) != (ssize_t)sizeof n) _exit(1);
  }
}

static void what_was_committed_survives(void **state) {
  struct scratch *s = SCRATCH(state);
  struct sql *db = open_db(s);
  must(db, "CREATE TABLE t (n BIGINT PRIMARY KEY)");
  for (int round = 0; round < 5; round++) {
    must(db, "DELETE FROM t");
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) write_and_tell(s->url, fds[1]);
    close(fds[1]);
    int64_t told = 0, n;
    while (told < 5 + 7 * round && read(fds[0], &n, sizeof n) == (ssize_t)sizeof n) told = n;
    kill(pid, SIGKILL);
    while (read(fds[0], &n, sizeof n) == (ssize_t)sizeof n) told = n;
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status));
    close(fds[0]);
    if (s->dialect == SQL_POSTGRES) clock_sleep(0.2); /* what was under way ends without its client */
    int64_t there = number(db, "SELECT count(*) FROM t");
    assert_int_equal(number(db, "SELECT max(n) FROM t"), there);
    assert_true(there == told || there == told + 1); /* the last may have been committed and not told */
  }
  sql_close(db);
}

/* A limit on the size of files stands for a full disk. */
static void a_full_disk(void **state) {
  struct scratch *s = SCRATCH(state);
  struct sql *db = open_db(s);
  must(db, "CREATE TABLE t (s TEXT)");
  _cleanup_(mem_freep) char *text = x_malloc(20001);
  memset(text, 'x', 20000);
  text[20000] = '\0';
  const struct sql_arg args[] = {sql_text(text)};
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit old, small = {300000, RLIM_INFINITY};
  getrlimit(RLIMIT_FSIZE, &old);
  small.rlim_max = old.rlim_max;
  setrlimit(RLIMIT_FSIZE, &small);
  int written = 0, in_a_row = 0, other = 0;
  struct err e = {0};
  while (in_a_row < 3 && written < 1000) { /* a failure may make room: SQLite then empties its log into the file */
    int rc = once(db, "INSERT INTO t VALUES ($1)", SQL_ARGS(args), &e);
    written += rc == 0;
    other += rc != 0 && rc != ERR_IO;
    in_a_row = rc ? in_a_row + 1 : 0;
  }
  int64_t there = number(db, "SELECT count(*) FROM t"); /* reading goes on */
  setrlimit(RLIMIT_FSIZE, &old);
  assert_int_equal(in_a_row, 3);
  assert_int_equal(other, 0);
  assert_non_null(strstr(e.msg, sql_display(db)));
  assert_true(written > 2 && there == written);
  must(db, "INSERT INTO t VALUES ('room again')");
  assert_int_equal(number(db, "SELECT count(*) FROM t"), written + 1);
  sql_close(db);
}

/* ---- addresses ---- */

static void addresses(void **state) {
  (void)state;
  struct sql *db;
  static const char *const wrong[] = {"mysql://me:hunter22@host/x", "sqlite:", "sqlite::memory:", "titr.db", ""};
  for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
    struct err e = {0};
    assert_int_equal(sql_open(wrong[i], NULL, &db, &e), ERR_USAGE);
    assert_null(strstr(e.msg, "hunter22"));
  }
  struct err e = {0};
  assert_int_equal(sql_open("sqlite:/nowhere/at/all/titr.db", NULL, &db, &e), ERR_IO);
  assert_non_null(strstr(e.msg, "/nowhere/at/all/titr.db"));
}

static void the_file_is_private_and_durable(void **state) {
  struct scratch *s = SCRATCH(state);
  struct sql *db = open_db(s);
  assert_string_equal(sql_display(db), s->url);
  must(db, "CREATE TABLE t (n BIGINT)");
  static const char *const suffixes[] = {"", "-wal"};
  for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
    _cleanup_(mem_freep) char *path = x_asprintf("%s/titr.db%s", s->folder, suffixes[i]);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
  }
  assert_int_equal(number(db, "SELECT synchronous FROM pragma_synchronous"), 2); /* FULL */
  assert_int_equal(number(db, "SELECT foreign_keys FROM pragma_foreign_keys"), 1);
  sql_close(db);
  _cleanup_(mem_freep) char *damaged = x_asprintf("%s/titr.db", s->folder);
  assert_int_equal(file_write(damaged, "this is not a database, by no means, not at all", 47, 1, NULL), 0);
  struct err e = {0};
  assert_int_equal(sql_open(s->url, NULL, &db, &e), ERR_IO);
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {
      SCRATCH_TESTS(values_come_back),
      SCRATCH_TESTS(conversions),
      SCRATCH_TESTS(changed_and_returning),
      SCRATCH_TESTS(conflicts_have_their_code),
      SCRATCH_TESTS(bad_values_are_refused),
      SCRATCH_TESTS(a_failed_transaction_stays_failed),
      SCRATCH_TESTS(rollback_and_commit),
      SCRATCH_TESTS(too_many_rows),
      SCRATCH_TESTS(no_update_is_lost),
      SCRATCH_TESTS(a_lock_is_waited_for_and_given_up),
      SCRATCH_TESTS(a_read_sees_one_state),
      SCRATCH_POSTGRES_TEST(the_pool_has_an_end),
      SCRATCH_TESTS(every_call_fails_in_turn),
      SCRATCH_TESTS(what_was_committed_survives),
      SCRATCH_SQLITE_TEST(a_full_disk),
      cmocka_unit_test(addresses),
      SCRATCH_SQLITE_TEST(the_file_is_private_and_durable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
