/* `titr web`: the role that answers GET /health and GET /metrics (ops/web_role.h). */
#include "base/log.h"
#include "base/mem.h"
#include "ops/backend.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "ops/signals.h"
#include "ops/web_role.h"

static int run(const struct arguments *a) {
  (void)a;
  struct err e = {0};
  const atomic_bool *stop = signals_cancel_flag();
  _cleanup_(backend_close) struct backend b = BACKEND_CLOSED;
  int rc = backend_open(&b, "web", BACKEND_QUEUE, &e);
  if (rc == 0) rc = web_role_run(b.db, b.queue, stop, &e);
  if (rc == 0) log_info("web", "%s stops", b.name);
  return rc < 0 ? cli_fail(&e) : 0;
}

static const struct option_row options[] = {{0}};

const struct command command_web = {
    .name = "web",
    .about = "answer GET /health and GET /metrics",
    .text = "Listens at WEBHOOK_LISTEN. /health tells, as JSON, what the database, Redis, the storage, the workers and "
            "the bot "
            "stand at, with status 503 when something the service stands on is down. /metrics is for Prometheus; with "
            "METRICS_TOKEN set it asks for it as a bearer token, and /health shows details only to who brings it.",
    .examples = "titr web\tuntil it is told to stop\n"
                "curl http://127.0.0.1:8080/health\twhat it says",
    .options = options,
    .run = run,
    .no_settings = true};
