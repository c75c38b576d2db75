/*
 * DESIGN. job_run() is the flow drawn in the header, read from top to bottom; struct run holds what one step leaves for the next.
 * Two steps run beside it: the model is loaded while the file is probed, and shots are looked for, at the lowest priority,
 * while speech is recognized.
 */
#include "pipeline/job.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "caption/setting.h"
#include "models/models.h"
#include "pipeline/meter.h"
#include "pipeline/report.h"
#include "pipeline/subtitles.h"

struct job_options job_default_options(void) {
  return (struct job_options){.model = "base",
                              .beam = 5,
                              .vad = true,
                              .profile = "netflix",
                              .style = CAPTION_STYLE_DEFAULT,
                              .position = CAPTION_BOTTOM,
                              .quality = MEDIA_SOURCE};
}

const char *job_stage_name(enum job_stage s) {
  static const char *const names[JOB_STAGES] = {"probe", "model", "recognize", "shots", "render", "save"};
  return names[s];
}

/* ---- checks before any work ---- */

static int check_target(const struct job_options *o, const char *path, struct err *e) {
  struct stat target, input;
  if (strcmp(path, "-") == 0) return 0;
  bool exists = stat(path, &target) == 0;
  if (exists && S_ISDIR(target.st_mode)) return err_set(e, ERR_USAGE, "%s is a folder; name a file", path);
  if (exists && stat(o->input, &input) == 0 && target.st_dev == input.st_dev && target.st_ino == input.st_ino)
    return err_set(e, ERR_USAGE, "%s is the input itself; choose another name for the result", path);
  if (exists && !o->replace) return err_set(e, ERR_USAGE, "%s exists; --force replaces it", path);
  _cleanup_(mem_freep) char *folder = x_strndup(path, (size_t)(file_name(path) - path));
  const char *where = *folder ? folder : ".";
  if (access(where, F_OK) < 0) return err_errno(e, ERR_IO, errno, "there is no folder %s", where);
  if (access(where, W_OK | X_OK) < 0) return err_errno(e, ERR_IO, errno, "cannot write in the folder of %s", path);
  return 0;
}

static bool is_png(const char *name) {
  size_t n = strlen(name);
  return n > 4 && strcasecmp(name + n - 4, ".png") == 0;
}

int job_check(const struct job_options *o, struct err *e) {
  const struct caption_style *style;
  struct caption_profile profile;
  int rc = caption_style_find(o->style, &style, e);
  if (rc == 0) rc = caption_profile_find(o->profile, "", o->vertical, 0, &profile, e);
  if (rc < 0) return rc;
  bool picture = o->vertical || o->watermark || o->background != MEDIA_NO_BACKGROUND || o->quality != MEDIA_SOURCE;
  if (o->soft && picture)
    return err_set(e, ERR_USAGE,
                   "--soft copies the picture as it is; it cannot be combined with options that change it");
  if (o->watermark && is_png(o->watermark) && access(o->watermark, R_OK) < 0)
    return err_errno(e, ERR_USAGE, errno, "cannot read the watermark %s", o->watermark);
  if (o->watermark && !is_png(o->watermark) && strlen(o->watermark) > LIMIT_WATERMARK_TEXT_BYTES)
    return err_set(e, ERR_USAGE, "the watermark is longer than %d bytes", LIMIT_WATERMARK_TEXT_BYTES);
  if (o->language && !speech_language_known(o->language, NULL))
    return err_set(e, ERR_USAGE, "\"%s\" is no language that Whisper knows; use a two-letter code such as en, ru, es",
                   o->language);
  if (o->video) rc = check_target(o, o->video, e);
  int on_stdout = 0;
  for (int f = 0; rc == 0 && f < JOB_FORMATS; f++) {
    if (!o->captions[f]) continue;
    on_stdout += strcmp(o->captions[f], "-") == 0;
    rc = check_target(o, o->captions[f], e);
    for (int g = 0; rc == 0 && g < f; g++)
      if (o->captions[g] && strcmp(o->captions[g], o->captions[f]) == 0 && strcmp(o->captions[f], "-") != 0)
        return err_set(e, ERR_USAGE, "two results have the same name: %s", o->captions[f]);
  }
  if (rc == 0 && on_stdout > 1) return err_set(e, ERR_USAGE, "only one result can go to standard output");
  return rc;
}

/* ---- one run ---- */

