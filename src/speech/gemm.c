/*
 * DESIGN. One kind of oneDNN primitive is used: matmul with scratchpad from the user and no attributes otherwise;
 * quantization, scales, bias and activation are ours (kernels.h), done while the rows are still in the cache.
 * A primitive is found by (type, rows, k, n, alone or with the team). The layout of packed weights is asked for
 * once for each (type, k, n) and then prescribed to every row count, so that a matrix is packed once.
 */
#include "speech/gemm.h"

#include <dnnl.h>
#include <omp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t desc;
typedef const_dnnl_memory_desc_t const_desc;
#else
typedef dnnl_memory_desc_t desc;
typedef const dnnl_memory_desc_t *const_desc;
#endif

enum { TYPICAL_ROWS = 128 }; /* the row count for which the layout of packed weights is chosen */

struct product { /* a primitive and what it needs to run */
  enum gemm_type type;
  size_t rows, k, n;
  bool alone;
  dnnl_primitive_desc_t pd;
  dnnl_primitive_t primitive;
  size_t scratch_bytes;
};

struct gemm {
  dnnl_engine_t engine;
  int threads;
  bool vnni, bf16, int8;
  const struct kernels *kernels;
  pthread_mutex_t lock; /* guards the list */
  struct product **products;
  size_t count, cap;
};

struct matrix {
  enum gemm_type type;
  size_t n, k, bytes;
  void *packed;
  float *scale, *bias; /* [n]; scale only for int8; bias may be NULL */
  const struct product *layout;
};

struct gemm_scratch {
  dnnl_stream_t stream;
  void *area[4];
  size_t size[4];
};
enum { AREA_INPUT, AREA_SUMS, AREA_LIBRARY, AREA_PLAIN };

static void *area(struct gemm_scratch *s, int which, size_t bytes) {
  if (s->size[which] < bytes) {
    free(s->area[which]);
    s->size[which] = bytes + bytes / 4;
    s->area[which] = x_aligned(s->size[which], 1);
    memset(s->area[which], 0, s->size[which]);
  }
  return s->area[which];
}

static dnnl_data_type_t input_type(enum gemm_type t) {
  return t == GEMM_S8 ? dnnl_s8 : t == GEMM_BF16 ? dnnl_bf16 : dnnl_f32;
}

static size_t element(enum gemm_type t) {
  return t == GEMM_S8 ? 1 : t == GEMM_BF16 ? 2 : 4;
}

static const_desc packed_desc(const struct product *p) {
  return dnnl_primitive_desc_query_md(p->pd, dnnl_query_weights_md, 0);
}

/* ---- the two API versions ---- */

static dnnl_status_t make_desc(desc *d, size_t rows, size_t columns, dnnl_data_type_t type, dnnl_format_tag_t tag) {
  dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_create_with_tag(d, 2, dims, type, tag);
#else
  return dnnl_memory_desc_init_by_tag(d, 2, dims, type, tag);
#endif
}

static void drop_desc(desc *d) {
#if DNNL_VERSION_MAJOR >= 3
  dnnl_memory_desc_destroy(*d);
#else
  (void)d;
#endif
}

static const_desc as_const(desc *d) {
#if DNNL_VERSION_MAJOR >= 3
  return *d;
#else
  return d;
#endif
}

static dnnl_status_t make_matmul(dnnl_primitive_desc_t *pd, const_desc src, const_desc weights, const_desc dst,
                                 dnnl_primitive_attr_t attr, dnnl_engine_t engine) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_matmul_primitive_desc_create(pd, engine, src, weights, NULL, dst, attr);
#else
  dnnl_matmul_desc_t md;
  dnnl_status_t st = dnnl_matmul_desc_init(&md, src, weights, NULL, dst);
  return st != dnnl_success ? st : dnnl_primitive_desc_create(pd, &md, attr, engine, NULL);
#endif
}

/* ---- primitives ---- */

