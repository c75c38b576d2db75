/* SubRip as it is met, and as it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "subtitle_text.h"

#define T1 "00:00:01,000 --> 00:00:02,000\n"
#define T2 "00:00:03,000 --> 00:00:04,000\n"

static void reading(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } cases[] = {
      {"1\n" T1 "Hello\n\n2\n" T2 "two\nlines\n", "1000-2000 [Hello]\n3000-4000 [two\nlines]\n"},
      {T1 "no numbers\n\n" T2 "x", "1000-2000 [no numbers]\n3000-4000 [x]\n"},
      {"1\n" T1 "no blank line\n2\n" T2 "x\n", "1000-2000 [no blank line]\n3000-4000 [x]\n"},
      {"1\n" T1 "\n2\n" T2 "x\n", "1000-2000 []\n3000-4000 [x]\n"},
      {"1\n" T1 "a\n\nb\n\n2\n" T2 "x\n", "1000-2000 [a\n\nb]\n3000-4000 [x]\n"},
      {"1\n" T1 "1\n2\n3\n\n2\n" T2 "4\n", "1000-2000 [1\n2\n3]\n3000-4000 [4]\n"},
      {"1\n" T1 "a\n\n\n\n", "1000-2000 [a]\n"},
      {"1\n0:0:1.5 -->  0:0:2.25  X1:10 X2:20\nx\n", "1500-2250 [x]\n"},
      {"1\n00:01,2-->00:01,9999\nx\n", "1200-1999 [x]\n"},
      {"1\n100:00:00,000 --> 100:00:01,000\nx\n", "360000000-360001000 [x]\n"},
      {"stray\n\n1\n" T1 "<i>x</i> {\\an8}\n", "1000-2000 [<i>x</i> {\\an8}]\n"},
      {"1\n" T1 "a --> b\n", "1000-2000 [a --> b]\n"},
      {"1\n" T1 "\xC2\xA0\na\n", "1000-2000 [\na]\n"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++)
    expect_read(cases[i].text, strlen(cases[i].text), CAPTION_SRT, cases[i].expected);
  expect_refused("1\n00:00:01,000 -> 00:00:02,000\nx\n", "up to line 3");
  expect_refused("00:00:01:12 --> 00:00:02:00\nframes\n", "no SRT");
}

static void writing(void **state) {
  (void)state;
  struct cue_list l = {0};
  cue_list_add(&l, 0, 3723004, "Hello,\n<i>you</i>");
  cue_list_add(&l, 360000000, 360000001, "a\n\n00:00:01,000 --> 00:00:02,000\n");
  cue_list_add(&l, 360000001, 360000002, "");
  expect_written(&l, CAPTION_SRT,
                 "1\n00:00:00,000 --> 01:02:03,004\nHello,\n<i>you</i>\n\n"
                 "2\n100:00:00,000 --> 100:00:00,001\na\n\u00a0\n00:00:01,000 --\u2060> 00:00:02,000\n\u00a0\n\n"
                 "3\n100:00:00,001 --> 100:00:00,002\n\n");
  cue_list_release(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reading), cmocka_unit_test(writing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
