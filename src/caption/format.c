#include "caption/format.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "caption/formats.h"

static const char *const suffixes[] = {
    [CAPTION_SRT] = ".srt", [CAPTION_VTT] = ".vtt", [CAPTION_ASS] = ".ass", [CAPTION_JSON] = ".json"};

const char *caption_format_suffix(enum caption_format f) {
  return suffixes[f];
}

int caption_format_of_name(const char *path, enum caption_format *ret, struct err *e) {
  const char *dot = strrchr(file_name(path), '.');
  for (int f = CAPTION_SRT; dot && f <= CAPTION_JSON; f++)
    if (strcasecmp(dot, suffixes[f]) == 0) {
      *ret = (enum caption_format)f;
      return 0;
    }
  if (dot && strcasecmp(dot, ".ssa") == 0) {
    *ret = CAPTION_ASS;
    return 0;
  }
  return err_set(e, ERR_USAGE, "%s: the name should end in .srt, .vtt, .ass or .json", path);
}

/* ---- lines and times ---- */

bool lines_next(struct lines *l) {
  if (!*l->at) return false;
  l->line = l->at;
  l->len = strcspn(l->at, "\n");
  l->at += l->len + (l->at[l->len] == '\n');
  l->number++;
  return true;
}

bool line_is_blank(const struct lines *l) {
  for (size_t i = 0; i < l->len; i++)
    if (l->line[i] != ' ' && l->line[i] != '\t') return false;
  return true;
}

static bool digits(const char **s, const char *end, int most, int64_t *ret) {
  int n = 0;
  *ret = 0;
  while (*s < end && **s >= '0' && **s <= '9' && n < most) {
    *ret = *ret * 10 + (**s - '0');
    (*s)++;
    n++;
  }
  return n > 0;
}

bool time_read(const char **s, const char *end, int64_t *ret_ms) {
  const char *p = *s;
  int64_t part[3], value, fraction = 0;
  int n = 0;
  while (n < 3 && digits(&p, end, 6, &value)) {
    part[n++] = value;
    if (p >= end || *p != ':') break;
    p++;
  }
  if (n < 2 || (n == 3 && p > *s && p[-1] == ':')) return false;
  if (p < end && (*p == ',' || *p == '.')) {
    const char *from = ++p;
    if (!digits(&p, end, 9, &fraction)) return false;
    for (long k = p - from; k < 3; k++) fraction *= 10;
    for (long k = p - from; k > 3; k--) fraction /= 10;
  }
  int64_t seconds = n == 3 ? part[0] * 3600 + part[1] * 60 + part[2] : part[0] * 60 + part[1];
  if (seconds > LIMIT_INPUT_SECONDS * 100LL) return false;
  *ret_ms = seconds * 1000 + fraction;
  *s = p;
  return true;
}

static const char *skip(const char *s, const char *end) {
  while (s < end && (*s == ' ' || *s == '\t')) s++;
  return s;
}

bool has_arrow(const char *s, size_t n) {
  for (size_t i = 0; i + 3 <= n; i++)
    if (memcmp(s + i, "-->", 3) == 0) return true;
  return false;
}

bool arrow_read(const struct lines *l, int64_t *ret_start, int64_t *ret_end, const char **rest, size_t *rest_len) {
  const char *p = l->line, *end = l->line + l->len;
  p = skip(p, end);
  if (!time_read(&p, end, ret_start)) return false;
  p = skip(p, end);
  if (end - p < 3 || memcmp(p, "-->", 3) != 0) return false;
  p = skip(p + 3, end);
  if (!time_read(&p, end, ret_end)) return false;
  p = skip(p, end);
  *rest = p;
  *rest_len = (size_t)(end - p);
  while (*rest_len && ((*rest)[*rest_len - 1] == ' ' || (*rest)[*rest_len - 1] == '\t')) (*rest_len)--;
  return true;
}

int formats_add(struct cue_list *ret, int64_t start, int64_t end, const struct buf *text, const char *what, size_t line,
                struct err *e) {
  if (ret->count >= LIMIT_SUBTITLE_CUES)
    return err_set(e, ERR_INPUT, "%s, line %zu: more than %d cues", what, line, LIMIT_SUBTITLE_CUES);
  if (text->len > LIMIT_CUE_BYTES)
    return err_set(e, ERR_INPUT, "%s, line %zu: a cue of more than %d bytes", what, line, LIMIT_CUE_BYTES);
  if (end < start) {
    int64_t swap = start;
    start = end;
    end = swap;
  }
  if (end == start) end++;
  cue_list_add(ret, start, end, buf_str(text));
  return 0;
}

/* ---- reading ---- */

