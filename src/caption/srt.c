/*
 * DESIGN. A cue is a line with an arrow and the lines behind it, up to a blank line that is followed by the next cue (some
 * people leave blank lines inside a text) or up to the next arrow (some programs leave none between cues); the number
 * above an arrow is not text. What SRT cannot hold is written with characters that look the same and
 * turned back on reading: an empty line inside a text is a no-break space, "-->" has a word joiner before its '>'.
 */
#include <inttypes.h>
#include <string.h>

#include "caption/formats.h"
#include "caption/markup.h"

static bool only_digits(const struct lines *l) {
  size_t i = 0, n = l->len;
  while (i < n && (l->line[i] == ' ' || l->line[i] == '\t')) i++;
  size_t from = i;
  while (i < n && l->line[i] >= '0' && l->line[i] <= '9') i++;
  size_t many = i - from;
  while (i < n && (l->line[i] == ' ' || l->line[i] == '\t')) i++;
  return many > 0 && i == n;
}

static bool is_arrow(const struct lines *l) {
  int64_t start, end;
  const char *rest;
  size_t n;
  return arrow_read(l, &start, &end, &rest, &n);
}

/* Does the line just read begin a cue: an arrow, or a number above one? */
static bool begins_cue(const struct lines *l) {
  struct lines next = *l;
  return is_arrow(l) || (only_digits(l) && lines_next(&next) && is_arrow(&next));
}

static void add_line(struct buf *text, bool first, const char *line, size_t n) {
  if (!first) buf_addc(text, '\n');
  if (n == 2 && memcmp(line, BLANK_LINE, 2) == 0) return;
  for (size_t i = 0; i < n; i++) {
    if (n - i >= sizeof ARROW_WRITTEN - 1 && memcmp(line + i, ARROW_WRITTEN, sizeof ARROW_WRITTEN - 1) == 0) {
      buf_adds(text, "-->");
      i += sizeof ARROW_WRITTEN - 2;
    } else {
      buf_addc(text, line[i]);
    }
  }
}

/* The lines of one cue's text; leaves `l` before the line that begins the next. */
static void read_text(struct lines *l, struct buf *text) {
  bool first = true;
  for (;;) {
    struct lines before = *l;
    size_t blanks = 0;
    bool more = lines_next(l);
    while (more && line_is_blank(l)) {
      blanks++;
      before = *l;
      more = lines_next(l);
    }
    if (!more || begins_cue(l)) {
      *l = before;
      return;
    }
    for (; blanks > 0; blanks--, first = false) add_line(text, first, "", 0);
    add_line(text, first, l->line, l->len);
    first = false;
  }
}

int srt_read(const char *text, const char *what, struct cue_list *ret, struct err *e) {
  struct lines l = {.at = text};
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  while (lines_next(&l)) {
    int64_t start, end;
    const char *rest;
    size_t n, line = l.number;
    if (!arrow_read(&l, &start, &end, &rest, &n)) continue; /* numbers, and what strays before the first cue */
    buf_clear(&b);
    read_text(&l, &b);
    int rc = formats_add(ret, start, end, &b, what, line, e);
    if (rc < 0) return rc;
  }
  return 0;
}

static void put_time(struct buf *out, int64_t ms) {
  buf_addf(out, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 ",%03" PRId64, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
           ms % 1000);
}

static void put_line(struct buf *out, const char *line, size_t n) {
  if (strspn(line, " \t") >= n) {
    buf_adds(out, BLANK_LINE);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    if (n - i >= 3 && memcmp(line + i, "-->", 3) == 0) {
      buf_adds(out, ARROW_WRITTEN);
      i += 2;
    } else if (line[i] != '\r') { /* which would be a line's end */
      buf_addc(out, line[i]);
    }
  }
}

static void put_text(struct buf *out, const char *text) {
  if (*text) {
    for (const char *line = text;; line++) {
      size_t n = strcspn(line, "\n");
      put_line(out, line, n);
      buf_addc(out, '\n');
      line += n;
      if (!*line) break;
    }
  }
  buf_addc(out, '\n');
}

void srt_write(const struct cue_list *l, struct buf *out) {
  for (size_t i = 0; i < l->count; i++) {
    buf_addf(out, "%zu\n", i + 1);
    put_time(out, l->cues[i].start_ms);
    buf_adds(out, " --> ");
    put_time(out, l->cues[i].end_ms);
    buf_addc(out, '\n');
    put_text(out, l->cues[i].text);
  }
}
