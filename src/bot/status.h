/*
 * The status messages: one for each task, edited in place while it waits and runs.
 *
 * A thread looks at the rows: running tasks once a second, waiting ones every STATUS_QUEUE_SECONDS (the oldest
 * STATUS_QUEUED; those behind them show their place when they have moved up). A task whose row has no message yet gets one, so a
 * crash between the task and its message is made good. The last state is shown by delivery.h, with status_finish().
 *
 * Threads: safe.
 */
#ifndef TITR_BOT_STATUS_H
#define TITR_BOT_STATUS_H

#include "bot/parts.h"
#include "bot/records.h"
#include "bot/text.h"
#include "store/tasks.h"

#define STATUS_QUEUE_SECONDS 5
#define STATUS_RUNNING       500
#define STATUS_QUEUED        200

/* Reads and edits from now on, in a thread of its own; status_stop() ends it. Freed when the sender, whose callbacks
 * know it, has ended. */
struct status *status_start(struct bot *b);
void status_stop(struct status *s);
void status_free(struct status *s);

/* A task was just made: its message goes out at once. */
void status_begin(struct status *s, const struct task *t);

/* The last state, into the message, or as a new one when there is none (any more). */
void status_finish(struct bot *b, const struct task *t, const struct reply *r, bool given_back);

/* What a status message says. `before` and `wait_ms` of a waiting task: queue_position(), -1 not known. Caller frees. */
char *status_text(const struct task *t, const struct reply *r, int64_t before, int64_t wait_ms, bool given_back,
                  int64_t now_ms);
/* "▓▓▓▓▓░░░░░" of 0..1000. Caller frees. */
char *status_bar(int progress);

#endif
