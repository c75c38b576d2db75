/*
 * Styles: cues -> an ASS script that libass (0.17) renders. The eight AutoSub styles by name, and styles in which the
 * spoken word is highlighted as it is said (colour, box, pop, three states).
 *
 * The text of a cue is escaped, so that no caption can inject ASS codes: braces, backslashes and line breaks never
 * reach the renderer as such. Its markup (markup.h) does: <i> <b> <u> <s> are shown, {\an8} moves the cue, the rest is
 * left out. An ASS file that is to be burned (`--subs x.ass`) does not come here: it has styles of its own.
 *
 * Lines that are too wide for the picture are broken, what is too large then is made smaller; cues that overlap in
 * time stand over each other. A cue shows no more than 24 lines. Pure; may run in several threads.
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

/* The script for a picture of width x height pixels (PlayRes is set to it). Margins: 5 % of the picture (title-safe); in
 * an upright one 20 % at the foot, 11 % at the head and 8 % at the sides, where phones lay their controls. Fonts are
 * chosen for each script of the text (fonts.h). Cues without word times are shown without highlight. */
void caption_style_script(const struct caption_style *s, const struct cue_list *l, int width, int height,
                          enum caption_position position, struct buf *out);

#endif
