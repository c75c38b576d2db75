/* What the bot's threads share (bot.c makes it). Private to src/bot. */
#ifndef TITR_BOT_PARTS_H
#define TITR_BOT_PARTS_H

#include <stdatomic.h>

#include "bot/api.h"
#include "bot/bot.h"
#include "bot/sender.h"

struct status;

struct bot {
  const struct bot_options *o;
  struct bot_api *api;
  struct sender *sender;
  struct status *status;
  struct api_me me;
  const atomic_bool *stop;
};

/* The user blocked the bot: marked, nothing more is sent to him until he writes. Logs what goes wrong. */
void bot_mark_blocked(struct bot *b, int64_t chat);

#endif
