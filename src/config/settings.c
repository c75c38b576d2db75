/*
 * DESIGN. The table below is the only place that knows a setting. Values are read once, all of them, so that a wrong
 * one is found at the start and not in the middle of a job.
 */
#include "config/settings.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "config/dotenv.h"

static const struct setting table[SETTINGS_COUNT] = {
    /* The default of STORAGE_PATH depends on the user: storage_default(). */
    [SET_STORAGE_PATH] = {"STORAGE_PATH", SETTING_PATH, NULL, 0, 0, NULL, false,
                          "folder for models and working files ($XDG_DATA_HOME/titr, or ~/.local/share/titr)"},
    [SET_WHISPER_MODEL] = {"WHISPER_MODEL", SETTING_STRING, "base", 1, 4096, NULL, false,
                           "speech model: a name from `titr models list`, or the path of a folder"},
    [SET_WHISPER_CACHE_DIR] = {"WHISPER_CACHE_DIR", SETTING_PATH, NULL, 0, 0, NULL, false,
                               "another folder to look for models in, also one that faster-whisper filled"},
    [SET_TITR_MODEL_MIRROR] = {"TITR_MODEL_MIRROR", SETTING_PLACE, NULL, 0, 0, NULL, false,
                               "where models are fetched from first: an address or a folder with NAME/FILE in it"},
    [SET_TITR_MODEL_REGISTRY] = {"TITR_MODEL_REGISTRY", SETTING_PATH, NULL, 0, 0, NULL, false,
                                 "a file like models/registry.json to use instead of it, for models of your own"},
    [SET_HF_ENDPOINT] = {"HF_ENDPOINT", SETTING_URL, "https://huggingface.co", 0, 0, NULL, false,
                         "the Hugging Face hub, or a server that answers like it"},
    [SET_HUGGINGFACE_TOKEN] = {"HUGGINGFACE_TOKEN", SETTING_STRING, NULL, 1, 1024, NULL, true,
                               "access token for the hub; sent to HF_ENDPOINT only, over https only"},
    [SET_LOG_LEVEL] = {"LOG_LEVEL", SETTING_ENUM, "warning", 0, 0, "debug|info|warning|error|critical", false,
                       "what is logged on standard error"},
    [SET_TITR_THREADS] = {"TITR_THREADS", SETTING_INT, "0", 0, 1024, NULL, false,
                          "threads for recognition and rendering; 0: as many as there are processors"},
};

/* AutoSub's other names: an operator's .env may hold them, and a later part of this program uses them. */
static const char *const autosub[] = {
    "BOT_TOKEN",
    "ADMIN_IDS",
    "DB_HOST",
    "DB_PORT",
    "DB_NAME",
    "DB_USER",
    "DB_PASSWORD",
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_DB",
    "PUBLIC_BASE_URL",
    "WEBHOOK_SECRET",
    "PLATEGA_API_ID",
    "PLATEGA_API_KEY",
    "PLATEGA_PROJECT_ID",
    "PLATEGA_PROJECT_NAME",
    "PLATEGA_WEBHOOK_URL",
    "PLATEGA_SUCCESS_URL",
    "PLATEGA_FAIL_URL",
    "PLATEGA_WEBHOOK_SECRET",
    "MAX_FILE_SIZE_MB",
    "CLEANUP_HOURS",
    "FREE_TTL_HOURS",
    "PRO_TTL_HOURS",
    "CREATOR_TTL_HOURS",
    "MAX_WORKERS",
    "MAX_VIDEO_DURATION_FREE",
    "MAX_VIDEO_DURATION_PRO",
    "MAX_VIDEO_DURATION_CREATOR",
    "WHISPER_DEVICE",
    "TTS_CACHE_DIR",
    "TRANSLATION_DEVICE",
    "TRANSLATION_CACHE_DIR",
    "INSTAGRAM_PROXY",
    "INSTAGRAM_COOKIES_FILE",
    "INSTAGRAM_TIMEOUT",
    "INSTAGRAM_RETRIES",
    "DOWNLOAD_TIMEOUT",
    "DOWNLOAD_RETRIES",
    "FFMPEG_PATH",
    "DISABLE_LIMITS",
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  bool loaded;
  char *file;
  struct setting_value values[SETTINGS_COUNT];
} current;

