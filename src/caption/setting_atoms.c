/*
 * DESIGN. All words are joined into one text, because ICU decides about breaks from what stands on both sides.
 * Each word becomes an atom, cut at white space inside it and, when it is wider than a line, wherever it hurts
 * least. In languages with spaces the words around a space decide how good a break is; in those without, words
 * are cut where ICU finds phrases, as recognizers give such text in arbitrary bits, and the phrases decide.
 */
#include "caption/setting_parts.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "caption/icu.h"

#define LATEST_MS (1000LL * 1000 * 1000 * 1000) /* guards the arithmetic against absurd times */

static int width_of(uint32_t c, bool half_columns) {
  return half_columns ? icu_width(c) : 2 * icu_width(c);
}

static int64_t to_ms(double seconds, int64_t at_least) {
  if (!(seconds * 1000 > (double)at_least)) return at_least; /* NaN too */
  return seconds * 1000 < (double)LATEST_MS ? llround(seconds * 1000) : LATEST_MS;
}

struct maker {
  const struct caption_profile *p;
  const struct language *language;
  struct atoms *a;
  struct buf text;
  const uint8_t *breaks;
};

/* The words' texts without white space, each an atom; times of parts in proportion to their bytes. */
static void add_word(struct maker *m, const struct word *w, int64_t *last_start) {
  int64_t start = to_ms(w->start, *last_start), end = to_ms(w->end, start);
  *last_start = start;
  size_t n = strlen(w->text);
  bool space = w->space_before, first = true;
  for (size_t i = 0; i < n;) {
    size_t len, from = i;
    for (; i < n && icu_is_blank(utf8_next(w->text + i, &len)); i += len) space = true;
    from = i;
    for (; i < n && !icu_is_blank(utf8_next(w->text + i, &len)); i += len) continue;
    if (i == from) break;
    struct atoms *a = m->a;
    space = space && a->count > 0;
    if (space) buf_addc(&m->text, ' ');
    x_grow(&a->list, &a->cap, a->count + 1, sizeof *a->list);
    a->list[a->count++] = (struct atom){.offset = m->text.len,
                                        .length = i - from,
                                        .start = start + (end - start) * (int64_t)from / (int64_t)n,
                                        .end = start + (end - start) * (int64_t)i / (int64_t)n,
                                        .probability = w->probability,
                                        .space = space,
                                        .starts_segment = first && w->starts_segment};
    buf_add(&m->text, w->text + from, i - from);
    space = first = false;
  }
}

/* In Chinese, Japanese, Thai the recognizer's words are bits of any size: the first phrase of text[from..to). */
static size_t phrase_end(const struct maker *m, size_t from, size_t to) {
  for (size_t i = from + 1; i < to; i++)
    if (m->breaks[i] & ICU_PHRASE) return i;
  return to;
}

/* Where to cut text[from..to), which is wider than a line: a good place in its second half, else any place, else
 * between characters. */
static size_t cut_point(const struct maker *m, size_t from, size_t to) {
  int limit = 2 * m->p->max_line_chars, width = 0;
  size_t phrase = from, line = from, grapheme = from, i = from;
  for (size_t len; i < to; i += len) {
    if (i > from) {
      uint8_t b = m->breaks[i];
      if (b & ICU_PHRASE && 2 * width >= limit) phrase = i;
      if (b & ICU_LINE && 2 * width >= limit) line = i;
      if (b & ICU_GRAPHEME) grapheme = i;
    }
    uint32_t c = utf8_next(m->text.data + i, &len);
    width += width_of(c, m->p->half_columns);
    if (width > limit) break;
  }
  return phrase > from ? phrase : line > from ? line : grapheme > from ? grapheme : i;
}

static int text_width(const struct maker *m, size_t from, size_t to) {
  int width = 0;
  for (size_t len; from < to; from += len) width += width_of(utf8_next(m->text.data + from, &len), m->p->half_columns);
  return width;
}

