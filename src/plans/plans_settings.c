/* The table of plans with an operator's settings in it. */
#include <stdio.h>

#include "config/settings.h"
#include "plans/plans.h"

int plans_from_settings(struct plan_table *ret, struct err *e) {
  static const struct {
    enum setting_id seconds, a_day, ttl_hours, month, year; /* SETTINGS_COUNT: not for sale */
  } names[PLAN_TIERS] = {
      [PLAN_FREE] = {SET_MAX_VIDEO_DURATION_FREE, SET_DAILY_LIMIT_FREE, SET_FREE_TTL_HOURS, SETTINGS_COUNT,
                     SETTINGS_COUNT},
      [PLAN_PRO] = {SET_MAX_VIDEO_DURATION_PRO, SET_DAILY_LIMIT_PRO, SET_PRO_TTL_HOURS, SET_PRICE_PRO_MONTH,
                    SET_PRICE_PRO_YEAR},
      [PLAN_CREATOR] = {SET_MAX_VIDEO_DURATION_CREATOR, SET_DAILY_LIMIT_CREATOR, SET_CREATOR_TTL_HOURS,
                        SET_PRICE_CREATOR_MONTH, SET_PRICE_CREATOR_YEAR},
  };
  static const enum setting_id offers[PLAN_OFFERS] = {SET_PRICE_ONCE_3MIN, SET_PRICE_ONCE_10MIN, SET_PRICE_ONCE_30MIN};

  struct plan_table t = plans_default_table();
  for (int i = 0; i < PLAN_TIERS; i++) {
    struct plan *p = &t.plans[i];
    p->max_ms = settings_number(names[i].seconds) * 1000;
    p->a_day = settings_number(names[i].a_day);
    p->ttl_hours = (int)settings_number(names[i].ttl_hours);
    p->max_bytes = settings_number(SET_MAX_FILE_SIZE_MB) << 20;
    if (names[i].month == SETTINGS_COUNT) continue;
    p->price_minor[PLAN_MONTHLY] = settings_number(names[i].month);
    p->price_minor[PLAN_YEARLY] = settings_number(names[i].year);
  }
  for (int i = 0; i < PLAN_OFFERS; i++) t.offers[i].price_minor = settings_number(offers[i]);
  snprintf(t.currency, sizeof t.currency, "%s", settings_text(SET_PRICE_CURRENCY));
  t.no_limits = settings_number(SET_DISABLE_LIMITS) != 0;
  int rc = plan_table_check(&t, e);
  if (rc == 0) rc = zone_open(settings_text(SET_PLAN_TIME_ZONE), &t.zone, e);
  if (rc < 0) return err_prefix(e, "settings");
  *ret = t;
  return 0;
}
