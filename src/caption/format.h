/*
 * Subtitle files. Reading is lenient about what the wild contains (BOM, UTF-16, CRLF, missing numbers, dots for
 * commas, overlapping or unordered cues, HTML-like tags), bounded by base/limits.h, and refuses what is none of
 * the four formats with ERR_INPUT and the line number. A file of nothing, or of blanks, is an SRT file without cues; one
 * with a NUL in it is no text. What is broken in a text (bad UTF-8, half a surrogate pair) becomes U+FFFD. Parsing foreign files happens in the sandboxed child:
 * pipeline/ calls subtitles_load(), not these.
 *
 * Writing and reading back loses nothing that the format can hold. What each does not hold:
 *   SRT   identifiers, settings, words, language; a line of nothing but blanks comes back empty. Empty lines inside a
 *         text are written as a no-break space and "-->" with a word joiner in it, and turned back on reading.
 *   VTT   NOTE, STYLE and REGION blocks; a word's end (it lasts to the next word) and probability; the border between
 *         words that start together, outside the cue, or in no order. An identifier with an arrow or a line break.
 *   ASS   centiseconds only; words; language; styles, override codes and drawings except those of markup.h; comments.
 *         A Name with a comma. Control characters.
 *   JSON  holds everything: { "titr": 1, "language": "en", "fps"?: 25, "cues": [{ "start": ms, "end": ms, "text": "…", "id"?,
 *         "settings"?, "words"?: [{ "offset": bytes, "length": bytes, "start": ms, "end": ms, "probability": 0..1 }] }] }
 *         (probabilities to four decimals). Members it does not know are passed over.
 * A cue of no length gets a millisecond, one that ends before it starts is turned around. '\r' goes.
 */
#ifndef TITR_CAPTION_FORMAT_H
#define TITR_CAPTION_FORMAT_H

#include "base/buf.h"
#include "base/err.h"
#include "caption/cue.h"

enum caption_format { CAPTION_SRT, CAPTION_VTT, CAPTION_ASS, CAPTION_JSON };

int caption_format_of_name(const char *path, enum caption_format *ret, struct err *e); /* by suffix; ERR_USAGE */
const char *caption_format_suffix(enum caption_format f);                              /* ".srt" … */

/* The format is recognized from the content. `what` names the source in errors. */
int caption_read(const char *bytes, size_t n, const char *what, struct cue_list *ret, enum caption_format *ret_format,
                 struct err *e);
/* ASS is written with a plain style (for editing elsewhere); style.h makes the one that is rendered. */
void caption_write(const struct cue_list *l, enum caption_format f, struct buf *out);

#endif
