/*
 * The encoders: H.264 by x264 and AAC, feeding a mux.
 *
 *   encode_video_open() or encode_audio_open() -> (stream added to the mux) -> mux_start() -> encode_frame() … ->
 *   encode_frame(NULL) -> encode_free()
 *
 * Video: constant quality (crf 23), High profile, 4:2:0, BT.709 limited range, a key frame at least every 4 s.
 * Audio: AAC-LC, 128 kbit/s stereo, 96 kbit/s mono.
 * Times of frames: video in encode_video.time_base, audio in samples.
 * One thread at a time (x264 has its own).
 */
#ifndef TITR_MEDIA_ENCODE_H
#define TITR_MEDIA_ENCODE_H

#include <libavcodec/avcodec.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/mux.h"

#define ENCODE_CRF         23
#define ENCODE_PRESET      "medium"
#define ENCODE_GOP_SECONDS 4

struct encode;

struct encode_video {
  int width, height;
  AVRational time_base;
  AVRational rate; /* nominal frames a second; frames may come at other times */
  int threads;
  const char *preset; /* of x264 */
};

int encode_video_open(const struct encode_video *v, struct mux *m, struct encode **ret, struct err *e);
int encode_audio_open(int sample_rate, int channels, const char *language, struct mux *m, struct encode **ret,
                      struct err *e);
void encode_free(struct encode *x);
DEFINE_FREEP(struct encode, encode_free)

int encode_frame_size(const struct encode *x); /* audio: samples of each frame but the last */

/* NULL: the end. `duration` (in the time base) is the frame's, for the packet that it becomes. The frame is not kept. */
int encode_frame(struct encode *x, AVFrame *frame, int64_t duration, struct err *e);

#endif
