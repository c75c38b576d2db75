/*
 * Text inside an ASS script. libass takes '{' … '}' for override codes, "\N" "\n" "\h" for breaks and spaces; "\{" and
 * "\}" are braces (libass, ass_parse.c). A backslash of the text is followed by a word joiner (U+2060, which has no
 * shape), so that it escapes nothing. The text's markup (markup.h) becomes codes: {\i1} {\b1} {\u1} {\s1} {\an8}.
 */
#ifndef TITR_CAPTION_ASS_TEXT_H
#define TITR_CAPTION_ASS_TEXT_H

#include <stddef.h>

#include "base/buf.h"

void ass_text_put(struct buf *out, const char *text, size_t n); /* '\n' becomes \N; control characters go */

/* The way back, appended. The codes above become markup; other codes go, and drawings with them. */
void ass_text_take(struct buf *out, const char *text, size_t n);

#endif
