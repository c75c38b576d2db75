/*
 * Continuous batching: up to `size` windows are decoded side by side; one that ends makes room for the next at once.
 *
 *   while (work) {
 *     while (batch_has_room(b) && a window is ready) batch_add(b, window, mel);
 *     batch_step(b);                                  // one token for every hypothesis of every window
 *     while (batch_take(b, &heard)) …                 // windows that ended, in any order
 *   }
 *
 * Per window: temperature fallback (0, 0.2 … 1) when the text repeats itself (compression ratio > 2.4) or is unlikely
 * (average log-probability < -1); the no-speech gate; word times by alignment. The numbers are those of
 * openai/whisper (transcribe.py). Beyond them a gate of ours drops what is made up over babble: see is_babble(). The language is detected on the first window unless it is given.
 *
 * Threads: one caller, outside parallel regions.
 */
#ifndef TITR_SPEECH_BATCH_H
#define TITR_SPEECH_BATCH_H

#include "speech/align.h"
#include "speech/search.h"
#include "speech/speech.h"
#include "speech/windows.h"

struct batch;

struct batch_options {
  int size, beam;
  const char *language; /* NULL: detected */
  enum speech_task task;
  const char *prompt;        /* NULL: none */
  const atomic_bool *cancel; /* NULL: never; encoding a window takes a while */
};

struct heard {           /* a window that ended; plain data, released by heard_release() */
  struct window *window; /* as it was added: the caller's again */
  struct search_text text;
  struct align_words words;
  float temperature, compression_ratio;
  bool dropped; /* no speech in it, or none that can be made out: text and words are empty */
};
void heard_release(struct heard *h);

int batch_new(struct whisper *w, const struct tokenizer *t, const struct batch_options *o, struct batch **ret,
              struct err *e);
void batch_free(struct batch *b); /* frees windows still in it */
DEFINE_FREEP(struct batch, batch_free)

bool batch_has_room(const struct batch *b);
bool batch_busy(const struct batch *b); /* windows are in it */
/* False when it was cancelled: the window is the caller's again. */
bool batch_add(struct batch *b, struct window *window, const float *mel);
void batch_step(struct batch *b);
bool batch_take(struct batch *b, struct heard *ret);

/* Media time before which nothing is under way; infinity when the batch is empty. */
double batch_done_until(const struct batch *b);

const char *batch_language(const struct batch *b, float *ret_probability); /* "" before the first window */
void batch_report(const struct batch *b,
                  struct speech_report *add_to); /* encode, decode, align, tokens, fallbacks, dropped */

#endif
