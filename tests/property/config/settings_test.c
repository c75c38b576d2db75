/*
 * Properties of settings over made-up input: whatever is in a .env, reading it ends well and gives nothing away; what a
 * value prints is read as the same value; amounts are exact.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/random.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "config/settings.h"

static char *dir;

static int setup(void **state) {
  (void)state;
  random_begin();
  for (int id = 0; id < SETTINGS_COUNT; id++) unsetenv(settings_declaration((enum setting_id)id)->name);
  unsetenv("TITR_ENV_FILE");
  setenv("HOME", "/home/me", 1);
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

static void add_piece(struct buf *b) {
  static const char *const pieces[] = {
      "0",
      "1",
      "7",
      "-3",
      "60",
      "65536",
      "9223372036854775808",
      "299.9",
      "19.99",
      ".",
      ",",
      "[",
      "]",
      "true",
      "off",
      "cuda",
      "json",
      "K",
      "MiB",
      "~",
      "~/x",
      "/a/b//",
      "://",
      "file:///",
      "http",
      "https",
      "sqlite",
      ":",
      "postgresql",
      "@",
      "u:p@h",
      "Europe/Moscow",
      "UTC",
      "..",
      "/etc",
      "h:80",
      "[::1]:80",
      "123:abc",
      "ы",
      "\xF0\x9F\x98\x80",
      " ",
      "\t",
      "'",
      "\"",
      "\\",
      "${A}",
      "${HOME:-x}",
      "#",
      "\n",
      "\r\n",
      "\xFF",
      "\x01",
      "export ",
      "=",
      "RUB",
      "debug",
  };
  buf_adds(b, pieces[rnd(ARRAY_LEN(pieces))]);
}

static void any_file(void **state) {
  (void)state;
  static const char marker[] = "s3cretmarker";
  size_t accepted = 0;
  for (int round = 0; round < 3000; round++) {
    _cleanup_(buf_release) struct buf text = BUF_INIT;
    for (uint32_t lines = rnd(12); lines; lines--) {
      const struct setting *s = settings_declaration((enum setting_id)rnd(SETTINGS_COUNT));
      if (rnd(8)) buf_adds(&text, s->name);
      else add_piece(&text);
      buf_addc(&text, '=');
      if (s->secret) buf_adds(&text, marker);
      for (uint32_t n = rnd(4); n; n--) add_piece(&text);
      buf_addc(&text, '\n');
    }
    assert_int_equal(file_write(".env", buf_str(&text), text.len, 1, NULL), 0);
    settings_survey();
    const struct settings_problems *p = settings_problems();
    for (size_t i = 0; i < p->count; i++) {
      assert_true(utf8_valid(p->items[i].text, strlen(p->items[i].text)));
      assert_null(strpbrk(p->items[i].text, "\n\r\x01"));
      if (strstr(p->items[i].text, marker)) fail_msg("%s\n---\n%s", p->items[i].text, buf_str(&text));
    }
    for (int id = 0; id < SETTINGS_COUNT; id++) {
      const struct setting *s = settings_declaration((enum setting_id)id);
      const struct setting_value *v = settings_value((enum setting_id)id);
      _cleanup_(buf_release) struct buf shown = BUF_INIT;
      setting_value_show(s, v, &shown);
      assert_null(strstr(buf_str(&shown), marker));
      assert_true(!v->set || settings_origin((enum setting_id)id).from != SETTING_FROM_NOWHERE);
      if (v->set && s->type == SETTING_INT) assert_true(v->number >= s->lowest && v->number <= s->highest);
    }
    bool known = settings_value(SET_STORAGE_PATH)->set || settings_given(SET_DATABASE_URL);
    for (int id = SET_DATABASE_URL; id <= SET_DB_PASSWORD; id++)
      known = known && !settings_origin((enum setting_id)id).wrong;
    if (known) assert_non_null(settings_database_url());
    if (settings_origin(SET_DB_PORT).wrong) assert_null(settings_database_url());
    settings_forget();
    log_set(LOG_SILENT, LOG_PLAIN);
    setenv("LOG_LEVEL", "critical", 1);
    accepted += settings_load(NULL) == 0;
    unsetenv("LOG_LEVEL");
  }
  assert_true(accepted > 100); /* the files are not all refused at their first line */
}

static void same(const struct setting *s, const struct setting_value *a, const struct setting_value *b) {
  assert_true(a->set && b->set);
  assert_int_equal(a->number, b->number);
  assert_int_equal(a->count, b->count);
  for (size_t i = 0; i < a->count; i++) assert_int_equal(a->numbers[i], b->numbers[i]);
  assert_true(!a->text == !b->text);
  if (a->text && strcmp(a->text, b->text) != 0) fail_msg("%s: \"%s\" and \"%s\"", s->name, a->text, b->text);
}

static void printed_and_read(void **state) {
  (void)state;
  size_t read[SETTINGS_COUNT] = {0};
  for (int round = 0; round < 60000; round++) {
    int id = (int)rnd(SETTINGS_COUNT);
    const struct setting *s = settings_declaration((enum setting_id)id);
    _cleanup_(buf_release) struct buf text = BUF_INIT, printed = BUF_INIT;
    if (s->otherwise && rnd(4) == 0) buf_adds(&text, s->otherwise);
    for (uint32_t n = 1 + rnd(4); n; n--) add_piece(&text);
    _cleanup_(setting_value_release) struct setting_value first = {0}, second = {0};
    struct err e = {0};
    if (!text.len || setting_value_parse(s, text.data, &first, NULL) < 0) continue;
    setting_value_print(s, &first, &printed);
    if (setting_value_parse(s, buf_str(&printed), &second, &e) < 0)
      fail_msg("%s -> %s: %s", text.data, printed.data, e.msg);
    same(s, &first, &second);
    read[id]++;
  }
  assert_true(read[SET_WHISPER_MODEL] > 100); /* not all is refused */
  assert_true(read[SET_TITR_MODEL_MIRROR] > 50);
  assert_true(read[SET_MAX_WORKERS] > 5);
}

/* Every amount, with its hundredths, comes back exactly; one digit more is refused and not rounded. */
static void amounts_are_exact(void **state) {
  (void)state;
  const struct setting *s = settings_declaration(SET_PRICE_PRO_MONTH);
  for (int round = 0; round < 100000; round++) {
    int64_t n =
        s->lowest + (int64_t)(((uint64_t)rnd(1U << 30) << 20 | rnd(1U << 20)) % (uint64_t)(s->highest - s->lowest + 1));
    char text[64];
    struct setting_value v = {0};
    snprintf(text, sizeof text, "%lld.%02lld", (long long)(n / 100), (long long)(n % 100));
    assert_int_equal(setting_value_parse(s, text, &v, NULL), 0);
    assert_int_equal(v.number, n);
    size_t len = strlen(text);
    snprintf(text + len, sizeof text - len, "%d", (int)rnd(10));
    assert_int_equal(setting_value_parse(s, text, &v, NULL), ERR_USAGE);
  }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {TEST(any_file), TEST(printed_and_read), TEST(amounts_are_exact)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
