/*
 * A checker of caption rules that shares no code with setting.h, so that each proves the other. Times are allowed a
 * millisecond, as formats round them. Tags (markup.h) take no room.
 *
 * Two rules cannot always be kept, and then make a remark (`counts` is false) and no breach:
 *
 * Reading speed, where a cue that is too fast has no room to stay longer: the next cue follows, or it is as long as a cue may be, or
 * it stays linger_ms after its last word already. A file without word times does not tell when the last word
 * ends; then the cue is believed to stay that long unless it is so short that nobody could have spoken it in the time left:
 * faster than 1.75 x max_cps (30 characters a second where 17 may be read).
 *
 * Line ends: a line ends in a word that binds to the next one (articles, prepositions, conjunctions, possessives of ru
 * en es fr de it). It is a breach when the word would have fitted on the next line and the break before it is no such break again. At a cue's end the next cue must
 * follow within half a second, be able to take the word (its first line, its reading speed, its words, its duration), and leave
 * this one long enough; further apart it is neither.
 */
#ifndef TITR_CAPTION_CHECK_H
#define TITR_CAPTION_CHECK_H

#include <stddef.h>

#include "caption/cue.h"
#include "caption/profile.h"

enum caption_rule {
  RULE_LINES,
  RULE_LINE_LENGTH,
  RULE_CPS,
  RULE_MIN_DURATION,
  RULE_MAX_DURATION,
  RULE_GAP,
  RULE_OVERLAP,
  RULE_EMPTY,
  RULE_LINE_END,
  RULE_WORDS,
  RULE_COUNT
};

struct caption_breach {
  size_t cue; /* index, 0-based */
  enum caption_rule rule;
  /* false where the cue could not do better: its text is read too fast, but the neighbouring cues leave no
   * room to stay longer; reported as a remark, not counted as a breach */
  bool counts;
  char text[256]; /* "cue 12 (00:01:02,345): 23.4 characters a second, at most 20" */
};

const char *caption_rule_name(enum caption_rule r); /* "cps" … */

/* Caller frees *ret. Returns the number of breaches that count. */
size_t caption_check(const struct cue_list *l, const struct caption_profile *p, struct caption_breach **ret,
                     size_t *ret_count);

#endif
