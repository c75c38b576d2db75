/* Decisions, row by row, over the default table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "plans/decide.h"

#define NOW        1795000000000LL /* 2026-11-18 11:06:40 UTC */
#define END_OF_DAY 1795046400000LL
#define MB(n)      ((int64_t)(n) << 20)

static const int64_t small_one[] = {600000, 180000}, large_one[] = {1800000}, all_three[] = {1800000, 180000, 600000};
enum {
  SUBS = PLAN_SUBTITLES,
  TALL = PLAN_VERTICAL,
  LANG = PLAN_TRANSLATE,
  VOICE = PLAN_VOICE_OVER,
  STYLE = PLAN_STYLES
};

/* The decision in words: "quota lane 3, 720p, mark, 60000 ms" or "too long: 600 of 60; tier 1 29900, offer 0 2900". */
static void words(const struct plan_decision *d, struct buf *b) {
  static const char *const verdicts[] = {"", "too large", "too long", "feature", "day used"};
  if (d->verdict == PLAN_ALLOWED) {
    buf_addf(b, "%s lane %d, %dp", plan_source_name(d->source), d->lane, d->quality);
    if (d->quality_lowered) buf_adds(b, " lowered");
    if (d->watermark) buf_adds(b, ", mark");
    if (d->dropped) buf_addf(b, ", dropped %u", d->dropped);
    if (d->source == PLAN_BY_PURCHASE) buf_addf(b, ", purchase of %lld s", (long long)d->purchase_ms / 1000);
    if (d->source == PLAN_BY_QUOTA) buf_addf(b, ", of %lld", (long long)d->day_limit);
    buf_addf(b, ", %lld s, %d h", (long long)d->max_ms / 1000, d->ttl_hours);
    return;
  }
  buf_adds(b, verdicts[d->verdict]);
  if (d->verdict == PLAN_FEATURE) buf_addf(b, ": %u", d->missing);
  else buf_addf(b, ": %lld of %lld", (long long)d->asked, (long long)d->limit);
  if (d->back_at_ms) buf_addf(b, ", back at %lld", (long long)d->back_at_ms);
  if (d->own_purchase) buf_adds(b, ", own purchase");
  if (d->cheapest_tier >= 0) buf_addf(b, ", tier %d for %lld", d->cheapest_tier, (long long)d->tier_minor);
  if (d->cheapest_offer >= 0) buf_addf(b, ", offer %d for %lld", d->cheapest_offer, (long long)d->offer_minor);
}

