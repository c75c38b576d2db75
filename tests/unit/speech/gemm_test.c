/* Products against plain loops: every type, odd shapes, both ways to run, all epilogues; kernels of each instruction
 * set against each other. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "speech/gemm.h"

static uint32_t seed = 1;
static float noise(void) {
  seed = seed * 1664525u + 1013904223u;
  return (float)(int32_t)seed / 2147483648.0f;
}

static float *noises(size_t n) {
  float *x = x_aligned(n, sizeof(float));
  for (size_t i = 0; i < n; i++) x[i] = noise();
  return x;
}

static double gelu(double x) {
  return 0.5 * x * (1 + erf(x / sqrt(2)));
}

static void check_product(struct gemm *g, enum gemm_type type, size_t rows, size_t k, size_t n, double tolerance) {
  struct gemm_scratch *s = gemm_scratch_new();
  size_t ldx = k + 3, ldy = n + 5;
  float *w = noises(n * k), *x = noises(rows * ldx), *bias = noises(n);
  float *y = noises(rows * ldy), *before = x_aligned(rows * ldy, sizeof(float)),
        *wide = x_aligned(rows * ldy, sizeof(float));
  memcpy(before, y, rows * ldy * sizeof(float));
  for (int op = EPILOGUE_STORE; op <= EPILOGUE_GELU; op++) {
    struct matrix *m = matrix_pack(g, s, gemm_fit(g, type), w, n, k, k, 1, bias);
    memcpy(y, before, rows * ldy * sizeof(float));
    memcpy(wide, before, rows * ldy * sizeof(float));
    gemm_rows(g, s, m, x, ldx, rows, y, ldy, (enum epilogue)op);
    gemm_wide(g, s, m, x, ldx, rows, wide, ldy, (enum epilogue)op);
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < ldy; c++) {
        double want = before[r * ldy + c];
        if (c < n) {
          double sum = bias[c];
          for (size_t i = 0; i < k; i++) sum += (double)x[r * ldx + i] * w[c * k + i];
          want = op == EPILOGUE_ADD ? want + sum : op == EPILOGUE_GELU ? gelu(sum) : sum;
        }
        double allowed = c < n ? tolerance * sqrt((double)k) : 0;
        if (fabs(y[r * ldy + c] - want) > allowed || fabs(wide[r * ldy + c] - want) > allowed)
          fail_msg("type %d, %zux%zux%zu, op %d, at %zu,%zu: %f and %f, not %f", type, rows, k, n, op, r, c,
                   (double)y[r * ldy + c], (double)wide[r * ldy + c], want);
      }
    matrix_free(m);
  }
  free(w);
  free(x);
  free(bias);
  free(y);
  free(before);
  free(wide);
  gemm_scratch_free(s);
}

static void products(void **state) {
  (void)state;
  struct gemm *g;
  struct err e;
  assert_int_equal(gemm_new(2, &g, &e), 0);
  static const size_t shapes[][3] = {{1, 64, 64},    {5, 512, 512},    {10, 64, 1500}, {10, 1500, 64},
                                     {37, 240, 384}, {128, 384, 1152}, {3, 100, 51}};
  for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
    check_product(g, GEMM_F32, shapes[i][0], shapes[i][1], shapes[i][2], 1e-5);
    check_product(g, GEMM_BF16, shapes[i][0], shapes[i][1], shapes[i][2], 8e-3);
    check_product(g, GEMM_S8, shapes[i][0], shapes[i][1], shapes[i][2], 2e-2);
  }
  gemm_free(g);
}

static void fine_rows_are_finer(void **state) {
  (void)state;
  struct gemm *g;
  struct err e;
  assert_int_equal(gemm_new(1, &g, &e), 0);
  struct gemm_scratch *s = gemm_scratch_new();
  size_t rows = 5, k = 1500, n = 64;
  /* a weight that int8 holds exactly, so that what is left is the error of x */
  float *w = x_aligned(n * k, sizeof(float)), *x = noises(rows * k), *y = x_aligned(rows * n, sizeof(float));
  for (size_t i = 0; i < n * k; i++) w[i] = (float)((int)(i % 3) - 1);
  struct matrix *m = matrix_pack(g, s, gemm_fit(g, GEMM_S8), w, n, k, k, 1, NULL);
  gemm_rows_fine(g, s, m, x, k, rows, y, n);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < n; c++) {
      double want = 0;
      for (size_t i = 0; i < k; i++) want += (double)x[r * k + i] * w[c * k + i];
      assert_true(fabs(y[r * n + c] - want) < 0.005);
    }
  matrix_free(m);
  free(w);
  free(x);
  free(y);
  gemm_scratch_free(s);
  gemm_free(g);
}

