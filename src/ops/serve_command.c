/* `titr serve`: the whole service in one command (service/supervisor.h), and cleaning every hour, oftener on a nearly full disk. */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/settings.h"
#include "models/models.h"
#include "ops/backend.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "ops/signals.h"
#include "service/gc.h"
#include "service/supervisor.h"

static const double first_cleaning_after = 60, cleaning_every = 3600, cleaning_every_when_full = 300;

struct cleaning {
  struct backend *backend;
  double next;
};

static void clean(void *ctx) {
  struct cleaning *c = ctx;
  if (clock_now() < c->next) return;
  struct err e = {0};
  struct gc_report report;
  const struct gc_options o = {.db = c->backend->db,
                               .storage = c->backend->storage,
                               .plans = &c->backend->plans,
                               .orphan_hours = (double)settings_number(SET_CLEANUP_HOURS),
                               .least_free = GC_LEAST_FREE,
                               .now_ms = clock_utc_ms(),
                               .cancel = signals_cancel_flag()};
  if (gc_run(&o, &report, &e) < 0) log_warning("gc", "%s", e.msg);
  else if (report.folders)
    log_info("gc", "freed %lld folders, %.1f MB", (long long)report.folders, (double)report.bytes / 1e6);
  int64_t left = storage_free_bytes(c->backend->storage);
  c->next = clock_now() + (left >= 0 && left < GC_LEAST_FREE ? cleaning_every_when_full : cleaning_every);
}

/* Fetched now, so that the first customer does not wait for it, and an operator sees at once what is missing. */
static int fetch_models(struct err *e) {
  const char *model = settings_text(SET_WHISPER_MODEL);
  _cleanup_(mem_freep) char *here = NULL, *vad = NULL;
  int rc = models_locate(model, &here, NULL);
  if (rc < 0) {
    log_info("serve", "fetching the speech model %s", model);
    rc = models_pull(model, signals_cancel_flag(), NULL, NULL, e);
  }
  if (rc == 0 && models_locate_file(MODELS_VAD, MODELS_VAD_FILE, &vad, NULL) < 0)
    rc = models_pull(MODELS_VAD, signals_cancel_flag(), NULL, NULL, e);
  return rc;
}

static int serve(struct backend *b, struct err *e) {
  if (!settings_text(SET_BOT_TOKEN))
    return err_set(e, ERR_USAGE, "BOT_TOKEN is not set: get one from @BotFather and put it into .env (docs/bot.md)");
  int rc = fetch_models(e);
  if (rc < 0) return rc;
  static const struct supervised roles[] = {{"bot", 2}, {"worker", 2}, {"web", 2}};
  struct cleaning c = {b, clock_now() + first_cleaning_after};
  const struct supervisor_options o = {
      .roles = roles, .count = ARRAY_LEN(roles), .stop_seconds = 12, .tick = clean, .ctx = &c};
  return supervisor_run(&o, signals_cancel_flag(), e);
}

static int run(const struct arguments *a) {
  (void)a;
  struct err e = {0};
  _cleanup_(backend_close) struct backend b = BACKEND_CLOSED;
  int rc = backend_open(&b, "serve", BACKEND_MIGRATE, &e);
  if (rc == 0) rc = serve(&b, &e);
  return rc < 0 ? cli_fail(&e) : 0;
}

static const struct option_row options[] = {{0}};

const struct command command_serve = {
    .name = "serve",
    .about = "run the whole service: bot, worker, web, cleaning",
    .text = "Brings the database up to date, fetches the speech model when it is missing, and runs `titr bot`, `titr "
            "worker` and "
            "`titr web` as processes that are started again when they end. Only BOT_TOKEN has to be set: the database "
            "and the "
            "queue are then a file in STORAGE_PATH. On more machines run the roles by themselves.",
    .examples = "BOT_TOKEN=123456:abc titr serve\tthe smallest service there is",
    .options = options,
    .run = run,
    .no_settings = true};
