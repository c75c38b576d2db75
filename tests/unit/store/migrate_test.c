#include "support/scratch.h"

#include <pthread.h>

#include "base/log.h"
#include "store/migrate.h"

/* Small migrations of the test's own; both databases take the same text. */
#define STEP(revision, name, up, down)                                                                                 \
  {                                                                                                                    \
    revision, name, {up, up}, {                                                                                        \
      down, down                                                                                                       \
    }                                                                                                                  \
  }
static const struct migration three[] = {
    STEP("0001", "first", "CREATE TABLE a (n BIGINT); INSERT INTO a VALUES (1);", "-- drops data\nDROP TABLE a;"),
    STEP("0002", "second", "-- nothing but a comment", "-- likewise"),
    STEP("0003", "third", "CREATE TABLE c (n BIGINT);\nINSERT INTO c SELECT n FROM a;", "DROP TABLE c;"),
};
static const struct migration broken[] = {
    STEP("0001", "first", "CREATE TABLE a (n BIGINT);", "DROP TABLE a;"),
    STEP("0002", "bad", "CREATE TABLE b (n BIGINT); INSERT INTO b VALUES (1); INSERT INTO nowhere VALUES (1);",
         "DROP TABLE b;"),
};
static const struct migration altered[] = {
    STEP("0001", "first", "CREATE TABLE a (n BIGINT, m BIGINT);", "-- drops data\nDROP TABLE a;"),
};
static const struct migrations set_three = {three, 3}, set_two = {three, 2}, set_broken = {broken, 2},
                               set_altered = {altered, 1};
static const struct migrate_options with_three = {.migrations = &set_three}, with_two = {.migrations = &set_two},
                                    with_broken = {.migrations = &set_broken},
                                    with_altered = {.migrations = &set_altered};

static struct sql *open_db(struct scratch *s) {
  struct sql *db;
  struct err e = {0};
  if (sql_open(s->url, NULL, &db, &e) < 0) fail_msg("%s", e.msg);
  return db;
}

static int one(struct sql *db, const char *text) {
  struct sql_tx *tx;
  struct err e = {0};
  int rc = sql_begin(db, SQL_WRITE, &tx, &e);
  if (rc == 0) rc = sql_run(tx, text, SQL_NO_ARGS, NULL, &e);
  if (rc == 0) return sql_commit(tx, &e);
  sql_rollback(tx);
  return rc;
}

static bool there(struct sql *db, const char *table) {
  _cleanup_(mem_freep) char *text = x_asprintf("SELECT 1 FROM %s", table);
  return one(db, text) == 0;
}

/* "0001 0002": what the table says. */
static char *applied(struct sql *db) {
  struct migrate_state s = {0};
  struct err e = {0};
  if (migrate_read(db, &s, &e) < 0) fail_msg("%s", e.msg);
  struct buf b = BUF_INIT;
  for (size_t i = 0; i < s.count; i++) buf_addf(&b, "%s%s", i ? " " : "", s.rows[i].revision);
  migrate_state_release(&s);
  return buf_take(&b);
}

static void at(struct sql *db, const char *expected) {
  _cleanup_(mem_freep) char *now = applied(db);
  assert_string_equal(now, expected);
}

static void note(void *ctx, const struct migration *m, bool down) {
  buf_addf(ctx, "%c%s", down ? '-' : '+', m->revision);
}

static void up_and_down(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  _cleanup_(buf_release) struct buf steps = BUF_INIT;
  struct migrate_options o = {.migrations = &set_three, .done = note, .ctx = &steps};
  struct err e = {0};
  size_t behind = 9;
  at(db, "");
  assert_int_equal(migrate_check(db, &o, &behind, &e), 0);
  assert_int_equal(behind, 3);
  assert_int_equal(migrate_upgrade(db, "0001_first", &o, &e), 0);
  at(db, "0001");
  assert_true(there(db, "a") && !there(db, "c"));
  assert_int_equal(migrate_upgrade(db, "head", &o, &e), 0);
  assert_int_equal(migrate_upgrade(db, "head", &o, &e), 0); /* nothing left */
  assert_int_equal(migrate_upgrade(db, "0002", &o, &e), 0); /* nothing to do upwards */
  at(db, "0001 0002 0003");
  assert_int_equal(migrate_check(db, &o, &behind, &e), 0);
  assert_int_equal(behind, 0);
  assert_int_equal(migrate_downgrade(db, "-2", &o, &e), 0);
  at(db, "0001");
  assert_true(!there(db, "c"));
  assert_int_equal(migrate_downgrade(db, "base", &o, &e), 0);
  at(db, "");
  assert_true(!there(db, "a"));
  assert_int_equal(migrate_upgrade(db, "0003", &o, &e), 0);
  assert_int_equal(migrate_downgrade(db, "0003", &o, &e), 0);
  assert_int_equal(migrate_downgrade(db, "0002_second", &o, &e), 0);
  at(db, "0001 0002");
  assert_string_equal(buf_str(&steps), "+0001+0002+0003-0003-0002-0001+0001+0002+0003-0003");
  sql_close(db);
}

