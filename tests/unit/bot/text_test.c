/* The catalogues: complete, with the right values, each text used somewhere, the right plural forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "bot/api.h"
#include "bot/text.h"

static int setup(void **state) {
  (void)state;
  struct err e = {0};
  if (text_load(&e) < 0) fail_msg("%s", e.msg);
  return 0;
}

static struct buf catalogue(const char *language) {
  struct buf b = BUF_INIT;
  _cleanup_(mem_freep) char *path = x_asprintf("locale/%s.json", language);
  assert_int_equal(file_read(path, 1 << 20, &b, NULL), 0);
  return b;
}

/* One change to a good catalogue makes it a bad one, and the message says where. */
static void faults_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *find, *put, *says;
  } cases[] = {
      {"\"not_found\":", "\"not_fond\":", "not_fond: there is no such text"},
      {"  \"out_of_date\": \"This button is out of date.\",\n", "", "out_of_date: missing"},
      {"\"This button is out of date.\"", "\"\"", "out_of_date: empty"},
      {"\"This button is out of date.\"", "7", "out_of_date: not a text"},
      {"\"{n} min\"", "\"minutes\"", "minutes: {n} is missing"},
      {"\"{n} min\"", "\"{n} {m}\"", "minutes: {m} is none of its values"},
      {"\"{n} min\"", "\"{n} min {\"", "minutes: a brace that does not close"},
      {"\"one\": \"{n} file\", ", "", "files_a_day.one: missing"},
      {"\"one\": \"{n} file\", ", "\"one\": \"{n} file\", \"few\": \"{n}\", ", "files_a_day: a form that the language"},
      {"\"one\": \"{n} file\"", "\"one\": \"a file\"", "files_a_day.one: {n} is missing"},
      {"\"This button is out of date.\"", "{\"one\": \"a\", \"other\": \"b\"}",
       "out_of_date: plural forms, but no {n}"},
      {"{\n", "[\n", "not valid JSON"},
  };
  _cleanup_(buf_release) struct buf good = catalogue("en");
  assert_int_equal(text_check(TEXT_EN, good.data, good.len, NULL), 0);
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    const char *at = strstr(good.data, cases[i].find);
    if (!at) fail_msg("%s is not in the catalogue", cases[i].find);
    _cleanup_(mem_freep) char *bad =
        x_asprintf("%.*s%s%s", (int)(at - good.data), good.data, cases[i].put, at + strlen(cases[i].find));
    struct err e = {0};
    assert_int_equal(text_check(TEXT_EN, bad, strlen(bad), &e), ERR_FAIL);
    if (!strstr(e.msg, cases[i].says)) fail_msg("\"%s\" instead of \"%s\"", e.msg, cases[i].says);
  }
  _cleanup_(buf_release) struct buf ru = catalogue("ru");
  assert_int_equal(text_check(TEXT_RU, ru.data, ru.len, NULL), 0);
  assert_int_equal(text_check(TEXT_EN, ru.data, ru.len, NULL), ERR_FAIL); /* its plurals are others */
}

/* Sources of the bot, read once. */
static struct buf sources(void) {
  struct buf b = BUF_INIT;
  DIR *d = opendir("src/bot");
  assert_non_null(d);
  for (struct dirent *n; (n = readdir(d));) {
    size_t length = strlen(n->d_name);
    if (length < 3 || strcmp(n->d_name + length - 2, ".c") != 0) continue;
    _cleanup_(mem_freep) char *path = x_asprintf("src/bot/%s", n->d_name);
    assert_int_equal(file_read(path, 1 << 20, &b, NULL), 0);
  }
  closedir(d);
  return b;
}

static bool is_word(const char *text, const char *word) {
  size_t n = strlen(word);
  for (const char *p = text; (p = strstr(p, word)); p += n)
    if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", p[n])) return true;
  return false;
}

static void every_text_is_used(void **state) {
  (void)state;
#define NAME_OF(id, key, values) {"TEXT_" #id, key},
  static const struct { const char *id, *key; } all[] = {TEXT_TABLE(NAME_OF)};
  _cleanup_(buf_release) struct buf c = sources();
  for (size_t i = 0; i < ARRAY_LEN(all); i++) {
    bool by_name = strncmp(all[i].key, "stage.", 6) == 0 || strncmp(all[i].key, "error.", 6) == 0;
    if (!by_name && !is_word(c.data, all[i].id)) fail_msg("%s is used nowhere", all[i].id);
  }
}

/* Words for people are in the catalogues: no Cyrillic letter and no emoji stands in a source. */
static void no_text_stands_in_sources(void **state) {
  (void)state;
  _cleanup_(buf_release) struct buf c = sources();
  for (size_t i = 0; i < c.len; i++) {
    unsigned char b = (unsigned char)c.data[i];
    if (b == 0xD0 || b == 0xD1 || b == 0xF0) fail_msg("near: %.60s", c.data + (i > 30 ? i - 30 : 0));
  }
}

