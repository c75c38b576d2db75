/*
 * DESIGN: the subtitle track is written while the video goes by, so that both lie near each other in the file. SRT is
 * read by libavformat's own reader from memory, and each cue becomes a mov_text sample through libavcodec, which keeps
 * italics and the like. MPEG-4 Part 2 from AVI often has two pictures packed in one, which MP4 does not allow: a bit
 * stream filter takes them apart.
 */
#include <libavcodec/bsf.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "media/render_run.h"
#include "media/render_util.h"
#include "media/video_in.h"

#define IO_BYTES 4096

/* ---- the subtitle track ---- */

struct cue {
  int64_t start, duration; /* ms */
  uint8_t *bytes;
  int n;
};

struct render_soft {
  struct mux *mux;
  int index;
  struct cue *cues;
  size_t count, room, next;
};

struct text {
  const char *bytes;
  int64_t n, at;
};

static int read_text(void *ctx, uint8_t *out, int n) {
  struct text *t = ctx;
  if (t->at >= t->n) return AVERROR_EOF;
  if (n > t->n - t->at) n = (int)(t->n - t->at);
  memcpy(out, t->bytes + t->at, (size_t)n);
  t->at += n;
  return n;
}

static void add_cue(struct render_soft *s, int64_t start, int64_t duration, const uint8_t *bytes, int n) {
  x_grow(&s->cues, &s->room, s->count + 1, sizeof *s->cues);
  struct cue *c = &s->cues[s->count++];
  c->start = start;
  c->duration = duration;
  c->bytes = x_malloc((size_t)n);
  c->n = n;
  memcpy(c->bytes, bytes, (size_t)n);
}

/* One SRT cue -> one mov_text sample. Cues that overlap the one before are cut: a track shows one at a time. */
static int convert_cue(struct render_soft *s, AVCodecContext *from, AVCodecContext *to, AVPacket *p, struct err *e) {
  AVSubtitle sub = {0};
  int got = 0;
  uint8_t sample[LIMIT_CUE_BYTES * 2];
  if (avcodec_decode_subtitle2(from, &sub, &got, p) < 0 || !got) return 0;
  int n = sub.num_rects ? avcodec_encode_subtitle(to, sample, sizeof sample, &sub) : 0;
  avsubtitle_free(&sub);
  if (n < 0) return render_av(e, ERR_INPUT, n, "a cue of the subtitle file cannot be stored");
  if (n == 0 || p->duration <= 0) return 0;
  if (s->count) {
    struct cue *last = &s->cues[s->count - 1];
    if (p->pts <= last->start) return 0;
    if (last->start + last->duration > p->pts) last->duration = p->pts - last->start;
  }
  add_cue(s, p->pts, p->duration, sample, n);
  if (s->count > LIMIT_SUBTITLE_CUES) return err_set(e, ERR_INPUT, "more than %d cues", LIMIT_SUBTITLE_CUES);
  return 0;
}

static int open_codecs(AVCodecContext **from, AVCodecContext **to, struct err *e) {
  const AVCodec *srt = avcodec_find_decoder(AV_CODEC_ID_SUBRIP), *mov = avcodec_find_encoder(AV_CODEC_ID_MOV_TEXT);
  if (!srt || !mov) return err_set(e, ERR_UNSUPPORTED, "this libavcodec is built without subtitle codecs");
  *from = avcodec_alloc_context3(srt);
  *to = avcodec_alloc_context3(mov);
  if (!*from || !*to) abort();
  (*from)->pkt_timebase = (*to)->time_base = (AVRational){1, 1000};
  int rc = avcodec_open2(*from, srt, NULL);
  if (rc >= 0) {
    (*to)->subtitle_header = av_mallocz((size_t)(*from)->subtitle_header_size + 1);
    if (!(*to)->subtitle_header) abort();
    memcpy((*to)->subtitle_header, (*from)->subtitle_header, (size_t)(*from)->subtitle_header_size);
    (*to)->subtitle_header_size = (*from)->subtitle_header_size;
    rc = avcodec_open2(*to, mov, NULL);
  }
  return rc < 0 ? render_av(e, ERR_FAIL, rc, "the subtitle codecs do not start") : 0;
}

