/*
 * DESIGN. Chunks are worked on a few seconds at a time. Each layer's input is laid out [chunk][frame][channel] with a frame of
 * zeros before and behind, so that the three taps of a convolution at frame f are one row of three frames, and a layer
 * is one product for each frame it makes, over all chunks (row stride: a chunk).
 */
#include "speech/vad.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "speech/safetensors.h"

enum { CONTEXT = 64, BINS = 129, TAPS = 256, STEP = 128, FRAMES = 4, STATE = 128 };
enum { LENGTH = CONTEXT + VAD_CHUNK + CONTEXT /* reflected end */, GROUP = 128, MOST_FILE_BYTES = 16 << 20 };

struct layer {                 /* kernel 3, padding 1 */
  int in, out, stride, frames; /* frames that come in */
  struct matrix *weight;       /* [out][tap, in] */
};

struct vad {
  struct gemm *gemm;
  struct gemm_scratch *scratch;
  struct matrix *transform; /* [2 BINS][TAPS] */
  struct layer layers[4];
  struct matrix *input; /* LSTM: [4 STATE][STATE] */
  float *recurrent;     /* LSTM: [STATE][4 STATE], inner loop over outputs */
  float last[STATE], last_bias;
  float hidden[STATE], cell[STATE], context[CONTEXT];
  float *chunks, *spectrum, *wave[5], *gates; /* GROUP chunks of each layer's input */
};

static int copy(const struct tensor_list *l, const char *name, size_t count, float *out, struct err *e) {
  const struct tensor *t = tensor_list_find(l, name);
  if (!t || t->count != count)
    return err_set(e, ERR_MODEL, "the voice activity model lacks %s, or it has another shape", name);
  tensor_copy(t, 0, count, out);
  return 0;
}

/* [n][channels][taps] -> packed [n][taps, channels] */
static int read_matrix(struct vad *v, const struct tensor_list *l, const char *weight, const char *bias,
                       const char *second_bias, size_t n, size_t channels, size_t taps, struct matrix **ret,
                       struct err *e) {
  size_t k = channels * taps;
  _cleanup_(mem_freep) float *plain = x_aligned(n * k, sizeof(float)), *turned = x_aligned(n * k, sizeof(float));
  _cleanup_(mem_freep) float *b = NEW_ARRAY(float, n), *more = NEW_ARRAY(float, n);
  int rc = copy(l, weight, n * k, plain, e);
  if (rc == 0 && bias) rc = copy(l, bias, n, b, e);
  if (rc == 0 && second_bias) rc = copy(l, second_bias, n, more, e);
  if (rc < 0) return rc;
  for (size_t r = 0; r < n; r++) {
    b[r] += more[r];
    for (size_t c = 0; c < channels; c++)
      for (size_t t = 0; t < taps; t++) turned[r * k + t * channels + c] = plain[r * k + c * taps + t];
  }
  *ret = matrix_pack(v->gemm, v->scratch, GEMM_F32, turned, n, k, k, 1, b);
  return 0;
}

static int read_all(struct vad *v, const struct tensor_list *l, struct err *e) {
  static const struct {
    const char *weight, *bias;
    int in, out, stride, frames;
  } table[4] = {{"conv1.weight", "conv1.bias", BINS, 128, 1, 4},
                {"conv2.weight", "conv2.bias", 128, 64, 2, 4},
                {"conv3.weight", "conv3.bias", 64, 64, 2, 2},
                {"conv4.weight", "conv4.bias", 64, 128, 1, 1}};
  int rc = read_matrix(v, l, "stft_conv.weight", NULL, NULL, (size_t)2 * BINS, 1, TAPS, &v->transform, e);
  for (int i = 0; rc == 0 && i < 4; i++) {
    struct layer *y = &v->layers[i];
    *y = (struct layer){table[i].in, table[i].out, table[i].stride, table[i].frames, NULL};
    rc = read_matrix(v, l, table[i].weight, table[i].bias, NULL, (size_t)y->out, (size_t)y->in, 3, &y->weight, e);
    v->wave[i] = NEW_ARRAY(float, (size_t)GROUP *(size_t)(y->frames + 2) * (size_t)y->in);
  }
  if (rc == 0)
    rc = read_matrix(v, l, "lstm_cell.weight_ih", "lstm_cell.bias_ih", "lstm_cell.bias_hh", (size_t)4 * STATE, STATE, 1,
                     &v->input, e);
  _cleanup_(mem_freep) float *plain = x_aligned((size_t)4 * STATE * STATE, sizeof(float));
  if (rc == 0) rc = copy(l, "lstm_cell.weight_hh", (size_t)4 * STATE * STATE, plain, e);
  if (rc == 0) rc = copy(l, "final_conv.weight", STATE, v->last, e);
  if (rc == 0) rc = copy(l, "final_conv.bias", 1, &v->last_bias, e);
  if (rc < 0) return rc;
  v->recurrent = x_aligned((size_t)4 * STATE * STATE, sizeof(float));
  for (int r = 0; r < 4 * STATE; r++)
    for (int c = 0; c < STATE; c++) v->recurrent[c * 4 * STATE + r] = plain[r * STATE + c];
  v->wave[4] = NEW_ARRAY(float, (size_t)GROUP *STATE);
  v->chunks = NEW_ARRAY(float, (size_t)GROUP *LENGTH);
  v->spectrum = NEW_ARRAY(float, (size_t)GROUP * 2 * BINS);
  v->gates = NEW_ARRAY(float, (size_t)GROUP * 4 * STATE);
  return 0;
}

