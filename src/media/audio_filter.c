/*
 * DESIGN: libswresample converts rate, format and channels; the times are kept here. (Its own async mode loses count
 * when it has to begin resampling in mid-stream.) For each frame the place where its first sample would come out is
 * compared with where it belongs: at the very beginning, and from HOLE on, the difference is made good at once, with
 * silence or by dropping samples; a smaller one by running up to 2 % slower or faster for a while; one below TOLERANCE is
 * the rounding of the container. Silence is made in blocks of a second, because a hostile timestamp could ask for
 * hours of it.
 */
#include "media/audio_filter.h"

#include <libavutil/audio_fifo.h>
#include <libavutil/opt.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>
#include <math.h>
#include <stdbool.h>

#include "media/render_util.h"

#define HOLE      0.1   /* seconds */
#define TOLERANCE 0.006 /* seconds: Matroska rounds to 1 ms, MPEG streams jitter by a few */
#define STRETCH   0.02

struct audio_filter {
  int rate, channels, frame_size;
  audio_sink_fn sink_fn;
  void *sink_ctx;
  SwrContext *swr; /* NULL before the first frame and after the end */
  int in_rate, in_format;
  AVChannelLayout in_layout; /* as the frames have it */
  AVAudioFifo *fifo;
  int64_t made;            /* samples that came out of the resampler */
  int64_t done;            /* samples given to the sink */
  int64_t stretched_until; /* `made` at which a stretch ends */
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
  a->fifo = av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, channels, 2 * frame_size);
  if (!a->fifo) abort();
  *ret = a;
  return 0;
}

void audio_filter_free(struct audio_filter *a) {
  if (!a) return;
  swr_free(&a->swr);
  av_channel_layout_uninit(&a->in_layout);
  if (a->fifo) av_audio_fifo_free(a->fifo);
  av_frame_free(&a->out);
  free(a);
}

static int build(struct audio_filter *a, const AVFrame *like, struct err *e) {
  AVChannelLayout in = {0}, out = {0};
  a->in_rate = like->sample_rate;
  a->in_format = like->format;
  av_channel_layout_uninit(&a->in_layout);
  if (av_channel_layout_copy(&a->in_layout, &like->ch_layout) < 0) abort();
  /* A count without an order has no downmix: take the usual layout of so many channels. */
  if (like->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) av_channel_layout_default(&in, like->ch_layout.nb_channels);
  else if (av_channel_layout_copy(&in, &like->ch_layout) < 0) abort();
  av_channel_layout_default(&out, a->channels);
  int rc =
      swr_alloc_set_opts2(&a->swr, &out, AV_SAMPLE_FMT_FLTP, a->rate, &in, like->format, like->sample_rate, 0, NULL);
  av_channel_layout_uninit(&in);
  av_channel_layout_uninit(&out);
  if (rc >= 0) rc = swr_init(a->swr);
  if (rc >= 0) return 0;
  return render_av(e, ERR_INPUT, rc, "cannot convert this sound (%d Hz, %d channels)", like->sample_rate,
                   like->ch_layout.nb_channels);
}

static AVFrame *block(int rate, int channels, enum AVSampleFormat format, int samples) {
  AVFrame *f = render_frame_new();
  f->format = format;
  f->sample_rate = rate;
  f->nb_samples = samples;
  av_channel_layout_default(&f->ch_layout, channels);
  if (av_frame_get_buffer(f, 0) < 0) abort();
  return f;
}

/* Whole frames to the sink; at the end (`all`) also the last, shorter one. */
static int give(struct audio_filter *a, bool all, struct err *e) {
  for (;;) {
    int waiting = av_audio_fifo_size(a->fifo);
    int n = waiting < a->frame_size ? waiting : a->frame_size;
    if (!n || (n < a->frame_size && !all)) return 0;
    _cleanup_(frame_freep) AVFrame *f = block(a->rate, a->channels, AV_SAMPLE_FMT_FLTP, n);
    if (av_audio_fifo_read(a->fifo, (void **)f->extended_data, n) != n) abort();
    f->pts = a->done;
    a->done += n;
    int rc = a->sink_fn(a->sink_ctx, f, e);
    if (rc) return rc;
  }
}

