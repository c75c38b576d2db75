/* Named tensors inside a mapped file: what the readers of model files give to weights.h. */
#ifndef TITR_SPEECH_TENSOR_H
#define TITR_SPEECH_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"

enum tensor_type { TENSOR_F32, TENSOR_F16, TENSOR_BF16, TENSOR_I8, TENSOR_I16, TENSOR_I32 };

struct tensor {
  char *name; /* owned by the list */
  enum tensor_type type;
  int rank;
  int64_t dims[LIMIT_TENSOR_RANK];
  size_t count;              /* of elements; 1 for a scalar */
  const unsigned char *data; /* little-endian, perhaps unaligned, inside the mapped file */
};

struct tensor_list { /* sorted by name after tensor_list_sort(), names unique */
  struct tensor *tensors;
  size_t count, cap;
};

void tensor_list_release(struct tensor_list *l);
void tensor_list_add(struct tensor_list *l, const char *name, size_t name_len,
                     const struct tensor *t);                                         /* copies the name */
int tensor_list_sort(struct tensor_list *l, struct err *e);                           /* ERR_MODEL on a double name */
const struct tensor *tensor_list_find(const struct tensor_list *l, const char *name); /* NULL when there is none */

size_t tensor_element(enum tensor_type t); /* bytes */
/* Sets t->count from rank and dims; ERR_MODEL when it does not fit `bytes` exactly. */
int tensor_measure(struct tensor *t, const char *name, size_t bytes, struct err *e);
/* `count` values from the `first` on as f32; the caller has checked the range. */
void tensor_copy(const struct tensor *t, size_t first, size_t count, float *out);

#endif
