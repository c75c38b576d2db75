/*
 * DESIGN. Whatever can be known to fail is found before anything costs time: a person who waits ten minutes for
 * "file exists" does not come back.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "caption/profile.h"
#include "models/models.h"
#include "pipeline/job.h"

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

static bool ends_with(const char *name, const char *suffix) {
  size_t n = strlen(name), m = strlen(suffix);
  return n > m && strcasecmp(name + n - m, suffix) == 0;
}

bool job_watermark_is_picture(const struct job_options *o) {
  return o->watermark && ends_with(o->watermark, ".png");
}

static bool same_file(const struct stat *a, const char *path) {
  struct stat b;
  return path && stat(path, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

static int check_target(const struct job_options *o, const char *path, struct err *e) {
  struct stat target;
  if (!*file_name(path)) return err_set(e, ERR_USAGE, "%s is a folder; name a file in it", path);
  if (stat(path, &target) == 0) {
    if (S_ISDIR(target.st_mode)) return err_set(e, ERR_USAGE, "%s is a folder; name a file in it", path);
    if (!S_ISREG(target.st_mode)) return err_set(e, ERR_USAGE, "%s is not a regular file; choose another name", path);
    if (same_file(&target, o->input))
      return err_set(e, ERR_USAGE, "%s is the input itself; choose another name for the result", path);
    if (same_file(&target, o->subtitles) || (job_watermark_is_picture(o) && same_file(&target, o->watermark)))
      return err_set(e, ERR_USAGE, "%s is read by this job; choose another name for the result", path);
    if (!o->replace) return err_set(e, ERR_USAGE, "%s exists; --force replaces it", path);
  }
  _cleanup_(mem_freep) char *folder = x_strndup(path, (size_t)(file_name(path) - path));
  const char *where = *folder ? folder : ".";
  if (access(where, F_OK) < 0) return err_errno(e, ERR_USAGE, errno, "cannot write in the folder %s", where);
  if (access(where, W_OK | X_OK) < 0)
    return err_errno(e, ERR_USAGE, errno, "cannot write %s; choose another place with --output or --srt", path);
  return 0;
}

/* Two spellings of one name ("a.srt", "./a.srt"). */
static bool same_target(const char *a, const char *b) {
  if (strcmp(file_name(a), file_name(b)) != 0) return false;
  _cleanup_(mem_freep) char *folder_a = x_asprintf("%.*s.", (int)(file_name(a) - a), a);
  _cleanup_(mem_freep) char *folder_b = x_asprintf("%.*s.", (int)(file_name(b) - b), b);
  struct stat st;
  return stat(folder_a, &st) == 0 && same_file(&st, folder_b);
}

static int check_targets(const struct job_options *o, struct err *e) {
  const char *targets[JOB_FORMATS + 1];
  size_t count = 0;
  int on_stdout = 0;
  if (o->video) {
    if (!ends_with(o->video, ".mp4") && !ends_with(o->video, ".m4v") && !ends_with(o->video, ".mov"))
      return err_set(e, ERR_USAGE, "videos are written as MP4; name the result NAME.mp4 instead of %s", o->video);
    targets[count++] = o->video;
  }
  for (int f = 0; f < JOB_FORMATS; f++) {
    if (!o->captions[f]) continue;
    if (strcmp(o->captions[f], "-") == 0) on_stdout++;
    else targets[count++] = o->captions[f];
  }
  if (on_stdout > 1) return err_set(e, ERR_USAGE, "only one result can go to standard output");
  if (count + (size_t)on_stdout == 0)
    return err_set(e, ERR_USAGE, "nothing to make: name a file with --srt, --vtt, --ass, --json or --output");
  for (size_t i = 0; i < count; i++) {
    int rc = check_target(o, targets[i], e);
    if (rc < 0) return rc;
    for (size_t j = 0; j < i; j++)
      if (same_target(targets[i], targets[j]))
        return err_set(e, ERR_USAGE, "two results have the same name: %s", targets[i]);
  }
  return 0;
}

static int check_options(const struct job_options *o, struct err *e) {
  const struct caption_style *style;
  struct caption_profile profile;
  int rc = caption_style_find(o->style, &style, e);
  if (rc == 0) rc = caption_profile_find(o->profile, "", o->vertical, 0, &profile, e);
  if (rc < 0) return rc;
  if (o->soft && (o->vertical || o->watermark || o->background != MEDIA_NO_BACKGROUND || o->quality != MEDIA_SOURCE))
    return err_set(e, ERR_USAGE, "--soft copies the picture as it is; leave out the options that change it");
  if (o->watermark && !*o->watermark) return err_set(e, ERR_USAGE, "the watermark is empty; leave --watermark out");
  if (job_watermark_is_picture(o) && access(o->watermark, R_OK) < 0)
    return err_errno(e, ERR_USAGE, errno, "cannot read the watermark %s", o->watermark);
  if (o->watermark && !job_watermark_is_picture(o) && strlen(o->watermark) > LIMIT_WATERMARK_TEXT_BYTES)
    return err_set(e, ERR_USAGE, "the watermark is longer than %d bytes", LIMIT_WATERMARK_TEXT_BYTES);
  if (o->prompt && strlen(o->prompt) > LIMIT_PROMPT_BYTES)
    return err_set(e, ERR_USAGE, "the prompt is longer than %d bytes", LIMIT_PROMPT_BYTES);
  if (o->language && !speech_language_known(o->language, NULL))
    return err_set(e, ERR_USAGE, "\"%s\" is no language that Whisper knows; use a two-letter code such as en, ru, es",
                   o->language);
  return 0;
}

static int check_source(const char *path, struct err *e) {
  struct stat st;
  if (stat(path, &st) < 0) return err_errno(e, ERR_INPUT, errno, "cannot read %s", path);
  if (S_ISDIR(st.st_mode)) return err_set(e, ERR_INPUT, "%s is a folder; name a file in it", path);
  if (!S_ISREG(st.st_mode)) return err_set(e, ERR_INPUT, "%s is not a regular file; save it as one first", path);
  if (access(path, R_OK) < 0) return err_errno(e, ERR_INPUT, errno, "cannot read %s", path);
  return 0;
}

int job_check(const struct job_options *o, struct err *e) {
  int rc = check_options(o, e);
  if (rc == 0) rc = check_source(o->input, e);
  if (rc == 0 && o->subtitles) rc = check_source(o->subtitles, e);
  if (rc == 0) rc = check_targets(o, e);
  if (rc < 0 || o->subtitles) return rc;
  _cleanup_(mem_freep) char *dir = NULL, *vad = NULL;
  rc = models_locate(o->model, &dir, e);
  if (rc == 0 && o->vad) rc = models_locate_file(MODELS_VAD, MODELS_VAD_FILE, &vad, e);
  return rc;
}
