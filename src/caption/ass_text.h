/*
 * Text inside an ASS script. libass takes '{' … '}' for override codes, "\N" "\n" "\h" for breaks and spaces; "\{" and "\}" are
 * braces (libass, ass_parse.c). A backslash of the text is followed by a word joiner (U+2060, which has no shape), so that it
 * escapes nothing.
 */
#ifndef TITR_CAPTION_ASS_TEXT_H
#define TITR_CAPTION_ASS_TEXT_H

#include <stddef.h>

#include "base/buf.h"

void ass_text_put(struct buf *out, const char *text, size_t n);  /* '\n' becomes \N; control characters go */
void ass_text_take(struct buf *out, const char *text, size_t n); /* the way back; override blocks are dropped */

#endif
