/*
 * DESIGN. All values are read at once, so that a wrong one is found at the start and not in the middle of a job. Reading
 * never fails: it leaves a list of problems, and the loading functions decide which of them matter to their caller.
 */
#include "config/settings.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/machine.h"
#include "base/mem.h"
#include "config/address.h"
#include "config/check.h"
#include "config/dotenv.h"
#include "config/names.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  bool loaded, warned, service_warned;
  char *file;
  char *database_url;
  struct setting_value values[SETTINGS_COUNT];
  struct setting_origin origins[SETTINGS_COUNT];
  struct settings_problems problems;
} current;

/* ---- reading ---- */

static char *storage_default(void) {
  const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
  if (data && *data == '/') return x_asprintf("%s/titr", data); /* the XDG specification ignores relative paths */
  if (home && *home) return x_asprintf("%s/.local/share/titr", home);
  return x_strdup("/var/lib/titr"); /* a service without a home */
}

static void read_file(struct dotenv *d) {
  const char *named = getenv("TITR_ENV_FILE");
  bool must = named && *named;
  const char *path = must ? named : ".env";
  if (!must && access(path, F_OK) < 0) return;
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  struct err e = {0};
  if (file_read(path, LIMIT_ENV_BYTES, &text, &e) < 0)
    settings_problem_add(&current.problems, PROBLEM_ERROR, "%s: %s", must ? "TITR_ENV_FILE" : "settings", e.msg);
  else if (dotenv_parse(buf_str(&text), text.len, path, d, &e) < 0)
    settings_problem_add(&current.problems, PROBLEM_ERROR, "%s", e.msg);
  else current.file = x_strdup(path);
}

/* The environment's value, the file's, the default; `computed` is the default where it depends on the user. */
static const char *text_of(const struct setting *s, const struct dotenv *d, const char *computed,
                           struct setting_origin *origin) {
  const char *text = getenv(s->name);
  origin->from = SETTING_FROM_ENVIRONMENT;
  if (text && *text) return text;
  const struct dotenv_entry *entry = dotenv_find(d, s->name);
  if (entry && *entry->value) {
    *origin = (struct setting_origin){.from = SETTING_FROM_FILE, .line = entry->line};
    return entry->value;
  }
  origin->from = SETTING_FROM_DEFAULT;
  text = computed ? computed : s->otherwise;
  if (text && *text) return text;
  origin->from = SETTING_FROM_NOWHERE;
  return NULL;
}

static void read_setting(enum setting_id id, const struct dotenv *d) {
  const struct setting *s = settings_declaration(id);
  struct setting_origin *origin = &current.origins[id];
  _cleanup_(mem_freep) char *computed = id == SET_STORAGE_PATH ? storage_default() : NULL;
  const char *text = text_of(s, d, computed, origin);
  struct err e = {0};
  if (!text || setting_value_parse(s, text, &current.values[id], &e) == 0) return;
  origin->wrong = true;
  enum problem_kind kind = s->use == SETTING_ALWAYS ? PROBLEM_ERROR : PROBLEM_SERVICE_ERROR;
  if (origin->from == SETTING_FROM_FILE)
    settings_problem_add(&current.problems, kind, "%s:%d: %s", current.file, origin->line, e.msg);
  else if (origin->from == SETTING_FROM_ENVIRONMENT)
    settings_problem_add(&current.problems, kind, "environment: %s", e.msg);
  else settings_problem_add(&current.problems, kind, "%s", e.msg);
}

static char *make_database_url(void) {
  for (int id = SET_DATABASE_URL; id <= SET_DB_PASSWORD; id++)
    if (current.origins[id].wrong) return NULL; /* not to another database than the one that was meant */
  const char *given = settings_text(SET_DATABASE_URL);
  if (given) return x_strdup(given);
  struct address_postgres p = {.host = settings_text(SET_DB_HOST),
                               .port = (int)settings_number(SET_DB_PORT),
                               .database = settings_text(SET_DB_NAME),
                               .user = settings_text(SET_DB_USER),
                               .password = settings_text(SET_DB_PASSWORD)};
  if (p.host) return address_of_postgres(&p);
  const char *folder = settings_text(SET_STORAGE_PATH);
  return folder ? x_asprintf("sqlite:%s/titr.db", folder) : NULL;
}

