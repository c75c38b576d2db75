/*
 * DESIGN. Of an ASS or SSA script the reader takes the Dialogue lines of [Events], whose fields are named by the Format line before
 * them (the usual order where there is none): times, text, Name, and Style, margins and Effect as the cue's
 * settings. The writer makes a script for editing elsewhere: all styles that the cues name look alike. Times are
 * centiseconds, rounded, so that cues that touched still touch.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "caption/ass_text.h"
#include "caption/formats.h"

enum { START, END, STYLE, NAME, LEFT, RIGHT, VERTICAL, EFFECT, TEXT, FIELDS };

static const char *const names[FIELDS] = {"Start",   "End",     "Style",  "Name", "MarginL",
                                          "MarginR", "MarginV", "Effect", "Text"};
static const char plain_settings[] = "Default,0,0,0,";

struct columns { /* where a field stands in a Dialogue line; -1: nowhere */
  int at[FIELDS], count;
};
static const struct columns usual = {{1, 2, 3, 4, 5, 6, 7, 8, 9}, 10};

struct field {
  const char *s;
  size_t n;
};

static bool has_prefix(const struct lines *l, const char *prefix) {
  size_t n = strlen(prefix);
  return l->len >= n && strncasecmp(l->line, prefix, n) == 0;
}

static struct field trimmed(const char *s, const char *end) {
  while (s < end && (*s == ' ' || *s == '\t')) s++;
  while (end > s && (end[-1] == ' ' || end[-1] == '\t')) end--;
  return (struct field){s, (size_t)(end - s)};
}

static void read_format(const struct lines *l, struct columns *ret) {
  ret->count = 0;
  for (int i = 0; i < FIELDS; i++) ret->at[i] = -1;
  const char *p = l->line + strlen("Format:"), *end = l->line + l->len;
  while (p < end && ret->count < 64) {
    const char *comma = memchr(p, ',', (size_t)(end - p));
    struct field name = trimmed(p, comma ? comma : end);
    for (int i = 0; i < FIELDS; i++)
      if (name.n == strlen(names[i]) && strncasecmp(name.s, names[i], name.n) == 0) ret->at[i] = ret->count;
    ret->count++;
    p = comma ? comma + 1 : end;
  }
}

/* The line's fields; the last one keeps its commas and blanks. False when there are too few. */
static bool split(const struct lines *l, const struct columns *c, struct field ret[FIELDS]) {
  const char *p = l->line + strlen("Dialogue:"), *end = l->line + l->len;
  memset(ret, 0, FIELDS * sizeof *ret);
  for (int column = 0; column < c->count; column++) {
    bool last = column + 1 == c->count;
    const char *comma = last ? NULL : memchr(p, ',', (size_t)(end - p));
    if (!last && !comma) return false;
    const char *stop = last ? end : comma;
    for (int i = 0; i < FIELDS; i++)
      if (c->at[i] == column) ret[i] = last ? (struct field){p, (size_t)(stop - p)} : trimmed(p, stop);
    p = last ? end : comma + 1;
  }
  return ret[START].s && ret[END].s && ret[TEXT].s;
}

static bool time_of(struct field f, int64_t *ret) {
  const char *s = f.s, *end = f.s + f.n;
  return time_read(&s, end, ret) && s == end;
}

static void add_number(struct buf *b, struct field f) {
  int64_t value = 0;
  for (size_t i = 0; i < f.n && f.s[i] >= '0' && f.s[i] <= '9' && value < 100000; i++)
    value = value * 10 + f.s[i] - '0';
  buf_addf(b, "%" PRId64 ",", value);
}

static void keep_fields(const struct field f[FIELDS], struct cue *c) {
  if (f[NAME].n) c->id = x_strndup(f[NAME].s, f[NAME].n);
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  if (f[STYLE].n) buf_add(&b, f[STYLE].s, f[STYLE].n);
  else buf_adds(&b, "Default");
  buf_addc(&b, ',');
  for (int i = LEFT; i <= VERTICAL; i++) add_number(&b, f[i]);
  if (f[EFFECT].n) buf_add(&b, f[EFFECT].s, f[EFFECT].n);
  if (strcmp(buf_str(&b), plain_settings) != 0) c->settings = buf_take(&b);
}

