/* The kernels for AVX-512 F, BW, DQ and VL; compiled with those flags (cmake/speech_kernels.cmake). */
#if defined(__AVX512F__) && defined(__AVX512BW__)
#define KERNELS      kernels_avx512
#define KERNELS_NAME "avx512"
#include "speech/kernels_body.h"
#else
typedef int kernels_avx512_not_for_this_architecture;
#endif
