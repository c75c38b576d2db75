/*
 * DESIGN. A language is opened once per text: its table becomes a sorted vector of words, looked up by binary
 * search. A word is described once, breaks are then decided from two descriptions by a list of rules, the first
 * that applies winning. Everything works on lower-cased copies of bounded length: longer words are in no table.
 */
#include "caption/language.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "caption/icu.h"

#define LONGEST_WORD 64 /* bytes, lower-cased; no table has a longer one */

struct entry {
  const char *word;
  size_t length;
  unsigned classes;
};

struct language {
  const struct language_table *table; /* or NULL */
  bool japanese;
  bool english;
  struct entry *entries;
  size_t count, cap;
};

static int compare_words(const char *a, size_t an, const char *b, size_t bn) {
  int order = memcmp(a, b, an < bn ? an : bn);
  return order ? order : (an > bn) - (an < bn);
}

static int compare_entries(const void *a, const void *b) {
  const struct entry *x = a, *y = b;
  return compare_words(x->word, x->length, y->word, y->length);
}

struct language *language_open(const char *code) {
  struct language *l = NEW(struct language);
  l->table = language_table_find(code);
  l->japanese = strcmp(code, "ja") == 0;
  l->english = strcmp(code, "en") == 0;
  for (const struct language_words *w = l->table ? l->table->words : NULL; w && w->words; w++)
    for (const char *s = w->words; *s;) {
      size_t n = strcspn(s, " ");
      x_grow(&l->entries, &l->cap, l->count + 1, sizeof *l->entries);
      l->entries[l->count++] = (struct entry){s, n, w->classes};
      s += n + strspn(s + n, " ");
    }
  if (l->count == 0) return l;
  qsort(l->entries, l->count, sizeof *l->entries, compare_entries);
  /* A word in several rows: one entry with all its classes. */
  size_t kept = 0;
  for (size_t i = 1; i < l->count; i++) {
    if (compare_entries(&l->entries[kept], &l->entries[i]) == 0) l->entries[kept].classes |= l->entries[i].classes;
    else l->entries[++kept] = l->entries[i];
  }
  l->count = kept + 1;
  return l;
}

void language_free(struct language *l) {
  if (!l) return;
  free(l->entries);
  free(l);
}

bool language_is_unspaced(const struct language *l) {
  return l->table && l->table->unspaced;
}

static unsigned classes_of(const struct language *l, const char *word, size_t n) {
  if (l->count == 0 || n == 0) return 0;
  struct entry key = {word, n, 0};
  const struct entry *found = bsearch(&key, l->entries, l->count, sizeof *l->entries, compare_entries);
  return found ? found->classes : 0;
}

static bool is_one_of(uint32_t c, const char *set) {
  for (size_t len; *set; set += len)
    if (utf8_next(set, &len) == c) return true;
  return false;
}

static bool is_opening(uint32_t c) {
  return is_one_of(c, "([{¡¿«“‘„‚「『〈《【（");
}

/* Quotes and brackets that may stand between the punctuation and the space. « “ close in German and Danish usage. */
static bool is_closing_mark(uint32_t c) {
  return is_one_of(c, "\"')]}«»’”“」』〉》】）");
}

static bool is_hyphen(uint32_t c) {
  return is_one_of(c, "-\u2010\u2011");
}

static bool is_dash(uint32_t c) {
  return is_hyphen(c) || is_one_of(c, "\u2012–—\u2015\u2212");
}

static enum word_end end_of(uint32_t c) {
  if (c == '.') return END_DOT;
  if (is_one_of(c, "!?。！？．؟۔।॥‼⁉")) return END_SENTENCE;
  if (is_one_of(c, ";:…；：؛") || (is_dash(c) && !is_hyphen(c))) return END_CLAUSE;
  return is_one_of(c, ",،，、") ? END_COMMA : END_NONE;
}

/* English "'re", "'ve", "n't" … make any word an auxiliary's host: "they've", "who'd", "there'll". */
static unsigned english_tail(const char *tail, size_t n) {
  static const char *const verbs[] = {"re", "ve", "ll", "d", "m"};
  for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
    if (strlen(verbs[i]) == n && memcmp(verbs[i], tail, n) == 0) return WORD_AUXILIARY | WORD_FREE;
  return 0;
}

/* "he's" is "he is", "John's" is whose: both lean on what follows. */
static unsigned english_s(unsigned head) {
  return head & (WORD_PRONOUN | WORD_CONJUNCTION | WORD_DETERMINER) ? WORD_AUXILIARY | WORD_FREE : WORD_MODIFIER;
}

