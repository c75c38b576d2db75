/*
 * Updates taken in, by Telegram's number: the same one again has no effect. Asked in the transaction that does what the
 * update wants, so that both are there or neither. Telegram keeps an update for a day and chooses numbers anew after a week
 * without any, so numbers older than a week are cleaned.
 */
#ifndef TITR_STORE_UPDATES_H
#define TITR_STORE_UPDATES_H

#include <stdint.h>

#include "store/sql.h"

#define UPDATES_KEPT_MS (7 * 24 * 3600 * 1000LL)

/* 1: new, and noted; 0: taken in before. */
int updates_seen(struct sql_tx *tx, int64_t update_id, int64_t now_ms, struct err *e);
/* The highest number that was taken in; 0: none. */
int updates_last(struct sql_tx *tx, int64_t *ret, struct err *e);
/* Those older than UPDATES_KEPT_MS go; returns how many. */
int updates_clean(struct sql_tx *tx, int64_t now_ms, int64_t *ret_gone, struct err *e);

#endif
