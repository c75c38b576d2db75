/*
 * DESIGN. A plan and a purchase are both brought to one form, `struct bounds`; obstacle() judges a job against it. The
 * decision, the choice of a purchase and the search for what would help all ask the same question of different
 * bounds, so they cannot disagree.
 */
#include "plans/decide.h"

#include "base/limits.h"

struct bounds {
  int64_t max_ms, max_bytes;
  int64_t a_day; /* -1: not counted */
  int quality, lane, ttl_hours;
  unsigned features;
  bool watermark;
};

const char *plan_source_name(enum plan_source s) {
  static const char *const names[] = {"quota", "purchase", "unlimited"};
  return names[s];
}

int64_t plan_counted_ms(int64_t media_ms) {
  return media_ms < 0 ? -1 : media_ms - media_ms % 1000;
}

static struct bounds bounds_of_plan(const struct plan_table *t, enum plan_tier tier) {
  const struct plan *p = &t->plans[tier];
  return (struct bounds){.max_ms = p->max_ms,
                         .max_bytes = p->max_bytes,
                         .a_day = p->a_day,
                         .quality = p->quality,
                         .lane = p->lane,
                         .ttl_hours = p->ttl_hours,
                         .features = p->features,
                         .watermark = p->watermark};
}

/* A purchase is PRO for one file, and never less than what its owner has anyway. (A higher tier has no less: plan_table_check().) */
static struct bounds bounds_of_purchase(const struct plan_table *t, enum plan_tier own, int64_t max_ms) {
  struct bounds b = bounds_of_plan(t, own > PLAN_PRO ? own : PLAN_PRO);
  b.max_ms = max_ms;
  b.a_day = -1;
  b.watermark = false;
  return b;
}

static struct bounds bounds_without_limits(const struct plan_table *t, enum plan_tier own) {
  struct bounds b = bounds_of_plan(t, PLAN_CREATOR);
  b.max_ms = LIMIT_INPUT_SECONDS * 1000LL; /* the program's own ceilings, which no setting lifts */
  b.max_bytes = LIMIT_INPUT_BYTES;
  b.a_day = -1;
  b.features = PLAN_FEATURES;
  b.watermark = false;
  b.lane = t->plans[own].lane;
  return b;
}

static enum plan_verdict obstacle(const struct bounds *b, const struct plan_request *r) {
  if (r->bytes > b->max_bytes) return PLAN_TOO_LARGE;
  if (plan_counted_ms(r->media_ms) > b->max_ms) return PLAN_TOO_LONG;
  if (r->must & ~b->features) return PLAN_FEATURE;
  if (b->a_day >= 0 && r->used_today >= b->a_day) return PLAN_DAY_USED;
  return PLAN_ALLOWED;
}

static bool purchase_allows(const struct plan_table *t, enum plan_tier own, const struct plan_request *r,
                            int64_t purchase_ms) {
  struct bounds b = bounds_of_purchase(t, own, purchase_ms);
  return obstacle(&b, r) == PLAN_ALLOWED;
}

/* The purchase to spend: the smallest that covers the file, the longest when its length is not known. -1: none. */
static int64_t fitting_purchase(const struct plan_table *t, enum plan_tier own, const struct plan_request *r) {
  int64_t best = -1;
  for (size_t i = 0; i < r->purchase_count; i++) {
    int64_t ms = r->purchases_ms[i];
    if (!purchase_allows(t, own, r, ms)) continue;
    if (best < 0 || (r->media_ms < 0 ? ms > best : ms < best)) best = ms;
  }
  return best;
}

static void allow(struct plan_decision *d, const struct plan_request *r, enum plan_source source,
                  const struct bounds *b) {
  unsigned wanted = r->must | r->may;
  d->verdict = PLAN_ALLOWED;
  d->source = source;
  d->day_limit = source == PLAN_BY_QUOTA ? b->a_day : 0;
  d->max_ms = b->max_ms;
  d->max_bytes = b->max_bytes;
  d->lane = b->lane;
  d->ttl_hours = b->ttl_hours;
  d->quality_lowered = r->quality > b->quality;
  d->quality = r->quality > 0 && !d->quality_lowered ? r->quality : b->quality;
  d->watermark = b->watermark;
  d->features = wanted & b->features;
  d->dropped = wanted & ~b->features;
}

static void refuse(struct plan_decision *d, const struct plan_request *r, enum plan_verdict why,
                   const struct bounds *b) {
  d->verdict = why;
  if (why == PLAN_TOO_LARGE) {
    d->limit = b->max_bytes;
    d->asked = r->bytes;
  } else if (why == PLAN_TOO_LONG) {
    d->limit = b->max_ms;
    d->asked = r->media_ms;
  } else if (why == PLAN_FEATURE) {
    d->missing = r->must & ~b->features;
  } else {
    d->limit = b->a_day;
    d->asked = r->used_today;
    d->back_at_ms = d->day.ends_ms;
  }
}

/* What would allow it, by price. */
static void look_for_help(const struct plan_table *t, const struct plan_request *r, struct plan_decision *d) {
  for (int tier = d->tier + 1; tier < PLAN_TIERS; tier++) {
    struct bounds b = bounds_of_plan(t, (enum plan_tier)tier);
    int64_t price = t->plans[tier].price_minor[PLAN_MONTHLY];
    if (price <= 0 || obstacle(&b, r) != PLAN_ALLOWED) continue;
    if (d->cheapest_tier >= 0 && price >= d->tier_minor) continue;
    d->cheapest_tier = tier;
    d->tier_minor = price;
  }
  for (int i = 0; i < PLAN_OFFERS && r->media_ms >= 0; i++) {
    int64_t price = t->offers[i].price_minor;
    if (price <= 0 || !purchase_allows(t, d->tier, r, t->offers[i].max_ms)) continue;
    if (d->cheapest_offer >= 0 && price >= d->offer_minor) continue;
    d->cheapest_offer = i;
    d->offer_minor = price;
  }
}

struct plan_decision plan_decide(const struct plan_table *t, const struct plan_request *r) {
  struct plan_decision d = {.tier = plan_effective_tier(r->tier, r->until_ms, r->now_ms),
                            .day = zone_day_at(t->zone, r->now_ms),
                            .cheapest_tier = -1,
                            .cheapest_offer = -1};
  if (t->no_limits) {
    struct bounds b = bounds_without_limits(t, d.tier);
    allow(&d, r, PLAN_UNLIMITED, &b);
    return d;
  }
  struct bounds own = bounds_of_plan(t, d.tier);
  enum plan_verdict verdict = obstacle(&own, r);
  int64_t purchase_ms = fitting_purchase(t, d.tier, r);
  bool spend = purchase_ms >= 0 && (r->buy || (verdict != PLAN_ALLOWED && r->media_ms >= 0));
  if (spend) {
    struct bounds b = bounds_of_purchase(t, d.tier, purchase_ms);
    allow(&d, r, PLAN_BY_PURCHASE, &b);
    d.purchase_ms = purchase_ms;
  } else if (verdict == PLAN_ALLOWED) {
    allow(&d, r, PLAN_BY_QUOTA, &own);
  } else {
    refuse(&d, r, verdict, &own);
    d.own_purchase = purchase_ms >= 0;
    look_for_help(t, r, &d);
  }
  return d;
}
