/* Payments upon payments: what they do to terms, by the default prices (PRO 299 and 2990, CREATOR 599 and 5990). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "plans/extend.h"

#define T0      1795000000000LL
#define DAYS(n) (T0 + (n)*PLAN_DAY_MS)

static const struct {
  const char *what;
  struct plan_term held[3]; /* until one that ends at 0 */
  enum plan_tier bought;
  enum plan_period period;
  int64_t starts, ends, converted_days, converted_minor;
  enum plan_tier tier;
  int64_t until;
} cases[] = {
    {"first month", {{0}}, PLAN_PRO, PLAN_MONTHLY, DAYS(0), DAYS(30), 0, 0, PLAN_PRO, DAYS(30)},
    {"first year", {{0}}, PLAN_CREATOR, PLAN_YEARLY, DAYS(0), DAYS(365), 0, 0, PLAN_CREATOR, DAYS(365)},
    {"what is past does not count",
     {{PLAN_PRO, DAYS(-40), DAYS(-10), 29900}, {PLAN_PRO, DAYS(-10), DAYS(0), 29900}},
     PLAN_PRO,
     PLAN_MONTHLY,
     DAYS(0),
     DAYS(30),
     0,
     0,
     PLAN_PRO,
     DAYS(30)},
    {"extended",
     {{PLAN_PRO, DAYS(-20), DAYS(10), 29900}},
     PLAN_PRO,
     PLAN_MONTHLY,
     DAYS(10),
     DAYS(40),
     0,
     0,
     PLAN_PRO,
     DAYS(40)},
    {"extended twice",
     {{PLAN_PRO, DAYS(10), DAYS(40), 29900}, {PLAN_PRO, DAYS(-20), DAYS(10), 29900}},
     PLAN_PRO,
     PLAN_YEARLY,
     DAYS(40),
     DAYS(405),
     0,
     0,
     PLAN_PRO,
     DAYS(405)},
    /* 10 of 30 days of 299.00 are 99.66; at 599.00 for 30 days that is 4.99 days */
    {"upgrade",
     {{PLAN_PRO, DAYS(-20), DAYS(10), 29900}},
     PLAN_CREATOR,
     PLAN_MONTHLY,
     DAYS(0),
     DAYS(34),
     4,
     9966,
     PLAN_CREATOR,
     DAYS(34)},
    /* 300 of 365 days of 2990.00 are 2457.53; at 5990.00 for 365 days that is 149.75 days */
    {"upgrade of a year",
     {{PLAN_PRO, DAYS(-65), DAYS(300), 299000}},
     PLAN_CREATOR,
     PLAN_YEARLY,
     DAYS(0),
     DAYS(365 + 149),
     149,
     245753,
     PLAN_CREATOR,
     DAYS(514)},
    {"upgrade with one more month waiting: 99.66 and 299.00, 19.96 days",
     {{PLAN_PRO, DAYS(-20), DAYS(10), 29900}, {PLAN_PRO, DAYS(10), DAYS(40), 29900}},
     PLAN_CREATOR,
     PLAN_MONTHLY,
     DAYS(0),
     DAYS(49),
     19,
     39866,
     PLAN_CREATOR,
     DAYS(49)},
    {"less than a day is left: not turned, and it stays",
     {{PLAN_PRO, DAYS(-29), DAYS(1) - 1, 29900}},
     PLAN_CREATOR,
     PLAN_MONTHLY,
     DAYS(0),
     DAYS(30),
     0,
     0,
     PLAN_CREATOR,
     DAYS(30)},
    {"not worth a day: not turned",
     {{PLAN_PRO, DAYS(-29), DAYS(1), 29900}},
     PLAN_CREATOR,
     PLAN_MONTHLY,
     DAYS(0),
     DAYS(30),
     0,
     0,
     PLAN_CREATOR,
     DAYS(30)},
    {"granted: not turned",
     {{PLAN_PRO, DAYS(-1), DAYS(100), 0}},
     PLAN_CREATOR,
     PLAN_MONTHLY,
     DAYS(0),
     DAYS(30),
     0,
     0,
     PLAN_CREATOR,
     DAYS(30)},
    {"granted without an end: not turned",
     {{PLAN_PRO, 0, PLAN_NO_END, 0}},
     PLAN_CREATOR,
     PLAN_MONTHLY,
     DAYS(0),
     DAYS(30),
     0,
     0,
     PLAN_CREATOR,
     DAYS(30)},
    {"lower: after the higher one",
     {{PLAN_CREATOR, DAYS(-20), DAYS(10), 59900}},
     PLAN_PRO,
     PLAN_MONTHLY,
     DAYS(10),
     DAYS(40),
     0,
     0,
     PLAN_CREATOR,
     DAYS(10)},
    {"higher again, with a lower one waiting: that is turned",
     {{PLAN_CREATOR, DAYS(-20), DAYS(10), 59900}, {PLAN_PRO, DAYS(10), DAYS(40), 29900}},
     PLAN_CREATOR,
     PLAN_MONTHLY,
     DAYS(10),
     DAYS(40 + 14),
     14,
     29900,
     PLAN_CREATOR,
     DAYS(54)},
};

