/* WebVTT: blocks, entities, identifiers, settings, inline times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "subtitle_text.h"

#define HEAD "WEBVTT\n\n"
#define T1   "00:01.000 --> 00:04.000\n"

static void reading(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } cases[] = {
      {HEAD, ""},
      {HEAD T1 "x\n", "1000-4000 [x]\n"},
      {"WEBVTT\n" T1 "no empty line\n", "1000-4000 [no empty line]\n"},
      {HEAD "intro\n00:00:01.000 --> 00:04.000 align:start line:0\nx\ny\n",
       "1000-4000 [x\ny] #intro (align:start line:0)\n"},
      {HEAD "NOTE\n" T1 "a cue named so\n", "1000-4000 [a cue named so] #NOTE\n"},
      {HEAD "NOTE a\nb\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:x\n\n" T1 "x\n", "1000-4000 [x]\n"},
      {HEAD T1 "Q&amp;A &lt;3 &gt;&nbsp;x &copy; AT&T\n", "1000-4000 [Q&A <3 >\u00a0x &copy; AT&T]\n"},
      {HEAD T1 "<v Ann><i.loud>hi</i></v> <c>x</c>\n", "1000-4000 [<v Ann><i.loud>hi</i></v> <c>x</c>]\n"},
      {HEAD T1 "&lt;i&gt; <i&gt;\n", "1000-4000 [<\u2060i> <\u2060i>]\n"}, /* letters, not tags */
      {HEAD T1 "a\n&nbsp;\nb\n", "1000-4000 [a\n\nb]\n"},
      {HEAD T1 "a --> b\n", "1000-4000 [a --> b]\n"},
      {HEAD T1 "one <00:02.000>two <00:00:03.500>three\n",
       "1000-4000 [one two three] one@1000-2000 two@2000-3500 three@3500-4000\n"},
      {HEAD T1 "<00:02.000>two\n<00:00:03.000>three\n", "1000-4000 [two\nthree] two@2000-3000 three@3000-4000\n"},
      {HEAD T1 "the<00:02.000><c> cat</c><00:03.000><c> sat</c>\n",
       "1000-4000 [the<c> cat</c><c> sat</c>] the@1000-2000 cat@2000-3000 sat@3000-4000\n"},
      {HEAD T1 "a <00:00.500>b <00:09.000>c <00:03.000>d <00:02.000>e\n",
       "1000-4000 [a b c d e] a b c@1000-3000 d e@3000-4000\n"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++)
    expect_read(cases[i].text, strlen(cases[i].text), CAPTION_VTT, cases[i].expected);
}

static void language(void **state) {
  (void)state;
  struct cue_list l = {0};
  static const char text[] = "WEBVTT\nKind: captions\nLanguage: pt\n\n" T1 "x\n";
  assert_int_equal(caption_read(text, sizeof text - 1, "file", &l, NULL, NULL), 0);
  assert_string_equal(l.language, "pt");
  cue_list_release(&l);
}

static void writing(void **state) {
  (void)state;
  struct cue_list l = {.language = "en"};
  struct cue *c = cue_list_add(&l, 1000, 4000, "AT&T <b>is</b> < 3");
  c->id = x_strdup("a --> b"); /* cannot be written */
  c->settings = x_strdup("align:start");
  c = cue_list_add(&l, 4000, 5000, "a\n\nb --> c\n");
  c->settings = x_strdup("Default,0,0,0,"); /* of an ASS script */
  c = cue_list_add(&l, 5000, 9000, "one two three four");
  c->id = x_strdup("7");
  static const struct cue_word words[] = {
      {0, 3, 5000, 5500, 1}, {4, 3, 6000, 6500, 1}, {8, 5, 6000, 7000, 1}, {14, 4, 7000, 8000, 1}};
  c->words = NEW_ARRAY(struct cue_word, 4);
  memcpy(c->words, words, sizeof words);
  c->word_count = 4;
  expect_written(&l, CAPTION_VTT,
                 "WEBVTT\nLanguage: en\n\n"
                 "00:00:01.000 --> 00:00:04.000 align:start\nAT&amp;T <b>is</b> &lt; 3\n\n"
                 "00:00:04.000 --> 00:00:05.000\na\n&nbsp;\nb --&gt; c\n&nbsp;\n\n"
                 "7\n00:00:05.000 --> 00:00:09.000\none <00:00:06.000>two three <00:00:07.000>four\n\n");
  cue_list_release(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reading), cmocka_unit_test(language), cmocka_unit_test(writing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
