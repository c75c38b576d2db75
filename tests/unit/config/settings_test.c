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
  static const char *const names[] = {"STORAGE_PATH",  "WHISPER_MODEL",     "WHISPER_CACHE_DIR",  "TITR_MODEL_MIRROR",
                                      "HF_ENDPOINT",   "HUGGINGFACE_TOKEN", "LOG_LEVEL",          "TITR_THREADS",
                                      "XDG_DATA_HOME", "TITR_ENV_FILE",     "TITR_MODEL_REGISTRY"};
  for (size_t i = 0; i < ARRAY_LEN(names); i++) unsetenv(names[i]);
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

/* settings_load() with what it logs in `log`. */
static int load_logged(struct buf *log, struct err *e) {
  int saved = dup(STDERR_FILENO), fd = open("log", O_RDWR | O_CREAT | O_TRUNC, 0600);
  dup2(fd, STDERR_FILENO);
  int rc = settings_load(e);
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
  assert_string_equal(e.msg, ".env: TITR_THREADS: \"many\" is not a whole number from 0 to 1024");
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

static void unknown_names(void **state) {
  (void)state;
  env_file(".env",
           "BOT_TOKEN=1:s3cret\nDB_PASSWORD=s3cret\nSOMETHING_ELSE=s3cret\nTITR_TREADS=3\nWHISPER_MODLE=s3cret\n"
           "TITR_NEVER_HEARD_OF=s3cret\nMAX_VIDEO_DURATION_PRO=1\nPATH=x\n");
  _cleanup_(buf_release) struct buf log = BUF_INIT;
  assert_int_equal(load_logged(&log, NULL), 0);
  assert_non_null(strstr(log.data, ".env:4: TITR_TREADS is not a setting; is TITR_THREADS meant?"));
  assert_non_null(strstr(log.data, ".env:5: WHISPER_MODLE is not a setting; is WHISPER_MODEL meant?"));
  assert_non_null(strstr(log.data, ".env:6: TITR_NEVER_HEARD_OF is not a setting of titr"));
  int lines = 0;
  for (const char *p = log.data; *p; p++) lines += *p == '\n';
  assert_int_equal(lines, 3);
  assert_null(strstr(log.data, "s3cret"));
}

static void every_declaration_is_sound(void **state) {
  (void)state;
  for (int i = 0; i < SETTINGS_COUNT; i++) {
    const struct setting *s = settings_declaration((enum setting_id)i);
    assert_non_null(s->name);
    assert_true(strlen(s->help) > 10);
    if (s->type == SETTING_ENUM) assert_non_null(s->choices);
    if (s->type == SETTING_INT || s->type == SETTING_STRING) assert_true(s->lowest < s->highest);
    struct setting_value v = {0};
    if (s->otherwise && *s->otherwise) assert_int_equal(setting_value_parse(s, s->otherwise, &v, NULL), 0);
    setting_value_release(&v);
    for (int k = 0; k < i; k++) assert_string_not_equal(s->name, settings_declaration((enum setting_id)k)->name);
  }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(defaults),      TEST(where_storage_is),         TEST(the_environment_wins),       TEST(a_named_file),
      TEST(unknown_names), TEST(wrong_values_are_refused), TEST(every_declaration_is_sound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
