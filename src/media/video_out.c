/*
 * DESIGN: one frame is held back until the next one comes, so that its true duration is known when it is encoded, and
 * so that a clean copy is at hand when it has to be shown again under a new caption.
 */
#include "media/video_out.h"

#include <math.h>

#include "media/render_util.h"
#include "media/subtitle_burn.h"
#include "media/watermark.h"

#define STEP       0.04 /* seconds between looks at the captions while a frame stands still */
#define HOLD       2.0  /* a standing frame is repeated at least this often, for seeking */
#define LATE_START 0.05 /* a first frame later than this is shown from 0 on */

struct video_out {
  struct encode *encode;
  struct subtitle_burn *burn;
  struct overlay mark;
  AVRational time_base;
  int64_t nominal; /* duration of a frame at the nominal rate */
  AVFrame *held;   /* the frame that waits for its successor; clean */
  int64_t held_duration;
  bool holding, any;
  int64_t latest;
};

int video_out_open(const struct video_out_options *v, const struct media_render_options *o, struct mux *m,
                   struct video_out **ret, struct err *e) {
  _cleanup_(video_out_freep) struct video_out *x = NEW(struct video_out);
  struct encode_video video = {v->width, v->height, v->time_base, v->rate, v->threads, v->preset};
  x->time_base = v->time_base;
  x->nominal = av_rescale_q(1, av_inv_q(v->rate), v->time_base);
  if (x->nominal < 1) x->nominal = 1;
  x->held = render_frame_new();
  int rc = 0;
  if (o->ass) rc = subtitle_burn_open_file(o->ass, v->width, v->height, &x->burn, e);
  if (!rc && o->watermark_text)
    rc = watermark_text(o->watermark_text, v->width, v->height, o->watermark_low, &x->mark, e);
  if (!rc && o->watermark_png) rc = watermark_png(o->watermark_png, v->width, v->height, o->watermark_low, &x->mark, e);
  if (!rc) rc = encode_video_open(&video, m, &x->encode, e);
  if (rc) return rc;
  *ret = TAKE(x);
  return 0;
}

void video_out_free(struct video_out *v) {
  if (!v) return;
  encode_free(v->encode);
  subtitle_burn_free(v->burn);
  overlay_release(&v->mark);
  av_frame_free(&v->held);
  free(v);
}

static double seconds_of(const struct video_out *v, int64_t pts) {
  return (double)pts * av_q2d(v->time_base);
}

/* Encodes `f` at pts, with what is shown then laid over it. `f` is drawn on (copied first when it is shared). */
static int emit(struct video_out *v, AVFrame *f, int64_t pts, int64_t duration, struct err *e) {
  const struct overlay *captions = v->burn ? subtitle_burn_at(v->burn, seconds_of(v, pts), NULL) : NULL;
  if ((captions && captions->w) || v->mark.w) {
    if (av_frame_make_writable(f) < 0) abort();
    if (v->mark.w) overlay_blend(&v->mark, f);
    if (captions && captions->w) overlay_blend(captions, f);
  }
  f->pts = pts;
  f->color_primaries = AVCOL_PRI_BT709;
  f->color_trc = AVCOL_TRC_BT709;
  f->colorspace = AVCOL_SPC_BT709;
  f->color_range = AVCOL_RANGE_MPEG;
  f->chroma_location = AVCHROMA_LOC_LEFT;
  v->latest = pts;
  return encode_frame(v->encode, f, duration, e);
}

static int emit_copy(struct video_out *v, int64_t pts, int64_t duration, struct err *e) {
  _cleanup_(frame_freep) AVFrame *copy = av_frame_clone(v->held);
  if (!copy) abort();
  return emit(v, copy, pts, duration, e);
}

/* The held frame is shown from its time until `until`. */
static int show_held(struct video_out *v, int64_t until, struct err *e) {
  int64_t step = (int64_t)ceil(STEP / av_q2d(v->time_base)), hold = (int64_t)(HOLD / av_q2d(v->time_base));
  int64_t shown = v->held->pts;
  /* Looks ahead for the next moment at which something else has to be shown. */
  while (until - shown > 2 * step) {
    int64_t next = shown;
    bool changed = false;
    if (v->burn) subtitle_burn_at(v->burn, seconds_of(v, shown), NULL);
    while (!changed && until - next > 2 * step && next - shown < hold) {
      next += step;
      if (v->burn) subtitle_burn_at(v->burn, seconds_of(v, next), &changed);
    }
    if (!changed && next - shown < hold) break;
    int rc = emit_copy(v, shown, next - shown, e);
    if (rc) return rc;
    shown = next;
  }
  v->holding = false;
  int rc = emit(v, v->held, shown, until - shown, e);
  av_frame_unref(v->held);
  return rc;
}

int video_out_frame(struct video_out *v, AVFrame *frame, int64_t duration, struct err *e) {
  if (!v->any && seconds_of(v, frame->pts) > LATE_START) {
    /* Its own copy from 0 on: players differ in what they show before a late first frame. */
    if (av_frame_ref(v->held, frame) < 0) abort();
    v->held->pts = 0;
    v->holding = v->any = true;
  }
  if (v->holding) {
    if (frame->pts <= v->held->pts) {
      av_frame_unref(frame);
      return 0;
    }
    int rc = show_held(v, frame->pts, e);
    if (rc) return rc;
  }
  av_frame_move_ref(v->held, frame);
  v->held_duration = duration > 0 ? duration : v->nominal;
  v->holding = v->any = true;
  return 0;
}

int video_out_finish(struct video_out *v, double seconds, struct err *e) {
  if (v->holding) {
    int64_t end = v->held->pts + v->held_duration, wanted = (int64_t)(seconds / av_q2d(v->time_base));
    /* Less than two frames is how files usually end. */
    int rc = show_held(v, wanted > end + 2 * v->nominal ? wanted : end, e);
    if (rc) return rc;
  }
  return encode_frame(v->encode, NULL, 0, e);
}

double video_out_seconds(const struct video_out *v) {
  return v->any ? seconds_of(v, v->latest) : -1;
}
