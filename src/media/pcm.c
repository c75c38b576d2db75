/*
 * DESIGN. The child decodes the best audio stream, resamples to 16 kHz mono float and writes raw samples to its data pipe; the pipe
 * bounds memory, and the parent's reader is a plain read(). A counter of samples written against timestamps keeps
 * sample/16000 equal to the media's time: a hole becomes silence, an overlap is cut.
 *
 * Packets that do not decode are skipped. A stream of which nothing decodes is an error.
 */
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "media/child_ops.h"
#include "media/input.h"
#include "media/media.h"
#include "media/render_util.h"

enum { RATE = 16000, BLOCK = 16384, STALL_SECONDS = 120 };
#define PCM_MEMORY (2ULL << 30)
static const double tolerance = 0.04; /* timestamps of real files tremble by a packet */

/* ---- child ---- */

struct listener {
  AVFormatContext *f;
  AVCodecContext *decoder;
  SwrContext *swr;
  int stream;
  int64_t origin;         /* AV_TIME_BASE units */
  int64_t written;        /* samples */
  int64_t frames;         /* decoded */
  AVChannelLayout layout; /* of the frames that swr is set up for */
  int format, rate;
  struct child_io *io;
  float *out;
};

static int put(struct listener *l, const float *pcm, int64_t n, struct err *e) {
  if (l->written + n > (int64_t)LIMIT_INPUT_SECONDS * RATE)
    return err_set(e, ERR_INPUT, "the sound is longer than %d hours, the most titr takes", LIMIT_INPUT_SECONDS / 3600);
  l->written += n;
  return child_data(l->io, pcm, (size_t)n * sizeof *pcm, e);
}

static int put_silence(struct listener *l, int64_t n, struct err *e) {
  static const float silence[4096];
  int rc = 0;
  for (; rc == 0 && n > 0; n -= 4096) rc = put(l, silence, n < 4096 ? n : 4096, e);
  return rc;
}

/* Speech of surround sound sits in the centre: it counts in full, the sides by half, the bass channel not at all. Two
 * equal channels come out as one of them: left to itself, libswresample adds floats up to 1.4 of that. */
static void weigh_channels(SwrContext *swr, const AVChannelLayout *layout) {
  double matrix[64];
  if (layout->nb_channels > 64 || layout->nb_channels < 2) return;
  double sum = 0;
  for (int i = 0; i < layout->nb_channels; i++) {
    enum AVChannel c = av_channel_layout_channel_from_index(layout, (unsigned)i);
    matrix[i] = c == AV_CHAN_FRONT_CENTER ? 1 : c == AV_CHAN_LOW_FREQUENCY ? 0 : 0.5;
    sum += matrix[i];
  }
  for (int i = 0; sum > 0 && i < layout->nb_channels; i++) matrix[i] /= sum;
  swr_set_matrix(swr, matrix, layout->nb_channels);
}

static int set_up(struct listener *l, const AVFrame *frame, struct err *e) {
  if (l->swr && l->format == frame->format && l->rate == frame->sample_rate &&
      !av_channel_layout_compare(&l->layout, &frame->ch_layout))
    return 0;
  swr_free(&l->swr);
  av_channel_layout_uninit(&l->layout);
  av_channel_layout_copy(&l->layout, &frame->ch_layout);
  l->format = frame->format;
  l->rate = frame->sample_rate;
  if (l->layout.order == AV_CHANNEL_ORDER_UNSPEC) av_channel_layout_default(&l->layout, frame->ch_layout.nb_channels);
  AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
  int av = swr_alloc_set_opts2(&l->swr, &mono, AV_SAMPLE_FMT_FLT, RATE, &l->layout, frame->format, frame->sample_rate,
                               0, NULL);
  if (av >= 0) weigh_channels(l->swr, &l->layout);
  if (av >= 0) av = swr_init(l->swr);
  return av < 0 ? render_av(e, ERR_INPUT, av, "the sound has a form that cannot be converted") : 0;
}

static int convert(struct listener *l, const AVFrame *frame, struct err *e) {
  const uint8_t **in = frame ? (const uint8_t **)(void *)frame->extended_data : NULL;
  int left = frame ? frame->nb_samples : 0;
  for (;;) {
    uint8_t *out = (uint8_t *)l->out;
    int n = swr_convert(l->swr, &out, BLOCK, in, left);
    if (n < 0) return render_av(e, ERR_INPUT, n, "the sound cannot be converted");
    if (n == 0) return 0;
    int rc = put(l, l->out, n, e);
    if (rc < 0) return rc;
    if (n < BLOCK) return 0;
    in = NULL;
    left = 0;
  }
}

static int hear(struct listener *l, AVFrame *frame, struct err *e) {
  if (frame->sample_rate <= 0 || frame->nb_samples <= 0) return 0;
  int rc = set_up(l, frame, e);
  if (rc < 0) return rc;
  l->frames++;
  if (frame->best_effort_timestamp != AV_NOPTS_VALUE) {
    AVRational base = l->f->streams[l->stream]->time_base;
    int64_t t = av_rescale_q(frame->best_effort_timestamp, base, AV_TIME_BASE_Q) - l->origin;
    int64_t due = av_rescale(t, RATE, AV_TIME_BASE) - swr_get_delay(l->swr, RATE);
    int64_t gap = due - l->written;
    if (gap > (int64_t)(tolerance * RATE)) rc = put_silence(l, gap, e);
    /* what lies before time 0, or was heard already, is not heard again */
    else if (gap < -(int64_t)(tolerance * RATE) && -gap >= av_rescale(frame->nb_samples, RATE, frame->sample_rate))
      return 0;
  }
  return rc < 0 ? rc : convert(l, frame, e);
}

