/*
 * DESIGN. Every frame is decoded as cheaply as the codec allows (no loop filter), scaled to a small grey picture and compared
 * with the one before: the mean difference of pixels together with the distance of the brightness histograms. A cut is a
 * frame that differs much more than those around it (so motion and fades, which differ steadily, are none), and whose
 * successor stays different from what was before it (so a flash is none).
 *
 * This is a help for caption setting and never worth a failure: what cannot be decoded gives fewer shots.
 */
#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "media/child_ops.h"
#include "media/input.h"
#include "media/media.h"
#include "media/render_util.h"

enum {
  WIDTH = 64,
  HEIGHT = 36,
  PIXELS = WIDTH * HEIGHT,
  LEVELS = 32,
  STEP = 256 / LEVELS,
  MOST_SHOTS = 100000,
  RECENT = 9
};
#define SHOTS_MEMORY  (3ULL << 30)
#define SHOTS_SECONDS (24 * 3600.0)      /* a stuck search ends some day, as a stuck render does */
static const double shortest = 0.4;      /* seconds between two cuts */
static const double least_change = 12.0; /* of the combined measure below; a still scene has 0-3 */
static const double times_usual = 3.0;   /* a cut differs this much more than the frames before it usually do */
static const double next_at_most = 0.7;  /* and the frame after it differs less: else all of this scene is unsteady */

/* ---- child ---- */

struct picture {
  uint8_t grey[PIXELS];
  int histogram
      [LEVELS +
       1]; /* a pixel's weight is shared between the two nearest levels, so that a slow fade changes it slowly */
};

struct detector {
  struct picture before, now; /* the last two frames */
  int seen;
  double recent[RECENT]; /* the last changes, as a ring */
  double last_cut;
  double pending;        /* time of a cut that the next frame must confirm, or -1 */
  double pending_change; /* its change */
  struct picture base;   /* the frame before that cut */
  double *times;
  size_t count, cap;
};

static double change(const struct picture *a, const struct picture *b) {
  double pixels = 0, levels = 0;
  for (int i = 0; i < PIXELS; i++) pixels += abs(a->grey[i] - b->grey[i]);
  for (int i = 0; i <= LEVELS; i++) levels += abs(a->histogram[i] - b->histogram[i]);
  return 0.5 * pixels / PIXELS + 25.0 * levels / (2.0 * PIXELS * STEP);
}

/* The median: one cut among the last frames does not move it. */
static double usual(const struct detector *d) {
  double sorted[RECENT];
  int n = 0, have = d->seen - 1 < RECENT ? d->seen - 1 : RECENT;
  for (int i = 0; i < have; i++) {
    int k = n++;
    for (; k > 0 && sorted[k - 1] > d->recent[i]; k--) sorted[k] = sorted[k - 1];
    sorted[k] = d->recent[i];
  }
  return n ? sorted[n / 2] : 0;
}

static void confirm(struct detector *d, double c) {
  bool stays = change(&d->base, &d->now) > least_change;
  if (stays && c < next_at_most * d->pending_change && d->count < MOST_SHOTS) {
    x_grow(&d->times, &d->cap, d->count + 1, sizeof *d->times);
    d->times[d->count++] = d->last_cut = d->pending;
  }
  d->pending = -1;
}

static void look(struct detector *d, double t) {
  memset(d->now.histogram, 0, sizeof d->now.histogram);
  for (int i = 0; i < PIXELS; i++) {
    int level = d->now.grey[i] / STEP, beyond = d->now.grey[i] % STEP;
    d->now.histogram[level] += STEP - beyond;
    d->now.histogram[level + 1] += beyond;
  }
  if (d->seen > 0) {
    double c = change(&d->before, &d->now);
    if (d->pending >= 0) {
      confirm(d, c);
    } else if (c > least_change && c > times_usual * usual(d) && t - d->last_cut >= shortest) {
      d->pending = t;
      d->pending_change = c;
      d->base = d->before;
    }
    d->recent[(d->seen - 1) % RECENT] = c;
  }
  d->seen++;
  d->before = d->now;
}

