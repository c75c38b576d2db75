/*
 * The Telegram bot: a file comes in, a task is made, its state is shown in one message, the results go back.
 *
 *   poll thread      getUpdates ─> conversation.h: one transaction (update seen, user, task, charge), then the answer
 *   status thread    once a second: rows of tasks that wait or run ─> their status messages (status.h)
 *   delivery threads outbox, topic "telegram" ─> files, last state of the status message (delivery.h)
 *   sender thread    messages and edits at the pace that Telegram allows (sender.h)
 *
 * All talk to Telegram through one client (api.h) and to people through catalogues (text.h). The database is the truth:
 * a bot that is killed goes on where it was. Of what it sends, only the one part that was under way can come twice.
 *
 *   struct bot_options o = {.db = db, .queue = q, .plans = &plans, .api_url = url, .token = token, .storage = folder};
 *   rc = bot_run(&o, &stop, &e);                   // returns within seconds after *stop
 *
 * One bot for each token: Telegram refuses a second one that polls. Times are UTC milliseconds.
 */
#ifndef TITR_BOT_BOT_H
#define TITR_BOT_BOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bot/api.h"
#include "plans/plans.h"
#include "queue/queue.h"
#include "store/sql.h"

struct bot_options { /* all borrowed */
  struct sql *db;
  struct queue *queue;
  const struct plan_table *plans;
  const char *zone_name; /* of the plans' days, as people are told it; NULL: UTC */
  const char *api_url;   /* https://api.telegram.org, or a server of one's own */
  const char *token;
  const char *storage; /* STORAGE_PATH: results are below it */
};

/* Runs until *stop (0), or until it cannot go on: ERR_USAGE (Telegram does not know the token, or another program
 * polls with it for minutes), ERR_FAIL (a catalogue is broken). What passes (network, database away) is waited for. */
int bot_run(const struct bot_options *o, const atomic_bool *stop, struct err *e);

/* Fetches a task's input of kind "telegram" (the JSON of store/tasks.h) into the file `to`, going on from what is
 * there; service/worker_job.h's worker_fetch, with an api_new() as `ctx`. A worker needs no bot_run(). More than max_bytes (0:
 * LIMIT_INPUT_BYTES), or a file that Telegram does not have (any more): ERR_INPUT, and *ret_code is "too_large" or "gone". ERR_NETWORK may pass. ERR_IO,
 * ERR_CANCELLED. progress (may be NULL): 0..1. Threads: safe. */
int bot_fetch(void *ctx, const char *input_json, const char *to, int64_t max_bytes, const atomic_bool *cancel,
              void (*progress)(void *ctx, double done), void *progress_ctx, const char **ret_code, struct err *e);

#endif
