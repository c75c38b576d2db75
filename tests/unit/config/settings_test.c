#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "config/settings.h"

static char *dir;

static int setup(void **state) {
  (void)state;
  for (int id = 0; id < SETTINGS_COUNT; id++) unsetenv(settings_declaration((enum setting_id)id)->name);
  unsetenv("XDG_DATA_HOME");
  unsetenv("TITR_ENV_FILE");
  setenv("HOME", "/home/me", 1);
  settings_forget();
  free(dir);
  assert_int_equal(file_temp_dir(&dir, NULL), 0);
  assert_int_equal(chdir(dir), 0);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  file_remove_tree(dir);
  return 0;
}

static void env_file(const char *name, const char *text) {
  assert_int_equal(file_write(name, text, strlen(text), 1, NULL), 0);
}

/* One of the loading functions, with what it logs in `log`. */
static int load_logged(int (*load)(struct err *), struct buf *log, struct err *e) {
  int saved = dup(STDERR_FILENO), fd = open("log", O_RDWR | O_CREAT | O_TRUNC, 0600);
  dup2(fd, STDERR_FILENO);
  int rc = load(e);
  dup2(saved, STDERR_FILENO);
  close(saved);
  close(fd);
  assert_int_equal(file_read("log", 1 << 20, log, NULL), 0);
  return rc;
}

static void defaults(void **state) {
  (void)state;
  assert_int_equal(settings_load(NULL), 0);
  assert_string_equal(settings_text(SET_STORAGE_PATH), "/home/me/.local/share/titr");
  assert_string_equal(settings_text(SET_WHISPER_MODEL), "base");
  assert_string_equal(settings_text(SET_HF_ENDPOINT), "https://huggingface.co");
  assert_null(settings_text(SET_WHISPER_CACHE_DIR));
  assert_null(settings_text(SET_HUGGINGFACE_TOKEN));
  assert_int_equal(settings_number(SET_TITR_THREADS), 0);
  assert_true(settings_value(SET_TITR_THREADS)->set);
  assert_false(settings_value(SET_TITR_MODEL_MIRROR)->set);
  assert_int_equal(settings_log_level(), LOG_WARNING);
  assert_null(settings_file());
}

static void where_storage_is(void **state) {
  (void)state;
  setenv("XDG_DATA_HOME", "/data", 1);
  assert_int_equal(settings_load(NULL), 0);
  assert_string_equal(settings_text(SET_STORAGE_PATH), "/data/titr");
  settings_forget();
  setenv("XDG_DATA_HOME", "relative", 1);
  assert_int_equal(settings_load(NULL), 0);
  assert_string_equal(settings_text(SET_STORAGE_PATH), "/home/me/.local/share/titr");
  settings_forget();
  setenv("STORAGE_PATH", "~/here/", 1);
  assert_int_equal(settings_load(NULL), 0);
  assert_string_equal(settings_text(SET_STORAGE_PATH), "/home/me/here");
}

static void the_environment_wins(void **state) {
  (void)state;
  env_file(".env", "WHISPER_MODEL=small\nLOG_LEVEL=INFO\nTITR_THREADS=3\nWHISPER_CACHE_DIR=\n");
  setenv("WHISPER_MODEL", "tiny", 1);
  setenv("TITR_THREADS", "", 1); /* set to nothing: as if it were not set */
  assert_int_equal(settings_load(NULL), 0);
  assert_string_equal(settings_text(SET_WHISPER_MODEL), "tiny");
  assert_int_equal(settings_number(SET_TITR_THREADS), 3);
  assert_int_equal(settings_log_level(), LOG_INFO);
  assert_null(settings_text(SET_WHISPER_CACHE_DIR));
  assert_string_equal(settings_file(), ".env");
  env_file(".env", "TITR_THREADS=5\n"); /* read once */
  assert_int_equal(settings_load(NULL), 0);
  assert_int_equal(settings_number(SET_TITR_THREADS), 3);
}

static void a_named_file(void **state) {
  (void)state;
  env_file(".env", "TITR_THREADS=3\n");
  env_file("other", "TITR_THREADS=4\n");
  setenv("TITR_ENV_FILE", "other", 1);
  assert_int_equal(settings_load(NULL), 0);
  assert_int_equal(settings_number(SET_TITR_THREADS), 4);
  settings_forget();
  setenv("TITR_ENV_FILE", "missing", 1);
  struct err e = {0};
  assert_int_equal(settings_load(&e), ERR_USAGE);
  assert_int_equal(e.code, ERR_USAGE);
  assert_non_null(strstr(e.msg, "TITR_ENV_FILE"));
  assert_non_null(strstr(e.msg, "missing"));
}

