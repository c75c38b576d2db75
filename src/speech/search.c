/*
 * DESIGN. The first step feeds the whole prompt (its keys all go to slot 0) and scores one row; from then on there is
 * a row for each living hypothesis. A hypothesis is its tokens, their log-probabilities and its trail: the slot it
 * used at each position. Hypotheses fork by copying these few hundred bytes; keys and values stay where they are.
 */
#include "speech/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hypothesis {
  int *tokens;
  float *logprobs;
  uint8_t *trail; /* [prompt + said] */
  size_t count;   /* said */
  float sum;
};

struct row_choices {
  struct choice best[40];
  size_t count;
};

struct search {
  const struct whisper *w;
  const struct rules *rules;
  size_t width; /* hypotheses at most */
  struct history *history;
  const struct audio *audio;
  int *prompt;
  size_t prompt_count, sot_at, longest;
  float temperature;
  uint64_t random;
  float *logits; /* of the step under way; the caller's */

  bool started, done;
  float no_speech;
  struct hypothesis *living, *next, *finished; /* [width] each */
  size_t living_count, finished_count;
  struct row_choices *choices; /* [width] */
};

void search_text_release(struct search_text *t) {
  free(t->tokens);
  free(t->logprobs);
  *t = (struct search_text){0};
}

static struct hypothesis *hypotheses(const struct whisper *w, size_t n) {
  struct hypothesis *h = NEW_ARRAY(struct hypothesis, n);
  size_t most = (size_t)w->config.text_ctx + 1;
  for (size_t i = 0; i < n; i++) {
    h[i].tokens = NEW_ARRAY(int, most);
    h[i].logprobs = NEW_ARRAY(float, most);
    h[i].trail = NEW_ARRAY(uint8_t, most);
  }
  return h;
}

static void hypotheses_free(struct hypothesis *h, size_t n) {
  for (size_t i = 0; i < n; i++) {
    free(h[i].tokens);
    free(h[i].logprobs);
    free(h[i].trail);
  }
  free(h);
}

struct search *search_new(const struct whisper *w, const struct rules *r, int width) {
  struct search *s = NEW(struct search);
  s->w = w;
  s->rules = r;
  s->width = (size_t)width;
  s->history = history_new(w, width);
  s->living = hypotheses(w, s->width);
  s->next = hypotheses(w, s->width);
  s->finished = hypotheses(w, s->width);
  s->choices = NEW_ARRAY(struct row_choices, s->width);
  s->done = true;
  return s;
}

void search_free(struct search *s) {
  if (!s) return;
  history_free(s->history);
  hypotheses_free(s->living, s->width);
  hypotheses_free(s->next, s->width);
  hypotheses_free(s->finished, s->width);
  free(s->choices);
  free(s->prompt);
  free(s);
}

void search_start(struct search *s, const struct audio *audio, const int *prompt, size_t prompt_count, size_t sot_at,
                  size_t longest, float temperature, uint64_t seed) {
  free(s->prompt);
  s->prompt = NEW_ARRAY(int, prompt_count);
  memcpy(s->prompt, prompt, prompt_count * sizeof *prompt);
  s->audio = audio;
  s->prompt_count = prompt_count;
  s->sot_at = sot_at;
  size_t room = (size_t)s->w->config.text_ctx - prompt_count;
  s->longest = longest < room ? longest : room;
  s->temperature = temperature;
  s->random = seed;
  s->started = s->done = false;
  s->no_speech = 0;
  s->living_count = 1;
  s->finished_count = 0;
  struct hypothesis *h = &s->living[0];
  h->count = 0;
  h->sum = 0;
  memset(h->trail, 0, prompt_count);
}

bool search_done(const struct search *s) {
  return s->done;
}

size_t search_rows_wanted(const struct search *s) {
  return s->started ? s->living_count : s->prompt_count;
}

size_t search_logits_wanted(const struct search *s) {
  return s->started ? s->living_count : s->sot_at + 1 == s->prompt_count ? 1 : 2;
}

void search_rows(struct search *s, struct decoder_row *rows, float *logits) {
  size_t vocab = (size_t)s->w->config.vocab;
  s->logits = logits;
  if (!s->started) {
    float *next = logits;
    for (size_t i = 0; i < s->prompt_count; i++) {
      bool wanted = i == s->sot_at || i + 1 == s->prompt_count;
      rows[i] =
          (struct decoder_row){s->history, s->audio, s->prompt[i], (int)i, 0, s->living[0].trail, wanted ? next : NULL};
      if (wanted) next += vocab;
    }
    return;
  }
  for (size_t i = 0; i < s->living_count; i++) {
    struct hypothesis *h = &s->living[i];
    size_t position = s->prompt_count + h->count - 1;
    h->trail[position] = (uint8_t)i;
    rows[i] = (struct decoder_row){s->history, s->audio, h->tokens[h->count - 1], (int)position,
                                   (int)i,     h->trail, logits + i * vocab};
  }
}

/* A row's own random number: PCG-like mixing of seed, row and length, so that the order of threads is of no matter. */
static double uniform(uint64_t seed, size_t row, size_t count) {
  uint64_t x = seed + 0x9E3779B97F4A7C15u * (row + 1) + 0xBF58476D1CE4E5B9u * (count + 1);
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
  x = (x ^ x >> 27) * 0x94D049BB133111EBu;
  x ^= x >> 31;
  return (double)(x >> 11) * 0x1.0p-53;
}

