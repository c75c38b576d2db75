/*
 * DESIGN. Terms are judged one by one; no order is asked of them. Shares are taken as whole part and remainder, so that
 * no product of two amounts is ever formed.
 */
#include "plans/extend.h"

enum { MOST_DAYS = 36500 }; /* that a rest may become: a century, far from what moments can hold */

/* amount * part / whole rounded down; part and whole are days and prices, their product far below 2^63. */
static int64_t share(int64_t amount, int64_t part, int64_t whole) {
  return amount / whole * part + amount % whole * part / whole;
}

int64_t plan_term_rest(const struct plan_term *term, int64_t now_ms) {
  if (term->ends_ms == PLAN_NO_END || term->ends_ms <= now_ms || term->paid_minor <= 0) return 0;
  if (term->starts_ms >= now_ms) return term->paid_minor;
  int64_t left = (term->ends_ms - now_ms) / PLAN_DAY_MS;
  int64_t all = (term->ends_ms - term->starts_ms + PLAN_DAY_MS - 1) / PLAN_DAY_MS;
  return share(term->paid_minor, left, all);
}

bool plan_term_turns(const struct plan_term *term, enum plan_tier bought, int64_t now_ms) {
  return term->tier < bought && plan_term_rest(term, now_ms) > 0;
}

enum plan_tier plan_in_force(const struct plan_term *terms, size_t count, int64_t now_ms, int64_t *ret_until_ms) {
  enum plan_tier tier = PLAN_FREE;
  for (size_t i = 0; i < count; i++)
    if (terms[i].starts_ms <= now_ms && terms[i].ends_ms > now_ms && terms[i].tier > tier) tier = terms[i].tier;
  int64_t until = tier == PLAN_FREE ? PLAN_NO_END : now_ms;
  for (bool grown = true; grown;) { /* one term takes over from another; at most `count` rounds */
    grown = false;
    for (size_t i = 0; i < count; i++) {
      if (terms[i].tier != tier || terms[i].starts_ms > until || terms[i].ends_ms <= until) continue;
      until = terms[i].ends_ms;
      grown = true;
    }
  }
  *ret_until_ms = until;
  return tier;
}

int plan_extend(const struct plan_table *t, const struct plan_term *held, size_t count, enum plan_tier bought,
                enum plan_period period, int64_t paid_minor, int64_t now_ms, struct plan_extension *ret,
                struct err *e) {
  struct plan_extension x = {.term = {.tier = bought, .starts_ms = now_ms, .paid_minor = paid_minor}};
  int64_t days = plan_period_days(period), price = t->plans[bought].price_minor[period];
  for (size_t i = 0; i < count; i++) {
    if (held[i].tier < bought) {
      x.converted_minor += plan_term_rest(&held[i], now_ms);
    } else if (held[i].ends_ms == PLAN_NO_END) {
      return err_set(e, ERR_CONFLICT, "%s is held without an end", plan_tier_name(held[i].tier));
    } else if (held[i].ends_ms > x.term.starts_ms) {
      x.term.starts_ms = held[i].ends_ms;
    }
  }
  if (price > 0) x.converted_days = share(x.converted_minor, days, price);
  if (x.converted_days > MOST_DAYS) x.converted_days = MOST_DAYS;
  if (x.converted_days == 0) x.converted_minor = 0;
  x.term.ends_ms = x.term.starts_ms + (days + x.converted_days) * PLAN_DAY_MS;

  /* Those that are turned are lower and stand in no one's way here, so they need not be taken out. */
  _cleanup_(mem_freep) struct plan_term *after = NEW_ARRAY(struct plan_term, count + 1);
  for (size_t i = 0; i < count; i++) after[i] = held[i];
  after[count] = x.term;
  x.tier = plan_in_force(after, count + 1, now_ms, &x.until_ms);
  *ret = x;
  return 0;
}