struct loading { /* the model, opened beside the probe */
  const struct job_options *o;
  pthread_t thread;
  bool started;
  struct speech_model *model;
  int rc;
  struct err e;
};

struct cutting { /* the shots, looked for beside the recognition */
  const char *input;
  atomic_bool stop;
  pthread_t thread;
  bool started;
  double *shots;
  size_t count;
  int rc;
  struct err e;
};

struct run {
  const struct job_options *o;
  const struct job_events *events;
  const atomic_bool *cancel;
  struct job_result *result;
  struct meter meter;
  struct loading loading;
  struct cutting cutting;
  struct media_pcm *pcm;
  struct transcript transcript;
  struct cue_list cues;
  char *folder;      /* temporary */
  char *ass, *srt;   /* in it */
  bool ass_is_given; /* the user's own script is burned as it is */
  char *video_tmp;
};

static void notice(const struct run *r, const char *text) {
  if (r->events && r->events->notice) r->events->notice(r->events->ctx, text);
}

static void *load_model(void *arg) {
  struct loading *l = arg;
  _cleanup_(mem_freep) char *dir = NULL, *vad = NULL;
  struct speech_model_options mo = speech_default_model_options();
  mo.threads = l->o->threads;
  l->rc = models_locate(l->o->model, &dir, &l->e);
  if (l->rc == 0 && l->o->vad) l->rc = models_locate_file(MODELS_VAD, MODELS_VAD_FILE, &vad, &l->e);
  if (l->rc == 0) l->rc = speech_model_open(dir, vad, &mo, &l->model, &l->e);
  return NULL;
}

static void *find_shots(void *arg) {
  struct cutting *c = arg;
  c->rc = media_shots(c->input, &c->stop, &c->shots, &c->count, &c->e);
  return NULL;
}

static void start(pthread_t *thread, bool *started, void *(*fn)(void *), void *arg) {
  *started = pthread_create(thread, NULL, fn, arg) == 0;
  if (!*started) fn(arg); /* no thread to be had: then one after the other */
}

static void join(pthread_t thread, bool *started) {
  if (*started) pthread_join(thread, NULL);
  *started = false;
}

static int probe(struct run *r, struct err *e) {
  const struct job_options *o = r->o;
  int rc = media_probe(o->input, &r->result->info, e);
  if (rc < 0) return rc;
  const struct media_info *i = &r->result->info;
  meter_init(&r->meter, o, i, r->events);
  if (!o->subtitles && !i->has_audio)
    return err_set(e, ERR_INPUT, "%s has no sound to recognize; --subs FILE burns captions you have", o->input);
  if (o->video && !i->has_video && o->background == MEDIA_NO_BACKGROUND)
    return err_set(e, ERR_USAGE, "%s has no picture; --background plain or waveform makes one", o->input);
  if (o->soft && !i->has_video)
    return err_set(e, ERR_USAGE, "%s has no picture that a subtitle track could go with", o->input);
  return 0;
}

/* ---- words ---- */

static long read_pcm(void *ctx, float *pcm, size_t max, struct err *e) {
  struct run *r = ctx;
  return media_pcm_read(r->pcm, pcm, max, e);
}

static void on_speech(void *ctx, const struct speech_progress *p) {
  struct run *r = ctx;
  double all = r->result->info.duration > 0 ? r->result->info.duration : p->seconds_heard + 1;
  meter_tell(&r->meter, p->seconds_done / all);
}

static int recognize(struct run *r, struct err *e) {
  const struct job_options *o = r->o;
  int rc = media_pcm_open(o->input, &r->pcm, e);
  if (rc < 0) return rc;
  meter_stage(&r->meter, JOB_MODEL);
  join(r->loading.thread, &r->loading.started);
  if (r->loading.rc < 0) return err_set(e, r->loading.rc, "%s", r->loading.e.msg);
  struct speech_options so = speech_default_options();
  so.language = o->language;
  so.task = o->task;
  so.prompt = o->prompt;
  so.beam = o->beam;
  so.vad = o->vad;
  so.cancel = r->cancel;
  so.progress = on_speech;
  so.progress_ctx = r;
  if (o->task == SPEECH_TRANSLATE && !speech_model_multilingual(r->loading.model))
    notice(r, "this model knows English only; there is nothing to translate");
  meter_stage(&r->meter, JOB_RECOGNIZE);
  rc = speech_recognize(r->loading.model, &so, read_pcm, r, &r->transcript, &r->result->speech, e);
  if (rc == ERR_NO_SPEECH) {
    r->result->no_speech = true;
    rc = 0;
  }
  memcpy(r->result->language, r->transcript.language, sizeof r->result->language);
  r->result->language_probability = r->transcript.language_probability;
  return rc;
}

