#include "config/check.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "config/address.h"
#include "config/settings.h"

#define WARN(...)   settings_problem_add(p, PROBLEM_SERVICE_WARNING, __VA_ARGS__)
#define REFUSE(...) settings_problem_add(p, PROBLEM_SERVICE_ERROR, __VA_ARGS__)

static const char *name_of(enum setting_id id) {
  return settings_declaration(id)->name;
}

/* A setting that another one must accompany, or it has no effect. */
static void check_companions(struct settings_problems *p) {
  static const enum setting_id redis[] = {SET_REDIS_PORT, SET_REDIS_DB, SET_REDIS_PASSWORD};
  static const enum setting_id postgres[] = {SET_DB_PORT, SET_DB_NAME, SET_DB_USER, SET_DB_PASSWORD};
  for (size_t i = 0; i < ARRAY_LEN(redis); i++)
    if (settings_given(redis[i]) && !settings_given(SET_REDIS_HOST) && !settings_origin(SET_REDIS_HOST).wrong)
      WARN("%s is set without REDIS_HOST: the queue is the embedded one", name_of(redis[i]));
  if (settings_given(SET_DATABASE_URL)) {
    if (settings_given(SET_DB_HOST)) WARN("DATABASE_URL and DB_HOST are both set: DATABASE_URL is used");
    return;
  }
  for (size_t i = 0; i < ARRAY_LEN(postgres); i++)
    if (settings_given(postgres[i]) && !settings_given(SET_DB_HOST) && !settings_origin(SET_DB_HOST).wrong)
      WARN("%s is set without DB_HOST: the database is the embedded one", name_of(postgres[i]));
}

static void check_servers(struct settings_problems *p) {
  const char *database = settings_text(SET_DATABASE_URL), *api = settings_text(SET_BOT_API_URL);
  bool sqlite = database ? strncmp(database, "sqlite:", 7) == 0 : !settings_given(SET_DB_HOST);
  if (sqlite && settings_given(SET_REDIS_HOST))
    WARN("REDIS_HOST is set, but the database is SQLite: all of titr must then run on one machine");
  if (api && strncasecmp(api, "http://", 7) == 0) {
    size_t len = strcspn(api + 7, ":/?#");
    _cleanup_(mem_freep) char *host =
        api[7] == '[' ? x_strndup(api + 8, strcspn(api + 8, "]")) : x_strndup(api + 7, len);
    if (!address_is_loopback(host))
      WARN("BOT_API_URL is http:// to another machine: the bot's token travels unencrypted");
  }
}

static bool telegram_takes(const char *secret) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return strlen(secret) <= 256 && !secret[strspn(secret, allowed)];
}

static void check_web(struct settings_problems *p) {
  const char *base = settings_text(SET_PUBLIC_BASE_URL), *secret = settings_text(SET_WEBHOOK_SECRET);
  if (base && !secret)
    WARN("PUBLIC_BASE_URL is set without WEBHOOK_SECRET: Telegram's webhook stays off, updates are polled for");
  if (base && strncasecmp(base, "https://", 8) != 0)
    WARN("PUBLIC_BASE_URL is not https://: Telegram calls no such address");
  if (secret && !telegram_takes(secret))
    WARN("WEBHOOK_SECRET: Telegram takes letters, digits, _ and - only, at most 256 of them");
  const char *listen = settings_text(SET_WEBHOOK_LISTEN);
  _cleanup_(mem_freep) char *host = NULL;
  int port;
  if (listen && address_split(listen, &host, &port) && !address_is_loopback(host) && !settings_given(SET_METRICS_TOKEN))
    WARN("WEBHOOK_LISTEN is open to other machines and METRICS_TOKEN is not set: anyone may read /metrics");
}

