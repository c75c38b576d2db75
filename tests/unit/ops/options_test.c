/* Parsing by the table, and names that are nearly right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "caption/profile.h"
#include "ops/caption_request.h"
#include "ops/cli.h"
#include "ops/options.h"

static const char *const kinds[] = {"one", "two", NULL};
static const struct option_row rows[] = {
    {NULL, 0, NULL, NULL, "A heading"},      {"output", 'o', "FILE", NULL, "a file"},
    {"force", 'f', NULL, NULL, "a flag"},    {"kind", 0, "KIND", kinds, "{choices}, or not"},
    {"threads", 't', "N", NULL, "a number"}, {0}};
static const struct command command = {.name = "test", .operands = "IN...", .options = rows};
static const struct command no_operands = {.name = "bare", .options = rows};

/* Results point into the words, which therefore live until the end. */
static char *kept[512];
static size_t kept_count;

static char *keep(const char *word) {
  assert_true(kept_count < ARRAY_LEN(kept));
  return kept[kept_count++] = x_strdup(word);
}

static int release_words(void **state) {
  (void)state;
  for (size_t i = 0; i < kept_count; i++) free(kept[i]);
  return 0;
}

static struct arguments *parse(const char *const *words, int n, struct err *e) {
  struct arguments *a = NULL;
  char *argv[16] = {keep("test")};
  for (int i = 0; i < n; i++) argv[i + 1] = keep(words[i]);
  arguments_parse(&command, n + 1, argv, &a, e);
  return a;
}
#define PARSE(e, ...) parse((const char *const[]){__VA_ARGS__}, (int)ARRAY_LEN(((const char *const[]){__VA_ARGS__})), e)

static void forms(void **state) {
  (void)state;
  const char *const *in;
  struct arguments *ways[] = {
      PARSE(NULL, "--output", "x", "in"), PARSE(NULL, "--output=x", "in"), PARSE(NULL, "-o", "x", "in"),
      PARSE(NULL, "-ox", "in"),           PARSE(NULL, "in", "-o", "x"),    PARSE(NULL, "-o", "y", "in", "--output=x"),
      PARSE(NULL, "-o", "x", "--", "in"),
  };
  for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
    assert_non_null(ways[i]);
    assert_string_equal(argument_text(ways[i], "output", "?"), "x");
    assert_int_equal(argument_operands(ways[i], &in), 1);
    assert_string_equal(in[0], "in");
    assert_false(argument_flag(ways[i], "force"));
    arguments_free(ways[i]);
  }
  struct arguments *a = PARSE(NULL, "-", "--force", "--kind", "two", "--", "--output", "-o");
  assert_true(argument_flag(a, "force"));
  assert_int_equal(argument_choice(a, "kind", 7), 1);
  assert_int_equal(argument_operands(a, &in), 3);
  assert_string_equal(in[0], "-");
  assert_string_equal(in[1], "--output");
  assert_string_equal(argument_text(a, "output", "otherwise"), "otherwise");
  arguments_free(a);
  a = PARSE(NULL, "--output=", "in"); /* an empty value is a value */
  assert_string_equal(argument_text(a, "output", "?"), "");
  arguments_free(a);
}

static void refusals(void **state) {
  (void)state;
  static const struct {
    const char *words[3];
    const char *part;
  } table[] = {
      {{"--outptu", "x"}, "did you mean --output?"},
      {{"--zzzzzz"}, "titr help test"},
      {{"-z"}, "no option -z"},
      {{"--output"}, "--output needs a value: --output FILE"},
      {{"--output", "--force"}, "needs a value"},
      {{"--force=yes"}, "takes no value"},
      {{"-fo"}, "by itself"},
      {{"--kind", "three"}, "one, two"},
      {{"--kind="}, "one, two"},
  };
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    struct err e = {0};
    int n = table[i].words[1] ? 2 : 1;
    assert_null(parse(table[i].words, n, &e));
    assert_int_equal(e.code, ERR_USAGE);
    if (!strstr(e.msg, table[i].part)) fail_msg("expected \"%s\" in: %s", table[i].part, e.msg);
  }
  char name[] = "bare", operand[] = "file";
  char *argv[] = {name, operand};
  struct arguments *a = NULL;
  struct err e = {0};
  assert_int_equal(arguments_parse(&no_operands, 2, argv, &a, &e), ERR_USAGE);
}

static void numbers(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int code;
    long value;
  } table[] = {
      {"1", 0, 1},          {"16", 0, 16},         {"0", ERR_USAGE, 0},  {"17", ERR_USAGE, 0},
      {"", ERR_USAGE, 0},   {"two", ERR_USAGE, 0}, {"2x", ERR_USAGE, 0}, {"99999999999999999999", ERR_USAGE, 0},
      {"-3", ERR_USAGE, 0}, {"1.5", ERR_USAGE, 0}};
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    struct arguments *a = PARSE(NULL, "--threads", table[i].text);
    long value = 5;
    struct err e = {0};
    assert_int_equal(argument_number(a, "threads", 1, 16, &value, &e), table[i].code);
    assert_int_equal(value, table[i].code ? 5 : table[i].value);
    arguments_free(a);
  }
}

static void near_names(void **state) {
  (void)state;
  const char *const names[] = {"caption", "check", "convert", "styles", NULL};
  static const struct {
    const char *word, *near;
  } table[] = {{"capton", "caption"}, {"captions", "caption"}, {"chekc", "check"}, {"conv", "convert"},
               {"style", "styles"},   {"frobnicate", NULL},    {"xyz", NULL},      {"", NULL}};
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    const char *near = nearest_name(table[i].word, names);
    if (table[i].near) assert_string_equal(near ? near : "(none)", table[i].near);
    else assert_null(near);
  }
}

/* Every row of every command can be parsed, is explained, and its name and letter are its own. */
static void tables_are_sound(void **state) {
  (void)state;
  for (const struct command *const *c = cli_commands(); *c; c++) {
    assert_true((*c)->run || (*c)->raw);
    assert_non_null((*c)->about);
    for (const struct option_row *o = (*c)->options; o && o->help; o++) {
      _cleanup_(buf_release) struct buf text = BUF_INIT;
      option_text(o, &text);
      assert_null(strstr(buf_str(&text), "{choices}"));
      if (!o->name) continue;
      for (const struct option_row *p = (*c)->options; p < o; p++) {
        assert_true(!p->name || strcmp(p->name, o->name) != 0);
        assert_true(!o->letter || p->letter != o->letter);
      }
    }
  }
  /* the profiles of the help are those there are */
  const char *const *known = caption_profile_names();
  for (const struct option_row *o = caption_options; o->help; o++) {
    if (!o->name || strcmp(o->name, "profile") != 0) continue;
    size_t i = 0;
    for (; known[i]; i++) assert_string_equal(o->choices[i], known[i]);
    assert_null(o->choices[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forms),      cmocka_unit_test(refusals),         cmocka_unit_test(numbers),
      cmocka_unit_test(near_names), cmocka_unit_test(tables_are_sound),
  };
  return cmocka_run_group_tests(tests, NULL, release_words);
}
