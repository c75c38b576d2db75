/* The table: AutoSub's numbers, what is refused, and an operator's settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "config/settings.h"
#include "plans/plans.h"

static void test_default_table(void **state) {
  (void)state;
  struct plan_table t = plans_default_table();
  assert_int_equal(plan_table_check(&t, NULL), 0);
  static const struct {
    int64_t seconds, a_day, ttl, month, year;
    int quality, lane;
    bool watermark;
  } expected[PLAN_TIERS] = {
      {60, 3, 24, 0, 0, 720, 3, true},
      {600, 50, 168, 29900, 299000, 1080, 2, false},
      {1800, 200, 168, 59900, 599000, 1080, 1, false},
  };
  for (int i = 0; i < PLAN_TIERS; i++) {
    const struct plan *p = &t.plans[i];
    assert_int_equal(p->max_ms, expected[i].seconds * 1000);
    assert_int_equal(p->a_day, expected[i].a_day);
    assert_int_equal(p->ttl_hours, expected[i].ttl);
    assert_int_equal(p->price_minor[PLAN_MONTHLY], expected[i].month);
    assert_int_equal(p->price_minor[PLAN_YEARLY], expected[i].year);
    assert_int_equal(p->quality, expected[i].quality);
    assert_int_equal(p->lane, expected[i].lane);
    assert_int_equal(p->watermark, expected[i].watermark);
    assert_int_equal(p->max_bytes, 500 << 20);
  }
  assert_int_equal(t.offers[0].price_minor + t.offers[1].price_minor + t.offers[2].price_minor, 13700);
}

/* One number changed in each row; the message must name the fault. */
static void test_refused_tables(void **state) {
  (void)state;
  struct plan_table t;
  static const char *const faults[] = {
      "MAX_VIDEO_DURATION", "DAILY_LIMIT",  "TTL_HOURS",  "largest file", "quality", "lane",   "features",
      "watermark",          "1 to 43200",   "16384 MB",   "out of range", "below 0", "offers", "offers",
      "three letters",      "out of range", "1 to 43200", "out of range"};
  for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
    t = plans_default_table();
    struct plan *pro = &t.plans[PLAN_PRO], *creator = &t.plans[PLAN_CREATOR];
    switch (i) {
    case 0: pro->max_ms = 59999; break;
    case 1: creator->a_day = 49; break;
    case 2: pro->ttl_hours = 23; break;
    case 3: creator->max_bytes--; break;
    case 4: creator->quality = 720; break;
    case 5: creator->lane = 3; break;
    case 6: creator->features &= ~(unsigned)PLAN_TRANSLATE; break;
    case 7: creator->watermark = true; break;
    case 8: creator->max_ms = 43200001; break;
    case 9: creator->max_bytes = LIMIT_INPUT_BYTES + 1; break;
    case 10: creator->lane = 0; break;
    case 11: pro->price_minor[PLAN_YEARLY] = -1; break;
    case 12: t.offers[1].max_ms = t.offers[0].max_ms; break;
    case 13: t.offers[0].price_minor = -1; break;
    case 14: t.currency[0] = '\0'; break;
    case 15: pro->quality = 480; break;
    case 16: t.plans[PLAN_FREE].max_ms = 999; break;
    default: t.plans[PLAN_FREE].a_day = -1; break;
    }
    struct err e = {0};
    if (plan_table_check(&t, &e) != ERR_USAGE) fail_msg("fault %zu was taken", i);
    if (!strstr(e.msg, faults[i])) fail_msg("fault %zu: \"%s\" lacks \"%s\"", i, e.msg, faults[i]);
  }
}

/* Equal tiers are fine, and so are the numbers at their ends. */
static void test_tables_at_their_ends(void **state) {
  (void)state;
  static const struct plan ends[] = {
      {.max_ms = 1000, .max_bytes = 1, .quality = 720, .lane = 3, .ttl_hours = 1},
      {.max_ms = LIMIT_INPUT_SECONDS * 1000LL,
       .max_bytes = LIMIT_INPUT_BYTES,
       .a_day = INT64_MAX,
       .quality = 1080,
       .lane = 1,
       .features = PLAN_FEATURES,
       .ttl_hours = 100000,
       .price_minor = {1, 1}},
  };
  for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
    struct plan_table t = plans_default_table();
    for (int tier = 0; tier < PLAN_TIERS; tier++) t.plans[tier] = ends[i];
    t.offers[0] = (struct plan_offer){1000, 0};
    struct err e = {0};
    if (plan_table_check(&t, &e) < 0) fail_msg("%s", e.msg);
  }
}

static void test_effective_tier(void **state) {
  (void)state;
  assert_int_equal(plan_effective_tier(PLAN_PRO, 1000, 999), PLAN_PRO);
  assert_int_equal(plan_effective_tier(PLAN_PRO, 1000, 1000), PLAN_FREE);
  assert_int_equal(plan_effective_tier(PLAN_CREATOR, PLAN_NO_END, INT64_MAX), PLAN_CREATOR);
  assert_int_equal(plan_effective_tier(PLAN_FREE, PLAN_NO_END, 0), PLAN_FREE);
}

