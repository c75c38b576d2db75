/* `titr gc`: cleaning by hand (service/gc.h). */
#include <stdio.h>

#include "base/clock.h"
#include "config/settings.h"
#include "ops/backend.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "ops/signals.h"
#include "service/gc.h"

static void say_removed(void *ctx, const char *public_id, const char *why, int64_t bytes) {
  (void)ctx;
  printf("%s  %8.1f MB  %s\n", public_id, (double)bytes / 1e6, why);
}

static int run(const struct arguments *a) {
  struct err e = {0};
  _cleanup_(backend_close) struct backend b = BACKEND_CLOSED;
  bool dry = argument_flag(a, "dry-run");
  int rc = backend_open(&b, "gc", 0, &e);
  struct gc_report report;
  struct gc_options o = {.db = b.db,
                         .storage = b.storage,
                         .plans = &b.plans,
                         .least_free = GC_LEAST_FREE,
                         .dry = dry,
                         .now_ms = clock_utc_ms(),
                         .cancel = signals_cancel_flag(),
                         .removed = say_removed};
  if (rc == 0) {
    o.orphan_hours = (double)settings_number(SET_CLEANUP_HOURS);
    rc = gc_run(&o, &report, &e);
  }
  if (rc < 0) return cli_fail(&e);
  printf("%s %lld folders, %.1f MB%s\n", dry ? "would free" : "freed", (long long)report.folders,
         (double)report.bytes / 1e6, report.still_full ? "; the disk is still nearly full" : "");
  return 0;
}

static const struct option_row options[] = {
    {"dry-run", 'n', NULL, NULL, "only say what would go"},
    {0},
};

const struct command command_gc = {
    .name = "gc",
    .about = "remove files whose time is over",
    .text =
        "Results are kept as long as their owner's plan says (FREE_TTL_HOURS, PRO_TTL_HOURS, CREATOR_TTL_HOURS), what "
        "failed "
        "for an hour, folders that belong to nothing for CLEANUP_HOURS. With less than 5 GB free, results that have "
        "reached their user go before their time. Models stay, and whatever is in use. `titr serve` does this every "
        "hour, and every five minutes with less than 5 GB free.",
    .examples = "titr gc --dry-run\twhat would go\n"
                "titr gc\tremove it",
    .options = options,
    .run = run,
    .no_settings = true};
