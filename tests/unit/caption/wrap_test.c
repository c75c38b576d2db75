/* Lines broken anew, with the markup and the words of their cues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "caption/wrap.h"
#include "subtitle_text.h"

static void lines(void **state) {
  (void)state;
  static const struct {
    const char *language, *text, *expected; /* NULL: left as it is */
  } cases[] = {
      /* what keeps to the rules stays, good or not */
      {"en", "", NULL},
      {"en", "Short.", NULL},
      {"en", "A line that ends badly with the\nnext one below.", NULL},
      {"en", "a\nb", NULL},
      {"en", "Exactly forty-two letters are in this line", NULL},
      {"en", "<font color=\"#ff8800\"><b>Tags have no width, so this is not long</b></font>", NULL},
      /* too long, too many */
      {"en", "I thought that you had already left for the airport this morning.",
       "I thought that you had already left\nfor the airport this morning."},
      {"en", "one\ntwo\nthree", "one two three"},
      {"en", "  one\n\n two \nthree\n", "one two three"},
      {"en", "Words without  end, which go on and on until nobody\nreads them.",
       "Words without end, which go\non and on until nobody reads them."},
      {"ru", "Я думал, что ты уже уехал сегодня утром в аэропорт.",
       "Я думал, что ты уже уехал\nсегодня утром в аэропорт."},
      /* tags stay with their letters */
      {"en", "<i>I thought that you had already left for the airport</i> this morning.",
       "<i>I thought that you had already left\nfor the airport</i> this morning."},
      {"en", "I thought that you had already left<i> for </i>the airport this morning.",
       "I thought that you had already left\n<i>for</i> the airport this morning."},
      {"en", "{\\an8}I thought that you had already left <b>for</b> the airport this morning.",
       "{\\an8}I thought that you had already left\n<b>for</b> the airport this morning."},
      {"en", "<i>one\ntwo\nthree</i>\n", "<i>one two three</i>"},
      /* speakers */
      {"en", "- Where have you been?\n- I thought that you had already left for the airport this morning.",
       "- Where have you been?\n- I thought that you had already left\nfor the airport this morning."},
      {"en", "- One.\n- Two.\n- Three.", NULL},
      {"ru", "Москва\n— столица\nстраны.", "Москва — столица страны."},
      /* Chinese characters need no space where a line ended, Korean words do */
      {"ja", "昨日は友達と\n一緒に新しい\n映画を見に行きました。", "昨日は友達と一緒に新しい\n映画を見に行きました。"},
      {"ko", "어제는\n친구와\n함께", "어제는 친구와 함께"},
      /* nothing to break at */
      {"", "https://example.org/a/very/long/path/that/nobody/ever/types",
       "https://example.org/a/very/long/path/that/\nnobody/ever/types"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct cue_list l = {0};
    struct caption_profile p;
    snprintf(l.language, sizeof l.language, "%s", cases[i].language);
    cue_list_add(&l, 0, 1000, cases[i].text);
    assert_int_equal(caption_profile_find("netflix", cases[i].language, false, 25, &p, NULL), 0);
    size_t changed = caption_wrap(&l, &p);
    const char *expected = cases[i].expected ? cases[i].expected : cases[i].text;
    if (strcmp(l.cues[0].text, expected) != 0 || changed != (cases[i].expected != NULL))
      fail_msg("[%s] became [%s], %zu", cases[i].text, l.cues[0].text, changed);
    assert_int_equal(caption_wrap(&l, &p), 0); /* once is enough */
    cue_list_release(&l);
  }
}

static void words_move(void **state) {
  (void)state;
  static const char text[] = "  <i>I thought  that</i>\nyou had\nalready left for the airport this morning.";
  static const char *const said[] = {"I", "thought", "that", "you", "airport", "morning."};
  struct cue_list l = {.language = "en"};
  struct caption_profile p;
  struct cue *c = cue_list_add(&l, 0, 9000, text);
  c->words = NEW_ARRAY(struct cue_word, ARRAY_LEN(said) + 2);
  c->word_count = ARRAY_LEN(said) + 2;
  for (size_t i = 0; i < ARRAY_LEN(said); i++)
    c->words[i] = (struct cue_word){(size_t)(strstr(text, said[i]) - text), strlen(said[i]), 1, 2, 1};
  /* one over a line's end with the blank behind it, and one of nothing at the very end */
  c->words[ARRAY_LEN(said)] = (struct cue_word){(size_t)(strstr(text, "had") - text), strlen("had\nalready "), 1, 2, 1};
  c->words[ARRAY_LEN(said) + 1] = (struct cue_word){sizeof text - 1, 0, 1, 2, 1};
  assert_int_equal(caption_profile_find("netflix", "en", false, 25, &p, NULL), 0);
  assert_int_equal(caption_wrap(&l, &p), 1);
  assert_string_equal(c->text, "<i>I thought that</i> you had already left\nfor the airport this morning.");
  for (size_t i = 0; i < ARRAY_LEN(said); i++) {
    assert_int_equal(c->words[i].length, strlen(said[i]));
    assert_memory_equal(c->text + c->words[i].offset, said[i], strlen(said[i]));
  }
  const struct cue_word *over = &c->words[ARRAY_LEN(said)];
  assert_int_equal(over->length, strlen("had already"));
  assert_memory_equal(c->text + over->offset, "had already", over->length);
  assert_int_equal(over[1].offset, strlen(c->text));
  assert_int_equal(over[1].length, 0);
  cue_list_release(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(words_move)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
