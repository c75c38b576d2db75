/*
 * DESIGN. One loop: read PCM and look for speech while the batch has room and no window is ready; put ready windows in;
 * take a step; collect what ended. Windows end in any order, so their words wait in a list sorted by the windows'
 * place in time; it is joined at the end.
 *
 * A window whose text stops well before its speech does (the model ended early) is heard again from where the text
 * stopped, as the sequential reference does when it seeks to the last timestamp.
 */
#include "speech/speech.h"

#include <math.h>
#include <omp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "speech/batch.h"
#include "speech/mel.h"
#include "speech/tokenizer.h"
#include "speech/vad.h"
#include "speech/weights.h"
#include "speech/whisper.h"
#include "speech/windows.h"

enum { READ_SAMPLES = 4 * SPEECH_SAMPLE_RATE }; /* at a time */

struct speech_model {
  struct gemm *gemm;
  struct whisper *whisper;
  struct tokenizer *tokenizer;
  struct mel *mel;
  char *vad_file;
  double load_seconds;
  atomic_bool busy;
};

struct speech_model_options speech_default_model_options(void) {
  return (struct speech_model_options){.threads = 0};
}

struct speech_options speech_default_options(void) {
  return (struct speech_options){.task = SPEECH_TRANSCRIBE, .beam = 5, .batch = 8, .vad = true};
}

static int usable_processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return omp_get_num_procs();
}

int speech_model_open(const char *dir, const char *vad_file, const struct speech_model_options *o,
                      struct speech_model **ret, struct err *e) {
  double began = clock_now();
  _cleanup_(speech_model_freep) struct speech_model *m = NEW(struct speech_model);
  _cleanup_(weights_freep) struct weights *weights = NULL;
  struct whisper_config config;
  int rc = weights_open(dir, &weights, e);
  if (rc == 0) rc = whisper_config_read(dir, weights, &config, e);
  if (rc == 0) rc = tokenizer_open(dir, config.vocab, &m->tokenizer, e);
  if (rc == 0 && config.suppress_count == 0)
    config.suppress_count = tokenizer_non_speech(m->tokenizer, config.suppress, WHISPER_MOST_SUPPRESSED);
  if (rc == 0) rc = gemm_new(o->threads > 0 ? o->threads : usable_processors(), &m->gemm, e);
  if (rc == 0) rc = whisper_load(weights, &config, m->gemm, &m->whisper, e);
  if (rc < 0) return rc;
  weights_let_go(TAKE(weights)); /* the model has it now; packed matrices are what is used from here on */
  m->mel = mel_new(config.n_mels);
  m->vad_file = vad_file ? x_strdup(vad_file) : NULL;
  m->load_seconds = clock_now() - began;
  *ret = TAKE(m);
  return 0;
}

void speech_model_free(struct speech_model *m) {
  if (!m) return;
  whisper_free(m->whisper);
  tokenizer_free(m->tokenizer);
  mel_free(m->mel);
  gemm_free(m->gemm);
  free(m->vad_file);
  free(m);
}

bool speech_model_multilingual(const struct speech_model *m) {
  return m->whisper->config.multilingual;
}

/* ---- one recognition ---- */

struct session {
  struct speech_model *m;
  const struct speech_options *o;
  speech_read_fn read;
  void *ctx;
  struct vad *vad;
  struct windows *windows;
  struct batch *batch;
  struct window *waiting[8]; /* remainders to be heard again; see hear_rest() */
  size_t waiting_count;
  float *pcm; /* READ_SAMPLES and what is left of the last chunk */
  size_t pcm_count;
  float *mel, *probabilities;
  bool ended; /* the stream */
  uint64_t samples;
  struct heard *heard;
  size_t heard_count, heard_cap;
  size_t rests;
  struct speech_report report;
};

static bool cancelled(const struct session *s) {
  return s->o->cancel && atomic_load_explicit(s->o->cancel, memory_order_relaxed);
}

