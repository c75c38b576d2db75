/*
 * What a task is charged to, and giving it back: the day's quota, a one-time purchase, or nothing (no limits).
 *
 * Called in the transaction that makes the task, after plan_decide():
 *
 *   rc = quota_charge(tx, user, d.day.date, d.day_limit, task, now_ms, e);         d.source PLAN_BY_QUOTA
 *   rc = quota_charge_purchase(tx, user, d.purchase_ms, task, now_ms, e);          PLAN_BY_PURCHASE
 *   rc = quota_charge_nothing(tx, user, task, now_ms, e);                          PLAN_UNLIMITED
 *   1: charged, also when this task was charged before, which it is not again; 0: there is nothing left to charge it to
 *   (somebody was faster than the decision): roll back, or decide again
 *
 *   rc = quota_refund(tx, task, "cancelled", now_ms, e);                           in the one that ends it
 *
 * The ledger (usage_ledger) has each task charged once and given back once at most, whoever asks how often. Given back
 * is what was charged: the day of the charge, not the present one, or the purchase. A task that was given back is not charged again.
 */
#ifndef TITR_STORE_QUOTA_H
#define TITR_STORE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "store/sql.h"

int quota_charge(struct sql_tx *tx, int64_t user_id, const char *day /* YYYY-MM-DD */, int64_t limit, int64_t task_id,
                 int64_t now_ms, struct err *e);
/* Spends the user's smallest purchase of at least this length. */
int quota_charge_purchase(struct sql_tx *tx, int64_t user_id, int64_t least_ms, int64_t task_id, int64_t now_ms,
                          struct err *e);
int quota_charge_nothing(struct sql_tx *tx, int64_t user_id, int64_t task_id, int64_t now_ms, struct err *e);

/* 1: given back; 0: it had been already, or was never charged. */
int quota_refund(struct sql_tx *tx, int64_t task_id, const char *reason, int64_t now_ms, struct err *e);

/* Jobs charged to a day so far. */
int quota_used(struct sql_tx *tx, int64_t user_id, const char *day, int64_t *ret_used, struct err *e);

struct quota_entry {
  char source[16];     /* "quota", "purchase", "unlimited" */
  char day[12];        /* quota: the day; else "" */
  int64_t purchase_id; /* purchase; else 0 */
  bool given_back;
};
/* What a task was charged to: 1, or 0 when it was not. */
int quota_of_task(struct sql_tx *tx, int64_t task_id, struct quota_entry *ret, struct err *e);

#endif
