#include "media/video_in.h"

#include "media/graph.h"

#define FINEST        10000 /* ticks a second that a time base has at least */
#define MOST_FAILURES 64    /* undecodable pictures in a row after one packet (as many as the decoder may hold) */

struct video_in {
  AVCodecContext *decoder;
  struct graph_shape shape;
  struct graph *graph;
  struct video_out *out;
  AVRational stream_base;
  struct render_timeline timeline;
  AVFrame *frame, *filtered;
  int64_t next; /* where a frame without a time goes, output time base */
  int64_t nominal;
  unsigned long frames, damaged;
};

AVRational video_in_rate(const AVStream *s) {
  AVRational r = s->avg_frame_rate;
  if (r.num <= 0 || r.den <= 0) r = s->r_frame_rate;
  if (r.num <= 0 || r.den <= 0 || av_q2d(r) > 1000 || av_q2d(r) < 0.01) r = (AVRational){25, 1};
  /* x264 and the muxer want modest numbers. */
  av_reduce(&r.num, &r.den, r.num, r.den, 1 << 16);
  return r;
}

AVRational video_in_time_base(const AVStream *s) {
  AVRational t = s->time_base;
  if (t.num != 1 || t.den <= 0 || t.den > 1000000) return (AVRational){1, 90000};
  while (t.den < FINEST) t.den *= 2;
  return t;
}

AVRational video_in_pixel_aspect(const AVStream *s) {
  AVRational a = s->sample_aspect_ratio;
  if (a.num <= 0 || a.den <= 0) a = s->codecpar->sample_aspect_ratio;
  if (a.num <= 0 || a.den <= 0 || a.num > 10LL * a.den || a.den > 10LL * a.num) a = (AVRational){1, 1};
  return a;
}

