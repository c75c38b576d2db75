/*
 * A video stream's packets -> decoded frames -> the graph -> video_out. Times are brought to the output's timeline (0 is
 * the input's start). Damaged packets and frames are skipped; the frame before stays on.
 * One thread at a time; the decoder has threads of its own.
 */
#ifndef TITR_MEDIA_VIDEO_IN_H
#define TITR_MEDIA_VIDEO_IN_H

#include <libavformat/avformat.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/media.h"
#include "media/render_util.h"
#include "media/video_out.h"

struct video_in;

/* The time base that carries the stream's times without loss, and its nominal rate, for video_out. */
AVRational video_in_time_base(const AVStream *s);
AVRational video_in_rate(const AVStream *s);

/* `out` is borrowed. */
int video_in_open(const AVStream *s, struct render_timeline t, const struct media_render_options *o, int width,
                  int height, int threads, struct video_out *out, struct video_in **ret, struct err *e);
void video_in_free(struct video_in *v);
DEFINE_FREEP(struct video_in, video_in_free)

/* NULL: the end of the stream. ERR_INPUT at the end when no frame could be decoded. */
int video_in_packet(struct video_in *v, const AVPacket *packet, struct err *e);

/* Width of a pixel over its height as the container, or else the codec, has it; 1 when neither does or it is absurd. */
AVRational video_in_pixel_aspect(const AVStream *s);

/* The stream's display matrix (9 integers) or NULL. */
const int32_t *video_in_rotation(const AVStream *s);

/* The picture's size as displayed, with square pixels and upright. Returns the quarter turns clockwise, 0 to 3. */
int video_in_display(const AVStream *s, int *ret_width, int *ret_height);

#endif
