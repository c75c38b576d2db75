/*
 * Subscriptions: the terms that a user has, and which tier he is in. What a payment does to them is decided by
 * plans/extend.h; this keeps it. In one transaction:
 *
 *   rc = subscriptions_held(tx, user, now_ms, &held, e);       -> struct plan_term each (amounts in the table's currency)
 *   plan_extend(…, &x);
 *   ended: the ids of those for which plan_term_turns(), when x.converted_days > 0
 *   rc = subscriptions_add(tx, &(struct subscription_new){…, x.term, ended, x.tier, x.until_ms}, now_ms, e);
 *
 * When a tier's end has come the user counts as FREE without anything being written (plan_effective_tier()); who finds it so looks
 * with subscriptions_held() and plan_in_force() whether a lower term goes on, and writes that by users_set_tier().
 */
#ifndef TITR_STORE_SUBSCRIPTIONS_H
#define TITR_STORE_SUBSCRIPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "store/sql.h"

struct subscription {
  int64_t id;                 /* 0: stands in the user's row only (granted, or taken over) */
  char tier[16];              /* "pro", "creator" */
  int64_t starts_ms, ends_ms; /* USER_NO_END: without an end */
  int64_t amount_minor;       /* of its confirmed payment; 0: none */
  char currency[8];           /* of that; "" */
};

enum { SUBSCRIPTIONS_HELD = 64 }; /* more terms to come than that: ERR_INPUT */
struct subscription_list {
  struct subscription at[SUBSCRIPTIONS_HELD];
  size_t count;
};

/* Those that have not ended, the one of the user's row included. ERR_INPUT: no such user. */
int subscriptions_held(struct sql_tx *tx, int64_t user_id, int64_t now_ms, struct subscription_list *ret,
                       struct err *e);

struct subscription_new {
  int64_t user_id;
  int64_t payment_id; /* 0: granted */
  const char *tier;   /* "pro", "creator" */
  const char *period; /* "monthly", "yearly" */
  int64_t starts_ms, ends_ms;
  const int64_t *ended; /* ids of subscriptions that end now */
  size_t ended_count;
  const char *tier_now; /* the user's tier from now on, and until when */
  int64_t until_ms;
};

/* Once for each payment: 1, or 0 when it has been added before (then nothing is changed). A tier that stood in the
 * user's row only is written down first, so that it goes on when the new one has ended. */
int subscriptions_add(struct sql_tx *tx, const struct subscription_new *s, int64_t now_ms, struct err *e);

#endif
