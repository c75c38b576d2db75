/* The four formats behind format.h, and the small things they share. Inside caption/ only. */
#ifndef TITR_CAPTION_FORMATS_H
#define TITR_CAPTION_FORMATS_H

#include "base/buf.h"
#include "base/err.h"
#include "caption/cue.h"

/* Readers take clean UTF-8 with '\n' line ends (format.c sees to it) and append to *ret. */
int srt_read(const char *text, const char *what, struct cue_list *ret, struct err *e);
int vtt_read(const char *text, const char *what, struct cue_list *ret, struct err *e);
int ass_read(const char *text, const char *what, struct cue_list *ret, struct err *e);
int cue_json_read(const char *text, size_t n, const char *what, struct cue_list *ret, struct err *e);

void srt_write(const struct cue_list *l, struct buf *out);
void vtt_write(const struct cue_list *l, struct buf *out);
void ass_write(const struct cue_list *l, struct buf *out);
void cue_json_write(const struct cue_list *l, struct buf *out);

/* How SRT and WebVTT write what would end a cue: an empty line, an arrow in a text (with a word joiner inside). */
#define BLANK_LINE    "\xC2\xA0"
#define ARROW_WRITTEN "--\xE2\x81\xA0>"

/* One line at a time; `line` is not NUL-terminated. */
struct lines {
  const char *at;
  const char *line;
  size_t len;
  size_t number; /* of `line`, from 1 */
};
bool lines_next(struct lines *l);
bool line_is_blank(const struct lines *l);

/* "1:02:03,456" and "02:03.4", but not "00:00:01:12". Moves *s behind it; false when there is none. */
bool time_read(const char **s, const char *end, int64_t *ret_ms);
/* A cue's "start --> end" line. `rest`: what follows, inside the line. */
bool arrow_read(const struct lines *l, int64_t *ret_start, int64_t *ret_end, const char **rest, size_t *rest_len);
bool has_arrow(const char *s, size_t n);

/* cue.settings come from an ASS script ("Style,MarginL,MarginR,MarginV,Effect") and not from WebVTT ("align:start"). */
bool settings_are_ass(const char *settings);

/* Checks the ceilings and adds the cue; ERR_INPUT names the line. A cue that ends before it starts is turned around, one of no
 * length gets a millisecond. */
int formats_add(struct cue_list *ret, int64_t start, int64_t end, const struct buf *text, const char *what, size_t line,
                struct err *e);

#endif
