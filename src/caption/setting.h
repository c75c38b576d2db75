/*
 * Setting: words -> cues, as one optimisation over all break points (dynamic programming), not greedy cutting.
 * The cost of a cue counts how it breaks (after punctuation, before conjunctions; never between article and
 * noun, name and surname, preposition and noun, negation and verb), its balance of lines, reading speed,
 * duration, and pauses inside it. Language-aware for ru en es fr de it; CJK and Thai break by ICU.
 * Pure: no I/O, no globals; may run in several threads.
 */
#ifndef TITR_CAPTION_SETTING_H
#define TITR_CAPTION_SETTING_H

#include "base/transcript.h"
#include "caption/cue.h"
#include "caption/profile.h"

/* `shots`: times in seconds of the first frame after each shot change, ascending (NULL, 0 when not known):
 * no cue is shown over one when it can be avoided, and cues start and end on them when speech is near.
 * Appends to `ret` (which must be empty). Every word of the transcript is in exactly one cue, in order. */
void caption_set(const struct transcript *t, const struct caption_profile *p, const double *shots, size_t shot_count,
                 struct cue_list *ret);

/* Breaks one text (its '\n' are treated as spaces) into at most p->max_lines balanced lines, for cues that come from elsewhere.
 * Caller frees. A text that does not fit gets more lines rather than longer ones. */
char *caption_break_lines(const char *text, const char *language, const struct caption_profile *p);

#endif