static void product_free(struct product *p) {
  if (p->primitive) dnnl_primitive_destroy(p->primitive);
  if (p->pd) dnnl_primitive_desc_destroy(p->pd);
  free(p);
}

/* `layout`: the product whose packed weights this one must accept, or NULL to let the library choose. */
static struct product *product_make(struct gemm *g, enum gemm_type type, size_t rows, size_t k, size_t n, bool alone,
                                    const struct product *layout) {
  struct product *p = NEW(struct product);
  *p = (struct product){.type = type, .rows = rows, .k = k, .n = n, .alone = alone};
  desc src, any, dst;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_status_t st = make_desc(&src, rows, k, input_type(type), dnnl_ab);
  if (st == dnnl_success) st = make_desc(&any, k, n, input_type(type), dnnl_format_tag_any);
  if (st == dnnl_success) st = make_desc(&dst, rows, n, type == GEMM_S8 ? dnnl_s32 : dnnl_f32, dnnl_ab);
  if (st == dnnl_success) st = dnnl_primitive_attr_create(&attr);
  if (st == dnnl_success) st = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
  /* The number of threads a primitive splits its work for is fixed when it is made. */
  int team = omp_get_max_threads();
  omp_set_num_threads(alone ? 1 : g->threads);
  const_desc weights = layout ? packed_desc(layout) : as_const(&any);
  if (st == dnnl_success) st = make_matmul(&p->pd, as_const(&src), weights, as_const(&dst), attr, g->engine);
  if (st == dnnl_success) st = dnnl_primitive_create(&p->primitive, p->pd);
  omp_set_num_threads(team);
  if (attr) dnnl_primitive_attr_destroy(attr);
  drop_desc(&src);
  drop_desc(&any);
  drop_desc(&dst);
  if (st != dnnl_success) {
    product_free(p);
    return NULL;
  }
  p->scratch_bytes = dnnl_memory_desc_get_size(dnnl_primitive_desc_query_md(p->pd, dnnl_query_scratchpad_md, 0));
  return p;
}

static const struct product *product_find(struct gemm *g, enum gemm_type type, size_t rows, size_t k, size_t n,
                                          bool alone, const struct product *layout) {
  pthread_mutex_lock(&g->lock);
  struct product *found = NULL;
  for (size_t i = 0; i < g->count && !found; i++) {
    struct product *p = g->products[i];
    if (p->rows == rows && p->n == n && p->k == k && p->type == type && p->alone == alone) found = p;
  }
  if (!found) {
    found = product_make(g, type, rows, k, n, alone, layout);
    if (!found) { /* the shapes are ours, so this is a machine that cannot do what gemm_fit() promised */
      fprintf(stderr, "titr: oneDNN refuses a product of %zu x %zu x %zu\n", rows, k, n);
      abort();
    }
    x_grow(&g->products, &g->cap, g->count + 1, sizeof(struct product *));
    g->products[g->count++] = found;
  }
  pthread_mutex_unlock(&g->lock);
  return found;
}

/* Row counts for which primitives exist: all small ones, then ever coarser steps. */
static size_t rounded(size_t rows) {
  size_t step = rows <= 8 ? 1 : rows <= 32 ? 2 : rows <= 64 ? 4 : rows <= 128 ? 8 : 32;
  return (rows + step - 1) / step * step;
}

static dnnl_memory_t wrap(struct gemm *g, const_desc d, void *data) {
  dnnl_memory_t m = NULL;
  if (dnnl_memory_create(&m, d, g->engine, data) != dnnl_success) {
    fprintf(stderr, "titr: oneDNN has no memory object left\n");
    abort();
  }
  return m;
}

static dnnl_stream_t stream_of(struct gemm *g, struct gemm_scratch *s) {
  if (!s->stream && dnnl_stream_create(&s->stream, g->engine, dnnl_stream_default_flags) != dnnl_success) {
    fprintf(stderr, "titr: oneDNN gives no stream\n");
    abort();
  }
  return s->stream;
}

