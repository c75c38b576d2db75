#include "base/compress.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"

double compress_ratio(const char *text, size_t n) {
  if (n == 0) return 0;
  uLongf size = compressBound(n);
  _cleanup_(mem_freep) unsigned char *out = x_malloc(size);
  if (compress2(out, &size, (const unsigned char *)text, n, 6) != Z_OK) return 0;
  return (double)n / (double)size;
}