void search_score(struct search *s, size_t logits_row) {
  size_t vocab = (size_t)s->w->config.vocab;
  float *logits = s->logits + logits_row * vocab;
  if (!s->started) {
    int no_speech = tokenizer_ids(s->rules->tokenizer)->no_speech;
    if (logits_row == 0)
      s->no_speech = no_speech < 0 ? 0.0f : expf(logits[no_speech] - s->rules->kernels->log_sum_exp(logits, vocab));
    if (logits_row + 1 < search_logits_wanted(s)) return;
  }
  size_t row = s->started ? logits_row : 0;
  const struct hypothesis *h = &s->living[row];
  struct row_choices *c = &s->choices[row];
  if (s->temperature > 0) {
    size_t draws = s->started ? 1 : s->width;
    _cleanup_(mem_freep) float *copy = draws > 1 ? x_aligned(vocab, sizeof(float)) : NULL;
    c->count = draws;
    for (size_t i = 0; i < draws; i++) {
      if (copy) memcpy(copy, logits, vocab * sizeof(float));
      c->best[i] = rules_sample(s->rules, copy ? copy : logits, h->tokens, h->count, s->temperature,
                                uniform(s->random, row + i, h->count));
    }
  } else {
    c->count = rules_choose(s->rules, logits, h->tokens, h->count, 2 * s->width, c->best);
  }
}

static void extend(struct hypothesis *to, const struct hypothesis *from, size_t prompt, struct choice c) {
  memcpy(to->tokens, from->tokens, from->count * sizeof *to->tokens);
  memcpy(to->logprobs, from->logprobs, from->count * sizeof *to->logprobs);
  memcpy(to->trail, from->trail, prompt + from->count);
  to->tokens[from->count] = c.token;
  to->logprobs[from->count] = c.logprob;
  to->count = from->count + 1;
  to->sum = from->sum + c.logprob;
}

static void finish(struct search *s, const struct hypothesis *from, float end_logprob) {
  if (s->finished_count == s->width) return;
  struct hypothesis *to = &s->finished[s->finished_count++];
  memcpy(to->tokens, from->tokens, from->count * sizeof *to->tokens);
  memcpy(to->logprobs, from->logprobs, from->count * sizeof *to->logprobs);
  to->count = from->count;
  to->sum = from->sum + end_logprob;
}

struct candidate {
  size_t row;
  struct choice choice;
  float sum;
};

static int by_sum(const void *a, const void *b) {
  float x = ((const struct candidate *)a)->sum, y = ((const struct candidate *)b)->sum;
  return x < y ? 1 : x > y ? -1 : 0;
}

static void advance_beam(struct search *s, int eot) {
  struct candidate all[16 * 40];
  size_t count = 0;
  for (size_t r = 0; r < s->living_count; r++)
    for (size_t i = 0; i < s->choices[r].count && count < ARRAY_LEN(all); i++)
      all[count++] = (struct candidate){r, s->choices[r].best[i], s->living[r].sum + s->choices[r].best[i].logprob};
  qsort(all, count, sizeof *all, by_sum);
  size_t kept = 0;
  for (size_t i = 0; i < count && kept < s->width; i++) {
    const struct hypothesis *from = &s->living[all[i].row];
    if (all[i].choice.token == eot) finish(s, from, all[i].choice.logprob);
    else extend(&s->next[kept++], from, s->prompt_count, all[i].choice);
  }
  struct hypothesis *swap = s->living;
  s->living = s->next;
  s->next = swap;
  s->living_count = kept;
  if (s->finished_count >= s->width || kept == 0) s->done = true;
}

static void advance_samples(struct search *s, int eot) {
  size_t kept = 0;
  for (size_t r = 0; r < s->living_count; r++)
    for (size_t i = 0; i < s->choices[r].count; i++) {
      struct choice c = s->choices[r].best[i];
      if (c.token == eot) finish(s, &s->living[r], c.logprob);
      else extend(&s->next[kept++], &s->living[r], s->prompt_count, c);
    }
  struct hypothesis *swap = s->living;
  s->living = s->next;
  s->next = swap;
  s->living_count = kept;
  if (kept == 0) s->done = true;
}

void search_advance(struct search *s) {
  int eot = tokenizer_ids(s->rules->tokenizer)->eot;
  if (s->temperature > 0) advance_samples(s, eot);
  else advance_beam(s, eot);
  s->started = true;
  if (!s->done && s->living[0].count >= s->longest) { /* no room left: what there is counts as finished */
    for (size_t i = 0; i < s->living_count; i++) finish(s, &s->living[i], 0);
    s->done = true;
  }
}

void search_result(const struct search *s, struct search_text *ret) {
  const struct hypothesis *best = NULL;
  for (size_t i = 0; i < s->finished_count; i++) {
    const struct hypothesis *h = &s->finished[i];
    if (!best || h->sum / (float)(h->count + 1) > best->sum / (float)(best->count + 1)) best = h;
  }
  *ret = (struct search_text){.no_speech = s->no_speech};
  if (!best) return;
  ret->count = best->count;
  ret->tokens = NEW_ARRAY(int, best->count);
  ret->logprobs = NEW_ARRAY(float, best->count);
  memcpy(ret->tokens, best->tokens, best->count * sizeof *best->tokens);
  memcpy(ret->logprobs, best->logprobs, best->count * sizeof *best->logprobs);
  ret->sum_logprob = best->sum;
  ret->average_logprob = best->sum / (float)(best->count + 1);
}