static int read_cues(struct render_soft *s, AVFormatContext *f, const char *language, struct err *e) {
  AVCodecContext *from = NULL, *to = NULL;
  _cleanup_(packet_freep) AVPacket *p = render_packet_new();
  int rc = open_codecs(&from, &to, e);
  while (!rc && av_read_frame(f, p) >= 0) {
    rc = convert_cue(s, from, to, p, e);
    av_packet_unref(p);
  }
  if (!rc && s->count) { /* a track of nothing would only show up in the player's menu */
    AVCodecParameters *parameters = avcodec_parameters_alloc();
    if (!parameters || avcodec_parameters_from_context(parameters, to) < 0) abort();
    rc = mux_add(s->mux, parameters, (AVRational){1, 1000}, (AVRational){0, 1}, NULL, language, &s->index, e);
    avcodec_parameters_free(&parameters);
  }
  avcodec_free_context(&from);
  avcodec_free_context(&to);
  return rc;
}

/* MP4 wants three letters (ISO 639-2/T). */
static const char *three_letters(const char *two) {
  static const char *const known[][2] = {
      {"ar", "ara"}, {"bg", "bul"}, {"cs", "ces"}, {"da", "dan"}, {"de", "deu"}, {"el", "ell"}, {"en", "eng"},
      {"es", "spa"}, {"et", "est"}, {"fa", "fas"}, {"fi", "fin"}, {"fr", "fra"}, {"he", "heb"}, {"hi", "hin"},
      {"hr", "hrv"}, {"hu", "hun"}, {"id", "ind"}, {"it", "ita"}, {"ja", "jpn"}, {"ka", "kat"}, {"kk", "kaz"},
      {"ko", "kor"}, {"lt", "lit"}, {"lv", "lav"}, {"nl", "nld"}, {"no", "nor"}, {"pl", "pol"}, {"pt", "por"},
      {"ro", "ron"}, {"ru", "rus"}, {"sk", "slk"}, {"sl", "slv"}, {"sr", "srp"}, {"sv", "swe"}, {"th", "tha"},
      {"tr", "tur"}, {"uk", "ukr"}, {"vi", "vie"}, {"zh", "zho"},
  };
  for (size_t i = 0; two && i < ARRAY_LEN(known); i++)
    if (!strcmp(two, known[i][0])) return known[i][1];
  return two && strlen(two) == 3 ? two : NULL;
}

int render_soft_open(const char *srt_path, const char *language, struct mux *m, struct render_soft **ret,
                     struct err *e) {
  _cleanup_(render_soft_freep) struct render_soft *s = NEW(struct render_soft);
  _cleanup_(buf_release) struct buf file = BUF_INIT;
  s->mux = m;
  int rc = file_read(srt_path, LIMIT_SUBTITLE_BYTES, &file, e);
  if (rc) return rc;
  _cleanup_(mem_freep) char *clean = utf8_clean(buf_str(&file), file.len);
  struct text text = {clean, (int64_t)strlen(clean), 0};
  AVFormatContext *f = avformat_alloc_context();
  uint8_t *buffer = av_malloc(IO_BYTES);
  if (!f || !buffer) abort();
  AVIOContext *io = avio_alloc_context(buffer, IO_BYTES, 0, &text, read_text, NULL, NULL);
  if (!io) abort();
  f->pb = io;
  int av = avformat_open_input(&f, NULL, av_find_input_format("srt"), NULL); /* frees f when it fails */
  if (av < 0) rc = render_av(e, ERR_INPUT, av, "the subtitle file cannot be read");
  else rc = read_cues(s, f, three_letters(language), e);
  avformat_close_input(&f);
  av_freep(&io->buffer);
  avio_context_free(&io);
  if (rc) return rc;
  *ret = TAKE(s);
  return 0;
}

void render_soft_free(struct render_soft *s) {
  if (!s) return;
  for (size_t i = 0; i < s->count; i++) free(s->cues[i].bytes);
  free(s->cues);
  free(s);
}

static int write_cue(struct render_soft *s, const struct cue *c, int64_t duration, struct err *e) {
  _cleanup_(packet_freep) AVPacket *p = render_packet_new();
  if (av_new_packet(p, c->n) < 0) abort();
  memcpy(p->data, c->bytes, (size_t)c->n);
  p->pts = p->dts = c->start;
  p->duration = duration;
  p->flags |= AV_PKT_FLAG_KEY;
  return mux_write(s->mux, s->index, p, (AVRational){1, 1000}, e);
}

