/*
 * The whole rendering, inside the child: opens the input, builds the parts below, and moves packets until the end.
 *
 *   input -+-> video_in -> graph ->+
 *          |   (or background) --->+-> video_out (captions, watermark) -> x264 -+
 *          +-> audio_track -> AAC, or the packets as they are ------------------+-> mux -> MP4
 *
 * With `soft` (render_soft.c) the video packets go straight to the mux, and a subtitle track joins them.
 * Errors as in media.h. The output's content is undefined after a failure.
 */
#ifndef TITR_MEDIA_RENDER_RUN_H
#define TITR_MEDIA_RENDER_RUN_H

#include <libavformat/avformat.h>

#include "base/err.h"
#include "media/media.h"
#include "media/mux.h"

typedef void (*render_progress_fn)(void *ctx, double done);

int render_run(const struct media_render_options *o, render_progress_fn progress, void *ctx, struct err *e);

/* A subtitle track from SRT text, for render_soft.c: reads all of it up front, hands out packets as the video goes on.
 * From a text without cues comes no track. */
struct render_soft;
int render_soft_open(const char *srt_path, const char *language, struct mux *m, struct render_soft **ret,
                     struct err *e);
void render_soft_free(struct render_soft *s);
DEFINE_FREEP(struct render_soft, render_soft_free)
int render_soft_until(struct render_soft *s, double seconds, struct err *e); /* writes the cues that end before */
int render_soft_finish(struct render_soft *s, double end, struct err *e);    /* the rest, cut at the video's end */

/* A video stream copied as it is. ERR_INPUT when MP4 cannot hold its codec. */
struct render_copy;
int render_copy_open(const AVStream *s, int64_t origin, struct mux *m, struct render_copy **ret, struct err *e);
void render_copy_free(struct render_copy *c);
DEFINE_FREEP(struct render_copy, render_copy_free)
int render_copy_packet(struct render_copy *c, AVPacket *packet, struct err *e); /* NULL: the end */
double render_copy_seconds(const struct render_copy *c);

#endif