/* Reads some seconds, finds the speech in them. */
static int listen(struct session *s, struct err *e) {
  double began = clock_now();
  while (s->pcm_count < READ_SAMPLES) {
    long n = s->read(s->ctx, s->pcm + s->pcm_count, READ_SAMPLES + VAD_CHUNK - s->pcm_count, e);
    if (n < 0) return (int)n;
    if (n == 0) {
      s->ended = true;
      break;
    }
    s->pcm_count += (size_t)n;
    s->samples += (uint64_t)n;
  }
  s->report.read += clock_now() - began;
  if (s->ended && s->pcm_count % VAD_CHUNK) { /* the last chunk is filled up with silence */
    size_t full = (s->pcm_count + VAD_CHUNK - 1) / VAD_CHUNK * VAD_CHUNK;
    memset(s->pcm + s->pcm_count, 0, (full - s->pcm_count) * sizeof *s->pcm);
    s->pcm_count = full;
  }
  size_t chunks = s->pcm_count / VAD_CHUNK;
  began = clock_now();
  if (s->vad) vad_feed(s->vad, s->pcm, chunks, s->probabilities);
  windows_feed(s->windows, s->pcm, s->vad ? s->probabilities : NULL, chunks);
  s->report.vad += clock_now() - began;
  s->pcm_count -= chunks * VAD_CHUNK;
  memmove(s->pcm, s->pcm + chunks * VAD_CHUNK, s->pcm_count * sizeof *s->pcm);
  if (s->ended) windows_finish(s->windows);
  return 0;
}

static void add_window(struct session *s, struct window *w) {
  double began = clock_now();
  mel_compute(s->m->mel, w->pcm, w->chunks * VAD_CHUNK, s->mel);
  s->report.mel += clock_now() - began;
  if (!batch_add(s->batch, w, s->mel)) window_free(w);
}

static int fill_batch(struct session *s, struct err *e) {
  while (batch_has_room(s->batch) && !cancelled(s)) {
    struct window *w = s->waiting_count ? s->waiting[--s->waiting_count] : windows_take(s->windows);
    if (w) {
      add_window(s, w);
      continue;
    }
    if (s->ended) return 0;
    int rc = listen(s, e);
    if (rc < 0) return rc;
  }
  return 0;
}

/* Window time of the last timestamp, -1 without one. */
static double last_timestamp(const struct session *s, const struct heard *h) {
  int begin = tokenizer_ids(s->m->tokenizer)->timestamp_begin;
  for (size_t i = h->text.count; i-- > 0;)
    if (h->text.tokens[i] >= begin) return (h->text.tokens[i] - begin) * 0.02;
  return -1;
}

/* The model may stop before the speech does; what is left is heard as a window of its own. */
static void hear_rest(struct session *s, const struct heard *h) {
  if (h->dropped || s->waiting_count == ARRAY_LEN(s->waiting)) return;
  double stopped = last_timestamp(s, h), speech = window_speech_end(h->window);
  if (stopped < 1.0 || speech - stopped < 1.5) return; /* not a word that was cut, but a sentence left out */
  struct window *rest = window_rest(h->window, stopped);
  if (!rest) return;
  s->waiting[s->waiting_count++] = rest;
  s->rests++;
}

static void collect(struct session *s) {
  struct heard h;
  while (batch_take(s->batch, &h)) {
    hear_rest(s, &h);
    x_grow(&s->heard, &s->heard_cap, s->heard_count + 1, sizeof *s->heard);
    s->heard[s->heard_count++] = h;
    if (log_lowest() == LOG_DEBUG) {
      _cleanup_(mem_freep) char *text = tokenizer_decode(s->m->tokenizer, h.text.tokens, h.text.count);
      log_debug("speech", "window %zu of %.2f s at %.2f s: t=%.1f logprob %.2f no-speech %.2f ratio %.2f%s:%s",
                h.window->index, window_seconds(h.window), window_media(h.window, 0, false), (double)h.temperature,
                (double)h.text.average_logprob, (double)h.text.no_speech, (double)h.compression_ratio,
                h.dropped ? " dropped" : "", text);
    }
    /* the audio is no longer needed, its place in time is */
    free(h.window->pcm);
    h.window->pcm = NULL;
  }
}

static void tell(struct session *s) {
  if (!s->o->progress) return;
  struct speech_progress p = {.seconds_heard = (double)s->samples / SPEECH_SAMPLE_RATE};
  p.seconds_done = fmin(batch_done_until(s->batch), p.seconds_heard);
  s->o->progress(s->o->progress_ctx, &p);
}

static int by_time(const void *a, const void *b) {
  double x = window_media(((const struct heard *)a)->window, 0, false),
         y = window_media(((const struct heard *)b)->window, 0, false);
  return x < y ? -1 : x > y ? 1 : 0;
}