int render_soft_until(struct render_soft *s, double seconds, struct err *e) {
  /* A cue waits until the video has come to its end, so that it is known not to outlast it. */
  for (; s->next < s->count; s->next++) {
    const struct cue *c = &s->cues[s->next];
    if ((double)(c->start + c->duration) / 1000 > seconds) return 0;
    int rc = write_cue(s, c, c->duration, e);
    if (rc) return rc;
  }
  return 0;
}

int render_soft_finish(struct render_soft *s, double end, struct err *e) {
  int64_t most = (int64_t)(end * 1000);
  for (; s->next < s->count; s->next++) {
    const struct cue *c = &s->cues[s->next];
    if (c->start >= most) continue;
    int rc = write_cue(s, c, c->start + c->duration > most ? most - c->start : c->duration, e);
    if (rc) return rc;
  }
  return 0;
}

/* ---- the video, copied ---- */

struct render_copy {
  struct mux *mux;
  int index;
  AVRational stream_base;
  int64_t start;
  AVBSFContext *filter; /* or NULL */
  AVPacket *filtered;
  bool reorders; /* has pictures that are shown in another order than they are stored (B-frames) */
  int64_t last_dts;
  double end;
};

int render_copy_open(const AVStream *s, int64_t origin, struct mux *m, struct render_copy **ret, struct err *e) {
  _cleanup_(render_copy_freep) struct render_copy *c = NEW(struct render_copy);
  const AVCodecParameters *p = s->codecpar;
  if (!mux_can_hold(p->codec_id))
    return err_set(e, ERR_INPUT, "an MP4 cannot hold %s video unchanged; burn the captions in instead (without --soft)",
                   avcodec_get_name(p->codec_id));
  c->mux = m;
  c->stream_base = s->time_base;
  c->start = origin;
  c->reorders = p->video_delay > 0;
  c->last_dts = AV_NOPTS_VALUE;
  c->filtered = render_packet_new();
  if (p->codec_id == AV_CODEC_ID_MPEG4) {
    const AVBitStreamFilter *unpack = av_bsf_get_by_name("mpeg4_unpack_bframes");
    if (unpack && av_bsf_alloc(unpack, &c->filter) < 0) abort();
    if (c->filter && avcodec_parameters_copy(c->filter->par_in, p) < 0) abort();
    if (c->filter && av_bsf_init(c->filter) < 0) av_bsf_free(&c->filter);
  }
  int rc = mux_add(m, c->filter ? c->filter->par_out : p, s->time_base, s->avg_frame_rate, video_in_rotation(s), NULL,
                   &c->index, e);
  if (rc) return rc;
  *ret = TAKE(c);
  return 0;
}

void render_copy_free(struct render_copy *c) {
  if (!c) return;
  av_bsf_free(&c->filter);
  av_packet_free(&c->filtered);
  free(c);
}

static int write_copy(struct render_copy *c, AVPacket *p, struct err *e) {
  if (p->pts == AV_NOPTS_VALUE && c->reorders)
    return err_set(e, ERR_INPUT,
                   "the file does not tell in which order its pictures are shown, which MP4 must know; burn "
                   "the captions in instead (without --soft)");
  if (p->pts == AV_NOPTS_VALUE && p->dts == AV_NOPTS_VALUE) return 0; /* a piece without a place */
  if (p->dts == AV_NOPTS_VALUE) p->dts = p->pts;
  if (p->pts == AV_NOPTS_VALUE) p->pts = p->dts;
  int64_t shift = av_rescale_q(c->start, AV_TIME_BASE_Q, c->stream_base);
  p->pts -= shift;
  p->dts -= shift;
  if (c->last_dts != AV_NOPTS_VALUE && p->dts <= c->last_dts) p->dts = c->last_dts + 1;
  if (p->pts < p->dts) p->pts = p->dts;
  c->last_dts = p->dts;
  double end = (double)(p->pts + p->duration) * av_q2d(c->stream_base);
  if (end > c->end) c->end = end;
  return mux_write(c->mux, c->index, p, c->stream_base, e);
}

int render_copy_packet(struct render_copy *c, AVPacket *packet, struct err *e) {
  if (!c->filter) return packet ? write_copy(c, packet, e) : 0;
  int av = av_bsf_send_packet(c->filter, packet);
  if (av < 0 && av != AVERROR_EOF) return 0; /* damaged */
  while (av_bsf_receive_packet(c->filter, c->filtered) >= 0) {
    int rc = write_copy(c, c->filtered, e);
    if (rc) return rc;
  }
  return 0;
}

double render_copy_seconds(const struct render_copy *c) {
  return c->end;
}
