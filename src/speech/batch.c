/*
 * DESIGN. A slot holds one window from encoding to its words. Its search is started again at the next temperature when the
 * text is bad; the best attempt is kept. Prompts and histories of all slots meet only in batch_step(), which gathers
 * the rows of every search into one decoder step.
 */
#include "speech/batch.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/compress.h"
#include "base/utf8.h"

/* openai/whisper, transcribe.py: defaults of the same names */
static const float temperatures[] = {0.0f, 0.2f, 0.4f, 0.6f, 0.8f, 1.0f};
static const double compression_ratio_threshold = 2.4;
static const float logprob_threshold = -1.0f;
static const float no_speech_threshold = 0.6f;
/* Ours, against text where many voices at once, or sounds like a voice, say nothing: found with 2 to 32 voices over each
 * other, forwards and backwards. Of an hour of recorded prompts nothing is dropped: there the model may stop early too, but
 * its doubt (no-speech) stays below 0.3 then. */
static const double sparse_tokens_a_second = 1.5, dense_tokens_a_second = 10;
static const float babble_no_speech = 0.4f, babble_logprob = -0.5f;
static const float hopeless_logprob = -1.5f;
enum { MAX_FIRST_TIMESTAMP = 50 }; /* 1 s, in steps of 20 ms */

struct slot {
  bool used, ended;
  struct window *window;
  struct audio *audio;
  struct search *search;
  size_t attempt; /* index into temperatures */
  struct heard best;
  size_t first_logits, logits_rows; /* of the step under way */
};

struct batch {
  struct whisper *w;
  const struct tokenizer *tokenizer;
  struct rules rules;
  struct encoder *encoder;
  struct decoder *decoder;
  struct history *single; /* for language detection and alignment */
  enum speech_task task;
  const atomic_bool *cancel;
  int *prompt; /* what comes before <|startoftranscript|>: <|startofprev|> and the user's words */
  size_t prompt_count;
  int language; /* token, -1: not known yet */
  char language_code[8];
  float language_probability;
  struct slot *slots;
  size_t size;
  float *logits;
  size_t logits_rows;
  struct decoder_row *rows;
  size_t rows_cap;
  struct speech_report report;
};

void heard_release(struct heard *h) {
  search_text_release(&h->text);
  align_words_release(&h->words);
}

static int make_prompt(struct batch *b, const char *text, struct err *e) {
  if (!text || !*text) return 0;
  const struct token_ids *t = tokenizer_ids(b->tokenizer);
  _cleanup_(mem_freep) int *tokens = NULL;
  size_t count = 0;
  _cleanup_(mem_freep) char *spaced = x_asprintf(" %s", text);
  int rc = tokenizer_encode(b->tokenizer, spaced, &tokens, &count, e);
  if (rc < 0) return rc;
  /* the last half of the context at most, as in the reference */
  size_t most = (size_t)b->w->config.text_ctx / 2 - 1;
  size_t skip = count > most ? count - most : 0;
  b->prompt = NEW_ARRAY(int, count - skip + 1);
  b->prompt[b->prompt_count++] = t->sot_prev;
  for (size_t i = skip; i < count; i++) b->prompt[b->prompt_count++] = tokens[i];
  return 0;
}

int batch_new(struct whisper *w, const struct tokenizer *t, const struct batch_options *o, struct batch **ret,
              struct err *e) {
  _cleanup_(batch_freep) struct batch *b = NEW(struct batch);
  const struct token_ids *ids = tokenizer_ids(t);
  b->w = w;
  b->tokenizer = t;
  b->task = o->task;
  b->cancel = o->cancel;
  b->language = -1;
  if (!w->config.multilingual) {
    if (o->language && strcmp(o->language, "en") != 0)
      return err_set(e, ERR_USAGE, "this model knows English only; choose one without .en for %s", o->language);
    snprintf(b->language_code, sizeof b->language_code, "en");
    b->language = ids->eot; /* not used in its prompt, and known */
    b->language_probability = 1;
  } else if (o->language) {
    b->language = tokenizer_language_token(t, o->language);
    if (b->language < 0) return err_set(e, ERR_USAGE, "Whisper does not know the language \"%s\"", o->language);
    snprintf(b->language_code, sizeof b->language_code, "%s", o->language);
    b->language_probability = 1;
  }
  int rc = make_prompt(b, o->prompt, e);
  if (rc < 0) return rc;
  b->rules = (struct rules){.kernels = gemm_kernels(w->gemm),
                            .tokenizer = t,
                            .vocab = (size_t)w->config.vocab,
                            .suppressed = w->config.suppress,
                            .suppressed_count = w->config.suppress_count,
                            .suppressed_first = w->config.suppress_begin,
                            .suppressed_first_count = w->config.suppress_begin_count,
                            .timestamps = true,
                            .max_first_timestamp = MAX_FIRST_TIMESTAMP};
  b->encoder = encoder_new(w);
  b->decoder = decoder_new(w);
  b->single = history_new(w, 1);
  b->size = (size_t)o->size;
  b->slots = NEW_ARRAY(struct slot, b->size);
  for (size_t i = 0; i < b->size; i++) b->slots[i].search = search_new(w, &b->rules, o->beam);
  *ret = TAKE(b);
  return 0;
}