static void execute(struct gemm *g, struct gemm_scratch *s, const struct product *p, const struct matrix *m, void *x,
                    void *y) {
  dnnl_memory_t src = wrap(g, dnnl_primitive_desc_query_md(p->pd, dnnl_query_src_md, 0), x);
  dnnl_memory_t weights = wrap(g, packed_desc(p), m->packed);
  dnnl_memory_t dst = wrap(g, dnnl_primitive_desc_query_md(p->pd, dnnl_query_dst_md, 0), y);
  dnnl_memory_t lib = wrap(g, dnnl_primitive_desc_query_md(p->pd, dnnl_query_scratchpad_md, 0),
                           area(s, AREA_LIBRARY, p->scratch_bytes + 64));
  dnnl_exec_arg_t args[] = {
      {DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, dst}, {DNNL_ARG_SCRATCHPAD, lib}};
  dnnl_status_t st = dnnl_primitive_execute(p->primitive, stream_of(g, s), ARRAY_LEN(args), args);
  dnnl_memory_destroy(src);
  dnnl_memory_destroy(weights);
  dnnl_memory_destroy(dst);
  dnnl_memory_destroy(lib);
  if (st != dnnl_success) {
    fprintf(stderr, "titr: oneDNN failed in a product of %zu x %zu x %zu\n", p->rows, p->k, p->n);
    abort();
  }
}

/* ---- life ---- */

static bool slow(struct gemm *g, enum gemm_type type) {
  struct product *p = product_make(g, type, TYPICAL_ROWS, 512, 512, true, NULL);
  const char *name = "ref";
  if (p) dnnl_primitive_desc_query(p->pd, dnnl_query_impl_info_str, 0, (void *)&name);
  bool is_slow = strncmp(name, "ref", 3) == 0;
  if (p) product_free(p);
  return is_slow;
}

