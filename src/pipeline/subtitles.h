/*
 * Foreign subtitle files, read in the sandboxed child: its parser (caption/format.h) meets the bytes there, and only
 * validated cues come back, as JSON of our own schema.
 */
#ifndef TITR_PIPELINE_SUBTITLES_H
#define TITR_PIPELINE_SUBTITLES_H

#include "base/child.h"
#include "caption/format.h"

/* Reads SRT, VTT, ASS or JSON ("-": from standard input); the format through ret_format (may be NULL). ERR_INPUT. */
int subtitles_load(const char *path, struct cue_list *ret, enum caption_format *ret_format, struct err *e);

const char *subtitles_name(const char *path); /* what messages call it: the file's name, "standard input" */

int subtitles_child(struct js *request, struct child_io *io, struct err *e); /* the child's side */

#endif
