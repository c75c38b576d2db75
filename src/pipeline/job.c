/*
 * DESIGN. job_run() is the flow drawn in the header, read from top to bottom; struct run holds what one step leaves for
 * the next. Two steps run beside it: the model is loaded while the file is probed, and shots are looked for, at a
 * lower priority, while speech is recognized. A step whose file is in the work folder already is passed over.
 */
#include "pipeline/job.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "caption/setting.h"
#include "pipeline/meter.h"
#include "pipeline/model_keeper.h"
#include "pipeline/outputs.h"
#include "pipeline/report.h"
#include "pipeline/subtitles.h"
#include "pipeline/work.h"

struct loading { /* the model, opened beside the probe */
  const struct job_options *o;
  const atomic_bool *cancel;
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
  struct work work;
  struct outputs outputs;
  bool render; /* a video is made */
  enum media_background background;
  char *ass, *srt;   /* in the work folder */
  bool ass_is_given; /* the user's own script is burned as it is */
};

static void notice(const struct run *r, const char *text) {
  if (r->events && r->events->notice) r->events->notice(r->events->ctx, text);
}

static bool cancelled(const struct run *r) {
  return r->cancel && atomic_load(r->cancel);
}

static void *load_model(void *arg) {
  struct loading *l = arg;
  const struct model_wish wish = {l->o->model, l->o->vad, l->o->threads};
  if (l->o->keeper) l->rc = model_keeper_take(l->o->keeper, &wish, l->cancel, &l->model, &l->e);
  else l->rc = model_open(&wish, &l->model, &l->e);
  return NULL;
}

static void let_model_go(struct loading *l) {
  if (l->o->keeper && l->model) model_keeper_give(l->o->keeper);
  else speech_model_free(l->model);
  if (l->model) mem_trim(); /* measured after three minutes of speech: 250 MB */
  l->model = NULL;
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
  const char *name = file_name(o->input);
  r->result->media_seconds = i->duration;
  meter_plan(&r->meter, o, i);
  if (!o->subtitles && !i->has_audio)
    return err_set(e, ERR_INPUT, "%s has no sound to recognize; --subs FILE burns captions you have", name);
  if (i->has_video && o->background != MEDIA_NO_BACKGROUND)
    return err_set(e, ERR_USAGE, "%s has a picture of its own; leave --background out", name);
  if (!o->video || i->has_video) return 0;
  if (o->soft) return err_set(e, ERR_USAGE, "%s has no picture that a subtitle track could go with", name);
  if (!o->video_if_picture) {
    if (r->background == MEDIA_NO_BACKGROUND) r->background = MEDIA_PLAIN;
    return 0;
  }
  bool captions = false;
  for (int f = 0; f < JOB_FORMATS; f++) captions = captions || o->captions[f];
  if (!captions)
    return err_set(e, ERR_USAGE, "%s has no picture to put captions in; --background plain or waveform makes one",
                   name);
  notice(r, "there is no picture, so only captions are made; --background plain or waveform makes a video");
  r->render = false;
  meter_skip(&r->meter, JOB_RENDER);
  return 0;
}

/* ---- words ---- */

static long read_pcm(void *ctx, float *pcm, size_t max, struct err *e) {
  struct run *r = ctx;
  return media_pcm_read(r->pcm, pcm, max, e);
}

static void on_speech(void *ctx, const struct speech_progress *p) {
  struct run *r = ctx;
  double all = r->result->info.duration;
  /* where the file does not tell, what was heard so far is no measure: a part of the way is guessed, never all of it */
  meter_tell(&r->meter, all > 0 ? p->seconds_done / all : p->seconds_done / (p->seconds_done + 60));
}

static void know_transcript(struct run *r) {
  struct job_result *result = r->result;
  memcpy(result->language, r->transcript.language, sizeof result->language);
  result->language_probability = r->transcript.language_probability;
  result->no_speech = r->transcript.count == 0;
  if (result->media_seconds > 0) return;
  result->media_seconds = r->transcript.duration;
  meter_duration(&r->meter, r->transcript.duration);
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
  let_model_go(&r->loading); /* rendering needs the memory, another job the model */
  if (rc < 0 && rc != ERR_NO_SPEECH) return rc;
  if (e) memset(e, 0, sizeof *e);
  if (r->transcript.duration <= 0) r->transcript.duration = r->result->speech.audio_seconds;
  return work_save_transcript(&r->work, &r->transcript, e);
}

/* For all of them, however long it takes: captions that depend on how busy the machine was would be worse than late ones.
 * What bounds the wait is the search's priority, which a process may lower but not raise again: it is only so low
 * that recognition stays ahead, and other programs' work cannot starve a job that has nothing else left to do. Measured with
 * 40 s of 1080p until rendering began: on two processors with a load of nine nice 19 took 17.6 s, 5 took 15.0 s; on
 * a quiet one 5.2 s and 5.4 s. */
static int wait_for_shots(struct run *r) {
  struct cutting *c = &r->cutting;
  for (;;) {
    struct timespec until = clock_until(CLOCK_REALTIME, 100);
    if (pthread_timedjoin_np(c->thread, NULL, &until) == 0) break;
    if (cancelled(r)) atomic_store(&c->stop, true);
    meter_tell(&r->meter, 0);
  }
  c->started = false;
  return c->rc;
}

