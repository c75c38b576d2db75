/* What must hold of days, decisions and payments whatever the numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/random.h"

#include "plans/decide.h"
#include "plans/extend.h"

static int begin(void **state) {
  (void)state;
  random_begin();
  return 0;
}

/* ---- days ---- */

static bool next_date(const char *a, const char *b) { /* b is the calendar's day after a */
  int y, m, d;
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  y = (int)strtol(a, NULL, 10), m = (int)strtol(a + 5, NULL, 10), d = (int)strtol(a + 8, NULL, 10);
  int last = lengths[m - 1] + (m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0));
  if (++d > last) d = 1, m++;
  if (m > 12) m = 1, y++;
  return y == strtol(b, NULL, 10) && m == strtol(b + 5, NULL, 10) && d == strtol(b + 8, NULL, 10);
}

/* Days follow each other without gap or overlap, one calendar date after the other, each 21 to 27 hours long. */
static void test_days_follow_each_other(void **state) {
  (void)state;
  static const char *const zones[] = {"UTC",           "Europe/Moscow",     "Europe/Berlin",       "America/New_York",
                                      "Asia/Beirut",   "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca",
                                      "Europe/Dublin", "Asia/Gaza",         "America/Nuuk",        "America/St_Johns"};
  for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
    _cleanup_(zone_freep) struct zone *z = NULL;
    assert_int_equal(zone_open(zones[i], &z, NULL), 0);
    struct zone_day day = zone_day_at(z, 0); /* 1970 … 2110 */
    for (int n = 0; n < 51000; n++) {
      struct zone_day next = zone_day_at(z, day.ends_ms),
                      inside = zone_day_at(z, day.starts_ms + rnd(day.ends_ms - day.starts_ms)),
                      last = zone_day_at(z, day.ends_ms - 1);
      if (next.starts_ms != day.ends_ms || !next_date(day.date, next.date) || strcmp(inside.date, day.date) != 0 ||
          strcmp(last.date, day.date) != 0 || last.starts_ms != day.starts_ms || last.ends_ms != day.ends_ms)
        fail_msg("%s: after %s (%lld to %lld) comes %s (from %lld)", zones[i], day.date, (long long)day.starts_ms,
                 (long long)day.ends_ms, next.date, (long long)next.starts_ms);
      int64_t length = day.ends_ms - day.starts_ms;
      assert_true(length >= 21 * 3600000LL && length <= 27 * 3600000LL);
      day = next;
    }
  }
}

/* ---- decisions ---- */

/* Any table that plan_table_check() takes. */
static void make_table(struct plan_table *t) {
  *t = plans_default_table();
  for (int i = 0; i < PLAN_TIERS; i++) {
    struct plan *p = &t->plans[i];
    const struct plan *lower = i > 0 ? p - 1 : p;
    p->max_ms = 1000 + (i > 0 ? lower->max_ms : 0) + rnd(2000) * 1000;
    p->a_day = (i > 0 ? lower->a_day : 0) + rnd(5);
    p->max_bytes = (i > 0 ? lower->max_bytes : 1) + rnd(3) * 1000;
    p->features = (i > 0 ? lower->features : 0) | (unsigned)rnd(PLAN_FEATURES + 1);
    if (i > 0) p->price_minor[0] = rnd(4) * 10000, p->price_minor[1] = rnd(4) * 100000;
  }
  for (int i = 0; i < PLAN_OFFERS; i++) t->offers[i].price_minor = rnd(4) * 1000;
  assert_int_equal(plan_table_check(t, NULL), 0);
}

static struct plan_request make_request(int64_t purchases[4]) {
  struct plan_request r = {.tier = (enum plan_tier)rnd(PLAN_TIERS),
                           .until_ms = rnd(2) ? PLAN_NO_END : 1795000000000 + rnd(3) - 1,
                           .now_ms = 1795000000000,
                           .used_today = rnd(8),
                           .media_ms = rnd(8) == 0 ? -1 : rnd(2500) * 1000 + rnd(1000),
                           .bytes = rnd(8) == 0 ? -1 : rnd(3000),
                           .must = (unsigned)rnd(PLAN_FEATURES + 1) & (unsigned)rnd(PLAN_FEATURES + 1),
                           .may = (unsigned)rnd(PLAN_FEATURES + 1),
                           .quality = (int[]){0, 720, 1080}[rnd(3)],
                           .buy = rnd(4) == 0,
                           .purchases_ms = purchases,
                           .purchase_count = (size_t)rnd(5)};
  for (size_t i = 0; i < 4; i++) purchases[i] = (int64_t[]){180000, 600000, 1800000}[rnd(3)];
  return r;
}

