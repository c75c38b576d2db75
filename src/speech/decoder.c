/*
 * DESIGN. Linear layers take all rows as one product spread over the team; attention is a loop over (row, head) for
 * what was said so far and over (window, head) for the audio, where the rows of one window share the reading
 * of its keys and values: that reading is most of the work, hence int8 (see encoder.c, memorize) with the
 * queries and weights kept finer (gemm_rows_fine).
 */
#include "speech/decoder.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_POSITIONS = 32 };

struct history {
  size_t d, layers, slots;
  uint16_t **blocks; /* each [layers][slots][BLOCK_POSITIONS][2 d]: key, then value */
  size_t count, cap;
};

struct history *history_new(const struct whisper *w, int slots) {
  struct history *h = NEW(struct history);
  *h = (struct history){
      .d = (size_t)w->config.d_model, .layers = (size_t)w->config.decoder_layers, .slots = (size_t)slots};
  return h;
}

void history_free(struct history *h) {
  if (!h) return;
  for (size_t i = 0; i < h->count; i++) free(h->blocks[i]);
  free(h->blocks);
  free(h);
}

static void history_reach(struct history *h, size_t position) {
  while (h->count <= position / BLOCK_POSITIONS) {
    x_grow(&h->blocks, &h->cap, h->count + 1, sizeof *h->blocks);
    h->blocks[h->count++] = x_aligned(h->layers * BLOCK_POSITIONS * h->slots * 2 * h->d, sizeof(uint16_t));
  }
}

static uint16_t *history_at(const struct history *h, size_t layer, size_t position, size_t slot) {
  size_t row = (layer * h->slots + slot) * BLOCK_POSITIONS + position % BLOCK_POSITIONS;
  return h->blocks[position / BLOCK_POSITIONS] + row * 2 * h->d;
}

struct decoder {
  struct whisper *w;
  int threads;
  struct gemm_scratch *wide;
  struct gemm_scratch **scratch; /* one a thread */
  float **scores;                /* one a thread; grown to what a window's rows need */
  size_t *scores_cap;
  const uint16_t ***cache; /* one a thread: [text_ctx] */
  size_t rows_cap;
  float *x, *normed, *qkv, *context; /* [rows][d], [rows][d], [rows][3d], [rows][d] */
  float *inner;                      /* [rows][4d] */
  float *selected;                   /* [rows][d]: the rows whose logits are wanted */
  float *logits;                     /* [rows][vocab] when the caller's rows are not one block */
  size_t logits_cap;
};

struct decoder *decoder_new(struct whisper *w) {
  struct decoder *d = NEW(struct decoder);
  d->w = w;
  d->threads = gemm_threads(w->gemm);
  size_t threads = (size_t)d->threads;
  d->wide = gemm_scratch_new();
  d->scratch = NEW_ARRAY(struct gemm_scratch *, threads);
  d->scores = NEW_ARRAY(float *, threads);
  d->scores_cap = NEW_ARRAY(size_t, threads);
  d->cache = NEW_ARRAY(const uint16_t **, threads);
  for (size_t t = 0; t < threads; t++) {
    d->scratch[t] = gemm_scratch_new();
    d->cache[t] = NEW_ARRAY(const uint16_t *, (size_t)w->config.text_ctx);
  }
  return d;
}

static void rows_free(struct decoder *d) {
  free(d->x);
  free(d->normed);
  free(d->qkv);
  free(d->context);
  free(d->inner);
  free(d->selected);
}

void decoder_free(struct decoder *d) {
  if (!d) return;
  for (int t = 0; t < d->threads; t++) {
    gemm_scratch_free(d->scratch[t]);
    free(d->scores[t]);
    free(d->cache[t]);
  }
  gemm_scratch_free(d->wide);
  free(d->scratch);
  free(d->scores);
  free(d->scores_cap);
  free(d->cache);
  free(d->logits);
  rows_free(d);
  free(d);
}

static void reserve(struct decoder *d, size_t rows) {
  if (rows <= d->rows_cap) return;
  rows_free(d);
  size_t width = (size_t)d->w->config.d_model;
  d->rows_cap = rows + rows / 2;
  d->x = x_aligned(d->rows_cap * width, sizeof(float));
  d->normed = x_aligned(d->rows_cap * width, sizeof(float));
  d->qkv = x_aligned(d->rows_cap * 3 * width, sizeof(float));
  d->context = x_aligned(d->rows_cap * width, sizeof(float));
  d->inner = x_aligned(d->rows_cap * 4 * width, sizeof(float));
  d->selected = x_aligned(d->rows_cap * width, sizeof(float));
}