static void join_words(struct session *s, struct transcript *t) {
  if (s->heard_count) qsort(s->heard, s->heard_count, sizeof *s->heard, by_time);
  double last = 0;
  for (size_t i = 0; i < s->heard_count; i++)
    for (size_t k = 0; k < s->heard[i].words.count; k++) {
      struct align_word *w = &s->heard[i].words.words[k];
      const char *text = w->text;
      bool space = text[0] == ' ';
      while (*text == ' ') text++;
      if (!*text) continue;
      double start = w->start > last ? w->start : last, end = w->end > start ? w->end : start;
      transcript_add(t, text, start, end, w->probability, t->count > 0 && space, w->starts_segment);
      last = start;
    }
}

static void session_release(struct session *s) {
  for (size_t i = 0; i < s->heard_count; i++) {
    window_free(s->heard[i].window);
    heard_release(&s->heard[i]);
  }
  for (size_t i = 0; i < s->waiting_count; i++) window_free(s->waiting[i]);
  free(s->heard);
  batch_free(s->batch);
  windows_free(s->windows);
  vad_free(s->vad);
  free(s->pcm);
  free(s->mel);
  free(s->probabilities);
}

static int session_open(struct session *s, struct err *e) {
  const struct speech_options *o = s->o;
  if (o->beam < 1 || o->beam > 16) return err_set(e, ERR_USAGE, "a beam of %d is outside 1..16", o->beam);
  if (o->batch < 1 || o->batch > 64) return err_set(e, ERR_USAGE, "a batch of %d is outside 1..64", o->batch);
  struct batch_options bo = {o->batch, o->beam, o->language, o->task, o->prompt, o->cancel};
  int rc = batch_new(s->m->whisper, s->m->tokenizer, &bo, &s->batch, e);
  if (rc == 0 && o->vad) rc = vad_open(s->m->vad_file, s->m->gemm, &s->vad, e);
  if (rc < 0) return rc;
  struct windows_options wo = windows_default_options();
  wo.vad = o->vad;
  s->windows = windows_new(&wo);
  s->pcm = x_aligned(READ_SAMPLES + 2 * VAD_CHUNK, sizeof(float));
  s->mel = x_aligned((size_t)s->m->whisper->config.n_mels * MEL_FRAMES, sizeof(float));
  s->probabilities = x_aligned(READ_SAMPLES / VAD_CHUNK + 2, sizeof(float));
  return 0;
}

static int run(struct session *s, struct transcript *ret, struct err *e) {
  int rc = session_open(s, e);
  while (rc == 0) {
    rc = fill_batch(s, e);
    if (rc == 0 && cancelled(s)) rc = err_set(e, ERR_CANCELLED, "cancelled");
    if (rc < 0 || !batch_busy(s->batch)) break;
    batch_step(s->batch);
    collect(s);
    tell(s);
  }
  if (rc < 0) return rc;
  join_words(s, ret);
  snprintf(ret->language, sizeof ret->language, "%s", batch_language(s->batch, &ret->language_probability));
  if (s->o->task == SPEECH_TRANSLATE && s->m->whisper->config.multilingual)
    snprintf(ret->language, sizeof ret->language, "en");
  ret->duration = (double)s->samples / SPEECH_SAMPLE_RATE;
  return ret->count ? 0 : err_set(e, ERR_NO_SPEECH, "no speech was found");
}

int speech_recognize(struct speech_model *m, const struct speech_options *o, speech_read_fn read, void *ctx,
                     struct transcript *ret, struct speech_report *report, struct err *e) {
  if (atomic_exchange(&m->busy, true)) return err_set(e, ERR_FAIL, "this model is at work for another recognition");
  double began = clock_now();
  struct session s = {.m = m, .o = o, .read = read, .ctx = ctx};
  int threads = omp_get_max_threads();
  omp_set_num_threads(gemm_threads(m->gemm));
  int rc = run(&s, ret, e);
  omp_set_num_threads(threads);
  if (report && s.batch) {
    *report = s.report;
    batch_report(s.batch, report);
    report->load = m->load_seconds;
    report->total = clock_now() - began;
    report->audio_seconds = (double)s.samples / SPEECH_SAMPLE_RATE;
    report->speech_seconds = s.windows ? windows_speech_seconds(s.windows) : 0;
  }
  session_release(&s);
  atomic_store(&m->busy, false);
  return rc;
}