int gemm_new(int threads, struct gemm **ret, struct err *e) {
  struct gemm *g = NEW(struct gemm);
  pthread_mutex_init(&g->lock, NULL);
  g->threads = threads;
  g->kernels = kernels_best();
  if (dnnl_engine_create(&g->engine, dnnl_cpu, 0) != dnnl_success) {
    gemm_free(g);
    return err_set(e, ERR_UNSUPPORTED, "oneDNN does not start on this processor");
  }
#if defined(__x86_64__)
  dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
  g->vnni = (isa & dnnl_cpu_isa_avx512_core_vnni) == dnnl_cpu_isa_avx512_core_vnni;
  g->bf16 = (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16 && !slow(g, GEMM_BF16);
#if DNNL_VERSION_MAJOR >= 3
  g->vnni = g->vnni || (isa & dnnl_cpu_isa_avx2_vnni) == dnnl_cpu_isa_avx2_vnni;
#endif
#endif
  g->int8 = !slow(g, GEMM_S8);
  *ret = g;
  return 0;
}

void gemm_free(struct gemm *g) {
  if (!g) return;
  for (size_t i = 0; i < g->count; i++) product_free(g->products[i]);
  free(g->products);
  if (g->engine) dnnl_engine_destroy(g->engine);
  pthread_mutex_destroy(&g->lock);
  free(g);
}

enum gemm_type gemm_fit(const struct gemm *g, enum gemm_type wish) {
  if (wish == GEMM_S8 && !g->int8) wish = GEMM_BF16;
  if (wish == GEMM_BF16 && !g->bf16) wish = GEMM_F32;
  return wish;
}

const struct kernels *gemm_kernels(const struct gemm *g) {
  return g->kernels;
}

int gemm_threads(const struct gemm *g) {
  return g->threads;
}

struct gemm_scratch *gemm_scratch_new(void) {
  return NEW(struct gemm_scratch);
}

void gemm_scratch_free(struct gemm_scratch *s) {
  if (!s) return;
  for (size_t i = 0; i < ARRAY_LEN(s->area); i++) free(s->area[i]);
  if (s->stream) dnnl_stream_destroy(s->stream);
  free(s);
}

/* ---- packing ---- */

void matrix_repack(struct gemm *g, struct gemm_scratch *s, struct matrix *m, const float *w, size_t row_stride,
                   size_t column_stride) {
  size_t n = m->n, k = m->k;
  unsigned char *plain = area(s, AREA_PLAIN, n * k * element(m->type));
  float *row = area(s, AREA_INPUT, k * sizeof(float));
  int32_t top = g->vnni ? 127 : 63;
  for (size_t r = 0; r < n; r++) {
    const float *from = w + r * row_stride;
    if (column_stride != 1) {
      for (size_t c = 0; c < k; c++) row[c] = from[c * column_stride];
      from = row;
    }
    if (m->type == GEMM_F32) {
      memcpy(plain + r * k * 4, from, k * 4);
    } else if (m->type == GEMM_BF16) {
      g->kernels->to_bf16(from, (uint16_t *)(void *)plain + r * k, k);
    } else {
      int8_t *q = (int8_t *)plain + r * k;
      if (top == 127) {
        m->scale[r] = g->kernels->quantize(from, k, q);
      } else {
        float most = 0;
        for (size_t c = 0; c < k; c++) most = from[c] > most ? from[c] : -from[c] > most ? -from[c] : most;
        m->scale[r] = most / (float)top;
        for (size_t c = 0; c < k; c++) q[c] = (int8_t)(m->scale[r] > 0 ? __builtin_rintf(from[c] / m->scale[r]) : 0.0f);
      }
    }
  }
  desc flat; /* [k][n] seen through our [n][k] */
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_t reorder = NULL;
  dnnl_status_t st = make_desc(&flat, k, n, input_type(m->type), dnnl_ba);
  if (st == dnnl_success)
    st = dnnl_reorder_primitive_desc_create(&pd, as_const(&flat), g->engine, packed_desc(m->layout), g->engine, NULL);
  if (st == dnnl_success) st = dnnl_primitive_create(&reorder, pd);
  if (st != dnnl_success) {
    fprintf(stderr, "titr: oneDNN cannot pack a matrix of %zu x %zu\n", n, k);
    abort();
  }
  dnnl_memory_t src = wrap(g, as_const(&flat), plain);
  dnnl_memory_t dst = wrap(g, packed_desc(m->layout), m->packed);
  dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}};
  dnnl_primitive_execute(reorder, stream_of(g, s), ARRAY_LEN(args), args);
  dnnl_memory_destroy(src);
  dnnl_memory_destroy(dst);
  dnnl_primitive_destroy(reorder);
  dnnl_primitive_desc_destroy(pd);
  drop_desc(&flat);
}

struct matrix *matrix_pack(struct gemm *g, struct gemm_scratch *s, enum gemm_type type, const float *w, size_t n,
                           size_t k, size_t row_stride, size_t column_stride, const float *bias) {
  struct matrix *m = NEW(struct matrix);
  *m = (struct matrix){.type = type, .n = n, .k = k};
  m->layout = product_find(g, type, TYPICAL_ROWS, k, n, true, NULL);
  m->bytes = dnnl_memory_desc_get_size(packed_desc(m->layout));
  m->packed = x_aligned(m->bytes, 1);
  if (type == GEMM_S8) m->scale = NEW_ARRAY(float, n);
  if (bias) {
    m->bias = NEW_ARRAY(float, n);
    memcpy(m->bias, bias, n * sizeof(float));
  }
  matrix_repack(g, s, m, w, row_stride, column_stride);
  return m;
}

void matrix_free(struct matrix *m) {
  if (!m) return;
  free(m->packed);
  free(m->scale);
  free(m->bias);
  free(m);
}

/* ---- products ---- */

