/*
 * DESIGN. W3C WebVTT (w3.org/TR/webvtt1): blocks divided by empty lines; a block with an arrow in its first or second line is a cue, the
 * others (NOTE, STYLE, REGION, the header) are passed over. In a text entities become characters and tags
 * stay as they are written (markup.h). Inline times <00:00:01.000> become the times of the words behind them; what stands before
 * the first one is a word from the cue's start on, which is how the writer leaves out the time of a word that starts with its cue:
 * an inline time must lie inside the cue and behind the one before.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "caption/formats.h"
#include "caption/markup.h"

static const struct {
  const char *entity, *text;
} entities[] = {{"&amp;", "&"},
                {"&lt;", "<"},
                {"&gt;", ">"},
                {"&nbsp;", "\xC2\xA0"},
                {"&lrm;", "\xE2\x80\x8E"},
                {"&rlm;", "\xE2\x80\x8F"},
                {"&#39;", "'"},
                {"&quot;", "\""}};

struct reading { /* one cue's text */
  struct buf text;
  int64_t start, end;
  struct cue_word *words;
  size_t count, cap;
  size_t *letters; /* positions of '<' in the line that are no tag */
  size_t letter_count, letter_cap;
};

static void begin_word(struct reading *r, size_t offset, int64_t ms) {
  if (r->count && r->words[r->count - 1].offset == offset) r->count--; /* nothing was said at that time */
  x_grow(&r->words, &r->cap, r->count + 1, sizeof *r->words);
  r->words[r->count++] = (struct cue_word){.offset = offset, .start_ms = ms, .end_ms = ms, .probability = 1};
}

/* A time that lies outside the cue or not behind the one before tells nothing. */
static void take_time(struct reading *r, int64_t ms) {
  if (ms <= (r->count ? r->words[r->count - 1].start_ms : r->start) || ms >= r->end) return;
  if (r->count == 0 && r->text.len > 0) begin_word(r, 0, r->start);
  begin_word(r, r->text.len, ms);
}

static void add_letter(struct reading *r, const char *text) {
  if (*text == '<') {
    x_grow(&r->letters, &r->letter_cap, r->letter_count + 1, sizeof *r->letters);
    r->letters[r->letter_count++] = r->text.len;
  }
  buf_adds(&r->text, text);
}

static size_t read_entity(struct reading *r, const char *s, size_t n) {
  for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
    size_t length = strlen(entities[i].entity);
    if (n < length || memcmp(s, entities[i].entity, length) != 0) continue;
    add_letter(r, entities[i].text);
    return length;
  }
  return 0;
}

static void read_line(struct reading *r, const char *s, size_t n) {
  const char *end = s + n;
  size_t from = r->text.len;
  r->letter_count = 0;
  while (s < end && r->text.len <= LIMIT_CUE_BYTES) { /* more is refused by formats_add() */
    struct markup m;
    const char *p = s + 1;
    int64_t ms;
    if (*s == '<' && time_read(&p, end, &ms) && p < end && *p == '>') {
      take_time(r, ms);
      s = p + 1;
      continue;
    }
    if (*s == '<' && markup_at(s, (size_t)(end - s), &m)) {
      buf_add(&r->text, s, m.length);
      s += m.length;
      continue;
    }
    size_t length = *s == '&' ? read_entity(r, s, (size_t)(end - s)) : 0;
    if (length == 0) {
      add_letter(r, (char[]){*s, '\0'});
      length = 1;
    }
    s += length;
  }
  for (size_t i = r->letter_count; i-- > 0;) {
    size_t put = markup_guard(&r->text, r->letters[i]);
    for (size_t w = 0; put && w < r->count; w++)
      if (r->words[w].offset > r->letters[i]) r->words[w].offset += put;
  }
  if (r->text.len - from == 2 && memcmp(r->text.data + from, BLANK_LINE, 2) == 0) {
    r->text.len = from; /* an empty line, which would have ended the cue */
    r->text.data[from] = '\0';
    for (size_t w = 0; w < r->count; w++)
      if (r->words[w].offset > from) r->words[w].offset = from;
  }
}

static bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t';
}

/* A word begins behind the blanks and tags that follow its time. */
static size_t word_start(const char *text, size_t at, size_t end) {
  struct markup m;
  while (at < end) {
    if (is_blank(text[at])) at++;
    else if (markup_at(text + at, end - at, &m)) at += m.length;
    else break;
  }
  return at;
}

static size_t word_end(const char *text, size_t start, size_t end) {
  size_t last = start;
  struct markup m;
  for (size_t i = start; i < end;) {
    if (markup_at(text + i, end - i, &m)) {
      i += m.length;
    } else {
      if (!is_blank(text[i])) last = i + 1;
      i++;
    }
  }
  return last;
}

/* A word lasts to the next one's start. */
static void finish_words(struct reading *r, struct cue *c) {
  size_t kept = 0, all = strlen(c->text);
  for (size_t i = 0; i < r->count; i++) {
    struct cue_word w = r->words[i];
    size_t end = i + 1 < r->count ? r->words[i + 1].offset : all;
    w.offset = word_start(c->text, w.offset, end);
    w.length = word_end(c->text, w.offset, end) - w.offset;
    w.end_ms = i + 1 < r->count ? r->words[i + 1].start_ms : c->end_ms;
    if (w.length > 0) r->words[kept++] = w;
  }
  if (kept == 0) return;
  c->words = TAKE(r->words);
  c->word_count = kept;
}

