#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

static void fills(void **state) {
  (void)state;
  struct err e = {0};
  assert_int_equal(err_set(&e, ERR_INPUT, "%s is %d", "it", 5), ERR_INPUT);
  assert_int_equal(e.code, ERR_INPUT);
  assert_string_equal(e.msg, "it is 5");
  assert_int_equal(err_errno(&e, ERR_IO, ENOENT, "cannot open %s", "x"), ERR_IO);
  assert_string_equal(e.msg, "cannot open x: No such file or directory");
  assert_int_equal(err_prefix(&e, "talk.mp4"), ERR_IO);
  assert_string_equal(e.msg, "talk.mp4: cannot open x: No such file or directory");
  assert_int_equal(e.code, ERR_IO);
}

static void without_a_struct(void **state) {
  (void)state;
  assert_int_equal(err_set(NULL, ERR_MODEL, "%s", "x"), ERR_MODEL);
  assert_int_equal(err_errno(NULL, ERR_IO, EIO, "x"), ERR_IO);
  assert_int_equal(err_prefix(NULL, "x"), ERR_FAIL);
}

static void one_line(void **state) {
  (void)state;
  struct err e = {0};
  err_set(&e, ERR_FAIL, "a\nb\tc\x1b[31md\x7f\xd0\xaf");
  assert_string_equal(e.msg, "a b c [31md \xd0\xaf");
}

/* Cut at a character's border, whatever the length of what stands before. */
static void too_long(void **state) {
  (void)state;
  static const char *const letters[] = {"a", "\xd0\xaf", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
  for (size_t l = 0; l < ARRAY_LEN(letters); l++) {
    for (size_t pad = 0; pad < 5; pad++) {
      char text[4096] = "";
      size_t n = 0;
      for (; n < pad; n++) text[n] = '-';
      while (n + 4 < sizeof text) {
        memcpy(text + n, letters[l], strlen(letters[l]));
        n += strlen(letters[l]);
      }
      text[n] = '\0';
      struct err e = {0};
      err_set(&e, ERR_FAIL, "%s", text);
      size_t len = strlen(e.msg);
      assert_true(len < sizeof e.msg && len > sizeof e.msg - 6);
      assert_true(utf8_valid(e.msg, len));
      assert_memory_equal(e.msg, text, len);
      err_prefix(&e, "in front");
      assert_true(utf8_valid(e.msg, strlen(e.msg)));
    }
  }
}

static void exit_codes(void **state) {
  (void)state;
  static const struct {
    int code, status;
  } cases[] = {{0, 0},           {ERR_FAIL, 1},      {ERR_USAGE, 2},       {ERR_INPUT, 3},
               {ERR_MODEL, 4},   {ERR_NO_SPEECH, 5}, {ERR_IO, 1},          {ERR_CANCELLED, 130},
               {ERR_TIMEOUT, 1}, {ERR_NETWORK, 1},   {ERR_UNSUPPORTED, 1}, {-99, 1}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) assert_int_equal(err_exit_code(cases[i].code), cases[i].status);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(fills), cmocka_unit_test(without_a_struct),
                                     cmocka_unit_test(one_line), cmocka_unit_test(too_long),
                                     cmocka_unit_test(exit_codes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
