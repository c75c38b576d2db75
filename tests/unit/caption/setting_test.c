#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "caption/setting.h"

/* Text -> words at a talker's pace (15 characters a second; half a second after a sentence, a fifth after a comma).
 * In the unspaced languages every character is a word, as recognizers give them. */
static void say(struct transcript *t, const char *language, const char *text) {
  bool unspaced = strcmp(language, "ja") == 0 || strcmp(language, "zh") == 0 || strcmp(language, "th") == 0;
  snprintf(t->language, sizeof t->language, "%s", language);
  double now = 1, each = strcmp(language, "th") == 0 || !unspaced ? 1 / 15.0 : 1 / 6.0;
  bool space = false;
  for (const char *s = text; *s;) {
    if (*s == ' ') {
      space = true;
      s++;
      continue;
    }
    size_t n = strcspn(s, " ");
    if (unspaced) utf8_next(s, &n);
    char *word = x_strndup(s, n);
    double length = each * (double)(utf8_count(word) + (unspaced ? 0 : 1));
    transcript_add(t, word, now, now + length, 1, space, false);
    now += length;
    s += n;
    if (strchr(".?!", s[-1]) || strcmp(word, "。") == 0 || strstr(word, "।")) now += 0.5;
    else if (s[-1] == ',' || strcmp(word, "，") == 0 || strcmp(word, "、") == 0) now += 0.2;
    space = false;
    free(word);
  }
  t->duration = now + 2;
}

static char *joined(const struct cue_list *l) { /* lines by " / ", cues by " | " */
  struct buf b = BUF_INIT;
  for (size_t i = 0; i < l->count; i++) {
    if (i) buf_adds(&b, " | ");
    for (const char *s = l->cues[i].text; *s; s++)
      if (*s == '\n') buf_adds(&b, " / ");
      else buf_addc(&b, *s);
  }
  return buf_take(&b);
}

struct sentence {
  const char *language, *profile;
  bool vertical;
  const char *expected; /* with the breaks; the text is the same without them */
};

static const struct sentence sentences[] = {
#include "setting_sentences.h"
};

static void test_breaks(void **state) {
  (void)state;
  size_t wrong = 0;
  for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
    const struct sentence *x = &sentences[i];
    bool unspaced = strcmp(x->language, "ja") == 0 || strcmp(x->language, "zh") == 0 || strcmp(x->language, "th") == 0;
    struct buf text = BUF_INIT;
    for (const char *s = x->expected; *s;) {
      if (strncmp(s, " / ", 3) == 0 || strncmp(s, " | ", 3) == 0) {
        if (!unspaced) buf_addc(&text, ' ');
        s += 3;
      } else buf_addc(&text, *s++);
    }
    struct transcript t = {0};
    say(&t, x->language, text.data);
    struct caption_profile p;
    assert_int_equal(0, caption_profile_find(x->profile, x->language, x->vertical, 25, &p, NULL));
    struct cue_list l = {0};
    caption_set(&t, &p, NULL, 0, &l);
    char *got = joined(&l);
    if (strcmp(got, x->expected) != 0) {
      print_error("%s %s\n   got: %s\nwanted: %s\n", x->language, x->profile, got, x->expected);
      wrong++;
    }
    free(got);
    cue_list_release(&l);
    transcript_release(&t);
    buf_release(&text);
  }
  assert_int_equal(wrong, 0);
}

/* Words as "start end text", in milliseconds. */
struct timed {
  int start, end;
  const char *text;
};

static struct cue_list set_timed(const char *language, double fps, const struct timed *words, size_t n, double duration,
                                 const double *shots, size_t shot_count) {
  struct transcript t = {.duration = duration};
  snprintf(t.language, sizeof t.language, "%s", language);
  for (size_t i = 0; i < n; i++)
    transcript_add(&t, words[i].text, words[i].start / 1000.0, words[i].end / 1000.0, 1, i > 0, false);
  struct caption_profile p;
  assert_int_equal(0, caption_profile_find("netflix", language, false, fps, &p, NULL));
  struct cue_list l = {0};
  caption_set(&t, &p, shots, shot_count, &l);
  transcript_release(&t);
  return l;
}

static void expect_cue(const struct cue_list *l, size_t i, int64_t start, int64_t end, const char *text) {
  assert_true(i < l->count);
  assert_string_equal(l->cues[i].text, text);
  assert_int_equal(l->cues[i].start_ms, start);
  assert_int_equal(l->cues[i].end_ms, end);
}

#define SET(fps, words, duration) set_timed("en", fps, words, ARRAY_LEN(words), duration, NULL, 0)

static void test_nothing_said(void **state) {
  (void)state;
  struct cue_list l = set_timed("en", 25, NULL, 0, 10, NULL, 0);
  assert_int_equal(l.count, 0);
  cue_list_release(&l);
  const struct timed blank[] = {{0, 100, ""}, {100, 200, " "}};
  l = SET(25, blank, 1);
  assert_int_equal(l.count, 0);
  cue_list_release(&l);
}

