/* `titr worker`: the role that does the jobs (service/worker.h). */
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "bot/bot.h"
#include "config/settings.h"
#include "models/models.h"
#include "ops/backend.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "ops/signals.h"
#include "service/admission.h"
#include "service/worker.h"

/* How many jobs fit: MAX_WORKERS, within the memory that jobs may take. */
static int jobs_at_once(const char *model) {
  int wish = (int)settings_number(SET_MAX_WORKERS);
  _cleanup_(mem_freep) char *weights = NULL;
  int64_t bytes = models_locate_file(model, "model.bin", &weights, NULL) == 0 ? file_size(weights) : 0;
  int most = admission_most(wish, bytes < 0 ? 0 : bytes, settings_worker_memory());
  if (most < wish) log_warning("worker", "MAX_WORKERS is %d, but memory is enough for %d at once", wish, most);
  return most;
}

static int work(struct backend *b, struct err *e) {
  const char *model = settings_text(SET_WHISPER_MODEL);
  _cleanup_(mem_freep) char *folder = NULL;
  int rc = models_locate(model, &folder, e);
  if (rc < 0) return rc;
  _cleanup_(api_freep) struct bot_api *telegram = NULL;
  const struct api_options api = {.url = settings_text(SET_BOT_API_URL), .token = settings_text(SET_BOT_TOKEN)};
  if (!api.token) return err_set(e, ERR_USAGE, "BOT_TOKEN is not set: the worker fetches its files with it");
  rc = api_new(&api, &telegram, e);
  if (rc < 0) return rc;
  const struct worker_fetch fetches[] = {{"telegram", bot_fetch, telegram}, {NULL, NULL, NULL}};
  struct worker_options o = worker_default_options();
  o.db = b->db;
  o.queue = b->queue;
  o.storage = b->storage;
  o.fetches = fetches;
  o.name = b->name;
  o.model = model;
  o.lease_ms = b->lease_ms;
  o.jobs = jobs_at_once(model);
  o.threads = (int)settings_number(SET_TITR_THREADS);
  o.job_seconds = (double)settings_number(SET_JOB_TIMEOUT_MINUTES) * 60;
  log_info("worker", "%s works with the model %s, %d job%s at once", b->name, model, o.jobs, o.jobs == 1 ? "" : "s");
  rc = worker_run(&o, signals_cancel_flag(), e);
  if (rc == 0) log_info("worker", "%s stops", b->name);
  return rc;
}

static int run(const struct arguments *a) {
  (void)a;
  cli_start_again_with_short_spins();
  struct err e = {0};
  _cleanup_(backend_close) struct backend b = BACKEND_CLOSED;
  int rc = backend_open(&b, "worker", BACKEND_QUEUE, &e);
  if (rc == 0) rc = work(&b, &e);
  return rc < 0 ? cli_fail(&e) : 0;
}

static const struct option_row options[] = {{0}};

const struct command command_worker = {
    .name = "worker",
    .about = "do the queue's jobs",
    .text =
        "Takes tasks from the queue, captions them, and leaves the results in STORAGE_PATH, which the bot must see "
        "too. "
        "MAX_WORKERS at once, as far as WORKER_MEMORY_MB goes. SIGTERM: jobs under way have seven seconds to end, then "
        "they are handed back and go on elsewhere where they stopped.",
    .examples = "titr worker\tuntil it is told to stop",
    .options = options,
    .run = run,
    .no_settings = true};
