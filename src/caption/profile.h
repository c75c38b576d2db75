/*
 * Caption rules as numbers. A profile is looked up by name and then bound to a language, a picture shape and
 * a frame rate, because the numbers depend on them (Russian: 39 characters, English: 20 cps, vertical: 25).
 * The source of every number stands beside it in profile.c.
 *
 * Columns are how text is measured, for the length of a line and for reading speed alike:
 *   - Chinese, Japanese, Korean (`half_columns`): a full-width character (East Asian Width W or F) is one column,
 *     any other, space and punctuation included, half a column (Netflix's Japanese and Korean guides);
 *   - other languages: a character is one column, a full-width one (a foreign name) two;
 *   - a nonspacing mark, a zero-width joiner or a direction mark takes none (they take no room on the line).
 * The reading speed of a cue is the columns of its text, a line break counting as the space it stands for,
 * divided by its duration.
 */
#ifndef TITR_CAPTION_PROFILE_H
#define TITR_CAPTION_PROFILE_H

#include <stdbool.h>

#include "base/err.h"

struct caption_profile {
  const char *name; /* "netflix", "bbc", "social" */
  int max_lines;
  int max_line_chars;   /* in columns, see above */
  bool half_columns;    /* a character that is not full-width is half a column */
  double max_cps;       /* columns a second */
  int min_ms, max_ms;   /* duration of a cue */
  int min_gap_frames;   /* between cues */
  int close_gap_frames; /* gaps from min_gap_frames+1 to this are closed to min_gap_frames */
  int linger_ms;        /* how long a cue may stay past the speech when reading needs it */
  int max_words;        /* 0: no limit */
  double fps;
};

/* `language` ISO 639-1 or ""; an fps outside 10..1000 (0: not known) means 25. ERR_USAGE names the profiles when `name` is none of them. */
int caption_profile_find(const char *name, const char *language, bool vertical, double fps, struct caption_profile *ret,
                         struct err *e);
const char *const *caption_profile_names(void); /* NULL-terminated */

#endif
