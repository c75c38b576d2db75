/* The kernels for AVX2 and FMA; compiled with those flags (cmake/speech_kernels.cmake). */
#if defined(__AVX2__) && defined(__FMA__)
#define KERNELS      kernels_avx2
#define KERNELS_NAME "avx2"
#include "speech/kernels_body.h"
#else
typedef int kernels_avx2_not_for_this_architecture;
#endif