static void *load_rows(struct gemm *g, struct gemm_scratch *s, const struct matrix *m, const float *x, size_t ldx,
                       size_t rows, size_t padded, float *scales, bool parallel) {
  unsigned char *in = area(s, AREA_INPUT, padded * m->k * element(m->type));
#pragma omp parallel for if (parallel && rows > 8)
  for (size_t r = 0; r < rows; r++) {
    const float *from = x + r * ldx;
    if (m->type == GEMM_S8) scales[r] = g->kernels->quantize(from, m->k, (int8_t *)in + r * m->k);
    else if (m->type == GEMM_BF16) g->kernels->to_bf16(from, (uint16_t *)(void *)in + r * m->k, m->k);
    else memcpy(in + r * m->k * 4, from, m->k * 4);
  }
  return in;
}

static void multiply(struct gemm *g, struct gemm_scratch *s, const struct matrix *m, const float *x, size_t ldx,
                     size_t rows, float *y, size_t ldy, enum epilogue op, bool alone) {
  if (rows == 0) return;
  size_t padded = rounded(rows);
  const struct product *p = product_find(g, m->type, padded, m->k, m->n, alone, m->layout);
  /* sums of all rows, then the rows' scales */
  unsigned char *sums = area(s, AREA_SUMS, padded * (m->n + 1) * 4);
  float *scales = (float *)(void *)(sums + padded * m->n * 4);
  void *in = load_rows(g, s, m, x, ldx, rows, padded, scales, !alone);
  execute(g, s, p, m, in, sums);
#pragma omp parallel for if (!alone && rows * m->n > 16384)
  for (size_t r = 0; r < rows; r++) {
    if (m->type == GEMM_S8)
      g->kernels->finish_int((int32_t *)(void *)sums + r * m->n, scales[r], m->scale, m->bias, y + r * ldy, m->n, op);
    else g->kernels->finish_float((float *)(void *)sums + r * m->n, m->bias, y + r * ldy, m->n, op);
  }
}

void gemm_rows(struct gemm *g, struct gemm_scratch *s, const struct matrix *m, const float *x, size_t ldx, size_t rows,
               float *y, size_t ldy, enum epilogue op) {
  multiply(g, s, m, x, ldx, rows, y, ldy, op, true);
}

void gemm_wide(struct gemm *g, struct gemm_scratch *s, const struct matrix *m, const float *x, size_t ldx, size_t rows,
               float *y, size_t ldy, enum epilogue op) {
  multiply(g, s, m, x, ldx, rows, y, ldy, op, g->threads == 1);
}

static void multiply_fine(struct gemm *g, struct gemm_scratch *s, const struct matrix *m, const float *x, size_t ldx,
                          size_t rows, float *y, size_t ldy, bool alone) {
  if (m->type != GEMM_S8) {
    multiply(g, s, m, x, ldx, rows, y, ldy, EPILOGUE_STORE, alone);
    return;
  }
  if (rows == 0) return;
  size_t padded = rounded(2 * rows);
  const struct product *p = product_find(g, m->type, padded, m->k, m->n, alone, m->layout);
  int32_t *sums = area(s, AREA_SUMS, padded * (m->n + 1) * 4);
  float *scales = (float *)(void *)(sums + padded * m->n);
  int8_t *in = area(s, AREA_INPUT, padded * m->k);
  for (size_t r = 0; r < rows; r++)
    scales[r] = g->kernels->quantize_split(x + r * ldx, m->k, in + 2 * r * m->k, in + (2 * r + 1) * m->k);
  execute(g, s, p, m, in, sums);
#pragma omp parallel for if (!alone)
  for (size_t r = 0; r < rows; r++)
    g->kernels->finish_split(sums + 2 * r * m->n, sums + (2 * r + 1) * m->n, scales[r], m->scale, y + r * ldy, m->n);
}

void gemm_rows_fine(struct gemm *g, struct gemm_scratch *s, const struct matrix *m, const float *x, size_t ldx,
                    size_t rows, float *y, size_t ldy) {
  multiply_fine(g, s, m, x, ldx, rows, y, ldy, true);
}

void gemm_wide_fine(struct gemm *g, struct gemm_scratch *s, const struct matrix *m, const float *x, size_t ldx,
                    size_t rows, float *y, size_t ldy) {
  multiply_fine(g, s, m, x, ldx, rows, y, ldy, g->threads == 1);
}
