/* A checker of caption rules that shares no code with setting.h, so that each proves the other. */
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
