#include "accounts.h"

#include <pthread.h>

#include "base/log.h"

static void made_once_and_kept_up_to_date(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  _cleanup_(user_release) struct user u = {0}, again = {0};
  MUST(users_seen(tx, &(struct user_names){7000000001, "ann", "Анна", NULL, "en"}, NOW, &u, e));
  assert_true(u.id > 0 && u.telegram_id == 7000000001 && u.created_ms == NOW && u.updated_ms == NOW);
  assert_string_equal(u.username, "ann");
  assert_string_equal(u.first_name, "Анна");
  assert_null(u.last_name);
  assert_string_equal(u.language, "en");
  assert_string_equal(u.tier, "free");
  assert_string_equal(u.defaults, "{}");
  assert_true(u.tier_until_ms == USER_NO_END && u.tasks_total == 0 && !u.blocked);

  /* the same again writes nothing */
  assert_int_equal(users_seen(tx, &(struct user_names){7000000001, "ann", "Анна", NULL, "de"}, NOW + 1, &again, NULL),
                   0);
  assert_true(again.id == u.id && again.updated_ms == NOW);
  assert_string_equal(again.language, "en");

  /* other names are taken over, his language and creation stay */
  MUST(users_seen(tx, &(struct user_names){7000000001, NULL, "Anna", "Bell", "de"}, NOW + 2, &again, e));
  assert_true(again.id == u.id && again.created_ms == NOW && again.updated_ms == NOW + 2);
  assert_null(again.username);
  assert_string_equal(again.last_name, "Bell");
  assert_string_equal(again.language, "en");

  /* a new user without a language speaks Russian */
  MUST(users_seen(tx, &(struct user_names){.telegram_id = 5}, NOW, &again, e));
  assert_true(again.id != u.id);
  assert_string_equal(again.language, "ru");
  assert_null(again.first_name);
  commit(tx);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM users"), 2);
  sql_close(db);
}

static void names_are_bounded(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  _cleanup_(buf_release) struct buf name = BUF_INIT;
  for (int i = 0; i < USER_NAME_CHARACTERS; i++) buf_adds(&name, "字");
  _cleanup_(mem_freep) char *longer = x_asprintf("%sz", buf_str(&name));
  _cleanup_(user_release) struct user u = {0};
  MUST(users_seen(tx, &(struct user_names){.telegram_id = 1, .first_name = longer, .last_name = ""}, NOW, &u, e));
  assert_string_equal(u.first_name, buf_str(&name));
  assert_null(u.last_name);
  MUST(users_seen(tx, &(struct user_names){.telegram_id = 1, .first_name = longer}, NOW + 5, &u, e));
  assert_true(u.updated_ms == NOW); /* what was cut is not a change */
  commit(tx);
  sql_close(db);
}

static void found_by_either_id(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t id = make_user(tx, 42);
  _cleanup_(user_release) struct user u = {0};
  assert_int_equal(users_get(tx, id, &u, NULL), 1);
  assert_true(u.telegram_id == 42);
  assert_int_equal(users_find(tx, 42, &u, NULL), 1);
  assert_true(u.id == id);
  assert_int_equal(users_get(tx, id + 1000, &u, NULL), 0);
  assert_int_equal(users_find(tx, 43, &u, NULL), 0);
  assert_true(u.id == id); /* left alone */
  commit(tx);
  sql_close(db);
}

static void changes(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t id = make_user(tx, 42), other = make_user(tx, 43);
  _cleanup_(user_release) struct user u = {0};
  MUST(users_set_language(tx, id, "fr", NOW + 1, e));
  MUST(users_set_tier(tx, id, "pro", NOW + DAY, NOW + 2, e));
  MUST(users_set_blocked(tx, id, true, NOW + 3, e));
  MUST(users_set_defaults(tx, id, "{\"style\":\"neon_glow\"}", NOW + 4, e));
  MUST(users_get(tx, id, &u, e));
  assert_string_equal(u.language, "fr");
  assert_string_equal(u.tier, "pro");
  assert_string_equal(u.defaults, "{\"style\":\"neon_glow\"}");
  assert_true(u.tier_until_ms == NOW + DAY && u.blocked && u.updated_ms == NOW + 4);
  MUST(users_set_tier(tx, id, "creator", USER_NO_END, NOW + 5, e));
  MUST(users_seen(tx, &(struct user_names){.telegram_id = 42, .first_name = "Test"}, NOW + 6, &u, e));
  assert_true(u.tier_until_ms == USER_NO_END && !u.blocked); /* who writes has not blocked */
  assert_string_equal(u.language, "fr");
  MUST(users_get(tx, other, &u, e));
  assert_true(u.updated_ms == NOW);
  assert_string_equal(u.tier, "free");
  struct err e = {0};
  assert_int_equal(users_set_language(tx, 999, "fr", NOW, &e), ERR_INPUT);
  assert_string_equal(e.msg, "there is no user 999");
  commit(tx);
  tx = begin(db);
  assert_int_equal(users_set_tier(tx, id, "gold", NOW, NOW, NULL), ERR_CONFLICT);
  sql_rollback(tx);
  sql_close(db);
}

struct sender {
  struct sql *db;
  int64_t telegram_id, id;
};

static int say(struct sql_tx *tx, void *ctx, struct err *e) {
  struct sender *s = ctx;
  _cleanup_(user_release) struct user u = {0};
  int rc = users_seen(tx, &(struct user_names){.telegram_id = s->telegram_id}, NOW, &u, e);
  s->id = u.id;
  return rc;
}

static void *say_thread(void *ctx) {
  struct sender *s = ctx;
  if (sql_transact(s->db, SQL_WRITE, say, s, NULL) < 0) s->id = -1;
  return NULL;
}

static void two_messages_of_a_new_user_at_once(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  for (int64_t i = 1; i <= 50; i++) {
    struct sender senders[2] = {{db, i, 0}, {db, i, 0}};
    pthread_t threads[2];
    for (int t = 0; t < 2; t++) assert_int_equal(pthread_create(&threads[t], NULL, say_thread, &senders[t]), 0);
    for (int t = 0; t < 2; t++) pthread_join(threads[t], NULL);
    assert_true(senders[0].id > 0 && senders[0].id == senders[1].id);
  }
  assert_int_equal(number(db, "SELECT COUNT(*) FROM users"), 50);
  sql_close(db);
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {
      SCRATCH_TESTS(made_once_and_kept_up_to_date),
      SCRATCH_TESTS(names_are_bounded),
      SCRATCH_TESTS(found_by_either_id),
      SCRATCH_TESTS(changes),
      SCRATCH_TESTS(two_messages_of_a_new_user_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
