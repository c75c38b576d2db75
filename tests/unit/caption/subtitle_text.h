/* Cues as one text, for the tests of the formats. Behind cmocka.h. */
#ifndef TITR_TESTS_SUBTITLE_TEXT_H
#define TITR_TESTS_SUBTITLE_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caption/format.h"

/* "1000-2000 [text] #id (settings) offset+length@start …" a line. */
static inline char *cues_text(const struct cue_list *l) {
  struct buf b = BUF_INIT;
  buf_adds(&b, "");
  for (size_t i = 0; i < l->count; i++) {
    const struct cue *c = &l->cues[i];
    buf_addf(&b, "%lld-%lld [%s]", (long long)c->start_ms, (long long)c->end_ms, c->text);
    if (c->id) buf_addf(&b, " #%s", c->id);
    if (c->settings) buf_addf(&b, " (%s)", c->settings);
    for (size_t w = 0; w < c->word_count; w++)
      buf_addf(&b, " %.*s@%lld-%lld", (int)c->words[w].length, c->text + c->words[w].offset,
               (long long)c->words[w].start_ms, (long long)c->words[w].end_ms);
    buf_addc(&b, '\n');
  }
  return buf_take(&b);
}

static inline void expect_read(const char *bytes, size_t n, enum caption_format format, const char *expected) {
  struct cue_list l = {0};
  struct err e = {0};
  enum caption_format found;
  if (caption_read(bytes, n, "file", &l, &found, &e) < 0) fail_msg("%s\n%s", e.msg, bytes);
  char *text = cues_text(&l);
  if (found != format || strcmp(text, expected) != 0)
    fail_msg("%s\nread as:\n%s\nexpected:\n%s", bytes, text, expected);
  free(text);
  cue_list_release(&l);
}

static inline void expect_refused(const char *text, const char *message) {
  struct cue_list l = {0};
  struct err e = {0};
  int rc = caption_read(text, strlen(text), "file", &l, NULL, &e);
  if (rc != ERR_INPUT || !strstr(e.msg, message) || l.count) fail_msg("%s\nnot refused: %d %s", text, rc, e.msg);
}

static inline void expect_written(const struct cue_list *l, enum caption_format f, const char *expected) {
  struct buf b = BUF_INIT;
  caption_write(l, f, &b);
  assert_string_equal(buf_str(&b), expected);
  buf_release(&b);
}

#endif