static void check_payments(struct settings_problems *p) {
  bool id = settings_given(SET_PLATEGA_API_ID), key = settings_given(SET_PLATEGA_API_KEY);
  if (id != key && !settings_origin(SET_PLATEGA_API_ID).wrong && !settings_origin(SET_PLATEGA_API_KEY).wrong)
    REFUSE("%s is set without %s: payments need both", id ? "PLATEGA_API_ID" : "PLATEGA_API_KEY",
           id ? "PLATEGA_API_KEY" : "PLATEGA_API_ID");
  if (id && key && !settings_given(SET_PLATEGA_WEBHOOK_URL) && !settings_given(SET_PUBLIC_BASE_URL))
    WARN("PLATEGA_API_ID is set, but neither PLATEGA_WEBHOOK_URL nor PUBLIC_BASE_URL: nobody tells titr of payments");
}

/* The first must not be above `most` times the second. */
static void check_order(struct settings_problems *p, enum setting_id less, enum setting_id more, int64_t most,
                        enum problem_kind kind) {
  if (!settings_value(less)->set || !settings_value(more)->set) return;
  if (settings_number(less) <= settings_number(more) * most) return;
  _cleanup_(buf_release) struct buf a = BUF_INIT, b = BUF_INIT;
  setting_value_show(settings_declaration(less), settings_value(less), &a);
  setting_value_show(settings_declaration(more), settings_value(more), &b);
  _cleanup_(mem_freep) char *times = most == 1 ? x_strdup("") : x_asprintf("%lld times ", (long long)most);
  settings_problem_add(p, kind, "%s (%s) is more than %s%s (%s)", name_of(less), buf_str(&a), times, name_of(more),
                       buf_str(&b));
}

static void check_plans(struct settings_problems *p) {
  /* a dearer plan never gives less: what plan_table_check() refuses, told here with the settings' names */
  static const enum setting_id gives[][3] = {
      {SET_MAX_VIDEO_DURATION_FREE, SET_MAX_VIDEO_DURATION_PRO, SET_MAX_VIDEO_DURATION_CREATOR},
      {SET_DAILY_LIMIT_FREE, SET_DAILY_LIMIT_PRO, SET_DAILY_LIMIT_CREATOR},
      {SET_FREE_TTL_HOURS, SET_PRO_TTL_HOURS, SET_CREATOR_TTL_HOURS},
  };
  static const struct {
    enum setting_id less, more;
    int64_t most;
  } prices[] = {
      {SET_PRICE_ONCE_3MIN, SET_PRICE_ONCE_10MIN, 1},    {SET_PRICE_ONCE_10MIN, SET_PRICE_ONCE_30MIN, 1},
      {SET_PRICE_PRO_MONTH, SET_PRICE_CREATOR_MONTH, 1}, {SET_PRICE_PRO_YEAR, SET_PRICE_CREATOR_YEAR, 1},
      {SET_PRICE_PRO_YEAR, SET_PRICE_PRO_MONTH, 12},     {SET_PRICE_CREATOR_YEAR, SET_PRICE_CREATOR_MONTH, 12}};
  for (size_t i = 0; i < ARRAY_LEN(gives); i++)
    for (int k = 0; k < 2; k++) check_order(p, gives[i][k], gives[i][k + 1], 1, PROBLEM_SERVICE_ERROR);
  for (size_t i = 0; i < ARRAY_LEN(prices); i++)
    check_order(p, prices[i].less, prices[i].more, prices[i].most, PROBLEM_SERVICE_WARNING);
  if (settings_number(SET_DISABLE_LIMITS)) WARN("DISABLE_LIMITS is on: every user may do everything; it is for tests");
}

static void check_machine(struct settings_problems *p) {
  static const enum setting_id devices[] = {SET_WHISPER_DEVICE, SET_TRANSLATION_DEVICE};
  for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
    const char *device = settings_text(devices[i]);
    if (device && strcmp(device, "cuda") == 0) WARN("%s is cuda: titr works on the processor", name_of(devices[i]));
  }
}

void settings_check(struct settings_problems *p) {
  check_companions(p);
  check_servers(p);
  check_web(p);
  check_payments(p);
  check_plans(p);
  check_machine(p);
}