static int decode(struct listener *l, const AVPacket *packet, AVFrame *frame, struct err *e) {
  if (avcodec_send_packet(l->decoder, packet) < 0 && packet) return 0; /* damaged: skipped */
  while (avcodec_receive_frame(l->decoder, frame) >= 0) {
    int rc = hear(l, frame, e);
    av_frame_unref(frame);
    if (rc < 0) return rc;
  }
  return 0;
}

static int listen_all(struct listener *l, struct err *e) {
  _cleanup_(packet_freep) AVPacket *packet = render_packet_new();
  _cleanup_(frame_freep) AVFrame *frame = render_frame_new();
  int rc = 0;
  while (rc == 0 && av_read_frame(l->f, packet) >= 0) {
    if (packet->stream_index == l->stream) rc = decode(l, packet, frame, e);
    av_packet_unref(packet);
  }
  if (rc == 0) rc = decode(l, NULL, frame, e);
  if (rc == 0 && l->swr) rc = convert(l, NULL, e);
  return rc;
}

int media_child_pcm(struct js *request, struct child_io *io, struct err *e) {
  struct listener l = {.io = io, .format = -1};
  const char *path;
  int rc = js_get_string(request, "input", &path, e);
  if (rc == 0) rc = input_open(path, &l.f, e);
  if (rc < 0) return rc;
  l.stream = input_audio(l.f);
  if (l.stream < 0) {
    input_close(&l.f);
    return err_set(e, ERR_INPUT, "%s has no sound to recognize", file_name(path));
  }
  l.origin = input_origin(l.f);
  input_only(l.f, l.stream);
  const AVStream *s = l.f->streams[l.stream];
  rc = render_decoder(s->codecpar, s->time_base, 1, &l.decoder, e);
  l.out = NEW_ARRAY(float, BLOCK);
  if (rc == 0) rc = listen_all(&l, e);
  if (rc == 0 && l.frames == 0)
    rc = err_set(e, ERR_INPUT, "the sound in %s cannot be decoded; the file is damaged", file_name(path));
  avcodec_free_context(&l.decoder);
  swr_free(&l.swr);
  av_channel_layout_uninit(&l.layout);
  input_close(&l.f);
  free(l.out);
  return rc;
}

/* ---- parent ---- */

struct media_pcm {
  struct child *child;
  char *name;
  unsigned char rest[4]; /* of a sample that came in two reads */
  size_t rest_count;
  float first; /* the sample that media_pcm_open() waited for */
  bool has_first, ended;
};

/* The end of the data: the child's own verdict. */
static int finish(struct media_pcm *p, struct err *e) {
  p->ended = true;
  struct child *c = p->child;
  p->child = NULL;
  return child_wait(c, NULL, NULL, NULL, NULL, e);
}

static long read_raw(struct media_pcm *p, float *pcm, size_t max, struct err *e) {
  unsigned char *to = (unsigned char *)pcm;
  memcpy(to, p->rest, p->rest_count);
  size_t have = p->rest_count;
  for (;;) {
    child_poll(p->child, 0, NULL, NULL);
    struct pollfd ready = {child_data_fd(p->child), POLLIN, 0};
    int some = poll(&ready, 1, STALL_SECONDS * 1000);
    if (some == 0)
      return err_set(e, ERR_TIMEOUT, "the sound of %s cannot be read: nothing came for %d s", p->name, STALL_SECONDS);
    ssize_t n = read(child_data_fd(p->child), to + have, max * sizeof *pcm - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return err_errno(e, ERR_FAIL, errno, "cannot read the sound of %s", p->name);
    if (n == 0) return finish(p, e);
    have += (size_t)n;
    if (have >= sizeof *pcm) break;
  }
  p->rest_count = have % sizeof *pcm;
  memcpy(p->rest, to + have - p->rest_count, p->rest_count);
  size_t count = have / sizeof *pcm;
  for (size_t i = 0; i < count; i++)
    if (!(pcm[i] > -8.0f && pcm[i] < 8.0f)) pcm[i] = 0; /* a broken decoder's infinities */
  return (long)count;
}

int media_pcm_open(const char *path, struct media_pcm **ret, struct err *e) {
  _cleanup_(mem_freep) char *request = child_request_input(path);
  const char *const reads[] = {path, NULL};
  const struct child_spec spec = {.op = "pcm", .request = request, .read_paths = reads, .max_memory = PCM_MEMORY};
  _cleanup_(media_pcm_closep) struct media_pcm *p = NEW(struct media_pcm);
  p->name = x_strdup(file_name(path));
  int rc = child_start(&spec, &p->child, e);
  if (rc < 0) return rc;
  long n = read_raw(p, &p->first, 1, e);
  if (n < 0) return (int)n;
  p->has_first = n == 1;
  *ret = TAKE(p);
  return 0;
}

long media_pcm_read(struct media_pcm *p, float *pcm, size_t max, struct err *e) {
  if (max == 0) return 0;
  if (p->has_first) {
    p->has_first = false;
    *pcm = p->first;
    return 1;
  }
  return p->ended ? 0 : read_raw(p, pcm, max, e);
}

void media_pcm_close(struct media_pcm *p) {
  if (!p) return;
  child_kill(p->child);
  free(p->name);
  free(p);
}
