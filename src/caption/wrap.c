/*
 * DESIGN. What is broken is the text without its tags (caption_break_lines(), which changes nothing but white space).
 * Then both are read side by side: letters and tags come from the cue, white space from the broken text. A closing tag
 * stays with the letter before it, an opening one goes with the letter behind it.
 */
#include "caption/wrap.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "caption/icu.h"
#include "caption/language.h"
#include "caption/markup.h"
#include "caption/setting.h"

static bool is_blank(const char *s, size_t *ret_len) {
  return icu_is_blank(utf8_next(s, ret_len));
}

static bool fits(const char *text, const struct caption_profile *p) {
  int lines = 1, width = 0;
  const int most = (p->half_columns ? 2 : 1) * p->max_line_chars;
  for (size_t len; *text; text += len) {
    uint32_t c = utf8_next(text, &len);
    if (c == '\n') {
      lines++;
      width = 0;
    } else {
      width += icu_width(c);
    }
    if (width > most || lines > p->max_lines) return false;
  }
  return true;
}

/* ---- the text, broken ---- */

static bool begins_with_dash(const char *s) {
  static const char *const dashes[] = {"-", "\xE2\x80\x90", "\xE2\x80\x93", "\xE2\x80\x94"}; /* - ‐ – — */
  for (size_t i = 0; i < ARRAY_LEN(dashes); i++)
    if (strncmp(s, dashes[i], strlen(dashes[i])) == 0) return true;
  return false;
}

/* Between Chinese or Japanese characters a line's end is no space. */
static bool runs_on(const struct language_table *language, uint32_t before, const char *after) {
  size_t len;
  return language && language->unspaced && icu_width(before) == 2 && icu_width(utf8_next(after, &len)) == 2;
}

/* What one speaker says, broken. */
static void add_speaker(const char *text, size_t n, const char *language, const struct caption_profile *p,
                        struct buf *out) {
  _cleanup_(buf_release) struct buf one = BUF_INIT;
  const struct language_table *rules = language_table_find(language);
  uint32_t before = 0;
  for (size_t i = 0, len; i < n; i += len) {
    uint32_t c = utf8_next(text + i, &len);
    if (c == '\n' && i + 1 < n && runs_on(rules, before, text + i + 1)) continue;
    buf_add(&one, text + i, len);
    before = c;
  }
  _cleanup_(mem_freep) char *broken = caption_break_lines(buf_str(&one), language, p);
  if (out->len) buf_addc(out, '\n');
  buf_adds(out, broken);
}

static void break_text(const char *text, const char *language, const struct caption_profile *p, struct buf *out) {
  const char *from = text, *at = text;
  /* a dash that only a later line begins with is one of the sentence ("Москва\n— столица") */
  bool dialogue = begins_with_dash(text);
  while ((at = strchr(at, '\n'))) {
    at++;
    if (!dialogue || !begins_with_dash(at)) continue;
    add_speaker(from, (size_t)(at - 1 - from), language, p, out);
    from = at;
  }
  add_speaker(from, strlen(from), language, p, out);
}

/* ---- back into the cue ---- */

struct merge {
  const char *broken; /* not yet used */
  struct buf out;
  size_t *place; /* of each byte of the old text, in the new one */
};

static void merge_release(struct merge *m) {
  buf_release(&m->out);
}

static void put_blanks(struct merge *m) {
  for (size_t len; *m->broken && is_blank(m->broken, &len); m->broken += len)
    if (m->out.len) buf_add(&m->out, m->broken, len);
}

/* False when the texts differ in more than white space. */
static bool merge(struct merge *m, const char *old) {
  size_t n = strlen(old), len;
  for (size_t i = 0; i < n; i += len) {
    struct markup tag;
    if (markup_at(old + i, n - i, &tag)) {
      if (!tag.closes) put_blanks(m);
      len = tag.length;
    } else if (is_blank(old + i, &len)) {
      for (size_t k = 0; k < len; k++) m->place[i + k] = m->out.len;
      continue;
    } else {
      put_blanks(m);
      if (strncmp(m->broken, old + i, len) != 0) return false;
      m->broken += len;
    }
    for (size_t k = 0; k < len; k++) m->place[i + k] = m->out.len + k;
    buf_add(&m->out, old + i, len);
  }
  m->place[n] = m->out.len;
  return true;
}

static void move_words(struct cue *c, const size_t *place) {
  for (size_t i = 0; i < c->word_count; i++) {
    struct cue_word *w = &c->words[i];
    if (w->length == 0) {
      w->offset = place[w->offset];
      continue;
    }
    /* its last letter's place, not that of what follows: white space may have come between */
    size_t last = w->offset + w->length - 1;
    while (last > w->offset && (c->text[last] == '\n' || c->text[last] == ' ')) last--;
    w->length = place[last] + 1 - place[w->offset];
    w->offset = place[w->offset];
  }
}

static bool wrap(struct cue *c, const char *language, const struct caption_profile *p) {
  _cleanup_(buf_release) struct buf plain = BUF_INIT, broken = BUF_INIT;
  markup_strip(c->text, strlen(c->text), &plain);
  if (fits(buf_str(&plain), p)) return false;
  break_text(buf_str(&plain), language, p, &broken);
  _cleanup_(mem_freep) size_t *place = NEW_ARRAY(size_t, strlen(c->text) + 1);
  _cleanup_(merge_release) struct merge m = {.broken = buf_str(&broken), .place = place, .out = BUF_INIT};
  if (!merge(&m, c->text) || m.out.len == 0 || strcmp(buf_str(&m.out), c->text) == 0) return false;
  move_words(c, place);
  free(c->text);
  c->text = buf_take(&m.out);
  return true;
}

size_t caption_wrap(struct cue_list *l, const struct caption_profile *p) {
  size_t changed = 0;
  for (size_t i = 0; i < l->count; i++) changed += wrap(&l->cues[i], l->language, p);
  return changed;
}