static bool ends_like(const char *word, size_t n, const char *endings) {
  for (const char *s = endings; *s;) {
    size_t len = strcspn(s, " ");
    if (len < n && memcmp(word + n - len, s, len) == 0) return true;
    s += len + strspn(s + len, " ");
  }
  return false;
}

/* The classes and endings of the word's core: its letters and digits and what stands between them, lower-cased. */
static void describe_core(const struct language *l, const char *core, size_t n, size_t letters, struct word_facts *f) {
  unsigned all = classes_of(l, core, n);
  f->first = f->last = (uint16_t)all;
  const char *apostrophe = all ? NULL : memrchr(core, '\'', n);
  if (apostrophe) {
    size_t head = (size_t)(apostrophe - core), tail = n - head - 1;
    unsigned first = classes_of(l, core, head);
    f->first = (uint16_t)first;
    if (!l->english) f->last = (uint16_t)classes_of(l, apostrophe + 1, tail);
    else
      f->last = (uint16_t)(tail == 1 && apostrophe[1] == 's' ? english_s(first) : english_tail(apostrophe + 1, tail));
  }
  const char *prefix = l->table ? l->table->and_prefix : NULL;
  if (prefix && !all && letters >= 4 && n > strlen(prefix) && memcmp(core, prefix, strlen(prefix)) == 0)
    f->first |= WORD_CONJUNCTION;
  const char *endings = l->table ? l->table->adjective_endings : NULL;
  f->participle = l->english && letters >= 5 && ends_like(core, n, "ed");
  f->adjective = endings && letters >= 5 && !all && ends_like(core, n, endings);
}

/* Particles end a phrase; の ties it to the next. */
static void describe_japanese(uint32_t first, uint32_t last, size_t letters, struct word_facts *f) {
  f->hiragana = first >= 0x3041 && first <= 0x309F && !f->first;
  if (f->end != END_NONE) return;
  f->phrase_end = letters > 1 && is_one_of(last, "はがをにでもへて");
  f->adjective = last == 0x306E; /* の */
}

void language_describe(const struct language *l, const char *word, size_t n, struct word_facts *ret) {
  struct word_facts f = {0};
  char core[LONGEST_WORD];
  size_t used = 0, letters = 0, kept = 0; /* kept: `core` up to the last letter or digit */
  bool too_long = false, started = false, digits = false, all_digits = true, only_opening = true, only_dash = true;
  uint32_t last = 0, last_end = 0, first_letter = 0;
  for (size_t i = 0, len; i < n; i += len) {
    uint32_t c = utf8_next(word + i, &len);
    bool letter = icu_is_letter(c), digit = icu_is_digit(c);
    if (only_opening && !is_opening(c)) only_opening = false;
    if (only_dash && !is_dash(c)) only_dash = false;
    if (letter || digit || !is_closing_mark(c)) last_end = c;
    last = c;
    if (c == 0x2019) c = '\'';
    if (letter || digit) {
      if (!started) first_letter = c;
      started = true;
      letters++;
      digits |= digit;
      if (letter) all_digits = false;
    }
    if (!started || too_long) continue;
    c = icu_lower(c);
    char bytes[4];
    size_t size = utf8_put(c == 0x451 ? 0x435 : c, bytes); /* ё: writers leave its dots out at will */
    if (used + size > sizeof core) {
      too_long = true;
      continue;
    }
    memcpy(core + used, bytes, size);
    used += size;
    if (letter || digit) kept = used;
  }
  f.end = end_of(last_end ? last_end : last);
  if (n >= 2 && memcmp(word + n - 2, "--", 2) == 0) f.end = END_CLAUSE;
  else f.hyphen = last == '-';
  if (!started) {
    f.opens = n > 0 && only_opening;
    f.dash = n > 0 && only_dash;
    f.closes = !f.opens && !f.dash;
    *ret = f;
    return;
  }
  f.capital = icu_is_upper(first_letter);
  f.lower = icu_is_lower(first_letter);
  f.number = digits && all_digits;
  if (!too_long) describe_core(l, core, kept, letters, &f);
  /* "J." is an initial; "I." and "Я." are words. */
  if (f.end == END_DOT && letters == 1 && f.capital && !(f.last & WORD_PRONOUN)) f.last = f.first = WORD_TITLE;
  if (l->japanese) describe_japanese(first_letter, last, letters, &f);
  *ret = f;
}

