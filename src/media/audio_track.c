/*
 * DESIGN: copying is lossless and nearly free, but only when nothing about the times has to be repaired, because a
 * packet cannot be stretched or padded. So the decision is taken up front from what the container tells; MPEG streams
 * and AVI, whose times are guesses, are always decoded. Copied packets are put on the codec's own sample grid where the
 * container's rounding (Matroska: 1 ms) moved them by less than half a packet.
 */
#include "media/audio_track.h"

#include <stdlib.h>

#include "media/audio_filter.h"
#include "media/encode.h"

#define COPY_LATEST   0.02 /* seconds: sound that begins later than this is decoded, so that silence can be put in */
#define COPY_EARLIEST 0.2  /* and encoder delay before 0 may be up to this */
#define COPY_HOLE     0.05 /* in an MP4's index: longer holes are filled by decoding */
#define MOST_FAILURES 64

struct audio_track {
  struct mux *mux;
  AVRational stream_base;
  struct render_timeline timeline;
  double end;
  /* copying */
  bool copies;
  int index, rate, grid; /* grid: samples a packet, 0 when not known */
  int64_t next;          /* AV_NOPTS_VALUE before the first */
  /* decoding */
  AVCodecContext *decoder;
  AVFrame *frame;
  int64_t decoded; /* end of the last decoded frame, samples of its rate; AV_NOPTS_VALUE before the first */
  struct audio_filter *filter;
  struct encode *encode;
  audio_tap_fn tap;
  void *tap_ctx;
};

static bool named(const AVFormatContext *input, const char *name) {
  return strstr(input->iformat->name, name) != NULL;
}

/* Whether the packets that an MP4's index lists follow each other without holes. */
static bool index_is_even(const AVStream *s) {
  AVStream *stream = (AVStream *)(uintptr_t)s; /* libavformat 59 wants it writable, and only reads */
  int n = avformat_index_get_entries_count(stream);
  int64_t step = 0;
  for (int i = 1; i < n; i++) {
    const AVIndexEntry *a = avformat_index_get_entry(stream, i - 1), *b = avformat_index_get_entry(stream, i);
    int64_t d = b->timestamp - a->timestamp;
    if (i == 1) step = d;
    if (d <= 0 || (double)(d - step) * av_q2d(s->time_base) > COPY_HOLE) return false;
  }
  return true;
}

static bool may_copy(const AVFormatContext *input, const AVStream *s, int64_t origin) {
  const AVCodecParameters *p = s->codecpar;
  if (p->codec_id != AV_CODEC_ID_AAC && p->codec_id != AV_CODEC_ID_MP3) return false;
  if (p->sample_rate < 8000 || !mux_can_hold(p->codec_id)) return false;
  if (p->codec_id == AV_CODEC_ID_MP3 && p->sample_rate < 16000) return false; /* MPEG-2.5 has no MP4 */
  if (!named(input, "mp4") && !named(input, "matroska") && !named(input, "flv") && !named(input, "mp3")) return false;
  if (s->start_time == AV_NOPTS_VALUE) return false;
  double begins = (double)s->start_time * av_q2d(s->time_base) - (double)origin / AV_TIME_BASE;
  return begins <= COPY_LATEST && begins >= -COPY_EARLIEST && index_is_even(s);
}

static int to_encoder(void *ctx, AVFrame *frame, struct err *e) {
  struct audio_track *a = ctx;
  a->end = (double)(frame->pts + frame->nb_samples) / frame->sample_rate;
  return encode_frame(a->encode, frame, frame->nb_samples, e);
}

int audio_track_open(const AVFormatContext *input, const AVStream *s, struct render_timeline t, struct mux *m,
                     audio_tap_fn tap, void *tap_ctx, struct audio_track **ret, struct err *e) {
  _cleanup_(audio_track_freep) struct audio_track *a = NEW(struct audio_track);
  const AVCodecParameters *p = s->codecpar;
  const AVDictionaryEntry *tag = av_dict_get(s->metadata, "language", NULL, 0);
  const char *language = tag && strlen(tag->value) == 3 ? tag->value : NULL;
  a->mux = m;
  a->stream_base = s->time_base;
  a->timeline = t;
  a->rate = p->sample_rate;
  a->grid = p->frame_size;
  a->next = a->decoded = AV_NOPTS_VALUE;
  a->tap = tap;
  a->tap_ctx = tap_ctx;
  a->copies = may_copy(input, s, t.origin);
  int rc = 0;
  if (a->copies) rc = mux_add(m, p, (AVRational){1, a->rate}, (AVRational){0, 1}, NULL, language, &a->index, e);
  if (!rc && (!a->copies || tap)) {
    a->frame = render_frame_new();
    rc = render_decoder(p, s->time_base, 1, &a->decoder, e);
  }
  if (!rc && !a->copies) {
    int rate = audio_filter_rate(p->sample_rate), channels = audio_filter_channels(p->ch_layout.nb_channels);
    rc = encode_audio_open(rate, channels, language, m, &a->encode, e);
    if (!rc) rc = audio_filter_open(rate, channels, encode_frame_size(a->encode), to_encoder, a, &a->filter, e);
  }
  if (rc) return rc;
  *ret = TAKE(a);
  return 0;
}

