/*
 * Word times from cross-attention: the weights of the model's alignment heads over a forced pass are normalized, smoothed
 * and averaged, and dynamic time warping finds the path through (token, frame) (openai/whisper, timing.py). Words
 * are then cut to where the voice detector hears speech: attention is vague about silence, the detector is not.
 *
 * Pure; any thread.
 */
#ifndef TITR_SPEECH_ALIGN_H
#define TITR_SPEECH_ALIGN_H

#include "speech/tokenizer.h"
#include "speech/windows.h"

struct align_input {
  const struct tokenizer *tokenizer;
  const char *language; /* of the text */
  const float *weights; /* [heads][rows][frames]: softmaxed; a frame is 20 ms of the window */
  size_t heads, rows, frames;
  size_t forced;     /* rows before the first text token: start, language, task, no-timestamps */
  const int *tokens; /* the text with its timestamp tokens */
  const float *logprobs;
  size_t count;
  const struct window *window;
};

struct align_word {
  char *text;        /* with its leading space, where it has one */
  double start, end; /* seconds of media time */
  float probability;
  bool starts_segment;
};

struct align_words {
  struct align_word *words;
  size_t count, cap;
};
void align_words_release(struct align_words *w);

/* Appends nothing when there is no text. Times do not decrease, and start <= end. */
void align_run(const struct align_input *in, struct align_words *ret);

#endif
