/*
 * Plans: what each tier may have, and what it costs. Pure functions over one table; nothing here looks at a
 * clock, a database or a network. The manual of the module:
 *
 *   plans.h   the table: tiers, one-time offers, prices; from settings, checked
 *   zone.h    days in a time zone: which day a job counts for, and when it ends
 *   decide.h  may this user have this job, from which source, and what is changed about it
 *   extend.h  what a payment does to the subscriptions that a user has
 *
 *   struct plan_table t;
 *   settings_load(&e); rc = plans_from_settings(&t, &e);       // once, at the start
 *   struct zone_day today = zone_day_at(t.zone, now_ms);
 *   struct plan_decision d = plan_decide(&t, &request);
 *
 * Units: lengths and moments in milliseconds (moments since the epoch, UTC), sizes in bytes, money in minor units (kopecks) of
 * `currency`, always whole. Numbers of the default table: AutoSub's, as its operators sold them.
 *
 * Threads: a table is read-only once made.
 */
#ifndef TITR_PLANS_PLANS_H
#define TITR_PLANS_PLANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plans/zone.h"

enum plan_tier { PLAN_FREE, PLAN_PRO, PLAN_CREATOR, PLAN_TIERS }; /* rising */
enum plan_period { PLAN_MONTHLY, PLAN_YEARLY, PLAN_PERIODS };

enum { /* a set of these */
       PLAN_SUBTITLES = 1 << 0,
       PLAN_VERTICAL = 1 << 1, /* 9:16 */
       PLAN_TRANSLATE = 1 << 2,
       PLAN_VOICE_OVER = 1 << 3,
       PLAN_STYLES = 1 << 4,
       PLAN_FEATURES = (1 << 5) - 1
};

#define PLAN_DAY_MS 86400000LL
#define PLAN_NO_END INT64_MAX /* of a tier held without an end */

struct plan {
  int64_t max_ms;    /* length of one file */
  int64_t max_bytes; /* its size */
  int64_t a_day;     /* jobs */
  int quality;       /* 720 or 1080: the picture's shorter side */
  int lane;          /* 1 is served first */
  unsigned features;
  bool watermark;                    /* ours, always */
  int ttl_hours;                     /* results are kept */
  int64_t price_minor[PLAN_PERIODS]; /* 0: not for sale */
};

enum { PLAN_OFFERS = 3 };
struct plan_offer { /* one file up to a length */
  int64_t max_ms;
  int64_t price_minor; /* 0: not for sale */
};

struct plan_table {
  struct plan plans[PLAN_TIERS];
  struct plan_offer offers[PLAN_OFFERS]; /* rising by length */
  char currency[4];                      /* ISO 4217 */
  struct zone *zone;                     /* whose days the limits count; NULL: UTC. Owned */
  bool no_limits;                        /* DISABLE_LIMITS: everything is allowed and nothing counted (tests) */
};

struct plan_table plans_default_table(void);

/* Names read: MAX_VIDEO_DURATION_*, DAILY_LIMIT_*, *_TTL_HOURS, MAX_FILE_SIZE_MB, PRICE_*, PLAN_TIME_ZONE,
 * DISABLE_LIMITS. ERR_USAGE (naming the setting) for what plan_table_check() refuses and for an unknown zone. */
int plans_from_settings(struct plan_table *ret, struct err *e);
void plan_table_release(struct plan_table *t); /* also the cleanup function */

/* What the functions rely on: positive numbers, and a higher tier never has less than a lower one. */
int plan_table_check(const struct plan_table *t, struct err *e);

/* The tier that counts at a moment: FREE once its end has come. PLAN_NO_END: it has none. */
enum plan_tier plan_effective_tier(enum plan_tier tier, int64_t until_ms, int64_t now_ms);

int plan_period_days(enum plan_period p); /* 30, 365 */

/* Names as they stand in the database: "free", "pro", "creator"; "monthly", "yearly". -1 for another. */
const char *plan_tier_name(enum plan_tier t);
int plan_tier_by_name(const char *name);
const char *plan_period_name(enum plan_period p);
int plan_period_by_name(const char *name);

#endif
