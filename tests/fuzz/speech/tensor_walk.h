/* Shared by the fuzz targets of model files: every tensor that a reader accepted is found by its name, and read. */
#ifndef TITR_TESTS_FUZZ_TENSOR_WALK_H
#define TITR_TESTS_FUZZ_TENSOR_WALK_H

#include <stdint.h>
#include <stdlib.h>

#include "speech/tensor.h"

static void tensor_walk(struct tensor_list *l, size_t size) {
  for (size_t i = 0; i < l->count; i++) {
    const struct tensor *t = tensor_list_find(l, l->tensors[i].name);
    if (t != &l->tensors[i]) abort();
    if (t->count > size) abort();
    float *values = malloc(t->count * sizeof *values);
    if (values) tensor_copy(t, 0, t->count, values);
    free(values);
  }
  tensor_list_release(l);
}

#endif
