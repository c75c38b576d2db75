/*
 * The job: from a media file to captions and a captioned video. Used alike by the command line and, later, by a worker.
 *
 *   probe ──┬─> pcm ─> recognize ─┐
 *           │  (model loads       ├─> set cues ─> write subtitles ─┬─> render ─> commit
 *           │   meanwhile)        │                                │
 *           └─> shots ────────────┘            subtitle file ──────┘   (--subs: instead of recognizing)
 *
 * Everything that parses foreign bytes runs in sandboxed children (media/, subtitles.h). Results are written beside their
 * targets under temporary names and renamed at the very end, all of them or, where that fails, those already named
 * in the error. A temporary folder holds what lies between and is removed in every case.
 *
 * Threads: job_run() uses the calling thread, one for the model's loading and one for the shots; callbacks come
 * from the calling thread.
 */
#ifndef TITR_PIPELINE_JOB_H
#define TITR_PIPELINE_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "caption/format.h"
#include "caption/style.h"
#include "media/media.h"
#include "speech/speech.h"

#define JOB_FORMATS 4 /* CAPTION_SRT … CAPTION_JSON */

struct job_options {
  const char *input;
  const char *video; /* MP4 to make, or NULL */
  const char
      *captions[JOB_FORMATS]; /* files to write by enum caption_format, "-" is standard output; NULL: not wanted */
  bool replace;               /* existing files */
  /* what is said */
  const char *subtitles; /* a file to use instead of recognizing, or NULL */
  const char *language;  /* ISO 639-1, or NULL: detected */
  enum speech_task task;
  const char *model;  /* name or folder */
  const char *prompt; /* or NULL */
  int beam;
  bool vad;
  /* how it is shown */
  const char *profile;
  const char *style;
  enum caption_position position;
  bool soft; /* a subtitle track instead of burned-in captions */
  bool vertical;
  enum media_fit fit;
  enum media_quality quality;
  enum media_background background;
  const char *watermark; /* a text, or the name of a .png file; NULL */
  int threads;           /* 0: all */
};
struct job_options job_default_options(void);

enum job_stage { JOB_PROBE, JOB_MODEL, JOB_RECOGNIZE, JOB_SHOTS, JOB_RENDER, JOB_SAVE, JOB_STAGES };
const char *job_stage_name(enum job_stage s); /* "recognize": for programs */

struct job_progress {
  enum job_stage stage;
  double stage_done; /* 0..1 of the stage */
  double done;       /* 0..1 of the job; never goes back */
  double remaining;  /* seconds; < 0: not known yet */
};
struct job_events {
  void (*progress)(void *ctx, const struct job_progress *p); /* at most some 10 times a second; may be NULL */
  void (*notice)(void *ctx, const char *text);               /* something a person should know; may be NULL */
  void *ctx;
};

struct job_result {
  struct media_info info;
  char language[8];
  float language_probability;
  size_t cues;
  bool no_speech;
  double seconds;                     /* wall clock */
  struct speech_report speech;        /* zeros when nothing was recognized */
  const char *files[JOB_FORMATS + 1]; /* made, NULL-terminated unless full; the options' strings */
  size_t file_count;
};

/* Looks at the options and the file system without doing anything: ERR_USAGE for options that contradict each other, existing files
 * without `replace`, an output that is the input; ERR_IO for folders that cannot be written. job_run() does it too. */
int job_check(const struct job_options *o, struct err *e);

/* 0; ERR_NO_SPEECH when nothing was said: all files are written, the video without captions; or another ERR_*: no file was
 * made. *ret is filled as far as the job came. */
int job_run(const struct job_options *o, const struct job_events *events, const atomic_bool *cancel,
            struct job_result *ret, struct err *e);

#endif