static int wait_for_shots(struct run *r) {
  struct cutting *c = &r->cutting;
  for (;;) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 100000000;
    if (until.tv_nsec >= 1000000000) {
      until.tv_sec++;
      until.tv_nsec -= 1000000000;
    }
    if (pthread_timedjoin_np(c->thread, NULL, &until) == 0) break;
    if (r->cancel && atomic_load(r->cancel)) atomic_store(&c->stop, true);
  }
  c->started = false;
  return c->rc;
}

static int set_cues(struct run *r, struct err *e) {
  const struct job_options *o = r->o;
  if (r->cutting.started) {
    meter_stage(&r->meter, JOB_SHOTS);
    if (wait_for_shots(r) == ERR_CANCELLED) return err_set(e, ERR_CANCELLED, "cancelled");
    if (r->cutting.rc < 0) log_info("pipeline", "no shots: %s", r->cutting.e.msg);
  }
  struct caption_profile p;
  int rc = caption_profile_find(o->profile, r->transcript.language, o->vertical, r->result->info.fps, &p, e);
  if (rc < 0) return rc;
  caption_set(&r->transcript, &p, r->cutting.shots, r->cutting.count, &r->cues);
  snprintf(r->cues.language, sizeof r->cues.language, "%s", r->transcript.language);
  return 0;
}

static int load_subtitles(struct run *r, struct err *e) {
  enum caption_format format;
  int rc = subtitles_load(r->o->subtitles, &r->cues, &format, e);
  if (rc < 0) return rc;
  if (r->o->language) snprintf(r->cues.language, sizeof r->cues.language, "%s", r->o->language);
  if (r->cues.count == 0) return err_set(e, ERR_INPUT, "%s holds no captions", r->o->subtitles);
  r->ass_is_given = format == CAPTION_ASS;
  return 0;
}

/* ---- results ---- */

static void fill_render(const struct run *r, struct media_render_options *m) {
  const struct job_options *o = r->o;
  bool png = o->watermark && is_png(o->watermark);
  bool captioned = r->cues.count > 0;
  *m = (struct media_render_options){.input = o->input,
                                     .output = r->video_tmp,
                                     .ass = o->soft || !captioned ? NULL
                                            : r->ass_is_given     ? o->subtitles
                                                                  : r->ass,
                                     .soft = o->soft ? r->srt : NULL,
                                     .soft_language = r->cues.language[0] ? r->cues.language : NULL,
                                     .watermark_text = png ? NULL : o->watermark,
                                     .watermark_png = png ? o->watermark : NULL,
                                     .vertical = o->vertical,
                                     .fit = o->fit,
                                     .quality = o->quality,
                                     .background = r->result->info.has_video ? MEDIA_NO_BACKGROUND : o->background,
                                     .threads = o->threads};
}

static int write_inside(struct run *r, const char *name, const struct buf *b, char **ret, struct err *e) {
  *ret = x_asprintf("%s/%s", r->folder, name);
  return file_write(*ret, buf_str(b), b->len, 1, e);
}

/* What the renderer reads: a script, or the subtitle track. */
static int write_scripts(struct run *r, struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  if (r->o->soft) {
    caption_write(&r->cues, CAPTION_SRT, &b);
    return write_inside(r, "captions.srt", &b, &r->srt, e);
  }
  if (r->cues.count == 0 || r->ass_is_given) return 0;
  const struct caption_style *style;
  struct media_render_options m;
  int width, height;
  int rc = caption_style_find(r->o->style, &style, e);
  if (rc < 0) return rc;
  fill_render(r, &m);
  media_output_size(&r->result->info, &m, &width, &height);
  caption_style_script(style, &r->cues, width, height, r->o->position, &b);
  return write_inside(r, "captions.ass", &b, &r->ass, e);
}

static void on_render(void *ctx, double done) {
  struct run *r = ctx;
  meter_tell(&r->meter, done);
}

