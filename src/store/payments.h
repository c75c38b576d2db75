/*
 * Payments: what a user is to pay or has paid, and what a provider has said of it. Each is settled once, whoever tells of it and
 * how often:
 *
 *   PENDING ─┬─> CONFIRMED ──> REFUNDED
 *            └─> FAILED
 *
 *   rc = payments_create(tx, &(struct payment_new){user, "platega", NULL, 29900, "RUB", purpose}, now_ms, &p, e);
 *   … the provider is asked, in no transaction, and gives its id …
 *   rc = payments_set_external(tx, p.id, "1f0c…", e);
 *
 *   A notice has come; in one transaction:
 *   rc = payments_find(tx, "platega", "1f0c…", &p, e);
 *   … p.amount_minor and p.currency are what the provider says? …
 *   rc = payments_settle(tx, p.id, PAYMENT_CONFIRMED, NULL, now_ms, e);
 *   if (rc == 1) rc = subscriptions_add(…) or purchases_add(…);      what was bought, by p.purpose
 *
 * payments_settle() is one conditional UPDATE: 1 for the one notice that moved the payment, 0 for every other, also for a late one
 * that says something else; with it in one transaction, what was bought is credited once or not at all. Of two processes at
 * once PostgreSQL sends the second round again (sql_transact()), and it then finds the payment settled.
 *
 * All inside the caller's transaction. Money is whole minor units (kopecks, cents; Stars have none: one is one) of a currency of three
 * capital letters; moments are milliseconds since the epoch, UTC. Those that read one payment return 1, or 0 when there is none
 * (`ret` is left alone); `ret` must be empty ({0}) or hold a payment, which is released.
 */
#ifndef TITR_STORE_PAYMENTS_H
#define TITR_STORE_PAYMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "store/public_id.h"
#include "store/sql.h"

enum payment_state { PAYMENT_PENDING, PAYMENT_CONFIRMED, PAYMENT_FAILED, PAYMENT_REFUNDED };
const char *payment_state_name(enum payment_state s); /* as stored: "pending" … */

struct payment {
  int64_t id;
  char public_id[PUBLIC_ID_SIZE];
  int64_t user_id;
  char *provider;    /* "platega", "stars" */
  char *external_id; /* the provider's; NULL: not known yet */
  int64_t amount_minor;
  char currency[4];
  char *
      purpose; /* JSON: {"kind": "subscription", "tier": "pro", "period": "monthly"}, {"kind": "once", "max_ms": 180000} */
  enum payment_state state;
  char *method;   /* of paying, in the provider's words; NULL: not known */
  char *metadata; /* JSON */
  int64_t created_ms;
  int64_t completed_ms; /* CONFIRMED or FAILED since, also when it was refunded later; 0: still PENDING, or not known */
};
void payment_release(struct payment *p); /* also the cleanup function; leaves it empty */

struct payment_new {
  int64_t user_id;
  const char *provider;
  const char *external_id; /* NULL: the provider gives it later */
  int64_t amount_minor;    /* 1 … LIMIT_PAYMENT_MINOR */
  const char *currency;
  const char *purpose;  /* JSON; NULL: {} */
  const char *method;   /* NULL: not known yet */
  const char *metadata; /* JSON; NULL: {} */
};

/* PENDING. 1: made. 0: the provider's id is there already, and *ret is that payment. ERR_INPUT: no such amount or currency. */
int payments_create(struct sql_tx *tx, const struct payment_new *n, int64_t now_ms, struct payment *ret, struct err *e);
/* Once: 1, also for the same id again; 0: there is no such payment, it has another, or another payment has this one. */
int payments_set_external(struct sql_tx *tx, int64_t id, const char *external_id, struct err *e);
/* `method`: as it was paid; NULL: as it stands in the row. */
int payments_settle(struct sql_tx *tx, int64_t id, enum payment_state to, const char *method, int64_t now_ms,
                    struct err *e);

int payments_get(struct sql_tx *tx, int64_t id, struct payment *ret, struct err *e);
int payments_find(struct sql_tx *tx, const char *provider, const char *external_id, struct payment *ret, struct err *e);
int payments_find_public(struct sql_tx *tx, const char *public_id, struct payment *ret, struct err *e);

struct payment_list {
  struct payment *payments;
  size_t count;
};
void payment_list_release(struct payment_list *l);
/* A user's, newest first, at most `most`. */
int payments_of_user(struct sql_tx *tx, int64_t user_id, size_t most, struct payment_list *ret, struct err *e);

/* How many there are and what they come to, for each state and currency that occurs: states as in the enum, currencies A to Z.
 * Returns how many were written, at most `room`. */
struct payment_sum {
  enum payment_state state;
  char currency[4];
  int64_t count, amount_minor;
};
enum { PAYMENT_SUMS = 64 }; /* room enough: a service sells in one or two currencies */
int payments_sums(struct sql_tx *tx, struct payment_sum *ret, size_t room, struct err *e);

#endif
