/* The kernels for any processor of the architecture (SSE2, NEON). */
#define KERNELS      kernels_base
#define KERNELS_NAME "base"
#include "speech/kernels_body.h"
