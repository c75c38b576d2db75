/*
 * The settings: one table (table.c), read from the environment and from a `.env` file; the environment wins.
 *
 *   settings_load(&e);                                   // every command, once, early; later calls return at once
 *   const char *folder = settings_text(SET_STORAGE_PATH);
 *   int64_t threads = settings_number(SET_TITR_THREADS);
 *
 *   settings_load_service(&e);                           // serve, bot, worker, webhook, gc, smoke, …
 *   struct settings_redis r;
 *   bool redis = settings_redis(&r);                     // false: the embedded queue
 *   rc = sql_open(settings_database_url(), NULL, &db, &e);
 *
 * The file is $TITR_ENV_FILE (which must be there) or `.env` in the current folder (which may be absent), of at most
 * LIMIT_ENV_BYTES. A name that is set to nothing is not set.
 *
 * A wrong value is ERR_USAGE with the place, the name, what is wrong and what is accepted: "…: MAX_WORKERS: "0" is not a
 * whole number from 1 to 64". Which values count depends on who asks. settings_load(), which the commands for one
 * file use, refuses only what they read (SETTING_ALWAYS in the table); a setting of the service that is wrong is then
 * simply not set. settings_load_service() refuses every wrong value, and combinations that cannot work (check.h).
 * `titr config check` tells all of it at once.
 *
 * Warnings are logged: by settings_load() the likely misspellings of names (and unknown TITR_ names) in the file, by
 * settings_load_service() all names that are unknown and odd combinations. Secrets appear in no message.
 *
 * Both set the logger up as LOG_LEVEL and LOG_FORMAT say; when LOG_LEVEL is not set, the service logs from LOG_INFO on.
 *
 * Threads: the loading functions are safe; what the getters return stays valid until the program ends.
 */
#ifndef TITR_CONFIG_SETTINGS_H
#define TITR_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "config/problem.h"
#include "config/value.h"

/* In the order of the pages made from the table; a group's stand together. */
enum setting_id {
  SET_STORAGE_PATH,
  SET_LOG_LEVEL,
  SET_LOG_FORMAT,
  SET_TITR_THREADS,
  SET_BOT_TOKEN,
  SET_ADMIN_IDS,
  SET_BOT_API_URL,
  SET_PUBLIC_BASE_URL,
  SET_WEBHOOK_SECRET,
  SET_WEBHOOK_LISTEN,
  SET_METRICS_TOKEN,
  SET_DATABASE_URL,
  SET_DB_HOST,
  SET_DB_PORT,
  SET_DB_NAME,
  SET_DB_USER,
  SET_DB_PASSWORD,
  SET_REDIS_HOST,
  SET_REDIS_PORT,
  SET_REDIS_DB,
  SET_REDIS_PASSWORD,
  SET_LEASE_SECONDS,
  SET_TASK_ATTEMPTS,
  SET_MAX_WORKERS,
  SET_WORKER_MEMORY_MB,
  SET_JOB_TIMEOUT_MINUTES,
  SET_MAX_FILE_SIZE_MB,
  SET_CLEANUP_HOURS,
  SET_FREE_TTL_HOURS,
  SET_PRO_TTL_HOURS,
  SET_CREATOR_TTL_HOURS,
  SET_PLAN_TIME_ZONE,
  SET_DAILY_LIMIT_FREE,
  SET_DAILY_LIMIT_PRO,
  SET_DAILY_LIMIT_CREATOR,
  SET_MAX_VIDEO_DURATION_FREE,
  SET_MAX_VIDEO_DURATION_PRO,
  SET_MAX_VIDEO_DURATION_CREATOR,
  SET_DISABLE_LIMITS,
  SET_PRICE_CURRENCY,
  SET_PRICE_PRO_MONTH,
  SET_PRICE_PRO_YEAR,
  SET_PRICE_CREATOR_MONTH,
  SET_PRICE_CREATOR_YEAR,
  SET_PRICE_ONCE_3MIN,
  SET_PRICE_ONCE_10MIN,
  SET_PRICE_ONCE_30MIN,
  SET_PLATEGA_API_ID,
  SET_PLATEGA_API_KEY,
  SET_PLATEGA_PROJECT_ID,
  SET_PLATEGA_PROJECT_NAME,
  SET_PLATEGA_WEBHOOK_URL,
  SET_PLATEGA_SUCCESS_URL,
  SET_PLATEGA_FAIL_URL,
  SET_PLATEGA_WEBHOOK_SECRET,
  SET_WHISPER_MODEL,
  SET_WHISPER_DEVICE,
  SET_WHISPER_CACHE_DIR,
  SET_TITR_MODEL_MIRROR,
  SET_TITR_MODEL_REGISTRY,
  SET_HF_ENDPOINT,
  SET_HUGGINGFACE_TOKEN,
  SET_TTS_CACHE_DIR,
  SET_TRANSLATION_DEVICE,
  SET_TRANSLATION_CACHE_DIR,
  SET_DOWNLOAD_TIMEOUT,
  SET_DOWNLOAD_RETRIES,
  SET_INSTAGRAM_PROXY,
  SET_INSTAGRAM_COOKIES_FILE,
  SET_INSTAGRAM_TIMEOUT,
  SET_INSTAGRAM_RETRIES,
  SET_FFMPEG_PATH,
  SETTINGS_COUNT
};

