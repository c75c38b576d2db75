/* `titr bot`: the Telegram bot's role (bot/bot.h). */
#include "bot/bot.h"

#include "config/settings.h"
#include "ops/backend.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "ops/signals.h"

static int run_bot(struct backend *b, struct err *e) {
  const struct bot_options o = {.db = b->db,
                                .queue = b->queue,
                                .plans = &b->plans,
                                .zone_name = settings_text(SET_PLAN_TIME_ZONE),
                                .api_url = settings_text(SET_BOT_API_URL),
                                .token = settings_text(SET_BOT_TOKEN),
                                .storage = storage_root(b->storage)};
  if (!o.token)
    return err_set(e, ERR_USAGE, "BOT_TOKEN is not set: get one from @BotFather and put it into .env (docs/bot.md)");
  return bot_run(&o, signals_cancel_flag(), e);
}

static int run(const struct arguments *a) {
  (void)a;
  struct err e = {0};
  _cleanup_(backend_close) struct backend b = BACKEND_CLOSED;
  int rc = backend_open(&b, "bot", BACKEND_QUEUE, &e);
  if (rc == 0) rc = run_bot(&b, &e);
  return rc < 0 ? cli_fail(&e) : 0;
}

static const struct option_row options[] = {{0}};

const struct command command_bot = {
    .name = "bot",
    .about = "run the Telegram bot",
    .text = "Takes videos, voice messages and audio from Telegram, puts them into the queue for `titr worker`, shows "
            "how it is going and sends the results back. One for each BOT_TOKEN; ends within seconds on SIGTERM and "
            "goes on where it was when it is started again. `titr serve` runs it together with everything else.",
    .examples = "titr migrate upgrade && titr bot\ton a machine of its own",
    .options = options,
    .run = run,
    .no_settings = true};
