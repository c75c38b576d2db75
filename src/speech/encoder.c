/*
 * DESIGN. A layer is three parallel loops: (1) row blocks: norm, q k v; (2) heads: keys and values packed, then
 * (head, query block): scores, softmax, context; (3) row blocks: output product, norm, feed-forward. Each loop's
 * tasks touch a few hundred kilobytes, which stay in a core's second-level cache; products inside run on the
 * calling thread alone. Scores are f32, because an error in them is an error in an exponent (bf16 there cost words);
 * the sums of values, which only average, are bf16 where that is fast. The convolutions are products over overlapping
 * rows: with the input laid out [frame][channel] and a row stride of one (two) frames, three frames in a row are one
 * input row.
 */
#include "speech/encoder.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_BLOCK = 128 };

struct encoder {
  struct whisper *w;
  int threads;
  struct gemm_scratch **scratch;  /* one a thread */
  float **work;                   /* one a thread: ROW_BLOCK x max(4d, audio_ctx) */
  float *frames;                  /* [2 audio_ctx + 2][max(mels, d)]: a convolution's input with its padding */
  float *second;                  /* [2 audio_ctx + 2][d]: the second convolution's */
  float *x;                       /* [audio_ctx][d]: the residual stream */
  float *qkv;                     /* [audio_ctx][3d] */
  float *context;                 /* [audio_ctx][d] */
  struct matrix **keys, **values; /* [heads], reused by every layer */
};

struct encoder *encoder_new(struct whisper *w) {
  struct encoder *en = NEW(struct encoder);
  const struct whisper_config *c = &w->config;
  size_t d = (size_t)c->d_model, positions = (size_t)c->audio_ctx, mels = (size_t)c->n_mels;
  en->w = w;
  en->threads = gemm_threads(w->gemm);
  en->scratch = NEW_ARRAY(struct gemm_scratch *, (size_t)en->threads);
  en->work = NEW_ARRAY(float *, (size_t)en->threads);
  size_t widest = 4 * d > positions ? 4 * d : positions;
  for (int t = 0; t < en->threads; t++) {
    en->scratch[t] = gemm_scratch_new();
    en->work[t] = x_aligned(ROW_BLOCK * widest, sizeof(float));
  }
  en->frames = x_aligned((2 * positions + 2) * mels, sizeof(float));
  en->second = x_aligned((2 * positions + 2) * d, sizeof(float));
  en->x = x_aligned(positions * d, sizeof(float));
  en->qkv = x_aligned(positions * 3 * d, sizeof(float));
  en->context = x_aligned(positions * d, sizeof(float));
  en->keys = NEW_ARRAY(struct matrix *, (size_t)c->heads);
  en->values = NEW_ARRAY(struct matrix *, (size_t)c->heads);
  return en;
}

void encoder_free(struct encoder *en) {
  if (!en) return;
  for (int t = 0; t < en->threads; t++) {
    gemm_scratch_free(en->scratch[t]);
    free(en->work[t]);
  }
  for (int h = 0; h < en->w->config.heads; h++) {
    matrix_free(en->keys[h]);
    matrix_free(en->values[h]);
  }
  free(en->scratch);
  free(en->work);
  free(en->frames);
  free(en->second);
  free(en->x);
  free(en->qkv);
  free(en->context);
  free(en->keys);
  free(en->values);
  free(en);
}

void audio_free(struct audio *a) {
  if (!a) return;
  for (size_t i = 0; i < a->count; i++) {
    matrix_free(a->keys[i]);
    matrix_free(a->values[i]);
  }
  free(a->keys);
  free(a->values);
  free(a);
}

static size_t block_rows(size_t begin, size_t total) {
  return total - begin < ROW_BLOCK ? total - begin : ROW_BLOCK;
}