static void check_decision(const struct plan_table *t, const struct plan_request *r, const struct plan_decision *d) {
  if (d->verdict != PLAN_ALLOWED) {
    assert_true(d->verdict == PLAN_FEATURE ? d->missing != 0 : d->asked >= d->limit);
    assert_int_equal(d->verdict == PLAN_DAY_USED, d->back_at_ms > r->now_ms);
    /* What is said to help does help. */
    struct plan_request again = *r;
    again.until_ms = PLAN_NO_END;
    if (d->cheapest_tier >= 0) {
      again.tier = (enum plan_tier)d->cheapest_tier;
      assert_int_equal(plan_decide(t, &again).verdict, PLAN_ALLOWED);
      assert_true(d->tier_minor > 0 && d->cheapest_tier > (int)d->tier);
    }
    again.tier = d->tier;
    if (d->cheapest_offer >= 0) {
      again.purchases_ms = &t->offers[d->cheapest_offer].max_ms;
      again.purchase_count = 1;
      assert_int_equal(plan_decide(t, &again).source, PLAN_BY_PURCHASE);
      assert_true(d->offer_minor > 0);
    }
    again = *r;
    again.buy = true;
    assert_int_equal(plan_decide(t, &again).verdict == PLAN_ALLOWED, d->own_purchase);
    return;
  }
  assert_true(plan_counted_ms(r->media_ms) <= d->max_ms && r->bytes <= d->max_bytes);
  assert_int_equal(d->features | d->dropped, r->must | r->may);
  assert_int_equal(d->features & d->dropped, 0);
  assert_int_equal(d->dropped & r->must, 0);
  assert_true(r->quality == 0 || d->quality <= r->quality);
  assert_int_equal(d->quality_lowered, d->quality < r->quality);
  if (d->source == PLAN_BY_QUOTA) assert_true(r->used_today < d->day_limit);
  if (d->source == PLAN_BY_PURCHASE) {
    assert_false(d->watermark);
    assert_true(d->purchase_ms == d->max_ms);
    bool owned = false;
    for (size_t i = 0; i < r->purchase_count; i++) {
      owned |= r->purchases_ms[i] == d->purchase_ms;
      if (r->media_ms >= 0 && r->purchases_ms[i] >= plan_counted_ms(r->media_ms))
        assert_true(r->purchases_ms[i] >= d->purchase_ms);
    }
    assert_true(owned);
  }
}

static void test_decisions(void **state) {
  (void)state;
  size_t allowed = 0;
  for (int n = 0; n < 100000; n++) {
    struct plan_table t;
    make_table(&t);
    int64_t purchases[4];
    struct plan_request r = make_request(purchases);
    struct plan_decision d = plan_decide(&t, &r);
    check_decision(&t, &r, &d);
    allowed += d.verdict == PLAN_ALLOWED;

    /* A higher tier allows whatever a lower one does, and gives no less. */
    r.until_ms = PLAN_NO_END;
    struct plan_decision low = plan_decide(&t, &r);
    if (low.verdict == PLAN_ALLOWED && r.tier < PLAN_CREATOR) {
      r.tier++;
      struct plan_decision high = plan_decide(&t, &r);
      assert_int_equal(high.verdict, PLAN_ALLOWED);
      assert_true(high.quality >= low.quality && high.lane <= low.lane && high.ttl_hours >= low.ttl_hours);
      assert_true(high.watermark <= low.watermark && (high.dropped & ~low.dropped) == 0);
      if (high.source == PLAN_BY_PURCHASE)
        assert_int_equal(low.source, PLAN_BY_PURCHASE); /* spends none that was not needed below */
      r.tier--;
    }
    /* So does a purchase more. */
    if (low.verdict == PLAN_ALLOWED && r.purchase_count < 4) {
      r.purchase_count++;
      assert_int_equal(plan_decide(&t, &r).verdict, PLAN_ALLOWED);
    }
  }
  assert_true(allowed > 10000 && allowed < 90000); /* the requests are of both kinds */
}