/* NULL: what the resampler still holds. */
static int resample(struct audio_filter *a, const uint8_t *const *data, int samples, struct err *e) {
  int most = swr_get_out_samples(a->swr, samples);
  if (most < 0) return render_av(e, ERR_FAIL, most, "the sound cannot be converted");
  if (!most) return 0;
  _cleanup_(frame_freep) AVFrame *f = block(a->rate, a->channels, AV_SAMPLE_FMT_FLTP, most);
  int n = swr_convert(a->swr, f->extended_data, most, (const uint8_t **)(uintptr_t)data, samples);
  if (n < 0) return render_av(e, ERR_FAIL, n, "the sound cannot be converted");
  if (n && av_audio_fifo_write(a->fifo, (void **)f->extended_data, n) < n) abort();
  a->made += n;
  return give(a, false, e);
}

/* Silence of `n` output samples, between what is out and what comes. */
static int fill(struct audio_filter *a, int64_t n, struct err *e) {
  while (n > 0) {
    int now = n < a->rate ? (int)n : a->rate;
    _cleanup_(frame_freep) AVFrame *f = block(a->rate, a->channels, AV_SAMPLE_FMT_FLTP, now);
    av_samples_set_silence(f->extended_data, 0, now, a->channels, AV_SAMPLE_FMT_FLTP);
    if (av_audio_fifo_write(a->fifo, (void **)f->extended_data, now) < now) abort();
    a->made += now;
    n -= now;
    int rc = give(a, false, e);
    if (rc) return rc;
  }
  return 0;
}

static int flush(struct audio_filter *a, struct err *e) {
  if (!a->swr) return 0;
  int rc = resample(a, NULL, 0, e);
  swr_free(&a->swr);
  a->stretched_until = 0;
  return rc;
}

/* Pushes a frame from its sample `from` on. */
static int push(struct audio_filter *a, const AVFrame *f, int from, struct err *e) {
  const uint8_t *planes[AV_NUM_DATA_POINTERS * 8];
  int channels = f->ch_layout.nb_channels, bytes = av_get_bytes_per_sample(f->format);
  bool planar = av_sample_fmt_is_planar(f->format);
  int count = planar ? channels : 1;
  if ((size_t)count > ARRAY_LEN(planes)) return err_set(e, ERR_INPUT, "the sound has %d channels", channels);
  for (int i = 0; i < count; i++) planes[i] = f->extended_data[i] + (ptrdiff_t)from * bytes * (planar ? 1 : channels);
  return resample(a, planes, f->nb_samples - from, e);
}

int audio_filter_frame(struct audio_filter *a, const AVFrame *frame, struct err *e) {
  if (!frame) {
    int rc = flush(a, e);
    return rc ? rc : give(a, true, e);
  }
  int rc = 0;
  if (a->swr && (frame->sample_rate != a->in_rate || frame->format != a->in_format ||
                 av_channel_layout_compare(&frame->ch_layout, &a->in_layout)))
    rc = flush(a, e);
  if (!rc && !a->swr) rc = build(a, frame, e);
  if (rc) return rc;
  if (frame->pts == AV_NOPTS_VALUE) return push(a, frame, 0, e);

  int64_t comes = a->made + swr_get_delay(a->swr, a->rate); /* where this frame's first sample would come out */
  int64_t late = av_rescale(frame->pts, a->rate, a->in_rate) - comes;
  if (late > (int64_t)(HOLE * a->rate) || (late > 0 && !comes)) {
    /* What the resampler holds belongs before the silence. */
    rc = flush(a, e);
    if (!rc) rc = build(a, frame, e);
    if (!rc) rc = fill(a, av_rescale(frame->pts, a->rate, a->in_rate) - a->made, e);
  } else if (late < -(int64_t)(HOLE * a->rate) || (late < 0 && !comes)) {
    int64_t drop = av_rescale(-late, a->in_rate, a->rate);
    return drop >= frame->nb_samples ? 0 : push(a, frame, (int)drop, e);
  } else if (fabs((double)late) > TOLERANCE * a->rate && a->made >= a->stretched_until) {
    int distance = (int)(fabs((double)late) / STRETCH);
    int av = swr_set_compensation(a->swr, (int)late, distance);
    if (av < 0) return render_av(e, ERR_FAIL, av, "the sound cannot be converted");
    a->stretched_until = a->made + distance;
  }
  return rc ? rc : push(a, frame, 0, e);
}