static void embed(struct decoder *d, const struct decoder_row *rows, size_t count) {
  size_t width = (size_t)d->w->config.d_model;
  for (size_t r = 0; r < count; r++) {
    float *x = d->x + r * width;
    weights_copy(d->w->weights, "decoder/embeddings/weight", (size_t)rows[r].token * width, width, x, NULL);
    const float *position = d->w->decoder_positions + (size_t)rows[r].position * width;
    for (size_t i = 0; i < width; i++) x[i] += position[i];
  }
}

static void normalize(struct decoder *d, const struct norm *n, size_t count) {
  size_t width = (size_t)d->w->config.d_model;
  const struct kernels *k = gemm_kernels(d->w->gemm);
#pragma omp parallel for num_threads(d->threads) if (count > 8)
  for (size_t r = 0; r < count; r++) k->layer_norm(d->x + r * width, n->gamma, n->beta, d->normed + r * width, width);
}

static float *scores_of(struct decoder *d, size_t floats) {
  int t = omp_get_thread_num();
  if (d->scores_cap[t] < floats) {
    free(d->scores[t]);
    d->scores_cap[t] = floats;
    d->scores[t] = x_aligned(floats, sizeof(float));
  }
  return d->scores[t];
}

static void self_attention(struct decoder *d, size_t layer, const struct decoder_row *rows, size_t count) {
  const struct kernels *k = gemm_kernels(d->w->gemm);
  size_t width = (size_t)d->w->config.d_model, heads = (size_t)d->w->config.heads, dim = width / heads;
#pragma omp parallel num_threads(d->threads) if (count > 1)
  {
#pragma omp for
    for (size_t r = 0; r < count; r++) {
      uint16_t *to = history_at(rows[r].history, layer, (size_t)rows[r].position, (size_t)rows[r].slot);
      k->to_bf16(d->qkv + r * 3 * width + width, to, 2 * width);
    }
    const uint16_t **cache = d->cache[omp_get_thread_num()];
#pragma omp for schedule(dynamic, 2)
    for (size_t r = 0; r < count; r++) {
      size_t last = (size_t)rows[r].position;
      for (size_t p = 0; p < last; p++) cache[p] = history_at(rows[r].history, layer, p, rows[r].trail[p]);
      cache[last] = history_at(rows[r].history, layer, last, (size_t)rows[r].slot);
      k->attend(d->qkv + r * 3 * width, cache, last + 1, heads, dim, scores_of(d, heads * (last + 1)),
                d->context + r * width);
    }
  }
}

struct group { /* consecutive rows that hear the same audio */
  size_t first, count;
};

static void keep_attention(const struct attention_capture *c, size_t layer, size_t head, const struct group *g,
                           size_t rows, size_t frames, const float *scores, const float *inverse) {
  for (size_t i = 0; i < c->count; i++) {
    if ((size_t)c->heads[i][0] != layer || (size_t)c->heads[i][1] != head) continue;
    for (size_t r = 0; r < g->count; r++) {
      float *to = c->weights + (i * rows + g->first + r) * frames;
      for (size_t f = 0; f < frames; f++) to[f] = scores[r * frames + f] * inverse[r];
    }
  }
}