static void test_short_speech_stays_its_minimum(void **state) {
  (void)state;
  const struct timed words[] = {{2000, 2200, "Yes."}};
  struct cue_list l = SET(25, words, 60);
  expect_cue(&l, 0, 2000, 2834, "Yes.");
  cue_list_release(&l);
  l = SET(25, words, 2.5); /* the media ends before that: the cue comes earlier */
  expect_cue(&l, 0, 1666, 2500, "Yes.");
  cue_list_release(&l);
}

static void test_reading_lingers(void **state) {
  (void)state;
  /* 28 characters in 0.9 s: 1.4 s at 20 a second, which is 0.5 s past the speech. */
  const struct timed fast[] = {{0, 300, "Unbelievably"}, {300, 600, "complicated"}, {600, 900, "word"}};
  struct cue_list l = SET(25, fast, 60);
  expect_cue(&l, 0, 0, 1400, "Unbelievably complicated word");
  cue_list_release(&l);
  /* Slow speech needs no lingering. */
  const struct timed slow[] = {{0, 800, "Slow"}, {800, 1600, "words"}};
  l = SET(25, slow, 60);
  expect_cue(&l, 0, 0, 1600, "Slow words");
  cue_list_release(&l);
}

static void test_gaps(void **state) {
  (void)state;
  static const struct {
    double fps;
    int next, end; /* start of the second sentence; end of the first cue, whose speech ends at 2000 */
  } cases[] = {
      {25, 2050, 1970},                         /* less than two frames: the first goes earlier */
      {25, 2080, 2000},                         /* two frames */
      {25, 2120, 2040},                         /* three: closed to two */
      {25, 2440, 2360},                         /* eleven */
      {25, 2480, 2000},                         /* twelve stay */
      {24, 2458, 2374},                         /* 11 frames at 24: 458 ms */
      {24, 2500, 2000},    {29.97, 2480, 2413}, /* half a second is 15 frames there */
      {29.97, 2510, 2000},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    const struct timed words[] = {{0, 1000, "This"},
                                  {1000, 2000, "ends."},
                                  {cases[i].next, cases[i].next + 1000, "Another"},
                                  {cases[i].next + 1000, cases[i].next + 2000, "begins."}};
    struct cue_list l = SET(cases[i].fps, words, 60);
    assert_int_equal(l.count, 2);
    expect_cue(&l, 0, 0, cases[i].end, "This ends.");
    expect_cue(&l, 1, cases[i].next, cases[i].next + 2000, "Another begins.");
    cue_list_release(&l);
  }
}

static void test_dense_sentences_share_a_cue(void **state) {
  (void)state;
  const struct timed words[] = {{0, 300, "Yes."}, {320, 600, "No."}, {620, 900, "Go!"}, {3000, 4000, "Later."}};
  struct cue_list l = SET(25, words, 60);
  assert_int_equal(l.count, 2);
  expect_cue(&l, 0, 0, 900, "Yes. No. Go!");
  cue_list_release(&l);
}

static void test_silence_ends_a_cue(void **state) {
  (void)state;
  const struct timed words[] = {{0, 500, "We"}, {500, 1000, "waited"}, {2500, 3000, "quite"}, {3000, 3500, "long."}};
  struct cue_list l = SET(25, words, 60);
  assert_int_equal(l.count, 2);
  expect_cue(&l, 0, 0, 1000, "We waited");
  expect_cue(&l, 1, 2500, 3500, "quite long.");
  cue_list_release(&l);
}

static void test_a_word_for_ever(void **state) {
  (void)state;
  const struct timed words[] = {{0, 20000, "Ooooh!"}, {20000, 21000, "Done."}};
  struct cue_list l = SET(25, words, 60);
  expect_cue(&l, 0, 0, 7000, "Ooooh!");
  expect_cue(&l, 1, 20000, 21000, "Done.");
  cue_list_release(&l);
}

static void test_shot_changes(void **state) {
  (void)state;
  const struct timed words[] = {
      {1000, 2000, "Look"}, {2000, 3000, "there!"}, {6000, 7000, "Nothing"}, {7000, 8000, "moved."}};
  static const struct {
    double shots[2];
    int start, end; /* of the first cue */
  } cases[] = {
      {{1.2, 50}, 1200, 3000}, /* five frames after the speech: the cue waits for the shot */
      {{0.7, 50}, 700, 3000},  /* less than half a second before: it comes with the shot */
      {{0.4, 50}, 1000, 3000}, /* too far */
      {{3.4, 50}, 1000, 3320}, /* the out-time goes to two frames before the shot */
      {{2.9, 50}, 1000, 2820}, /* the last syllable is not worth crossing it */
      {{2.0, 50}, 1000, 3000}, /* in the middle of the sentence: crossed */
      {{4.0, 50}, 1000, 3000}, /* out of reach */
      {{1.4, 50}, 900, 3000},  /* eight to eleven frames before the shot: half a second is kept clear */
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct cue_list l = set_timed("en", 25, words, ARRAY_LEN(words), 60, cases[i].shots, 2);
    assert_int_equal(l.count, 2);
    expect_cue(&l, 0, cases[i].start, cases[i].end, "Look there!");
    expect_cue(&l, 1, 6000, 8000, "Nothing moved.");
    cue_list_release(&l);
  }
}