static void plurals(void **state) {
  (void)state;
  static const struct {
    int64_t n;
    const char *ru, *en;
  } cases[] = {
      {0, "0 файлов", "0 files"},       {1, "1 файл", "1 file"},
      {2, "2 файла", "2 files"},        {4, "4 файла", "4 files"},
      {5, "5 файлов", "5 files"},       {11, "11 файлов", "11 files"},
      {12, "12 файлов", "12 files"},    {14, "14 файлов", "14 files"},
      {21, "21 файл", "21 files"},      {22, "22 файла", "22 files"},
      {25, "25 файлов", "25 files"},    {101, "101 файл", "101 files"},
      {111, "111 файлов", "111 files"}, {1004, "1004 файла", "1004 files"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(mem_freep) char *ru = text_make(TEXT_RU, TEXT_FILES_A_DAY, TEXT_VALUES(text_n("n", cases[i].n)));
    _cleanup_(mem_freep) char *en = text_make(TEXT_EN, TEXT_FILES_A_DAY, TEXT_VALUES(text_n("n", cases[i].n)));
    assert_string_equal(ru, cases[i].ru);
    assert_string_equal(en, cases[i].en);
  }
}

static void lengths_waits_and_sizes(void **state) {
  (void)state;
  static const struct {
    int64_t ms;
    const char *length, *wait;
  } times[] = {
      {0, "0 s", "10 s"},
      {999, "0 s", "10 s"},
      {1000, "1 s", "10 s"},
      {41000, "41 s", "50 s"},
      {59999, "59 s", "1 min"},
      {60000, "1 min", "1 min"},
      {90000, "1 min 30 s", "2 min"},
      {3600000, "1 h", "1 h"},
      {3700000, "1 h 1 min", "1 h 2 min"},
      {86399000, "23 h 59 min", "24 h"},
      {-5, "0 s", "10 s"},
  };
  for (size_t i = 0; i < ARRAY_LEN(times); i++) {
    _cleanup_(mem_freep) char *length = text_length(TEXT_EN, times[i].ms);
    _cleanup_(mem_freep) char *wait = text_wait(TEXT_EN, times[i].ms);
    assert_string_equal(length, times[i].length);
    assert_string_equal(wait, times[i].wait);
  }
  _cleanup_(mem_freep) char *limit = text_size(TEXT_RU, 20 << 20);
  _cleanup_(mem_freep) char *more = text_size(TEXT_EN, (20 << 20) + 1);
  assert_string_equal(limit, "20 МБ");
  assert_string_equal(more, "21 MB"); /* never "20 MB is more than 20 MB" */
}

static void languages_and_names(void **state) {
  (void)state;
  static const struct {
    const char *code;
    enum text_language l;
  } codes[] = {{"ru", TEXT_RU}, {"RU", TEXT_RU},  {"ru-RU", TEXT_RU}, {"en", TEXT_EN}, {"en-GB", TEXT_EN},
               {"de", TEXT_EN}, {"rus", TEXT_EN}, {"", TEXT_RU},      {NULL, TEXT_RU}};
  for (size_t i = 0; i < ARRAY_LEN(codes); i++) assert_int_equal(text_language(codes[i].code), codes[i].l);
  assert_int_equal(text_of_stage("render"), TEXT_STAGE_RENDER);
  assert_int_equal(text_of_stage("polish"), TEXT_STAGE_OTHER);
  assert_int_equal(text_of_stage(NULL), TEXT_STAGE_FETCH);
  assert_int_equal(text_of_stage(""), TEXT_STAGE_FETCH); /* it has just been taken */
  assert_int_equal(text_of_error("too_long"), TEXT_ERROR_TOO_LONG);
  assert_int_equal(text_of_error("crash"), TEXT_ERROR_OTHER);

  static const struct {
    const char *name;
    size_t most;
    const char *shown;
  } names[] = {
      {"talk.mp4", 20, "talk.mp4"},
      {"a\nb\rc\x7F.mp4", 20, "a_b_c_.mp4"},
      {"evil\xE2\x80\xAE"
       "4pm.exe",
       20, "evil_4pm.exe"}, /* right-to-left override */
      {"\xFF\xFE", 20, "__"},
      {"0123456789abcdefghij.mp4", 12, "0123456….mp4"},
      {"Очень длинное название записи.mp4", 12, "Очень д….mp4"},
  };
  for (size_t i = 0; i < ARRAY_LEN(names); i++) {
    _cleanup_(mem_freep) char *s = text_short_name(names[i].name, names[i].most);
    assert_string_equal(s, names[i].shown);
  }
}

/* With the longest values there are, every text stays within what Telegram takes. */
static void texts_fit(void **state) {
  (void)state;
  static const char *const names[] = {"name", "length", "size",  "day",   "limit", "hour", "wait",
                                      "task", "stage",  "error", "state", "bar",   "n",    "percent"};
  char sixty[256] = "";
  for (int i = 0; i < 60; i++) memcpy(sixty + (size_t)4 * (size_t)i, "😀", 4);
  struct text_value values[ARRAY_LEN(names)];
  for (size_t i = 0; i < ARRAY_LEN(names); i++) values[i] = text_s(names[i], sixty);
  values[12] = text_n("n", INT64_MAX);
  for (int l = 0; l < TEXT_LANGUAGES; l++)
    for (int id = 0; id < TEXT_COUNT; id++) {
      _cleanup_(mem_freep) char *s = text_make((enum text_language)l, (enum text_id)id, values, ARRAY_LEN(values));
      assert_in_range(api_units(s), 1, API_TEXT_UNITS);
      bool toast = id == TEXT_CANCEL_NOW || id == TEXT_CANCEL_ASKED || id == TEXT_CANCEL_LATE || id == TEXT_OUT_OF_DATE;
      if (toast) assert_in_range(api_units(s), 1, API_ANSWER_UNITS);
      if (id >= TEXT_COMMAND_START && id <= TEXT_COMMAND_CANCEL) assert_in_range(api_units(s), 3, 256);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(faults_are_refused),
      cmocka_unit_test(every_text_is_used),
      cmocka_unit_test(no_text_stands_in_sources),
      cmocka_unit_test(plurals),
      cmocka_unit_test(lengths_waits_and_sizes),
      cmocka_unit_test(languages_and_names),
      cmocka_unit_test(texts_fit),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