static void test_extend(void **state) {
  (void)state;
  struct plan_table t = plans_default_table();
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct plan_extension x;
    size_t count = 0;
    while (count < ARRAY_LEN(cases[i].held) && cases[i].held[count].ends_ms) count++;
    int64_t price = t.plans[cases[i].bought].price_minor[cases[i].period];
    assert_int_equal(plan_extend(&t, cases[i].held, count, cases[i].bought, cases[i].period, price, T0, &x, NULL), 0);
    if (x.term.starts_ms != cases[i].starts || x.term.ends_ms != cases[i].ends || x.tier != cases[i].tier ||
        x.until_ms != cases[i].until || x.converted_days != cases[i].converted_days ||
        x.converted_minor != cases[i].converted_minor || x.term.paid_minor != price || x.term.tier != cases[i].bought)
      fail_msg("%s: from day %.1f to %.1f, %lld days for %lld, then tier %d until day %.1f", cases[i].what,
               (double)(x.term.starts_ms - T0) / PLAN_DAY_MS, (double)(x.term.ends_ms - T0) / PLAN_DAY_MS,
               (long long)x.converted_days, (long long)x.converted_minor, x.tier,
               (double)(x.until_ms - T0) / PLAN_DAY_MS);
  }
}

static void test_nothing_to_sell(void **state) {
  (void)state;
  struct plan_table t = plans_default_table();
  struct plan_extension x;
  struct err e = {0};
  const struct plan_term forever = {PLAN_CREATOR, 0, PLAN_NO_END, 0};
  assert_int_equal(plan_extend(&t, &forever, 1, PLAN_CREATOR, PLAN_MONTHLY, 1, T0, &x, &e), ERR_CONFLICT);
  assert_string_equal(e.msg, "creator is held without an end");
  assert_int_equal(plan_extend(&t, &forever, 1, PLAN_PRO, PLAN_MONTHLY, 1, T0, &x, NULL), ERR_CONFLICT);
}

/* A price that has since been set to 0 must not make days out of nothing, nor divide by it. */
static void test_no_price(void **state) {
  (void)state;
  struct plan_table t = plans_default_table();
  t.plans[PLAN_CREATOR].price_minor[PLAN_MONTHLY] = 0;
  const struct plan_term pro = {PLAN_PRO, DAYS(0), DAYS(30), 29900};
  struct plan_extension x;
  assert_int_equal(plan_extend(&t, &pro, 1, PLAN_CREATOR, PLAN_MONTHLY, 0, T0, &x, NULL), 0);
  assert_true(x.converted_days == 0 && x.term.ends_ms == DAYS(30));
  t.plans[PLAN_CREATOR].price_minor[PLAN_MONTHLY] = 1;
  const struct plan_term dear = {PLAN_PRO, DAYS(0), DAYS(30), 1000000000000000};
  assert_int_equal(plan_extend(&t, &dear, 1, PLAN_CREATOR, PLAN_MONTHLY, 1, T0, &x, NULL), 0);
  assert_true(x.converted_days == 36500 && x.term.ends_ms == DAYS(36530));
}

static void test_rest(void **state) {
  (void)state;
  static const struct {
    struct plan_term term;
    int64_t rest;
  } rests[] = {
      {{PLAN_PRO, DAYS(0), DAYS(30), 29900}, 29900},
      {{PLAN_PRO, DAYS(5), DAYS(35), 29900}, 29900},
      {{PLAN_PRO, DAYS(0) - 1, DAYS(30) - 1, 29900}, 28903},
      {{PLAN_PRO, DAYS(-15), DAYS(15), 29900}, 14950},
      {{PLAN_PRO, DAYS(-29), DAYS(1), 29900}, 996},
      {{PLAN_PRO, DAYS(-30), DAYS(0), 29900}, 0},
      {{PLAN_PRO, DAYS(-30), DAYS(1) - 1, 29900}, 0},
      {{PLAN_PRO, DAYS(-15), DAYS(15), 0}, 0},
      {{PLAN_PRO, 0, PLAN_NO_END, 5}, 0},
      {{PLAN_PRO, DAYS(-15), DAYS(15), -7}, 0},
  };
  for (size_t i = 0; i < ARRAY_LEN(rests); i++) assert_int_equal(plan_term_rest(&rests[i].term, T0), rests[i].rest);
}

static void test_in_force(void **state) {
  (void)state;
  const struct plan_term terms[] = {
      {PLAN_PRO, DAYS(20), DAYS(40), 0}, {PLAN_PRO, DAYS(0), DAYS(10), 0},  {PLAN_CREATOR, DAYS(10), DAYS(15), 0},
      {PLAN_PRO, DAYS(5), DAYS(20), 0},  {PLAN_PRO, DAYS(50), DAYS(60), 0},
  };
  static const struct {
    int64_t at;
    enum plan_tier tier;
    int64_t until;
  } expected[] = {
      {DAYS(0) - 1, PLAN_FREE, PLAN_NO_END},  {DAYS(0), PLAN_PRO, DAYS(40)},      {DAYS(10), PLAN_CREATOR, DAYS(15)},
      {DAYS(15) - 1, PLAN_CREATOR, DAYS(15)}, {DAYS(15), PLAN_PRO, DAYS(40)},     {DAYS(40), PLAN_FREE, PLAN_NO_END},
      {DAYS(50), PLAN_PRO, DAYS(60)},         {DAYS(60), PLAN_FREE, PLAN_NO_END},
  };
  for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
    int64_t until = 0;
    assert_int_equal(plan_in_force(terms, ARRAY_LEN(terms), expected[i].at, &until), expected[i].tier);
    assert_true(until == expected[i].until);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_extend), cmocka_unit_test(test_nothing_to_sell), cmocka_unit_test(test_no_price),
      cmocka_unit_test(test_rest),   cmocka_unit_test(test_in_force),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