static void test_breaks_move_to_shots(void **state) {
  (void)state;
  /* Both commas are as good, but a shot changes at the second. */
  const struct timed words[] = {{0, 600, "Somebody"},      {600, 1200, "opened"},    {1200, 1800, "the"},
                                {1800, 2600, "window,"},   {2600, 3200, "somebody"}, {3200, 3800, "closed"},
                                {3800, 4400, "another,"},  {4400, 5000, "somebody"}, {5000, 5600, "shouted"},
                                {5600, 6400, "something"}, {6400, 7000, "outside."}};
  const double early = 2.6, late = 4.4;
  struct cue_list l = set_timed("en", 25, words, ARRAY_LEN(words), 60, &early, 1);
  char *got = joined(&l);
  assert_string_equal(got,
                      "Somebody opened the window, | somebody closed another, / somebody shouted something outside.");
  free(got);
  assert_int_equal(l.cues[0].end_ms, 2520);
  cue_list_release(&l);
  l = set_timed("en", 25, words, ARRAY_LEN(words), 60, &late, 1);
  got = joined(&l);
  assert_string_equal(got,
                      "Somebody opened the window, / somebody closed another, | somebody shouted something outside.");
  free(got);
  assert_int_equal(l.cues[0].end_ms, 4320);
  cue_list_release(&l);
}

static void test_words_know_their_place(void **state) {
  (void)state;
  const struct timed words[] = {{0, 500, "«Всё"},    {500, 900, "будет"},        {900, 1500, "хорошо»,"},
                                {1500, 2000, "—"},   {2000, 2600, "уверенно"},   {2600, 3200, "ответил"},
                                {3200, 3800, "наш"}, {3800, 4600, "собеседник."}};
  struct cue_list l = set_timed("ru", 25, words, ARRAY_LEN(words), 60, NULL, 0);
  size_t k = 0;
  for (size_t i = 0; i < l.count; i++)
    for (size_t w = 0; w < l.cues[i].word_count; w++, k++) {
      const struct cue_word *x = &l.cues[i].words[w];
      assert_int_equal(x->length, strlen(words[k].text));
      assert_memory_equal(l.cues[i].text + x->offset, words[k].text, x->length);
      assert_int_equal(x->start_ms, words[k].start);
      assert_int_equal(x->end_ms, words[k].end);
    }
  assert_int_equal(k, ARRAY_LEN(words));
  cue_list_release(&l);
}

static void test_word_wider_than_a_line(void **state) {
  (void)state;
  const struct timed words[] = {{0, 600, "Visit"},
                                {1000, 3500, "https://example.org/a/very/long/path/that/nobody/ever/types"}};
  struct cue_list l = SET(25, words, 60);
  char *got = joined(&l);
  assert_string_equal(got, "Visit | https://example.org/a/very/long/path/that/ / nobody/ever/types");
  free(got);
  assert_int_equal(l.cues[1].word_count, 2); /* its two pieces share its time */
  assert_int_equal(l.cues[1].words[0].end_ms, l.cues[1].words[1].start_ms);
  assert_int_equal(l.cues[1].words[1].end_ms, 3500);
  cue_list_release(&l);
}

static void test_break_lines(void **state) {
  (void)state;
  static const struct {
    const char *language, *text, *lines;
  } cases[] = {
      {"en", "", ""},
      {"en", "  \n ", ""},
      {"en", "Hello\nthere.", "Hello there."},
      {"en", "I thought that you had already left\nfor the airport this morning.",
       "I thought that you had already left\nfor the airport this morning."},
      {"de", "Wir haben gestern mit dem neuen Direktor gesprochen.",
       "Wir haben gestern\nmit dem neuen Direktor gesprochen."},
      {"en",
       "This text is so long that it cannot be set in two lines of forty-two characters, so it gets another line.",
       "This text is so long that it cannot be set\nin two lines of forty-two characters,\nso it gets another line."},
      {"", "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
       "Donaudampfschifffahrtselektrizitätenhauptb\netriebswerkbauunterbeamtengesellschaft"},
      {"ja", "昨日は友達と一緒に新しい映画を見に行きました。", "昨日は友達と一緒に新しい\n映画を見に行きました。"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct caption_profile p;
    caption_profile_find("netflix", cases[i].language, false, 25, &p, NULL);
    char *got = caption_break_lines(cases[i].text, cases[i].language, &p);
    assert_string_equal(got, cases[i].lines);
    free(got);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_breaks),
      cmocka_unit_test(test_nothing_said),
      cmocka_unit_test(test_short_speech_stays_its_minimum),
      cmocka_unit_test(test_reading_lingers),
      cmocka_unit_test(test_gaps),
      cmocka_unit_test(test_dense_sentences_share_a_cue),
      cmocka_unit_test(test_silence_ends_a_cue),
      cmocka_unit_test(test_a_word_for_ever),
      cmocka_unit_test(test_shot_changes),
      cmocka_unit_test(test_breaks_move_to_shots),
      cmocka_unit_test(test_words_know_their_place),
      cmocka_unit_test(test_word_wider_than_a_line),
      cmocka_unit_test(test_break_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
