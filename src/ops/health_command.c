/*
 * `titr health ROLE`: one line and an exit code, for a container's health check. Each question has a limit of time; when it
 * passes the process ends with the question still open.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/http.h"
#include "base/json.h"
#include "base/mem.h"
#include "config/address.h"
#include "config/settings.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "ops/dependencies.h"
#include "store/sql.h"

static int open_database(struct sql **ret, struct err *e) {
  struct sql_options o = sql_default_options();
  o.connections = 1;
  o.busy_ms = 2000;
  o.tries = 1;
  o.statement_s = 3;
  return sql_open(settings_database_url(), &o, ret, e);
}

static int ask_role(const char *role, bool this_host, struct buf *ret, struct err *e) {
  _cleanup_(sql_closep) struct sql *db = NULL;
  int rc = open_database(&db, e);
  return rc < 0 ? rc : dependency_role(db, role, this_host, ret, e);
}

static int ask_bot(void *ctx, struct buf *ret, struct err *e) {
  (void)ctx;
  return ask_role("bot", false, ret, e); /* there is one for a token, on whatever machine */
}

static int ask_worker(void *ctx, struct buf *ret, struct err *e) {
  (void)ctx;
  int rc = ask_role("worker", true, ret, e);
  if (rc == 0) buf_adds(ret, "; ");
  if (rc == 0) rc = dependency_media(ret, e);
  if (rc == 0) buf_adds(ret, "; ");
  return rc < 0 ? rc : dependency_engine(ret, e);
}

static int ask_postgres(void *ctx, struct buf *ret, struct err *e) {
  (void)ctx;
  const char *url = settings_database_url();
  if (strncmp(url, "postgres", 8) != 0)
    return err_set(e, ERR_USAGE, "the database is %s: neither DATABASE_URL nor DB_HOST names a PostgreSQL", url);
  _cleanup_(sql_closep) struct sql *db = NULL;
  struct sql_tx *tx = NULL;
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = open_database(&db, e);
  if (rc == 0) rc = sql_begin(db, SQL_READ, &tx, e);
  if (rc == 0) rc = sql_query(tx, "SELECT 1", SQL_NO_ARGS, &rows, e);
  sql_rollback(tx);
  if (rc == 0) buf_adds(ret, sql_display(db));
  return rc;
}

static int ask_redis(void *ctx, struct buf *ret, struct err *e) {
  (void)ctx;
  return dependency_redis(2.8, ret, e);
}

/* Of GET /health's answer: the names of what is down, with reasons where they are told. */
static char *what_is_down(const struct buf *answer) {
  _cleanup_(buf_release) struct buf down = BUF_INIT;
  _cleanup_(js_freep) struct js *root = NULL;
  struct js *checks, *check;
  const char *name;
  if (js_parse(buf_str(answer), answer->len, "/health", &root, NULL) < 0) return NULL;
  if (js_get_object(root, "checks", &checks, NULL) < 0) return NULL;
  for (void *it = NULL; js_next(checks, &it, &name, &check);) {
    if (strcmp(js_string_or(check, "status", ""), "down") != 0) continue;
    const char *detail = js_string_or(check, "detail", "");
    buf_addf(&down, "%s%s is down%s%s", down.len ? "; " : "", name, *detail ? ": " : "", detail);
  }
  return down.len ? buf_take(&down) : NULL;
}

/* At this machine: who listens at all addresses is asked at the machine's own. */
static int ask_webhook(void *ctx, struct buf *ret, struct err *e) {
  (void)ctx;
  const char *listen = settings_text(SET_WEBHOOK_LISTEN);
  _cleanup_(mem_freep) char *host = NULL;
  int port;
  if (!address_split(listen, &host, &port)) return err_set(e, ERR_USAGE, "WEBHOOK_LISTEN: %s is not host:port", listen);
  const char *at = strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(host, "::") == 0 ? "::1" : host;
  _cleanup_(mem_freep) char *url =
      x_asprintf(strchr(at, ':') ? "http://[%s]:%d/health" : "http://%s:%d/health", at, port);
  struct http_request r = http_default_request(url);
  r.bearer = settings_text(SET_METRICS_TOKEN);
  r.allow_plain = r.any_status = true;
  r.tries = 1;
  r.connect_seconds = 3;
  r.max_bytes = 65536;
  _cleanup_(buf_release) struct buf body = BUF_INIT;
  int status, rc = http_get(&r, &body, &status, e);
  if (rc < 0) return rc;
  if (status == 200) {
    buf_addf(ret, "%s answers 200", url);
    return 0;
  }
  _cleanup_(mem_freep) char *down = what_is_down(&body);
  return err_set(e, ERR_FAIL, "%s answers %d%s%s", url, status, down ? ": " : "", down ? down : "");
}

static const struct {
  const char *name;
  int (*ask)(void *ctx, struct buf *ret, struct err *e);
  double seconds;
} roles[] = {{"bot", ask_bot, 5},
             {"worker", ask_worker, 10},
             {"webhook", ask_webhook, 5},
             {"postgres", ask_postgres, 3},
             {"redis", ask_redis, 3}};
static const char *const words[] = {"bot", "worker", "webhook", "postgres", "redis", NULL};

static int run(const struct arguments *a) {
  const char *const *operands;
  size_t n = argument_operands(a, &operands), which = 0;
  struct err e = {0};
  if (n != 1) {
    err_set(&e, ERR_USAGE, "the health of what? bot, worker, webhook, postgres or redis");
    return cli_fail(&e);
  }
  while (which < ARRAY_LEN(roles) && strcmp(roles[which].name, operands[0]) != 0) which++;
  if (which == ARRAY_LEN(roles)) {
    err_set(&e, ERR_USAGE, "there is no role \"%s\"; there are bot, worker, webhook, postgres and redis", operands[0]);
    return cli_fail(&e);
  }
  if (settings_load_service(&e) < 0) return cli_fail(&e);
  setenv("no_proxy", "*", 1); /* this machine is not asked through another */
  _cleanup_(buf_release) struct buf found = BUF_INIT;
  int rc = asked_in_time(roles[which].ask, NULL, roles[which].seconds, &found, &e);
  printf("%s %s: %s\n", rc < 0 ? "down" : "ok", roles[which].name, rc < 0 ? e.msg : buf_str(&found));
  if (rc == ERR_TIMEOUT) {
    fflush(stdout);
    _exit(1);
  }
  return rc < 0;
}

static const struct option_row options[] = {{0}};

const struct command command_health = {
    .name = "health",
    .operands = "bot|worker|webhook|postgres|redis",
    .about = "say whether a role works, for a container's health check",
    .text =
        "One line, and exit code 0 or 1. bot: it was heard of within 90 seconds. worker: the same on this host, the "
        "parts of libav are there, the model is here and the engine computes. webhook: GET /health at WEBHOOK_LISTEN "
        "answers 200. postgres, redis: it answers within 3 seconds.",
    .examples = "titr health worker\tok worker: heard of 2 s ago, the rest works too",
    .options = options,
    .run = run,
    .words = words,
    .no_settings = true};
