/*
 * DESIGN. Layers are read one matrix at a time as f32, packed, and the f32 dropped, so that loading needs little
 * more memory than the packed model. Matrices are packed in parallel: each is independent of the others, and the
 * list of them (struct load) is what both the loader and the byte counter walk.
 */
#include "speech/whisper.h"

#include <omp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct load {
  char weight[96], bias[96]; /* tensor names; bias may be absent from the model */
  size_t n, k;
  int taps; /* a convolution's kernel width: [n][k / taps][taps] is laid out as [n][taps][k / taps] */
  enum gemm_type type;
  struct matrix **to;
};

struct plan {
  struct load *loads;
  size_t count, cap;
};

static void want(struct plan *p, struct matrix **to, size_t n, size_t k, enum gemm_type type, const char *name) {
  x_grow(&p->loads, &p->cap, p->count + 1, sizeof *p->loads);
  struct load *l = &p->loads[p->count++];
  *l = (struct load){.n = n, .k = k, .taps = 1, .type = type, .to = to};
  snprintf(l->weight, sizeof l->weight, "%s/weight", name);
  snprintf(l->bias, sizeof l->bias, "%s/bias", name);
}

__attribute__((format(printf, 2, 3))) static const char *named(char name[80], const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(name, 80, fmt, ap);
  va_end(ap);
  return name;
}

/* The encoder runs once a window, so its precision is cheap beside the decoder's; bf16 where the processor multiplies it, and int8
 * elsewhere. with int8 throughout the word error rate of English was 0.043, with this 0.039 (docs/performance.md). */
static enum gemm_type encoder_type(const struct whisper *w) {
  return gemm_fit(w->gemm, GEMM_BF16) == GEMM_BF16 ? GEMM_BF16 : GEMM_S8;
}

static void plan_all(struct whisper *w, struct plan *p) {
  enum gemm_type encoder = encoder_type(w);
  size_t d = (size_t)w->config.d_model, f = 4 * d;
  char name[80];
  want(p, &w->conv1, d, 3 * (size_t)w->config.n_mels, GEMM_F32, "encoder/conv1");
  p->loads[p->count - 1].taps = 3;
  want(p, &w->conv2, d, 3 * d, GEMM_F32, "encoder/conv2");
  p->loads[p->count - 1].taps = 3;
  for (int i = 0; i < w->config.encoder_layers; i++) {
    struct encoder_layer *l = &w->encoder[i];
    want(p, &l->qkv, 3 * d, d, encoder, named(name, "encoder/layer_%d/self_attention/linear_0", i));
    want(p, &l->out, d, d, encoder, named(name, "encoder/layer_%d/self_attention/linear_1", i));
    want(p, &l->up, f, d, encoder, named(name, "encoder/layer_%d/ffn/linear_0", i));
    want(p, &l->down, d, f, encoder, named(name, "encoder/layer_%d/ffn/linear_1", i));
  }
  for (int i = 0; i < w->config.decoder_layers; i++) {
    struct decoder_layer *l = &w->decoder[i];
    want(p, &l->self_qkv, 3 * d, d, GEMM_S8, named(name, "decoder/layer_%d/self_attention/linear_0", i));
    want(p, &l->self_out, d, d, GEMM_S8, named(name, "decoder/layer_%d/self_attention/linear_1", i));
    want(p, &l->cross_q, d, d, GEMM_S8, named(name, "decoder/layer_%d/attention/linear_0", i));
    want(p, &l->cross_kv, 2 * d, d, GEMM_S8, named(name, "decoder/layer_%d/attention/linear_1", i));
    want(p, &l->cross_out, d, d, GEMM_S8, named(name, "decoder/layer_%d/attention/linear_2", i));
    want(p, &l->up, f, d, GEMM_S8, named(name, "decoder/layer_%d/ffn/linear_0", i));
    want(p, &l->down, d, f, GEMM_S8, named(name, "decoder/layer_%d/ffn/linear_1", i));
  }
  want(p, &w->projection, (size_t)w->config.vocab, d, GEMM_S8, "decoder/projection");
}

static int load_matrix(struct whisper *w, struct gemm_scratch *s, const struct load *l, struct err *e) {
  _cleanup_(mem_freep) float *values = x_aligned(l->n * l->k, sizeof(float));
  int rc = weights_copy(w->weights, l->weight, 0, l->n * l->k, values, e);
  if (rc < 0) return rc;
  if (l->taps > 1) {
    size_t taps = (size_t)l->taps, channels = l->k / taps;
    _cleanup_(mem_freep) float *row = x_aligned(l->k, sizeof(float));
    for (size_t r = 0; r < l->n; r++) {
      for (size_t c = 0; c < channels; c++)
        for (size_t t = 0; t < taps; t++) row[t * channels + c] = values[r * l->k + c * taps + t];
      memcpy(values + r * l->k, row, l->k * sizeof(float));
    }
  }
  _cleanup_(mem_freep) float *bias = NULL;
  if (weights_has(w->weights, l->bias)) {
    bias = x_aligned(l->n, sizeof(float));
    rc = weights_copy(w->weights, l->bias, 0, l->n, bias, e);
    if (rc < 0) return rc;
  }
  *l->to = matrix_pack(w->gemm, s, gemm_fit(w->gemm, l->type), values, l->n, l->k, l->k, 1, bias);
  return 0;
}

