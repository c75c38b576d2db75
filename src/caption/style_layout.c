/*
 * DESIGN. A script places every line itself instead of leaving line breaks to the renderer: boxes and gradients need
 * to know where a line stands, and a highlighted word must not move the others. Widths are estimates (fonts.h), good
 * enough to tell whether a line fits; a line that is broken here is broken evenly, at the places ICU names.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "caption/icu.h"
#include "caption/style_parts.h"

/* ---- runs ---- */

static enum font_script script_ahead(const char *text, size_t from, size_t end) {
  struct markup m;
  for (size_t i = from, n; i < end; i += n) {
    if (markup_at(text + i, end - i, &m)) {
      n = m.length;
      continue;
    }
    enum font_script s = font_script_of(utf8_next(text + i, &n), SCRIPT_COUNT);
    if (s != SCRIPT_COUNT) return s;
  }
  return SCRIPT_LATIN;
}

bool style_run_next(const char *text, size_t from, size_t end, enum font_script *script, struct style_run *run) {
  if (from >= end) return false;
  if (*script == SCRIPT_COUNT) *script = script_ahead(text, from, end);
  *run = (struct style_run){.from = from, .script = *script};
  if (markup_at(text + from, end - from, &run->markup)) {
    run->is_markup = true;
    run->to = from + run->markup.length;
    return true;
  }
  struct markup m;
  size_t i = from, n;
  while (i < end && !(i > from && markup_at(text + i, end - i, &m))) {
    enum font_script s = font_script_of(utf8_next(text + i, &n), *script);
    if (i == from) run->script = *script = s;
    else if (s != run->script) break;
    i += n;
  }
  run->to = i < end ? i : end;
  return true;
}

double style_width(const char *text, size_t from, size_t to, enum font_face face, double spacing) {
  double sum = 0;
  struct markup m;
  for (size_t i = from, n; i < to; i += n) {
    if (markup_at(text + i, to - i, &m)) {
      n = m.length;
      continue;
    }
    double advance = font_advance(face, utf8_next(text + i, &n));
    if (advance > 0) sum += advance + spacing;
  }
  return sum;
}

/* ---- lines ---- */

struct making {
  const struct cue *c;
  const char *language;
  enum font_face face;
  double spacing;
  struct style_layout *ret;
  size_t seen; /* the text before it has been searched for tags */
  unsigned open;
};

static void note_tags(struct making *k, size_t upto) {
  struct markup m;
  for (; k->seen < upto; k->seen++) {
    if (!markup_at(k->c->text + k->seen, upto - k->seen, &m)) continue;
    k->seen += m.length - 1;
    if (m.kind < MARKUP_PLACE) k->open = m.closes ? k->open & ~(1U << m.kind) : k->open | 1U << m.kind;
  }
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

static void add_line(struct making *k, size_t from, size_t to) {
  const char *text = k->c->text;
  while (from < to && is_space(text[from])) from++;
  while (to > from && is_space(text[to - 1])) to--;
  if (from == to || k->ret->count == STYLE_LINES) return;
  struct style_layout *l = k->ret;
  note_tags(k, from);
  x_grow(&l->lines, &l->cap, l->count + 1, sizeof *l->lines);
  struct style_line *line = &l->lines[l->count++];
  *line = (struct style_line){
      .from = from, .to = to, .open = k->open, .width = style_width(text, from, to, k->face, k->spacing)};
  enum font_script script = SCRIPT_COUNT;
  struct style_run run;
  for (size_t at = from; style_run_next(text, at, to, &script, &run); at = run.to) {
    if (run.is_markup && run.markup.kind == MARKUP_PLACE) l->place = run.markup.place;
    if (run.is_markup) continue;
    struct font f = font_find(k->face, run.script, k->language);
    line->rise = fmax(line->rise, f.rise);
    line->drop = fmax(line->drop, f.drop);
    line->pitch = fmax(line->pitch, f.pitch);
  }
}

/* Breaks [from..to) where no piece is wider than `limit`, as far as that is possible; returns how many pieces that
 * makes, and adds them as lines when `add` is set. */
static size_t pieces(struct making *k, const uint8_t *breaks, size_t from, size_t to, double limit, bool add) {
  const char *text = k->c->text;
  size_t count = 0, begin = from, last = from;
  double width = 0, at_last = 0;
  struct markup m;
  for (size_t i = from, n; i < to; i += n) {
    if (i > begin && (breaks[i - from] & ICU_LINE)) {
      last = i;
      at_last = width;
    }
    if (markup_at(text + i, to - i, &m)) { /* which may hold spaces */
      n = m.length;
      continue;
    }
    double advance = font_advance(k->face, utf8_next(text + i, &n));
    width += advance > 0 ? advance + k->spacing : 0;
    if (width > limit && last > begin && !is_space(text[i])) {
      if (add) add_line(k, begin, last);
      count++;
      width -= at_last;
      begin = last;
    }
  }
  if (add) add_line(k, begin, to);
  return count + 1;
}

static void break_line(struct making *k, size_t from, size_t to, double room) {
  double width = style_width(k->c->text, from, to, k->face, k->spacing);
  if (width <= room) {
    add_line(k, from, to);
    return;
  }
  _cleanup_(mem_freep) uint8_t *breaks = x_malloc(to - from + 1);
  icu_breaks(k->c->text + from, to - from, k->language, breaks);
  size_t fewest = pieces(k, breaks, from, to, room, false);
  /* The narrowest limit that takes no more lines makes them even. */
  double limit = width / (double)fewest;
  while (limit < room && pieces(k, breaks, from, to, limit, false) > fewest) limit *= 1.04;
  pieces(k, breaks, from, to, fmin(limit, room), true);
}

void style_layout_make(const struct cue *c, const char *language, enum font_face face, double spacing, double em,
                       double least_pitch, double room, double height, struct style_layout *ret) {
  *ret = (struct style_layout){.em = em};
  struct making k = {.c = c, .language = language, .face = face, .spacing = spacing, .ret = ret};
  for (const char *line = c->text;;) {
    size_t n = strcspn(line, "\n"), from = (size_t)(line - c->text);
    break_line(&k, from, from + n, room / em);
    if (!line[n] || ret->count == STYLE_LINES) break;
    line += n + 1;
  }
  double widest = 0, pitch = least_pitch;
  for (size_t i = 0; i < ret->count; i++) {
    widest = fmax(widest, ret->lines[i].width);
    pitch = fmax(pitch, ret->lines[i].pitch);
  }
  if (widest * ret->em > room) ret->em = room / widest;
  if (pitch * ret->em * (double)ret->count > height) ret->em = height / (pitch * (double)ret->count);
  ret->pitch = pitch * ret->em;
}

void style_layout_release(struct style_layout *l) {
  free(l->lines);
  *l = (struct style_layout){0};
}
