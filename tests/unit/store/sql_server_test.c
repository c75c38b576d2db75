/* What happens to transactions when the server or the way to it breaks: a proxy cuts at chosen places, a server of the test's
 * own is killed. */
#include "support/scratch.h"

#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/sql.h"
#include "support/proxy.h"

static struct proxy *proxy;

static int port_of(const char *url) {
  return (int)strtol(strrchr(url, ':') + 1, NULL, 10);
}

/* The same database, through the proxy. */
static char *by_proxy(const char *url) {
  const char *colon = strrchr(url, ':');
  return x_asprintf("%.*s:%d%s?sslmode=disable", (int)(colon - url), url, proxy->port, strchr(colon, '/'));
}

static struct sql *open_url(const char *url) {
  struct sql_options o = {.connections = 2, .busy_ms = 2000, .tries = 5};
  struct sql *db;
  struct err e = {0};
  if (sql_open(url, &o, &db, &e) < 0) fail_msg("%s", e.msg);
  return db;
}

static int count_in(struct sql *db, const char *table) {
  struct sql_tx *tx;
  struct sql_rows *rows;
  struct err e = {0};
  _cleanup_(mem_freep) char *text = x_asprintf("SELECT count(*) FROM %s", table);
  if (sql_begin(db, SQL_READ, &tx, &e) < 0 || sql_query(tx, text, SQL_NO_ARGS, &rows, &e) < 0) fail_msg("%s", e.msg);
  int n = (int)sql_get_int(rows, 0, 0);
  sql_rows_free(rows);
  sql_rollback(tx);
  return n;
}

static int make_table(struct sql_tx *tx, void *ctx, struct err *e) {
  (void)ctx;
  return sql_script(tx, "CREATE TABLE IF NOT EXISTS t (n BIGINT)", e);
}

static int insert_two(struct sql_tx *tx, void *ctx, struct err *e) {
  int *calls = ctx;
  ++*calls;
  int rc = sql_run(tx, "INSERT INTO t VALUES (1)", SQL_NO_ARGS, NULL, e);
  if (rc == 0) rc = sql_run(tx, "INSERT INTO t SELECT 2 AS marked", SQL_NO_ARGS, NULL, e);
  return rc;
}

static int only_read(struct sql_tx *tx, void *ctx, struct err *e) {
  int *calls = ctx;
  ++*calls;
  return sql_run(tx, "SELECT count(*) FROM t", SQL_NO_ARGS, NULL, e);
}

static void cut_at_chosen_places(void **state) {
  struct scratch *s = SCRATCH(state);
  proxy = proxy_new(port_of(s->url));
  _cleanup_(mem_freep) char *url = by_proxy(s->url);
  struct sql *direct = open_url(s->url), *db = open_url(url);
  assert_int_equal(sql_transact(direct, SQL_WRITE, make_table, NULL, NULL), 0);
  static const struct {
    enum proxy_trick trick;
    const char *word;
    int code, calls, rows; /* expected: the result, runs of the function, rows added */
  } cases[] = {
      {PROXY_CUT_BEFORE, "BEGIN", 0, 1, 2},           {PROXY_CUT_AFTER, "BEGIN", 0, 1, 2},
      {PROXY_CUT_BEFORE, "marked", 0, 2, 2},          {PROXY_CUT_AFTER, "marked", 0, 2, 2},
      {PROXY_CUT_BEFORE, "COMMIT", ERR_UNSURE, 1, 0}, {PROXY_CUT_AFTER, "COMMIT", ERR_UNSURE, 1, 2},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    int before = count_in(direct, "t"), calls = 0;
    count_in(db, "t"); /* a connection that works is in the pool */
    struct err e = {0};
    proxy_play(proxy, cases[i].trick, cases[i].word);
    int rc = sql_transact(db, SQL_WRITE, insert_two, &calls, &e);
    assert_int_equal(atomic_load(&proxy->done), 1);
    if (rc != cases[i].code) fail_msg("case %zu: %d (%s)", i, rc, e.msg);
    assert_int_equal(calls, cases[i].calls);
    assert_int_equal(count_in(direct, "t") - before, cases[i].rows);
    assert_null(strstr(e.msg, "titr-test-secret"));
  }
  /* reading has nothing to be unsure of */
  int calls = 0;
  proxy_play(proxy, PROXY_CUT_BEFORE, "COMMIT");
  assert_int_equal(sql_transact(db, SQL_READ, only_read, &calls, NULL), 0);
  assert_int_equal(calls, 2);
  sql_close(db);
  sql_close(direct);
  proxy_free(proxy);
}