void batch_free(struct batch *b) {
  if (!b) return;
  for (size_t i = 0; i < b->size; i++) {
    heard_release(&b->slots[i].best);
    window_free(b->slots[i].window);
    audio_free(b->slots[i].audio);
    search_free(b->slots[i].search);
  }
  free(b->slots);
  free(b->prompt);
  free(b->logits);
  free(b->rows);
  history_free(b->single);
  decoder_free(b->decoder);
  encoder_free(b->encoder);
  free(b);
}

bool batch_has_room(const struct batch *b) {
  for (size_t i = 0; i < b->size; i++)
    if (!b->slots[i].used) return true;
  return false;
}

bool batch_busy(const struct batch *b) {
  for (size_t i = 0; i < b->size; i++)
    if (b->slots[i].used) return true;
  return false;
}

static float *logits_of(struct batch *b, size_t rows) {
  if (b->logits_rows < rows) {
    free(b->logits);
    b->logits_rows = rows;
    b->logits = x_aligned(rows * (size_t)b->w->config.vocab, sizeof(float));
  }
  return b->logits;
}

static struct decoder_row *rows_of(struct batch *b, size_t rows) {
  x_grow(&b->rows, &b->rows_cap, rows, sizeof *b->rows);
  return b->rows;
}

static void detect_language(struct batch *b, const struct audio *audio) {
  const struct token_ids *t = tokenizer_ids(b->tokenizer);
  float *logits = logits_of(b, 1);
  struct decoder_row row = {b->single, audio, t->sot, 0, 0, NULL, logits};
  decoder_step(b->decoder, &row, 1, NULL);
  int best = t->language_begin;
  for (int i = 0; i < t->language_count; i++)
    if (logits[t->language_begin + i] > logits[best]) best = t->language_begin + i;
  float sum = b->rules.kernels->log_sum_exp(logits + t->language_begin, (size_t)t->language_count);
  b->language = best;
  b->language_probability = expf(logits[best] - sum);
  snprintf(b->language_code, sizeof b->language_code, "%s", tokenizer_language_code(b->tokenizer, best));
}

/* <|sot|> and what follows it; returns how many. */
static size_t task_tokens(const struct batch *b, int *to) {
  const struct token_ids *t = tokenizer_ids(b->tokenizer);
  size_t n = 0;
  to[n++] = t->sot;
  if (b->w->config.multilingual) {
    to[n++] = b->language;
    to[n++] = b->task == SPEECH_TRANSLATE ? t->translate : t->transcribe;
  }
  return n;
}

static void start(struct batch *b, struct slot *s) {
  size_t context = (size_t)b->w->config.text_ctx;
  _cleanup_(mem_freep) int *prompt = NEW_ARRAY(int, context);
  /* as in the reference, a text that went wrong is tried again without the prompt when it was hot */
  size_t n = 0;
  if (temperatures[s->attempt] <= 0.5f) {
    memcpy(prompt, b->prompt ? b->prompt : prompt, b->prompt_count * sizeof *prompt);
    n = b->prompt_count;
  }
  size_t sot_at = n;
  n += task_tokens(b, prompt + n);
  search_start(s->search, s->audio, prompt, n, sot_at, context / 2, temperatures[s->attempt],
               0x5EED + (uint64_t)s->attempt * 977 + (uint64_t)window_index(s->window) * 7919);
}

