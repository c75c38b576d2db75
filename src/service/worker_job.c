/*
 * DESIGN. Whatever an attempt leaves in the folder is whole (temporary name, rename), so the next one only asks whether a
 * file is there. A result that is there was made by an attempt that was killed before it could say so.
 */
#include "service/worker_job.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"

void worker_result_release(struct worker_result *r) {
  free(r->video);
  free(r->subtitles);
  memset(r, 0, sizeof *r);
}

/* ---- the task's options ---- */

static int choice(struct js *o, const char *path, const char *const *names, int otherwise, int *ret, struct err *e) {
  const char *text = js_string_or(o, path, NULL);
  *ret = otherwise;
  if (!text) return 0;
  for (int i = 0; names[i]; i++)
    if (strcmp(names[i], text) == 0) {
      *ret = i;
      return 0;
    }
  return err_set(e, ERR_INPUT, "option %s: \"%s\" is not known", path, text);
}

struct wanted {
  struct js *js; /* owns the strings */
  bool video;
  enum media_background background; /* of input without a picture */
  double max_seconds;
  int64_t max_bytes;
};

static int read_options(const struct task *t, struct job_options *o, struct wanted *w, struct err *e) {
  static const char *const positions[] = {"top", "middle", "bottom", NULL},
                           *const fits[] = {"crop", "pad", "blur", NULL},
                           *const qualities[] = {"source", "720p", "1080p", NULL},
                           *const backgrounds[] = {"none", "plain", "waveform", NULL};
  const char *text = t->options ? t->options : "{}";
  int rc = js_parse(text, strlen(text), "the task's options", &w->js, e);
  if (rc < 0) return rc;
  struct js *js = w->js;
  int position, fit, quality, background;
  rc = choice(js, "position", positions, CAPTION_BOTTOM, &position, e);
  if (rc == 0) rc = choice(js, "fit", fits, MEDIA_CROP, &fit, e);
  if (rc == 0) rc = choice(js, "quality", qualities, MEDIA_SOURCE, &quality, e);
  if (rc == 0) rc = choice(js, "background", backgrounds, MEDIA_WAVEFORM, &background, e);
  if (rc < 0) return rc;
  o->position = (enum caption_position)position;
  o->fit = (enum media_fit)fit;
  o->quality = (enum media_quality)quality;
  o->language = js_string_or(js, "language", NULL);
  o->style = js_string_or(js, "style", o->style);
  o->profile = js_string_or(js, "profile", o->profile);
  o->watermark = js_string_or(js, "watermark", NULL);
  if (job_watermark_is_picture(o)) return err_set(e, ERR_INPUT, "option watermark: a text, not a file");
  o->vertical = js_bool_or(js, "vertical", false);
  w->video = js_bool_or(js, "video", true);
  w->background = (enum media_background)background;
  w->max_seconds = (double)js_int_or(js, "max_ms", 0) / 1000;
  w->max_bytes = js_int_or(js, "max_bytes", 0);
  return 0;
}

/* ---- steps ---- */

struct run {
  const struct worker_job *j;
  struct worker_result *result;
  const char **code;
  char *input, *video, *srt, *json, *work; /* absolute */
};

static void run_release(struct run *r) {
  free(r->input);
  free(r->video);
  free(r->srt);
  free(r->json);
  free(r->work);
}

static void on_fetch(void *ctx, double done) {
  const struct run *r = ctx;
  r->j->progress(r->j->ctx, "fetch", done);
}

static int fetch(struct run *r, int64_t max_bytes, struct err *e) {
  const struct worker_job *j = r->j;
  if (access(r->input, F_OK) == 0) return 0;
  const struct worker_fetch *f = j->fetches;
  while (f->kind && strcmp(f->kind, j->task->input_kind) != 0) f++;
  if (!f->kind) return err_set(e, ERR_FAIL, "this worker cannot fetch input of the kind %s", j->task->input_kind);
  on_fetch(r, 0);
  _cleanup_(mem_freep) char *part = x_asprintf("%s.part", r->input);
  int rc = f->fetch(f->ctx, j->task->input, part, max_bytes, j->cancel, on_fetch, r, r->code, e);
  return rc < 0 ? rc : file_commit(part, r->input, 1, e);
}