static void a_server_that_hangs(void **state) {
  struct scratch *s = SCRATCH(state);
  proxy = proxy_new(port_of(s->url));
  _cleanup_(mem_freep) char *url = by_proxy(s->url);
  struct sql *direct = open_url(s->url), *db;
  struct sql_options o = {.connections = 1, .busy_ms = 100, .tries = 1, .statement_s = 1};
  struct err e = {0};
  assert_int_equal(sql_open(url, &o, &db, &e), 0);
  assert_int_equal(sql_transact(direct, SQL_WRITE, make_table, NULL, NULL), 0);
  static const struct {
    const char *word;
    int code, rows;
  } cases[] = {{"marked", ERR_TIMEOUT, 0}, {"COMMIT", ERR_UNSURE, 2}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    int calls = 0, before = count_in(direct, "t");
    proxy_play(proxy, PROXY_SWALLOW_ANSWERS, cases[i].word);
    double start = clock_now();
    assert_int_equal(sql_transact(db, SQL_WRITE, insert_two, &calls, &e), cases[i].code);
    assert_true(clock_now() - start < 8);
    assert_int_equal(count_in(direct, "t") - before, cases[i].rows);
  }
  int calls = 0;
  assert_int_equal(sql_transact(db, SQL_WRITE, insert_two, &calls, &e), 0); /* on a new connection */
  /* the server's own limit, when it answers */
  struct sql_tx *tx;
  assert_int_equal(sql_begin(db, SQL_READ, &tx, &e), 0);
  assert_int_equal(sql_run(tx, "SELECT pg_sleep(5)", SQL_NO_ARGS, NULL, &e), ERR_TIMEOUT);
  sql_rollback(tx);
  assert_int_equal(count_in(db, "t"), 4);
  sql_close(db);
  sql_close(direct);
  proxy_free(proxy);
}

static const char *database;

/* The server ends a connection, as it does when it is shut down, while the transaction is between two calls. */
static int insert_and_lose(struct sql_tx *tx, void *ctx, struct err *e) {
  int *calls = ctx;
  ++*calls;
  int rc = sql_run(tx, "INSERT INTO t VALUES (1)", SQL_NO_ARGS, NULL, e);
  if (rc == 0 && *calls == 1) {
    _cleanup_(mem_freep) char *terminate =
        x_asprintf("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'titr' AND state = "
                   "'idle in transaction' AND datname = '%s'",
                   database);
    scratch_server(terminate);
    clock_sleep(0.2);
  }
  return rc;
}

static int lose_then_insert(struct sql_tx *tx, void *ctx, struct err *e) {
  int rc = insert_and_lose(tx, ctx, e);
  return rc < 0 ? rc : sql_run(tx, "INSERT INTO t VALUES (2)", SQL_NO_ARGS, NULL, e);
}

static void ended_by_the_server(void **state) {
  struct scratch *s = SCRATCH(state);
  database = s->name;
  struct sql *db = open_url(s->url);
  assert_int_equal(sql_transact(db, SQL_WRITE, make_table, NULL, NULL), 0);
  int calls = 0;
  assert_int_equal(sql_transact(db, SQL_WRITE, lose_then_insert, &calls, NULL), 0);
  assert_int_equal(calls, 2);
  assert_int_equal(count_in(db, "t"), 2);
  /* between the last statement and the commit: that the server has hung up is seen before COMMIT is sent */
  calls = 0;
  assert_int_equal(sql_transact(db, SQL_WRITE, insert_and_lose, &calls, NULL), 0);
  assert_int_equal(calls, 2);
  assert_int_equal(count_in(db, "t"), 3);
  sql_close(db);
}

/* ---- a server of our own ---- */

static char *service_folder, *service_url;

static void services(const char *command, const char *third, struct buf *output) {
  const char *argv[] = {"tests/services", command, service_folder, third, NULL};
  int out[2];
  assert_int_equal(pipe(out), 0);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(out[1], 1);
    close(out[0]);
    close(out[1]);
    execv(argv[0], (char *const *)argv);
    _exit(127);
  }
  close(out[1]);
  char bytes[1024];
  for (ssize_t n; (n = read(out[0], bytes, sizeof bytes)) > 0;)
    if (output) buf_add(output, bytes, (size_t)n);
  close(out[0]);
  int status;
  waitpid(pid, &status, 0);
  if (status != 0) fail_msg("tests/services %s: status %d", command, status);
}

