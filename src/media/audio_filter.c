/*
 * DESIGN: libavfilter's aresample does rate, format, downmix and drift. Two things are added. Long holes are filled
 * here in blocks of a second, because aresample would make the whole silence at once (a hostile timestamp could ask for
 * hours of it). And a change of the input's parameters drains the graph and opens another whose times go on.
 */
#include "media/audio_filter.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/samplefmt.h>

#include "media/render_util.h"

#define HOLE 0.2 /* seconds: filled here when longer, left to aresample when shorter */

struct audio_filter {
  int rate, channels, frame_size;
  audio_sink_fn sink_fn;
  void *sink_ctx;
  AVFilterGraph *graph;
  AVFilterContext *source, *sink;
  int in_rate, in_format;
  AVChannelLayout in_layout;
  int64_t next; /* end of the input so far, in samples of in_rate */
  int64_t done; /* samples given out */
  AVFrame *out;
};

int audio_filter_rate(int input_rate) {
  return input_rate == 44100 || input_rate == 22050 || input_rate == 11025 || input_rate == 88200 ? 44100 : 48000;
}

int audio_filter_channels(int input_channels) {
  return input_channels > 1 ? 2 : 1;
}

int audio_filter_open(int rate, int channels, int frame_size, audio_sink_fn sink, void *ctx, struct audio_filter **ret,
                      struct err *e) {
  (void)e;
  struct audio_filter *a = NEW(struct audio_filter);
  a->rate = rate;
  a->channels = channels;
  a->frame_size = frame_size;
  a->sink_fn = sink;
  a->sink_ctx = ctx;
  a->out = render_frame_new();
  *ret = a;
  return 0;
}

void audio_filter_free(struct audio_filter *a) {
  if (!a) return;
  avfilter_graph_free(&a->graph);
  av_channel_layout_uninit(&a->in_layout);
  av_frame_free(&a->out);
  free(a);
}

static int build(struct audio_filter *a, const AVFrame *like, struct err *e) {
  char description[512];
  a->graph = avfilter_graph_alloc();
  if (!a->graph) abort();
  a->graph->nb_threads = 1;
  a->source = avfilter_graph_alloc_filter(a->graph, avfilter_get_by_name("abuffer"), "in");
  a->sink = avfilter_graph_alloc_filter(a->graph, avfilter_get_by_name("abuffersink"), "out");
  AVBufferSrcParameters *p = av_buffersrc_parameters_alloc();
  if (!a->source || !a->sink || !p) abort();
  a->in_rate = like->sample_rate;
  a->in_format = like->format;
  av_channel_layout_uninit(&a->in_layout);
  if (av_channel_layout_copy(&a->in_layout, &like->ch_layout) < 0) abort();
  p->format = like->format;
  p->sample_rate = like->sample_rate;
  p->time_base = (AVRational){1, like->sample_rate};
  /* A count without an order has no downmix: take the usual layout of so many channels. */
  if (like->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
    av_channel_layout_default(&p->ch_layout, like->ch_layout.nb_channels);
  else if (av_channel_layout_copy(&p->ch_layout, &like->ch_layout) < 0) abort();
  int rc = av_buffersrc_parameters_set(a->source, p);
  av_channel_layout_uninit(&p->ch_layout);
  av_free(p);
  if (rc >= 0) rc = avfilter_init_str(a->source, NULL);
  if (rc >= 0) rc = avfilter_init_str(a->sink, NULL);
  snprintf(description, sizeof description,
           "aresample=%d:async=1000:min_comp=0.005:min_hard_comp=0.1:first_pts=%lld,"
           "aformat=sample_fmts=fltp:sample_rates=%d:channel_layouts=%s",
           a->rate, (long long)a->done, a->rate, a->channels > 1 ? "stereo" : "mono");
  AVFilterInOut *outputs = avfilter_inout_alloc(), *inputs = avfilter_inout_alloc();
  if (!outputs || !inputs) abort();
  *outputs = (AVFilterInOut){.name = av_strdup("in"), .filter_ctx = a->source};
  *inputs = (AVFilterInOut){.name = av_strdup("out"), .filter_ctx = a->sink};
  if (rc >= 0) rc = avfilter_graph_parse_ptr(a->graph, description, &inputs, &outputs, NULL);
  avfilter_inout_free(&inputs);
  avfilter_inout_free(&outputs);
  if (rc >= 0) rc = avfilter_graph_config(a->graph, NULL);
  if (rc < 0)
    return render_av(e, ERR_INPUT, rc, "cannot convert this sound (%d Hz, %d channels)", like->sample_rate,
                     like->ch_layout.nb_channels);
  av_buffersink_set_frame_size(a->sink, (unsigned int)a->frame_size);
  return 0;
}

static int pull(struct audio_filter *a, struct err *e) {
  for (;;) {
    int rc = av_buffersink_get_frame(a->sink, a->out);
    if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) return 0;
    if (rc < 0) return render_av(e, ERR_FAIL, rc, "the sound cannot be converted");
    /* Times are counted: aresample has already made the samples follow the input's times. */
    a->out->pts = a->done;
    a->done += a->out->nb_samples;
    rc = a->sink_fn(a->sink_ctx, a->out, e);
    av_frame_unref(a->out);
    if (rc) return rc;
  }
}

