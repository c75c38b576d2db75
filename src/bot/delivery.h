/*
 * Delivery: what the outbox's topic "telegram" holds is brought to its users.
 *
 *   "done"                            the video, the subtitles, then the status message's last state
 *   "failed" "parked" "cancelled"     the status message's last state
 *   "again"                           (written here, by /status) the result once more, by file_id where there is one
 *
 * Each part that was sent is noted before the next one begins: in the row, of "again" in the item itself ("parts": how many). An item is held under a lease of
 * DELIVERY_LEASE_MS, extended while a file goes up; what fails by the network comes again later, longer after each time.
 * A user who blocked the bot is asked again every DELIVERY_BLOCKED_MS as long as the files are kept. What Telegram
 * refuses for good is given up after DELIVERY_TRIES; the user still gets it by /status.
 *
 * DELIVERY_THREADS threads, so that one large file does not hold up the others.
 */
#ifndef TITR_BOT_DELIVERY_H
#define TITR_BOT_DELIVERY_H

#include "bot/parts.h"
#include "store/tasks.h"

#define DELIVERY_TOPIC      "telegram"
#define DELIVERY_THREADS    4
#define DELIVERY_LEASE_MS   30000
#define DELIVERY_BLOCKED_MS (3600 * 1000LL)
#define DELIVERY_TRIES      8

struct delivery;
struct delivery *delivery_start(struct bot *b);
bool delivery_ended(struct delivery *d); /* after *b->stop: whether all threads have */
void delivery_stop(struct delivery *d);  /* after *b->stop: waits for the threads, frees */

/* "done" or "again" of a task, to be written into the outbox. Caller frees. */
char *delivery_payload(const char *public_id, const char *event);

/* The user's name for a result: "talk.mp4" + ".srt" -> "talk.srt"; without what a path or header could stumble over. */
char *delivery_file_name(const char *title, const char *suffix);

#endif
