#include "speech/ctranslate.h"

#include <stdbool.h>
#include <string.h>

struct reader {
  const unsigned char *at, *end;
  bool cut; /* something ran past the end */
};

static uint64_t number(struct reader *r, size_t bytes) {
  if ((size_t)(r->end - r->at) < bytes) {
    r->cut = true;
    r->at = r->end;
    return 0;
  }
  uint64_t v = 0;
  for (size_t i = 0; i < bytes; i++) v |= (uint64_t)r->at[i] << (8 * i);
  r->at += bytes;
  return v;
}

static const unsigned char *bytes_of(struct reader *r, size_t n) {
  if ((size_t)(r->end - r->at) < n) {
    r->cut = true;
    r->at = r->end;
    return NULL;
  }
  const unsigned char *p = r->at;
  r->at += n;
  return p;
}

/* Without its NUL; *ret_len 0 when it is cut. */
static const char *string(struct reader *r, size_t *ret_len) {
  size_t n = (size_t)number(r, 2);
  const unsigned char *p = bytes_of(r, n);
  *ret_len = p ? strnlen((const char *)p, n) : 0;
  return (const char *)p;
}

static int cut(struct err *e) {
  return err_set(e, ERR_MODEL,
                 "model.bin is cut short or damaged; `titr models verify` tells, `titr models pull` fetches it again");
}

static int read_tensor(struct reader *r, struct tensor_list *l, struct err *e) {
  static const enum tensor_type types[] = {TENSOR_F32, TENSOR_I8, TENSOR_I16, TENSOR_I32, TENSOR_F16, TENSOR_BF16};
  size_t len;
  const char *name = string(r, &len);
  struct tensor t = {.rank = (int)number(r, 1)};
  if (r->cut || len == 0) return cut(e);
  char shown[128];
  size_t n = len < sizeof shown - 1 ? len : sizeof shown - 1;
  memcpy(shown, name, n);
  shown[n] = '\0';
  if (t.rank > LIMIT_TENSOR_RANK)
    return err_set(e, ERR_MODEL, "the tensor %s in the model file has %d dimensions", shown, t.rank);
  for (int i = 0; i < t.rank; i++) t.dims[i] = (int64_t)number(r, 4);
  size_t type = (size_t)number(r, 1), bytes = (size_t)number(r, 4);
  t.data = bytes_of(r, bytes);
  if (r->cut) return cut(e);
  if (type >= sizeof types / sizeof *types)
    return err_set(e, ERR_MODEL, "the tensor %s in the model file has the unknown type %zu", shown, type);
  t.type = types[type];
  int rc = tensor_measure(&t, shown, bytes, e);
  if (rc < 0) return rc;
  tensor_list_add(l, name, len, &t);
  return 0;
}

static int read_aliases(struct reader *r, struct tensor_list *l, struct err *e) {
  size_t count = (size_t)number(r, 4), known = l->count;
  if (count > LIMIT_MODEL_TENSORS)
    return err_set(e, ERR_MODEL, "model.bin has more than %d aliases", LIMIT_MODEL_TENSORS);
  for (size_t i = 0; i < count && !r->cut; i++) {
    size_t alias_len, name_len;
    const char *alias = string(r, &alias_len);
    const char *name = string(r, &name_len);
    if (r->cut || l->count >= LIMIT_MODEL_TENSORS) return cut(e);
    for (size_t k = 0; k < known; k++)
      if (strlen(l->tensors[k].name) == name_len && memcmp(l->tensors[k].name, name, name_len) == 0) {
        struct tensor same = l->tensors[k];
        tensor_list_add(l, alias, alias_len, &same);
        break;
      }
  }
  return r->cut ? cut(e) : 0;
}

int ctranslate_read(const unsigned char *bytes, size_t n, struct tensor_list *ret, struct err *e) {
  struct reader r = {bytes, bytes + n, false};
  uint64_t version = number(&r, 4);
  if (r.cut || version < 5 || version > 6)
    return err_set(e, ERR_MODEL, "model.bin is no CTranslate2 model of version 5 or 6");
  size_t len;
  const char *spec = string(&r, &len);
  if (!spec || len != strlen("WhisperSpec") || memcmp(spec, "WhisperSpec", len) != 0)
    return err_set(e, ERR_MODEL, "model.bin is a CTranslate2 model, but not of Whisper");
  number(&r, 4); /* revision */
  size_t count = (size_t)number(&r, 4);
  if (count > LIMIT_MODEL_TENSORS)
    return err_set(e, ERR_MODEL, "model.bin has more than %d tensors", LIMIT_MODEL_TENSORS);
  struct tensor_list l = {0};
  int rc = 0;
  for (size_t i = 0; rc == 0 && i < count; i++) rc = read_tensor(&r, &l, e);
  if (rc == 0) rc = read_aliases(&r, &l, e);
  if (rc == 0) rc = tensor_list_sort(&l, e);
  if (rc < 0) {
    tensor_list_release(&l);
    return rc;
  }
  *ret = l;
  return 0;
}
