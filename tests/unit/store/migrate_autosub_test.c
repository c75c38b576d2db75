/* A database that AutoSub has filled (autosub.sql) is adopted by the first migration, and given back by its way down. */
#include "support/scratch.h"

#include "base/log.h"
#include "store/migrate.h"
#include "store/payments.h"
#include "store/subscriptions.h"
#include "store/tasks.h"
#include "store/users.h"

static struct sql *db;

static int filled(void **state) {
  int rc = scratch_postgres(state);
  struct scratch *s = *state;
  if (rc || !s) return rc;
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  assert_int_equal(file_read("tests/unit/store/autosub.sql", 1 << 20, &text, NULL), 0);
  struct err e = {0};
  struct sql_tx *tx;
  if (sql_open(s->url, NULL, &db, &e) < 0 || sql_begin(db, SQL_WRITE, &tx, &e) < 0 ||
      sql_script(tx, buf_str(&text), &e) < 0 || sql_commit(tx, &e) < 0)
    fail_msg("%s", e.msg);
  return 0;
}

static int emptied(void **state) {
  if (*state) sql_close(TAKE(db));
  return scratch_drop(state);
}

static void script(const char *text) {
  struct err e = {0};
  struct sql_tx *tx;
  if (sql_begin(db, SQL_WRITE, &tx, &e) < 0 || sql_script(tx, text, &e) < 0 || sql_commit(tx, &e) < 0)
    fail_msg("%s: %s", text, e.msg);
}

/* The query's rows, "a|b|NULL" each, on lines of their own. */
static char *rows(const char *query) {
  struct err e = {0};
  struct sql_tx *tx;
  struct sql_rows *r;
  if (sql_begin(db, SQL_READ, &tx, &e) < 0 || sql_query(tx, query, SQL_NO_ARGS, &r, &e) < 0)
    fail_msg("%s: %s", query, e.msg);
  struct buf b = BUF_INIT;
  for (size_t i = 0; i < sql_count(r); i++)
    for (size_t k = 0; k < sql_columns(r); k++) {
      const char *v = sql_get_text(r, i, k);
      buf_addf(&b, "%s%s", k ? "|" : i ? "\n" : "", v ? v : "NULL");
    }
  sql_rows_free(r);
  sql_rollback(tx);
  return buf_take(&b);
}

static void are(const char *query, const char *expected) {
  _cleanup_(mem_freep) char *found = rows(query);
  assert_string_equal(found, expected);
}

static void upgrade(void) {
  struct err e = {0};
  if (migrate_upgrade(db, "head", NULL, &e) < 0) fail_msg("%s", e.msg);
}

