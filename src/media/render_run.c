#include "media/render_run.h"

#include <libavutil/cpu.h>

#include "base/limits.h"
#include "media/audio_track.h"
#include "media/background.h"
#include "media/graph.h"
#include "media/input.h"
#include "media/render_util.h"
#include "media/video_in.h"
#include "media/video_out.h"

#define MOST_READ_ERRORS 100
#define MOST_THREADS     16 /* each frame thread of a decoder holds pictures; more hardly help */

struct render {
  const struct media_render_options *o;
  AVFormatContext *input;
  AVStream *video, *audio; /* NULL: there is none */
  struct render_timeline timeline;
  double duration; /* 0: not known */
  int threads;
  struct mux *mux;
  struct video_out *out;
  struct video_in *in;
  struct background *background;
  struct audio_track *sound;
  struct render_copy *copy;
  struct render_soft *soft;
  render_progress_fn progress;
  void *progress_ctx;
};

static void render_release(struct render *r) {
  video_in_free(r->in);
  background_free(r->background);
  video_out_free(r->out);
  audio_track_free(r->sound);
  render_copy_free(r->copy);
  render_soft_free(r->soft);
  mux_free(r->mux);
  input_close(&r->input);
}

static int open_input(struct render *r, struct err *e) {
  int rc = input_open(r->o->input, &r->input, e);
  if (rc) return rc;
  int video = input_video(r->input), audio = input_audio(r->input);
  if (video >= 0) r->video = r->input->streams[video];
  if (audio >= 0) r->audio = r->input->streams[audio];
  r->timeline.origin = input_origin(r->input);
  r->duration = r->input->duration > 0 ? (double)r->input->duration / AV_TIME_BASE : 0;
  /* Headers may understate; but one damaged time must not turn minutes into hours. */
  bool told = r->duration > 0 && r->input->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;
  r->timeline.latest = told ? 2 * r->duration + 60 : LIMIT_INPUT_SECONDS;
  if (r->timeline.latest > LIMIT_INPUT_SECONDS) r->timeline.latest = LIMIT_INPUT_SECONDS;
  return 0;
}

static void describe(const struct render *r, struct media_info *i) {
  *i = (struct media_info){.has_video = r->video != NULL, .has_audio = r->audio != NULL};
  if (r->video) video_in_display(r->video, &i->width, &i->height);
}

static int open_sound(struct render *r, struct err *e) {
  if (!r->audio) return 0;
  bool drawn = r->background && r->o->background == MEDIA_WAVEFORM;
  return audio_track_open(r->input, r->audio, r->timeline, r->mux, drawn ? background_hear : NULL, r->background,
                          &r->sound, e);
}

static int open_burned(struct render *r, struct err *e) {
  struct media_info info;
  struct video_out_options v = {.threads = r->threads};
  describe(r, &info);
  media_output_size(&info, r->o, &v.width, &v.height);
  v.time_base = r->video ? video_in_time_base(r->video) : background_time_base();
  v.rate = r->video ? video_in_rate(r->video) : (AVRational){BACKGROUND_RATE, 1};
  v.preset = r->video ? ENCODE_PRESET : BACKGROUND_PRESET;
  int rc = video_out_open(&v, r->o, r->mux, &r->out, e);
  if (rc) return rc;
  if (r->video) return video_in_open(r->video, r->timeline, r->o, v.width, v.height, r->threads, r->out, &r->in, e);
  return background_open(v.width, v.height, r->o->background == MEDIA_WAVEFORM, r->out, &r->background, e);
}