static void repacking_equals_packing(void **state) {
  (void)state;
  struct gemm *g;
  struct err e;
  assert_int_equal(gemm_new(1, &g, &e), 0);
  struct gemm_scratch *s = gemm_scratch_new();
  size_t n = 96, k = 64;
  float *w = noises(n * k), *turned = x_aligned(n * k, sizeof(float)), *x = noises(k), one[96], two[96];
  for (size_t r = 0; r < n; r++)
    for (size_t c = 0; c < k; c++) turned[c * n + r] = w[r * k + c];
  struct matrix *a = matrix_pack(g, s, gemm_fit(g, GEMM_S8), w, n, k, k, 1, NULL);
  struct matrix *b = matrix_pack(g, s, gemm_fit(g, GEMM_S8), x, n, k, 0, 1, NULL);
  matrix_repack(g, s, b, turned, 1, n);
  gemm_rows(g, s, a, x, k, 1, one, n, EPILOGUE_STORE);
  gemm_rows(g, s, b, x, k, 1, two, n, EPILOGUE_STORE);
  assert_memory_equal(one, two, sizeof one);
  matrix_free(a);
  matrix_free(b);
  free(w);
  free(turned);
  free(x);
  gemm_scratch_free(s);
  gemm_free(g);
}

static void check_kernels(const struct kernels *k) {
  size_t n = 1003;
  float *x = noises(n), *y = x_aligned(n, sizeof(float)), *z = x_aligned(n, sizeof(float));
  int8_t q[1003];
  float scale = k->quantize(x, n, q);
  for (size_t i = 0; i < n; i++) assert_true(fabsf((float)q[i] * scale - x[i]) <= scale * 0.501f);

  memcpy(y, x, n * sizeof(float));
  float inverse = k->softmax(y, n, 4.0f);
  double sum = 0, top = -1;
  for (size_t i = 0; i < n; i++) top = x[i] > top ? x[i] : top;
  for (size_t i = 0; i < n; i++) sum += exp(4.0 * (x[i] - top));
  for (size_t i = 0; i < n; i++) assert_true(fabs(y[i] * inverse - exp(4.0 * (x[i] - top)) / sum) < 1e-6);
  assert_true(fabs(k->log_sum_exp(x, n) - (log(({
                     double t = 0;
                     for (size_t i = 0; i < n; i++) t += exp((double)x[i]);
                     t;
                   })))) < 1e-4);

  float best[7];
  uint32_t where[7];
  x[500] = -INFINITY;
  assert_int_equal(k->top(x, n, 7, best, where), 7);
  for (size_t i = 0; i < n; i++) {
    size_t above = 0;
    for (size_t j = 0; j < n; j++) above += x[j] > x[i] || (x[j] == x[i] && j < i);
    if (above < 7) assert_int_equal(where[above], i);
  }
  x[500] = 0;

  float *gamma = noises(n), *beta = noises(n);
  k->layer_norm(x, gamma, beta, z, n);
  double mean = 0, var = 0;
  for (size_t i = 0; i < n; i++) mean += x[i] / (double)n;
  for (size_t i = 0; i < n; i++) var += (x[i] - mean) * (x[i] - mean) / (double)n;
  for (size_t i = 0; i < n; i++)
    assert_true(fabs(z[i] - ((x[i] - mean) / sqrt(var + 1e-5) * gamma[i] + beta[i])) < 1e-4);
  free(x);
  free(y);
  free(z);
  free(gamma);
  free(beta);
}

static void loops(void **state) {
  (void)state;
  check_kernels(&kernels_base);
#if defined(__x86_64__)
  if (kernels_best() != &kernels_base) check_kernels(&kernels_avx2);
  if (kernels_best() == &kernels_avx512) check_kernels(&kernels_avx512);
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(products), cmocka_unit_test(fine_rows_are_finer),
                                     cmocka_unit_test(repacking_equals_packing), cmocka_unit_test(loops)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
