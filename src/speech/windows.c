#include "speech/windows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Silero's own hysteresis (silero-vad, utils_vad.py, get_speech_timestamps) */
static const float speech_starts = 0.5f, speech_ends = 0.35f;
static const float speech_certain = 0.6f; /* above what loudness() gives to silence */

struct windows {
  struct windows_options o;
  size_t keep_chunks, pad_chunks;
  struct window *open;   /* being filled; never more than WINDOW_CHUNKS + keep_chunks */
  struct window *before; /* not in speech: the last pad_chunks chunks */
  struct window **done;
  size_t done_count, done_taken, done_cap;
  size_t made;
  uint32_t heard; /* chunks */
  bool speaking;
  size_t quiet; /* chunks since the last speech, while speaking */
  size_t speech_chunks;
};

/* ---- window ---- */

static struct window *window_with_room(size_t chunks) {
  struct window *w = NEW(struct window);
  w->pcm = x_aligned(chunks * VAD_CHUNK, sizeof(float));
  w->source = NEW_ARRAY(uint32_t, chunks);
  w->probability = NEW_ARRAY(float, chunks);
  return w;
}

void window_free(struct window *w) {
  if (!w) return;
  free(w->pcm);
  free(w->source);
  free(w->probability);
  free(w);
}

static void append(struct window *w, const float *pcm, const uint32_t *source, const float *probability, size_t n) {
  memcpy(w->pcm + w->chunks * VAD_CHUNK, pcm, n * VAD_CHUNK * sizeof *pcm);
  memcpy(w->source + w->chunks, source, n * sizeof *source);
  memcpy(w->probability + w->chunks, probability, n * sizeof *probability);
  w->chunks += n;
}

static void drop_front(struct window *w, size_t n) {
  w->chunks -= n;
  memmove(w->pcm, w->pcm + n * VAD_CHUNK, w->chunks * VAD_CHUNK * sizeof *w->pcm);
  memmove(w->source, w->source + n, w->chunks * sizeof *w->source);
  memmove(w->probability, w->probability + n, w->chunks * sizeof *w->probability);
}

double window_seconds(const struct window *w) {
  return (double)w->chunks * CHUNK_SECONDS;
}

size_t window_index(const struct window *w) {
  return w->index;
}

double window_media(const struct window *w, double t, bool end) {
  if (w->chunks == 0) return 0;
  double at = t / CHUNK_SECONDS;
  if (at < 0) at = 0;
  size_t i = (size_t)at;
  if (end && i > 0 && at - (double)i < 1e-6) i--; /* the end of the chunk before, not the start of the next */
  if (i >= w->chunks) i = w->chunks - 1;
  double inside = at - (double)i;
  return ((double)w->source[i] + (inside > 1 ? 1 : inside)) * CHUNK_SECONDS;
}

struct window *window_rest(const struct window *w, double t) {
  size_t from = t > 0 ? (size_t)(t / CHUNK_SECONDS) : 0;
  if (from + 16 > w->chunks) return NULL;
  size_t n = w->chunks - from;
  struct window *rest = window_with_room(n);
  append(rest, w->pcm + from * VAD_CHUNK, w->source + from, w->probability + from, n);
  rest->index = w->index;
  return rest;
}

double window_speech_end(const struct window *w) {
  for (size_t i = w->chunks; i-- > 0;)
    if (w->probability[i] >= speech_starts) return (double)(i + 1) * CHUNK_SECONDS;
  return 0;
}

double window_speech(const struct window *w) {
  size_t n = 0;
  for (size_t i = 0; i < w->chunks; i++) n += w->probability[i] >= speech_certain;
  return (double)n * CHUNK_SECONDS;
}

/* ---- stream ---- */

struct windows_options windows_default_options(void) {
  return (struct windows_options){.vad = true, .keep_silence = 2.0, .pad = 0.4};
}

struct windows *windows_new(const struct windows_options *o) {
  struct windows *ws = NEW(struct windows);
  ws->o = *o;
  ws->keep_chunks = (size_t)(o->keep_silence / CHUNK_SECONDS) + 1;
  ws->pad_chunks = (size_t)(o->pad / CHUNK_SECONDS);
  if (ws->keep_chunks < 2 * ws->pad_chunks) ws->keep_chunks = 2 * ws->pad_chunks;
  ws->open = window_with_room(WINDOW_CHUNKS + 1 + ws->pad_chunks);
  ws->before = window_with_room(ws->pad_chunks + 1);
  return ws;
}

void windows_free(struct windows *ws) {
  if (!ws) return;
  window_free(ws->open);
  window_free(ws->before);
  for (size_t i = ws->done_taken; i < ws->done_count; i++) window_free(ws->done[i]);
  free(ws->done);
  free(ws);
}