static int read_dialogue(const struct lines *l, const struct columns *columns, const char *what, struct cue_list *ret,
                         struct err *e) {
  struct field f[FIELDS];
  int64_t start, end;
  if (!split(l, columns, f) || !time_of(f[START], &start) || !time_of(f[END], &end))
    return err_set(e, ERR_INPUT, "%s, line %zu: a Dialogue line that cannot be read", what, l->number);
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  ass_text_take(&text, f[TEXT].s, f[TEXT].n);
  int rc = formats_add(ret, start, end, &text, what, l->number, e);
  if (rc == 0) keep_fields(f, &ret->cues[ret->count - 1]);
  return rc;
}

int ass_read(const char *text, const char *what, struct cue_list *ret, struct err *e) {
  struct lines l = {.at = text};
  struct columns columns = usual;
  bool events = false;
  int rc = 0;
  while (rc == 0 && lines_next(&l)) {
    if (l.len && l.line[0] == '[') events = has_prefix(&l, "[Events]");
    else if (events && has_prefix(&l, "Format:")) read_format(&l, &columns);
    else if (events && has_prefix(&l, "Dialogue:")) rc = read_dialogue(&l, &columns, what, ret, e);
  }
  return rc;
}

/* ---- writing ---- */

bool settings_are_ass(const char *settings) {
  const char *s = strchr(settings, ',');
  for (int i = 0; i < 3; i++) {
    if (!s || !isdigit((unsigned char)s[1])) return false;
    s += 1 + strspn(s + 1, "0123456789");
    if (*s != ',') return false;
  }
  return s && !strchr(settings, '\n');
}

static const char *settings_of(const struct cue *c) {
  return c->settings && settings_are_ass(c->settings) ? c->settings : plain_settings;
}

static void put_style(const char *name, size_t n, struct buf *out) {
  buf_adds(out, "Style: ");
  buf_add(out, name, n);
  buf_adds(out, ",Noto Sans,76,&H00FFFFFF,&H00FFFFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1,2,96,96,60,1\n");
}

/* "Default" and each other style that a cue names, once. */
static void put_styles(const struct cue_list *l, struct buf *out) {
  _cleanup_(buf_release) struct buf done = BUF_INIT; /* "\nA\nB\n" */
  buf_adds(&done, "\nDefault\n");
  put_style("Default", strlen("Default"), out);
  for (size_t i = 0; i < l->count; i++) {
    const char *settings = settings_of(&l->cues[i]);
    size_t n = strcspn(settings, ",");
    _cleanup_(mem_freep) char *key = x_asprintf("\n%.*s\n", (int)n, settings);
    if (settings == plain_settings || done.len > 65536 || strstr(buf_str(&done), key)) continue;
    buf_adds(&done, key + 1);
    put_style(settings, n, out);
  }
}

static void put_time(struct buf *out, int64_t ms) {
  int64_t cs = (ms + 5) / 10;
  buf_addf(out, "%" PRId64 ":%02" PRId64 ":%02" PRId64 ".%02" PRId64 ",", cs / 360000, cs / 6000 % 60, cs / 100 % 60,
           cs % 100);
}

void ass_write(const struct cue_list *l, struct buf *out) {
  buf_adds(out,
           "[Script Info]\nScriptType: v4.00+\nPlayResX: 1920\nPlayResY: 1080\nWrapStyle: 2\n"
           "ScaledBorderAndShadow: yes\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, "
           "SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, "
           "Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n");
  put_styles(l, out);
  buf_adds(out, "\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n");
  for (size_t i = 0; i < l->count; i++) {
    const struct cue *c = &l->cues[i];
    const char *settings = settings_of(c);
    size_t style = strcspn(settings, ",");
    buf_adds(out, "Dialogue: 0,");
    put_time(out, c->start_ms);
    /* Never a moment of no length. */
    put_time(out, (c->end_ms + 5) / 10 > (c->start_ms + 5) / 10 ? c->end_ms : c->start_ms + 10);
    buf_add(out, settings, style);
    buf_addc(out, ',');
    if (c->id && !strpbrk(c->id, ",\r\n")) buf_adds(out, c->id);
    buf_adds(out, settings + style);
    buf_addc(out, ',');
    ass_text_put(out, c->text, strlen(c->text));
    buf_addc(out, '\n');
  }
}
