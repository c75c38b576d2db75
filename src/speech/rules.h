/*
 * What may be said next: Whisper's suppression and timestamp rules, applied to one row of logits.
 *
 * The rules are those of the reference decoder (openai/whisper, decoding.py): listed tokens never; no blank at
 * the start; timestamps come in pairs, never go back, the first is at most 1 s; and when the timestamps together
 * are likelier than any one text token, a timestamp it is.
 */
#ifndef TITR_SPEECH_RULES_H
#define TITR_SPEECH_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "speech/kernels.h"
#include "speech/tokenizer.h"

struct rules {
  const struct kernels *kernels;
  const struct tokenizer *tokenizer;
  size_t vocab;
  const int *suppressed; /* never */
  size_t suppressed_count;
  const int *suppressed_first; /* not as the first token */
  size_t suppressed_first_count;
  bool timestamps;         /* false: none at all */
  int max_first_timestamp; /* in steps of 20 ms */
};

struct choice {
  int token;
  float logprob;
};

/* Masks `logits` (changed in place) for a hypothesis that so far said `said[0..count)` (without the prompt), and
 * gives its `k` best continuations, best first, with log-probabilities over what is allowed. Returns how many. */
size_t rules_choose(const struct rules *r, float *logits, const int *said, size_t count, size_t k, struct choice *ret);

/* One continuation drawn at `temperature` > 0 with `uniform` in [0, 1). */
struct choice rules_sample(const struct rules *r, float *logits, const int *said, size_t count, float temperature,
                           double uniform);

#endif
