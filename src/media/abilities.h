/*
 * What this machine's media libraries can do: they are built in many ways, and what is missing shows otherwise only in the
 * middle of a job. Looks only; no file is opened. Threads: safe.
 */
#ifndef TITR_MEDIA_ABILITIES_H
#define TITR_MEDIA_ABILITIES_H

#include <stdbool.h>

#include "base/err.h"

enum media_part { MEDIA_DECODER, MEDIA_ENCODER, MEDIA_DEMUXER, MEDIA_MUXER, MEDIA_FILTER };

/* By libav*'s name: of the codec for a decoder ("h264"), else of the part itself ("libx264", "mov", "scale"). */
bool media_has(enum media_part part, const char *name);

/* A letter is set and drawn by libass, with a font that fontconfig finds. ERR_UNSUPPORTED. */
int media_draws_text(struct err *e);

#endif
