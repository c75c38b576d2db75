/*
 * DESIGN. A cue is a line with an arrow and the lines behind it up to a blank one, or up to the next arrow (some files have no
 * blank lines; the number above an arrow is then not text). What SRT cannot hold is told apart on writing with
 * characters that look the same: a blank line inside a text gets a no-break space, an arrow a U+2192 in place of "-->".
 */
#include <inttypes.h>
#include <string.h>

#include "caption/formats.h"

static bool only_digits(const struct lines *l) {
  size_t i = 0, n = l->len;
  while (i < n && (l->line[i] == ' ' || l->line[i] == '\t')) i++;
  size_t from = i;
  while (i < n && l->line[i] >= '0' && l->line[i] <= '9') i++;
  size_t many = i - from;
  while (i < n && (l->line[i] == ' ' || l->line[i] == '\t')) i++;
  return many > 0 && i == n;
}

/* Is the next line that is not blank one with an arrow? Then a line of digits before it is its number. */
static bool arrow_follows(struct lines l) {
  int64_t start, end;
  const char *rest;
  size_t n;
  return lines_next(&l) && arrow_read(&l, &start, &end, &rest, &n);
}

/* The lines of one cue's text; leaves `l` before the line that ends it. */
static void read_text(struct lines *l, struct buf *text) {
  for (;;) {
    struct lines before = *l;
    int64_t start, end;
    const char *rest;
    size_t n;
    if (!lines_next(l)) return;
    if (line_is_blank(l)) return;
    if (arrow_read(l, &start, &end, &rest, &n) || (only_digits(l) && arrow_follows(*l))) {
      *l = before;
      return;
    }
    if (text->len) buf_addc(text, '\n');
    buf_add(text, l->line, l->len);
  }
}

int srt_read(const char *text, const char *what, struct cue_list *ret, struct err *e) {
  struct lines l = {.at = text};
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  while (lines_next(&l)) {
    int64_t start, end;
    const char *rest;
    size_t n, line = l.number;
    if (!arrow_read(&l, &start, &end, &rest, &n)) continue; /* numbers, and what strays between cues */
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

static void put_text(struct buf *out, const char *text) {
  for (const char *line = text;;) {
    size_t n = strcspn(line, "\n");
    size_t blank = strspn(line, " \t");
    if (blank >= n) {
      if (*text) buf_adds(out, "\xC2\xA0"); /* no-break space */
    } else {
      for (size_t i = 0; i < n; i++) {
        if (n - i >= 3 && memcmp(line + i, "-->", 3) == 0) {
          buf_adds(out, "\xE2\x86\x92");
          i += 2;
        } else {
          buf_addc(out, line[i]);
        }
      }
    }
    buf_addc(out, '\n');
    if (!line[n]) return;
    line += n + 1;
  }
}

void srt_write(const struct cue_list *l, struct buf *out) {
  for (size_t i = 0; i < l->count; i++) {
    buf_addf(out, "%zu\n", i + 1);
    put_time(out, l->cues[i].start_ms);
    buf_adds(out, " --> ");
    put_time(out, l->cues[i].end_ms);
    buf_addc(out, '\n');
    put_text(out, l->cues[i].text);
    buf_addc(out, '\n');
  }
}