static int load_vector(struct whisper *w, const char *name, size_t count, float **to, struct err *e) {
  *to = x_aligned(count, sizeof(float));
  return weights_copy(w->weights, name, 0, count, *to, e);
}

static int load_norm(struct whisper *w, struct norm *n, const char *name, struct err *e) {
  char full[96];
  size_t d = (size_t)w->config.d_model;
  snprintf(full, sizeof full, "%s/gamma", name);
  int rc = load_vector(w, full, d, &n->gamma, e);
  snprintf(full, sizeof full, "%s/beta", name);
  return rc < 0 ? rc : load_vector(w, full, d, &n->beta, e);
}

static int load_vectors(struct whisper *w, struct err *e) {
  size_t d = (size_t)w->config.d_model;
  char name[80];
  int rc =
      load_vector(w, "encoder/position_encodings/encodings", (size_t)w->config.audio_ctx * d, &w->encoder_positions, e);
  if (rc == 0)
    rc = load_vector(w, "decoder/position_encodings/encodings", (size_t)w->config.text_ctx * d, &w->decoder_positions,
                     e);
  if (rc == 0) rc = load_norm(w, &w->encoder_norm, "encoder/layer_norm", e);
  if (rc == 0) rc = load_norm(w, &w->decoder_norm, "decoder/layer_norm", e);
  for (int i = 0; rc == 0 && i < w->config.encoder_layers; i++) {
    rc = load_norm(w, &w->encoder[i].attention_norm, named(name, "encoder/layer_%d/self_attention/layer_norm", i), e);
    if (rc == 0) rc = load_norm(w, &w->encoder[i].ffn_norm, named(name, "encoder/layer_%d/ffn/layer_norm", i), e);
  }
  for (int i = 0; rc == 0 && i < w->config.decoder_layers; i++) {
    rc = load_norm(w, &w->decoder[i].self_norm, named(name, "decoder/layer_%d/self_attention/layer_norm", i), e);
    if (rc == 0)
      rc = load_norm(w, &w->decoder[i].cross_norm, named(name, "decoder/layer_%d/attention/layer_norm", i), e);
    if (rc == 0) rc = load_norm(w, &w->decoder[i].ffn_norm, named(name, "decoder/layer_%d/ffn/layer_norm", i), e);
  }
  return rc;
}

static int load_matrices(struct whisper *w, struct err *e) {
  struct plan p = {0};
  plan_all(w, &p);
  int failed = 0;
  struct err first = {0};
#pragma omp parallel num_threads(gemm_threads(w->gemm))
  {
    struct gemm_scratch *s = gemm_scratch_new();
#pragma omp for schedule(dynamic)
    for (size_t i = 0; i < p.count; i++) {
      struct err mine = {0};
      int rc = load_matrix(w, s, &p.loads[i], &mine);
#pragma omp critical
      if (rc < 0 && failed == 0) {
        failed = rc;
        first = mine;
      }
    }
    gemm_scratch_free(s);
  }
  free(p.loads);
  return failed ? err_set(e, failed, "%s", first.msg) : 0;
}

int whisper_load(struct weights *weights, const struct whisper_config *config, struct gemm *gemm, struct whisper **ret,
                 struct err *e) {
  _cleanup_(whisper_freep) struct whisper *w = NEW(struct whisper);
  w->config = *config;
  w->gemm = gemm;
  w->weights = weights;
  w->encoder = NEW_ARRAY(struct encoder_layer, (size_t)config->encoder_layers);
  w->decoder = NEW_ARRAY(struct decoder_layer, (size_t)config->decoder_layers);
  int rc = load_vectors(w, e);
  if (rc == 0) rc = load_matrices(w, e);
  if (rc < 0) {
    w->weights = NULL; /* still the caller's */
    return rc;
  }
  *ret = TAKE(w);
  return 0;
}

static void norm_release(struct norm *n) {
  free(n->gamma);
  free(n->beta);
}

void whisper_free(struct whisper *w) {
  if (!w) return;
  struct plan p = {0};
  plan_all(w, &p);
  for (size_t i = 0; i < p.count; i++) matrix_free(*p.loads[i].to);
  free(p.loads);
  for (int i = 0; i < w->config.encoder_layers; i++) {
    norm_release(&w->encoder[i].attention_norm);
    norm_release(&w->encoder[i].ffn_norm);
  }
  for (int i = 0; i < w->config.decoder_layers; i++) {
    norm_release(&w->decoder[i].self_norm);
    norm_release(&w->decoder[i].cross_norm);
    norm_release(&w->decoder[i].ffn_norm);
  }
  norm_release(&w->encoder_norm);
  norm_release(&w->decoder_norm);
  free(w->encoder);
  free(w->decoder);
  free(w->encoder_positions);
  free(w->decoder_positions);
  weights_free(w->weights);
  free(w);
}
