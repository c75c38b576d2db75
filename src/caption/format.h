/*
 * Subtitle files. Reading is lenient about what the wild contains (BOM, UTF-16, CRLF, missing numbers, dots for
 * commas, overlapping or unordered cues, HTML-like tags), bounded by base/limits.h, and refuses what is none of
 * the four formats with ERR_INPUT and the line number. Parsing foreign files happens in the sandboxed child:
 * pipeline/ calls subtitles_load(), not these.
 *
 * Writing and reading back loses nothing that the format can hold: SRT and VTT keep times (ms), text with its
 * basic tags escaped or kept, identifiers and settings (VTT); ASS times are centiseconds, so cues are snapped
 * to them on writing; JSON ("titr" schema 1) keeps everything, words with times and probabilities included.
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
