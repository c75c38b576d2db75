/*
 * Lines of cues that come from elsewhere, broken anew: where a line is wider than the profile allows, or there are more
 * lines than it allows. Cues that keep to it stay as they are, and so do times, words and markup (markup.h), whose places
 * move with the letters. Speakers who are told apart by a dash at the start of their lines keep lines of their own, even
 * when that makes more than the profile allows; a text that does not fit gets more lines rather than longer ones.
 */
#ifndef TITR_CAPTION_WRAP_H
#define TITR_CAPTION_WRAP_H

#include "caption/cue.h"
#include "caption/profile.h"

/* The language is the list's. Returns how many cues were changed. */
size_t caption_wrap(struct cue_list *l, const struct caption_profile *p);

#endif