/* Clean UTF-8, line ends as '\n'. */
static char *normalized(const char *bytes, size_t n) {
  char *text = utf8_clean(bytes, n);
  char *to = text;
  for (char *from = text; *from; from++) {
    if (*from == '\r') {
      *to++ = '\n';
      if (from[1] == '\n') from++;
    } else {
      *to++ = *from;
    }
  }
  *to = '\0';
  return text;
}

static bool starts_with(const char *text, const char *what) {
  while (*text == '\n' || *text == ' ' || *text == '\t') text++;
  return strncasecmp(text, what, strlen(what)) == 0;
}

static int recognize(const char *text, const char *what, enum caption_format *ret, struct err *e) {
  if (starts_with(text, "WEBVTT")) {
    *ret = CAPTION_VTT;
    return 0;
  }
  if (starts_with(text, "[Script Info]") || starts_with(text, "[V4")) {
    *ret = CAPTION_ASS;
    return 0;
  }
  if (starts_with(text, "{") && strstr(text, "\"cues\"")) {
    *ret = CAPTION_JSON;
    return 0;
  }
  struct lines l = {.at = text};
  int64_t start, end;
  const char *rest;
  size_t n;
  while (lines_next(&l)) {
    bool arrow = arrow_read(&l, &start, &end, &rest, &n);
    if (!arrow && !(l.len >= 8 && strncasecmp(l.line, "[Events]", 8) == 0)) continue;
    *ret = arrow ? CAPTION_SRT : CAPTION_ASS;
    return 0;
  }
  if (starts_with(text, "{\"titr\"")) { /* captions of nothing */
    *ret = CAPTION_JSON;
    return 0;
  }
  bool blank = text[strspn(text, " \t\n")] == '\0';
  if (blank) { /* what is written when nothing was said */
    *ret = CAPTION_SRT;
    return 0;
  }
  return err_set(e, ERR_INPUT, "%s is no SRT, WebVTT, ASS or titr JSON file (no line with times up to line %zu)", what,
                 l.number);
}

struct placed {
  struct cue cue;
  size_t at;
};

static int compare(const void *a, const void *b) {
  const struct placed *x = a, *y = b;
  if (x->cue.start_ms != y->cue.start_ms) return x->cue.start_ms < y->cue.start_ms ? -1 : 1;
  return (x->at > y->at) - (x->at < y->at);
}

/* By start; cues that start together keep the file's order (signs over speech, in ASS). */
static void sort(struct cue_list *l) {
  bool sorted = true;
  for (size_t i = 1; i < l->count; i++) sorted = sorted && l->cues[i - 1].start_ms <= l->cues[i].start_ms;
  if (sorted) return;
  _cleanup_(mem_freep) struct placed *all = NEW_ARRAY(struct placed, l->count);
  for (size_t i = 0; i < l->count; i++) all[i] = (struct placed){l->cues[i], i};
  qsort(all, l->count, sizeof *all, compare);
  for (size_t i = 0; i < l->count; i++) l->cues[i] = all[i].cue;
}

int caption_read(const char *bytes, size_t n, const char *what, struct cue_list *ret, enum caption_format *ret_format,
                 struct err *e) {
  if (n > LIMIT_SUBTITLE_BYTES) return err_set(e, ERR_INPUT, "%s is larger than %d bytes", what, LIMIT_SUBTITLE_BYTES);
  if (!utf8_is_text(bytes, n))
    return err_set(e, ERR_INPUT, "%s is no SRT, WebVTT, ASS or titr JSON file (it holds bytes that no text has)", what);
  _cleanup_(mem_freep) char *text = normalized(bytes, n);
  enum caption_format f = CAPTION_SRT;
  int rc = recognize(text, what, &f, e);
  if (rc < 0) return rc;
  struct cue_list l = {0};
  switch (f) {
  case CAPTION_SRT: rc = srt_read(text, what, &l, e); break;
  case CAPTION_VTT: rc = vtt_read(text, what, &l, e); break;
  case CAPTION_ASS: rc = ass_read(text, what, &l, e); break;
  case CAPTION_JSON: rc = cue_json_read(text, strlen(text), what, &l, e); break;
  }
  if (rc < 0) {
    cue_list_release(&l);
    return rc;
  }
  sort(&l);
  cue_list_release(ret);
  *ret = l;
  if (ret_format) *ret_format = f;
  return 0;
}

void caption_write(const struct cue_list *l, enum caption_format f, struct buf *out) {
  switch (f) {
  case CAPTION_SRT: srt_write(l, out); break;
  case CAPTION_VTT: vtt_write(l, out); break;
  case CAPTION_ASS: ass_write(l, out); break;
  case CAPTION_JSON: cue_json_write(l, out); break;
  }
}