static void wrong_targets(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  static const char *const wrong[] = {"0009", "0001_second",           "",    "first", "-0", "-x",
                                      "-4",   "-99999999999999999999", "HEAD"};
  assert_int_equal(migrate_upgrade(db, "head", &with_three, NULL), 0);
  for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
    struct err e = {0};
    assert_int_equal(migrate_downgrade(db, wrong[i], &with_three, &e), ERR_USAGE);
    assert_int_equal(migrate_stamp(db, wrong[i], &with_three, &e), ERR_USAGE);
  }
  at(db, "0001 0002 0003");
  sql_close(db);
}

static void a_step_is_done_wholly_or_not(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  struct err e = {0};
  assert_int_equal(migrate_upgrade(db, "head", &with_broken, &e), ERR_FAIL);
  assert_non_null(strstr(e.msg, "0002_bad"));
  assert_non_null(strstr(e.msg, "nowhere"));
  at(db, "0001"); /* the first has been committed */
  assert_true(there(db, "a") && !there(db, "b"));
  sql_close(db);
}

static void strange_histories_are_refused(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  struct err e = {0};
  size_t behind;
  bool drops;
  assert_int_equal(migrate_upgrade(db, "head", &with_three, &e), 0);
  /* a newer program has been here */
  assert_int_equal(migrate_check(db, &with_two, &behind, &e), ERR_FAIL);
  assert_non_null(strstr(e.msg, "0003_third"));
  assert_int_equal(migrate_upgrade(db, "head", &with_two, &e), ERR_FAIL);
  assert_int_equal(migrate_downgrade(db, "base", &with_two, &e), ERR_FAIL);
  assert_int_equal(migrate_drops_data(db, "base", &with_two, &drops, &e), ERR_FAIL);
  at(db, "0001 0002 0003");
  assert_true(there(db, "c"));
  /* a hole */
  assert_int_equal(one(db, "DELETE FROM titr_migrations WHERE revision = '0002'"), 0);
  assert_int_equal(migrate_check(db, &with_three, &behind, &e), ERR_FAIL);
  assert_non_null(strstr(e.msg, "0002_second"));
  /* stamp is the way out */
  assert_int_equal(migrate_stamp(db, "0003", &with_three, &e), 0);
  assert_int_equal(migrate_check(db, &with_three, &behind, &e), 0);
  assert_int_equal(migrate_downgrade(db, "0001", &with_three, &e), 0);
  /* the files were altered since */
  assert_int_equal(migrate_check(db, &with_altered, &behind, &e), ERR_FAIL);
  assert_non_null(strstr(e.msg, "0001_first"));
  assert_int_equal(migrate_upgrade(db, "head", &with_altered, &e), ERR_FAIL);
  assert_int_equal(migrate_stamp(db, "head", &with_altered, &e), 0);
  assert_int_equal(migrate_check(db, &with_altered, &behind, &e), 0);
  assert_int_equal(migrate_stamp(db, "base", &with_altered, &e), 0);
  at(db, "");
  assert_true(there(db, "a")); /* stamping runs nothing */
  sql_close(db);
}

static void marked_files_drop_data(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  bool drops;
  assert_int_equal(migrate_upgrade(db, "head", &with_three, NULL), 0);
  assert_int_equal(migrate_drops_data(db, "0001", &with_three, &drops, NULL), 0);
  assert_false(drops); /* of 0003 and 0002 none is marked */
  assert_int_equal(migrate_drops_data(db, "base", &with_three, &drops, NULL), 0);
  assert_true(drops);
  assert_int_equal(migrate_drops_data(db, "head", &with_three, &drops, NULL), 0);
  assert_false(drops);
  sql_close(db);
}

struct racer {
  struct sql *db;
  int code, steps;
  struct err e;
};

static void count_step(void *ctx, const struct migration *m, bool down) {
  (void)m, (void)down;
  ((struct racer *)ctx)->steps++;
}

static void *race(void *ctx) {
  struct racer *r = ctx;
  struct migrate_options o = {.migrations = &set_three, .done = count_step, .ctx = r};
  r->code = migrate_upgrade(r->db, "head", &o, &r->e);
  return NULL;
}

static void racers_take_turns(void **state) {
  struct scratch *s = SCRATCH(state);
  struct sql *db = open_db(s);
  for (int round = 0; round < 10; round++) {
    enum { RACERS = 4 };
    struct racer racers[RACERS] = {0};
    pthread_t threads[RACERS];
    for (int i = 0; i < RACERS; i++) racers[i].db = open_db(s); /* as four processes would */
    for (int i = 0; i < RACERS; i++) pthread_create(&threads[i], NULL, race, &racers[i]);
    int steps = 0;
    for (int i = 0; i < RACERS; i++) {
      pthread_join(threads[i], NULL);
      if (racers[i].code < 0) fail_msg("%s", racers[i].e.msg);
      steps += racers[i].steps;
      sql_close(racers[i].db);
    }
    assert_int_equal(steps, 3);
    at(db, "0001 0002 0003");
    assert_int_equal(migrate_downgrade(db, "base", &with_three, NULL), 0);
  }
  sql_close(db);
}

