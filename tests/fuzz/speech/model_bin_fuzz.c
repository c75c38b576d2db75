/* model.bin as it may come from anywhere: read, then looked at as a Whisper (names, shapes, numbers). */
#include "speech/ctranslate.h"
#include "tensor_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct tensor_list l;
  struct err e = {0};
  if (ctranslate_read(data, size, &l, &e) < 0) return 0;
  tensor_walk(&l, size);
  return 0;
}