/* ---- names that are not ours ---- */

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Changes of one character (insert, delete, replace, swap of neighbours) that turn a into b, up to 63 bytes long. */
static size_t distance(const char *a, const char *b) {
  enum { MAX = 64 };
  size_t n = strlen(a), m = strlen(b);
  if (n >= MAX || m >= MAX) return MAX;
  size_t before[MAX] = {0}, row[MAX], next[MAX];
  for (size_t j = 0; j <= m; j++) row[j] = j;
  for (size_t i = 1; i <= n; i++) {
    next[0] = i;
    for (size_t j = 1; j <= m; j++) {
      next[j] = least(least(row[j] + 1, next[j - 1] + 1), row[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) next[j] = least(next[j], before[j - 2] + 1);
    }
    memcpy(before, row, sizeof row);
    memcpy(row, next, sizeof next);
  }
  return row[m];
}

static void warn_of_unknown(const struct dotenv_entry *entry, const char *file) {
  const char *near = NULL;
  size_t best = strlen(entry->name) >= 8 ? 3 : 2; /* one change in a short name, two in a long one */
  for (size_t i = 0; i < SETTINGS_COUNT + ARRAY_LEN(autosub); i++) {
    const char *known = i < SETTINGS_COUNT ? table[i].name : autosub[i - SETTINGS_COUNT];
    size_t d = distance(entry->name, known);
    if (d == 0) return;
    if (d < best) {
      best = d;
      near = known;
    }
  }
  if (near) log_warning("config", "%s:%d: %s is not a setting; is %s meant?", file, entry->line, entry->name, near);
  else if (strncmp(entry->name, "TITR_", 5) == 0)
    log_warning("config", "%s:%d: %s is not a setting of titr", file, entry->line, entry->name);
}

/* ---- loading ---- */

static char *storage_default(void) {
  const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
  if (data && *data == '/') return x_asprintf("%s/titr", data); /* the XDG specification ignores relative paths */
  if (home && *home) return x_asprintf("%s/.local/share/titr", home);
  return x_strdup("/var/lib/titr"); /* a service without a home */
}

static int read_file(struct dotenv *d, char **ret_file, struct err *e) {
  const char *named = getenv("TITR_ENV_FILE");
  bool must = named && *named;
  const char *path = must ? named : ".env";
  if (!must && access(path, F_OK) < 0) return 0;
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  if (file_read(path, LIMIT_ENV_BYTES, &text, e) < 0) {
    err_prefix(e, must ? "TITR_ENV_FILE" : "settings");
    if (e) e->code = ERR_USAGE;
    return ERR_USAGE;
  }
  int rc = dotenv_parse(buf_str(&text), text.len, path, d, e);
  if (rc == 0) *ret_file = x_strdup(path);
  return rc;
}

static int read_all(const struct dotenv *d, const char *file, struct setting_value values[SETTINGS_COUNT],
                    struct err *e) {
  for (size_t i = 0; i < SETTINGS_COUNT; i++) {
    const struct setting *s = &table[i];
    const char *text = getenv(s->name);
    bool from_file = !text || !*text;
    if (from_file) text = dotenv_find(d, s->name);
    _cleanup_(mem_freep) char *computed = i == SET_STORAGE_PATH ? storage_default() : NULL;
    bool given = text && *text;
    if (!given) text = computed ? computed : s->otherwise;
    if (!text || !*text) continue;
    int rc = setting_value_parse(s, text, &values[i], e);
    if (rc < 0 && given) return err_prefix(e, "%s", from_file ? file : "environment");
    if (rc < 0) return rc;
  }
  for (size_t i = 0; i < d->count; i++) warn_of_unknown(&d->entries[i], file);
  return 0;
}

static void release(void) {
  for (size_t i = 0; i < SETTINGS_COUNT; i++) setting_value_release(&current.values[i]);
  free(current.file);
  memset(&current, 0, sizeof current);
}

int settings_load(struct err *e) {
  pthread_mutex_lock(&lock);
  int rc = 0;
  if (!current.loaded) {
    _cleanup_(dotenv_release) struct dotenv d = {0};
    rc = read_file(&d, &current.file, e);
    if (rc == 0) rc = read_all(&d, current.file, current.values, e);
    if (rc == 0) current.loaded = true;
    else release();
  }
  pthread_mutex_unlock(&lock);
  return rc;
}

void settings_forget(void) {
  pthread_mutex_lock(&lock);
  release();
  pthread_mutex_unlock(&lock);
}

/* ---- getters ---- */

const struct setting_value *settings_value(enum setting_id id) {
  return &current.values[id];
}

const char *settings_text(enum setting_id id) {
  return current.values[id].text;
}

int64_t settings_number(enum setting_id id) {
  return current.values[id].number;
}

enum log_level settings_log_level(void) {
  static const struct {
    const char *name;
    enum log_level level;
  } levels[] = {{"debug", LOG_DEBUG}, {"info", LOG_INFO}, {"warning", LOG_WARNING}, {"error", LOG_ERROR}};
  const char *name = settings_text(SET_LOG_LEVEL);
  for (size_t i = 0; name && i < ARRAY_LEN(levels); i++)
    if (strcmp(name, levels[i].name) == 0) return levels[i].level;
  return LOG_ERROR; /* "critical": there is nothing above an error here */
}

const struct setting *settings_declaration(enum setting_id id) {
  return &table[id];
}

const char *settings_file(void) {
  return current.file;
}
