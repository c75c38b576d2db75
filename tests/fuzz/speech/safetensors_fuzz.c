/* A safetensors file as it may come from anywhere: every tensor's numbers are read. */
#include "speech/safetensors.h"
#include "tensor_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct tensor_list l;
  struct err e = {0};
  if (safetensors_read(data, size, &l, &e) < 0) return 0;
  tensor_walk(&l, size);
  return 0;
}