/* One server for all tests that kill it, ended after the last. */
static const char *own_server(void) {
  if (service_url) return service_url;
  _cleanup_(buf_release) struct buf lines = BUF_INIT;
  char *parent;
  assert_int_equal(file_temp_dir(&parent, NULL), 0);
  service_folder = x_asprintf("%s-services", parent); /* its users must get at it; temporary folders are private */
  file_remove_tree(parent);
  free(parent);
  services("start", "--durable", &lines);
  const char *url = strstr(buf_str(&lines), "postgresql://");
  assert_non_null(url);
  return service_url = x_strndup(url, strcspn(url, "\n"));
}

static void killed_and_started_again(void **state) {
  (void)state;
  if (!scratch_has_postgres()) skip();
  struct sql *db = open_url(own_server());
  assert_int_equal(sql_transact(db, SQL_WRITE, make_table, NULL, NULL), 0);
  int calls = 0;
  assert_int_equal(sql_transact(db, SQL_WRITE, insert_two, &calls, NULL), 0);

  services("kill", "postgres", NULL);
  struct err e = {0};
  double start = clock_now();
  calls = 0;
  assert_int_equal(sql_transact(db, SQL_WRITE, insert_two, &calls, &e), ERR_IO); /* after some tries, it says so */
  assert_int_equal(calls, 0);
  assert_true(clock_now() - start < 15);
  assert_null(strstr(e.msg, "titr-test-secret"));
  assert_non_null(strstr(e.msg, sql_display(db)));

  services("again", "postgres", NULL);
  assert_int_equal(count_in(db, "t"), 2); /* what was committed is there, nothing else */
  assert_int_equal(sql_transact(db, SQL_WRITE, insert_two, &calls, &e), 0);
  assert_int_equal(count_in(db, "t"), 4);
  sql_close(db);
}

/* ---- killed while two threads write ---- */

enum { WRITES_MOST = 20000, KILLS = 3 };

struct writer {
  struct sql *db;
  int64_t first_id;
  atomic_bool *stop;
  int count; /* ids first_id … were tried, with these results */
  int codes[WRITES_MOST];
};

/* A row, and the sum that goes with it. */
static int write_one(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct sql_arg args[] = {sql_int(*(int64_t *)ctx)};
  int rc = sql_run(tx, "INSERT INTO written (id) VALUES ($1)", SQL_ARGS(args), NULL, e);
  return rc < 0 ? rc : sql_run(tx, "UPDATE written_count SET n = n + 1", SQL_NO_ARGS, NULL, e);
}

static void *write_until_stopped(void *ctx) {
  struct writer *w = ctx;
  while (!atomic_load(w->stop) && w->count < WRITES_MOST) {
    int64_t id = w->first_id + w->count;
    w->codes[w->count++] = sql_transact(w->db, SQL_WRITE, write_one, &id, NULL);
  }
  return NULL;
}

static int make_written(struct sql_tx *tx, void *ctx, struct err *e) {
  (void)ctx;
  return sql_script(tx,
                    "CREATE TABLE written (id BIGINT PRIMARY KEY); CREATE TABLE written_count (n BIGINT);"
                    "INSERT INTO written_count VALUES (0)",
                    e);
}

static bool is_written(struct sql *db, int64_t id) {
  struct sql_tx *tx;
  struct sql_rows *rows;
  const struct sql_arg args[] = {sql_int(id)};
  assert_int_equal(sql_begin(db, SQL_READ, &tx, NULL), 0);
  assert_int_equal(sql_query(tx, "SELECT 1 FROM written WHERE id = $1", SQL_ARGS(args), &rows, NULL), 0);
  bool is = sql_count(rows) == 1;
  sql_rows_free(rows);
  sql_rollback(tx);
  return is;
}

