/*
 * The job: from a media file to captions and a captioned video. Used alike by the command line and by a worker.
 *
 *   probe ──┬─> pcm ─> recognize ─┐
 *           │  (model loads       ├─> set cues ─┬─> render ─> commit (video and caption files together)
 *           │   meanwhile)        │             │
 *           └─> shots ────────────┘  subtitles ─┘   (a file that was given: instead of recognizing)
 *
 *   struct job_options o = job_default_options();
 *   o.input = "talk.mp4"; o.video = "talk.titr.mp4"; o.captions[CAPTION_SRT] = "talk.srt";
 *   rc = job_check(&o, &e);                          // optional: what is wrong before any work is done
 *   rc = job_run(&o, &events, &cancel, &result, &e);
 *
 * Everything that parses foreign bytes runs in sandboxed children (media/, subtitles.h). Each stage leaves a named
 * file in the work folder (work.h), so that a second run with the same work folder goes on behind the last finished
 * stage. Results get their names at the very end, together (outputs.h).
 *
 * Threads: job_run() uses the calling thread, one for the model's loading and one for the shots; callbacks come
 * from the calling thread. Two jobs may run in two threads.
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

struct model_keeper;

#define JOB_FORMATS 4 /* CAPTION_SRT … CAPTION_JSON */

struct job_options { /* strings are borrowed and must live as long as the job and its result */
  const char *input;
  const char *video; /* MP4 to make, or NULL */
  bool
      video_if_picture; /* input without a picture, and no background: captions only, with a notice; otherwise a plain one */
  const char
      *captions[JOB_FORMATS]; /* files to write by enum caption_format, "-" is standard output; NULL: not wanted */
  bool replace;               /* existing files */
  const char *work; /* folder of the stages' files, made when missing and kept; NULL: a temporary one, always removed */
  /* what is said */
  const char *subtitles; /* a file to use instead of recognizing, or NULL */
  const char *language;  /* ISO 639-1, or NULL: detected */
  enum speech_task task;
  const char *model;           /* name or folder */
  struct model_keeper *keeper; /* where the model comes from (model_keeper.h); NULL: this job opens it for itself */
  const char *prompt;          /* or NULL */
  int beam;
  bool vad;
  /* how it is shown */
  const char *profile;
  const char *style;
  enum caption_position position;
  bool restyle; /* style and position also apply to an ASS file in `subtitles`, which else is burned as it is */
  bool soft;    /* a subtitle track instead of burned-in captions */
  bool vertical;
  enum media_fit fit;
  enum media_quality quality;
  enum media_background background; /* for input without a picture; with one it is ERR_USAGE */
  const char *watermark;            /* a text, or the name of a .png file; NULL */
  int threads;                      /* 0: all */
};
struct job_options job_default_options(void);
bool job_watermark_is_picture(const struct job_options *o);

enum job_stage { JOB_PROBE, JOB_MODEL, JOB_RECOGNIZE, JOB_SHOTS, JOB_RENDER, JOB_SAVE, JOB_STAGES };
const char *job_stage_name(enum job_stage s); /* "recognize": for programs */

struct job_progress {
  enum job_stage stage;
  double stage_done; /* 0..1 of the stage */
  double done;       /* 0..1 of the job; never goes back; 1 only when the results have their names */
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
  double media_seconds; /* of the input; measured while it was heard where the file does not tell */
  size_t cues;
  bool no_speech;                     /* nothing was said, or the given file holds no captions */
  bool resumed;                       /* an earlier run's stages were used */
  double seconds;                     /* wall clock */
  double shots_wait, render;          /* of it: waiting for shots after the speech was recognized; making the video */
  struct speech_report speech;        /* zeros when nothing was recognized in this run */
  const char *files[JOB_FORMATS + 1]; /* made: file_count of the options' strings */
  size_t file_count;
};

/* Looks at the options and the file system without doing anything. ERR_USAGE for options that contradict each
 * other, existing files without `replace`, folders that are missing or cannot be written, a result that is the
 * input; ERR_INPUT for an input that is not there; ERR_MODEL for a model that is not. job_run() does it too. */
int job_check(const struct job_options *o, struct err *e);

/* 0; ERR_NO_SPEECH when nothing was said, or the given file holds no captions: all files are written, the video
 * without captions; or another ERR_*: no file was made. *ret is filled as far as the job came. */
int job_run(const struct job_options *o, const struct job_events *events, const atomic_bool *cancel,
            struct job_result *ret, struct err *e);

#endif