static int open_parts(struct render *r, struct err *e) {
  if (!r->video && !r->audio) return err_set(e, ERR_INPUT, "the file has neither video nor sound");
  if (!r->video && (r->o->soft || r->o->background == MEDIA_NO_BACKGROUND))
    return err_set(e, ERR_INPUT, "the file has no video to put captions on; choose a background for it");
  for (unsigned int i = 0; i < r->input->nb_streams; i++) {
    AVStream *s = r->input->streams[i];
    if (s != r->video && s != r->audio) s->discard = AVDISCARD_ALL;
  }
  int rc = mux_open(r->o->output, &r->mux, e);
  if (!rc && r->o->soft) rc = render_copy_open(r->video, r->timeline.origin, r->mux, &r->copy, e);
  else if (!rc) rc = open_burned(r, e);
  if (!rc) rc = open_sound(r, e);
  if (!rc && r->o->soft) rc = render_soft_open(r->o->soft, r->o->soft_language, r->mux, &r->soft, e);
  return rc ? rc : mux_start(r->mux, e);
}

static int route(struct render *r, AVPacket *p, struct err *e) {
  int rc = 0;
  if (r->video && p->stream_index == r->video->index)
    rc = r->copy ? render_copy_packet(r->copy, p, e) : video_in_packet(r->in, p, e);
  else if (r->audio && p->stream_index == r->audio->index) {
    rc = audio_track_packet(r->sound, p, e);
    if (!rc && r->background) rc = background_advance(r->background, audio_track_seconds(r->sound), e);
  }
  if (!rc && r->soft) rc = render_soft_until(r->soft, render_copy_seconds(r->copy), e);
  return rc;
}

static void tell(struct render *r) {
  if (!r->progress) return;
  double at = r->copy         ? render_copy_seconds(r->copy)
              : r->background ? audio_track_seconds(r->sound)
                              : video_out_seconds(r->out);
  double done = r->duration > 0 ? at / r->duration : 0;
  if (r->duration <= 0) {
    int64_t size = avio_size(r->input->pb), read = avio_tell(r->input->pb);
    if (size > 0 && read > 0) done = (double)read / (double)size;
  }
  r->progress(r->progress_ctx, done < 0 ? 0 : done > 0.99 ? 0.99 : done);
}

static int move_packets(struct render *r, struct err *e) {
  _cleanup_(packet_freep) AVPacket *p = render_packet_new();
  for (int errors = 0; errors < MOST_READ_ERRORS;) {
    int av = av_read_frame(r->input, p);
    if (av == AVERROR_EOF) break;
    if (av < 0) { /* the rest of a damaged file may still be whole */
      errors++;
      continue;
    }
    int rc = route(r, p, e);
    av_packet_unref(p);
    if (rc) return rc;
    tell(r);
  }
  return 0;
}

static int finish(struct render *r, struct err *e) {
  int rc = r->sound ? audio_track_packet(r->sound, NULL, e) : 0;
  double end = r->sound ? audio_track_seconds(r->sound) : 0;
  if (!rc && r->background && end <= 0) rc = err_set(e, ERR_INPUT, "the sound cannot be decoded: the file is damaged");
  if (!rc && r->in) rc = video_in_packet(r->in, NULL, e);
  if (!rc && r->background) rc = background_finish(r->background, end, e);
  if (!rc && r->out) rc = video_out_finish(r->out, end, e);
  if (!rc && r->copy) rc = render_copy_packet(r->copy, NULL, e);
  if (!rc && r->soft) rc = render_soft_finish(r->soft, render_copy_seconds(r->copy), e);
  return rc ? rc : mux_finish(r->mux, e);
}

int render_run(const struct media_render_options *o, render_progress_fn progress, void *ctx, struct err *e) {
  _cleanup_(render_release) struct render r = {.o = o, .progress = progress, .progress_ctx = ctx};
  r.threads = o->threads > 0 ? o->threads : av_cpu_count();
  if (r.threads > MOST_THREADS) r.threads = MOST_THREADS;
  av_log_set_level(AV_LOG_QUIET); /* what matters becomes an error of ours */
  int rc = open_input(&r, e);
  if (!rc) rc = open_parts(&r, e);
  if (!rc) rc = move_packets(&r, e);
  if (!rc) rc = finish(&r, e);
  if (!rc && progress) progress(ctx, 1);
  return rc;
}