static void release(void) {
  for (size_t i = 0; i < SETTINGS_COUNT; i++) setting_value_release(&current.values[i]);
  settings_problems_release(&current.problems);
  free(current.file);
  free(current.database_url);
  memset(&current, 0, sizeof current);
}

static void read_all(void) {
  _cleanup_(dotenv_release) struct dotenv d = {0};
  release();
  read_file(&d);
  for (int id = 0; id < SETTINGS_COUNT; id++) read_setting((enum setting_id)id, &d);
  names_check(&d, current.file ? current.file : "", &current.problems);
  settings_check(&current.problems);
  current.database_url = make_database_url();
}

/* ---- loading ---- */

static const struct settings_problem *first_error(bool service, size_t *ret_more) {
  const struct settings_problem *first = NULL;
  *ret_more = 0;
  for (size_t i = 0; i < current.problems.count; i++) {
    const struct settings_problem *p = &current.problems.items[i];
    if (!p->error || (p->service && !service)) continue;
    if (first) ++*ret_more;
    else first = p;
  }
  return first;
}

static void warn(bool service) {
  for (size_t i = 0; i < current.problems.count; i++) {
    const struct settings_problem *p = &current.problems.items[i];
    if (!p->error && p->service == service) log_warning("config", "%s", p->text);
  }
}

static void set_logger(bool service) {
  bool json = current.values[SET_LOG_FORMAT].set && strcmp(settings_text(SET_LOG_FORMAT), "json") == 0;
  enum log_level level = settings_log_level();
  log_set(service && !settings_given(SET_LOG_LEVEL) ? LOG_INFO : level, json ? LOG_JSON : LOG_PLAIN);
}

static int load(bool service, struct err *e) {
  if (!current.loaded) read_all();
  size_t more;
  const struct settings_problem *wrong = first_error(service, &more);
  int rc = 0;
  if (wrong && more)
    rc = err_set(e, ERR_USAGE, "%s (and %zu more faults: `titr config check` shows them)", wrong->text, more);
  else if (wrong) rc = err_set(e, ERR_USAGE, "%s", wrong->text);
  if (rc < 0) {
    if (!current.loaded) release(); /* a failure is not remembered */
    return rc;
  }
  current.loaded = true;
  if (service || !current.warned) set_logger(service);
  if (!current.warned) warn(false);
  current.warned = true;
  if (service && !current.service_warned) warn(true);
  current.service_warned = current.service_warned || service;
  return 0;
}

int settings_load(struct err *e) {
  pthread_mutex_lock(&lock);
  int rc = load(false, e);
  pthread_mutex_unlock(&lock);
  return rc;
}

int settings_load_service(struct err *e) {
  pthread_mutex_lock(&lock);
  int rc = load(true, e);
  pthread_mutex_unlock(&lock);
  return rc;
}

void settings_survey(void) {
  pthread_mutex_lock(&lock);
  read_all();
  current.loaded = current.warned = current.service_warned = true;
  pthread_mutex_unlock(&lock);
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

struct setting_origin settings_origin(enum setting_id id) {
  return current.origins[id];
}

bool settings_given(enum setting_id id) {
  return current.values[id].set && current.origins[id].from != SETTING_FROM_DEFAULT;
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

const char *settings_database_url(void) {
  return current.database_url;
}

bool settings_redis(struct settings_redis *ret) {
  const char *host = settings_text(SET_REDIS_HOST);
  if (!host) return false;
  *ret = (struct settings_redis){.host = host,
                                 .port = (int)settings_number(SET_REDIS_PORT),
                                 .database = (int)settings_number(SET_REDIS_DB),
                                 .password = settings_text(SET_REDIS_PASSWORD)};
  return true;
}

int64_t settings_worker_memory(void) {
  int64_t set = settings_number(SET_WORKER_MEMORY_MB);
  if (set > 0) return set << 20;
  struct machine_memory m = machine_memory();
  return m.all > 0 ? m.all / 4 * 3 : INT64_MAX;
}

bool settings_is_admin(int64_t telegram_id) {
  const struct setting_value *v = settings_value(SET_ADMIN_IDS);
  for (size_t i = 0; i < v->count; i++)
    if (v->numbers[i] == telegram_id) return true;
  return false;
}

const char *settings_file(void) {
  return current.file;
}

const struct settings_problems *settings_problems(void) {
  return &current.problems;
}
