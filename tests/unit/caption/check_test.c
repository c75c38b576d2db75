/* Each rule by a cue that breaks it and one that just keeps it; then what the setter makes is checked by the checker. */
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
#include "caption/check.h"
#include "caption/setting.h"

struct shown {
  int start, end;
  const char *text;
  int spoken_until; /* 0: the file has no words */
};

static const struct {
  const char *about, *language, *profile;
  struct shown cues[2];
  const char *expected; /* "rule", "rule?" for a remark, separated by spaces */
} cases[] = {
    {"keeps all", "en", "netflix", {{0, 2000, "Good morning,\neveryone.", 0}}, ""},
    {"42 columns", "en", "netflix", {{0, 6000, "abcdefghi abcdefghi abcdefghi abcdefghi ab", 0}}, ""},
    {"43 columns", "en", "netflix", {{0, 6000, "abcdefghi abcdefghi abcdefghi abcdefghi abc", 0}}, "line-length"},
    {"39 in Russian", "ru", "netflix", {{0, 6000, "абвгдеёжз абвгдеёжз абвгдеёжз абвгдеёжзи", 0}}, "line-length"},
    {"marks take no room", "en", "netflix", {{0, 6000, "abcdefghi abcdefghi abcdefghi abcdefghi ae\u0301", 0}}, ""},
    {"nor do tags", "en", "netflix", {{0, 6000, "{\\an8}<i>abcdefghi abcdefghi abcdefghi abcdefghi ab</i>", 0}}, ""},
    {"16 Chinese characters", "zh", "netflix", {{0, 6000, "的的的的的的的的的的的的的的的的", 0}}, ""},
    {"17 Chinese characters", "zh", "netflix", {{0, 6000, "的的的的的的的的的的的的的的的的的", 0}}, "line-length"},
    {"Latin letters are halves", "zh", "netflix", {{0, 6000, "的的的的的的的的的的的的的的的ab", 0}}, ""},
    {"a foreign name is wide",
     "en",
     "netflix",
     {{0, 6000, "的的的的的的的的的的的的的的的的的的的的的a", 0}},
     "line-length"},
    {"three lines", "en", "netflix", {{0, 3000, "one\ntwo\nthree", 0}}, "lines"},
    {"20 a second", "en", "netflix", {{0, 1000, "abcdefghi abcdefghij", 0}}, ""},
    {"21 a second, spoken slowly: could stay", "en", "netflix", {{0, 1000, "abcdefghi abcdefghijk", 900}}, "cps"},
    {"21 a second, lingers already", "en", "netflix", {{0, 1000, "abcdefghi abcdefghijk", 500}}, "cps?"},
    {"a line break is a space", "en", "netflix", {{0, 1000, "abcdefghi\nabcdefghijk", 500}}, "cps?"},
    {"too fast, the next follows",
     "en",
     "netflix",
     {{0, 1000, "abcdefghi abcdefghijk", 990}, {1080, 3000, "Well.", 2900}},
     "cps?"},
    {"too fast, the next is far",
     "en",
     "netflix",
     {{0, 1000, "abcdefghi abcdefghijk", 990}, {2000, 3000, "Well.", 2900}},
     "cps"},
    {"no words: nobody speaks so fast", "en", "netflix", {{0, 1000, "abcdefghi abcdefghi abcdefghi abc", 0}}, "cps"},
    {"no words: it may linger",
     "en",
     "netflix",
     {{0, 2000, "abcdefghi abcdefghi abcdefghi abcdefghi abcdef", 0}},
     "line-length cps?"},
    {"as long as may be", "en", "social", {{0, 3000, "abcdefghijklmnopqrstuvwxyz", 0}}, ""},
    {"too short", "en", "netflix", {{0, 832, "Hm.", 0}}, "min-duration"},
    {"just long enough", "en", "netflix", {{0, 833, "Hm.", 0}}, ""},
    {"too long", "en", "netflix", {{0, 7002, "Hm.", 0}}, "max-duration"},
    {"overlap", "en", "netflix", {{0, 2000, "One.", 0}, {1999, 4000, "Two.", 0}}, "overlap"},
    {"one frame apart", "en", "netflix", {{0, 2000, "One.", 0}, {2040, 4000, "Two.", 0}}, "gap"},
    {"two frames apart", "en", "netflix", {{0, 2000, "One.", 0}, {2079, 4000, "Two.", 0}}, ""},
    {"a gap to be closed", "en", "netflix", {{0, 2000, "One.", 0}, {2300, 4000, "Two.", 0}}, "gap"},
    {"half a second apart", "en", "netflix", {{0, 2000, "One.", 0}, {2480, 4000, "Two.", 0}}, ""},
    {"empty", "en", "netflix", {{0, 2000, " \n", 0}}, "empty"},
    {"only tags", "en", "netflix", {{0, 2000, "<i></i>", 0}}, "empty"},
    {"an article ends a line", "en", "netflix", {{0, 3000, "We looked at the\nmountain.", 0}}, "line-end"},
    {"a capital too", "ru", "netflix", {{0, 3000, "Мы смотрим НА\nгоры.", 0}}, "line-end"},
    {"no room on the next line",
     "en",
     "netflix",
     {{0, 5000, "We looked at the\nabcdefghi abcdefghi abcdefghi abcdefgh", 0}},
     "line-end?"},
    {"it belongs to no next word", "en", "netflix", {{0, 3000, "What is it made of?\nWool.", 0}}, ""},
    {"other languages have other words", "de", "netflix", {{0, 3000, "We looked at the\nmountain.", 0}}, ""},
    {"a cue ends in an article",
     "en",
     "netflix",
     {{0, 3000, "We all looked up at the", 0}, {3080, 6000, "mountain.", 0}},
     "line-end"},
    {"the next cue is full",
     "en",
     "netflix",
     {{0, 3000, "We all looked up at the", 0}, {3080, 6000, "abcdefghi abcdefghi abcdefghi abcdefghi", 0}},
     "line-end?"},
    {"the next cue comes later",
     "en",
     "netflix",
     {{0, 3000, "We all looked up at the", 0}, {3600, 6000, "mountain.", 0}},
     ""},
    {"five words", "en", "social", {{0, 2000, "one two three\nfour five", 0}}, "words"},
};