static void wrong_values_are_refused(void **state) {
  (void)state;
  env_file(".env", "TITR_THREADS=many\n");
  struct err e = {0};
  assert_int_equal(settings_load(&e), ERR_USAGE);
  assert_string_equal(e.msg, ".env:1: TITR_THREADS: \"many\" is not a whole number from 0 to 1024");
  env_file(".env", "");
  setenv("LOG_LEVEL", "loud", 1);
  assert_int_equal(settings_load(&e), ERR_USAGE);
  assert_string_equal(e.msg, "environment: LOG_LEVEL: \"loud\" is not one of debug, info, warning, error, critical");
  unsetenv("LOG_LEVEL");
  setenv("HUGGINGFACE_TOKEN", "hf_s3cret\tx", 1);
  assert_int_equal(settings_load(&e), ERR_USAGE);
  assert_null(strstr(e.msg, "s3cret"));
  unsetenv("HUGGINGFACE_TOKEN");
  assert_int_equal(settings_load(&e), 0); /* a failure is not remembered */
}

static int lines_of(const struct buf *b) {
  int lines = 0;
  for (const char *p = buf_str(b); *p; p++) lines += *p == '\n';
  return lines;
}

static void unknown_names(void **state) {
  (void)state;
  env_file(".env",
           "BOT_TOKEN=1:s3cret\nDB_PASSWORD=s3cret\nSOMETHING_ELSE=s3cret\nTITR_TREADS=3\nWHISPER_MODLE=s3cret\n"
           "TITR_NEVER_HEARD_OF=s3cret\nMAX_VIDEO_DURATION_PRO=61\nPATH=x\nbot_token=s3cret\nDB_HOST=h\n");
  _cleanup_(buf_release) struct buf log = BUF_INIT, more = BUF_INIT, again = BUF_INIT;
  assert_int_equal(load_logged(settings_load, &log, NULL), 0);
  assert_non_null(strstr(log.data, ".env:4: TITR_TREADS is not a setting; is TITR_THREADS meant?"));
  assert_non_null(strstr(log.data, ".env:5: WHISPER_MODLE is not a setting; is WHISPER_MODEL meant?"));
  assert_non_null(strstr(log.data, ".env:6: TITR_NEVER_HEARD_OF is not a setting of titr"));
  assert_non_null(strstr(log.data, ".env:9: bot_token is not a setting; is BOT_TOKEN meant?"));
  assert_int_equal(lines_of(&log), 4); /* the file may be another program's too */
  assert_int_equal(load_logged(settings_load_service, &more, NULL), 0);
  assert_non_null(strstr(more.data, ".env:3: SOMETHING_ELSE is not a setting of titr"));
  assert_non_null(strstr(more.data, ".env:8: PATH is not a setting of titr"));
  assert_int_equal(lines_of(&more), 2);
  assert_int_equal(load_logged(settings_load_service, &again, NULL), 0);
  assert_int_equal(lines_of(&again), 0);
  assert_null(strstr(log.data, "s3cret"));
  assert_null(strstr(more.data, "s3cret"));
}

static void a_name_twice(void **state) {
  (void)state;
  env_file(".env", "TITR_THREADS=1\nBOT_TOKEN=1:s3cret\nTITR_THREADS=2\n");
  _cleanup_(buf_release) struct buf log = BUF_INIT;
  assert_int_equal(load_logged(settings_load_service, &log, NULL), 0);
  assert_non_null(strstr(log.data, ".env:3: TITR_THREADS is set again; line 1 has no effect"));
  assert_int_equal(settings_number(SET_TITR_THREADS), 2);
  assert_int_equal(settings_origin(SET_TITR_THREADS).line, 3);
}

/* A file with nothing but foreign names does not fill the log. */
static void very_many_unknown_names(void **state) {
  (void)state;
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  for (int i = 0; i < 1000; i++) buf_addf(&text, "FOREIGN_%d=x\n", i);
  env_file(".env", buf_str(&text));
  settings_survey();
  assert_int_equal(settings_problems()->count, 21);
  assert_string_equal(settings_problems()->items[20].text, ".env: and 980 more lines of that kind");
}

