/*
 * Media, from the parent's side: every call runs a sandboxed child (base/child.h) that opens the file; this
 * side receives PCM and small validated JSON, and never runs a demuxer.
 *
 * Errors: ERR_INPUT with one line that says what is wrong with the file ("… is a playlist; titr opens media files only"),
 * ERR_IO for a full disk or an unwritable folder, ERR_TIMEOUT, ERR_CANCELLED. A child that crashes is ERR_INPUT
 * ("the file makes the decoder crash"). Nothing is left behind on failure.
 * Threads: calls are independent of each other. `cancel` is polled at least 5 times a second.
 */
#ifndef TITR_MEDIA_MEDIA_H
#define TITR_MEDIA_MEDIA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

struct media_info {
  char container[32]; /* libavformat's name, first of the list: "mov", "matroska", "ogg" */
  double duration;    /* seconds, 0 when the file does not tell */
  double start;       /* of the earliest stream on the file's own timeline; ours begins at 0 there */
  int64_t bytes;
  bool has_video, has_audio; /* a cover picture is no video */
  /* video */
  char video_codec[32];
  int width, height;                       /* as displayed: rotated, square pixels */
  int coded_width, coded_height, rotation; /* degrees clockwise: 0, 90, 180, 270 */
  double fps;                              /* average; 0 when not known */
  bool variable_fps, hdr;
  double video_start;
  /* audio */
  char audio_codec[32];
  int sample_rate, channels;
  double audio_start;
};

int media_probe(const char *path, struct media_info *ret, struct err *e);
void media_info_write(const struct media_info *i, struct js_writer *w);

/* 16 kHz mono f32 of the best audio stream. Sample 0 is time 0 of the timeline (silence is put in for a late
 * start and for holes, so that sample/16000 is the time). Reading blocks; 0 is the end. */
struct media_pcm;
int media_pcm_open(const char *path, struct media_pcm **ret, struct err *e);
long media_pcm_read(struct media_pcm *p, float *pcm, size_t max, struct err *e);
void media_pcm_close(struct media_pcm *p); /* also before the end: the child is ended */
DEFINE_FREEP(struct media_pcm, media_pcm_close)

/* Times of the first frame after each shot change, ascending; caller frees. A file without video: none. */
int media_shots(const char *path, const atomic_bool *cancel, double **ret, size_t *ret_count, struct err *e);

enum media_fit { MEDIA_CROP, MEDIA_PAD, MEDIA_BLUR };
enum media_quality {
  MEDIA_SOURCE,
  MEDIA_720P,
  MEDIA_1080P
}; /* the shorter side is at most 720 / 1080; never enlarged */
enum media_background { MEDIA_NO_BACKGROUND, MEDIA_PLAIN, MEDIA_WAVEFORM }; /* for input without video */

struct media_render_options {
  const char *input;
  const char *output; /* a file that exists and is writable: written in place (pipeline renames it afterwards); MP4 */
  const char *ass;    /* script to burn in, a file; NULL: none */
  /* SRT file to add as a mov_text track, the video stream is copied (also when it holds no cues: then there is no
   * track); NULL: none. Excludes all of the picture options. */
  const char *soft;
  const char *soft_language;  /* ISO 639-1 */
  const char *watermark_text; /* or NULL */
  const char *watermark_png;  /* or NULL */
  bool watermark_low;         /* captions stand at the head: the mark makes room for them (watermark.h) */
  bool vertical;              /* 1080x1920 */
  enum media_fit fit;         /* with vertical */
  enum media_quality quality;
  enum media_background background;
  int threads; /* 0: all */
};

/* The picture that media_render() would make, for laying out captions before it runs. */
void media_output_size(const struct media_info *i, const struct media_render_options *o, int *ret_width,
                       int *ret_height);

/* progress: 0..1, called at most 10 times a second from this thread. */
int media_render(const struct media_render_options *o, const atomic_bool *cancel,
                 void (*progress)(void *ctx, double done), void *ctx, struct err *e);

/* One picture of `ass` at `seconds` over a test background, as PNG: style previews. */
int media_preview(const char *ass, double seconds, int width, int height, const char *output_png, struct err *e);

#endif
