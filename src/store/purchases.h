/*
 * One-time purchases: each covers one file up to a length. Spent on a task by quota_charge_purchase(), given back by quota_refund().
 * All inside the caller's transaction. Lengths in milliseconds.
 */
#ifndef TITR_STORE_PURCHASES_H
#define TITR_STORE_PURCHASES_H

#include <stddef.h>
#include <stdint.h>

#include "store/sql.h"

/* Once for each payment: 1, or 0 when it is there already (*ret_id is then that one). payment_id 0: a gift, as often as asked. */
int purchases_add(struct sql_tx *tx, int64_t user_id, int64_t max_ms, int64_t payment_id, int64_t now_ms,
                  int64_t *ret_id, struct err *e);

/* Spends the user's smallest unspent one of at least this length (the oldest of equal ones): 1, or 0 when he has none. */
int purchases_take(struct sql_tx *tx, int64_t user_id, int64_t least_ms, int64_t task_id, int64_t *ret_id,
                   struct err *e);

/* 1: it was spent on this task and no longer is; 0: it was not. */
int purchases_give_back(struct sql_tx *tx, int64_t purchase_id, int64_t task_id, struct err *e);

/* The lengths of the user's unspent ones, each length once, rising: what plan_decide() wants to know. Returns how many
 * were written, at most `room`. */
enum { PURCHASE_LENGTHS = 16 }; /* room enough: an operator sells three */
int purchases_unspent(struct sql_tx *tx, int64_t user_id, int64_t *ret_ms, size_t room, struct err *e);

#endif
