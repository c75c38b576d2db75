/*
 * The outbox: what is to be sent once its transaction has committed. Written together with the change it tells of; a sender
 * takes one item after the other, under a lease, and says that it was sent. At least once: an item whose sender died is
 * taken again when its lease ends, so the receiver's side must bear a repetition.
 *
 * Topic "telegram": {"task": PUBLIC_ID, "event": "done" | "failed" | "parked" | "cancelled"}: the bot tells the task's user.
 *
 * All inside the caller's transaction; moments in milliseconds since the epoch, UTC.
 */
#ifndef TITR_STORE_OUTBOX_H
#define TITR_STORE_OUTBOX_H

#include <stdint.h>

#include "store/sql.h"

/* `once` (NULL: none) names what is told: a second item of that name is not written. 1 written, 0 it was there. */
int outbox_add(struct sql_tx *tx, const char *topic, const char *once, const char *payload, int64_t run_at_ms,
               int64_t now_ms, struct err *e);

struct outbox_item {
  int64_t id;
  char *payload;
  int attempts; /* this one included */
};
void outbox_item_release(struct outbox_item *i);

/* The oldest item due, leased: 1, or 0. *ret must be {0} or hold an item, which is released. In a short transaction of its own, so that others skip it. */
int outbox_take(struct sql_tx *tx, const char *topic, int64_t lease_ms, int64_t now_ms, struct outbox_item *ret,
                struct err *e);
/* An item that takes long to send stays the sender's for so much longer. */
int outbox_renew(struct sql_tx *tx, int64_t id, int64_t until_ms, struct err *e);
/* Another payload: an item that is sent in parts notes which ones have gone, for who takes it again. */
int outbox_note(struct sql_tx *tx, int64_t id, const char *payload, struct err *e);
int outbox_sent(struct sql_tx *tx, int64_t id, int64_t now_ms, struct err *e);
int outbox_later(struct sql_tx *tx, int64_t id, int64_t run_at_ms, struct err *e); /* not sent: again then */
int outbox_waiting(struct sql_tx *tx, const char *topic, int64_t *ret_count, int64_t *ret_oldest_ms, struct err *e);
/* Items sent before a moment go; returns how many. */
int outbox_clean(struct sql_tx *tx, int64_t before_ms, int64_t *ret_gone, struct err *e);

#endif
