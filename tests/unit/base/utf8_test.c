#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

static void next(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    uint32_t c;
    size_t n;
  } cases[] = {
      {"a", 'a', 1},
      {"\xD0\xAF", 0x42F, 2},
      {"\xE2\x82\xAC", 0x20AC, 3},
      {"\xF0\x9F\x98\x80", 0x1F600, 4},
      {"\xF4\x8F\xBF\xBF", 0x10FFFF, 4},
      {"\x80", 0xFFFD, 1},             /* a tail without a head */
      {"\xD0", 0xFFFD, 1},             /* cut */
      {"\xE2\x82", 0xFFFD, 1},         /* cut */
      {"\xF0\x9F\x98", 0xFFFD, 1},     /* cut */
      {"\xD0z", 0xFFFD, 1},            /* a head without a tail */
      {"\xC0\xAF", 0xFFFD, 1},         /* overlong */
      {"\xC1\xBF", 0xFFFD, 1},         /* overlong */
      {"\xE0\x80\xAF", 0xFFFD, 1},     /* overlong */
      {"\xF0\x80\x80\xAF", 0xFFFD, 1}, /* overlong */
      {"\xED\xA0\x80", 0xFFFD, 1},     /* surrogate */
      {"\xF4\x90\x80\x80", 0xFFFD, 1}, /* above U+10FFFF */
      {"\xFF", 0xFFFD, 1},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    size_t n = 0;
    uint32_t c = utf8_next(cases[i].bytes, &n);
    if (c != cases[i].c || n != cases[i].n) fail_msg("case %zu: U+%04X, %zu bytes", i, c, n);
    assert_int_equal(utf8_valid(cases[i].bytes, strlen(cases[i].bytes)), c != 0xFFFD);
  }
}

/* Every code point comes back as it was put. */
static void put(void **state) {
  (void)state;
  for (uint32_t c = 1; c <= 0x10FFFF; c++) {
    if (c >= 0xD800 && c < 0xE000) continue;
    char s[5] = "";
    size_t n = utf8_put(c, s), got;
    s[n] = '\0';
    if (utf8_next(s, &got) != c || got != n || !utf8_valid(s, n)) fail_msg("U+%04X", c);
  }
}

static void counts(void **state) {
  (void)state;
  assert_int_equal(utf8_count(""), 0);
  assert_int_equal(utf8_count("ab\xD0\xAF\xF0\x9F\x98\x80"), 4);
  assert_int_equal(utf8_count("\xFF\xFE"), 2);
  assert_true(utf8_valid("", 0));
  assert_false(utf8_valid("a\0b", 3));
}

static void cleans(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
    const char *text;
  } cases[] = {
      {"plain", 5, "plain"},
      {"", 0, ""},
      {"\xEF\xBB\xBFtext", 7, "text"},
      {"\xD0\xAF", 2, "\xD0\xAF"},
      {"a\0b", 3, "ab"},
      {"\xFF\xFEh\0i\0", 6, "hi"},
      {"\xFE\xFF\0h\x04\x2F", 6, "h\xD0\xAF"},
      {"\xFF\xFE\x3D\xD8\x00\xDE", 6, "\xF0\x9F\x98\x80"}, /* a surrogate pair */
      {"\xFF\xFE\x3D\xD8z\0", 6, "\xEF\xBF\xBDz"},         /* half a pair */
      {"\xFE\xFF\xDE\x00\0z", 6, "\xEF\xBF\xBDz"},         /* the other half */
      {"\xFF\xFEz\0\x3D\xD8", 6, "z\xEF\xBF\xBD"},         /* cut between the halves */
      {"\xFF\xFEz\0\x3D", 5, "z\xEF\xBF\xBD"},             /* cut in a character */
      {"\xFF\xFEz\0\n", 5, "z"},                           /* `echo >>file` */
      {"\xFF\xFE", 2, ""},
      {"1\0\r\0\n\0\x2F\x04", 8, "1\r\n\xD0\xAF"}, /* no mark */
      {"\0\x31\0\n\x04\x2F", 6, "1\n\xD0\xAF"},
      {"caf\xE9 \x96 \x80", 8, "caf\xC3\xA9 \xE2\x80\x93 \xE2\x82\xAC"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(mem_freep) char *got = utf8_clean(cases[i].bytes, cases[i].n);
    if (strcmp(got, cases[i].text) != 0) fail_msg("case %zu: \"%s\"", i, got);
  }
  /* cut UTF-16 and lone surrogates: whatever comes out is valid */
  for (size_t n = 0; n < 9; n++) {
    _cleanup_(mem_freep) char *got = utf8_clean("\xFF\xFE\x3D\xD8z\0\x00\xDE\x3D", n);
    assert_true(utf8_valid(got, strlen(got)));
  }
}

static void tells_text(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
    bool text;
  } cases[] = {
      {"", 0, true},
      {"plain", 5, true},
      {"\xFF\x01 not UTF-8", 12, true},
      {"a\0b", 3, false},
      {"\0\0\0\0", 4, false},
      {"end\0", 4, false},
      {"\xFF\xFEh\0i\0", 6, true},
      {"\xFF\xFEh\0\0\0i\0", 8, false},
      {"\xFE\xFF\0h\0\0", 6, false},
      {"h\0i\0", 4, true},
      {"\0h\0i", 4, true},
      {"h\0i\0\0\0", 6, false},
      {"h\0", 2, false}, /* too little to tell */
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++)
    if (utf8_is_text(cases[i].bytes, cases[i].n) != cases[i].text) fail_msg("case %zu", i);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(next), cmocka_unit_test(put), cmocka_unit_test(counts),
                                     cmocka_unit_test(cleans), cmocka_unit_test(tells_text)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
