/*
 * The engine's own inner loops: everything between two matrix products. Written once in plain C that compilers
 * vectorize (kernels_body.h) and compiled for a few instruction sets (kernels_{base,avx2,avx512}.c); the best
 * one the processor has is chosen once. Pure functions, any thread; rows need no alignment unless said.
 */
#ifndef TITR_SPEECH_KERNELS_H
#define TITR_SPEECH_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* What a matrix product does with its result: acc is the raw product. */
enum epilogue {
  EPILOGUE_STORE, /* y  = acc * scales + bias       */
  EPILOGUE_ADD,   /* y += acc * scales + bias       */
  EPILOGUE_GELU   /* y  = gelu(acc * scales + bias) */
};

struct kernels {
  const char *name;

  /* Symmetric int8: q = round(x / scale) in -127..127; returns scale = max|x| / 127 (0 for a row of zeros). */
  float (*quantize)(const float *x, size_t n, int8_t *q);

  /* Two int8 rows that together hold x to about 15 bits: x = scale * (high + low / 254). Returns scale. */
  float (*quantize_split)(const float *x, size_t n, int8_t *high, int8_t *low);

  /* y from int32 sums: acc[i] * row_scale * col_scale[i] + bias[i]; bias may be NULL. */
  void (*finish_int)(const int32_t *acc, float row_scale, const float *col_scale, const float *bias, float *y, size_t n,
                     enum epilogue op);
  /* The same from the two rows of a quantize_split(): (high + low / 254). */
  void (*finish_split)(const int32_t *high, const int32_t *low, float row_scale, const float *col_scale, float *y,
                       size_t n);
  /* y from float products (scale 1). */
  void (*finish_float)(const float *acc, const float *bias, float *y, size_t n, enum epilogue op);

  void (*to_bf16)(const float *x, uint16_t *y, size_t n); /* round to nearest even */

  /* y = (x - mean) / sqrt(var + 1e-5) * gamma + beta; x and y may be the same. */
  void (*layer_norm)(const float *x, const float *gamma, const float *beta, float *y, size_t n);

  /* x = exp(scale * (x - max x)); returns 1 / sum. */
  float (*softmax)(float *x, size_t n, float scale);
  void (*scale)(float *x, size_t n, float by);

  /* max and log(sum(exp(x))) of a row. */
  float (*log_sum_exp)(const float *x, size_t n);

  /* Self-attention of one row over a cache in bf16: cache[i] points at position i's keys [heads * dim], followed by its
   * values. For every head: out = softmax(q . k / sqrt(dim)) . v; q and out are [heads * dim]. scores: scratch for
   * heads * count floats. */
  void (*attend)(const float *q, const uint16_t *const *cache, size_t count, size_t heads, size_t dim, float *scores,
                 float *out);

  /* The `k` largest of x[0..n): values descending in top[], their indices in where[]. Returns how many are above
   * -infinity. Of equal values the first wins. */
  size_t (*top)(const float *x, size_t n, size_t k, float *top, uint32_t *where);
};

const struct kernels *kernels_best(void); /* never NULL; TITR_KERNELS=base|avx2|avx512 in the environment overrules */

extern const struct kernels kernels_base, kernels_avx2, kernels_avx512;

#endif
