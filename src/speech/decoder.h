/*
 * The decoder: one step for any number of rows at once. A row is one token of one hypothesis at one position; the
 * rows of a step may belong to different windows and stand at different positions, so a prompt, a beam search and a
 * forced pass over a finished text are all the same call.
 *
 * What earlier positions left (keys and values of self-attention) lies in the window's `history`: for each position
 * `slots` places, one a hypothesis. A hypothesis knows its way back as the slot it used at each position
 * (`trail`), so that a beam search forks and drops hypotheses without copying any of it.
 *
 * Threads: a decoder is scratch memory for one call at a time, outside parallel regions.
 */
#ifndef TITR_SPEECH_DECODER_H
#define TITR_SPEECH_DECODER_H

#include "speech/encoder.h"
#include "speech/whisper.h"

struct history; /* of one window; grows with the positions used; bf16 */
struct history *history_new(const struct whisper *w, int slots);
void history_free(struct history *h);
DEFINE_FREEP(struct history, history_free)

struct decoder_row {
  struct history *history;
  const struct audio *audio; /* rows of one step with the same audio stand together */
  int token, position;
  int slot;             /* where this row's keys and values go */
  const uint8_t *trail; /* [position]: the slot at each earlier position; rows of the same step count as written */
  float *logits;        /* [vocab], or NULL when they are not wanted */
};

/* Softmaxed cross-attention of chosen heads, for word times. */
struct attention_capture {
  const int (*heads)[2]; /* {layer, head} */
  size_t count;
  float *weights; /* [count][rows][frames], frames = audio_ctx */
};

struct decoder;
struct decoder *decoder_new(struct whisper *w);
void decoder_free(struct decoder *d);
DEFINE_FREEP(struct decoder, decoder_free)

/* position < text_ctx. `capture` may be NULL. */
void decoder_step(struct decoder *d, const struct decoder_row *rows, size_t count,
                  const struct attention_capture *capture);

#endif
