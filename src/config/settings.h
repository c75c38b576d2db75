/*
 * The settings: one table (settings.c), read from the environment and from a `.env` file; the environment wins.
 *
 *   settings_load(&e);                                   // once, early; later calls return at once
 *   const char *folder = settings_text(SET_STORAGE_PATH);
 *   int64_t threads = settings_number(SET_TITR_THREADS);
 *
 * The file is $TITR_ENV_FILE (which must be there) or `.env` in the current folder (which may be absent), of at most
 * LIMIT_ENV_BYTES. A name that is set to nothing is not set. A wrong value is ERR_USAGE with the name, what is wrong and what is accepted. Names of ours
 * that do not exist, and likely misspellings, are logged as warnings; names that AutoSub knew are not. Secrets
 * appear in no message.
 *
 * Threads: settings_load() is safe; what the getters return stays valid until the program ends.
 */
#ifndef TITR_CONFIG_SETTINGS_H
#define TITR_CONFIG_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "config/value.h"

enum setting_id {
  SET_STORAGE_PATH,
  SET_WHISPER_MODEL,
  SET_WHISPER_CACHE_DIR,
  SET_TITR_MODEL_MIRROR,
  SET_TITR_MODEL_REGISTRY,
  SET_HF_ENDPOINT,
  SET_HUGGINGFACE_TOKEN,
  SET_LOG_LEVEL,
  SET_TITR_THREADS,
  SETTINGS_COUNT
};

int settings_load(struct err *e);

/* Getters: after a settings_load() that succeeded. */
const char *settings_text(enum setting_id id); /* STRING, PATH, URL, PLACE, ENUM; NULL when not set */
int64_t settings_number(enum setting_id id);   /* INT, SIZE, BOOL; 0 when not set */
const struct setting_value *settings_value(enum setting_id id);
enum log_level settings_log_level(void); /* LOG_LEVEL as the logger wants it */

const struct setting *settings_declaration(enum setting_id id);
const char *settings_file(void); /* the .env file that was read, or NULL */

void settings_forget(void); /* the next settings_load() reads again: for tests; getters' results become invalid */

#endif
