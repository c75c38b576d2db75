/*
 * May this user have this job?
 *
 * The answer is yes, with the source it is charged to and what is changed about it, or no, with the numbers that a message
 * needs: the limit, what was asked, when the day ends, and what would help.
 *
 * The plan comes first. A one-time purchase is spent when the plan alone would refuse, or on request; always the
 * smallest that covers the file. A purchase is PRO for one file: PRO's quality, features, size and lane where they are more
 * than the user's own, no watermark, and the day's count is left alone. Lengths count in whole seconds, fractions are
 * given: a file of 60.9 s is one of 60 s.
 *
 * A length that is not known yet (-1) is allowed by the plan; max_ms of the decision says what the file must turn out
 * to be within. Without a length no purchase is spent but on request, and then the longest, the only one sure to cover
 * most. The same for a size that is not known.
 *
 * When several things stand in the way the lasting one is named: size, length, feature, and last the day's count. What
 * would help helps against all of them.
 */
#ifndef TITR_PLANS_DECIDE_H
#define TITR_PLANS_DECIDE_H

#include "plans/plans.h"

enum plan_verdict {
  PLAN_ALLOWED,
  PLAN_TOO_LARGE, /* limit, asked: bytes */
  PLAN_TOO_LONG,  /* limit, asked: milliseconds */
  PLAN_FEATURE,   /* missing: the features */
  PLAN_DAY_USED   /* limit, asked: jobs a day, and used; back_at_ms */
};
enum plan_source { PLAN_BY_QUOTA, PLAN_BY_PURCHASE, PLAN_UNLIMITED };
const char *plan_source_name(enum plan_source s); /* "quota", "purchase", "unlimited" */

struct plan_request {
  enum plan_tier tier; /* as stored */
  int64_t until_ms;    /* its end, or PLAN_NO_END */
  int64_t now_ms;
  int64_t used_today;          /* of the day of now_ms */
  int64_t media_ms;            /* -1: not known */
  int64_t bytes;               /* -1: not known */
  unsigned must;               /* features asked for in this job: without one of them it is refused */
  unsigned may;                /* features from saved options: dropped, and told, where the plan lacks them */
  int quality;                 /* asked for; 0: the best there is */
  bool buy;                    /* spend a purchase even if the plan would do */
  const int64_t *purchases_ms; /* the user's unspent purchases: their lengths, in any order */
  size_t purchase_count;
};

struct plan_decision {
  enum plan_verdict verdict;
  enum plan_tier tier; /* in effect */
  struct zone_day day; /* that the job counts for */

  /* PLAN_ALLOWED */
  enum plan_source source;
  int64_t day_limit;   /* PLAN_BY_QUOTA: for the conditional charge */
  int64_t purchase_ms; /* PLAN_BY_PURCHASE: length of the one to take */
  int64_t max_ms;      /* what the file must be within, when its length or size was not known */
  int64_t max_bytes;
  int lane, quality, ttl_hours;
  bool quality_lowered;       /* more was asked for */
  bool watermark;             /* ours is put on */
  unsigned features, dropped; /* of must | may: what will be done, what is left out */

  /* else */
  int64_t limit, asked;
  unsigned missing;
  int64_t back_at_ms; /* PLAN_DAY_USED: end of the day */
  bool own_purchase;  /* the user has a purchase that may cover it: ask him (`buy`) */
  int cheapest_tier;  /* a tier that allows it, cheapest by month; -1: none */
  int cheapest_offer; /* the same of the one-time offers */
  int64_t tier_minor; /* its price a month */
  int64_t offer_minor;
};

struct plan_decision plan_decide(const struct plan_table *t, const struct plan_request *r);

/* The length that counts: whole seconds, in milliseconds; -1 stays. For purchases_take() too. */
int64_t plan_counted_ms(int64_t media_ms);

#endif