static int render(struct run *r, struct err *e) {
  int rc = file_temp_dir(&r->folder, e);
  if (rc == 0) rc = file_temp_beside(r->o->video, &r->video_tmp, e);
  if (rc == 0) rc = write_scripts(r, e);
  if (rc < 0) return rc;
  struct media_render_options m;
  fill_render(r, &m);
  meter_stage(&r->meter, JOB_RENDER);
  return media_render(&m, r->cancel, on_render, r, e);
}

static void made(struct run *r, const char *path) {
  if (strcmp(path, "-") != 0) r->result->files[r->result->file_count++] = path;
}

/* Captions are prepared as temporary files too, so that a full disk shows before the first rename. */
static int save(struct run *r, struct err *e) {
  const struct job_options *o = r->o;
  char *tmp[JOB_FORMATS] = {NULL};
  struct buf text[JOB_FORMATS];
  memset(text, 0, sizeof text);
  int rc = 0;
  meter_stage(&r->meter, JOB_SAVE);
  for (int f = 0; rc == 0 && f < JOB_FORMATS; f++) {
    if (!o->captions[f]) continue;
    caption_write(&r->cues, (enum caption_format)f, &text[f]);
    if (f == CAPTION_JSON) report_append(&text[f], r->result);
    if (strcmp(o->captions[f], "-") == 0) continue;
    rc = file_temp_beside(o->captions[f], &tmp[f], e);
    if (rc == 0) rc = file_write(tmp[f], buf_str(&text[f]), text[f].len, 1, e);
    if (rc < 0) err_prefix(e, "%s", o->captions[f]);
  }
  if (rc == 0 && r->video_tmp) {
    rc = file_commit(r->video_tmp, o->video, o->replace, e);
    if (rc == 0) made(r, o->video);
  }
  for (int f = 0; rc == 0 && f < JOB_FORMATS; f++) {
    if (!o->captions[f]) continue;
    rc = tmp[f] ? file_commit(tmp[f], o->captions[f], o->replace, e)
                : file_write("-", buf_str(&text[f]), text[f].len, 1, e);
    if (rc == 0) made(r, o->captions[f]);
  }
  for (int f = 0; f < JOB_FORMATS; f++) {
    file_discard(tmp[f]); /* already renamed: nothing is there */
    free(tmp[f]);
    buf_release(&text[f]);
  }
  if (rc == 0) meter_tell(&r->meter, 1);
  return rc;
}

static void run_release(struct run *r) {
  atomic_store(&r->cutting.stop, true);
  join(r->loading.thread, &r->loading.started);
  join(r->cutting.thread, &r->cutting.started);
  speech_model_free(r->loading.model);
  free(r->cutting.shots);
  media_pcm_close(r->pcm);
  transcript_release(&r->transcript);
  cue_list_release(&r->cues);
  file_discard(r->video_tmp);
  if (r->folder) file_remove_tree(r->folder);
  free(r->video_tmp);
  free(r->folder);
  free(r->ass);
  free(r->srt);
}

static int go(struct run *r, struct err *e) {
  const struct job_options *o = r->o;
  meter_stage(&r->meter, JOB_PROBE);
  int rc = probe(r, e);
  if (rc < 0) return rc;
  if (o->subtitles) {
    rc = load_subtitles(r, e);
  } else {
    if (o->video && r->result->info.has_video) start(&r->cutting.thread, &r->cutting.started, find_shots, &r->cutting);
    rc = recognize(r, e);
    if (rc == 0) rc = set_cues(r, e);
  }
  r->result->cues = r->cues.count;
  if (rc == 0 && o->video) rc = render(r, e);
  if (rc == 0) rc = save(r, e);
  return rc;
}

int job_run(const struct job_options *o, const struct job_events *events, const atomic_bool *cancel,
            struct job_result *ret, struct err *e) {
  memset(ret, 0, sizeof *ret);
  int rc = job_check(o, e);
  if (rc < 0) return rc;
  double began = clock_now();
  struct run r = {.o = o, .events = events, .cancel = cancel, .result = ret};
  r.loading.o = o;
  r.cutting.input = o->input;
  meter_init(&r.meter, o, NULL, events);
  if (!o->subtitles) start(&r.loading.thread, &r.loading.started, load_model, &r.loading);
  rc = go(&r, e);
  run_release(&r);
  ret->seconds = clock_now() - began;
  if (rc == 0 && ret->no_speech) return err_set(e, ERR_NO_SPEECH, "no speech was found in %s", file_name(o->input));
  return rc;
}
