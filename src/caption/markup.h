/*
 * The little markup a cue's text may hold: the tags of SRT and WebVTT (<i> </b> <font color=…> <c.loud> <v Ann>
 * <ruby> …) and SubRip's customary {\an8}, "at the top". All other '<' and '{' are themselves. Text in which such a
 * tag is meant to be read as letters carries a word joiner (U+2060, which has no shape) behind its '<' or '{'.
 */
#ifndef TITR_CAPTION_MARKUP_H
#define TITR_CAPTION_MARKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define MARKUP_JOINER "\xE2\x81\xA0"

enum markup_kind { MARKUP_ITALIC, MARKUP_BOLD, MARKUP_UNDERLINE, MARKUP_STRIKE, MARKUP_PLACE, MARKUP_OTHER };

struct markup {
  enum markup_kind kind;
  bool closes;
  int place;     /* MARKUP_PLACE: 1..9 as on a number pad */
  size_t length; /* bytes */
};

/* Is there a tag at the start of these `n` bytes? It ends inside its line. */
bool markup_at(const char *s, size_t n, struct markup *ret);

/* The text without its tags. Appends. */
void markup_strip(const char *s, size_t n, struct buf *out);

/* Readers that meet a '<' or '{' that is a letter in their format: call at the end of the line, from the last such
 * position to the first; puts a joiner behind it when it would be taken for a tag. Returns the bytes put in. */
size_t markup_guard(struct buf *text, size_t position);

#endif