int vad_open(const char *file, struct gemm *gemm, struct vad **ret, struct err *e) {
  _cleanup_(vad_freep) struct vad *v = NEW(struct vad);
  _cleanup_(buf_release) struct buf bytes = BUF_INIT;
  struct tensor_list l = {0};
  v->gemm = gemm;
  v->scratch = gemm_scratch_new();
  int rc = file_read(file, MOST_FILE_BYTES, &bytes, e);
  if (rc == 0) rc = safetensors_read((const unsigned char *)buf_str(&bytes), bytes.len, &l, e);
  if (rc == 0) rc = read_all(v, &l, e);
  tensor_list_release(&l);
  if (rc < 0) {
    if (e) e->code = ERR_MODEL;
    return ERR_MODEL;
  }
  *ret = TAKE(v);
  return 0;
}

void vad_free(struct vad *v) {
  if (!v) return;
  matrix_free(v->transform);
  for (int i = 0; i < 4; i++) matrix_free(v->layers[i].weight);
  for (int i = 0; i < 5; i++) free(v->wave[i]);
  matrix_free(v->input);
  free(v->recurrent);
  free(v->chunks);
  free(v->spectrum);
  free(v->gates);
  gemm_scratch_free(v->scratch);
  free(v);
}

static void gather(struct vad *v, const float *pcm, size_t n) {
  for (size_t c = 0; c < n; c++) {
    float *to = v->chunks + c * LENGTH;
    memcpy(to, c == 0 ? v->context : pcm + c * VAD_CHUNK - CONTEXT, CONTEXT * sizeof *to);
    memcpy(to + CONTEXT, pcm + c * VAD_CHUNK, VAD_CHUNK * sizeof *to);
    for (int i = 0; i < CONTEXT; i++) to[CONTEXT + VAD_CHUNK + i] = to[CONTEXT + VAD_CHUNK - 2 - i];
  }
  memcpy(v->context, pcm + n * VAD_CHUNK - CONTEXT, sizeof v->context);
}

static void transform(struct vad *v, size_t n) {
  size_t width = (FRAMES + 2) * BINS; /* of a chunk in the first layer's input */
  for (int f = 0; f < FRAMES; f++) {
    gemm_rows(v->gemm, v->scratch, v->transform, v->chunks + f * STEP, LENGTH, n, v->spectrum, (size_t)2 * BINS,
              EPILOGUE_STORE);
    for (size_t c = 0; c < n; c++) {
      const float *re = v->spectrum + c * 2 * BINS, *im = re + BINS;
      float *to = v->wave[0] + c * width + (size_t)(f + 1) * BINS;
      for (int k = 0; k < BINS; k++) to[k] = sqrtf(re[k] * re[k] + im[k] * im[k]);
    }
  }
}

static void convolve(struct vad *v, int which, size_t n) {
  const struct layer *l = &v->layers[which];
  int made = (l->frames - 1) / l->stride + 1;
  bool last = which == 3; /* whose output is not padded: it goes to the LSTM */
  size_t in_width = (size_t)(l->frames + 2) * (size_t)l->in;
  size_t out_width = (size_t)(last ? made : made + 2) * (size_t)l->out;
  float *y = v->wave[which + 1];
  for (int f = 0; f < made; f++) {
    const float *x = v->wave[which] + f * l->stride * l->in;
    gemm_rows(v->gemm, v->scratch, l->weight, x, in_width, n, y + (last ? f : f + 1) * l->out, out_width,
              EPILOGUE_STORE);
  }
  for (size_t i = 0; i < n * out_width; i++) y[i] = y[i] > 0 ? y[i] : 0;
}

static float sigmoid(float x) {
  return 1.0f / (1.0f + expf(-x));
}

/* gates: what the input gives to the input, forget, cell and output gates; changed in place */
static float remember(struct vad *v, float *gates) {
  for (int i = 0; i < STATE; i++) {
    const float *row = v->recurrent + i * 4 * STATE;
    float h = v->hidden[i];
#pragma omp simd
    for (int j = 0; j < 4 * STATE; j++) gates[j] += h * row[j];
  }
  float sum = v->last_bias;
  for (int i = 0; i < STATE; i++) {
    v->cell[i] = sigmoid(gates[STATE + i]) * v->cell[i] + sigmoid(gates[i]) * tanhf(gates[2 * STATE + i]);
    v->hidden[i] = sigmoid(gates[3 * STATE + i]) * tanhf(v->cell[i]);
    sum += v->last[i] * (v->hidden[i] > 0 ? v->hidden[i] : 0);
  }
  return sigmoid(sum);
}

void vad_feed(struct vad *v, const float *pcm, size_t chunks, float *probabilities) {
  for (size_t first = 0; first < chunks; first += GROUP) {
    size_t n = chunks - first < GROUP ? chunks - first : GROUP;
    gather(v, pcm + first * VAD_CHUNK, n);
    transform(v, n);
    for (int i = 0; i < 4; i++) convolve(v, i, n);
    gemm_rows(v->gemm, v->scratch, v->input, v->wave[4], STATE, n, v->gates, (size_t)4 * STATE, EPILOGUE_STORE);
    for (size_t c = 0; c < n; c++) probabilities[first + c] = remember(v, v->gates + c * 4 * STATE);
  }
}
