/*
 * What the parts of setting share; for src/caption/setting*.c only.
 *
 *   setting.c        words -> atoms -> cue breaks (dynamic programming) -> cues
 *   setting_atoms.c  cutting words into atoms, and how good a break is before each
 *   setting_lines.c  the best lines for a run of atoms
 *   setting_time.c   when a cue starts and ends
 *
 * An atom is the smallest thing that is not torn: a word, or a piece of a word that is longer than a line.
 * Widths are in half columns (a half-width letter in Japanese is one, a letter in English two).
 */
#ifndef TITR_CAPTION_SETTING_PARTS_H
#define TITR_CAPTION_SETTING_PARTS_H

#include "base/transcript.h"
#include "caption/language.h"
#include "caption/profile.h"

#define CUE_ATOMS 128 /* a cue has no more: only words without width could be so many */
#define CUE_LINES 4   /* profiles have no more */

struct atom {
  size_t offset, length; /* in atoms.text */
  int64_t start, end;    /* ms; starts never decrease, end >= start */
  int64_t cue_start;     /* when a cue that begins here appears: `start`, or a shot change near it */
  float probability;
  int width;
  int before; /* width of everything up to this atom, the space before it included */
  bool space; /* a space stands before it */
  bool starts_segment;
  enum break_kind kind; /* of a break before it */
};

struct atoms {
  char *text; /* all of it, joined */
  struct atom *list;
  size_t count, cap;
};

void atoms_make(const struct transcript *t, const char *language, const struct caption_profile *p, struct atoms *ret);
void atoms_release(struct atoms *a);

/* Width of the line of atoms [from, to). */
static inline int atoms_width(const struct atoms *a, size_t from, size_t to) {
  const struct atom *last = &a->list[to - 1];
  return last->before + last->width - a->list[from].before;
}

#define COST_NEVER 100000 /* and more: lines or cues that are broken where nothing may be */

/* Breaks atoms [from, to) into at most p->max_lines lines. Returns the cost, or -1 when they do not fit. The
 * indices of the atoms that begin lines 2… go to ret[], their number to *ret_count (both may be NULL). */
int lines_fit(const struct atoms *a, const struct caption_profile *p, size_t from, size_t to, size_t ret[CUE_LINES],
              size_t *ret_count);

struct clock {
  int64_t gap, close;         /* ms: two cues are apart by `gap`, or by `close` and more */
  int64_t min, max, linger;   /* ms */
  int64_t late, early, clear; /* ms: how far a start may move to a shot, and the way clear before one */
  double half_columns_per_ms;
  const int64_t *shots; /* ms */
  size_t shot_count;
};

struct clock clock_of(const struct caption_profile *p, const int64_t *shots, size_t shot_count);
int64_t clock_start(const struct clock *c, int64_t start, int64_t previous_end);
/* When a cue of `width` that starts at `start` and is spoken until `speech` goes, the next starting at `next`
 * (CLOCK_NO_NEXT: there is none). Never before start + min, which may be too late for the next: it has to wait. */
int64_t clock_end(const struct clock *c, int64_t start, int64_t speech, int64_t next, int width);
size_t clock_shots_within(const struct clock *c, int64_t start, int64_t end);
#define CLOCK_NO_NEXT (INT64_MAX / 4)

#endif