/* The plan's limits, against what the file turns out to be. */
static int probe(struct run *r, const struct wanted *w, struct media_info *ret, struct err *e) {
  r->j->progress(r->j->ctx, job_stage_name(JOB_PROBE), 0);
  int rc = media_probe(r->input, ret, e);
  if (rc < 0) return rc;
  if (w->max_bytes > 0 && ret->bytes > w->max_bytes) {
    *r->code = "too_large";
    return err_set(e, ERR_INPUT, "%lld bytes; at most %lld are allowed", (long long)ret->bytes,
                   (long long)w->max_bytes);
  }
  /* limits are in whole seconds; a fraction beyond is given (plans/decide.h) */
  if (w->max_seconds > 0 && ret->duration >= w->max_seconds + 1) {
    *r->code = "too_long";
    return err_set(e, ERR_INPUT, "%.0f s long; at most %.0f s are allowed", ret->duration, w->max_seconds);
  }
  if (ret->duration > 0) r->j->probed(r->j->ctx, ret->duration);
  return 0;
}

static void on_progress(void *ctx, const struct job_progress *p) {
  struct run *r = ctx;
  if (p->stage >= JOB_RECOGNIZE) r->result->worked = true;
  r->j->progress(r->j->ctx, job_stage_name(p->stage), p->done);
}

static void on_notice(void *ctx, const char *text) {
  (void)ctx;
  log_info("worker", "%s", text);
}

static int caption(struct run *r, struct job_options *o, struct err *e) {
  o->input = r->input;
  o->work = r->work;
  o->captions[CAPTION_SRT] = r->srt;
  o->captions[CAPTION_JSON] = r->json;
  o->replace = true;
  o->model = r->j->model;
  o->keeper = r->j->keeper;
  o->threads = r->j->threads;
  const struct job_events events = {.progress = on_progress, .notice = on_notice, .ctx = r};
  return job_run(o, &events, r->j->cancel, &r->result->job, e);
}

static const char *code_of(int rc) {
  switch (rc) {
  case ERR_INPUT: return "input";
  case ERR_NO_SPEECH: return "no_speech";
  case ERR_CRASH: return "crash";
  case ERR_MODEL: return "model";
  case ERR_IO: return "storage";
  case ERR_NETWORK: return "network";
  case ERR_TIMEOUT: return "timeout";
  case ERR_CANCELLED: return "cancelled";
  default: return "internal";
  }
}

static int steps(struct run *r, struct job_options *o, const struct wanted *w, struct err *e) {
  struct media_info info = {0};
  int rc = fetch(r, w->max_bytes, e);
  if (rc == 0) rc = probe(r, w, &info, e);
  if (rc < 0) return rc;
  if (!info.has_video) o->background = w->background; /* a voice message gets a picture */
  o->video = w->video && (info.has_video || w->background != MEDIA_NO_BACKGROUND) ? r->video : NULL;
  const char *id = r->j->task->public_id;
  bool done = access(r->json, F_OK) == 0 && access(r->srt, F_OK) == 0 && (!o->video || access(r->video, F_OK) == 0);
  if (!done) rc = caption(r, o, e);
  else if (file_size(r->srt) == 0) rc = err_set(e, ERR_NO_SPEECH, "no speech was found");
  if (rc < 0) return rc;
  if (o->video) r->result->video = storage_task_path(id, "result.mp4");
  r->result->subtitles = storage_task_path(id, "result.srt");
  return 0;
}

/* What an attempt that was killed had begun to write. */
static void sweep(const struct run *r) {
  const char *const written[] = {r->input, r->video, r->srt, r->json};
  for (size_t i = 0; i < ARRAY_LEN(written); i++) file_sweep_beside(written[i]);
}

int worker_job_run(const struct worker_job *j, struct worker_result *ret, const char **ret_code, struct err *e) {
  _cleanup_(storage_let_go) struct storage_hold hold = STORAGE_HOLD_NONE;
  _cleanup_(run_release) struct run r = {.j = j, .result = ret, .code = ret_code};
  memset(ret, 0, sizeof *ret);
  *ret_code = NULL;
  struct job_options o = job_default_options();
  struct wanted w = {0};
  int rc = storage_hold(j->storage, j->task->public_id, &hold, e);
  if (rc == 0) {
    r.input = x_asprintf("%s/input", hold.folder);
    r.video = x_asprintf("%s/result.mp4", hold.folder);
    r.srt = x_asprintf("%s/result.srt", hold.folder);
    r.json = x_asprintf("%s/result.json", hold.folder);
    r.work = x_asprintf("%s/work", hold.folder);
    sweep(&r);
    rc = read_options(j->task, &o, &w, e);
  }
  if (rc == 0) rc = steps(&r, &o, &w, e);
  js_free(w.js);
  if (rc < 0 && !*ret_code) *ret_code = code_of(rc);
  /* the stages' files are of no more use once there are results, and as large as these */
  if (rc == 0 && hold.folder) file_remove_tree(r.work);
  return rc;
}