static void test_names(void **state) {
  (void)state;
  for (int i = 0; i < PLAN_TIERS; i++) assert_int_equal(plan_tier_by_name(plan_tier_name((enum plan_tier)i)), i);
  for (int i = 0; i < PLAN_PERIODS; i++)
    assert_int_equal(plan_period_by_name(plan_period_name((enum plan_period)i)), i);
  assert_string_equal(plan_tier_name(PLAN_CREATOR), "creator");
  assert_int_equal(plan_tier_by_name("PRO"), -1);
  assert_int_equal(plan_tier_by_name(NULL), -1);
  assert_int_equal(plan_period_by_name("weekly"), -1);
}

/* ---- settings ---- */

static int no_file(void **state) {
  (void)state;
  settings_forget();
  return setenv("TITR_ENV_FILE", "/dev/null", 1);
}

static int forget(void **state) {
  (void)state;
  static const char *const names[] = {
      "MAX_VIDEO_DURATION_PRO", "DAILY_LIMIT_FREE", "CREATOR_TTL_HOURS", "MAX_FILE_SIZE_MB", "PRICE_PRO_MONTH",
      "PRICE_ONCE_10MIN",       "PLAN_TIME_ZONE",   "DISABLE_LIMITS",    "PRICE_CURRENCY",   "TITR_ENV_FILE"};
  for (size_t i = 0; i < ARRAY_LEN(names); i++) unsetenv(names[i]);
  settings_forget();
  return 0;
}

static void test_settings_say_nothing(void **state) {
  (void)state;
  _cleanup_(plan_table_release) struct plan_table t = {0};
  struct plan_table expected = plans_default_table();
  assert_int_equal(settings_load(NULL), 0);
  assert_int_equal(plans_from_settings(&t, NULL), 0);
  for (int i = 0; i < PLAN_TIERS; i++) {
    const struct plan *a = &t.plans[i], *b = &expected.plans[i];
    assert_true(a->max_ms == b->max_ms && a->max_bytes == b->max_bytes && a->a_day == b->a_day);
    assert_true(a->ttl_hours == b->ttl_hours && a->price_minor[0] == b->price_minor[0] &&
                a->price_minor[1] == b->price_minor[1]);
  }
  assert_memory_equal(t.offers, expected.offers, sizeof t.offers);
  assert_string_equal(t.currency, "RUB");
  assert_false(t.no_limits);
  assert_int_equal(zone_offset_at(t.zone, 1795000000000), 3 * 3600); /* Moscow's days */
}

static void test_settings_replace_numbers(void **state) {
  (void)state;
  setenv("MAX_VIDEO_DURATION_PRO", "900", 1);
  setenv("DAILY_LIMIT_FREE", "0", 1);
  setenv("CREATOR_TTL_HOURS", "720", 1);
  setenv("MAX_FILE_SIZE_MB", "2000", 1);
  setenv("PRICE_PRO_MONTH", "349.50", 1);
  setenv("PRICE_ONCE_10MIN", "55", 1);
  setenv("PLAN_TIME_ZONE", "Asia/Vladivostok", 1);
  setenv("DISABLE_LIMITS", "1", 1);
  setenv("PRICE_CURRENCY", "KZT", 1);
  _cleanup_(plan_table_release) struct plan_table t = {0};
  struct err e = {0};
  if (settings_load(&e) < 0) fail_msg("%s", e.msg);
  assert_int_equal(plans_from_settings(&t, NULL), 0);
  assert_int_equal(t.plans[PLAN_PRO].max_ms, 900000);
  assert_int_equal(t.plans[PLAN_FREE].a_day, 0);
  assert_int_equal(t.plans[PLAN_CREATOR].ttl_hours, 720);
  assert_int_equal(t.plans[PLAN_FREE].max_bytes, 2000LL << 20);
  assert_int_equal(t.plans[PLAN_PRO].price_minor[PLAN_MONTHLY], 34950);
  assert_int_equal(t.offers[1].price_minor, 5500);
  assert_int_equal(zone_offset_at(t.zone, 1795000000000), 10 * 3600);
  assert_true(t.no_limits);
  assert_string_equal(t.currency, "KZT");
}

static void test_settings_in_the_wrong_order(void **state) {
  (void)state;
  setenv("MAX_VIDEO_DURATION_PRO", "30", 1);
  struct plan_table t = {0};
  struct err e = {0};
  assert_int_equal(settings_load(NULL), 0);
  assert_int_equal(plans_from_settings(&t, &e), ERR_USAGE);
  assert_non_null(strstr(e.msg, "plan pro has a shorter longest video (MAX_VIDEO_DURATION_*) than plan free"));
  assert_null(t.zone);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_default_table),
      cmocka_unit_test(test_refused_tables),
      cmocka_unit_test(test_tables_at_their_ends),
      cmocka_unit_test(test_effective_tier),
      cmocka_unit_test(test_names),
      cmocka_unit_test_setup_teardown(test_settings_say_nothing, no_file, forget),
      cmocka_unit_test_setup_teardown(test_settings_replace_numbers, no_file, forget),
      cmocka_unit_test_setup_teardown(test_settings_in_the_wrong_order, no_file, forget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