static bool is_arrow(const struct lines *l) {
  int64_t start, end;
  const char *rest;
  size_t n;
  return arrow_read(l, &start, &end, &rest, &n);
}

/* "align:start line:0", and not an ASS script's fields. */
static bool are_settings(const char *s) {
  return strchr(s, ':') && !strchr(s, '\n') && !settings_are_ass(s);
}

static int read_cue(struct lines *l, const char *id, size_t id_len, const char *what, struct cue_list *ret,
                    struct err *e) {
  int64_t start, end;
  const char *rest;
  size_t n, line = l->number;
  arrow_read(l, &start, &end, &rest, &n);
  struct reading r = {.text = BUF_INIT, .start = start < end ? start : end, .end = start < end ? end : start};
  for (bool first = true;; first = false) {
    struct lines next = *l;
    if (!lines_next(&next) || next.len == 0 || is_arrow(&next)) break;
    *l = next;
    if (!first) buf_addc(&r.text, '\n');
    read_line(&r, l->line, l->len);
  }
  int rc = formats_add(ret, start, end, &r.text, what, line, e);
  if (rc == 0) {
    struct cue *c = &ret->cues[ret->count - 1];
    if (id_len) c->id = x_strndup(id, id_len);
    c->settings = n ? x_strndup(rest, n) : NULL;
    if (c->settings && !are_settings(c->settings)) {
      free(c->settings);
      c->settings = NULL;
    }
    finish_words(&r, c);
  }
  buf_release(&r.text);
  free(r.words);
  free(r.letters);
  return rc;
}

static void read_language(const struct lines *l, struct cue_list *ret) {
  static const char key[] = "Language:";
  const char *s = l->line + sizeof key - 1, *end = l->line + l->len;
  if (l->len < sizeof key || memcmp(l->line, key, sizeof key - 1) != 0) return;
  while (s < end && *s == ' ') s++;
  while (end > s && is_blank(end[-1])) end--;
  if ((size_t)(end - s) < sizeof ret->language)
    snprintf(ret->language, sizeof ret->language, "%.*s", (int)(end - s), s);
}

int vtt_read(const char *text, const char *what, struct cue_list *ret, struct err *e) {
  struct lines l = {.at = text}, previous = l;
  size_t in_block = 0;
  bool header = true;
  int rc = 0;
  while (rc == 0 && lines_next(&l)) {
    if (l.len == 0) {
      header = header && in_block == 0;
      in_block = 0;
      continue;
    }
    if (is_arrow(&l)) { /* its identifier is the line above, when that is the block's only one */
      bool named = in_block == 1 && !header;
      rc = read_cue(&l, named ? previous.line : NULL, named ? previous.len : 0, what, ret, e);
      header = false;
      in_block = 0;
      continue;
    }
    if (header) read_language(&l, ret);
    in_block += has_arrow(l.line, l.len) ? 2 : 1;
    previous = l;
  }
  return rc;
}

/* ---- writing ---- */

static void put_time(struct buf *out, int64_t ms) {
  buf_addf(out, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
           ms % 1000);
}

static void put_text(struct buf *out, const struct cue *c) {
  size_t word = 0;
  int64_t latest = c->start_ms;
  bool empty = true; /* the line, so far */
  for (const char *s = c->text; *s;) {
    size_t at = (size_t)(s - c->text);
    for (; word < c->word_count && c->words[word].offset <= at; word++) {
      int64_t start = c->words[word].start_ms;
      if (start <= latest || start >= c->end_ms || c->words[word].offset < at) continue;
      buf_addc(out, '<');
      put_time(out, start);
      buf_addc(out, '>');
      latest = start;
    }
    struct markup m;
    if (*s == '<' && markup_at(s, strlen(s), &m)) {
      buf_add(out, s, m.length);
      s += m.length;
      empty = false;
      continue;
    }
    if (*s == '\n') {
      buf_adds(out, empty ? "&nbsp;\n" : "\n");
      empty = true;
      if (!*++s) buf_adds(out, "&nbsp;");
      continue;
    }
    if (*s == '&') buf_adds(out, "&amp;");
    else if (*s == '<') buf_adds(out, "&lt;");
    else if (*s == '>' && at >= 2 && s[-1] == '-' && s[-2] == '-') buf_adds(out, "&gt;");
    else if (*s != '\r') buf_addc(out, *s);
    empty = empty && *s == '\r';
    s++;
  }
  buf_addc(out, '\n');
}

void vtt_write(const struct cue_list *l, struct buf *out) {
  buf_adds(out, "WEBVTT\n");
  if (l->language[0]) buf_addf(out, "Language: %s\n", l->language);
  buf_addc(out, '\n');
  for (size_t i = 0; i < l->count; i++) {
    const struct cue *c = &l->cues[i];
    if (c->id && *c->id && !has_arrow(c->id, strlen(c->id)) && !strchr(c->id, '\n')) buf_addf(out, "%s\n", c->id);
    put_time(out, c->start_ms);
    buf_adds(out, " --> ");
    put_time(out, c->end_ms);
    if (c->settings && are_settings(c->settings)) buf_addf(out, " %s", c->settings);
    buf_addc(out, '\n');
    if (*c->text) put_text(out, c);
    buf_addc(out, '\n');
  }
}
