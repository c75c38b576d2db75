#include "speech/tensor.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

#include "base/mem.h"

void tensor_list_release(struct tensor_list *l) {
  for (size_t i = 0; i < l->count; i++) free(l->tensors[i].name);
  free(l->tensors);
  *l = (struct tensor_list){0};
}

void tensor_list_add(struct tensor_list *l, const char *name, size_t name_len, const struct tensor *t) {
  x_grow(&l->tensors, &l->cap, l->count + 1, sizeof *l->tensors);
  l->tensors[l->count] = *t;
  l->tensors[l->count++].name = x_strndup(name, name_len);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct tensor *)a)->name, ((const struct tensor *)b)->name);
}

int tensor_list_sort(struct tensor_list *l, struct err *e) {
  if (l->count) qsort(l->tensors, l->count, sizeof *l->tensors, by_name);
  for (size_t i = 1; i < l->count; i++)
    if (strcmp(l->tensors[i].name, l->tensors[i - 1].name) == 0)
      return err_set(e, ERR_MODEL, "the model file has two tensors named %s", l->tensors[i].name);
  return 0;
}

const struct tensor *tensor_list_find(const struct tensor_list *l, const char *name) {
  size_t low = 0, high = l->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(l->tensors[middle].name, name);
    if (order == 0) return &l->tensors[middle];
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return NULL;
}

size_t tensor_element(enum tensor_type t) {
  return t == TENSOR_I8 ? 1 : t == TENSOR_F32 || t == TENSOR_I32 ? 4 : 2;
}

int tensor_measure(struct tensor *t, const char *name, size_t bytes, struct err *e) {
  size_t count = 1;
  for (int i = 0; i < t->rank; i++)
    if (t->dims[i] <= 0 || __builtin_mul_overflow(count, (size_t)t->dims[i], &count))
      return err_set(e, ERR_MODEL, "the tensor %s in the model file has no sane shape", name);
  size_t want;
  if (__builtin_mul_overflow(count, tensor_element(t->type), &want) || want != bytes)
    return err_set(e, ERR_MODEL, "the tensor %s in the model file has %zu bytes, which does not fit its shape", name,
                   bytes);
  t->count = count;
  return 0;
}

static float half(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 0x1F, mantissa = h & 0x3FF, bits;
  if (exponent == 0x1F) {
    bits = sign | 0x7F800000 | mantissa << 13;
  } else if (exponent) {
    bits = sign | (exponent + 112) << 23 | mantissa << 13;
  } else {
    float tiny = (float)mantissa * 0x1p-24f;
    return sign ? -tiny : tiny;
  }
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

#if defined(__x86_64__)
__attribute__((target("avx,f16c"))) static size_t halves_f16c(const unsigned char *p, size_t count, float *out) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(p + 2 * i))));
  return i;
}

/* Asked of the processor, since not every compiler's __builtin_cpu_supports() knows the name. AVX says that the system
 * saves the registers. */
static bool has_f16c(void) {
  static atomic_int known; /* 0: not asked yet. A virtual machine takes microseconds over the question */
  int k = atomic_load_explicit(&known, memory_order_relaxed);
  if (k == 0) {
    unsigned eax, ebx, ecx = 0, edx;
    bool has = __builtin_cpu_supports("avx") && __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
    k = has ? 1 : -1;
    atomic_store_explicit(&known, k, memory_order_relaxed);
  }
  return k > 0;
}
#endif

static void halves(const unsigned char *p, size_t count, float *out) {
  size_t i = 0;
#if defined(__x86_64__)
  if (has_f16c()) i = halves_f16c(p, count, out);
#endif
  for (; i < count; i++) {
    uint16_t h;
    memcpy(&h, p + 2 * i, sizeof h);
    out[i] = half(h);
  }
}

void tensor_copy(const struct tensor *t, size_t first, size_t count, float *out) {
  const unsigned char *p = t->data + first * tensor_element(t->type);
  switch (t->type) {
  case TENSOR_F32: memcpy(out, p, count * 4); break;
  case TENSOR_F16: halves(p, count, out); break;
  case TENSOR_BF16:
    for (size_t i = 0; i < count; i++) {
      uint32_t bits = (uint32_t)p[2 * i] << 16 | (uint32_t)p[2 * i + 1] << 24;
      memcpy(out + i, &bits, 4);
    }
    break;
  case TENSOR_I8:
    for (size_t i = 0; i < count; i++) out[i] = (float)(int8_t)p[i];
    break;
  case TENSOR_I16:
    for (size_t i = 0; i < count; i++) out[i] = (float)(int16_t)(p[2 * i] | p[2 * i + 1] << 8);
    break;
  case TENSOR_I32:
    for (size_t i = 0; i < count; i++) {
      int32_t v;
      memcpy(&v, p + 4 * i, sizeof v);
      out[i] = (float)v;
    }
    break;
  }
}