/* Where to cut [0, n): before which chunk. */
static size_t best_cut(const struct window *w, size_t n) {
  double best = -1;
  size_t cut = n;
  for (size_t i = n / 3; i < n;) {
    if (w->probability[i] >= speech_ends) {
      i++;
      continue;
    }
    size_t end = i;
    while (end < n && w->probability[end] < speech_ends) end++;
    double pause = (double)(end - i) * CHUNK_SECONDS, place = (double)(i + end) / 2 / (double)n;
    double worth =
        (pause < 0.8 ? pause / 0.8 : 1) + place; /* a pause of 0.8 s at the middle beats a breath at the end */
    if (worth > best) {
      best = worth;
      cut = i + (end - i) / 2;
    }
    i = end;
  }
  if (best >= 0 && cut > 0) return cut;
  float lowest = 2; /* no pause at all: the least likely chunk of the last third */
  for (size_t i = n * 2 / 3; i < n; i++)
    if (w->probability[i] <= lowest) {
      lowest = w->probability[i];
      cut = i;
    }
  return cut;
}

static void emit(struct windows *ws, size_t n) {
  if (n == 0) return;
  struct window *w = window_with_room(n);
  append(w, ws->open->pcm, ws->open->source, ws->open->probability, n);
  w->index = ws->made++;
  x_grow(&ws->done, &ws->done_cap, ws->done_count + 1, sizeof(struct window *));
  ws->done[ws->done_count++] = w;
  drop_front(ws->open, n);
}

static void make_room(struct windows *ws, size_t more) {
  while (ws->open->chunks + more > WINDOW_CHUNKS) emit(ws, best_cut(ws->open, ws->open->chunks));
}

static void keep_before(struct windows *ws, const float *pcm, uint32_t source, float probability) {
  if (ws->pad_chunks == 0) return;
  if (ws->before->chunks == ws->pad_chunks) drop_front(ws->before, 1);
  append(ws->before, pcm, &source, &probability, 1);
}

/* The pause has become too long to keep: what is beyond the padding leaves the window again. */
static void stop_speaking(struct windows *ws) {
  ws->speaking = false;
  ws->before->chunks = 0;
  size_t extra = ws->quiet > ws->pad_chunks ? ws->quiet - ws->pad_chunks : 0;
  if (extra > ws->open->chunks) extra = ws->open->chunks;
  size_t from = ws->open->chunks - extra, kept = extra < ws->pad_chunks ? extra : ws->pad_chunks;
  size_t first = ws->open->chunks - kept;
  append(ws->before, ws->open->pcm + first * VAD_CHUNK, ws->open->source + first, ws->open->probability + first, kept);
  ws->open->chunks = from;
}

/* Without a detector everything is speech, the likelier the louder it is, so that full windows are still cut where it is quiet. */
static float loudness(const float *pcm) {
  float sum = 0;
  for (int i = 0; i < VAD_CHUNK; i++) sum += pcm[i] * pcm[i];
  float rms = sqrtf(sum / VAD_CHUNK);
  return speech_starts + (1 - speech_starts) * rms / (rms + 0.02f);
}

static void hear(struct windows *ws, const float *pcm, float p) {
  uint32_t source = ws->heard++;
  if (!ws->o.vad) p = loudness(pcm);
  if (!ws->speaking) {
    if (p < speech_starts) {
      keep_before(ws, pcm, source, p);
      return;
    }
    ws->speaking = true;
    make_room(ws, ws->before->chunks + 1);
    append(ws->open, ws->before->pcm, ws->before->source, ws->before->probability, ws->before->chunks);
    ws->before->chunks = 0;
  } else {
    make_room(ws, 1);
  }
  append(ws->open, pcm, &source, &p, 1);
  ws->quiet = p >= speech_ends ? 0 : ws->quiet + 1;
  if (p >= speech_ends) ws->speech_chunks++;
  if (ws->quiet > ws->keep_chunks) stop_speaking(ws);
}

void windows_feed(struct windows *ws, const float *pcm, const float *probabilities, size_t chunks) {
  for (size_t i = 0; i < chunks; i++) hear(ws, pcm + i * VAD_CHUNK, probabilities ? probabilities[i] : 1.0f);
}

void windows_finish(struct windows *ws) {
  if (ws->speaking) stop_speaking(ws);
  emit(ws, ws->open->chunks);
}

struct window *windows_take(struct windows *ws) {
  if (ws->done_taken == ws->done_count) {
    ws->done_taken = ws->done_count = 0;
    return NULL;
  }
  return ws->done[ws->done_taken++];
}

double windows_speech_seconds(const struct windows *ws) {
  return (double)ws->speech_chunks * CHUNK_SECONDS;
}