static void convolutions(struct encoder *en, const float *mel) {
  const struct whisper *w = en->w;
  size_t d = (size_t)w->config.d_model, mels = (size_t)w->config.n_mels, positions = (size_t)w->config.audio_ctx;
  size_t frames = 2 * positions;
  memset(en->frames, 0, mels * sizeof(float));
  memset(en->frames + (frames + 1) * mels, 0, mels * sizeof(float));
  memset(en->second, 0, d * sizeof(float));
  memset(en->second + (frames + 1) * d, 0, d * sizeof(float));
#pragma omp parallel for num_threads(en->threads)
  for (size_t f = 0; f < frames; f++)
    for (size_t m = 0; m < mels; m++) en->frames[(f + 1) * mels + m] = mel[m * frames + f];
#pragma omp parallel for num_threads(en->threads) schedule(dynamic)
  for (size_t f = 0; f < frames; f += ROW_BLOCK)
    gemm_rows(w->gemm, en->scratch[omp_get_thread_num()], w->conv1, en->frames + f * mels, mels, block_rows(f, frames),
              en->second + (f + 1) * d, d, EPILOGUE_GELU);
#pragma omp parallel for num_threads(en->threads) schedule(dynamic)
  for (size_t p = 0; p < positions; p += ROW_BLOCK) {
    size_t rows = block_rows(p, positions);
    gemm_rows(w->gemm, en->scratch[omp_get_thread_num()], w->conv2, en->second + 2 * p * d, 2 * d, rows, en->x + p * d,
              d, EPILOGUE_GELU);
    for (size_t i = 0; i < rows * d; i++) en->x[p * d + i] += w->encoder_positions[p * d + i];
  }
}

static void normalize(const struct encoder *en, const struct norm *n, const float *x, size_t rows, float *y) {
  size_t d = (size_t)en->w->config.d_model;
  const struct kernels *k = gemm_kernels(en->w->gemm);
  for (size_t r = 0; r < rows; r++) k->layer_norm(x + r * d, n->gamma, n->beta, y + r * d, d);
}

static void pack(struct encoder *en, struct gemm_scratch *s, struct matrix **m, enum gemm_type wish, const float *from,
                 size_t n, size_t k, size_t row_stride, size_t column_stride) {
  struct gemm *g = en->w->gemm;
  if (*m) matrix_repack(g, s, *m, from, row_stride, column_stride);
  else *m = matrix_pack(g, s, gemm_fit(g, wish), from, n, k, row_stride, column_stride, NULL);
}

static void attention(struct encoder *en) {
  const struct whisper *w = en->w;
  const struct kernels *k = gemm_kernels(w->gemm);
  size_t d = (size_t)w->config.d_model, heads = (size_t)w->config.heads, dim = d / heads;
  size_t positions = (size_t)w->config.audio_ctx;
  size_t blocks = (positions + ROW_BLOCK - 1) / ROW_BLOCK;
  float scale = 1.0f / sqrtf((float)dim);
#pragma omp parallel num_threads(en->threads)
  {
    struct gemm_scratch *s = en->scratch[omp_get_thread_num()];
    float *scores = en->work[omp_get_thread_num()];
#pragma omp for schedule(dynamic)
    for (size_t h = 0; h < heads; h++) {
      pack(en, s, &en->keys[h], GEMM_F32, en->qkv + d + h * dim, positions, dim, 3 * d, 1);
      pack(en, s, &en->values[h], GEMM_BF16, en->qkv + 2 * d + h * dim, dim, positions, 1, 3 * d);
    }
#pragma omp for schedule(dynamic)
    for (size_t task = 0; task < heads * blocks; task++) {
      size_t h = task / blocks, p = task % blocks * ROW_BLOCK, rows = block_rows(p, positions);
      gemm_rows(w->gemm, s, en->keys[h], en->qkv + p * 3 * d + h * dim, 3 * d, rows, scores, positions, EPILOGUE_STORE);
      float inverse[ROW_BLOCK];
      for (size_t r = 0; r < rows; r++) inverse[r] = k->softmax(scores + r * positions, positions, scale);
      float *out = en->context + p * d + h * dim;
      gemm_rows(w->gemm, s, en->values[h], scores, positions, rows, out, d, EPILOGUE_STORE);
      for (size_t r = 0; r < rows; r++) k->scale(out + r * d, dim, inverse[r]);
    }
  }
}

