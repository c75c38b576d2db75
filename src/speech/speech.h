/*
 * Speech recognition: 16 kHz mono PCM -> a transcript of words with times. Knows no files but its model, no
 * video and no captions.
 *
 *   struct speech_model *m;  speech_model_open(dir, vad_file, &mo, &m, &e);
 *   struct speech_options o = speech_default_options();
 *   struct transcript t = {0};
 *   int rc = speech_recognize(m, &o, read_pcm, ctx, &t, &report, &e);     // 0, or ERR_NO_SPEECH with t empty
 *   transcript_release(&t);  speech_model_free(m);
 *
 * Flow (one compute loop; every stage is a parallel loop over the same OpenMP team, so that no two thread
 * pools fight for the cores):
 *
 *   read_pcm -> VAD -> windows (<= 30 s of speech, cut where it is quietest) -> mel -> encoder -> decoder
 *                                                                                       | beams of all windows
 *                                                            words <- align (DTW) <-----+ in one batch
 *
 * Memory is bounded whatever the length: PCM, mels and encoder output live only as long as their window.
 *
 * Threads: a model may be used by one speech_recognize() at a time (it owns scratch memory); ERR_FAIL otherwise.
 * Open a second model for a second job: the weights' pages are shared by the kernel (mmap).
 */
#ifndef TITR_SPEECH_SPEECH_H
#define TITR_SPEECH_SPEECH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/transcript.h"

#define SPEECH_SAMPLE_RATE 16000

struct speech_model;

struct speech_model_options {
  int threads; /* 0: as many as the process may run on */
};
struct speech_model_options speech_default_model_options(void);

/* Opens a CTranslate2 folder (model.bin, config.json, vocabulary.*, tokenizer.json) or a folder with the
 * original checkpoint (model.safetensors). `vad_file` is silero_vad_16k.safetensors. ERR_MODEL on anything
 * wrong. Free with speech_model_free(), not during a recognition. */
int speech_model_open(const char *dir, const char *vad_file, const struct speech_model_options *o,
                      struct speech_model **ret, struct err *e);
void speech_model_free(struct speech_model *m);
DEFINE_FREEP(struct speech_model, speech_model_free)

bool speech_model_multilingual(const struct speech_model *m); /* false for the .en models */
/* Whether Whisper (multilingual) knows the ISO 639-1 code; its English name through ret_name (may be NULL). */
bool speech_language_known(const char *code, const char **ret_name);

enum speech_task { SPEECH_TRANSCRIBE, SPEECH_TRANSLATE /* to English */ };

struct speech_progress {
  double seconds_heard; /* of audio: read and searched for speech */
  double seconds_done;  /* of audio: everything before this is recognized */
};

struct speech_options {
  const char *language; /* ISO 639-1, or NULL: detected */
  enum speech_task task;
  const char *prompt;        /* words and names to expect, or NULL; at most LIMIT_PROMPT_BYTES */
  int beam;                  /* 1..16, default 5 */
  int batch;                 /* windows decoded together, default 8 */
  bool vad;                  /* default true */
  const atomic_bool *cancel; /* polled several times a second; ERR_CANCELLED */
  void (*progress)(void *ctx, const struct speech_progress *p); /* from the calling thread; may be NULL */
  void *progress_ctx;
};
struct speech_options speech_default_options(void);

/* Fills `pcm` with up to `max` samples; returns how many (0 = the end) or ERR_*. Blocks. */
typedef long (*speech_read_fn)(void *ctx, float *pcm, size_t max, struct err *e);

struct speech_report { /* wall seconds by stage, and counts */
  double load, read, vad, mel, encode, decode, align, total;
  double audio_seconds, speech_seconds;
  size_t windows, tokens, fallbacks; /* fallbacks: windows decoded again at a higher temperature */
  size_t dropped;                    /* windows refused as no speech */
};

/* Returns 0, or ERR_NO_SPEECH (transcript without words), or another ERR_*. `report` may be NULL. */
int speech_recognize(struct speech_model *m, const struct speech_options *o, speech_read_fn read, void *ctx,
                     struct transcript *ret, struct speech_report *report, struct err *e);

#endif