const int32_t *video_in_rotation(const AVStream *s) {
#if LIBAVFORMAT_VERSION_MAJOR >= 61
  const AVPacketSideData *side =
      av_packet_side_data_get(s->codecpar->coded_side_data, s->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  return side && side->size >= 9 * sizeof(int32_t) ? (const int32_t *)(const void *)side->data : NULL;
#else
  size_t n = 0;
  const uint8_t *side = av_stream_get_side_data(s, AV_PKT_DATA_DISPLAYMATRIX, &n);
  return side && n >= 9 * sizeof(int32_t) ? (const int32_t *)(const void *)side : NULL;
#endif
}

int video_in_display(const AVStream *s, int *ret_width, int *ret_height) {
  int turns = graph_turns(video_in_rotation(s));
  int width = (int)(s->codecpar->width * av_q2d(video_in_pixel_aspect(s)) + 0.5), height = s->codecpar->height;
  *ret_width = turns % 2 ? height : width;
  *ret_height = turns % 2 ? width : height;
  return turns;
}

int video_in_open(const AVStream *s, struct render_timeline t, const struct media_render_options *o, int width,
                  int height, int threads, struct video_out *out, struct video_in **ret, struct err *e) {
  _cleanup_(video_in_freep) struct video_in *v = NEW(struct video_in);
  enum AVFieldOrder fields = s->codecpar->field_order;
  v->shape = (struct graph_shape){.width = width,
                                  .height = height,
                                  .cover = o->vertical,
                                  .fit = o->fit,
                                  .interlaced = fields != AV_FIELD_PROGRESSIVE && fields != AV_FIELD_UNKNOWN,
                                  .rotation = video_in_rotation(s),
                                  .pixel_aspect = video_in_pixel_aspect(s),
                                  .time_base = video_in_time_base(s),
                                  .threads = threads};
  v->stream_base = s->time_base;
  v->timeline = t;
  v->out = out;
  v->nominal = av_rescale_q(1, av_inv_q(video_in_rate(s)), v->shape.time_base);
  v->frame = render_frame_new();
  v->filtered = render_frame_new();
  int rc = render_decoder(s->codecpar, s->time_base, threads, &v->decoder, e);
  if (rc) return rc;
  *ret = TAKE(v);
  return 0;
}

void video_in_free(struct video_in *v) {
  if (!v) return;
  graph_free(v->graph);
  avcodec_free_context(&v->decoder);
  av_frame_free(&v->frame);
  av_frame_free(&v->filtered);
  free(v);
}

static int64_t duration_of(const struct video_in *v, const AVFrame *f) {
#if LIBAVUTIL_VERSION_MAJOR >= 58
  int64_t d = f->duration;
#else
  int64_t d = f->pkt_duration;
#endif
  d = av_rescale_q(d, v->stream_base, v->shape.time_base);
  /* Some containers give a field's duration, or none; such numbers only matter for the last frame. */
  return d >= v->nominal / 2 && d <= 20 * v->nominal ? d : 0;
}

static int pull(struct video_in *v, struct err *e) {
  for (;;) {
    int rc = graph_pull(v->graph, v->filtered, e);
    if (rc <= 0) return rc;
    /* The graph leaves the duration in the stream's time base. */
    rc = video_out_frame(v->out, v->filtered, duration_of(v, v->filtered), e);
    if (rc) return rc;
  }
}

static int drain_graph(struct video_in *v, struct err *e) {
  if (!v->graph) return 0;
  int rc = graph_push(v->graph, NULL, e);
  if (!rc) rc = pull(v, e);
  graph_free(v->graph);
  v->graph = NULL;
  return rc;
}

/* The decoded frame's time on the output's timeline; false when it lies outside. */
static bool place(struct video_in *v) {
  AVFrame *f = v->frame;
  AVRational base = v->shape.time_base;
  if (f->best_effort_timestamp == AV_NOPTS_VALUE) f->pts = v->next;
  else
    f->pts = av_rescale_q(f->best_effort_timestamp, v->stream_base, base) -
             av_rescale_q(v->timeline.origin, AV_TIME_BASE_Q, base);
  double seconds = (double)f->pts * av_q2d(base);
  if (seconds < -0.1 || seconds > v->timeline.latest) return false;
  if (f->pts < 0) f->pts = 0;
  v->next = f->pts + v->nominal;
  return true;
}

static int take_frames(struct video_in *v, struct err *e) {
  for (int failures = 0;;) {
    int rc = avcodec_receive_frame(v->decoder, v->frame);
    if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) return 0;
    if (rc == AVERROR(ENOMEM)) abort();
    if (rc < 0) { /* one picture is lost; those behind it may be whole */
      v->damaged++;
      if (++failures > MOST_FAILURES) return 0;
      continue;
    }
    if (v->frame->flags & AV_FRAME_FLAG_CORRUPT || !place(v)) {
      v->damaged++;
      av_frame_unref(v->frame);
      continue;
    }
    v->frames++;
    if (v->graph && !graph_fits(v->graph, v->frame)) {
      rc = drain_graph(v, e);
      if (rc) return rc;
    }
    if (!v->graph) {
      rc = graph_open(&v->shape, v->frame, &v->graph, e);
      if (rc) return rc;
    }
    rc = graph_push(v->graph, v->frame, e);
    if (!rc) rc = pull(v, e);
    if (rc) return rc;
  }
}

int video_in_packet(struct video_in *v, const AVPacket *packet, struct err *e) {
  int sent;
  do {
    sent = avcodec_send_packet(v->decoder, packet);
    if (sent == AVERROR(ENOMEM)) abort();
    int rc = take_frames(v, e);
    if (rc) return rc;
  } while (sent == AVERROR(EAGAIN)); /* it was full: what it had is taken now */
  if (sent < 0 && sent != AVERROR_EOF) v->damaged++;
  if (packet) return 0;
  if (!v->frames)
    return err_set(e, ERR_INPUT, "no frame of the video can be decoded: the file is damaged (%s)",
                   avcodec_get_name(v->decoder->codec_id));
  return drain_graph(v, e);
}