bool batch_add(struct batch *b, struct window *window, const float *mel) {
  struct slot *s = b->slots;
  while (s->used) s++;
  double began = clock_now();
  bool whole = encoder_run(b->encoder, mel, b->cancel, &s->audio, NULL);
  b->report.encode += clock_now() - began;
  if (!whole) return false;
  began = clock_now();
  if (b->language < 0) detect_language(b, s->audio);
  s->used = true;
  s->ended = false;
  s->window = window;
  s->attempt = 0;
  s->best = (struct heard){.window = window, .text.average_logprob = -INFINITY};
  start(b, s);
  b->report.windows++;
  b->report.decode += clock_now() - began;
  return true;
}

/* The model doubts that there is speech, and its text is bad. */
static bool is_silence(const struct search_text *t, bool repeats) {
  return t->no_speech > no_speech_threshold && (repeats || t->average_logprob < logprob_threshold);
}

/* The best text is a guess through and through; or it says next to nothing where speech fills the window, or more than
 * can be said in what speech there is, and that doubtfully. */
static bool is_babble(const struct batch *b, const struct heard *h) {
  float logprob = h->text.average_logprob;
  if (logprob < hopeless_logprob) return true;
  int eot = tokenizer_ids(b->tokenizer)->eot;
  size_t said = 0;
  for (size_t i = 0; i < h->text.count; i++) said += h->text.tokens[i] < eot;
  double speech = window_speech(h->window);
  bool odd = (double)said < sparse_tokens_a_second * speech || (double)said > dense_tokens_a_second * speech;
  return odd && (logprob < logprob_threshold || (logprob < babble_logprob && h->text.no_speech > babble_no_speech));
}

/* How repetitive a text is, one byte a character: the two bytes of a Cyrillic letter would make any Russian text look
 * repetitive beside an English one. */
static double repetition(const char *text) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  for (size_t n; *text; text += n) buf_addc(&b, (char)utf8_next(text, &n));
  return compress_ratio(buf_str(&b), b.len);
}

/* The attempt that ended, judged: kept, or tried again. */
static void judge(struct batch *b, struct slot *s) {
  struct heard h = {.window = s->window, .temperature = temperatures[s->attempt]};
  search_result(s->search, &h.text);
  _cleanup_(mem_freep) char *text = tokenizer_decode(b->tokenizer, h.text.tokens, h.text.count);
  h.compression_ratio = (float)repetition(text);
  b->report.tokens += h.text.count;
  bool repeats = h.compression_ratio > compression_ratio_threshold;
  bool unlikely = h.text.average_logprob < logprob_threshold;
  bool silence = is_silence(&h.text, repeats);
  /* of several bad attempts, the likeliest of those that do not repeat themselves */
  bool best_repeats = s->best.compression_ratio > compression_ratio_threshold;
  bool better = s->best.text.average_logprob == -INFINITY ||
                (repeats == best_repeats ? h.text.average_logprob > s->best.text.average_logprob : best_repeats);
  if (better || (!repeats && !unlikely)) {
    heard_release(&s->best);
    s->best = h;
  } else {
    heard_release(&h);
  }
  if ((repeats || unlikely) && !silence && s->attempt + 1 < ARRAY_LEN(temperatures)) {
    s->attempt++;
    b->report.fallbacks++;
    start(b, s);
    return;
  }
  s->ended = true;
}

void batch_step(struct batch *b) {
  double began = clock_now();
  size_t rows = 0, logits = 0;
  for (size_t i = 0; i < b->size; i++) {
    struct slot *s = &b->slots[i];
    if (!s->used || s->ended) continue;
    s->first_logits = logits;
    s->logits_rows = search_logits_wanted(s->search);
    rows += search_rows_wanted(s->search);
    logits += s->logits_rows;
  }
  if (rows == 0) return;
  struct decoder_row *row = rows_of(b, rows);
  float *values = logits_of(b, logits);
  size_t vocab = (size_t)b->w->config.vocab, at = 0;
  for (size_t i = 0; i < b->size; i++) {
    struct slot *s = &b->slots[i];
    if (!s->used || s->ended) continue;
    search_rows(s->search, row + at, values + s->first_logits * vocab);
    at += search_rows_wanted(s->search);
  }
  decoder_step(b->decoder, row, rows, NULL);
#pragma omp parallel for num_threads(gemm_threads(b->w->gemm)) schedule(dynamic)
  for (size_t l = 0; l < logits; l++)
    for (size_t i = 0; i < b->size; i++) {
      struct slot *s = &b->slots[i];
      if (s->used && !s->ended && l >= s->first_logits && l < s->first_logits + s->logits_rows)
        search_score(s->search, l - s->first_logits);
    }
  for (size_t i = 0; i < b->size; i++) {
    struct slot *s = &b->slots[i];
    if (!s->used || s->ended) continue;
    search_advance(s->search);
    if (search_done(s->search)) judge(b, s);
  }
  b->report.decode += clock_now() - began;
}

