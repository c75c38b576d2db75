#include "speech/safetensors.h"

#include <string.h>

#include "base/json.h"

static int type_of(const char *name, enum tensor_type *ret) {
  static const struct {
    const char *name;
    enum tensor_type type;
  } types[] = {{"F32", TENSOR_F32}, {"F16", TENSOR_F16}, {"BF16", TENSOR_BF16},
               {"I8", TENSOR_I8},   {"I16", TENSOR_I16}, {"I32", TENSOR_I32}};
  for (size_t i = 0; i < ARRAY_LEN(types); i++)
    if (strcmp(types[i].name, name) == 0) {
      *ret = types[i].type;
      return 0;
    }
  return -1;
}

static int read_entry(const char *name, struct js *v, const unsigned char *data, size_t n, struct tensor_list *l,
                      struct err *e) {
  const char *type = "";
  int64_t from = 0, to = 0;
  struct js *shape = NULL;
  size_t rank = 0;
  int rc = js_get_string(v, "dtype", &type, e);
  if (rc == 0) rc = js_get_array(v, "shape", &shape, &rank, e);
  if (rc == 0) rc = js_get_int(v, "data_offsets[0]", 0, (int64_t)n, &from, e);
  if (rc == 0) rc = js_get_int(v, "data_offsets[1]", from, (int64_t)n, &to, e);
  if (rc < 0) return err_prefix(e, "%.100s", name);
  struct tensor t = {.rank = (int)rank, .data = data + from};
  if (rank > LIMIT_TENSOR_RANK) return err_set(e, ERR_MODEL, "the tensor %.100s has %zu dimensions", name, rank);
  if (type_of(type, &t.type) < 0)
    return err_set(e, ERR_MODEL, "the tensor %.100s has the unknown type %.20s", name, type);
  for (size_t i = 0; i < rank; i++) {
    rc = js_get_int(js_item(shape, i), "", 1, INT64_MAX, &t.dims[i], e);
    if (rc < 0) return err_prefix(e, "the shape of the tensor %.100s", name);
  }
  rc = tensor_measure(&t, name, (size_t)(to - from), e);
  if (rc < 0) return rc;
  tensor_list_add(l, name, strlen(name), &t);
  return 0;
}

int safetensors_read(const unsigned char *bytes, size_t n, struct tensor_list *ret, struct err *e) {
  uint64_t header = 0;
  for (size_t i = 0; i < 8 && i < n; i++) header |= (uint64_t)bytes[i] << (8 * i);
  if (n < 8 || header > n - 8) return err_set(e, ERR_MODEL, "the safetensors file is cut short or damaged");
  _cleanup_(js_freep) struct js *root = NULL;
  int rc = js_parse((const char *)bytes + 8, (size_t)header, "the safetensors header", &root, e);
  if (rc < 0) goto fail;
  if (!js_is_object(root)) return err_set(e, ERR_MODEL, "the safetensors header is no object");
  if (js_len(root) > LIMIT_MODEL_TENSORS)
    return err_set(e, ERR_MODEL, "the safetensors file has more than %d tensors", LIMIT_MODEL_TENSORS);
  struct tensor_list l = {0};
  const char *name;
  struct js *value;
  for (void *it = NULL; rc == 0 && js_next(root, &it, &name, &value);)
    if (strcmp(name, "__metadata__") != 0)
      rc = read_entry(name, value, bytes + 8 + header, n - 8 - (size_t)header, &l, e);
  if (rc == 0) rc = tensor_list_sort(&l, e);
  if (rc < 0) {
    tensor_list_release(&l);
    goto fail;
  }
  *ret = l;
  return 0;
fail:
  if (e) e->code = ERR_MODEL;
  return ERR_MODEL;
}
