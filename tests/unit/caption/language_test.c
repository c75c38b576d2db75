#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "caption/icu.h"
#include "caption/language.h"

static const char *const names[BREAK_KINDS] = {"sentence",    "clause",   "comma",  "conjunction", "coordination",
                                               "preposition", "phrase",   "plain",  "weak",        "name",
                                               "loose",       "function", "inside", "never"};

static void test_breaks(void **state) {
  (void)state;
  static const struct {
    const char *language, *before, *after;
    bool starts;
    enum break_kind kind;
  } cases[] = {
      {"en", "done.", "Then", false, BREAK_SENTENCE},
      {"en", "done?\"", "Then", false, BREAK_SENTENCE},
      {"en", "that…", "Well", false, BREAK_CLAUSE},
      {"en", "said:", "go", false, BREAK_CLAUSE},
      {"en", "wait--", "what", false, BREAK_CLAUSE},
      {"en", "home,", "we", false, BREAK_COMMA},
      {"en", "home", "because", false, BREAK_CONJUNCTION},
      {"en", "bread", "and", false, BREAK_COORDINATION},
      {"en", "walked", "slowly", false, BREAK_PLAIN},
      {"en", "garden", "behind", false, BREAK_PREPOSITION},
      {"en", "end", "of", false, BREAK_PLAIN},
      {"en", "followed", "by", false, BREAK_PLAIN},
      {"en", "woman", "I", false, BREAK_PREPOSITION},
      {"en", "opened", "the", false, BREAK_PHRASE},
      {"en", "the", "house", false, BREAK_FUNCTION},
      {"en", "The", "house", true, BREAK_FUNCTION},
      {"en", "(the", "house", false, BREAK_FUNCTION},
      {"en", "with", "friends", false, BREAK_FUNCTION},
      {"en", "not", "go", false, BREAK_FUNCTION},
      {"en", "won't", "go", false, BREAK_LOOSE},
      {"en", "They've", "gone", true, BREAK_LOOSE},
      {"en", "he’s", "gone", false, BREAK_LOOSE},
      {"en", "John's", "car", false, BREAK_WEAK},
      {"en", "my", "car", false, BREAK_FUNCTION},
      {"en", "in", "town", false, BREAK_FUNCTION}, /* free, but a preposition all the same */
      {"en", "never", "go", false, BREAK_LOOSE},
      {"en", "was", "a", false, BREAK_NAME},
      {"en", "was", "because", false, BREAK_WEAK},
      {"en", "saw", "her", false, BREAK_PHRASE},
      {"en", "her", "because", false, BREAK_PREPOSITION},
      {"en", "looking", "for,", false, BREAK_WEAK},
      {"en", "trying", "out", false, BREAK_WEAK},
      {"en", "beautiful", "garden", false, BREAK_WEAK},
      {"en", "more", "than", false, BREAK_WEAK},
      {"en", "John", "Smith", false, BREAK_NAME},
      {"en", "Yesterday", "John", true, BREAK_WEAK},
      {"en", "Mr.", "Smith", false, BREAK_NAME},
      {"en", "J.", "Smith", false, BREAK_NAME},
      {"en", "I.", "Then", false, BREAK_SENTENCE},
      {"en", "approx.", "five", false, BREAK_NAME},
      {"en", "100", "percent", false, BREAK_NAME},
      {"en", "forty", "percent", false, BREAK_NAME},
      {"en", "room", "12", false, BREAK_WEAK},
      {"en", "word", "?", false, BREAK_NEVER},
      {"en", "(", "word", false, BREAK_NEVER},
      {"en", "word", "—", false, BREAK_FUNCTION},
      {"en", "—", "word", false, BREAK_CLAUSE},
      {"en", "go.", "-", false, BREAK_SENTENCE},
      {"en", "-", "Hi.", true, BREAK_NEVER},
      {"ru", "не", "пойду", false, BREAK_FUNCTION},
      {"ru", "в", "доме", false, BREAK_FUNCTION},
      {"ru", "моего", "друга", false, BREAK_FUNCTION},
      {"ru", "пошёл", "бы", false, BREAK_FUNCTION},
      {"ru", "дом,", "который", false, BREAK_COMMA},
      {"ru", "знаю", "что", false, BREAK_CONJUNCTION},
      {"ru", "хлеб", "и", false, BREAK_COORDINATION},
      {"ru", "деревянную", "шкатулку", false, BREAK_WEAK},
      {"ru", "её", "дом", false, BREAK_LOOSE},
      {"ru", "Анна", "Ковалёва", false, BREAK_NAME},
      {"ru", "А.", "Пушкин", false, BREAK_NAME},
      {"ru", "Это", "я.", true, BREAK_LOOSE},
      {"ru", "я.", "Потом", false, BREAK_SENTENCE},
      {"ru", "20", "процентов", false, BREAK_NAME},
      {"es", "del", "coche", false, BREAK_FUNCTION},
      {"es", "no", "quiero", false, BREAK_FUNCTION},
      {"es", "se", "quiere", false, BREAK_FUNCTION},
      {"es", "gente", "que", false, BREAK_CONJUNCTION},
      {"es", "¿", "Qué", false, BREAK_NEVER},
      {"fr", "l'", "homme", false, BREAK_FUNCTION},
      {"fr", "homme", "qu'il", false, BREAK_CONJUNCTION},
      {"fr", "qu'il", "voit", false, BREAK_FUNCTION},
      {"fr", "d'un", "ami", false, BREAK_FUNCTION},
      {"fr", "l'homme", "marche", false, BREAK_PLAIN},
      {"fr", "Quoi", "?", false, BREAK_NEVER},
      {"fr", "«", "Quoi", false, BREAK_NEVER},
      {"de", "der", "Hund", false, BREAK_FUNCTION},
      {"de", "kleiner", "Hund", false, BREAK_WEAK},
      {"de", "Frau", "Lehmann", false, BREAK_NAME},
      {"de", "3.", "Oktober", false, BREAK_NAME},
      {"de", "weiß,", "dass", false, BREAK_COMMA},
      {"de", "gesehen", "hatte,", false, BREAK_WEAK},
      {"it", "dell'", "anno", false, BREAK_FUNCTION},
      {"it", "nella", "casa", false, BREAK_FUNCTION},
      {"it", "casa", "nella", false, BREAK_PREPOSITION},
      {"it", "mi", "piace", false, BREAK_FUNCTION},
      {"ko", "좋습니다.", "그", false, BREAK_SENTENCE},
      {"ar", "جميعا.", "أريد", false, BREAK_SENTENCE},
      {"ar", "كتاب", "والكتاب", false, BREAK_CONJUNCTION},
      {"ar", "في", "البيت", false, BREAK_FUNCTION},
      {"hi", "गाँव", "में", false, BREAK_FUNCTION},
      {"hi", "है।", "आज", false, BREAK_SENTENCE},
      {"zh", "人工", "的", false, BREAK_FUNCTION},
      {"zh", "在", "北京", false, BREAK_FUNCTION},
      {"ja", "本を", "買う", false, BREAK_PREPOSITION},
      {"ja", "した", "いと", false, BREAK_NAME},
      {"sv", "och", "hus", false, BREAK_PLAIN}, /* no table: punctuation alone */
      {"sv", "hus,", "och", false, BREAK_COMMA},
      {"", "Anna", "Berg", false, BREAK_NAME},
  };
  size_t wrong = 0;
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct language *l = language_open(cases[i].language);
    struct word_facts a, b;
    language_describe(l, cases[i].before, strlen(cases[i].before), &a);
    language_describe(l, cases[i].after, strlen(cases[i].after), &b);
    enum break_kind kind = language_break(l, &a, &b, cases[i].starts);
    if (kind != cases[i].kind) {
      print_error("%s: %s | %s is %s, wanted %s\n", cases[i].language, cases[i].before, cases[i].after, names[kind],
                  names[cases[i].kind]);
      wrong++;
    }
    language_free(l);
  }
  assert_int_equal(wrong, 0);
}