static void everything_came_over(void) {
  are("SELECT id, telegram_id, username, first_name, last_name, language, tier, tier_until, tasks_total, defaults, "
      "blocked, "
      "created_at, updated_at FROM users ORDER BY id",
      "1|1001|ann|Анна|NULL|ru|free|NULL|10|{}|0|1710072000123|1710115200000\n"
      "2|9007199254740993|NULL|NULL|NULL|en|pro|4086547199000|50|{}|0|1704067200000|1704067200000\n"
      "5|1005|o'brien|quo\"te|back\\slash 😀|ru|creator|1709208000000|3|{}|0|1704067199999|1704164645000\n"
      "6|-1006|NULL||NULL|ru|creator|NULL|0|{}|0|1714885505000|1714885505000\n"
      "9|1009|NULL|NULL|NULL|de|pro|4070908800000|0|{}|0|1717200000000|1717200000000");
  are("SELECT user_id, used, day = to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM quota_days ORDER BY 1",
      "1|2|1\n6|7|1"); /* user 2's five were yesterday's */
  are("SELECT id, user_id, state, lane, input_kind, media_ms, progress, attempts, error_code, error_text, result_path, "
      "subtitles_path, created_at, started_at FROM tasks ORDER BY id",
      "1|1|done|3|telegram|12346|1000|1|NULL|NULL|/storage/out/1.mp4|/storage/out/1.srt|1710072000000|1710072001500\n"
      "2|2|failed|2|youtube|NULL|0|1|adopted|not finished when AutoSub was "
      "replaced|NULL|NULL|1710072000000|1710072002000\n"
      "3|2|failed|1|tiktok|60000|0|0|adopted|not finished when AutoSub was replaced|NULL|NULL|1710072000000|NULL\n"
      "4|5|failed|3|instagram|NULL|0|0|adopted|not finished when AutoSub was replaced|NULL|NULL|1710072000000|NULL\n"
      "7|5|failed|3|telegram|0|0|1|failed|ffmpeg said \"no\"\nand more|NULL|NULL|1710072000000|1710072003000\n"
      "8|6|cancelled|3|telegram|NULL|0|0|NULL|NULL|NULL|NULL|1710072000000|NULL");
  are("SELECT id, finished_at, delivered_at = finished_at, files_gone_at IS NULL FROM tasks WHERE id IN (1, 7, 8) "
      "ORDER BY id",
      "1|1710072060000|1|1\n7|1710072003000|1|0\n8|1710072004000|1|0");
  are("SELECT id FROM tasks WHERE delivered_at IS NOT NULL AND finished_at > (extract(epoch FROM now()) - 600) * 1000 "
      "ORDER BY id",
      "2\n3\n4");
  are("SELECT input, options FROM tasks WHERE id IN (1, 2) ORDER BY id",
      "{\"path\": \"/storage/in/1.mp4\", \"file_id\": \"AgACfile\"}|"
      "{\"autosub\": {\"width\": 1920, \"height\": 1080, \"file_size\": 5000000000, \"translate\": true, "
      "\"voiceover\": false, "
      "\"add_watermark\": true, \"output_file_id\": \"BAACout\", \"processing_time\": 3.5, \"source_language\": "
      "\"ru\", "
      "\"target_language\": \"en\", \"vertical_format\": true, \"generate_subtitles\": true}}\n"
      "{\"url\": \"https://youtu.be/x?a=1&b=\\\"2\\\"\"}|{\"autosub\": {\"generate_subtitles\": true}}");
  are("SELECT count(DISTINCT public_id), min(length(public_id)), count(fingerprint) FROM tasks", "6|32|0");
  are("SELECT id, user_id, provider, external_id, amount_minor, currency, state, method, created_at, completed_at "
      "FROM payments ORDER BY id",
      "1|2|platega|ext-1|29900|RUB|confirmed|sbp|1709251200000|1709251500000\n"
      "2|2|platega|ext-2|299000|RUB|confirmed|card|1711929600000|1711929601000\n"
      "3|2|platega|ext-3|2999|RUB|pending|NULL|1714521600000|NULL\n"
      "4|5|platega|ext-4|599000|RUB|refunded|card|1704067200000|1704067201000\n"
      "5|1|platega|NULL|30|USD|confirmed|card|1704067200000|1704067201000\n"
      "6|1|platega|NULL|5900|RUB|failed|card|1704067200000|NULL\n"
      "9|1|platega|ext-9|450359962737049|RUB|failed|card|1704067200000|NULL");
  are("SELECT id, purpose, metadata FROM payments WHERE id IN (1, 2, 4, 5) ORDER BY id",
      "1|{\"kind\": \"subscription\", \"tier\": \"pro\", \"period\": \"monthly\"}|{\"order\": \"1\", \"n\": [1, "
      "2.50]}\n"
      "2|{\"kind\": \"subscription\", \"tier\": \"pro\", \"period\": \"yearly\"}|{}\n"
      "4|{\"kind\": \"subscription\", \"tier\": \"creator\", \"period\": \"yearly\"}|null\n"
      "5|{\"kind\": \"once\"}|{}");
  are("SELECT user_id, tier, period, payment_id, starts_at, ends_at FROM subscriptions ORDER BY user_id",
      "2|pro|yearly|2|1711929601000|4086547199000\n"
      "9|pro|monthly|NULL|1717200000000|4070908800000"); /* 5's has ended, 6's has no end */
  are("SELECT relname FROM pg_class WHERE relnamespace = 'autosub'::regnamespace AND relkind IN ('r', 'S') ORDER BY 1",
      "payments\npayments_id_seq\nsystem_logs\nsystem_logs_id_seq\ntasks\ntasks_id_seq\nusers\nusers_id_seq");
  are("SELECT version_num FROM alembic_version", "3f2a");
}

