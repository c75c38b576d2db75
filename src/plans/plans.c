/*
 * DESIGN. The default table is AutoSub's, number by number; settings replace single numbers of it (plans_settings.c), and
 * plan_table_check() then holds the whole to the order that the functions rely on: who pays more never gets less.
 */
#include "plans/plans.h"

#include <string.h>

#include "base/limits.h"

static const char *const tier_names[PLAN_TIERS] = {"free", "pro", "creator"};
static const char *const period_names[PLAN_PERIODS] = {"monthly", "yearly"};

struct plan_table plans_default_table(void) {
  const unsigned basic = PLAN_SUBTITLES | PLAN_VERTICAL;
  const int64_t max_bytes = 500LL << 20;
  return (struct plan_table){
      .plans =
          {
              [PLAN_FREE] = {.max_ms = 60000,
                             .max_bytes = max_bytes,
                             .a_day = 3,
                             .quality = 720,
                             .lane = 3,
                             .features = basic,
                             .watermark = true,
                             .ttl_hours = 24},
              [PLAN_PRO] = {.max_ms = 600000,
                            .max_bytes = max_bytes,
                            .a_day = 50,
                            .quality = 1080,
                            .lane = 2,
                            .features = basic | PLAN_TRANSLATE,
                            .ttl_hours = 168,
                            .price_minor = {29900, 299000}},
              [PLAN_CREATOR] = {.max_ms = 1800000,
                                .max_bytes = max_bytes,
                                .a_day = 200,
                                .quality = 1080,
                                .lane = 1,
                                .features = basic | PLAN_TRANSLATE | PLAN_VOICE_OVER | PLAN_STYLES,
                                .ttl_hours = 168,
                                .price_minor = {59900, 599000}},
          },
      .offers = {{180000, 2900}, {600000, 4900}, {1800000, 5900}},
      .currency = "RUB",
  };
}

void plan_table_release(struct plan_table *t) {
  zone_free(t->zone);
  t->zone = NULL;
}

static int check_plan(const struct plan *p, const char *name, struct err *e) {
  if (p->max_ms < 1000 || p->max_ms > LIMIT_INPUT_SECONDS * 1000LL)
    return err_set(e, ERR_USAGE, "plan %s: the longest video must be of 1 to %d seconds", name, LIMIT_INPUT_SECONDS);
  if (p->max_bytes < 1 || p->max_bytes > LIMIT_INPUT_BYTES)
    return err_set(e, ERR_USAGE, "plan %s: the largest file must be of 1 byte to %lld MB", name,
                   LIMIT_INPUT_BYTES >> 20);
  if (p->a_day < 0 || p->lane < 1 || p->lane > 3 || (p->quality != 720 && p->quality != 1080) || p->ttl_hours < 1)
    return err_set(e, ERR_USAGE, "plan %s: jobs a day, lane, quality or hours kept are out of range", name);
  for (int i = 0; i < PLAN_PERIODS; i++)
    if (p->price_minor[i] < 0) return err_set(e, ERR_USAGE, "plan %s: a price is below 0", name);
  return 0;
}

/* What `p` has less of than the tier below it; NULL: nothing. */
static const char *what_is_less(const struct plan *p, const struct plan *lower) {
  if (p->max_ms < lower->max_ms) return "a shorter longest video (MAX_VIDEO_DURATION_*)";
  if (p->a_day < lower->a_day) return "fewer jobs a day (DAILY_LIMIT_*)";
  if (p->ttl_hours < lower->ttl_hours) return "results kept for less time (*_TTL_HOURS)";
  if (p->max_bytes < lower->max_bytes) return "a smaller largest file";
  if (p->quality < lower->quality) return "a lower quality";
  if (p->lane > lower->lane) return "a later lane";
  if (lower->features & ~p->features) return "fewer features";
  return p->watermark && !lower->watermark ? "a watermark" : NULL;
}

int plan_table_check(const struct plan_table *t, struct err *e) {
  for (int i = 0; i < PLAN_TIERS; i++) {
    int rc = check_plan(&t->plans[i], tier_names[i], e);
    if (rc < 0) return rc;
  }
  for (int i = 1; i < PLAN_TIERS; i++) {
    const char *less = what_is_less(&t->plans[i], &t->plans[i - 1]);
    if (less) return err_set(e, ERR_USAGE, "plan %s has %s than plan %s", tier_names[i], less, tier_names[i - 1]);
  }
  for (int i = 0; i < PLAN_OFFERS; i++) {
    const struct plan_offer *o = &t->offers[i];
    if (o->max_ms < 1000 || o->price_minor < 0 || (i > 0 && o->max_ms <= o[-1].max_ms))
      return err_set(e, ERR_USAGE, "one-time offers must be in the order of their lengths, with prices of 0 or more");
  }
  if (strlen(t->currency) != 3) return err_set(e, ERR_USAGE, "a currency has three letters");
  return 0;
}

enum plan_tier plan_effective_tier(enum plan_tier tier, int64_t until_ms, int64_t now_ms) {
  return until_ms == PLAN_NO_END || until_ms > now_ms ? tier : PLAN_FREE;
}

int plan_period_days(enum plan_period p) {
  return p == PLAN_YEARLY ? 365 : 30;
}

/* ---- names ---- */

static int find(const char *const *names, int count, const char *name) {
  for (int i = 0; name && i < count; i++)
    if (strcmp(names[i], name) == 0) return i;
  return -1;
}

const char *plan_tier_name(enum plan_tier t) {
  return tier_names[t];
}

int plan_tier_by_name(const char *name) {
  return find(tier_names, PLAN_TIERS, name);
}

const char *plan_period_name(enum plan_period p) {
  return period_names[p];
}

int plan_period_by_name(const char *name) {
  return find(period_names, PLAN_PERIODS, name);
}