/* q [rows][d] in d->qkv -> d->context */
static void cross_attention(struct decoder *d, size_t layer, const struct decoder_row *rows, size_t count,
                            const struct group *groups, size_t group_count, const struct attention_capture *capture) {
  struct gemm *g = d->w->gemm;
  const struct kernels *k = gemm_kernels(g);
  size_t width = (size_t)d->w->config.d_model, heads = (size_t)d->w->config.heads, dim = width / heads;
  size_t frames = (size_t)d->w->config.audio_ctx;
  float scale = 1.0f / sqrtf((float)dim);
#pragma omp parallel for num_threads(d->threads) schedule(dynamic)
  for (size_t task = 0; task < group_count * heads; task++) {
    const struct group *part = &groups[task / heads];
    size_t h = task % heads, index = layer * heads + h;
    const struct audio *audio = rows[part->first].audio;
    struct gemm_scratch *s = d->scratch[omp_get_thread_num()];
    float *scores = scores_of(d, part->count * (frames + 1));
    float *inverse = scores + part->count * frames;
    gemm_rows_fine(g, s, audio->keys[index], d->qkv + part->first * width + h * dim, width, part->count, scores,
                   frames);
    for (size_t r = 0; r < part->count; r++) inverse[r] = k->softmax(scores + r * frames, frames, scale);
    if (capture) keep_attention(capture, layer, h, part, count, frames, scores, inverse);
    float *out = d->context + part->first * width + h * dim;
    gemm_rows_fine(g, s, audio->values[index], scores, frames, part->count, out, width);
    for (size_t r = 0; r < part->count; r++) k->scale(out + r * width, dim, inverse[r]);
  }
}

static void project(struct decoder *d, const struct decoder_row *rows, size_t count) {
  const struct whisper *w = d->w;
  const struct kernels *k = gemm_kernels(w->gemm);
  size_t width = (size_t)w->config.d_model, vocab = (size_t)w->config.vocab;
  size_t wanted = 0;
  float *first = NULL;
  bool one_block = true;
  for (size_t r = 0; r < count; r++) {
    if (!rows[r].logits) continue;
    k->layer_norm(d->x + r * width, w->decoder_norm.gamma, w->decoder_norm.beta, d->selected + wanted * width, width);
    if (!first) first = rows[r].logits;
    one_block = one_block && rows[r].logits == first + wanted * vocab;
    wanted++;
  }
  if (wanted == 0) return;
  if (one_block) {
    gemm_wide_fine(w->gemm, d->wide, w->projection, d->selected, width, wanted, first, vocab);
    return;
  }
  if (d->logits_cap < wanted) {
    free(d->logits);
    d->logits_cap = wanted;
    d->logits = x_aligned(wanted * vocab, sizeof(float));
  }
  gemm_wide_fine(w->gemm, d->wide, w->projection, d->selected, width, wanted, d->logits, vocab);
  for (size_t r = 0, i = 0; r < count; r++)
    if (rows[r].logits) memcpy(rows[r].logits, d->logits + vocab * i++, vocab * sizeof(float));
}

void decoder_step(struct decoder *d, const struct decoder_row *rows, size_t count,
                  const struct attention_capture *capture) {
  if (count == 0) return;
  const struct whisper *w = d->w;
  struct gemm *g = w->gemm;
  size_t width = (size_t)w->config.d_model;
  reserve(d, count);
  _cleanup_(mem_freep) struct group *groups = NEW_ARRAY(struct group, count);
  size_t group_count = 0;
  for (size_t r = 0; r < count; r++) {
    history_reach(rows[r].history, (size_t)rows[r].position);
    if (r > 0 && rows[r].audio == rows[r - 1].audio) groups[group_count - 1].count++;
    else groups[group_count++] = (struct group){r, 1};
  }
  embed(d, rows, count);
  for (size_t i = 0; i < (size_t)w->config.decoder_layers; i++) {
    const struct decoder_layer *l = &w->decoder[i];
    normalize(d, &l->self_norm, count);
    gemm_wide(g, d->wide, l->self_qkv, d->normed, width, count, d->qkv, 3 * width, EPILOGUE_STORE);
    self_attention(d, i, rows, count);
    gemm_wide(g, d->wide, l->self_out, d->context, width, count, d->x, width, EPILOGUE_ADD);
    normalize(d, &l->cross_norm, count);
    gemm_wide(g, d->wide, l->cross_q, d->normed, width, count, d->qkv, width, EPILOGUE_STORE);
    cross_attention(d, i, rows, count, groups, group_count, capture);
    gemm_wide(g, d->wide, l->cross_out, d->context, width, count, d->x, width, EPILOGUE_ADD);
    normalize(d, &l->ffn_norm, count);
    gemm_wide(g, d->wide, l->up, d->normed, width, count, d->inner, 4 * width, EPILOGUE_GELU);
    gemm_wide(g, d->wide, l->down, d->inner, 4 * width, count, d->x, width, EPILOGUE_ADD);
  }
  project(d, rows, count);
}