static void cut_atoms(struct maker *m) {
  struct atoms cut = {0};
  for (size_t i = 0; i < m->a->count; i++) {
    struct atom rest = m->a->list[i];
    for (;;) {
      struct atom piece = rest;
      size_t at = rest.offset + rest.length;
      if (language_is_unspaced(m->language)) at = phrase_end(m, rest.offset, at);
      piece.width = text_width(m, rest.offset, at);
      if (piece.width > 2 * m->p->max_line_chars) {
        at = cut_point(m, rest.offset, at);
        piece.width = text_width(m, rest.offset, at);
      }
      piece.length = at - rest.offset;
      if (piece.length < rest.length) {
        piece.end = rest.start + (rest.end - rest.start) * (int64_t)piece.length / (int64_t)rest.length;
      }
      x_grow(&cut.list, &cut.cap, cut.count + 1, sizeof *cut.list);
      cut.list[cut.count++] = piece;
      if (piece.length == rest.length) break;
      rest.offset += piece.length;
      rest.length -= piece.length;
      rest.start = piece.end;
      rest.space = rest.starts_segment = false;
    }
  }
  free(m->a->list);
  m->a->list = cut.list;
  m->a->count = cut.count;
  m->a->cap = cut.cap;
}

static size_t token_start(const struct maker *m, size_t at, uint8_t flag) {
  const char *s = m->text.data;
  while (at > 0 && s[at - 1] != ' ' && !(flag && m->breaks[at] & flag)) at--;
  return at;
}

static size_t token_end(const struct maker *m, size_t at, uint8_t flag) {
  const char *s = m->text.data;
  while (s[at] && s[at] != ' ') {
    at++;
    if (flag && m->breaks[at] & flag) break;
  }
  return at;
}

static bool is_latin(const char *s) {
  size_t len;
  return utf8_next(s, &len) < 0x300;
}

static enum break_kind kind_before(const struct maker *m, const struct atom *x, bool starts_sentence) {
  const char *s = m->text.data;
  bool unspaced = language_is_unspaced(m->language);
  if (!x->space) {
    if (!(m->breaks[x->offset] & ICU_LINE)) return BREAK_NEVER;
    if (!unspaced || !(m->breaks[x->offset] & ICU_PHRASE)) return BREAK_INSIDE;
  }
  uint8_t flag = unspaced ? ICU_PHRASE : 0;
  size_t before_end = x->offset - (x->space ? 1 : 0);
  size_t before = before_end > 0 ? token_start(m, before_end - 1, flag) : 0, after = token_end(m, x->offset, flag);
  struct word_facts a, b;
  language_describe(m->language, s + before, before_end - before, &a);
  language_describe(m->language, s + x->offset, after - x->offset, &b);
  enum break_kind kind = language_break(m->language, &a, &b, starts_sentence);
  if (!unspaced || !x->space) return kind;
  /* A space among letters that need none is the writer's comma, unless it stands inside foreign words. */
  bool foreign = is_latin(s + before) && is_latin(s + x->offset);
  if (foreign) return kind < BREAK_WEAK && kind >= BREAK_CONJUNCTION ? BREAK_WEAK : kind;
  return kind > BREAK_COMMA && kind < BREAK_NEVER ? BREAK_COMMA : kind;
}

void atoms_make(const struct transcript *t, const char *language, const struct caption_profile *p, struct atoms *ret) {
  _cleanup_(language_freep) struct language *l = language_open(language);
  struct maker m = {.p = p, .language = l, .a = ret, .text = BUF_INIT};
  int64_t last_start = 0;
  for (size_t i = 0; i < t->count; i++) add_word(&m, &t->words[i], &last_start);
  buf_addc(&m.text, '\0'); /* so that the text exists when there are no words */
  size_t n = m.text.len - 1;
  _cleanup_(mem_freep) uint8_t *breaks = x_malloc(n + 1);
  icu_breaks(m.text.data, n, language, breaks);
  m.breaks = breaks;
  cut_atoms(&m);
  int total = 0, space = p->half_columns ? 1 : 2;
  size_t sentence_at = 0; /* the atom that began the sentence, while it is the last word seen */
  for (size_t i = 0; i < ret->count; i++) {
    struct atom *x = &ret->list[i];
    if (x->space) total += space;
    x->before = total;
    total += x->width;
    /* A part of a word may begin after the next word, where words overlap. */
    if (i > 0 && x->start < x[-1].start) x->start = x[-1].start;
    if (x->end < x->start) x->end = x->start;
    x->cue_start = x->start;
    x->kind = i == 0 ? BREAK_SENTENCE : kind_before(&m, x, sentence_at + 1 == i);
    if (x->kind == BREAK_SENTENCE || (!x->space && sentence_at + 1 == i && !language_is_unspaced(l))) sentence_at = i;
  }
  ret->text = buf_take(&m.text);
}

void atoms_release(struct atoms *a) {
  free(a->text);
  free(a->list);
  memset(a, 0, sizeof *a);
}
