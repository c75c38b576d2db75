/*
 * DESIGN. W3C WebVTT (w3.org/TR/webvtt1): blocks divided by blank lines; NOTE, STYLE and REGION blocks are passed over. Inside a text
 * the entities are turned into characters, inline times <00:00:01.000> into the times of the words that follow
 * them, and other tags stay as they are written; on writing '&' and a '<' that opens no tag are escaped.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caption/formats.h"

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
  struct cue_word *words;
  size_t count, cap;
};

static void begin_word(struct reading *r, int64_t ms) {
  x_grow(&r->words, &r->cap, r->count + 1, sizeof *r->words);
  r->words[r->count++] = (struct cue_word){.offset = r->text.len, .start_ms = ms, .end_ms = ms, .probability = 1};
}

static void read_line(struct reading *r, const char *s, size_t n) {
  const char *end = s + n;
  if (r->text.len) buf_addc(&r->text, '\n');
  while (s < end) {
    if (*s == '<') {
      const char *p = s + 1;
      int64_t ms;
      if (time_read(&p, end, &ms) && p < end && *p == '>') {
        begin_word(r, ms);
        s = p + 1;
        continue;
      }
    } else if (*s == '&') {
      size_t i = 0;
      while (i < ARRAY_LEN(entities) && ((size_t)(end - s) < strlen(entities[i].entity) ||
                                         memcmp(s, entities[i].entity, strlen(entities[i].entity)) != 0))
        i++;
      if (i < ARRAY_LEN(entities)) {
        buf_adds(&r->text, entities[i].text);
        s += strlen(entities[i].entity);
        continue;
      }
    }
    buf_addc(&r->text, *s++);
  }
}

/* Inline times mark where words start; a word lasts to the next one's start. */
static void finish_words(struct reading *r, struct cue *c) {
  size_t kept = 0;
  for (size_t i = 0; i < r->count; i++) {
    struct cue_word w = r->words[i];
    size_t end = i + 1 < r->count ? r->words[i + 1].offset : strlen(c->text);
    while (w.offset < end && (c->text[w.offset] == ' ' || c->text[w.offset] == '\n')) w.offset++;
    while (end > w.offset && (c->text[end - 1] == ' ' || c->text[end - 1] == '\n')) end--;
    w.length = end - w.offset;
    w.end_ms = i + 1 < r->count ? r->words[i + 1].start_ms : c->end_ms;
    if (w.end_ms < w.start_ms) w.end_ms = w.start_ms;
    if (w.length > 0) r->words[kept++] = w;
  }
  if (kept == 0) return;
  c->words = TAKE(r->words);
  c->word_count = kept;
}

static bool passed_over(const struct lines *l) {
  static const char *const blocks[] = {"NOTE", "STYLE", "REGION"};
  for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
    size_t n = strlen(blocks[i]);
    if (l->len >= n && memcmp(l->line, blocks[i], n) == 0 && (l->len == n || l->line[n] == ' ' || l->line[n] == '\t'))
      return true;
  }
  return false;
}

static int read_cue(struct lines *l, const char *id, size_t id_len, const char *what, struct cue_list *ret,
                    struct err *e) {
  int64_t start, end;
  const char *rest;
  size_t n, line = l->number;
  struct reading r = {.text = BUF_INIT};
  arrow_read(l, &start, &end, &rest, &n);
  while (lines_next(l) && l->len > 0) read_line(&r, l->line, l->len);
  int rc = formats_add(ret, start, end, &r.text, what, line, e);
  if (rc == 0) {
    struct cue *c = &ret->cues[ret->count - 1];
    if (id_len) c->id = x_strndup(id, id_len);
    if (n) c->settings = x_strndup(rest, n);
    finish_words(&r, c);
  }
  buf_release(&r.text);
  free(r.words);
  return rc;
}

int vtt_read(const char *text, const char *what, struct cue_list *ret, struct err *e) {
  struct lines l = {.at = text};
  int64_t start, end;
  const char *rest;
  size_t n;
  while (lines_next(&l) && l.len > 0) { /* the header block */
    if (l.len > 10 && memcmp(l.line, "Language: ", 10) == 0)
      snprintf(ret->language, sizeof ret->language, "%.*s", (int)(l.len - 10 < 7 ? l.len - 10 : 7), l.line + 10);
  }
  while (lines_next(&l)) {
    if (l.len == 0) continue;
    if (passed_over(&l)) {
      while (l.len > 0 && lines_next(&l)) {
      }
      continue;
    }
    const char *id = NULL;
    size_t id_len = 0;
    if (!arrow_read(&l, &start, &end, &rest, &n)) {
      id = l.line;
      id_len = l.len;
      if (!lines_next(&l)) break;
      if (!arrow_read(&l, &start, &end, &rest, &n)) {
        while (l.len > 0 && lines_next(&l)) {
        }
        continue;
      }
    }
    int rc = read_cue(&l, id, id_len, what, ret, e);
    if (rc < 0) return rc;
  }
  return 0;
}

/* ---- writing ---- */

static void put_time(struct buf *out, int64_t ms) {
  buf_addf(out, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
           ms % 1000);
}

/* Does a '<' here open a tag that WebVTT knows, so that it is kept? */
static bool opens_tag(const char *s) {
  static const char *const tags[] = {"c", "i", "b", "u", "v", "ruby", "rt", "lang"};
  s += s[1] == '/' ? 2 : 1;
  for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
    size_t n = strlen(tags[i]);
    if (strncmp(s, tags[i], n) == 0 && (s[n] == '>' || s[n] == '.' || s[n] == ' ')) {
      size_t to = strcspn(s, "<>\n");
      return s[to] == '>';
    }
  }
  return false;
}

static void put_text(struct buf *out, const struct cue *c) {
  size_t next = 0;
  for (size_t i = 0; c->text[i]; i++) {
    while (next < c->word_count && c->words[next].offset == i) {
      const struct cue_word *w = &c->words[next++];
      if (w->start_ms >= c->start_ms && w->start_ms < c->end_ms) {
        buf_addc(out, '<');
        put_time(out, w->start_ms);
        buf_addc(out, '>');
      }
    }
    char ch = c->text[i];
    if (ch == '&') buf_adds(out, "&amp;");
    else if (ch == '<' && !opens_tag(c->text + i)) buf_adds(out, "&lt;");
    else if (ch == '>' && i >= 2 && c->text[i - 1] == '-' && c->text[i - 2] == '-') buf_adds(out, "&gt;");
    else if (ch == '\n' && (i == 0 || c->text[i - 1] == '\n' || !c->text[i + 1]))
      buf_adds(out, "&nbsp;\n"); /* an empty line would end the cue */
    else buf_addc(out, ch);
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
    if (c->settings && *c->settings && !strchr(c->settings, '\n') && strchr(c->settings, ':'))
      buf_addf(out, " %s", c->settings);
    buf_addc(out, '\n');
    put_text(out, c);
    buf_addc(out, '\n');
  }
}
