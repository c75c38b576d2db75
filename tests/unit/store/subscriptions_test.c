#include "accounts.h"

#include "base/log.h"
#include "store/subscriptions.h"

static struct subscription_list held_at(struct sql_tx *tx, int64_t user, int64_t at) {
  struct subscription_list list;
  MUST(subscriptions_held(tx, user, at, &list, e));
  return list;
}

static void check(const struct subscription *s, const char *tier, int64_t starts, int64_t ends, int64_t amount) {
  assert_string_equal(s->tier, tier);
  assert_true(s->starts_ms == starts && s->ends_ms == ends && s->amount_minor == amount);
  assert_string_equal(s->currency, amount > 0 ? "RUB" : "");
}

static void check_user(struct sql_tx *tx, int64_t id, const char *tier, int64_t until) {
  _cleanup_(user_release) struct user u = {0};
  MUST(users_get(tx, id, &u, e));
  assert_string_equal(u.tier, tier);
  assert_true(u.tier_until_ms == until);
}

static void once_for_each_payment(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), payment = make_payment(tx, user, 29900, PAYMENT_CONFIRMED);
  struct subscription_new s = {.user_id = user,
                               .payment_id = payment,
                               .tier = "pro",
                               .period = "monthly",
                               .starts_ms = NOW,
                               .ends_ms = NOW + 30 * DAY,
                               .tier_now = "pro",
                               .until_ms = NOW + 30 * DAY};
  assert_int_equal(held_at(tx, user, NOW).count, 0);
  assert_int_equal(subscriptions_add(tx, &s, NOW, NULL), 1);
  s.ends_ms = s.until_ms = NOW + 60 * DAY;
  s.tier_now = "creator";
  assert_int_equal(subscriptions_add(tx, &s, NOW, NULL), 0); /* told a second time: nothing changes */
  check_user(tx, user, "pro", NOW + 30 * DAY);
  struct subscription_list list = held_at(tx, user, NOW + 30 * DAY - 1);
  assert_int_equal(list.count, 1);
  check(&list.at[0], "pro", NOW, NOW + 30 * DAY, 29900);
  assert_int_equal(held_at(tx, user, NOW + 30 * DAY).count, 0);
  struct err e = {0};
  assert_int_equal(subscriptions_held(tx, user + 1000, NOW, &list, &e), ERR_INPUT);
  commit(tx);
  sql_close(db);
}

static void an_upgrade_ends_what_was_turned(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  struct subscription_new s = {.user_id = user, .tier = "pro", .period = "monthly", .tier_now = "pro"};
  for (int i = 0; i < 2; i++) { /* a month, and one that waits */
    s.payment_id = make_payment(tx, user, 29900, PAYMENT_CONFIRMED);
    s.starts_ms = NOW + i * 30 * DAY;
    s.ends_ms = s.until_ms = NOW + (i + 1) * 30 * DAY;
    MUST(subscriptions_add(tx, &s, NOW, e));
  }
  struct subscription_list list = held_at(tx, user, NOW + 10 * DAY);
  assert_int_equal(list.count, 2);
  const int64_t ended[] = {list.at[0].id, list.at[1].id};
  struct subscription_new upgrade = {.user_id = user,
                                     .payment_id = make_payment(tx, user, 59900, PAYMENT_CONFIRMED),
                                     .tier = "creator",
                                     .period = "monthly",
                                     .starts_ms = NOW + 10 * DAY,
                                     .ends_ms = NOW + 64 * DAY,
                                     .ended = ended,
                                     .ended_count = 2,
                                     .tier_now = "creator",
                                     .until_ms = NOW + 64 * DAY};
  assert_int_equal(subscriptions_add(tx, &upgrade, NOW + 10 * DAY, NULL), 1);
  list = held_at(tx, user, NOW + 10 * DAY);
  assert_int_equal(list.count, 1);
  check(&list.at[0], "creator", NOW + 10 * DAY, NOW + 64 * DAY, 59900);
  check_user(tx, user, "creator", NOW + 64 * DAY);
  commit(tx);
  /* cut, not deleted; none has turned round */
  assert_int_equal(number(db, "SELECT COUNT(*) FROM subscriptions WHERE ends_at >= starts_at"), 3);
  sql_close(db);
}

static void a_tier_of_the_users_row_is_not_lost(void **state) {
  static const int64_t ends[] = {NOW + 100 * DAY, USER_NO_END};
  struct sql *db = open_core(SCRATCH(state));
  for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
    struct sql_tx *tx = begin(db);
    int64_t user = make_user(tx, 10 + (int64_t)i);
    MUST(users_set_tier(tx, user, "pro", ends[i], NOW, e));
    struct subscription_list list = held_at(tx, user, NOW);
    assert_int_equal(list.count, 1);
    assert_true(list.at[0].id == 0);
    check(&list.at[0], "pro", NOW, ends[i], 0);
    struct subscription_new s = {.user_id = user,
                                 .payment_id = make_payment(tx, user, 59900, PAYMENT_CONFIRMED),
                                 .tier = "creator",
                                 .period = "monthly",
                                 .starts_ms = NOW,
                                 .ends_ms = NOW + 30 * DAY,
                                 .tier_now = "creator",
                                 .until_ms = NOW + 30 * DAY};
    MUST(subscriptions_add(tx, &s, NOW, e));
    check_user(tx, user, "creator", NOW + 30 * DAY);
    list = held_at(tx, user, NOW + 40 * DAY);
    assert_int_equal(list.count, 1);
    assert_true(list.at[0].id > 0);
    check(&list.at[0], "pro", NOW, ends[i], 0);
    commit(tx);
  }
  sql_close(db);
}

static void only_confirmed_payments_are_worth_something(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  struct subscription_new s = {.user_id = user,
                               .payment_id = make_payment(tx, user, 29900, PAYMENT_REFUNDED),
                               .tier = "pro",
                               .period = "yearly",
                               .starts_ms = NOW,
                               .ends_ms = NOW + DAY,
                               .tier_now = "pro",
                               .until_ms = NOW + DAY};
  MUST(subscriptions_add(tx, &s, NOW, e));
  struct subscription_list list = held_at(tx, user, NOW);
  check(&list.at[0], "pro", NOW, NOW + DAY, 0);
  commit(tx);
  sql_close(db);
}

static void there_is_an_end_to_a_list(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  struct subscription_new s = {.user_id = user, .tier = "pro", .period = "monthly", .tier_now = "pro"};
  for (int i = 1; i < SUBSCRIPTIONS_HELD; i++) {
    s.starts_ms = NOW + i * DAY;
    s.ends_ms = s.until_ms = s.starts_ms + DAY;
    MUST(subscriptions_add(tx, &s, NOW, e));
  }
  MUST(users_set_tier(tx, user, "creator", USER_NO_END, NOW, e));
  assert_int_equal(held_at(tx, user, NOW).count, SUBSCRIPTIONS_HELD); /* with the user's own */
  MUST(subscriptions_add(tx, &s, NOW, e));
  struct subscription_list list;
  assert_int_equal(subscriptions_held(tx, user, NOW, &list, NULL), ERR_INPUT);
  sql_rollback(tx);
  sql_close(db);
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {
      SCRATCH_TESTS(once_for_each_payment),
      SCRATCH_TESTS(an_upgrade_ends_what_was_turned),
      SCRATCH_TESTS(a_tier_of_the_users_row_is_not_lost),
      SCRATCH_TESTS(only_confirmed_payments_are_worth_something),
      SCRATCH_TESTS(there_is_an_end_to_a_list),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