static const struct {
  struct plan_request r; /* now_ms and a size of 1 MB are filled in */
  const char *expected;
} cases[] = {
    /* what each tier has */
    {{.until_ms = PLAN_NO_END, .media_ms = 60000, .must = SUBS}, "quota lane 3, 720p, mark, of 3, 60 s, 24 h"},
    {{.tier = PLAN_PRO, .until_ms = PLAN_NO_END, .media_ms = 600000, .must = SUBS | LANG},
     "quota lane 2, 1080p, of 50, 600 s, 168 h"},
    {{.tier = PLAN_CREATOR, .until_ms = NOW + 1, .media_ms = 1800000, .must = PLAN_FEATURES},
     "quota lane 1, 1080p, of 200, 1800 s, 168 h"},
    /* an end that has come */
    {{.tier = PLAN_CREATOR, .until_ms = NOW, .media_ms = 60000}, "quota lane 3, 720p, mark, of 3, 60 s, 24 h"},
    {{.tier = PLAN_CREATOR, .until_ms = NOW, .media_ms = 61000},
     "too long: 61000 of 60000, tier 1 for 29900, offer 0 for 2900"},
    /* lengths: fractions of a second are given, no length is allowed */
    {{.media_ms = 60999}, "quota lane 3, 720p, mark, of 3, 60 s, 24 h"},
    {{.media_ms = 0}, "quota lane 3, 720p, mark, of 3, 60 s, 24 h"},
    {{.media_ms = -1}, "quota lane 3, 720p, mark, of 3, 60 s, 24 h"},
    {{.media_ms = 180001}, "too long: 180001 of 60000, tier 1 for 29900, offer 0 for 2900"},
    {{.media_ms = 181000}, "too long: 181000 of 60000, tier 1 for 29900, offer 1 for 4900"},
    {{.media_ms = 1000000}, "too long: 1000000 of 60000, tier 2 for 59900, offer 2 for 5900"},
    {{.media_ms = 1801000}, "too long: 1801000 of 60000"},
    {{.tier = PLAN_CREATOR, .until_ms = PLAN_NO_END, .media_ms = 1801000}, "too long: 1801000 of 1800000"},
    /* sizes */
    {{.media_ms = 1000, .bytes = MB(500)}, "quota lane 3, 720p, mark, of 3, 60 s, 24 h"},
    {{.media_ms = 1000, .bytes = MB(500) + 1}, "too large: 524288001 of 524288000"},
    {{.media_ms = 61000, .bytes = MB(500) + 1}, "too large: 524288001 of 524288000"},
    {{.media_ms = 1000, .bytes = -1}, "quota lane 3, 720p, mark, of 3, 60 s, 24 h"},
    /* features: asked for now, or only saved */
    {{.media_ms = 1000, .must = SUBS | LANG}, "feature: 4, tier 1 for 29900, offer 0 for 2900"},
    {{.media_ms = 1000, .must = STYLE | VOICE}, "feature: 24, tier 2 for 59900"},
    {{.media_ms = 1000, .must = SUBS, .may = LANG | TALL}, "quota lane 3, 720p, mark, dropped 4, of 3, 60 s, 24 h"},
    {{.media_ms = 61000, .must = LANG}, "too long: 61000 of 60000, tier 1 for 29900, offer 0 for 2900"},
    {{.media_ms = 61000, .must = VOICE}, "too long: 61000 of 60000, tier 2 for 59900"},
    /* quality */
    {{.media_ms = 1000, .quality = 1080}, "quota lane 3, 720p lowered, mark, of 3, 60 s, 24 h"},
    {{.tier = PLAN_PRO, .until_ms = PLAN_NO_END, .media_ms = 1000, .quality = 720},
     "quota lane 2, 720p, of 50, 600 s, 168 h"},
    {{.tier = PLAN_PRO, .until_ms = PLAN_NO_END, .media_ms = 1000, .quality = 2160},
     "quota lane 2, 1080p lowered, of 50, 600 s, 168 h"},
    /* the day */
    {{.media_ms = 1000, .used_today = 2}, "quota lane 3, 720p, mark, of 3, 60 s, 24 h"},
    {{.media_ms = 1000, .used_today = 3},
     "day used: 3 of 3, back at 1795046400000, tier 1 for 29900, offer 0 for 2900"},
    {{.media_ms = 1000, .used_today = 50},
     "day used: 50 of 3, back at 1795046400000, tier 2 for 59900, offer 0 for 2900"},
    {{.media_ms = -1, .used_today = 3}, "day used: 3 of 3, back at 1795046400000, tier 1 for 29900"},
    {{.tier = PLAN_CREATOR, .until_ms = PLAN_NO_END, .media_ms = 1000, .used_today = 200},
     "day used: 200 of 200, back at 1795046400000, offer 0 for 2900"},
    {{.media_ms = 1000, .used_today = 3, .must = LANG}, "feature: 4, tier 1 for 29900, offer 0 for 2900"},
    /* purchases: when the plan refuses, the smallest that covers it */
    {{.media_ms = 1000, .purchases_ms = all_three, .purchase_count = 3}, "quota lane 3, 720p, mark, of 3, 60 s, 24 h"},
    {{.media_ms = 61000, .purchases_ms = all_three, .purchase_count = 3},
     "purchase lane 2, 1080p, purchase of 180 s, 180 s, 168 h"},
    {{.media_ms = 180999, .purchases_ms = all_three, .purchase_count = 3},
     "purchase lane 2, 1080p, purchase of 180 s, 180 s, 168 h"},
    {{.media_ms = 181000, .purchases_ms = small_one, .purchase_count = 2},
     "purchase lane 2, 1080p, purchase of 600 s, 600 s, 168 h"},
    {{.media_ms = 601000, .purchases_ms = small_one, .purchase_count = 2},
     "too long: 601000 of 60000, tier 2 for 59900, offer 2 for 5900"},
    {{.media_ms = 1000, .used_today = 3, .purchases_ms = large_one, .purchase_count = 1},
     "purchase lane 2, 1080p, purchase of 1800 s, 1800 s, 168 h"},
    {{.media_ms = 1000, .must = LANG, .purchases_ms = large_one, .purchase_count = 1},
     "purchase lane 2, 1080p, purchase of 1800 s, 1800 s, 168 h"},
    {{.media_ms = 1000, .must = VOICE, .purchases_ms = large_one, .purchase_count = 1}, "feature: 8, tier 2 for 59900"},
    {{.media_ms = 1000, .bytes = MB(501), .purchases_ms = large_one, .purchase_count = 1},
     "too large: 525336576 of 524288000"},
    {{.tier = PLAN_CREATOR,
      .until_ms = PLAN_NO_END,
      .media_ms = 1000,
      .used_today = 200,
      .must = VOICE,
      .purchases_ms = large_one,
      .purchase_count = 1},
     "purchase lane 1, 1080p, purchase of 1800 s, 1800 s, 168 h"},
    {{.media_ms = 0, .used_today = 3, .purchases_ms = all_three, .purchase_count = 3},
     "purchase lane 2, 1080p, purchase of 180 s, 180 s, 168 h"},
    {{.media_ms = 0, .used_today = 3}, "day used: 3 of 3, back at 1795046400000, tier 1 for 29900, offer 0 for 2900"},
    /* on request */
    {{.media_ms = 1000, .buy = true, .purchases_ms = all_three, .purchase_count = 3},
     "purchase lane 2, 1080p, purchase of 180 s, 180 s, 168 h"},
    {{.media_ms = 1000, .buy = true}, "quota lane 3, 720p, mark, of 3, 60 s, 24 h"},
    /* without a length none is spent unasked, and then the longest */
    {{.media_ms = -1, .used_today = 3, .purchases_ms = all_three, .purchase_count = 3},
     "day used: 3 of 3, back at 1795046400000, own purchase, tier 1 for 29900"},
    {{.media_ms = -1, .used_today = 3, .buy = true, .purchases_ms = all_three, .purchase_count = 3},
     "purchase lane 2, 1080p, purchase of 1800 s, 1800 s, 168 h"},
};

