/* Combinations of settings: a .env, and the problems that it gives (all of them, in order). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "config/settings.h"

static char *dir;

static int setup(void **state) {
  (void)state;
  for (int id = 0; id < SETTINGS_COUNT; id++) unsetenv(settings_declaration((enum setting_id)id)->name);
  unsetenv("TITR_ENV_FILE");
  if (file_temp_dir(&dir, NULL) < 0) return -1;
  return chdir(dir);
}

static int teardown(void **state) {
  (void)state;
  file_remove_tree(dir);
  mem_freep(&dir);
  settings_forget();
  return 0;
}

/* '!' before an error, '?' before a warning. */
static const struct {
  const char *env, *expected[4];
} rows[] = {
    {"", {NULL}},
    {"BOT_TOKEN=1:a\n", {NULL}},
    {"REDIS_PORT=6380\n", {"?REDIS_PORT is set without REDIS_HOST: the queue is the embedded one"}},
    {"REDIS_PASSWORD=s3cret\n", {"?REDIS_PASSWORD is set without REDIS_HOST: the queue is the embedded one"}},
    {"REDIS_HOST=r\nREDIS_PORT=1\nDB_HOST=h\n", {NULL}},
    {"REDIS_HOST=r r\nREDIS_PORT=1\n", {"!.env:1: REDIS_HOST: \"r r\" is not a host name"}},
    {"REDIS_HOST=r\n", {"?REDIS_HOST is set, but the database is SQLite"}},
    {"REDIS_HOST=r\nDATABASE_URL=sqlite:/x\n", {"?REDIS_HOST is set, but the database is SQLite"}},
    {"REDIS_HOST=r\nDATABASE_URL=postgresql://h/n\n", {NULL}},
    {"DB_USER=u\nDB_PASSWORD=s3cret\n",
     {"?DB_USER is set without DB_HOST: the database is the embedded one", "?DB_PASSWORD is set without DB_HOST"}},
    {"DB_HOST=h\nDB_USER=u\n", {NULL}},
    {"DB_HOST=h\nDATABASE_URL=sqlite:/x\n", {"?DATABASE_URL and DB_HOST are both set: DATABASE_URL is used"}},
    {"DATABASE_URL=sqlite:/x\nDB_NAME=n\n", {NULL}},
    {"PUBLIC_BASE_URL=https://e.org\n", {"?PUBLIC_BASE_URL is set without WEBHOOK_SECRET"}},
    {"PUBLIC_BASE_URL=https://e.org\nWEBHOOK_SECRET=abc-_1\n", {NULL}},
    {"PUBLIC_BASE_URL=http://e.org\nWEBHOOK_SECRET=abc\n", {"?PUBLIC_BASE_URL is not https://"}},
    {"WEBHOOK_SECRET='s3cret!'\n", {"?WEBHOOK_SECRET: Telegram takes letters, digits, _ and - only"}},
    {"WEBHOOK_LISTEN=0.0.0.0:80\n", {"?WEBHOOK_LISTEN is open to other machines and METRICS_TOKEN is not set"}},
    {"WEBHOOK_LISTEN=0.0.0.0:80\nMETRICS_TOKEN=s3cret\n", {NULL}},
    {"WEBHOOK_LISTEN=[::1]:80\n", {NULL}},
    {"BOT_API_URL=http://10.0.0.1:8081\n", {"?BOT_API_URL is http:// to another machine"}},
    {"BOT_API_URL=http://127.0.0.1:8081\n", {NULL}},
    {"BOT_API_URL=http://[::1]:8081/x\n", {NULL}},
    {"BOT_API_URL=http://user:s3cret@localhost\n", {"?BOT_API_URL is http:// to another machine"}},
    {"PLATEGA_API_ID=1\n", {"!PLATEGA_API_ID is set without PLATEGA_API_KEY: payments need both"}},
    {"PLATEGA_API_KEY=s3cret\n", {"!PLATEGA_API_KEY is set without PLATEGA_API_ID: payments need both"}},
    {"PLATEGA_API_KEY=s3cret\nPLATEGA_API_ID=1\n", {"?PLATEGA_API_ID is set, but neither PLATEGA_WEBHOOK_URL nor"}},
    {"PLATEGA_API_KEY=s3cret\nPLATEGA_API_ID=1\nPLATEGA_WEBHOOK_URL=https://e.org/x\n", {NULL}},
    {"MAX_VIDEO_DURATION_FREE=700\n", {"!MAX_VIDEO_DURATION_FREE (700) is more than MAX_VIDEO_DURATION_PRO (600)"}},
    {"DAILY_LIMIT_CREATOR=49\n", {"!DAILY_LIMIT_PRO (50) is more than DAILY_LIMIT_CREATOR (49)"}},
    {"FREE_TTL_HOURS=200\n", {"!FREE_TTL_HOURS (200) is more than PRO_TTL_HOURS (168)"}},
    {"PRICE_ONCE_10MIN=60.50\n", {"?PRICE_ONCE_10MIN (60.50) is more than PRICE_ONCE_30MIN (59.00)"}},
    {"PRICE_PRO_MONTH=600\n", {"?PRICE_PRO_MONTH (600.00) is more than PRICE_CREATOR_MONTH (599.00)"}},
    {"PRICE_PRO_YEAR=3588\n", {NULL}}, /* 12 times 299 */
    {"PRICE_PRO_YEAR=3588.01\n", {"?PRICE_PRO_YEAR (3588.01) is more than 12 times PRICE_PRO_MONTH (299.00)"}},
    {"DISABLE_LIMITS=yes\n", {"?DISABLE_LIMITS is on"}},
    {"WHISPER_DEVICE=cuda\nTRANSLATION_DEVICE=CUDA\n",
     {"?WHISPER_DEVICE is cuda: titr works on the processor", "?TRANSLATION_DEVICE is cuda"}},
    {"WHISPER_DEVICE=tpu\n", {"!.env:1: WHISPER_DEVICE: \"tpu\" is not one of auto, cpu, cuda"}},
    {"FFMPEG_PATH=/usr/bin/ffmpeg\n", {NULL}},
    {"MAX_WORKERS=65\nPLAN_TIME_ZONE=Moscow\n",
     {"!.env:1: MAX_WORKERS: \"65\" is not a whole number from 1 to 64",
      "!.env:2: PLAN_TIME_ZONE: \"Moscow\" is not a time zone"}},
    {"A B\n", {"!.env:1: not NAME=value"}},
};

static void combinations(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    assert_int_equal(file_write(".env", rows[i].env, strlen(rows[i].env), 1, NULL), 0);
    settings_survey();
    const struct settings_problems *p = settings_problems();
    size_t expected = 0;
    while (expected < ARRAY_LEN(rows[i].expected) && rows[i].expected[expected]) expected++;
    for (size_t k = 0; k < p->count; k++) {
      const char *want = k < expected ? rows[i].expected[k] : "nothing";
      bool error = want[0] == '!';
      if (k >= expected || p->items[k].error != error || strncmp(p->items[k].text, want + 1, strlen(want + 1)) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].env, p->items[k].text, want);
      assert_null(strstr(p->items[k].text, "s3cret"));
    }
    if (p->count != expected) fail_msg("%s: %zu problems instead of %zu", rows[i].env, p->count, expected);
    /* the service starts exactly when nothing is wrong */
    bool wrong = expected && rows[i].expected[0][0] == '!';
    settings_forget();
    log_set(LOG_SILENT, LOG_PLAIN);
    setenv("LOG_LEVEL", "critical", 1);
    assert_int_equal(settings_load_service(NULL), wrong ? ERR_USAGE : 0);
    unsetenv("LOG_LEVEL");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(combinations, setup, teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