static void layer(struct encoder *en, const struct encoder_layer *l) {
  const struct whisper *w = en->w;
  size_t d = (size_t)w->config.d_model, positions = (size_t)w->config.audio_ctx;
#pragma omp parallel for num_threads(en->threads) schedule(dynamic)
  for (size_t p = 0; p < positions; p += ROW_BLOCK) {
    size_t rows = block_rows(p, positions);
    float *work = en->work[omp_get_thread_num()];
    normalize(en, &l->attention_norm, en->x + p * d, rows, work);
    gemm_rows(w->gemm, en->scratch[omp_get_thread_num()], l->qkv, work, d, rows, en->qkv + p * 3 * d, 3 * d,
              EPILOGUE_STORE);
  }
  attention(en);
#pragma omp parallel for num_threads(en->threads) schedule(dynamic)
  for (size_t p = 0; p < positions; p += ROW_BLOCK) {
    size_t rows = block_rows(p, positions);
    struct gemm_scratch *s = en->scratch[omp_get_thread_num()];
    float *work = en->work[omp_get_thread_num()], *x = en->x + p * d;
    gemm_rows(w->gemm, s, l->out, en->context + p * d, d, rows, x, d, EPILOGUE_ADD);
    float *normed = en->context + p * d; /* this block's context is used up */
    normalize(en, &l->ffn_norm, x, rows, normed);
    gemm_rows(w->gemm, s, l->up, normed, d, rows, work, 4 * d, EPILOGUE_GELU);
    gemm_rows(w->gemm, s, l->down, work, 4 * d, rows, x, d, EPILOGUE_ADD);
  }
}

/* Keys and values of every decoder layer from the finished x. */
static void memorize(struct encoder *en, struct audio *a) {
  const struct whisper *w = en->w;
  size_t d = (size_t)w->config.d_model, heads = (size_t)w->config.heads, dim = d / heads;
  size_t positions = (size_t)w->config.audio_ctx;
  float *kv = en->qkv; /* [audio_ctx][2d] */
  for (size_t layer_index = 0; layer_index < (size_t)w->config.decoder_layers; layer_index++) {
#pragma omp parallel num_threads(en->threads)
    {
      struct gemm_scratch *s = en->scratch[omp_get_thread_num()];
#pragma omp for schedule(dynamic)
      for (size_t p = 0; p < positions; p += ROW_BLOCK)
        gemm_rows(w->gemm, s, w->decoder[layer_index].cross_kv, en->x + p * d, d, block_rows(p, positions),
                  kv + p * 2 * d, 2 * d, EPILOGUE_STORE);
#pragma omp for schedule(dynamic)
      for (size_t h = 0; h < heads; h++) {
        pack(en, s, &a->keys[layer_index * heads + h], GEMM_S8, kv + h * dim, positions, dim, 2 * d, 1);
        pack(en, s, &a->values[layer_index * heads + h], GEMM_S8, kv + d + h * dim, dim, positions, 1, 2 * d);
      }
    }
  }
}

bool encoder_run(struct encoder *en, const float *mel, const atomic_bool *cancel, struct audio **audio, float *hidden) {
  const struct whisper *w = en->w;
  size_t d = (size_t)w->config.d_model, positions = (size_t)w->config.audio_ctx;
  convolutions(en, mel);
  for (int i = 0; i < w->config.encoder_layers; i++) {
    if (cancel && atomic_load_explicit(cancel, memory_order_relaxed)) return false;
    layer(en, &w->encoder[i]);
  }
#pragma omp parallel for num_threads(en->threads)
  for (size_t p = 0; p < positions; p++) normalize(en, &w->encoder_norm, en->x + p * d, 1, en->x + p * d);
  if (hidden) memcpy(hidden, en->x, positions * d * sizeof(float));
  if (!audio) return true;
  if (!*audio) {
    *audio = NEW(struct audio);
    (*audio)->count = (size_t)w->config.decoder_layers * (size_t)w->config.heads;
    (*audio)->keys = NEW_ARRAY(struct matrix *, (*audio)->count);
    (*audio)->values = NEW_ARRAY(struct matrix *, (*audio)->count);
  }
  memorize(en, *audio);
  return true;
}