static int set_cues(struct run *r, struct err *e) {
  const struct job_options *o = r->o;
  if (r->cutting.started) {
    meter_stage(&r->meter, JOB_SHOTS);
    double began = clock_now();
    int waited = wait_for_shots(r);
    r->result->shots_wait = clock_now() - began;
    if (waited == ERR_CANCELLED) return err_set(e, ERR_CANCELLED, "cancelled");
    if (r->cutting.rc < 0) log_info("pipeline", "no shots: %s", r->cutting.e.msg);
  }
  struct caption_profile p;
  int rc = caption_profile_find(o->profile, r->transcript.language, o->vertical, r->result->info.fps, &p, e);
  if (rc < 0) return rc;
  caption_set(&r->transcript, &p, r->cutting.shots, r->cutting.count, &r->cues);
  memcpy(r->cues.language, r->transcript.language, sizeof r->cues.language);
  return work_save_cues(&r->work, &r->cues, e);
}

/* A stage's file that cannot be read any more costs that stage again, not the job. */
static bool load_stages(struct run *r, bool *ret_cues) {
  struct err e;
  *ret_cues = false;
  if (!work_has(&r->work, WORK_TRANSCRIPT)) return false;
  if (work_load_transcript(&r->work, &r->transcript, &e) < 0) {
    log_warning("pipeline", "recognizing again: %s", e.msg);
    return false;
  }
  if (!work_has(&r->work, WORK_CUES)) return true;
  if (work_load_cues(&r->work, &r->cues, &e) == 0) *ret_cues = true;
  else log_warning("pipeline", "setting the captions again: %s", e.msg);
  return true;
}

static int words_to_cues(struct run *r, struct err *e) {
  bool has_cues;
  bool has_words = load_stages(r, &has_cues);
  r->result->resumed = has_words;
  if (has_words) {
    meter_skip(&r->meter, JOB_MODEL);
    meter_skip(&r->meter, JOB_RECOGNIZE);
  } else if (!r->loading.started && !r->loading.model && r->loading.rc == 0) {
    start(&r->loading.thread, &r->loading.started, load_model, &r->loading);
  }
  if (!has_cues && r->render && r->result->info.has_video)
    start(&r->cutting.thread, &r->cutting.started, find_shots, &r->cutting);
  int rc = has_words ? 0 : recognize(r, e);
  if (rc < 0) return rc;
  know_transcript(r);
  return has_cues ? 0 : set_cues(r, e);
}

static int load_subtitles(struct run *r, struct err *e) {
  const struct job_options *o = r->o;
  enum caption_format format;
  int rc = subtitles_load(o->subtitles, &r->cues, &format, e);
  if (rc < 0) return rc;
  if (o->language) snprintf(r->cues.language, sizeof r->cues.language, "%s", o->language);
  memcpy(r->result->language, r->cues.language, sizeof r->result->language);
  r->result->no_speech = r->cues.count == 0;
  r->ass_is_given = format == CAPTION_ASS && !o->restyle;
  return 0;
}

/* ---- results ---- */

static void fill_render(const struct run *r, struct media_render_options *m) {
  const struct job_options *o = r->o;
  bool png = job_watermark_is_picture(o);
  bool captioned = r->cues.count > 0;
  *m = (struct media_render_options){.input = o->input,
                                     .ass = o->soft || !captioned ? NULL
                                            : r->ass_is_given     ? o->subtitles
                                                                  : r->ass,
                                     .soft = r->srt,
                                     .soft_language = r->cues.language[0] ? r->cues.language : NULL,
                                     .watermark_text = png ? NULL : o->watermark,
                                     .watermark_png = png ? o->watermark : NULL,
                                     .watermark_low = captioned && !r->ass_is_given && o->position == CAPTION_TOP,
                                     .vertical = o->vertical,
                                     .fit = o->fit,
                                     .quality = o->quality,
                                     .background = r->background,
                                     .threads = o->threads};
}

static int write_inside(struct run *r, const char *name, const struct buf *b, char **ret, struct err *e) {
  *ret = work_path(&r->work, name);
  return work_write(&r->work, name, buf_str(b), b->len, e);
}