int settings_load(struct err *e);
int settings_load_service(struct err *e);

/* ---- values: after a settings_load() that succeeded ---- */

const char *settings_text(enum setting_id id); /* STRING, PATH, URL, PLACE, ENUM; NULL when not set */
int64_t settings_number(enum setting_id id);   /* INT, SIZE, BOOL, MONEY (hundredths); 0 when not set */
const struct setting_value *settings_value(enum setting_id id);
enum log_level settings_log_level(void); /* LOG_LEVEL as the logger wants it */

/* ---- what follows from several of them ---- */

/* DATABASE_URL, else PostgreSQL by DB_*, else "sqlite:STORAGE_PATH/titr.db"; NULL when one of these is wrong, which
 * settings_load_service() refuses. Holds a password: address_display() before it is shown. */
const char *settings_database_url(void);

struct settings_redis {
  const char *host;
  int port, database;
  const char *password; /* or NULL */
};
bool settings_redis(struct settings_redis *ret); /* false: REDIS_HOST is not set, the queue is embedded */

/* Bytes that a worker's jobs may take together: WORKER_MEMORY_MB, or three quarters of the machine's memory or of the
 * control group's limit, whichever is less. */
int64_t settings_worker_memory(void);

bool settings_is_admin(int64_t telegram_id);

/* ---- about the settings themselves ---- */

enum setting_from { SETTING_FROM_NOWHERE, SETTING_FROM_DEFAULT, SETTING_FROM_FILE, SETTING_FROM_ENVIRONMENT };
struct setting_origin {
  enum setting_from from; /* NOWHERE: not set */
  int line;               /* in settings_file() */
  bool wrong;             /* given, but its value was refused: it counts as not set */
};
struct setting_origin settings_origin(enum setting_id id);
bool settings_given(enum setting_id id); /* by the file or the environment, and right */

const struct setting *settings_declaration(enum setting_id id);
const char *settings_group_title(enum setting_group group);
const char *settings_use_note(
    enum setting_use use);       /* "accepted, but not used", or NULL when there is nothing to say */
const char *settings_file(void); /* the .env file that was read, or NULL */

/* Reads all anew and never fails: what is wrong is in settings_problems(), in the order of the table, and does not
 * count. For `titr config`. */
void settings_survey(void);
const struct settings_problems *settings_problems(void);

void settings_forget(void); /* the next settings_load() reads again: for tests; getters' results become invalid */

#endif