/* A digest of what AutoSub's tables hold, to see that they come back as they were. */
static char *digest(void) {
  return rows("SELECT md5((SELECT string_agg(u::text, ',' ORDER BY id) FROM users u) || "
              "(SELECT string_agg(t::text, ',' ORDER BY id) FROM tasks t) || "
              "(SELECT string_agg(p::text, ',' ORDER BY id) FROM payments p) || "
              "(SELECT string_agg(l::text, ',' ORDER BY id) FROM system_logs l))");
}

static void adopted_and_given_back(void **state) {
  SCRATCH(state);
  struct err e = {0};
  _cleanup_(mem_freep) char *before = digest();
  upgrade();
  everything_came_over();
  /* new rows come after the old ones */
  script("INSERT INTO users (telegram_id, created_at, updated_at) VALUES (77, 0, 0);"
         "INSERT INTO tasks (public_id, user_id, state, lane, input_kind, input, run_at, created_at) "
         "  VALUES ('p', 10, 'queued', 1, 'path', '{}', 0, 0);"
         "INSERT INTO payments (public_id, user_id, provider, amount_minor, currency, state, created_at) "
         "  VALUES ('q', 10, 'platega', 1, 'RUB', 'pending', 0)");
  are("SELECT (SELECT max(id) FROM users), (SELECT max(id) FROM tasks), (SELECT max(id) FROM payments)", "10|9|10");
  assert_int_equal(migrate_downgrade(db, "base", NULL, &e), 0);
  _cleanup_(mem_freep) char *after = digest();
  assert_string_equal(after, before);
  are("SELECT count(*) FROM pg_namespace WHERE nspname = 'autosub'", "0");
  script(
      "INSERT INTO users (telegram_id, tier) VALUES (88, 'PRO')"); /* AutoSub goes on with its sequence and its types */
  are("SELECT id, tier FROM users WHERE telegram_id = 88", "10|PRO");
  script("DELETE FROM users WHERE telegram_id = 88");
  upgrade();
  everything_came_over();
}

static void labels_in_lower_case_and_times_with_zone(void **state) {
  SCRATCH(state);
  script("DO $$ DECLARE l RECORD; BEGIN "
         "FOR l IN SELECT t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid LOOP "
         "EXECUTE format('ALTER TYPE %I RENAME VALUE %L TO %L', l.typname, l.enumlabel, lower(l.enumlabel)); END LOOP; "
         "END $$;"
         "ALTER TABLE users ALTER created_at TYPE TIMESTAMPTZ USING created_at AT TIME ZONE 'UTC',"
         "  ALTER tier_expires_at TYPE TIMESTAMPTZ USING tier_expires_at AT TIME ZONE 'UTC';"
         "ALTER TABLE users ALTER last_task_date TYPE DATE;"
         "ALTER TABLE payments ALTER amount TYPE NUMERIC(20, 2), ALTER payment_metadata TYPE JSONB;"
         "UPDATE payments SET payment_metadata = NULL;"
         "DROP TABLE system_logs");
  upgrade();
  are("SELECT id, tier, tier_until, created_at FROM users ORDER BY id",
      "1|free|NULL|1710072000123\n2|pro|4086547199000|1704067200000\n5|creator|1709208000000|1704067199999\n"
      "6|creator|NULL|1714885505000\n9|pro|4070908800000|1717200000000");
  are("SELECT user_id, used FROM quota_days ORDER BY 1", "1|2\n6|7");
  are("SELECT id, state, input_kind FROM tasks ORDER BY id",
      "1|done|telegram\n2|failed|youtube\n3|failed|tiktok\n4|failed|instagram\n7|failed|telegram\n8|cancelled|"
      "telegram");
  are("SELECT id, amount_minor, state FROM payments ORDER BY id",
      "1|29900|confirmed\n2|299000|confirmed\n3|2999|pending\n4|599000|refunded\n5|30|confirmed\n6|5900|failed\n"
      "9|450359962737049|failed");
}