void audio_track_free(struct audio_track *a) {
  if (!a) return;
  avcodec_free_context(&a->decoder);
  av_frame_free(&a->frame);
  audio_filter_free(a->filter);
  encode_free(a->encode);
  free(a);
}

/* The stream's time as samples of `rate` on the output's timeline. */
static int64_t place(const struct audio_track *a, int64_t t, int rate) {
  return av_rescale_q(t, a->stream_base, (AVRational){1, rate}) -
         av_rescale_q(a->timeline.origin, AV_TIME_BASE_Q, (AVRational){1, rate});
}

static bool inside(const struct audio_track *a, int64_t at, int rate) {
  return at > -(int64_t)rate && (double)at < a->timeline.latest * rate;
}

static int copy(struct audio_track *a, AVPacket *packet, struct err *e) {
  int64_t t = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  int64_t want = t != AV_NOPTS_VALUE ? place(a, t, a->rate) : a->next;
  if (want == AV_NOPTS_VALUE || !inside(a, want, a->rate)) return 0;
  int64_t length = av_rescale_q(packet->duration, a->stream_base, (AVRational){1, a->rate});
  /* The codec's own packet size where the container only rounds it; HE-AAC packets are twice as long as that. */
  if (a->grid > 0 && llabs(length - a->grid) < a->grid / 2) length = a->grid;
  if (a->next != AV_NOPTS_VALUE) {
    if (llabs(want - a->next) <= length / 2) want = a->next;
    if (want < a->next) return 0; /* overlaps what is there */
  }
  a->next = want + (length > 0 ? length : 1);
  a->end = (double)a->next / a->rate;
  packet->pts = packet->dts = want;
  packet->duration = length;
  return mux_write(a->mux, a->index, packet, (AVRational){1, a->rate}, e);
}

static int take_frames(struct audio_track *a, struct err *e) {
  for (int failures = 0;;) {
    AVFrame *f = a->frame;
    int rc = avcodec_receive_frame(a->decoder, f);
    if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) return 0;
    if (rc == AVERROR(ENOMEM)) abort();
    if (rc < 0) {
      if (++failures > MOST_FAILURES) return 0;
      continue;
    }
    if (f->sample_rate <= 0 || f->nb_samples <= 0) continue;
    f->pts =
        f->best_effort_timestamp != AV_NOPTS_VALUE ? place(a, f->best_effort_timestamp, f->sample_rate) : a->decoded;
    if (f->pts != AV_NOPTS_VALUE && !inside(a, f->pts, f->sample_rate)) continue;
    if (f->pts != AV_NOPTS_VALUE) {
      a->decoded = f->pts + f->nb_samples;
      a->end = (double)a->decoded / f->sample_rate;
    }
    rc = a->tap && f->pts != AV_NOPTS_VALUE ? a->tap(a->tap_ctx, f, e) : 0;
    if (!rc && a->filter) rc = audio_filter_frame(a->filter, f, e);
    av_frame_unref(f);
    if (rc) return rc;
  }
}

static int decode(struct audio_track *a, const AVPacket *packet, struct err *e) {
  int sent;
  do {
    sent = avcodec_send_packet(a->decoder, packet);
    if (sent == AVERROR(ENOMEM)) abort();
    int rc = take_frames(a, e);
    if (rc) return rc;
  } while (sent == AVERROR(EAGAIN));
  return 0;
}

int audio_track_packet(struct audio_track *a, AVPacket *packet, struct err *e) {
  int rc = a->decoder ? decode(a, packet, e) : 0;
  if (rc) return rc;
  if (a->copies) return packet ? copy(a, packet, e) : 0;
  if (packet) return 0;
  rc = audio_filter_frame(a->filter, NULL, e);
  return rc ? rc : encode_frame(a->encode, NULL, 0, e);
}

double audio_track_seconds(const struct audio_track *a) {
  return a->end;
}
