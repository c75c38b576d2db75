/*
 * From a stream of PCM with voice probabilities to windows of at most 30 s for the encoder.
 *
 * Speech is what Silero's hysteresis says (starts at 0.5, ends below 0.35), with 0.4 s kept around it; silences up to
 * `keep_silence` stay, longer ones are left out. A window that is full is cut in a pause, the longer and the later
 * the better. Chunks (VAD_CHUNK samples) are the unit; a window knows for each of its chunks which of the stream it is, so
 * window time and media time are one table look-up apart.
 *
 * Memory: what is not yet in a window, at most some 33 s. Threads: one caller.
 */
#ifndef TITR_SPEECH_WINDOWS_H
#define TITR_SPEECH_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "speech/vad.h"

#define WINDOW_CHUNKS 937 /* 29.98 s */
#define CHUNK_SECONDS (VAD_CHUNK / 16000.0)

struct window {
  size_t index; /* in the order of the stream; unique */
  float *pcm;   /* [chunks * VAD_CHUNK] */
  size_t chunks;
  uint32_t *source;   /* [chunks]: each chunk's number in the stream */
  float *probability; /* [chunks]: of speech */
};
void window_free(struct window *w);
DEFINE_FREEP(struct window, window_free)

double window_seconds(const struct window *w);
size_t window_index(const struct window *w);
/* Media time of a window time, both seconds. At the border of two spans a start (end false) belongs to the later one. */
double window_media(const struct window *w, double t, bool end);
/* A new window of what follows `t`; NULL when less than half a second would be left. */
struct window *window_rest(const struct window *w, double t);
/* Window time where the last speech ends; 0 without speech. */
double window_speech_end(const struct window *w);
/* Seconds in it that are speech for certain (without a detector: that are not quiet). */
double window_speech(const struct window *w);

struct windows_options {
  bool vad;            /* false: everything is speech */
  double keep_silence; /* seconds */
  double pad;          /* seconds kept around speech */
};
struct windows_options windows_default_options(void);

struct windows;
struct windows *windows_new(const struct windows_options *o);
void windows_free(struct windows *ws);
DEFINE_FREEP(struct windows, windows_free)

/* The stream goes on by `chunks` chunks. */
void windows_feed(struct windows *ws, const float *pcm, const float *probabilities, size_t chunks);
void windows_finish(struct windows *ws);         /* the stream ends */
struct window *windows_take(struct windows *ws); /* the next finished window, the caller's; NULL: none yet */
double windows_speech_seconds(const struct windows *ws);

#endif
