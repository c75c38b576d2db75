/* ASS and SSA: fields, codes, escapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "subtitle_text.h"

#define HEAD  "[Script Info]\nTitle: x\n\n[V4+ Styles]\nFormat: Name\nStyle: Big\n\n[Events]\n"
#define USUAL "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
#define EVENT "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,"

static void reading(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } cases[] = {
      {HEAD USUAL, ""},
      {HEAD USUAL EVENT "Yes, I do\\Nknow\\hit\n", "1000-2500 [Yes, I do\nknow\u00a0it]\n"},
      {HEAD EVENT "no Format line\n", "1000-2500 [no Format line]\n"},
      {HEAD "Format: Start, Text, End\nDialogue: 0:00:01.00,x,0:00:02.00\n", "1000-2000 [x]\n"},
      {HEAD USUAL "Comment: 0,0:00:01.00,0:00:02.50,,,0,0,0,,not shown\n", ""},
      {HEAD USUAL "Dialogue: 3, 0:00:01.00, 0:00:02.50, Big ,Ann, 0010,0,33,Banner;5,x\n",
       "1000-2500 [x] #Ann (Big,10,0,33,Banner;5)\n"},
      {"[Script Info]\n[Events]\nFormat: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
       "Dialogue: Marked=0,0:00:01.00,0:00:02.50,*Default,,0000,0000,0000,,SSA\n",
       "1000-2500 [SSA] (*Default,0,0,0,)\n"},
      {HEAD USUAL EVENT "{\\i1}a{\\i0} {\\b1\\u1}b{\\c&H0000FF&}{\\an8}{\\fad(100,200)}c{\\bord3}\n",
       "1000-2500 [<i>a</i> <b><u>b{\\an8}c]\n"},
      {HEAD USUAL EVENT "{\\p1}m 0 0 l 100 0{\\p0}shown{a note}\n", "1000-2500 [shown]\n"},
      {HEAD USUAL EVENT "\\{x\\} {open a\\b \\\u2060N\n", "1000-2500 [{x} {open a\\b \\N]\n"},
      {HEAD USUAL EVENT "<i> \\{\\an8\\}\n", "1000-2500 [<\u2060i> {\u2060\\an8}]\n"}, /* letters, not tags */
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++)
    expect_read(cases[i].text, strlen(cases[i].text), CAPTION_ASS, cases[i].expected);
  expect_refused(HEAD USUAL "Dialogue: 0,soon,later,,,0,0,0,,x\n", "file, line 10");
  expect_refused(HEAD USUAL "Dialogue: 0,0:00:01.00\n", "file, line 10");
}

static char *events(const struct cue_list *l) {
  struct buf b = BUF_INIT;
  caption_write(l, CAPTION_ASS, &b);
  char *from = x_strdup(strstr(b.data, "Dialogue:"));
  buf_release(&b);
  return from;
}

static void writing(void **state) {
  (void)state;
  struct cue_list l = {0};
  cue_list_add(&l, 1004, 2005, "a {\\b1}x\\N\n<i>b</i> <font color=red>c</font>\x01");
  struct cue *c = cue_list_add(&l, 2005, 2006, "{\\an8}x");
  c->id = x_strdup("Ann");
  c->settings = x_strdup("Big,1,2,3,fx");
  c = cue_list_add(&l, 36000000, 36001000, "x");
  c->settings = x_strdup("align:start"); /* of WebVTT */
  c->id = x_strdup("a,b");               /* cannot be written */
  char *text = events(&l);
  assert_string_equal(
      text, "Dialogue: 0,0:00:01.00,0:00:02.01,Default,,0,0,0,,a \\{\\\u2060b1\\}x\\\u2060N\\N{\\i1}b{\\i0} c\n"
            "Dialogue: 0,0:00:02.01,0:00:02.02,Big,Ann,1,2,3,fx,{\\an8}x\n"
            "Dialogue: 0,10:00:00.00,10:00:01.00,Default,,0,0,0,,x\n");
  free(text);
  struct buf b = BUF_INIT;
  caption_write(&l, CAPTION_ASS, &b);
  assert_non_null(strstr(b.data, "\nStyle: Default,"));
  assert_non_null(strstr(b.data, "\nStyle: Big,"));
  buf_release(&b);
  cue_list_release(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reading), cmocka_unit_test(writing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
