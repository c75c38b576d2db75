#include "media/render_util.h"

#include <stdarg.h>

#include "base/limits.h"

int render_av(struct err *e, int code, int averror, const char *fmt, ...) {
  char what[512], why[AV_ERROR_MAX_STRING_SIZE];
  va_list args;
  va_start(args, fmt);
  vsnprintf(what, sizeof what, fmt, args);
  va_end(args);
  if (av_strerror(averror, why, sizeof why) < 0) snprintf(why, sizeof why, "error %d", averror);
  return err_set(e, code, "%s: %s", what, why);
}

AVFrame *render_frame_new(void) {
  AVFrame *f = av_frame_alloc();
  if (!f) abort();
  return f;
}

AVPacket *render_packet_new(void) {
  AVPacket *p = av_packet_alloc();
  if (!p) abort();
  return p;
}

int render_decoder(const AVCodecParameters *p, AVRational time_base, int threads, AVCodecContext **ret, struct err *e) {
  const AVCodec *codec = avcodec_find_decoder(p->codec_id);
  if (!codec) return err_set(e, ERR_INPUT, "this build has no decoder for %s", avcodec_get_name(p->codec_id));
  AVCodecContext *c = avcodec_alloc_context3(codec);
  if (!c) abort();
  int rc = avcodec_parameters_to_context(c, p);
  c->pkt_timebase = time_base;
  c->thread_count = threads;
  c->max_pixels = LIMIT_INPUT_PIXELS;
  if (rc >= 0) rc = avcodec_open2(c, codec, NULL);
  if (rc < 0) {
    avcodec_free_context(&c);
    return render_av(e, ERR_INPUT, rc, "the %s decoder does not accept this stream", codec->name);
  }
  *ret = c;
  return 0;
}
