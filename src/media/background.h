/*
 * A picture for sound without one: a dark gradient, with or without a drawing of the voice that moves through it. 25
 * frames a second into video_out.
 *
 *   background_open -> (background_hear for each decoded frame, background_advance now and then) …
 *   -> background_finish -> background_free
 *
 * One thread at a time.
 */
#ifndef TITR_MEDIA_BACKGROUND_H
#define TITR_MEDIA_BACKGROUND_H

#include <libavutil/frame.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/video_out.h"

#define BACKGROUND_RATE   25
#define BACKGROUND_PRESET "veryfast" /* of x264: hardly anything moves, slower ones only take longer */

struct background;

AVRational background_time_base(void);
int background_open(int width, int height, bool waveform, struct video_out *out, struct background **ret,
                    struct err *e);
void background_free(struct background *b);
DEFINE_FREEP(struct background, background_free)

/* Sound of the waveform: an audio_tap_fn (audio_track.h) with the background as its context. */
int background_hear(void *background, const AVFrame *sound, struct err *e);

/* Draws the frames for which sound up to `heard` seconds is enough. */
int background_advance(struct background *b, double heard, struct err *e);
int background_finish(struct background *b, double end,
                      struct err *e); /* all frames up to `end`, the last one included */

#endif
