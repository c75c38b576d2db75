/*
 * DESIGN. Included once by each kernels_*.c with KERNELS set to the table's name. Loops are plain C with
 * `omp simd`, so that the flags of the including file decide the vector width. exp() is 2^n * polynomial
 * (Cephes' expf coefficients, 2 ulp); erf() is Abramowitz & Stegun 7.1.26 (1.5e-7), which is all that
 * GELU needs at float precision.
 */
#include "speech/kernels.h"

#include <math.h>
#include <string.h>

static inline float quick_exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  float n = __builtin_rintf(x * 1.44269504088896341f);
  float r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  int32_t bits = ((int32_t)n + 127) << 23;
  float two_n;
  memcpy(&two_n, &bits, sizeof two_n);
  return p * two_n;
}

static inline float quick_gelu(float x) {
  float z = x * 0.70710678118654752f;
  float a = z < 0 ? -z : z;
  float t = 1.0f / (1.0f + 0.3275911f * a);
  float p = 1.061405429f;
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  float e = 1.0f - p * t * quick_exp(-a * a);
  e = z < 0 ? -e : e;
  return 0.5f * x * (1.0f + e);
}

static inline float from_bf16(uint16_t v) {
  uint32_t bits = (uint32_t)v << 16;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static float largest(const float *x, size_t n) {
  float top = 0.0f;
#pragma omp simd reduction(max : top)
  for (size_t i = 0; i < n; i++) {
    float a = x[i] < 0 ? -x[i] : x[i];
    top = a > top ? a : top;
  }
  return top;
}

static float k_quantize(const float *x, size_t n, int8_t *q) {
  float top = largest(x, n);
  float inverse = top > 0 ? 127.0f / top : 0.0f;
#pragma omp simd
  for (size_t i = 0; i < n; i++) q[i] = (int8_t)(int32_t)__builtin_rintf(x[i] * inverse);
  return top / 127.0f;
}

static float k_quantize_split(const float *x, size_t n, int8_t *high, int8_t *low) {
  float top = largest(x, n);
  float inverse = top > 0 ? 127.0f / top : 0.0f;
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    float v = x[i] * inverse;
    float h = __builtin_rintf(v);
    high[i] = (int8_t)(int32_t)h;
    low[i] = (int8_t)(int32_t)__builtin_rintf((v - h) * 254.0f);
  }
  return top / 127.0f;
}

static void k_finish_int(const int32_t *acc, float row_scale, const float *col_scale, const float *bias, float *y,
                         size_t n, enum epilogue op) {
  if (!bias) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
      y[i] = (float)acc[i] * (row_scale * col_scale[i]) + (op == EPILOGUE_ADD ? y[i] : 0.0f);
  } else if (op == EPILOGUE_STORE) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] = (float)acc[i] * (row_scale * col_scale[i]) + bias[i];
  } else if (op == EPILOGUE_ADD) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] += (float)acc[i] * (row_scale * col_scale[i]) + bias[i];
  } else {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] = quick_gelu((float)acc[i] * (row_scale * col_scale[i]) + bias[i]);
  }
}

static void k_finish_split(const int32_t *high, const int32_t *low, float row_scale, const float *col_scale, float *y,
                           size_t n) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = ((float)high[i] + (float)low[i] * (1.0f / 254.0f)) * (row_scale * col_scale[i]);
}

static void k_finish_float(const float *acc, const float *bias, float *y, size_t n, enum epilogue op) {
  if (!bias) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] = acc[i] + (op == EPILOGUE_ADD ? y[i] : 0.0f);
  } else if (op == EPILOGUE_STORE) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] = acc[i] + bias[i];
  } else if (op == EPILOGUE_ADD) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] += acc[i] + bias[i];
  } else {
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] = quick_gelu(acc[i] + bias[i]);
  }
}

static void k_to_bf16(const float *x, uint16_t *y, size_t n) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, &x[i], sizeof bits);
    y[i] = (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  }
}

static void k_layer_norm(const float *x, const float *gamma, const float *beta, float *y, size_t n) {
  float sum = 0.0f, squares = 0.0f;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < n; i++) sum += x[i];
  float mean = sum / (float)n;
#pragma omp simd reduction(+ : squares)
  for (size_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
  float inverse = 1.0f / sqrtf(squares / (float)n + 1e-5f);
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * inverse * gamma[i] + beta[i];
}

static float maximum(const float *x, size_t n) {
  float top = -INFINITY;
#pragma omp simd reduction(max : top)
  for (size_t i = 0; i < n; i++) top = x[i] > top ? x[i] : top;
  return top;
}

