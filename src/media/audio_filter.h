/*
 * Decoded sound -> what the AAC encoder takes: planar float, mono or stereo, one rate, frames of one size, times without
 * holes from 0 on. Holes become silence, overlaps are cut, small drift is stretched away.
 * Any change of rate, format or channels in mid-stream is taken. One thread at a time.
 */
#ifndef TITR_MEDIA_AUDIO_FILTER_H
#define TITR_MEDIA_AUDIO_FILTER_H

#include <libavutil/frame.h>

#include "base/err.h"
#include "base/mem.h"

struct audio_filter;
typedef int (*audio_sink_fn)(void *ctx, AVFrame *frame, struct err *e); /* frame borrowed, may be written to */

/* The rate and channel count to encode for an input of these. */
int audio_filter_rate(int input_rate);
int audio_filter_channels(int input_channels);

int audio_filter_open(int rate, int channels, int frame_size, audio_sink_fn sink, void *ctx, struct audio_filter **ret,
                      struct err *e);
void audio_filter_free(struct audio_filter *a);
DEFINE_FREEP(struct audio_filter, audio_filter_free)

/* pts in samples of the frame's own rate; AV_NOPTS_VALUE: right after the last. NULL: the end. The frame is left alone. */
int audio_filter_frame(struct audio_filter *a, const AVFrame *frame, struct err *e);

#endif
