/*
 * Cues: what the viewer sees and for how long. Plain data, made by setting.h from words or read by format.h
 * from a file.
 *
 * Times are milliseconds on the media's timeline, 0 <= start < end. In a list cues are ordered by start.
 * The text is UTF-8; its lines are separated by '\n'; it may hold the
 * tags of markup.h and no other markup.
 */
#ifndef TITR_CAPTION_CUE_H
#define TITR_CAPTION_CUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct cue_word {        /* where a spoken word stands in the cue's text, for karaoke styles and JSON */
  size_t offset, length; /* bytes of cue.text */
  int64_t start_ms, end_ms;
  float probability;
};

struct cue {
  int64_t start_ms, end_ms;
  char *text;
  struct cue_word *words; /* in order; NULL where word times are not known */
  size_t word_count;
  char *id; /* WebVTT identifier, ASS "Name", or NULL */
  char *
      settings; /* WebVTT cue settings ("align:start"), ASS "Style,Margins,Effect", or NULL: written back to the same format */
};

struct cue_list {
  struct cue *cues;
  size_t count, cap;
  char language[8]; /* "" when not known */
  double fps;       /* of the video, 0 when not known: what a gap of two frames is */
};

void cue_list_release(struct cue_list *l); /* also the cleanup function; leaves it empty and usable */
struct cue *cue_list_add(struct cue_list *l, int64_t start_ms, int64_t end_ms, const char *text);

#endif