static float k_softmax(float *x, size_t n, float scale) {
  float top = maximum(x, n);
  float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < n; i++) {
    x[i] = quick_exp((x[i] - top) * scale);
    sum += x[i];
  }
  return 1.0f / sum;
}

static void k_scale(float *x, size_t n, float by) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) x[i] *= by;
}

static float k_log_sum_exp(const float *x, size_t n) {
  float top = maximum(x, n);
  if (!(top > -INFINITY)) return top;
  float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < n; i++) sum += x[i] - top < -80.0f ? 0.0f : quick_exp(x[i] - top);
  return top + logf(sum);
}

/* Positions outside, heads inside, so that a position's two kilobytes are read once and in order. */
__attribute__((always_inline)) static inline void attend(const float *q, const uint16_t *const *cache, size_t count,
                                                         size_t heads, size_t dim, float *scores, float *out) {
  size_t width = heads * dim;
  for (size_t i = 0; i < count; i++) {
    const uint16_t *k = cache[i];
    for (size_t h = 0; h < heads; h++) {
      float dot = 0.0f;
#pragma omp simd reduction(+ : dot)
      for (size_t d = 0; d < dim; d++) dot += q[h * dim + d] * from_bf16(k[h * dim + d]);
      scores[h * count + i] = dot;
    }
  }
  float scale = 1.0f / sqrtf((float)dim);
  for (size_t h = 0; h < heads; h++) k_scale(scores + h * count, count, k_softmax(scores + h * count, count, scale));
  memset(out, 0, width * sizeof *out);
  size_t i = 0;
  for (; i + 4 <= count; i += 4) { /* four positions for each time `out` is read and written */
    const uint16_t *a = cache[i] + width, *b = cache[i + 1] + width, *c = cache[i + 2] + width,
                   *e = cache[i + 3] + width;
    for (size_t h = 0; h < heads; h++) {
      const float *p = scores + h * count + i;
      float pa = p[0], pb = p[1], pc = p[2], pe = p[3];
#pragma omp simd
      for (size_t d = h * dim; d < (h + 1) * dim; d++)
        out[d] += pa * from_bf16(a[d]) + pb * from_bf16(b[d]) + pc * from_bf16(c[d]) + pe * from_bf16(e[d]);
    }
  }
  for (; i < count; i++)
    for (size_t h = 0; h < heads; h++) {
      float p = scores[h * count + i];
#pragma omp simd
      for (size_t d = h * dim; d < (h + 1) * dim; d++) out[d] += p * from_bf16(cache[i][width + d]);
    }
}

/* Every Whisper model has heads of 64, and a loop of known length needs no tail. */
static void k_attend(const float *q, const uint16_t *const *cache, size_t count, size_t heads, size_t dim,
                     float *scores, float *out) {
  if (dim == 64) attend(q, cache, count, heads, 64, scores, out);
  else attend(q, cache, count, heads, dim, scores, out);
}

/* Blocks whose maximum does not reach the k-th best so far are skipped, which after a few blocks is nearly all. */
static size_t k_top(const float *x, size_t n, size_t k, float *top, uint32_t *where) {
  size_t found = 0;
  for (size_t begin = 0; begin < n; begin += 256) {
    size_t end = n - begin < 256 ? n : begin + 256;
    float bar = found < k ? -INFINITY : top[k - 1];
    if (!(maximum(x + begin, end - begin) > bar)) continue;
    for (size_t i = begin; i < end; i++) {
      if (!(x[i] > bar)) continue;
      size_t at = found < k ? found++ : k - 1;
      while (at > 0 && top[at - 1] < x[i]) {
        top[at] = top[at - 1];
        where[at] = where[at - 1];
        at--;
      }
      top[at] = x[i];
      where[at] = (uint32_t)i;
      bar = found < k ? -INFINITY : top[k - 1];
    }
  }
  return found;
}

const struct kernels KERNELS = {.name = KERNELS_NAME,
                                .quantize = k_quantize,
                                .quantize_split = k_quantize_split,
                                .finish_int = k_finish_int,
                                .finish_split = k_finish_split,
                                .finish_float = k_finish_float,
                                .to_bf16 = k_to_bf16,
                                .layer_norm = k_layer_norm,
                                .softmax = k_softmax,
                                .scale = k_scale,
                                .log_sum_exp = k_log_sum_exp,
                                .attend = k_attend,
                                .top = k_top};
