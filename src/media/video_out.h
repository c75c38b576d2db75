/*
 * The picture's last stage: captions and watermark are laid over upright, output-sized frames, which then are encoded.
 *
 *   video_out_open -> video_out_frame … (rising times) -> video_out_finish -> video_out_free
 *
 * Each frame stays until the next one's time. Where that is long (a slide show, a late first frame, audio that outlasts
 * the video) the frame is shown again whenever the captions change, and every HOLD seconds; frames of a usual rate
 * are never doubled or dropped.
 * One thread at a time.
 */
#ifndef TITR_MEDIA_VIDEO_OUT_H
#define TITR_MEDIA_VIDEO_OUT_H

#include <libavutil/frame.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/encode.h"
#include "media/media.h"

struct video_out;

struct video_out_options {
  int width, height;
  AVRational time_base, rate;
  int threads;
  const char *preset;
};

/* Opens the caption script and the watermark of `o` too. */
int video_out_open(const struct video_out_options *v, const struct media_render_options *o, struct mux *m,
                   struct video_out **ret, struct err *e);
void video_out_free(struct video_out *v);
DEFINE_FREEP(struct video_out, video_out_free)

/* Takes the frame (it is blank afterwards); its pts is in the time base. A frame that is not later than the one before is
 * dropped. `duration`: how long it lasts if it is the last, 0 when not known. */
int video_out_frame(struct video_out *v, AVFrame *frame, int64_t duration, struct err *e);

/* Shows the last frame until `seconds` if that is later than its own end, and drains the encoder. */
int video_out_finish(struct video_out *v, double seconds, struct err *e);

double video_out_seconds(const struct video_out *v); /* time of the latest frame; negative before the first */

#endif
