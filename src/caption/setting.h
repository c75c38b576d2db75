/*
 * Setting: words -> cues, as one optimisation over all break points (dynamic programming), not greedy cutting.
 * The cost of a cue counts how it breaks (after punctuation, before conjunctions; never between article and
 * noun, name and surname, preposition and noun, negation and verb), its balance of lines, reading speed,
 * duration, and pauses inside it. Language-aware for ru en es fr de it; CJK and Thai break by ICU.
 *
 * What holds of every result, whatever the words: every word is shown once, in order; lines, their length, words,
 * durations and gaps keep the profile; a cue starts with its first word (or on a shot change near it). It starts
 * later only when more is said in a moment than one cue can hold, and up to close_gap_frames earlier only when a
 * cue of the longest duration would leave a gap that has to be closed. Faster than max_cps it is only where it
 * stays as long as the next cue and linger_ms allow.
 *
 * A word is one cue_word, except that
 *   - a word wider than a line is cut into pieces, which may fall into two cues, and so is one with white space
 *     inside (which becomes a space or a line break);
 *   - in languages without spaces (zh ja th …) words are cut where ICU finds phrases;
 *   - a word of nothing but white space is no word.
 * Each piece is a cue_word with its share of the word's time; the pieces' texts joined are the word's. Times of
 * cue_words are clamped into their cue.
 *
 * Pure: no I/O, no globals; may run in several threads. Time is linear in the words (3 h of speech: 0.1 s).
 */
#ifndef TITR_CAPTION_SETTING_H
#define TITR_CAPTION_SETTING_H

#include "base/transcript.h"
#include "caption/cue.h"
#include "caption/profile.h"

/* `shots`: times in seconds of the first frame after each shot change, ascending (NULL, 0 when not known):
 * no cue is shown over one when it can be avoided, and cues start and end on them when speech is near.
 * Appends to `ret` (which must be empty). Right-to-left text stays in logical order. */
void caption_set(const struct transcript *t, const struct caption_profile *p, const double *shots, size_t shot_count,
                 struct cue_list *ret);

/* Breaks one text (its '\n' are treated as spaces) into at most p->max_lines balanced lines, for cues that come from
 * elsewhere. Caller frees. A text that does not fit gets more lines rather than longer ones. */
char *caption_break_lines(const char *text, const char *language, const struct caption_profile *p);

#endif