/* A forced pass over the text, for the cross-attention of the model's alignment heads. */
static void align_slot(struct batch *b, struct slot *s) {
  const struct token_ids *t = tokenizer_ids(b->tokenizer);
  const struct whisper_config *c = &b->w->config;
  struct heard *h = &s->best;
  size_t most = (size_t)c->text_ctx, frames = (size_t)c->audio_ctx, heads = c->alignment_head_count;
  _cleanup_(mem_freep) int *tokens = NEW_ARRAY(int, most);
  _cleanup_(mem_freep) uint8_t *trail = NEW_ARRAY(uint8_t, most);
  size_t n = task_tokens(b, tokens), forced;
  tokens[n++] = t->no_timestamps;
  forced = n;
  for (size_t i = 0; i < h->text.count && n + 1 < most; i++)
    if (h->text.tokens[i] < t->eot) tokens[n++] = h->text.tokens[i];
  tokens[n++] = t->eot;
  struct decoder_row *row = rows_of(b, n);
  for (size_t i = 0; i < n; i++) row[i] = (struct decoder_row){b->single, s->audio, tokens[i], (int)i, 0, trail, NULL};
  _cleanup_(mem_freep) float *weights = x_aligned(heads * n * frames, sizeof(float));
  struct attention_capture capture = {c->alignment_heads, heads, weights};
  decoder_step(b->decoder, row, n, &capture);
  struct align_input in = {.tokenizer = b->tokenizer,
                           .language = b->task == SPEECH_TRANSLATE ? "en" : b->language_code,
                           .weights = weights,
                           .heads = heads,
                           .rows = n,
                           .forced = forced,
                           .frames = frames,
                           .tokens = h->text.tokens,
                           .logprobs = h->text.logprobs,
                           .count = h->text.count,
                           .window = s->window};
  align_run(&in, &h->words);
}

bool batch_take(struct batch *b, struct heard *ret) {
  for (size_t i = 0; i < b->size; i++) {
    struct slot *s = &b->slots[i];
    if (!s->used || !s->ended) continue;
    double began = clock_now();
    bool repeats = s->best.compression_ratio > compression_ratio_threshold;
    if (is_silence(&s->best.text, repeats) || is_babble(b, &s->best)) {
      s->best.dropped = true;
      struct search_text why = {.average_logprob = s->best.text.average_logprob, .no_speech = s->best.text.no_speech};
      search_text_release(&s->best.text);
      s->best.text = why;
      b->report.dropped++;
    } else if (s->best.text.count > 0) {
      align_slot(b, s);
    }
    b->report.align += clock_now() - began;
    *ret = s->best;
    s->best = (struct heard){0};
    s->window = NULL;
    s->used = false;
    return true;
  }
  return false;
}

double batch_done_until(const struct batch *b) {
  double until = INFINITY;
  for (size_t i = 0; i < b->size; i++)
    if (b->slots[i].used) until = fmin(until, window_media(b->slots[i].window, 0, false));
  return until;
}

const char *batch_language(const struct batch *b, float *ret_probability) {
  if (ret_probability) *ret_probability = b->language_probability;
  return b->language_code;
}

void batch_report(const struct batch *b, struct speech_report *add_to) {
  add_to->encode += b->report.encode;
  add_to->decode += b->report.decode;
  add_to->align += b->report.align;
  add_to->windows += b->report.windows;
  add_to->tokens += b->report.tokens;
  add_to->fallbacks += b->report.fallbacks;
  add_to->dropped += b->report.dropped;
}