/* What came over is what the program reads. */
static void read_by_the_repositories(void **state) {
  SCRATCH(state);
  upgrade();
  struct sql_tx *tx = NULL;
  struct err e = {0};
  if (sql_begin(db, SQL_WRITE, &tx, &e) < 0) fail_msg("%s", e.msg);
  _cleanup_(payment_release) struct payment p = {0};
  assert_int_equal(payments_find(tx, "platega", "ext-3", &p, NULL), 1);
  assert_true(p.id == 3 && p.user_id == 2 && p.amount_minor == 2999 && p.state == PAYMENT_PENDING);
  assert_string_equal(p.currency, "RUB");
  assert_int_equal(payments_settle(tx, p.id, PAYMENT_CONFIRMED, NULL, 1800000000000, NULL), 1); /* it is paid late */
  assert_int_equal(payments_settle(tx, 4, PAYMENT_REFUNDED, NULL, 1800000000000, NULL), 0);
  assert_int_equal(payments_get(tx, 5, &p, NULL), 1);
  assert_true(p.amount_minor == 30 && p.state == PAYMENT_CONFIRMED && !p.external_id);
  struct payment_list list = {0};
  assert_int_equal(payments_of_user(tx, 2, 10, &list, NULL), 0);
  assert_true(list.count == 3 && list.payments[0].id == 3 && list.payments[2].id == 1);
  assert_string_equal(list.payments[2].method, "sbp");
  payment_list_release(&list);
  struct payment_sum sums[PAYMENT_SUMS];
  assert_int_equal(payments_sums(tx, sums, ARRAY_LEN(sums), NULL), 4);
  assert_true(sums[0].state == PAYMENT_CONFIRMED && sums[0].amount_minor == 29900 + 299000 + 2999);
  assert_string_equal(sums[1].currency, "USD");
  struct subscription_list held;
  assert_int_equal(subscriptions_held(tx, 2, 1800000000000, &held, NULL), 0);
  assert_true(held.count == 1 && held.at[0].amount_minor == 299000 && held.at[0].ends_ms == 4086547199000);
  assert_int_equal(subscriptions_held(tx, 6, 1800000000000, &held, NULL), 0);
  assert_true(held.count == 1 && held.at[0].id == 0 && held.at[0].ends_ms == USER_NO_END);
  _cleanup_(user_release) struct user u = {0};
  assert_int_equal(users_find(tx, 9007199254740993, &u, NULL), 1);
  assert_string_equal(u.tier, "pro");
  struct task_list tasks = {0};
  assert_int_equal(tasks_of_user(tx, 5, 10, &tasks, NULL), 0);
  assert_int_equal(tasks.count, 2);
  task_list_release(&tasks);
  sql_rollback(tx);
}

/* Odd, but its meaning is plain: it comes over. */
static void odd_values_come_over(void **state) {
  SCRATCH(state);
  script("ALTER TABLE tasks ALTER input_type DROP NOT NULL, ALTER status DROP NOT NULL;"
         "ALTER TABLE users ALTER tier DROP NOT NULL;"
         "UPDATE tasks SET duration = 'NaN', input_type = NULL, status = NULL WHERE id = 1;"
         "UPDATE tasks SET duration = 'Infinity' WHERE id = 3;"
         "UPDATE tasks SET duration = -1 WHERE id = 7;"
         "UPDATE tasks SET duration = 1e300 WHERE id = 8;"
         "UPDATE users SET tier_expires_at = 'infinity' WHERE id = 2;"
         "UPDATE users SET tier_expires_at = '-infinity' WHERE id = 9;"
         "UPDATE users SET tier = NULL, tasks_today = -3 WHERE id = 6");
  upgrade();
  upgrade(); /* a second time: nothing is done twice */
  are("SELECT id, state, input_kind, media_ms FROM tasks ORDER BY id",
      "1|failed|telegram|NULL\n2|failed|youtube|NULL\n3|failed|tiktok|NULL\n4|failed|instagram|NULL\n"
      "7|failed|telegram|NULL\n8|cancelled|telegram|NULL");
  are("SELECT id, tier, tier_until FROM users WHERE id IN (2, 6, 9) ORDER BY id",
      "2|pro|NULL\n6|free|NULL\n9|pro|0"); /* without an end; none; ended long ago */
  are("SELECT user_id FROM subscriptions", "");
  are("SELECT user_id FROM quota_days", "1");
  are("SELECT count(*) FROM payments", "7");
}

