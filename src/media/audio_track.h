/*
 * The sound's way into the output. Copied as it is when MP4 and common players take it (AAC, MP3), its times are sound
 * and it begins with the picture; else decoded, mixed down to stereo at most, brought to 44.1 or 48 kHz, its holes filled
 * and its drift stretched away, and encoded as AAC. Encoded sound always begins at 0 (silence is put in).
 * One thread at a time.
 */
#ifndef TITR_MEDIA_AUDIO_TRACK_H
#define TITR_MEDIA_AUDIO_TRACK_H

#include <libavformat/avformat.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/mux.h"
#include "media/render_util.h"

struct audio_track;

/* Gets each decoded frame, its pts in samples of its own rate on the output's timeline. The frame is borrowed. */
typedef int (*audio_tap_fn)(void *ctx, const AVFrame *frame, struct err *e);

/* `tap` may be NULL. Adds its stream to the mux. */
int audio_track_open(const AVFormatContext *input, const AVStream *s, struct render_timeline t, struct mux *m,
                     audio_tap_fn tap, void *tap_ctx, struct audio_track **ret, struct err *e);
void audio_track_free(struct audio_track *a);
DEFINE_FREEP(struct audio_track, audio_track_free)

/* NULL: the end of the stream. The packet's data may be taken. Damaged packets are skipped. */
int audio_track_packet(struct audio_track *a, AVPacket *packet, struct err *e);

double audio_track_seconds(const struct audio_track *a); /* end of what came so far */

#endif
