/*
 * What the four targets do with their bytes: read them as subtitles, hold what format.h and cue.h promise about the
 * result, and write and read it again, which must change nothing more. Then all that is made of foreign cues: the other
 * formats, the checker, a style's script.
 */
#ifndef TITR_TESTS_FUZZ_SUBTITLE_INPUT_H
#define TITR_TESTS_FUZZ_SUBTITLE_INPUT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "caption/check.h"
#include "caption/format.h"
#include "caption/style.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
  if (!holds) abort();
}

static void look_at(const struct cue_list *l) {
  must(l->count <= LIMIT_SUBTITLE_CUES);
  for (size_t i = 0; i < l->count; i++) {
    const struct cue *c = &l->cues[i];
    size_t n = strlen(c->text);
    must(c->start_ms >= 0 && c->start_ms < c->end_ms && n <= LIMIT_CUE_BYTES && utf8_valid(c->text, n));
    must(i == 0 || l->cues[i - 1].start_ms <= c->start_ms);
    for (size_t w = 0; w < c->word_count; w++)
      must(c->words[w].offset <= n && c->words[w].length <= n - c->words[w].offset &&
           c->words[w].start_ms <= c->words[w].end_ms);
  }
}

static void write_all(const struct cue_list *l) {
  struct caption_profile p;
  struct caption_breach *found;
  size_t count;
  for (int f = CAPTION_SRT; f <= CAPTION_JSON; f++) {
    struct buf b = BUF_INIT;
    caption_write(l, (enum caption_format)f, &b);
    must(utf8_valid(buf_str(&b), b.len));
    buf_release(&b);
  }
  must(caption_profile_find("netflix", l->language, false, 25, &p, NULL) == 0);
  caption_check(l, &p, &found, &count);
  free(found);
  struct buf b = BUF_INIT;
  for (size_t i = 0; i < 12 && caption_style_at(i); i += 1 + l->count % 4)
    caption_style_script(caption_style_at(i), l, 640, 360, CAPTION_BOTTOM, &b);
  must(!strchr(buf_str(&b), '\r'));
  buf_release(&b);
}

static int try_subtitles(const void *bytes, size_t n, enum caption_format wanted) {
  struct cue_list first = {0}, second = {0};
  struct buf once = BUF_INIT, twice = BUF_INIT;
  enum caption_format f;
  struct err e = {0};
  if (caption_read(bytes, n, "input", &first, &f, &e) < 0) {
    must(e.code == ERR_INPUT && e.msg[0] && first.count == 0);
    return 0;
  }
  look_at(&first);
  caption_write(&first, f, &once);
  must(caption_read(buf_str(&once), once.len, "what was written", &second, &f, NULL) == 0);
  must(second.count == first.count);
  caption_write(&second, f, &twice);
  must(once.len == twice.len && memcmp(buf_str(&once), buf_str(&twice), once.len) == 0);
  if (f == wanted) write_all(&first);
  buf_release(&once);
  buf_release(&twice);
  cue_list_release(&first);
  cue_list_release(&second);
  return 0;
}

#endif
