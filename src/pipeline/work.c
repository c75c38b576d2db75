/*
 * DESIGN. What a stage depends on is written down as text, its "key": readable when one wonders why a stage was done
 * again. A key contains the keys of the stages before it, so that one comparison is enough.
 */
#include "pipeline/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"

static const char *const stage_files[WORK_STAGES] = {"transcript.json", "cues.json", "render.mp4"};
static const char *const other_files[] = {"job.json", "captions.ass", "captions.srt", "render.part.mp4"};
static const char *const stage_names[WORK_STAGES] = {"transcript", "cues", "render"};

/* ---- keys ---- */

/* Name, size and time of change: enough to notice that a file is not the same any more. */
static void add_file(struct buf *b, const char *what, const char *path) {
  if (!path) return;
  struct stat st;
  _cleanup_(mem_freep) char *full = realpath(path, NULL);
  buf_addf(b, "%s=%s", what, full ? full : path);
  if (stat(path, &st) == 0)
    buf_addf(b, ",%lld,%lld.%09ld", (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  buf_addc(b, '|');
}

static void add_text(struct buf *b, const char *what, const char *value) {
  if (value) buf_addf(b, "%s=%s|", what, value);
}

static void add_number(struct buf *b, const char *what, int value) {
  buf_addf(b, "%s=%d|", what, value);
}

static void make_keys(const struct job_options *o, char *keys[WORK_STAGES]) {
  struct buf b = BUF_INIT;
  add_text(&b, "titr", TITR_VERSION);
  add_file(&b, "input", o->input);
  add_file(&b, "subtitles", o->subtitles);
  add_text(&b, "language", o->language);
  add_number(&b, "task", o->task);
  add_text(&b, "model", o->model);
  add_text(&b, "prompt", o->prompt);
  add_number(&b, "beam", o->beam);
  add_number(&b, "vad", o->vad);
  keys[WORK_TRANSCRIPT] = x_strdup(buf_str(&b));
  add_text(&b, "profile", o->profile);
  add_number(&b, "vertical", o->vertical);
  keys[WORK_CUES] = x_strdup(buf_str(&b));
  add_text(&b, "style", o->style);
  add_number(&b, "position", o->position);
  add_number(&b, "restyle", o->restyle);
  add_number(&b, "soft", o->soft);
  add_number(&b, "fit", o->fit);
  add_number(&b, "quality", o->quality);
  add_number(&b, "background", o->background);
  if (job_watermark_is_picture(o)) add_file(&b, "watermark", o->watermark);
  else add_text(&b, "watermark", o->watermark);
  keys[WORK_RENDER] = buf_take(&b);
}

/* Removes the files of stages whose key differs from the one written down by the run before. */
static void drop_stale(const struct work *w, char *const keys[WORK_STAGES]) {
  _cleanup_(mem_freep) char *path = work_path(w, "job.json");
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  _cleanup_(js_freep) struct js *old = NULL;
  if (file_read(path, LIMIT_JSON_BYTES, &text, NULL) == 0) js_parse(buf_str(&text), text.len, path, &old, NULL);
  for (int s = 0; s < WORK_STAGES; s++) {
    if (old && strcmp(js_string_or(old, stage_names[s], ""), keys[s]) == 0) continue;
    _cleanup_(mem_freep) char *stale = work_path(w, stage_files[s]);
    unlink(stale);
  }
}

static int write_keys(const struct work *w, char *const keys[WORK_STAGES], struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer js = JS_WRITER(&b, 1);
  js_begin(&js, '{');
  for (int s = 0; s < WORK_STAGES; s++) {
    js_key(&js, stage_names[s]);
    js_string(&js, keys[s]);
  }
  js_end(&js, '}');
  return work_write(w, "job.json", buf_str(&b), b.len, e);
}

/* ---- the folder ---- */

static int take_folder(struct work *w, struct err *e) {
  w->lock = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (w->lock < 0) return err_errno(e, ERR_USAGE, errno, "cannot use the work folder %s", w->folder);
  if (flock(w->lock, LOCK_EX | LOCK_NB) < 0)
    return err_set(e, ERR_USAGE, "the work folder %s is in use by another job", w->folder);
  return 0;
}

/* What a run that was killed was just writing: of the names that are ours, for a user's folder may hold others. */
static void sweep(const struct work *w) {
  for (size_t i = 0; i < WORK_STAGES + ARRAY_LEN(other_files); i++) {
    _cleanup_(mem_freep) char *path = work_path(w, i < WORK_STAGES ? stage_files[i] : other_files[i - WORK_STAGES]);
    file_sweep_beside(path);
  }
}

int work_open(struct work *w, const struct job_options *o, struct err *e) {
  *w = (struct work)WORK_CLOSED;
  w->temporary = !o->work;
  int rc;
  if (w->temporary) return file_temp_dir(&w->folder, e);
  rc = file_make_dirs(o->work, e);
  if (rc < 0) return rc;
  w->folder = x_strdup(o->work);
  rc = take_folder(w, e);
  if (rc < 0) return rc;
  sweep(w);
  char *keys[WORK_STAGES];
  make_keys(o, keys);
  drop_stale(w, keys);
  rc = write_keys(w, keys, e);
  for (int s = 0; s < WORK_STAGES; s++) free(keys[s]);
  return rc;
}

void work_close(struct work *w) {
  if (w->folder && w->temporary) file_remove_tree(w->folder);
  free(w->folder);
  fd_closep(&w->lock);
  *w = (struct work)WORK_CLOSED;
}

char *work_path(const struct work *w, const char *name) {
  return x_asprintf("%s/%s", w->folder, name);
}

const char *work_file(enum work_stage s) {
  return stage_files[s];
}

bool work_has(const struct work *w, enum work_stage s) {
  _cleanup_(mem_freep) char *path = work_path(w, stage_files[s]);
  return file_size(path) >= 0;
}

int work_write(const struct work *w, const char *name, const char *text, size_t n, struct err *e) {
  _cleanup_(mem_freep) char *path = work_path(w, name);
  return file_write(path, text, n, 1, e);
}

/* ---- stages ---- */

int work_save_transcript(const struct work *w, const struct transcript *t, struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer js = JS_WRITER(&b, 0);
  js_begin(&js, '{');
  js_key(&js, "language");
  js_string(&js, t->language);
  js_key(&js, "language_probability");
  js_double(&js, (double)t->language_probability, 6);
  js_key(&js, "duration");
  js_double(&js, t->duration, 6);
  js_key(&js, "words");
  js_begin(&js, '[');
  for (size_t i = 0; i < t->count; i++) {
    const struct word *word = &t->words[i];
    js_begin(&js, '{');
    js_key(&js, "text");
    js_string(&js, word->text);
    js_key(&js, "start");
    js_double(&js, word->start, 6);
    js_key(&js, "end");
    js_double(&js, word->end, 6);
    js_key(&js, "probability");
    js_double(&js, (double)word->probability, 6);
    js_key(&js, "space_before");
    js_bool(&js, word->space_before);
    js_key(&js, "starts_segment");
    js_bool(&js, word->starts_segment);
    js_end(&js, '}');
  }
  js_end(&js, ']');
  js_end(&js, '}');
  return work_write(w, stage_files[WORK_TRANSCRIPT], buf_str(&b), b.len, e);
}

static int read_stage(const struct work *w, enum work_stage s, struct buf *text, struct err *e) {
  _cleanup_(mem_freep) char *path = work_path(w, stage_files[s]);
  return file_read(path, LIMIT_JSON_BYTES, text, e);
}

static int read_word(struct js *v, struct transcript *t, struct err *e) {
  const char *text;
  double start, end, probability;
  bool space, segment;
  int rc = js_get_string(v, "text", &text, e);
  if (rc == 0) rc = js_get_number(v, "start", &start, e);
  if (rc == 0) rc = js_get_number(v, "end", &end, e);
  if (rc == 0) rc = js_get_number(v, "probability", &probability, e);
  if (rc == 0) rc = js_get_bool(v, "space_before", &space, e);
  if (rc == 0) rc = js_get_bool(v, "starts_segment", &segment, e);
  if (rc < 0) return rc;
  if (strlen(text) > LIMIT_WORD_BYTES || start < 0 || end < start)
    return err_set(e, ERR_INPUT, "a word without sense: \"%.40s\" from %.3f to %.3f", text, start, end);
  transcript_add(t, text, start, end, (float)probability, space, segment);
  return 0;
}

int work_load_transcript(const struct work *w, struct transcript *ret, struct err *e) {
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  _cleanup_(js_freep) struct js *root = NULL;
  _cleanup_(transcript_release) struct transcript t = {0};
  struct js *words;
  size_t count;
  int rc = read_stage(w, WORK_TRANSCRIPT, &text, e);
  if (rc == 0) rc = js_parse(buf_str(&text), text.len, stage_files[WORK_TRANSCRIPT], &root, e);
  if (rc == 0) rc = js_get_array(root, "words", &words, &count, e);
  for (size_t i = 0; rc == 0 && i < count; i++) rc = read_word(js_item(words, i), &t, e);
  if (rc < 0) return rc;
  snprintf(t.language, sizeof t.language, "%s", js_string_or(root, "language", ""));
  t.language_probability = (float)js_number_or(root, "language_probability", 0);
  t.duration = js_number_or(root, "duration", 0);
  *ret = t;
  memset(&t, 0, sizeof t);
  return 0;
}

int work_save_cues(const struct work *w, const struct cue_list *l, struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  caption_write(l, CAPTION_JSON, &b);
  return work_write(w, stage_files[WORK_CUES], buf_str(&b), b.len, e);
}

int work_load_cues(const struct work *w, struct cue_list *ret, struct err *e) {
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  enum caption_format format = CAPTION_JSON;
  int rc = read_stage(w, WORK_CUES, &text, e);
  if (rc == 0) rc = caption_read(buf_str(&text), text.len, stage_files[WORK_CUES], ret, &format, e);
  if (rc < 0 || format == CAPTION_JSON) return rc;
  cue_list_release(ret);
  return err_set(e, ERR_INPUT, "%s is not what was written there", stage_files[WORK_CUES]);
}
