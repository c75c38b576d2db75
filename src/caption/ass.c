/*
 * DESIGN. Of an ASS or SSA script the reader takes the Dialogue lines of [Events], whose fields are named by the Format line before them; what
 * the writer makes is a script with one plain style, for editing elsewhere. Times are centiseconds: on writing cues are
 * snapped so that two that touched still touch.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "caption/ass_text.h"
#include "caption/formats.h"

struct fields { /* positions in a Dialogue line */
  int start, end, text, count;
};

static bool has_prefix(const struct lines *l, const char *prefix) {
  size_t n = strlen(prefix);
  return l->len >= n && strncasecmp(l->line, prefix, n) == 0;
}

static void read_format(const struct lines *l, struct fields *f) {
  *f = (struct fields){-1, -1, -1, 0};
  const char *p = l->line + strlen("Format:"), *end = l->line + l->len;
  while (p < end) {
    const char *comma = memchr(p, ',', (size_t)(end - p));
    const char *stop = comma ? comma : end;
    while (p < stop && *p == ' ') p++;
    size_t n = (size_t)(stop - p);
    while (n && p[n - 1] == ' ') n--;
    if (n == 5 && strncasecmp(p, "Start", 5) == 0) f->start = f->count;
    if (n == 3 && strncasecmp(p, "End", 3) == 0) f->end = f->count;
    if (n == 4 && strncasecmp(p, "Text", 4) == 0) f->text = f->count;
    f->count++;
    p = stop + 1;
  }
}

/* Field `which` of a Dialogue line; the last one keeps its commas. */
static bool field(const struct lines *l, const struct fields *f, int which, const char **ret, const char **ret_end) {
  const char *p = l->line + strlen("Dialogue:"), *end = l->line + l->len;
  for (int i = 0; i < which; i++) {
    p = p < end ? memchr(p, ',', (size_t)(end - p)) : NULL;
    if (!p) return false;
    p++;
  }
  const char *comma = which + 1 < f->count && p < end ? memchr(p, ',', (size_t)(end - p)) : NULL;
  while (p < end && *p == ' ' && which + 1 < f->count) p++;
  *ret = p;
  *ret_end = comma ? comma : end;
  return p <= *ret_end;
}

static int read_dialogue(const struct lines *l, const struct fields *f, const char *what, struct cue_list *ret,
                         struct err *e) {
  const char *p, *end;
  int64_t start, stop;
  if (f->start < 0 || f->end < 0 || f->text < 0)
    return err_set(e, ERR_INPUT, "%s, line %zu: a Dialogue before any Format line", what, l->number);
  if (!field(l, f, f->start, &p, &end) || !time_read(&p, end, &start) || !field(l, f, f->end, &p, &end) ||
      !time_read(&p, end, &stop) || !field(l, f, f->text, &p, &end))
    return err_set(e, ERR_INPUT, "%s, line %zu: not a Dialogue line that can be read", what, l->number);
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  ass_text_take(&text, p, (size_t)(end - p));
  return formats_add(ret, start, stop, &text, what, l->number, e);
}

int ass_read(const char *text, const char *what, struct cue_list *ret, struct err *e) {
  struct lines l = {.at = text};
  struct fields f = {-1, -1, -1, 0};
  bool events = false;
  int rc = 0;
  while (rc == 0 && lines_next(&l)) {
    if (l.len && l.line[0] == '[') events = has_prefix(&l, "[Events]");
    else if (events && has_prefix(&l, "Format:")) read_format(&l, &f);
    else if (events && has_prefix(&l, "Dialogue:")) rc = read_dialogue(&l, &f, what, ret, e);
  }
  return rc;
}

static void put_time(struct buf *out, int64_t ms) {
  int64_t cs = (ms + 5) / 10;
  buf_addf(out, "%" PRId64 ":%02" PRId64 ":%02" PRId64 ".%02" PRId64, cs / 360000, cs / 6000 % 60, cs / 100 % 60,
           cs % 100);
}

void ass_write(const struct cue_list *l, struct buf *out) {
  buf_adds(
      out,
      "[Script Info]\nScriptType: v4.00+\nPlayResX: 1920\nPlayResY: 1080\nWrapStyle: 2\nScaledBorderAndShadow: yes\n\n"
      "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
      "Bold, Italic, Underline, "
      "StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, "
      "Encoding\n"
      "Style: Default,Noto "
      "Sans,56,&H00FFFFFF,&H00FFFFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1,2,96,96,60,1\n\n"
      "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n");
  for (size_t i = 0; i < l->count; i++) {
    const struct cue *c = &l->cues[i];
    int64_t end = c->end_ms - c->start_ms < 10 ? c->start_ms + 10 : c->end_ms; /* a centisecond at least */
    buf_adds(out, "Dialogue: 0,");
    put_time(out, c->start_ms);
    buf_addc(out, ',');
    put_time(out, end);
    buf_adds(out, ",Default,,0,0,0,,");
    ass_text_put(out, c->text, strlen(c->text));
    buf_addc(out, '\n');
  }
}