static void see(struct detector *d, struct SwsContext **sws, const AVFrame *frame, double t) {
  *sws = sws_getCachedContext(*sws, frame->width, frame->height, frame->format, WIDTH, HEIGHT, AV_PIX_FMT_GRAY8,
                              SWS_FAST_BILINEAR, NULL, NULL, NULL);
  if (!*sws) return;
  uint8_t *to[4] = {d->now.grey};
  int stride[4] = {WIDTH};
  if (sws_scale(*sws, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, to, stride) == HEIGHT)
    look(d, t);
}

static void watch(AVFormatContext *f, int stream, AVCodecContext *decoder, struct detector *d, struct child_io *io) {
  _cleanup_(packet_freep) AVPacket *packet = render_packet_new();
  _cleanup_(frame_freep) AVFrame *frame = render_frame_new();
  struct SwsContext *sws = NULL;
  double origin = (double)input_origin(f) / AV_TIME_BASE, base = av_q2d(f->streams[stream]->time_base);
  bool more = true;
  while (more) {
    more = av_read_frame(f, packet) >= 0;
    if (more && packet->stream_index != stream) {
      av_packet_unref(packet);
      continue;
    }
    avcodec_send_packet(decoder, more ? packet : NULL);
    av_packet_unref(packet);
    while (avcodec_receive_frame(decoder, frame) >= 0) {
      if (frame->best_effort_timestamp != AV_NOPTS_VALUE) {
        double t = (double)frame->best_effort_timestamp * base - origin;
        see(d, &sws, frame, t);
        if (f->duration > 0) child_progress(io, t * AV_TIME_BASE / (double)f->duration);
      }
      av_frame_unref(frame);
    }
  }
  sws_freeContext(sws);
}

int media_child_shots(struct js *request, struct child_io *io, struct err *e) {
  const char *path;
  AVFormatContext *f = NULL;
  int rc = js_get_string(request, "input", &path, e);
  if (rc == 0) rc = input_open(path, &f, e);
  if (rc < 0) return rc;
  struct detector d = {.pending = -1, .last_cut = -1};
  int stream = input_video(f);
  AVCodecContext *decoder = NULL;
  if (stream >= 0) {
    input_only(f, stream);
    rc = render_decoder(f->streams[stream]->codecpar, f->streams[stream]->time_base, 2, &decoder, e);
    if (rc == 0) {
      decoder->skip_loop_filter = AVDISCARD_ALL;
      watch(f, stream, decoder, &d, io);
    }
  }
  struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "shots");
  js_begin(&w, '[');
  for (size_t i = 0; i < d.count; i++) js_double(&w, d.times[i], 3);
  js_end(&w, ']');
  js_end(&w, '}');
  if (rc == 0) child_result(io, buf_str(&b));
  buf_release(&b);
  free(d.times);
  avcodec_free_context(&decoder);
  input_close(&f);
  return rc;
}

/* ---- parent ---- */

int media_shots(const char *path, const atomic_bool *cancel, double **ret, size_t *ret_count, struct err *e) {
  _cleanup_(mem_freep) char *request = child_request_input(path);
  const char *const reads[] = {path, NULL};
  const struct child_spec spec = {.op = "shots",
                                  .request = request,
                                  .read_paths = reads,
                                  .background = true,
                                  .max_seconds = SHOTS_SECONDS,
                                  .max_memory = SHOTS_MEMORY};
  _cleanup_(js_freep) struct js *event = NULL;
  int rc = child_run(&spec, cancel, NULL, NULL, NULL, 0, &event, e);
  if (rc < 0) return rc;
  struct js *list;
  size_t n;
  rc = js_get_array(event, "result.shots", &list, &n, e);
  if (rc < 0) return rc;
  if (n > MOST_SHOTS) return err_set(e, ERR_INPUT, "more than %d shots", MOST_SHOTS);
  double *times = NEW_ARRAY(double, n), last = -1;
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    double t;
    if (js_get_number(js_item(list, i), "", &t, NULL) < 0 || t <= last || t > LIMIT_INPUT_SECONDS) continue;
    times[kept++] = last = t;
  }
  *ret = times;
  *ret_count = kept;
  return 0;
}
