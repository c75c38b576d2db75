#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "caption/profile.h"

static void test_numbers(void **state) {
  (void)state;
  static const struct {
    const char *name, *language;
    bool vertical;
    double fps;
    int line, cps, min_ms, max_ms, gap, close, linger, words;
    bool half;
  } cases[] = {
      {"netflix", "en", false, 24, 42, 20, 834, 7000, 2, 11, 500, 0, false},
      {"netflix", "en", false, 25, 42, 20, 834, 7000, 2, 11, 500, 0, false},
      {"netflix", "ru", false, 25, 39, 17, 834, 7000, 2, 11, 500, 0, false},
      {"netflix", "de", false, 30, 42, 17, 834, 7000, 2, 14, 500, 0, false},
      {"netflix", "fr", true, 60, 25, 17, 834, 7000, 2, 29, 500, 0, false},
      {"netflix", "zh", false, 25, 16, 9, 834, 7000, 2, 11, 500, 0, true},
      {"netflix", "yue", false, 25, 16, 9, 834, 7000, 2, 11, 500, 0, true},
      {"netflix", "ja", false, 25, 13, 4, 834, 7000, 2, 11, 500, 0, true},
      {"netflix", "ko", false, 25, 16, 12, 834, 7000, 2, 11, 500, 0, true},
      {"netflix", "th", false, 25, 35, 17, 834, 7000, 2, 11, 500, 0, false},
      {"netflix", "", false, 0, 42, 17, 834, 7000, 2, 11, 500, 0, false},
      {"netflix", "sv", false, 1, 42, 17, 834, 7000, 2, 11, 500, 0, false},     /* a slide show */
      {"netflix", "sv", false, 90000, 42, 17, 834, 7000, 2, 11, 500, 0, false}, /* a time base */
      {"bbc", "en", false, 25, 37, 17, 1000, 7000, 0, 24, 1500, 0, false},
      {"bbc", "ja", false, 25, 13, 4, 1000, 7000, 0, 24, 1500, 0, true},
      {"social", "en", true, 30, 21, 30, 400, 3000, 0, 14, 300, 4, false},
      {"social", "ru", false, 30, 24, 25, 400, 3000, 0, 14, 300, 4, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct caption_profile p;
    assert_int_equal(0,
                     caption_profile_find(cases[i].name, cases[i].language, cases[i].vertical, cases[i].fps, &p, NULL));
    assert_string_equal(p.name, cases[i].name);
    assert_int_equal(p.max_lines, 2);
    assert_int_equal(p.max_line_chars, cases[i].line);
    assert_int_equal((int)p.max_cps, cases[i].cps);
    assert_int_equal(p.min_ms, cases[i].min_ms);
    assert_int_equal(p.max_ms, cases[i].max_ms);
    assert_int_equal(p.min_gap_frames, cases[i].gap);
    assert_int_equal(p.close_gap_frames, cases[i].close);
    assert_int_equal(p.linger_ms, cases[i].linger);
    assert_int_equal(p.max_words, cases[i].words);
    assert_int_equal(p.half_columns, cases[i].half);
    assert_true(p.fps >= 10 && p.fps <= 1000);
  }
}

static void test_names(void **state) {
  (void)state;
  struct caption_profile p = {.max_lines = 77};
  struct err e = {0};
  assert_int_equal(ERR_USAGE, caption_profile_find("netflicks", "en", false, 25, &p, &e));
  assert_int_equal(p.max_lines, 77);
  size_t count = 0;
  for (const char *const *name = caption_profile_names(); *name; name++, count++) {
    assert_non_null(strstr(e.msg, *name));
    assert_int_equal(0, caption_profile_find(*name, NULL, false, 25, &p, NULL));
  }
  assert_int_equal(count, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
