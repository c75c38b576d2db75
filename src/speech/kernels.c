#include "speech/kernels.h"

#include <stdlib.h>
#include <string.h>

static const struct kernels *choose(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const char *wish = getenv("TITR_KERNELS");
  if (wish && strcmp(wish, "base") == 0) return &kernels_base;
  if (wish && strcmp(wish, "avx2") == 0) avx512 = 0;
  return avx512 ? &kernels_avx512 : avx2 ? &kernels_avx2 : &kernels_base;
#else
  return &kernels_base;
#endif
}

const struct kernels *kernels_best(void) {
  return choose(); /* cheap, and asked for once a model */
}