/* A wrong setting of the service is nothing to `titr caption`; the service does not start with it. */
static void who_is_stopped(void **state) {
  (void)state;
  env_file(".env", "MAX_WORKERS=0\nDB_PORT=many\nDB_HOST=h\nTITR_THREADS=2\nBOT_TOKEN=s3cret\n");
  struct err e = {0};
  assert_int_equal(settings_load(&e), 0);
  assert_int_equal(settings_number(SET_TITR_THREADS), 2);
  assert_false(settings_value(SET_MAX_WORKERS)->set);
  assert_true(settings_origin(SET_MAX_WORKERS).wrong);
  assert_int_equal(settings_load_service(&e), ERR_USAGE);
  /* in the order of the table */
  assert_non_null(strstr(e.msg, ".env:5: BOT_TOKEN: what is set is not a bot's token"));
  assert_non_null(strstr(e.msg, "(and 2 more faults: `titr config check` shows them)"));
  assert_null(strstr(e.msg, "s3cret"));
  assert_int_equal(settings_load(&e), 0);

  settings_survey();
  const struct settings_problems *p = settings_problems();
  assert_int_equal(p->count, 3);
  assert_string_equal(p->items[1].text, ".env:2: DB_PORT: \"many\" is not a whole number from 1 to 65535");
  assert_string_equal(p->items[2].text, ".env:1: MAX_WORKERS: \"0\" is not a whole number from 1 to 64");
  for (size_t i = 0; i < p->count; i++) assert_true(p->items[i].error && p->items[i].service);
}

static void the_log(void **state) {
  (void)state;
  assert_int_equal(settings_load(NULL), 0);
  assert_int_equal(log_lowest(), LOG_WARNING);
  assert_int_equal(settings_load_service(NULL), 0);
  assert_int_equal(log_lowest(), LOG_INFO);
  settings_forget();
  setenv("LOG_LEVEL", "ERROR", 1);
  assert_int_equal(settings_load_service(NULL), 0);
  assert_int_equal(log_lowest(), LOG_ERROR);
  settings_forget();
  setenv("LOG_LEVEL", "info", 1);
  env_file(".env", "LOG_FORMAT=json\nTITR_TREADS=1\n");
  _cleanup_(buf_release) struct buf log = BUF_INIT;
  assert_int_equal(load_logged(settings_load, &log, NULL), 0);
  assert_non_null(strstr(log.data, "\"area\": \"config\""));
}

static void where_the_database_is(void **state) {
  (void)state;
  static const struct {
    const char *env, *expected;
  } rows[] = {
      {"STORAGE_PATH=/s\n", "sqlite:/s/titr.db"},
      {"STORAGE_PATH=/s\nDB_PORT=1\nDB_NAME=n\n", "sqlite:/s/titr.db"},
      {"DB_HOST=postgres\nDB_PASSWORD=autosub_password\n",
       "postgresql://autosub:autosub_password@postgres:5432/autosub"},
      {"DB_HOST=10.0.0.1\nDB_PORT=6432\nDB_NAME=n\nDB_USER=u\nDB_PASSWORD='a:b/c@d#e'\n",
       "postgresql://u:a%3Ab%2Fc%40d%23e@10.0.0.1:6432/n"},
      {"DB_HOST=h\nDATABASE_URL=sqlite:/x.db\n", "sqlite:/x.db"},
      {"DATABASE_URL=postgresql://u:p@h/n\n", "postgresql://u:p@h/n"},
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    env_file(".env", rows[i].env);
    settings_forget();
    assert_int_equal(settings_load(NULL), 0);
    assert_string_equal(settings_database_url(), rows[i].expected);
  }
}

