/*
 * Caption rules as numbers. A profile is looked up by name and then bound to a language, a picture shape and
 * a frame rate, because the numbers depend on them (Russian: 39 characters, English: 20 cps, vertical: 25).
 * Sources: Netflix Timed Text Style Guides (general requirements and the language pages), BBC Subtitle
 * Guidelines; `social` is ours (1-4 words, big).
 */
#ifndef TITR_CAPTION_PROFILE_H
#define TITR_CAPTION_PROFILE_H

#include <stdbool.h>

#include "base/err.h"

struct caption_profile {
  const char *name; /* "netflix", "bbc", "social" */
  int max_lines;
  int max_line_chars;      /* in columns: a full-width CJK character counts as the rules for its language say */
  double max_cps;          /* characters a second, spaces and punctuation included */
  int min_ms, max_ms;      /* duration of a cue */
  int min_gap_frames;      /* between cues */
  int close_gap_frames;    /* gaps from min_gap_frames+1 to this are closed to min_gap_frames */
  int linger_ms;           /* how long a cue may stay past the speech when reading needs it */
  int max_words;           /* 0: no limit */
  double fps;
};

/* `language` ISO 639-1 or ""; fps <= 0 means 25. ERR_USAGE names the profiles when `name` is none of them. */
int caption_profile_find(const char *name, const char *language, bool vertical, double fps,
                         struct caption_profile *ret, struct err *e);
const char *const *caption_profile_names(void); /* NULL-terminated */

#endif
