/*
 * What was said and when: the one type that speech/ writes and caption/ reads. Plain data.
 *
 * Words are in the order of speech, start <= end, starts never decrease. A word's text is as it is written,
 * with its punctuation ("Hello," "world."), without surrounding spaces. `space_before` tells whether it is
 * separated from the word before it (false inside Chinese, Japanese and Thai, and for a joined "-tail").
 */
#ifndef TITR_BASE_TRANSCRIPT_H
#define TITR_BASE_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct word {
  char *text;        /* UTF-8, owned */
  double start, end; /* seconds from the start of the media's timeline */
  float probability; /* 0..1: geometric mean over its tokens */
  bool space_before;
  bool starts_segment; /* the recognizer began a new utterance here: a good place for a cue to break */
};

struct transcript {
  char language[8];           /* ISO 639-1 (Whisper's code): "en"; of the text, so "en" after translation */
  float language_probability; /* 1 when it was given */
  double duration;            /* seconds of audio */
  struct word *words;
  size_t count, cap;
};

void transcript_release(struct transcript *t); /* also the cleanup function; leaves it empty and usable */
void transcript_add(struct transcript *t, const char *text, double start, double end, float probability,
                    bool space_before, bool starts_segment);

#endif
