/*
 * DESIGN. The child opens the file and describes it as JSON; the parent checks every number against a range before it
 * becomes a media_info. A duration that the file does not tell is found by walking its packets, without decoding.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "media/child_ops.h"
#include "media/input.h"
#include "media/media.h"
#include "media/video_in.h"

enum { PROBE_SECONDS = 60 };
#define PROBE_MEMORY (2ULL << 30)

/* ---- child ---- */

static double seconds(int64_t t, AVRational base) {
  return t == AV_NOPTS_VALUE ? 0 : (double)t * av_q2d(base);
}

/* When the stream starts on our timeline. */
static double start_of(const AVStream *s, int64_t origin) {
  return s->start_time == AV_NOPTS_VALUE ? 0 : seconds(s->start_time, s->time_base) - (double)origin / AV_TIME_BASE;
}

static void describe_video(const AVStream *s, int64_t origin, struct media_info *i) {
  const AVCodecParameters *p = s->codecpar;
  i->has_video = true;
  snprintf(i->video_codec, sizeof i->video_codec, "%s", avcodec_get_name(p->codec_id));
  i->coded_width = p->width;
  i->coded_height = p->height;
  i->rotation = 90 * video_in_display(s, &i->width, &i->height);
  AVRational average = s->avg_frame_rate, real = s->r_frame_rate;
  i->fps = average.num > 0 && average.den > 0 ? av_q2d(average) : real.num > 0 && real.den > 0 ? av_q2d(real) : 0;
  double base = real.num > 0 && real.den > 0 ? av_q2d(real) : i->fps;
  i->variable_fps = i->fps > 0 && fabs(base - i->fps) > 0.02 * i->fps;
  i->hdr = p->color_trc == AVCOL_TRC_SMPTE2084 || p->color_trc == AVCOL_TRC_ARIB_STD_B67;
  i->video_start = start_of(s, origin);
}

static void describe_audio(const AVStream *s, int64_t origin, struct media_info *i) {
  const AVCodecParameters *p = s->codecpar;
  i->has_audio = true;
  snprintf(i->audio_codec, sizeof i->audio_codec, "%s", avcodec_get_name(p->codec_id));
  i->sample_rate = p->sample_rate;
  i->channels = p->ch_layout.nb_channels;
  i->audio_start = start_of(s, origin);
}

/* Walks the packets to the end: for a file whose header does not tell. */
static double walk(AVFormatContext *f, int64_t origin) {
  AVPacket *p = av_packet_alloc();
  double end = 0;
  while (p && av_read_frame(f, p) >= 0) {
    const AVStream *s = f->streams[p->stream_index];
    int64_t t = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
    double here = t == AV_NOPTS_VALUE ? 0 : seconds(t + p->duration, s->time_base) - (double)origin / AV_TIME_BASE;
    if (here > end) end = here;
    av_packet_unref(p);
  }
  av_packet_free(&p);
  return end;
}

int media_child_probe(struct js *request, struct child_io *io, struct err *e) {
  const char *path;
  int rc = js_get_string(request, "input", &path, e);
  AVFormatContext *f = NULL;
  if (rc == 0) rc = input_open(path, &f, e);
  if (rc < 0) return rc;
  int64_t origin = input_origin(f);
  struct media_info i = {.bytes = file_size(path), .start = (double)origin / AV_TIME_BASE};
  snprintf(i.container, sizeof i.container, "%.*s", (int)strcspn(f->iformat->name, ","), f->iformat->name);
  int video = input_video(f), audio = input_audio(f);
  if (video >= 0) describe_video(f->streams[video], origin, &i);
  if (audio >= 0) describe_audio(f->streams[audio], origin, &i);
  if (f->duration != AV_NOPTS_VALUE && f->duration > 0 && f->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE)
    i.duration = (double)f->duration / AV_TIME_BASE;
  else i.duration = walk(f, origin);
  input_close(&f);
  if (i.duration > LIMIT_INPUT_SECONDS)
    return err_set(e, ERR_INPUT, "%s is longer than %d hours, the most titr takes", file_name(path),
                   LIMIT_INPUT_SECONDS / 3600);
  struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  media_info_write(&i, &w);
  child_result(io, buf_str(&b));
  buf_release(&b);
  return 0;
}

/* ---- both sides ---- */