/* Every word of the tables is found as it is written there: lower case, no dots of ё, nothing the lookup strips. */
static void test_tables_can_be_found(void **state) {
  (void)state;
  size_t words = 0;
  for (size_t i = 0; language_table_at(i); i++) {
    const struct language_table *t = language_table_at(i);
    assert_ptr_equal(language_table_find(t->code), t);
    struct language *l = language_open(t->code);
    assert_int_equal(language_is_unspaced(l), t->unspaced);
    for (const struct language_words *w = t->words; w && w->words; w++)
      for (const char *s = w->words; *s; words++) {
        size_t n = strcspn(s, " ");
        struct word_facts f;
        language_describe(l, s, n, &f);
        if ((f.first & w->classes) != w->classes) fail_msg("%s: \"%.*s\" is not found", t->code, (int)n, s);
        s += n + strspn(s + n, " ");
      }
    language_free(l);
  }
  assert_true(words > 2000);
}

static void test_odd_words(void **state) {
  (void)state;
  static const char *const odd[] = {"", " ", "'", "''", "l'", "\xff\xfe", "...", "\xe2\x82", "1'2'3", "🙂"};
  struct language *l = language_open("fr");
  char long_word[3000];
  memset(long_word, 'x', sizeof long_word);
  struct word_facts a, b;
  language_describe(l, long_word, sizeof long_word, &b);
  assert_int_equal(b.first | b.last, 0);
  for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
    language_describe(l, odd[i], strlen(odd[i]), &a);
    assert_true(language_break(l, &a, &b, true) < BREAK_KINDS);
    assert_true(language_break(l, &b, &a, true) < BREAK_KINDS);
  }
  language_free(l);
}

static void test_icu(void **state) {
  (void)state;
  assert_int_equal(icu_width('a'), 1);
  assert_int_equal(icu_width(0x6771), 2);  /* 東 */
  assert_int_equal(icu_width(0xFF01), 2);  /* full-width ! */
  assert_int_equal(icu_width(0x1F642), 2); /* an emoji */
  assert_int_equal(icu_width(0xFF71), 1);  /* half-width katakana */
  assert_int_equal(icu_width(0x301), 0);   /* a combining accent */
  assert_int_equal(icu_width(0xE31), 0);   /* a Thai vowel above */
  assert_int_equal(icu_width(0x200F), 0);  /* right-to-left mark */
  const char *thai = "วันนี้อากาศดี";
  uint8_t breaks[64];
  icu_breaks(thai, strlen(thai), "th", breaks);
  size_t words = 0;
  for (size_t i = 1; i < strlen(thai); i++) words += (breaks[i] & ICU_PHRASE) != 0;
  assert_true(words >= 2);
  icu_breaks("ab cd", 5, "en", breaks);
  assert_true(breaks[3] & ICU_LINE && !(breaks[1] & ICU_LINE) && breaks[1] & ICU_GRAPHEME);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_breaks),
      cmocka_unit_test(test_tables_can_be_found),
      cmocka_unit_test(test_odd_words),
      cmocka_unit_test(test_icu),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
