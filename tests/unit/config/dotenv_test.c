#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "config/dotenv.h"

/* `expected` is "NAME=value" entries joined by '|'. */
static void accepted(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } cases[] = {
      {"", ""},
      {"A=1", "A=1"},
      {"A=1\nB=2\n", "A=1|B=2"},
      {"A=1\r\nB=\"x\"\r\n\r\n# c\r\nC='y'\r\n", "A=1|B=x|C=y"},
      {"\xEF\xBB\xBF"
       "A=1",
       "A=1"},
      {"  # comment\n\n\t\nA=1 # comment\nB=a#b\nC=#c\n", "A=1|B=a#b|C="},
      {"export A=1\nexport\tB = 2\nexported=3\nexport=4\n", "A=1|B=2|exported=3|export=4"},
      {"A = b c  \nB=\t x\n", "A=b c|B=x"},
      {"A=\nB=\"\"\nC=''\n", "A=|B=|C="},
      {"A=\"a # b\" # c\nB='a # b'# c\n", "A=a # b|B=a # b"},
      {"A=\"x\\ny\\t\\\"q\\\" \\\\ \\z\"\n", "A=x\ny\t\"q\" \\ \\z"},
      {"A='x\\ny \\' \\\\'\n", "A=x\\ny ' \\"},
      {"A=\"two\r\nlines\"\nB=1\n", "A=two\nlines|B=1"},
      {"A=x\\ny\n", "A=x\\ny"},
      {"A=it's\nB=say \"hi\"\n", "A=it's|B=say \"hi\""},
      {"A\nB=1\nexport C\nD # x\n", "B=1"},
      {"A=1\nA=2\n", "A=1|A=2"},
      {"A=1\nB=${A}/x\nC=\"${A}${A}\"\nD='${A}'\n", "A=1|B=1/x|C=11|D=1"},
      {"B=${NO_SUCH_NAME}x${NO_SUCH_NAME:-def}\n", "B=xdef"},
      {"B=$A ${ ${A ${A-b} ${1}\n", "B=$A ${ ${A ${A-b} ${1}"},
      {"TITR_DOTENV_TEST=1\nB=${TITR_DOTENV_TEST}\n", "TITR_DOTENV_TEST=1|B=environment"},
      {"ИМЯ_2=1", NULL},
      {"A=при вет\n", "A=при вет"},
      {"a.b_C9=1", "a.b_C9=1"},
      {"A==1=\n", "A==1="},
  };
  setenv("TITR_DOTENV_TEST", "environment", 1);
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(dotenv_release) struct dotenv d = {0};
    struct err e = {0};
    int rc = dotenv_parse(cases[i].text, strlen(cases[i].text), "f", &d, &e);
    if (!cases[i].expected) {
      assert_int_equal(rc, ERR_USAGE);
      continue;
    }
    if (rc < 0) fail_msg("%s: %s", cases[i].text, e.msg);
    _cleanup_(buf_release) struct buf found = BUF_INIT;
    for (size_t k = 0; k < d.count; k++)
      buf_addf(&found, "%s%s=%s", k ? "|" : "", d.entries[k].name, d.entries[k].value);
    assert_string_equal(buf_str(&found), cases[i].expected);
  }
}

static void refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } cases[] = {
      {"A=1\nB=\"x\n\n", "f:2: the quote is never closed"},
      {"A='s3cret\n", "f:1: the quote is never closed"},
      {"A='s3cret' s3cret\n", "f:1: something follows"},
      {"A=1\n=s3cret\n", "f:2: not NAME=value"},
      {"1A=s3cret\n", "f:1: not NAME=value"},
      {"A s3cret\n", "f:1: not NAME=value"},
      {"A: s3cret\n", "f:1: not NAME=value"},
      {"A=\xFF\n", "not UTF-8"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(dotenv_release) struct dotenv d = {0};
    struct err e = {0};
    assert_int_equal(dotenv_parse(cases[i].text, strlen(cases[i].text), "f", &d, &e), ERR_USAGE);
    if (!strstr(e.msg, cases[i].says)) fail_msg("%s: %s", cases[i].text, e.msg);
    assert_null(strstr(e.msg, "s3cret"));
    assert_int_equal(d.count, 0);
  }
}

static void ceilings(void **state) {
  (void)state;
  _cleanup_(dotenv_release) struct dotenv d = {0};
  /* Lines that double each other would grow without end. */
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  buf_adds(&b, "A0=0123456789\n");
  for (int i = 1; i < 40; i++) buf_addf(&b, "A%d=${A%d}${A%d}\n", i, i - 1, i - 1);
  struct err e = {0};
  assert_int_equal(dotenv_parse(b.data, b.len, "f", &d, &e), ERR_USAGE);
  assert_non_null(strstr(e.msg, "longer than"));

  buf_clear(&b);
  while (b.len <= LIMIT_ENV_BYTES) buf_adds(&b, "# 0123456789012345678901234567890123456789\n");
  assert_int_equal(dotenv_parse(b.data, b.len, "f", &d, &e), ERR_USAGE);
  assert_int_equal(dotenv_parse("A=1\0B=2", 7, "f", &d, &e), ERR_USAGE);
}

static void the_last_wins(void **state) {
  (void)state;
  _cleanup_(dotenv_release) struct dotenv d = {0};
  assert_int_equal(dotenv_parse("A=1\nB=x\nA=2\n", 12, "f", &d, NULL), 0);
  assert_string_equal(dotenv_find(&d, "A")->value, "2");
  assert_int_equal(dotenv_find(&d, "A")->line, 3);
  assert_null(dotenv_find(&d, "C"));
  assert_int_equal(d.entries[2].line, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(accepted), cmocka_unit_test(refused), cmocka_unit_test(ceilings),
                                     cmocka_unit_test(the_last_wins)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