/* Charges and refunds in any order, as a caller makes them: charged only what is allowed, given back once. */
static void test_never_more_than_the_days_limit(void **state) {
  (void)state;
  for (int n = 0; n < 2000; n++) {
    struct plan_table t;
    make_table(&t);
    int64_t used = 0, limit = t.plans[PLAN_FREE].a_day, running = 0;
    for (int step = 0; step < 60; step++) {
      if (rnd(3) > 0) {
        struct plan_request r = {.now_ms = 1795000000000, .used_today = used, .media_ms = 500, .bytes = 1};
        struct plan_decision d = plan_decide(&t, &r);
        assert_int_equal(d.verdict == PLAN_ALLOWED, used < limit);
        if (d.verdict == PLAN_ALLOWED) used++, running++;
      } else if (running > 0) {
        used--, running--;
      }
      assert_true(used >= 0 && used <= limit);
    }
  }
}

/* ---- payments ---- */

enum { MOST_TERMS = 12 };

static void test_payments(void **state) {
  (void)state;
  size_t turned = 0;
  for (int n = 0; n < 20000; n++) {
    struct plan_table t;
    make_table(&t);
    struct plan_term terms[MOST_TERMS];
    size_t count = 0;
    int64_t now = 1795000000000;
    for (int step = 0; step < MOST_TERMS - 1; step++) {
      now += rnd(60 * PLAN_DAY_MS);
      enum plan_tier bought = (enum plan_tier)(1 + rnd(2));
      enum plan_period period = (enum plan_period)rnd(2);
      int64_t price = t.plans[bought].price_minor[period], until_before, worth_before = 0, worth_after = price;
      enum plan_tier before = plan_in_force(terms, count, now, &until_before);
      struct plan_extension x;
      assert_int_equal(plan_extend(&t, terms, count, bought, period, price, now, &x, NULL), 0);

      assert_true(x.term.starts_ms >= now);
      assert_int_equal(x.term.ends_ms - x.term.starts_ms, (plan_period_days(period) + x.converted_days) * PLAN_DAY_MS);
      /* The turned days, at the price bought, are never worth more than what was left, and fall short by less than a day. */
      if (x.converted_days > 0) {
        int64_t worth = x.converted_minor * plan_period_days(period);
        assert_true(x.converted_days * price <= worth && worth < (x.converted_days + 1) * price);
        turned++;
      }
      size_t kept = 0;
      for (size_t i = 0; i < count; i++) {
        worth_before += plan_term_rest(&terms[i], now);
        if (x.converted_days > 0 && plan_term_turns(&terms[i], bought, now)) continue;
        worth_after += plan_term_rest(&terms[i], now);
        terms[kept++] = terms[i];
      }
      assert_true(worth_after + x.converted_minor == worth_before + price);
      terms[kept++] = x.term;
      count = kept;

      /* Nobody's tier sinks or ends sooner by paying: the same tier until later, or a higher one. */
      int64_t until;
      enum plan_tier after = plan_in_force(terms, count, now, &until);
      assert_true(after == x.tier && until == x.until_ms && after >= before);
      if (after == before) assert_true(until >= until_before);
      for (int probe = 0; probe < 4; probe++) { /* and the tier paid for is there, or a higher one, all of the term */
        int64_t ignored, at = x.term.starts_ms + rnd(x.term.ends_ms - x.term.starts_ms);
        assert_true(plan_in_force(terms, count, at, &ignored) >= bought);
      }
    }
  }
  assert_true(turned > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_days_follow_each_other, begin),
      cmocka_unit_test_setup(test_decisions, begin),
      cmocka_unit_test_setup(test_never_more_than_the_days_limit, begin),
      cmocka_unit_test_setup(test_payments, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