static int drain(struct audio_filter *a, struct err *e) {
  if (!a->graph) return 0;
  int rc = av_buffersrc_add_frame(a->source, NULL);
  rc = rc < 0 ? render_av(e, ERR_FAIL, rc, "the sound cannot be converted") : pull(a, e);
  avfilter_graph_free(&a->graph);
  return rc;
}

static int push(struct audio_filter *a, const AVFrame *frame, int64_t pts, struct err *e) {
  _cleanup_(frame_freep) AVFrame *f = av_frame_clone(frame);
  if (!f) abort();
  f->pts = pts;
  if (f->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) av_channel_layout_default(&f->ch_layout, f->ch_layout.nb_channels);
  a->next = pts + f->nb_samples;
  int rc = av_buffersrc_add_frame(a->source, f);
  if (rc < 0) return render_av(e, ERR_FAIL, rc, "the sound cannot be converted");
  return pull(a, e);
}

/* Silence like `like` from a->next to `until`. */
static int fill(struct audio_filter *a, const AVFrame *like, int64_t until, struct err *e) {
  while (a->next < until) {
    _cleanup_(frame_freep) AVFrame *f = render_frame_new();
    int64_t n = until - a->next;
    f->format = like->format;
    f->sample_rate = like->sample_rate;
    f->nb_samples = (int)(n < like->sample_rate ? n : like->sample_rate);
    if (av_channel_layout_copy(&f->ch_layout, &like->ch_layout) < 0 || av_frame_get_buffer(f, 0) < 0) abort();
    av_samples_set_silence(f->extended_data, 0, f->nb_samples, f->ch_layout.nb_channels, f->format);
    int rc = push(a, f, a->next, e);
    if (rc) return rc;
  }
  return 0;
}

int audio_filter_frame(struct audio_filter *a, const AVFrame *frame, struct err *e) {
  if (!frame) return drain(a, e);
  if (a->graph && (frame->sample_rate != a->in_rate || frame->format != a->in_format ||
                   av_channel_layout_compare(&frame->ch_layout, &a->in_layout))) {
    int rc = drain(a, e);
    if (rc) return rc;
    a->next = av_rescale(a->done, frame->sample_rate, a->rate);
  }
  if (!a->graph) {
    int rc = build(a, frame, e);
    if (rc) return rc;
  }
  int64_t pts = frame->pts == AV_NOPTS_VALUE ? a->next : frame->pts;
  if (pts - a->next > (int64_t)(HOLE * frame->sample_rate)) {
    int rc = fill(a, frame, pts, e);
    if (rc) return rc;
  }
  return push(a, frame, pts, e);
}