static void add(struct cue_list *l, const struct shown *s) {
  struct cue *c = cue_list_add(l, s->start, s->end, s->text);
  if (!s->spoken_until) return;
  c->words = NEW_ARRAY(struct cue_word, 1);
  c->words[0] = (struct cue_word){0, strlen(s->text), s->start, s->spoken_until, 1};
  c->word_count = 1;
}

static void test_rules(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct cue_list l = {0};
    struct caption_profile p;
    struct caption_breach *found;
    size_t count, counting = 0;
    assert_int_equal(caption_profile_find(cases[i].profile, cases[i].language, false, 25, &p, NULL), 0);
    snprintf(l.language, sizeof l.language, "%s", cases[i].language);
    for (size_t k = 0; k < 2 && cases[i].cues[k].text; k++) add(&l, &cases[i].cues[k]);
    size_t told = caption_check(&l, &p, &found, &count);
    _cleanup_(buf_release) struct buf b = BUF_INIT;
    for (size_t k = 0; k < count; k++) {
      buf_addf(&b, "%s%s%s", k ? " " : "", caption_rule_name(found[k].rule), found[k].counts ? "" : "?");
      counting += found[k].counts;
      assert_true(utf8_valid(found[k].text, strlen(found[k].text)) && strncmp(found[k].text, "cue ", 4) == 0);
    }
    if (strcmp(buf_str(&b), cases[i].expected) != 0)
      fail_msg("%s: found [%s], expected [%s]", cases[i].about, buf_str(&b), cases[i].expected);
    assert_int_equal(told, counting);
    free(found);
    cue_list_release(&l);
  }
}

struct sentence {
  const char *language, *profile;
  bool vertical;
  const char *expected;
};

static const struct sentence sentences[] = {
#include "setting_sentences.h"
};

/* All sentences of a language, one after another, as a talk. `pace`: characters a second. */
static void talk(struct transcript *t, const char *language, double pace) {
  bool unspaced = strcmp(language, "ja") == 0 || strcmp(language, "zh") == 0 || strcmp(language, "th") == 0;
  double now = 0.3;
  snprintf(t->language, sizeof t->language, "%s", language);
  for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
    if (strcmp(sentences[i].language, language) != 0) continue;
    for (const char *s = sentences[i].expected; *s;) {
      s += strspn(s, " /|");
      size_t n = strcspn(s, " ");
      if (n && unspaced) utf8_next(s, &n);
      if (n == 0) break;
      char *word = x_strndup(s, n);
      double length = ((double)utf8_count(word) + !unspaced) / pace;
      transcript_add(t, word, now, now + length, 1, !unspaced, false);
      now += length;
      if (strchr(",.?!", word[n - 1])) now += word[n - 1] == ',' ? 0.15 : 0.6 * (double)(i % 3);
      s += n;
      free(word);
    }
    now += 0.4;
  }
  t->duration = now + 3;
}

static void test_the_setter_keeps_the_rules(void **state) {
  (void)state;
  static const char *const languages[] = {"en", "ru", "es", "fr", "de", "it", "ja", "zh", "ko", "th", "ar", "he", "hi"};
  static const double rates[] = {24, 25, 29.97, 60};
  size_t cues = 0;
  for (size_t i = 0; i < ARRAY_LEN(languages); i++)
    for (const char *const *profile = caption_profile_names(); *profile; profile++)
      for (int variant = 0; variant < 16; variant++) {
        struct transcript t = {0};
        struct cue_list l = {0};
        struct caption_profile p;
        struct caption_breach *found;
        size_t count;
        double pace =
            (strcmp(languages[i], "ja") == 0 || strcmp(languages[i], "zh") == 0 ? 5 : 13) * (1 + variant / 8 * 0.5);
        talk(&t, languages[i], pace);
        assert_int_equal(caption_profile_find(*profile, languages[i], variant & 1, rates[variant / 2 % 4], &p, NULL),
                         0);
        caption_set(&t, &p, NULL, 0, &l);
        cues += l.count;
        if (caption_check(&l, &p, &found, &count))
          for (size_t k = 0; k < count; k++)
            if (found[k].counts) {
              const struct cue *c = &l.cues[found[k].cue];
              fail_msg("%s %s %d: %s: %s\n[%s] then [%s] at %lld", languages[i], *profile, variant,
                       caption_rule_name(found[k].rule), found[k].text, c->text,
                       found[k].cue + 1 < l.count ? c[1].text : "",
                       found[k].cue + 1 < l.count ? (long long)c[1].start_ms : 0);
            }
        free(found);
        cue_list_release(&l);
        transcript_release(&t);
      }
  assert_true(cues > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules), cmocka_unit_test(test_the_setter_keeps_the_rules)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