/* What cannot be brought over is refused by name, all of it at once, and nothing has changed. */
static void broken_rows_are_refused(void **state) {
  SCRATCH(state);
  struct err e = {0};
  script("ALTER TABLE tasks DROP CONSTRAINT tasks_user_id_fkey, ALTER user_id DROP NOT NULL;"
         "ALTER TABLE payments DROP CONSTRAINT payments_user_id_fkey, DROP CONSTRAINT payments_external_id_key,"
         "  ALTER status DROP DEFAULT, ALTER status TYPE TEXT;"
         "DROP INDEX ix_users_telegram_id;"
         "ALTER TABLE users ALTER telegram_id DROP NOT NULL, ALTER tier DROP DEFAULT, ALTER tier TYPE TEXT;");
  _cleanup_(mem_freep) char *before = digest();
  script(
      "INSERT INTO payments (id, user_id, amount, status) VALUES (20, 1, 10.005, 'PENDING'), (21, 1, 'NaN', 'PENDING'),"
      "  (22, 1, 'Infinity', 'PENDING'), (23, 1, 1e30, 'PENDING'), (24, 4711, 1, 'PENDING'), (25, 1, 1, 'LOST');"
      "INSERT INTO payments (id, user_id, amount, status, external_id) VALUES (26, 1, 1, 'PENDING', 'ext-1');"
      "INSERT INTO tasks (id, user_id, input_type) VALUES (30, 4712, 'FILE'), (31, NULL, 'FILE');"
      "INSERT INTO users (id, telegram_id, tier) VALUES (40, NULL, 'FREE'), (41, 1001, 'FREE'), (42, 42, 'GOLD')");
  assert_int_equal(migrate_upgrade(db, "head", NULL, &e), ERR_FAIL);
  static const char *const named[] = {"payment 20: 10.005 RUB",
                                      "payment 21: NaN",
                                      "payment 22: Infinity",
                                      "payment 23: 1e+30",
                                      "payment 24: there is no user 4711",
                                      "payment 25: status LOST",
                                      "payments 1, 26: external_id ext-1",
                                      "task 30: there is no user 4712",
                                      "task 31: there is no user NULL",
                                      "user 40: telegram_id",
                                      "users 1, 41: telegram_id 1001",
                                      "user 42: tier GOLD"};
  for (size_t i = 0; i < ARRAY_LEN(named); i++)
    if (!strstr(e.msg, named[i])) fail_msg("no \"%s\" in %s", named[i], e.msg);
  script("DELETE FROM payments WHERE id >= 20; DELETE FROM tasks WHERE id >= 30; DELETE FROM users WHERE id >= 40");
  _cleanup_(mem_freep) char *after = digest(); /* nothing has moved */
  assert_string_equal(after, before);
  upgrade();
  everything_came_over();
}

static void a_taken_schema_is_refused(void **state) {
  SCRATCH(state);
  struct err e = {0};
  script("CREATE SCHEMA autosub");
  assert_int_equal(migrate_upgrade(db, "head", NULL, &e), ERR_FAIL);
  assert_non_null(strstr(e.msg, "autosub"));
  are("SELECT count(*) FROM users WHERE tier_expires_at IS NULL", "2");
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(adopted_and_given_back, filled, emptied),
      cmocka_unit_test_setup_teardown(labels_in_lower_case_and_times_with_zone, filled, emptied),
      cmocka_unit_test_setup_teardown(read_by_the_repositories, filled, emptied),
      cmocka_unit_test_setup_teardown(odd_values_come_over, filled, emptied),
      cmocka_unit_test_setup_teardown(broken_rows_are_refused, filled, emptied),
      cmocka_unit_test_setup_teardown(a_taken_schema_is_refused, filled, emptied),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