static void what_follows(void **state) {
  (void)state;
  struct settings_redis r;
  env_file(".env", "REDIS_PORT=7\n");
  assert_int_equal(settings_load(NULL), 0);
  assert_false(settings_redis(&r));
  assert_false(settings_is_admin(7));
  int64_t machine = settings_worker_memory();
  assert_true(machine > (1 << 20));
  assert_true(machine <= (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 4 * 3);
  settings_forget();
  env_file(".env", "REDIS_HOST=redis\nREDIS_DB=2\nADMIN_IDS=7, 77411899692\nWORKER_MEMORY_MB=3000\n");
  assert_int_equal(settings_load(NULL), 0);
  assert_true(settings_redis(&r));
  assert_string_equal(r.host, "redis");
  assert_int_equal(r.port, 6379);
  assert_int_equal(r.database, 2);
  assert_null(r.password);
  assert_true(settings_is_admin(77411899692));
  assert_false(settings_is_admin(8));
  assert_int_equal(settings_worker_memory(), 3000LL << 20);
}

static void origins(void **state) {
  (void)state;
  env_file(".env", "A=1\nTITR_THREADS=3\nLOG_LEVEL=\n");
  setenv("STORAGE_PATH", "/s", 1);
  assert_int_equal(settings_load(NULL), 0);
  assert_int_equal(settings_origin(SET_TITR_THREADS).from, SETTING_FROM_FILE);
  assert_int_equal(settings_origin(SET_TITR_THREADS).line, 2);
  assert_int_equal(settings_origin(SET_STORAGE_PATH).from, SETTING_FROM_ENVIRONMENT);
  assert_int_equal(settings_origin(SET_LOG_LEVEL).from, SETTING_FROM_DEFAULT);
  assert_int_equal(settings_origin(SET_BOT_TOKEN).from, SETTING_FROM_NOWHERE);
  assert_true(settings_given(SET_STORAGE_PATH));
  assert_false(settings_given(SET_LOG_LEVEL));
  assert_false(settings_given(SET_BOT_TOKEN));
}

/* AutoSub's own example, with its placeholders filled in: every name is known, nothing is refused. */
static void an_autosub_file(void **state) {
  (void)state;
  env_file(".env", "BOT_TOKEN=1234:AAGe\nADMIN_IDS=77411899692\nDB_HOST=postgres\nDB_PORT=5432\nDB_NAME=autosub\n"
                   "DB_USER=autosub\nDB_PASSWORD=autosub_password\nREDIS_HOST=redis\nREDIS_PORT=6379\nREDIS_DB=0\n"
                   "PUBLIC_BASE_URL=https://example.com\nWEBHOOK_SECRET=replace_me\nPLATEGA_API_ID=your_api_id\n"
                   "PLATEGA_API_KEY=your_api_key\nPLATEGA_PROJECT_ID=16699\nPLATEGA_PROJECT_NAME=AutoSub\n"
                   "PLATEGA_WEBHOOK_URL=https://example.com/webhook/payment\nPLATEGA_SUCCESS_URL=https://e.com/ok\n"
                   "PLATEGA_FAIL_URL=https://e.com/fail\nPLATEGA_WEBHOOK_SECRET=x\nWHISPER_MODEL=base\n"
                   "WHISPER_DEVICE=auto\nFFMPEG_PATH=/usr/bin/ffmpeg\nWHISPER_CACHE_DIR=./storage/.models/whisper\n"
                   "TTS_CACHE_DIR=./storage/.models/tts\nTRANSLATION_DEVICE=cpu\nTRANSLATION_CACHE_DIR=./t\n"
                   "HUGGINGFACE_TOKEN=hf_x\nSTORAGE_PATH=/app/storage\nMAX_FILE_SIZE_MB=500\nCLEANUP_HOURS=24\n"
                   "FREE_TTL_HOURS=24\nPRO_TTL_HOURS=168\nCREATOR_TTL_HOURS=168\nMAX_WORKERS=3\n"
                   "MAX_VIDEO_DURATION_FREE=60\nMAX_VIDEO_DURATION_PRO=600\nMAX_VIDEO_DURATION_CREATOR=1800\n"
                   "INSTAGRAM_PROXY=\nINSTAGRAM_COOKIES_FILE=\nINSTAGRAM_TIMEOUT=60\nINSTAGRAM_RETRIES=5\n"
                   "DOWNLOAD_TIMEOUT=60\nDOWNLOAD_RETRIES=3\nLOG_LEVEL=INFO\nDISABLE_LIMITS=False\n");
  settings_survey();
  for (size_t i = 0; i < settings_problems()->count; i++) fail_msg("%s", settings_problems()->items[i].text);
  assert_int_equal(settings_number(SET_MAX_WORKERS), 3);
}

static void every_declaration_is_sound(void **state) {
  (void)state;
  for (int i = 0; i < SETTINGS_COUNT; i++) {
    const struct setting *s = settings_declaration((enum setting_id)i);
    assert_non_null(s->name);
    assert_true(strlen(s->help) > 10);
    assert_null(strpbrk(s->help, "\n\t"));
    assert_non_null(settings_group_title(s->group));
    if (i > 0) assert_true(s->group >= settings_declaration((enum setting_id)(i - 1))->group);
    if (s->secret) assert_null(s->otherwise);
    if (s->type == SETTING_ENUM) assert_non_null(s->choices);
    if (s->type == SETTING_INT || s->type == SETTING_MONEY || (s->type == SETTING_STRING && !s->form))
      assert_true(s->lowest < s->highest);
    struct setting_value v = {0};
    if (s->otherwise && *s->otherwise) assert_int_equal(setting_value_parse(s, s->otherwise, &v, NULL), 0);
    setting_value_release(&v);
    for (int k = 0; k < i; k++) assert_string_not_equal(s->name, settings_declaration((enum setting_id)k)->name);
  }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(defaults),       TEST(where_storage_is), TEST(the_environment_wins),       TEST(a_named_file),
      TEST(unknown_names),  TEST(a_name_twice),     TEST(very_many_unknown_names),    TEST(wrong_values_are_refused),
      TEST(who_is_stopped), TEST(the_log),          TEST(where_the_database_is),      TEST(what_follows),
      TEST(origins),        TEST(an_autosub_file),  TEST(every_declaration_is_sound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
