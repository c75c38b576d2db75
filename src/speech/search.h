/*
 * The search for one window's text at one temperature: beam search at 0, best of several samples above it
 * (openai/whisper, decoding.py; length normalization by count, patience 1).
 *
 *   search_start(s, …);  while (!search_done(s)) { n = search_rows(s, rows); decoder_step(); for i < n: search_score(s, i) (any
 *   thread); search_advance(s); }  search_result(s)
 *
 * A search owns its history; it never sees the decoder. Windows advance side by side in one decoder_step().
 */
#ifndef TITR_SPEECH_SEARCH_H
#define TITR_SPEECH_SEARCH_H

#include "base/mem.h"
#include "speech/decoder.h"
#include "speech/rules.h"

struct search;

struct search_text { /* the best hypothesis; plain data, owned by the caller of search_result() */
  int *tokens;       /* timestamps included; without prompt and end token */
  float *logprobs;
  size_t count;
  float sum_logprob, average_logprob; /* of all tokens and the end token; average over count + 1 */
  float no_speech;                    /* probability of the no-speech token at the start of transcript */
};
void search_text_release(struct search_text *t);

struct search *search_new(const struct whisper *w, const struct rules *r, int width);
void search_free(struct search *s);
DEFINE_FREEP(struct search, search_free)

/* `prompt`: all forced tokens, ending with the task's; `sot_at`: where <|startoftranscript|> stands in it. `longest`: tokens
 * that may be said. `seed` makes sampling repeatable. `audio` stays the caller's. */
void search_start(struct search *s, const struct audio *audio, const int *prompt, size_t prompt_count, size_t sot_at,
                  size_t longest, float temperature, uint64_t seed);
bool search_done(const struct search *s);
size_t search_rows_wanted(const struct search *s);   /* of the next step */
size_t search_logits_wanted(const struct search *s); /* of those, rows with logits */
/* Fills the rows; those with logits point into `logits` [search_logits_wanted][vocab]. */
void search_rows(struct search *s, struct decoder_row *rows, float *logits);
void search_score(struct search *s, size_t logits_row); /* parallel over rows */
void search_advance(struct search *s);                  /* once, after all rows are scored */
void search_result(const struct search *s, struct search_text *ret);

#endif