void media_info_write(const struct media_info *i, struct js_writer *w) {
  js_begin(w, '{');
  js_key(w, "container");
  js_string(w, i->container);
  js_key(w, "duration");
  js_double(w, i->duration, 3);
  js_key(w, "start");
  js_double(w, i->start, 3);
  js_key(w, "bytes");
  js_int(w, i->bytes);
  if (i->has_video) {
    js_key(w, "video");
    js_begin(w, '{');
    js_key(w, "codec");
    js_string(w, i->video_codec);
    js_key(w, "width");
    js_int(w, i->width);
    js_key(w, "height");
    js_int(w, i->height);
    js_key(w, "coded_width");
    js_int(w, i->coded_width);
    js_key(w, "coded_height");
    js_int(w, i->coded_height);
    js_key(w, "rotation");
    js_int(w, i->rotation);
    js_key(w, "fps");
    js_double(w, i->fps, 3);
    js_key(w, "variable_fps");
    js_bool(w, i->variable_fps);
    js_key(w, "hdr");
    js_bool(w, i->hdr);
    js_key(w, "start");
    js_double(w, i->video_start, 3);
    js_end(w, '}');
  }
  if (i->has_audio) {
    js_key(w, "audio");
    js_begin(w, '{');
    js_key(w, "codec");
    js_string(w, i->audio_codec);
    js_key(w, "sample_rate");
    js_int(w, i->sample_rate);
    js_key(w, "channels");
    js_int(w, i->channels);
    js_key(w, "start");
    js_double(w, i->audio_start, 3);
    js_end(w, '}');
  }
  js_end(w, '}');
}

/* ---- parent ---- */

static int get_name(struct js *v, const char *path, char to[32], struct err *e) {
  const char *s;
  int rc = js_get_string(v, path, &s, e);
  if (rc == 0) snprintf(to, 32, "%s", s);
  return rc;
}

static int get_size(struct js *v, const char *path, int64_t most, int *to, struct err *e) {
  int64_t n;
  int rc = js_get_int(v, path, 0, most, &n, e);
  if (rc == 0) *to = (int)n;
  return rc;
}

static int get_seconds(struct js *v, const char *path, double least, double most, double *to, struct err *e) {
  int rc = js_get_number(v, path, to, e);
  if (rc == 0 && (*to < least || *to > most)) return err_set(e, ERR_INPUT, "%s: %f is out of range", path, *to);
  return rc;
}

static int read_info(struct js *v, struct media_info *i, struct err *e) {
  const double day = 86400, long_ago = -1e10, far = 1e10;
  int rc = get_name(v, "container", i->container, e);
  if (rc == 0) rc = get_seconds(v, "duration", 0, day, &i->duration, e);
  if (rc == 0) rc = get_seconds(v, "start", long_ago, far, &i->start, e);
  if (rc == 0) rc = js_get_int(v, "bytes", 0, LIMIT_INPUT_BYTES, &i->bytes, e);
  i->has_video = js_at(v, "video") != NULL;
  i->has_audio = js_at(v, "audio") != NULL;
  if (rc == 0 && i->has_video) {
    rc = get_name(v, "video.codec", i->video_codec, e);
    if (rc == 0) rc = get_size(v, "video.width", 1 << 20, &i->width, e);
    if (rc == 0) rc = get_size(v, "video.height", 1 << 20, &i->height, e);
    if (rc == 0) rc = get_size(v, "video.coded_width", 1 << 16, &i->coded_width, e);
    if (rc == 0) rc = get_size(v, "video.coded_height", 1 << 16, &i->coded_height, e);
    if (rc == 0) rc = get_size(v, "video.rotation", 270, &i->rotation, e);
    if (rc == 0) rc = get_seconds(v, "video.fps", 0, 1e6, &i->fps, e);
    if (rc == 0) rc = js_get_bool(v, "video.variable_fps", &i->variable_fps, e);
    if (rc == 0) rc = js_get_bool(v, "video.hdr", &i->hdr, e);
    if (rc == 0) rc = get_seconds(v, "video.start", long_ago, far, &i->video_start, e);
  }
  if (rc == 0 && i->has_audio) {
    rc = get_name(v, "audio.codec", i->audio_codec, e);
    if (rc == 0) rc = get_size(v, "audio.sample_rate", 10000000, &i->sample_rate, e);
    if (rc == 0) rc = get_size(v, "audio.channels", 1024, &i->channels, e);
    if (rc == 0) rc = get_seconds(v, "audio.start", long_ago, far, &i->audio_start, e);
  }
  return rc;
}

int media_probe(const char *path, struct media_info *ret, struct err *e) {
  _cleanup_(mem_freep) char *request = child_request_input(path);
  const char *const reads[] = {path, NULL};
  const struct child_spec spec = {
      .op = "probe", .request = request, .read_paths = reads, .max_seconds = PROBE_SECONDS, .max_memory = PROBE_MEMORY};
  _cleanup_(js_freep) struct js *event = NULL;
  int rc = child_run(&spec, NULL, NULL, NULL, NULL, 0, &event, e);
  if (rc < 0) return rc;
  struct media_info info = {0};
  rc = read_info(js_at(event, "result"), &info, e);
  if (rc < 0) return err_prefix(e, "%s", file_name(path));
  *ret = info;
  return 0;
}
