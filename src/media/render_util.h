/* Small things that every part of the renderer needs around libav*. */
#ifndef TITR_MEDIA_RENDER_UTIL_H
#define TITR_MEDIA_RENDER_UTIL_H

#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>

#include "base/err.h"
#include "base/mem.h"

/* err_set() with libav's words for `averror` appended; returns `code`. AVERROR(ENOSPC) and the like read as the system's. */
int render_av(struct err *e, int code, int averror, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Allocation that aborts, as everywhere in this tree. */
AVFrame *render_frame_new(void);
AVPacket *render_packet_new(void);

/* How times of the input become times of the output. */
struct render_timeline {
  int64_t origin; /* the input's time that is 0 here, in AV_TIME_BASE units */
  double latest;  /* seconds from there: a later time is a damaged one, and what has it is skipped */
};

static inline void frame_freep(AVFrame **f) {
  av_frame_free(f);
}
static inline void packet_freep(AVPacket **p) {
  av_packet_free(p);
}

/* A decoder for a stream's parameters with `threads` threads (frame threads where the codec has them). ERR_INPUT. */
int render_decoder(const AVCodecParameters *p, AVRational time_base, int threads, AVCodecContext **ret, struct err *e);

#endif
