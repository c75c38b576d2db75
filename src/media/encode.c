/*
 * DESIGN: an encoder delays and reorders frames and does not carry their durations, but the muxer needs the true
 * duration of the last one (and with a variable rate of every one). A ring of (time, duration) pairs, longer than any
 * delay of the encoder, gives each packet its frame's duration back.
 */
#include "media/encode.h"

#include <libavutil/opt.h>

#include "media/render_util.h"

#define RING 1024 /* frames; x264 holds at most lookahead (250) + references + threads */

struct encode {
  AVCodecContext *codec;
  struct mux *mux;
  int index;
  AVPacket *packet;
  struct {
    int64_t pts, duration;
  } ring[RING];
  unsigned int next;
};

static struct encode *encode_new(const AVCodec *codec, struct mux *m) {
  struct encode *x = NEW(struct encode);
  x->codec = avcodec_alloc_context3(codec);
  if (!x->codec) abort();
  x->packet = render_packet_new();
  x->mux = m;
  x->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  for (unsigned int i = 0; i < RING; i++) x->ring[i].pts = AV_NOPTS_VALUE;
  return x;
}

void encode_free(struct encode *x) {
  if (!x) return;
  avcodec_free_context(&x->codec);
  av_packet_free(&x->packet);
  free(x);
}

static int start(struct encode *x, AVRational rate, const char *language, struct err *e) {
  int rc = avcodec_open2(x->codec, NULL, NULL);
  if (rc < 0) return render_av(e, ERR_FAIL, rc, "the %s encoder does not start", x->codec->codec->name);
  AVCodecParameters *p = avcodec_parameters_alloc();
  if (!p) abort();
  if (avcodec_parameters_from_context(p, x->codec) < 0) abort();
  rc = mux_add(x->mux, p, x->codec->time_base, rate, NULL, language, &x->index, e);
  avcodec_parameters_free(&p);
  return rc;
}

int encode_video_open(const struct encode_video *v, struct mux *m, struct encode **ret, struct err *e) {
  const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
  if (!codec) return err_set(e, ERR_UNSUPPORTED, "this libavcodec is built without x264");
  _cleanup_(encode_freep) struct encode *x = encode_new(codec, m);
  AVCodecContext *c = x->codec;
  c->width = v->width;
  c->height = v->height;
  c->pix_fmt = AV_PIX_FMT_YUV420P;
  c->sample_aspect_ratio = (AVRational){1, 1};
  c->time_base = v->time_base;
  c->framerate = v->rate;
  c->color_primaries = AVCOL_PRI_BT709;
  c->color_trc = AVCOL_TRC_BT709;
  c->colorspace = AVCOL_SPC_BT709;
  c->color_range = AVCOL_RANGE_MPEG;
  c->chroma_sample_location = AVCHROMA_LOC_LEFT;
  /* As many again by half as there are cores: x264's own choice, since its frame threads wait for each other. */
  c->thread_count = v->threads > 1 ? v->threads + v->threads / 2 : 1;
  double gop = av_q2d(v->rate) * ENCODE_GOP_SECONDS;
  c->gop_size = gop < 12 ? 12 : gop > 250 ? 250 : (int)(gop + 0.5);
  if (av_opt_set(c->priv_data, "preset", v->preset, 0) < 0 || av_opt_set_double(c->priv_data, "crf", ENCODE_CRF, 0) < 0)
    return err_set(e, ERR_UNSUPPORTED, "this x264 does not know preset %s", v->preset);
  int rc = start(x, v->rate, NULL, e);
  if (rc) return rc;
  *ret = TAKE(x);
  return 0;
}

int encode_audio_open(int sample_rate, int channels, const char *language, struct mux *m, struct encode **ret,
                      struct err *e) {
  const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
  if (!codec) return err_set(e, ERR_UNSUPPORTED, "this libavcodec is built without an AAC encoder");
  _cleanup_(encode_freep) struct encode *x = encode_new(codec, m);
  AVCodecContext *c = x->codec;
  c->sample_fmt = AV_SAMPLE_FMT_FLTP;
  c->sample_rate = sample_rate;
  c->time_base = (AVRational){1, sample_rate};
  av_channel_layout_default(&c->ch_layout, channels);
  c->bit_rate = channels > 1 ? 128000 : 96000;
  int rc = start(x, (AVRational){0, 1}, language, e);
  if (rc) return rc;
  *ret = TAKE(x);
  return 0;
}

int encode_frame_size(const struct encode *x) {
  return x->codec->frame_size;
}

static int64_t duration_of(const struct encode *x, int64_t pts) {
  for (unsigned int i = 0; i < RING; i++) {
    unsigned int at = (x->next + i) % RING; /* the oldest first: that is what comes out next */
    if (x->ring[at].pts == pts) return x->ring[at].duration;
  }
  return 0;
}

int encode_frame(struct encode *x, AVFrame *frame, int64_t duration, struct err *e) {
  AVCodecContext *c = x->codec;
  if (frame) {
    x->ring[x->next].pts = frame->pts;
    x->ring[x->next].duration = duration;
    x->next = (x->next + 1) % RING;
    frame->pict_type = AV_PICTURE_TYPE_NONE; /* the input's key frames are not ours */
  }
  int rc = avcodec_send_frame(c, frame);
  if (rc < 0 && rc != AVERROR_EOF) return render_av(e, ERR_FAIL, rc, "the %s encoder failed", c->codec->name);
  for (;;) {
    rc = avcodec_receive_packet(c, x->packet);
    if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) return 0;
    if (rc < 0) return render_av(e, ERR_FAIL, rc, "the %s encoder failed", c->codec->name);
    if (c->codec_type == AVMEDIA_TYPE_VIDEO) x->packet->duration = duration_of(x, x->packet->pts);
    rc = mux_write(x->mux, x->index, x->packet, c->time_base, e);
    if (rc) return rc;
  }
}