/* ---- the program's own ---- */

static void embedded_up_down_up(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  struct err e = {0};
  assert_true(migrations_embedded.count >= 1);
  for (size_t i = 0; i < migrations_embedded.count; i++) /* numbered without a gap */
    assert_int_equal(strtol(migrations_embedded.all[i].revision, NULL, 10), (long)i + 1);
  if (migrate_upgrade(db, "head", NULL, &e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(one(db, "INSERT INTO users (telegram_id, created_at, updated_at) VALUES (1, 2, 3)"), 0);
  assert_int_equal(one(db, "INSERT INTO users (telegram_id, tier, created_at, updated_at) VALUES (2, 'gold', 2, 3)"),
                   ERR_CONFLICT);
  assert_int_equal(one(db, "INSERT INTO tasks (public_id, user_id, state, lane, input_kind, input, run_at, created_at) "
                           "VALUES ('x', 1, 'queued', 3, 'path', '{}', 0, 0)"),
                   0);
  assert_int_equal(one(db, "UPDATE tasks SET state = 'running'"), ERR_CONFLICT); /* without a lease */
  for (size_t i = migrations_embedded.count; i > 0; i--)
    if (migrate_downgrade(db, "-1", NULL, &e) < 0) fail_msg("%s", e.msg);
  assert_false(there(db, "users"));
  const char *left =
      sql_dialect(db) == SQL_SQLITE
          ? "INSERT INTO titr_migrations SELECT name, name, '', 0 FROM sqlite_master WHERE type = 'table' AND "
            "name NOT LIKE 'sqlite_%' AND name <> 'titr_migrations'"
          : "INSERT INTO titr_migrations SELECT relname, relname, '', 0 FROM pg_class WHERE relnamespace = "
            "current_schema()::regnamespace AND relkind IN ('r', 'S') AND relname <> 'titr_migrations'";
  assert_int_equal(one(db, left), 0); /* every table that is left over would show as a row here */
  at(db, "");
  if (migrate_upgrade(db, "head", NULL, &e) < 0) fail_msg("%s", e.msg);
  assert_true(there(db, "users"));
  sql_close(db);
}

static void a_foreign_table_is_refused(void **state) {
  struct sql *db = open_db(SCRATCH(state));
  struct err e = {0};
  assert_int_equal(one(db, "CREATE TABLE users (name TEXT)"), 0);
  assert_int_equal(migrate_upgrade(db, "head", NULL, &e), ERR_FAIL);
  assert_non_null(strstr(e.msg, "users"));
  at(db, "");
  assert_int_equal(one(db, "INSERT INTO users VALUES ('still here')"), 0);
  sql_close(db);
}

/* ---- a new one ---- */

static void revision_makes_four_files(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *dir = NULL, *path = NULL;
  struct err e = {0};
  assert_int_equal(file_temp_dir(&dir, &e), 0);
  _cleanup_(mem_freep) char *none = x_asprintf("%s/none", dir);
  assert_int_equal(migrate_revision(none, "x", &path, &e), ERR_USAGE);
  assert_int_equal(migrate_revision(dir, "Ж —", &path, &e), ERR_USAGE);
  assert_int_equal(migrate_revision(dir, "  Add invoices: 2nd\ntry; DROP TABLE users!  ", &path, &e), 0);
  _cleanup_(mem_freep) char *expected = x_asprintf("%s/0001_add_invoices_2nd_try_drop_table_users", dir);
  assert_string_equal(path, expected);
  static const char *const files[] = {"up.sqlite.sql", "up.postgres.sql", "down.sqlite.sql", "down.postgres.sql"};
  for (size_t i = 0; i < ARRAY_LEN(files); i++) {
    _cleanup_(mem_freep) char *file = x_asprintf("%s/%s", path, files[i]);
    _cleanup_(buf_release) struct buf text = BUF_INIT;
    assert_int_equal(file_read(file, 1000, &text, &e), 0);
    assert_int_equal(strncmp(buf_str(&text), i < 2 ? "--" : "-- drops data\n", i < 2 ? 2 : 14), 0);
    for (const char *line = buf_str(&text); *line; line = strchr(line, '\n') + 1)
      assert_int_equal(strncmp(line, "-- ", 3), 0); /* a message of two lines has not become a statement */
  }
  free(TAKE(path));
  assert_int_equal(migrate_revision(dir, "next", &path, &e), 0);
  assert_string_equal(strrchr(path, '/'), "/0002_next");
  file_remove_tree(dir);
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {
      SCRATCH_TESTS(up_and_down),
      SCRATCH_TESTS(wrong_targets),
      SCRATCH_TESTS(a_step_is_done_wholly_or_not),
      SCRATCH_TESTS(strange_histories_are_refused),
      SCRATCH_TESTS(marked_files_drop_data),
      SCRATCH_TESTS(racers_take_turns),
      SCRATCH_TESTS(embedded_up_down_up),
      SCRATCH_TESTS(a_foreign_table_is_refused),
      cmocka_unit_test(revision_makes_four_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
