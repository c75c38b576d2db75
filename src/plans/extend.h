/*
 * Subscriptions over time: terms (from, to, tier, what was paid), which of them is in force, and what one more
 * payment does to them.
 *
 *   same tier      the new term begins when the last one ends: nothing overlaps, nothing is lost
 *   higher tier    it begins now; what is left of paid lower terms is turned into days of the new one, and they end
 *   lower tier     it begins when the higher ones end; the user keeps the better tier meanwhile
 *
 * Turning: only whole days that are left, at the share of what was paid for them, at the price of the period bought; every step
 * rounds down, so never more than was paid. Terms that cost nothing (granted) are not turned into anything: they stay and are
 * in force again when the higher one ends before them; so do terms whose rest is not worth one day.
 */
#ifndef TITR_PLANS_EXTEND_H
#define TITR_PLANS_EXTEND_H

#include "plans/plans.h"

struct plan_term {
  enum plan_tier tier;
  int64_t starts_ms, ends_ms; /* PLAN_NO_END: without an end */
  int64_t paid_minor;         /* in the table's currency; 0: granted, or not known */
};

struct plan_extension {
  struct plan_term term;                   /* to be added; its paid_minor is what was given in */
  int64_t converted_days, converted_minor; /* of which term's end is already part; 0: nothing was turned */
  enum plan_tier tier;                     /* in force once it is added */
  int64_t until_ms;
};

/* `bought` is PRO or CREATOR; amounts up to 10^15. ERR_CONFLICT: this tier or a higher one is held without an end, so there is nothing to sell. */
int plan_extend(const struct plan_table *t, const struct plan_term *held, size_t count, enum plan_tier bought,
                enum plan_period period, int64_t paid_minor, int64_t now_ms, struct plan_extension *ret, struct err *e);

/* Whether plan_extend() turns this term into days of `bought`, so that it has to end now (when converted_days > 0). */
bool plan_term_turns(const struct plan_term *term, enum plan_tier bought, int64_t now_ms);

/* What is left of a term's price: that of its whole days to come. */
int64_t plan_term_rest(const struct plan_term *term, int64_t now_ms);

/* The highest tier in force, and until when without a gap. FREE has no end. */
enum plan_tier plan_in_force(const struct plan_term *terms, size_t count, int64_t now_ms, int64_t *ret_until_ms);

#endif