/* A full stop that ends no sentence: an abbreviation, an ordinal, or what goes on in lower case. */
static enum word_end end_with(const struct language *l, const struct word_facts *f, const struct word_facts *next) {
  if (f->end != END_DOT) return f->end;
  if (f->last & WORD_TITLE || next->lower) return END_NONE;
  if (f->number && l->table && l->table->nouns_are_capital && next->last & WORD_UNIT) return END_NONE; /* "3. Mai" */
  return END_SENTENCE;
}

enum break_kind language_break(const struct language *l, const struct word_facts *a, const struct word_facts *b,
                               bool starts_sentence) {
  if (b->closes || a->opens) return BREAK_NEVER;
  enum word_end end = end_with(l, a, b);
  if (b->dash) return end == END_SENTENCE ? BREAK_SENTENCE : BREAK_FUNCTION; /* the dash of a new speaker */
  if (a->dash) return starts_sentence ? BREAK_NEVER : BREAK_CLAUSE;
  if (end == END_SENTENCE) return BREAK_SENTENCE;
  if (b->first & WORD_ENCLITIC && !(end == END_COMMA || end == END_CLAUSE)) return BREAK_FUNCTION;
  if (end == END_CLAUSE) return BREAK_CLAUSE;
  if (end == END_COMMA) return BREAK_COMMA;
  if (a->hyphen) return BREAK_NAME;
  if (a->last & WORD_TITLE || (a->end == END_DOT && (a->number || b->lower))) return BREAK_NAME;
  bool phrase_begins = (b->first & (WORD_CONJUNCTION | WORD_PREPOSITION)) != 0;
  if (a->last & WORD_FUNCTION) {
    /* "There was | a watch": at least no verb is torn from its auxiliary. */
    if (a->last & WORD_AUXILIARY && a->last & WORD_FREE && b->first & WORD_ARTICLE && !phrase_begins) return BREAK_NAME;
    const unsigned binding = WORD_ARTICLE | WORD_PREPOSITION | WORD_CONJUNCTION;
    if (!(a->last & WORD_FREE)) return BREAK_FUNCTION;
    if (!phrase_begins) return a->last & binding ? BREAK_FUNCTION : BREAK_LOOSE;
    /* "I saw her | when": a pronoun; "it is | in", "go on | and" still lean a little on what comes. */
    if (a->last & (WORD_AUXILIARY | WORD_PREPOSITION | WORD_CONJUNCTION)) return BREAK_WEAK;
    return b->first & WORD_CONJUNCTION ? BREAK_PREPOSITION : BREAK_PLAIN;
  }
  if (a->capital && b->capital && !(b->first & WORD_FUNCTION))
    return starts_sentence || (l->table && l->table->nouns_are_capital) ? BREAK_WEAK : BREAK_NAME;
  if ((a->number || a->last & WORD_MODIFIER) && b->first & WORD_UNIT) return BREAK_NAME;
  /* "more than", "two or three", "old and new". */
  if (a->last & WORD_MODIFIER && !(b->first & WORD_PREPOSITION)) return BREAK_WEAK;
  /* "looking | for,", "gesehen | hatte,": what ends its clause does not begin a line. */
  if (b->first & WORD_FUNCTION && b->end != END_NONE) return BREAK_WEAK;
  if (b->first & WORD_PARTICLE) return BREAK_WEAK;
  if (b->first & WORD_CONJUNCTION) return b->first & WORD_COORDINATOR ? BREAK_COORDINATION : BREAK_CONJUNCTION;
  if (b->first & WORD_PREPOSITION) return b->first & WORD_GENITIVE || a->participle ? BREAK_PLAIN : BREAK_PREPOSITION;
  /* Where kana follow and no particle stands before them, they are mostly the tail of a verb. */
  if (b->hiragana) return a->phrase_end ? BREAK_PLAIN : BREAK_NAME;
  if (a->phrase_end) return BREAK_PREPOSITION;
  /* A subject opens a clause: "a woman I had never seen". */
  if (b->first & WORD_PRONOUN && !(b->first & WORD_FREE) && !starts_sentence) return BREAK_PREPOSITION;
  if (a->number || b->number || a->adjective) return BREAK_WEAK;
  if (b->first & (WORD_ARTICLE | WORD_DETERMINER) || b->participle) return BREAK_PHRASE;
  /* German nouns show themselves: a lower-case word before one is mostly its adjective or its verb. */
  if (l->table && l->table->nouns_are_capital && a->lower && b->capital) return BREAK_WEAK;
  return BREAK_PLAIN;
}