/* What the renderer reads: a script, or the subtitle track. */
static int write_scripts(struct run *r, struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  if (r->o->soft) { /* of no cues too: it is what asks for the picture to be copied */
    caption_write(&r->cues, CAPTION_SRT, &b);
    return write_inside(r, "captions.srt", &b, &r->srt, e);
  }
  if (r->ass_is_given || r->cues.count == 0) return 0;
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

/* The renderer knows the result by its temporary name; a person knows it by the one it will have. */
static void show_name(struct err *e, const char *tmp, const char *shown) {
  const char *at = e && *tmp ? strstr(e->msg, tmp) : NULL;
  if (!at) return;
  _cleanup_(mem_freep) char *text = x_asprintf("%.*s%s%s", (int)(at - e->msg), e->msg, shown, at + strlen(tmp));
  err_set(e, e->code, "%s", text);
}

static int create_empty(const char *path, struct err *e) {
  return file_write(path, "", 0, 1, e);
}

/* With a work folder that stays, the finished video stays in it; otherwise it is made beside its place, since the
 * temporary folder may be small. */
static int render(struct run *r, struct err *e) {
  const struct job_options *o = r->o;
  const char *target = NULL;
  _cleanup_(mem_freep) char *whole = work_path(&r->work, work_file(WORK_RENDER));
  if (work_has(&r->work, WORK_RENDER)) {
    r->result->resumed = true;
    return outputs_copy(&r->outputs, o->video, whole, r->cancel, e);
  }
  _cleanup_(mem_freep) char *part = work_path(&r->work, "render.part.mp4");
  int rc = write_scripts(r, e);
  if (rc == 0) rc = r->work.temporary ? outputs_reserve(&r->outputs, o->video, &target, e) : create_empty(part, e);
  if (rc < 0) return rc;
  struct media_render_options m;
  fill_render(r, &m);
  m.output = target ? target : part;
  meter_stage(&r->meter, JOB_RENDER);
  double began = clock_now();
  rc = media_render(&m, r->cancel, on_render, r, e);
  r->result->render = clock_now() - began;
  if (rc < 0) show_name(e, file_name(m.output), file_name(o->video));
  if (target) return rc;
  if (rc == 0) rc = file_commit(part, whole, 1, e);
  if (rc == 0) rc = outputs_copy(&r->outputs, o->video, whole, r->cancel, e);
  if (rc < 0) file_discard(part);
  return rc;
}

static int save(struct run *r, struct err *e) {
  const struct job_options *o = r->o;
  int rc = 0;
  meter_stage(&r->meter, JOB_SAVE);
  for (int f = 0; rc == 0 && f < JOB_FORMATS; f++) {
    if (!o->captions[f]) continue;
    _cleanup_(buf_release) struct buf text = BUF_INIT;
    caption_write(&r->cues, (enum caption_format)f, &text);
    if (f == CAPTION_JSON) report_append(&text, r->result);
    rc = outputs_text(&r->outputs, o->captions[f], buf_str(&text), text.len, e);
  }
  if (rc == 0 && cancelled(r)) rc = err_set(e, ERR_CANCELLED, "cancelled");
  if (rc == 0) rc = outputs_commit(&r->outputs, e);
  if (rc < 0) return rc;
  for (size_t i = 0; i < r->outputs.count; i++) r->result->files[r->result->file_count++] = r->outputs.items[i].path;
  meter_finish(&r->meter);
  return 0;
}

static void run_release(struct run *r) {
  atomic_store(&r->cutting.stop, true);
  join(r->loading.thread, &r->loading.started);
  join(r->cutting.thread, &r->cutting.started);
  let_model_go(&r->loading);
  free(r->cutting.shots);
  media_pcm_close(r->pcm);
  transcript_release(&r->transcript);
  cue_list_release(&r->cues);
  outputs_release(&r->outputs);
  work_close(&r->work);
  free(r->ass);
  free(r->srt);
}

static int go(struct run *r, struct err *e) {
  const struct job_options *o = r->o;
  int rc = work_open(&r->work, o, e);
  if (rc < 0) return rc;
  if (!o->subtitles && !work_has(&r->work, WORK_TRANSCRIPT))
    start(&r->loading.thread, &r->loading.started, load_model, &r->loading);
  meter_stage(&r->meter, JOB_PROBE);
  rc = probe(r, e);
  if (rc == 0) rc = o->subtitles ? load_subtitles(r, e) : words_to_cues(r, e);
  r->result->cues = r->cues.count;
  if (r->result->info.fps > 0) r->cues.fps = r->result->info.fps;
  if (rc == 0 && r->render) rc = render(r, e);
  if (rc == 0) rc = save(r, e);
  /* a child that was ended because of Ctrl-C may have complained about something else before */
  if (rc < 0 && rc != ERR_CANCELLED && cancelled(r)) return err_set(e, ERR_CANCELLED, "cancelled");
  return rc;
}

int job_run(const struct job_options *o, const struct job_events *events, const atomic_bool *cancel,
            struct job_result *ret, struct err *e) {
  memset(ret, 0, sizeof *ret);
  int rc = job_check(o, e);
  if (rc < 0) return rc;
  double began = clock_now();
  struct run r = {.o = o, .events = events, .cancel = cancel, .result = ret, .work = WORK_CLOSED, .render = o->video};
  r.loading.o = o;
  r.loading.cancel = cancel;
  r.cutting.input = o->input;
  r.outputs.replace = o->replace;
  r.background = o->background;
  meter_init(&r.meter, events);
  meter_plan(&r.meter, o, NULL);
  rc = go(&r, e);
  run_release(&r);
  ret->seconds = clock_now() - began;
  if (rc < 0 || !ret->no_speech) return rc;
  if (o->subtitles) return err_set(e, ERR_NO_SPEECH, "%s holds no captions", file_name(o->subtitles));
  return err_set(e, ERR_NO_SPEECH, "no speech was found in %s", file_name(o->input));
}