/* Every answer was the truth: 0 is there, an error is not; only ERR_UNSURE may be either. */
static void killed_under_load(void **state) {
  (void)state;
  if (!scratch_has_postgres()) skip();
  struct sql *db = open_url(own_server());
  assert_int_equal(sql_transact(db, SQL_WRITE, make_written, NULL, NULL), 0);
  atomic_bool stop = false;
  static struct writer writers[2];
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) {
    writers[i] = (struct writer){.db = db, .first_id = (int64_t)i * 1000000, .stop = &stop};
    pthread_create(&threads[i], NULL, write_until_stopped, &writers[i]);
  }
  for (int i = 0; i < KILLS; i++) {
    clock_sleep(0.4);
    services("kill", "postgres", NULL);
    services("again", "postgres", NULL);
  }
  clock_sleep(0.4);
  atomic_store(&stop, true);
  int written = 0, unsure = 0;
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < writers[i].count; k++) {
      bool there = is_written(db, writers[i].first_id + k);
      written += there;
      unsure += writers[i].codes[k] == ERR_UNSURE;
      if (writers[i].codes[k] == 0) assert_true(there);
      else if (writers[i].codes[k] != ERR_UNSURE) assert_false(there);
    }
  assert_true(written > 20);
  assert_true(unsure <= 2 * KILLS); /* one for each thread and kill at most */
  assert_int_equal(count_in(db, "written"), written);
  struct sql_tx *tx;
  struct sql_rows *rows;
  assert_int_equal(sql_begin(db, SQL_READ, &tx, NULL), 0);
  assert_int_equal(sql_query(tx, "SELECT n FROM written_count", SQL_NO_ARGS, &rows, NULL), 0);
  assert_int_equal(sql_get_int(rows, 0, 0), written);
  sql_rows_free(rows);
  sql_rollback(tx);
  print_message("%d written, %d unsure\n", written, unsure);
  sql_close(db);
}

static int end_services(void **state) {
  (void)state;
  if (!service_folder) return 0;
  services("stop", NULL, NULL);
  free(service_folder);
  free(service_url);
  return 0;
}

/* ---- passwords ---- */

static void passwords_stay_secret(void **state) {
  (void)state;
  struct sql_options once = {.connections = 1, .busy_ms = 100, .tries = 1};
  static const struct {
    const char *url;
    int code;
  } all[] = {
      {"postgresql://me:hunter22@127.0.0.1:1/x", ERR_IO}, /* nobody listens */
      {"postgresql://me:hunter22@no-such-host.invalid/x", ERR_IO},
      {"postgresql://me:hunter22@127.0.0.1:port/x", ERR_IO},
      {"postgresql://me:hun/ter22@127.0.0.1/x", ERR_USAGE}, /* the rest would be taken for the name */
      {"postgresql://me:hun@ter22@127.0.0.1/x", ERR_USAGE}, /* … for the host */
      {"postgresql://me:hunter22%zz@127.0.0.1/x", ERR_USAGE},
      {"postgresql://127.0.0.1:1/x?user=me&password=hunter22", ERR_IO},
      {"postgresql://127.0.0.1/x?password=hunter22&nonsense=1", ERR_USAGE},
  };
  for (size_t i = 0; i < ARRAY_LEN(all); i++) {
    struct sql *db;
    struct err e = {0};
    int rc = sql_open(all[i].url, &once, &db, &e);
    if (rc != all[i].code) fail_msg("%s: %d (%s)", all[i].url, rc, e.msg);
    if (strstr(e.msg, "hun") || strstr(e.msg, "ter22")) fail_msg("%s", e.msg);
  }
}

static void a_wrong_password(void **state) {
  struct scratch *s = SCRATCH(state);
  const char *colon = strchr(s->url + strlen("postgresql://"), ':'), *at = strchr(s->url, '@');
  _cleanup_(mem_freep) char *url = x_asprintf("%.*s:hunter22%s", (int)(colon - s->url), s->url, at);
  struct sql *db;
  struct err e = {0};
  assert_int_equal(sql_open(url, NULL, &db, &e), ERR_IO);
  assert_non_null(strstr(e.msg, "authentication"));
  assert_null(strstr(e.msg, "hunter22"));
  assert_null(strchr(e.msg, '\n'));
  db = open_url(s->url);
  assert_null(strstr(sql_display(db), "titr-test-secret"));
  assert_non_null(strstr(sql_display(db), s->name));
  sql_close(db);
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {
      SCRATCH_POSTGRES_TEST(cut_at_chosen_places), SCRATCH_POSTGRES_TEST(ended_by_the_server),
      SCRATCH_POSTGRES_TEST(a_server_that_hangs),  cmocka_unit_test(killed_and_started_again),
      cmocka_unit_test(killed_under_load),         cmocka_unit_test(passwords_stay_secret),
      SCRATCH_POSTGRES_TEST(a_wrong_password),
  };
  return cmocka_run_group_tests(tests, NULL, end_services);
}
