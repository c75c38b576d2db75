/*
 * Styles: cues -> an ASS script that libass renders. The eight AutoSub styles by name, and styles in which the
 * spoken word is highlighted as it is said (colour, box, pop, three states). Text is escaped so that no caption
 * can inject ASS codes: braces, backslashes and line breaks of the text never reach the renderer as such.
 */
#ifndef TITR_CAPTION_STYLE_H
#define TITR_CAPTION_STYLE_H

#include "base/buf.h"
#include "base/err.h"
#include "caption/cue.h"

enum caption_position { CAPTION_TOP, CAPTION_MIDDLE, CAPTION_BOTTOM };

struct caption_style; /* an entry of a static table */

const struct caption_style *caption_style_at(size_t i); /* NULL past the last */
int caption_style_find(const char *name, const struct caption_style **ret,
                       struct err *e); /* ERR_USAGE names the near ones */
const char *caption_style_name(const struct caption_style *s);
const char *caption_style_about(const struct caption_style *s); /* one line of English */
bool caption_style_follows_words(const struct caption_style *s);

#define CAPTION_STYLE_DEFAULT "clean_minimal"

/* The script for a picture of width x height pixels (PlayRes is set to it). Safe margins follow the position and
 * shape. Fonts: chosen per script of the text (Latin/Cyrillic/Greek, CJK by language, Arabic, Hebrew, Devanagari, Thai, …)
 * among Debian's font packages. Cues without word times are shown without highlight. */
void caption_style_script(const struct caption_style *s, const struct cue_list *l, int width, int height,
                          enum caption_position position, struct buf *out);

#endif