static void check(const struct plan_table *t, struct plan_request r, const char *expected, size_t row) {
  r.now_ms = NOW;
  if (r.bytes == 0) r.bytes = MB(1);
  struct plan_decision d = plan_decide(t, &r);
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  words(&d, &b);
  if (strcmp(buf_str(&b), expected) != 0) fail_msg("row %zu: \"%s\", not \"%s\"", row, buf_str(&b), expected);
  assert_int_equal(d.day.ends_ms, END_OF_DAY);
}

static void test_decisions(void **state) {
  (void)state;
  struct plan_table t = plans_default_table();
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) check(&t, cases[i].r, cases[i].expected, i);
}

static void test_without_limits(void **state) {
  (void)state;
  struct plan_table t = plans_default_table();
  t.no_limits = true;
  struct plan_request r = {
      .media_ms = 7200000, .bytes = MB(4000), .used_today = 999, .must = PLAN_FEATURES, .quality = 1080};
  char expected[100];
  snprintf(expected, sizeof expected, "unlimited lane 3, 1080p, %d s, 168 h", LIMIT_INPUT_SECONDS);
  check(&t, r, expected, 0);
  struct plan_decision d = plan_decide(&t, &r);
  assert_int_equal(d.features, PLAN_FEATURES);
  assert_true(d.max_bytes == LIMIT_INPUT_BYTES);
}

static void test_not_for_sale(void **state) {
  (void)state;
  struct plan_table t = plans_default_table();
  t.plans[PLAN_PRO].price_minor[PLAN_MONTHLY] = 0;
  t.offers[0].price_minor = 0;
  check(&t, (struct plan_request){.media_ms = 61000}, "too long: 61000 of 60000, tier 2 for 59900, offer 1 for 4900",
        0);
  t.plans[PLAN_PRO].price_minor[PLAN_MONTHLY] = 59900; /* at one price the lower tier, and the shorter offer */
  t.offers[1].price_minor = 5900;
  check(&t, (struct plan_request){.media_ms = 61000}, "too long: 61000 of 60000, tier 1 for 59900, offer 1 for 5900",
        2);
  t.plans[PLAN_PRO].price_minor[PLAN_MONTHLY] = 1; /* the least that is for sale */
  check(&t, (struct plan_request){.media_ms = 61000}, "too long: 61000 of 60000, tier 1 for 1, offer 1 for 5900", 3);
  t.plans[PLAN_PRO].price_minor[PLAN_MONTHLY] = 0;
  t.offers[1].price_minor = 9900; /* the longer one may be the cheaper one */
  check(&t, (struct plan_request){.media_ms = 61000}, "too long: 61000 of 60000, tier 2 for 59900, offer 2 for 5900",
        1);
}

/* An operator may give a tier nothing for nothing. */
static void test_no_jobs_a_day(void **state) {
  (void)state;
  struct plan_table t = plans_default_table();
  t.plans[PLAN_FREE].a_day = 0;
  check(&t, (struct plan_request){.media_ms = 1000},
        "day used: 0 of 0, back at 1795046400000, tier 1 for 29900, offer 0 for 2900", 0);
}

static void test_the_day_is_that_of_the_zone(void **state) {
  (void)state;
  _cleanup_(plan_table_release) struct plan_table t = plans_default_table();
  assert_int_equal(zone_open("Asia/Tokyo", &t.zone, NULL), 0);
  struct plan_request r = {.now_ms = 1795017600000 /* 16:00 UTC */, .media_ms = 1000, .used_today = 3};
  struct plan_decision d = plan_decide(&t, &r);
  assert_string_equal(d.day.date, "2026-11-19");
  assert_true(d.back_at_ms == END_OF_DAY - 9 * 3600000LL + PLAN_DAY_MS);
}

static void test_counted_length(void **state) {
  (void)state;
  assert_true(plan_counted_ms(-1) == -1 && plan_counted_ms(-5000) == -1);
  assert_true(plan_counted_ms(0) == 0 && plan_counted_ms(999) == 0);
  assert_true(plan_counted_ms(1000) == 1000 && plan_counted_ms(60999) == 60000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_decisions),      cmocka_unit_test(test_without_limits),
      cmocka_unit_test(test_not_for_sale),   cmocka_unit_test(test_the_day_is_that_of_the_zone),
      cmocka_unit_test(test_counted_length), cmocka_unit_test(test_no_jobs_a_day),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
