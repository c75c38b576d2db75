/*
 * What a word means for breaking: is it an article, a preposition, a negation …, how does it end, and how good
 * is a break between two words. Tables for ru en es fr de it, smaller ones for zh ja th ko ar he hi; for other
 * languages punctuation alone decides. The tables are closed classes and frequent words, not a parser: where a
 * word may be two things, the reading that forbids a break wins unless the word is marked WORD_FREE.
 *
 *   struct language *l = language_open("de");
 *   struct word_facts a, b;  language_describe(l, "mit", 3, &a);  language_describe(l, "Freunden,", 9, &b);
 *   language_break(l, &a, &b, true) == BREAK_FUNCTION
 *   language_free(l);
 *
 * A struct language may be read by several threads.
 */
#ifndef TITR_CAPTION_LANGUAGE_H
#define TITR_CAPTION_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

enum word_class {
  WORD_ARTICLE = 1 << 0,
  WORD_PREPOSITION = 1 << 1,
  WORD_CONJUNCTION = 1 << 2, /* and relative and question words, which open a clause */
  WORD_NEGATION = 1 << 3,
  WORD_AUXILIARY = 1 << 4,
  WORD_DETERMINER = 1 << 5,   /* possessives and demonstratives */
  WORD_PRONOUN = 1 << 6,      /* the subject of the verb that follows */
  WORD_CLITIC = 1 << 7,       /* an object or reflexive pronoun before its verb: "me", "lo", "se" */
  WORD_MODIFIER = 1 << 8,     /* leans on the next word: "very", numerals, adjectives that precede the noun */
  WORD_TITLE = 1 << 9,        /* "Mr", "Frau", and abbreviations whose dot ends no sentence */
  WORD_UNIT = 1 << 10,        /* "km", "percent": belongs to the number before it */
  WORD_ENCLITIC = 1 << 11,    /* belongs to the word before it: Russian "бы", Hindi "का", Chinese "的" */
  WORD_PARTICLE = 1 << 14,    /* leans on the verb before it: "out", "up" */
  WORD_COORDINATOR = 1 << 15, /* a conjunction that joins words as often as clauses: "and" */
  WORD_FREE = 1 << 12,        /* may also end a phrase ("her", "is", "in"), when a phrase clearly begins next */
  WORD_GENITIVE = 1 << 13,    /* a preposition that ties two nouns: a break before "of" is no gain */
};

/* Never to be left at the end of a line or cue. */
#define WORD_FUNCTION                                                                                                  \
  (WORD_ARTICLE | WORD_PREPOSITION | WORD_CONJUNCTION | WORD_NEGATION | WORD_AUXILIARY | WORD_DETERMINER |             \
   WORD_PRONOUN | WORD_CLITIC)

enum word_end { END_NONE, END_COMMA, END_CLAUSE, END_SENTENCE, END_DOT /* a full stop or an abbreviation */ };

struct word_facts {
  uint16_t first, last; /* classes; they differ in contractions: "qu'il" opens as "que" and ends as "il" */
  enum word_end end;
  bool capital, lower; /* of its first letter */
  bool number;
  bool opens;      /* nothing but opening quotes, brackets, or "¿" */
  bool closes;     /* nothing but other punctuation */
  bool dash;       /* nothing but a dash */
  bool participle; /* English, in -ed: "followed | by" */
  bool hyphen;     /* goes on in the next word: "IP-" */
  bool adjective;  /* ends like one */
  bool phrase_end; /* ends with a particle that closes a phrase (Japanese) */
  bool hiragana;   /* begins with it, and is no word of the table (Japanese) */
};

/* From the best place for a break to the worst. */
enum break_kind {
  BREAK_SENTENCE,
  BREAK_CLAUSE, /* after ; : … or a dash */
  BREAK_COMMA,
  BREAK_CONJUNCTION,  /* before one */
  BREAK_COORDINATION, /* before "and", which joins words as often as clauses */
  BREAK_PREPOSITION,  /* before one */
  BREAK_PHRASE,       /* before an article or the like, where a noun phrase begins */
  BREAK_PLAIN,
  BREAK_WEAK,     /* between words that belong together: adjective and noun */
  BREAK_NAME,     /* inside a name or between a number and its unit */
  BREAK_LOOSE,    /* a function word that may also stand alone ("her", "is", "never") would stand at the line's end */
  BREAK_FUNCTION, /* any other would */
  BREAK_INSIDE,   /* inside a word, where a line may be broken */
  BREAK_NEVER,    /* where no line may be broken: the last resort */
  BREAK_KINDS
};

struct language;

struct language *language_open(const char *code); /* ISO 639-1 or ""; never NULL */
void language_free(struct language *l);
DEFINE_FREEP(struct language, language_free)

bool language_is_unspaced(const struct language *l); /* zh ja th …: a space separates phrases, not words */
void language_describe(const struct language *l, const char *word, size_t n, struct word_facts *ret);

/* A break between `before` and `after`, two words separated by a space (or, in unspaced languages, a word
 * boundary). `starts_sentence`: `before` is the first word of its sentence, so its capital means nothing. */
enum break_kind language_break(const struct language *l, const struct word_facts *before,
                               const struct word_facts *after, bool starts_sentence);

/* The table behind it, for language_open() and its test. Words are lower case, separated by spaces. */
struct language_words {
  unsigned classes;
  const char *words;
};
struct language_table {
  const char *code;
  bool unspaced;
  bool nouns_are_capital;        /* German: two capitals in a row are no sign of a name */
  const char *adjective_endings; /* of words of five letters and more; NULL: none */
  const char *and_prefix; /* "and", written together with the next word (of four letters with it and more); or NULL */
  const struct language_words *words; /* ends with words == NULL */
};
const struct language_table *language_table_find(const char *code); /* NULL when there is none */
const struct language_table *language_table_at(size_t i);           /* NULL past the last */

#endif
