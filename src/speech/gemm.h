/*
 * Matrix products: the seam to oneDNN (C API of version 2 and 3). No other file includes its header.
 *
 * A `matrix` is a weight W [n][k] packed once into the layout that the processor's kernels want. Products are
 * y [rows][n] = x [rows][k] * W^T, x and y f32, row-major:
 *
 *   GEMM_S8    W quantized per output to int8, x per row at run time, 32-bit sums. On processors without VNNI the
 *              products of two int8 pairs are summed in 16 bits and could saturate: there W keeps to 7 bits
 *              (|w| <= 63, so that 2 * 255 * 63 < 32768).
 *   GEMM_BF16  both sides rounded to bf16, f32 sums; only where the processor has the instructions
 *   GEMM_F32   as it says
 *
 * gemm_fit() turns a wish into what this processor does well (int8 falls back to f32 where oneDNN only has its
 * reference loops, which are a thousand times slower).
 *
 * Threads: a `gemm` belongs to one job. gemm_wide() spreads one product over the OpenMP team and is called
 * outside parallel regions. gemm_rows() runs on the calling thread alone, is meant for inside a parallel
 * region, and needs a scratch of its own for each thread.
 *
 * oneDNN primitives are costly to create (0.2 ms): they are kept, and row counts are rounded up to a few sizes.
 */
#ifndef TITR_SPEECH_GEMM_H
#define TITR_SPEECH_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "speech/kernels.h"

enum gemm_type { GEMM_F32, GEMM_BF16, GEMM_S8 };

struct gemm;
struct matrix;
struct gemm_scratch; /* grows as needed, never shrinks */

int gemm_new(int threads, struct gemm **ret, struct err *e); /* ERR_UNSUPPORTED when oneDNN does not start */
void gemm_free(struct gemm *g);
DEFINE_FREEP(struct gemm, gemm_free)
enum gemm_type gemm_fit(const struct gemm *g, enum gemm_type wish);
const struct kernels *gemm_kernels(const struct gemm *g);
int gemm_threads(const struct gemm *g);

struct gemm_scratch *gemm_scratch_new(void);
void gemm_scratch_free(struct gemm_scratch *s);

/* Packs W: element (row r, column c) is w[r * row_stride + c * column_stride]. `bias` [n] is copied, or NULL. Safe to
 * call from several threads at once, each with its own scratch. */
struct matrix *matrix_pack(struct gemm *g, struct gemm_scratch *s, enum gemm_type type, const float *w, size_t n,
                           size_t k, size_t row_stride, size_t column_stride, const float *bias);
/* The same into the memory of `m`, which was packed with the same type and shape (no allocation). */
void matrix_repack(struct gemm *g, struct gemm_scratch *s, struct matrix *m, const float *w, size_t row_stride,
                   size_t column_stride);
void matrix_free(struct matrix *m);
DEFINE_FREEP(struct matrix, matrix_free)

/* y (+)= x W^T + bias. x row stride ldx, y row stride ldy, in floats. */
void gemm_rows(struct gemm *g, struct gemm_scratch *s, const struct matrix *m, const float *x, size_t ldx, size_t rows,
               float *y, size_t ldy, enum epilogue op);
void gemm_wide(struct gemm *g, struct gemm_scratch *s, const struct matrix *m, const float *x, size_t ldx, size_t rows,
               float *y, size_t ldy, enum epilogue op);
/* The same with EPILOGUE_STORE, without bias, and with x kept to 15 bits where W is int8: twice the products for an error
 * a hundred times smaller, and hardly slower where W's memory is the limit (attention over many frames, logits). */
void gemm_rows_fine(struct gemm *g, struct gemm_scratch *s, const struct matrix *m, const float *x, size_t ldx,
                    size_t rows, float *y, size_t ldy);
void gemm_wide_fine(struct gemm *g, struct gemm_scratch *s, const struct matrix *m, const float *x, size_t ldx,
                    size_t rows, float *y, size_t ldy);

#endif
