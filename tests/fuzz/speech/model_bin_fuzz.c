/* model.bin as it may come from anywhere: read, then looked at as a Whisper (names, shapes, numbers). */
#include <stdint.h>
#include <stdlib.h>

#include "speech/ctranslate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct tensor_list l;
  struct err e = {0};
  if (ctranslate_read(data, size, &l, &e) < 0) return 0;
  for (size_t i = 0; i < l.count; i++) {
    const struct tensor *t = tensor_list_find(&l, l.tensors[i].name);
    if (t != &l.tensors[i]) abort();
    if (t->count > size) abort();
    float *values = malloc(t->count * sizeof *values);
    if (values) tensor_copy(t, 0, t->count, values);
    free(values);
  }
  tensor_list_release(&l);
  return 0;
}
