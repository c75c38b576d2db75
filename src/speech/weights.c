/*
 * DESIGN. Either file becomes a sorted list of entries under CTranslate2's names. An entry is one to three pieces put
 * together along the first axis: the original checkpoints keep q, k and v apart, and have no bias for k (a piece of
 * zeros). A lookup is a binary search, a copy a conversion of a range.
 */
#include "speech/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "speech/ctranslate.h"
#include "speech/safetensors.h"

enum { MOST_PIECES = 3 };

struct entry {
  char name[112];
  int pieces;
  const struct tensor *piece[MOST_PIECES]; /* NULL: zeros, as many as the first piece has */
  const struct tensor *scale;              /* int8, int16: one a row, or one; value = q / scale */
};

struct weights {
  char *path;
  unsigned char *bytes;
  size_t size;
  struct tensor_list tensors;
  struct entry *entries;
  size_t count, cap;
};

static int map_file(const char *path, struct weights *w, struct err *e) {
  _cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return err_errno(e, ERR_MODEL, errno, "cannot open the model file %s", path);
  struct stat st;
  if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) return err_set(e, ERR_MODEL, "%s is not a file", path);
  if (st.st_size <= 0 || st.st_size > LIMIT_MODEL_BYTES)
    return err_set(e, ERR_MODEL, "the model file %s is empty or larger than %lld bytes", path, LIMIT_MODEL_BYTES);
  void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (p == MAP_FAILED) return err_errno(e, ERR_MODEL, errno, "cannot map the model file %s", path);
  w->bytes = p;
  w->size = (size_t)st.st_size;
  return 0;
}

static struct entry *entry_add(struct weights *w, const char *name) {
  x_grow(&w->entries, &w->cap, w->count + 1, sizeof *w->entries);
  struct entry *en = &w->entries[w->count++];
  *en = (struct entry){0};
  snprintf(en->name, sizeof en->name, "%s", name);
  return en;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static const struct entry *find(const struct weights *w, const char *name) {
  size_t low = 0, high = w->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(w->entries[middle].name, name);
    if (order == 0) return &w->entries[middle];
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return NULL;
}

static int list_ctranslate(struct weights *w, struct err *e) {
  char scale[128];
  for (size_t i = 0; i < w->tensors.count; i++) {
    const struct tensor *t = &w->tensors.tensors[i];
    struct entry *en = entry_add(w, t->name);
    en->pieces = 1;
    en->piece[0] = t;
    snprintf(scale, sizeof scale, "%.100s_scale", t->name);
    if (t->rank == 0 || (t->type != TENSOR_I8 && t->type != TENSOR_I16)) continue;
    const struct tensor *s = tensor_list_find(&w->tensors, scale);
    bool fits = s && s->type == TENSOR_F32 && (s->count == 1 || s->count == (size_t)t->dims[0]);
    if (s && !fits) return err_set(e, ERR_MODEL, "the scales of %s in the model file do not fit it", t->name);
    if (!s && t->rank > 1 && t->count > (size_t)t->dims[0] && strstr(t->name, "weight"))
      return err_set(e, ERR_MODEL, "the model file lacks the scales of %s", t->name);
    en->scale = s;
  }
  return 0;
}

/* ---- the original checkpoint's names ---- */

struct translation {
  const char *theirs, *ours;
  int part, parts;
};

/* Inside a layer; their names end in .weight or .bias, norms become gamma and beta. */
static const struct translation layer_names[] = {
    {"self_attn.q_proj", "self_attention/linear_0", 0, 3},
    {"self_attn.k_proj", "self_attention/linear_0", 1, 3},
    {"self_attn.v_proj", "self_attention/linear_0", 2, 3},
    {"self_attn.out_proj", "self_attention/linear_1", 0, 1},
    {"self_attn_layer_norm", "self_attention/layer_norm", 0, 1},
    {"encoder_attn.q_proj", "attention/linear_0", 0, 1},
    {"encoder_attn.k_proj", "attention/linear_1", 0, 2},
    {"encoder_attn.v_proj", "attention/linear_1", 1, 2},
    {"encoder_attn.out_proj", "attention/linear_2", 0, 1},
    {"encoder_attn_layer_norm", "attention/layer_norm", 0, 1},
    {"final_layer_norm", "ffn/layer_norm", 0, 1},
    {"fc1", "ffn/linear_0", 0, 1},
    {"fc2", "ffn/linear_1", 0, 1},
};
static const struct translation outer_names[] = {
    {"encoder.conv1", "encoder/conv1", 0, 1},
    {"encoder.conv2", "encoder/conv2", 0, 1},
    {"encoder.embed_positions", "encoder/position_encodings/encodings", 0, 1},
    {"encoder.layer_norm", "encoder/layer_norm", 0, 1},
    {"decoder.embed_tokens", "decoder/embeddings", 0, 1},
    {"decoder.embed_positions", "decoder/position_encodings/encodings", 0, 1},
    {"decoder.layer_norm", "decoder/layer_norm", 0, 1},
    {"proj_out", "decoder/projection", 0, 1},
};

static const struct translation *translate(const struct translation *table, size_t n, const char *name, size_t len) {
  for (size_t i = 0; i < n; i++)
    if (strlen(table[i].theirs) == len && memcmp(table[i].theirs, name, len) == 0) return &table[i];
  return NULL;
}

/* "encoder.layers.12.fc1" -> "encoder" and 12; what follows the number and its dot, NULL when it is no layer's. */
static const char *layer_of(const char *theirs, const char **ret_side, long *ret_layer) {
  static const char *const sides[] = {"encoder", "decoder"};
  static const char layers[] = ".layers.";
  for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
    size_t n = strlen(sides[i]);
    if (strncmp(theirs, sides[i], n) != 0 || strncmp(theirs + n, layers, strlen(layers)) != 0) continue;
    const char *digits = theirs + n + strlen(layers);
    if (*digits < '0' || *digits > '9') return NULL;
    char *end;
    long layer = strtol(digits, &end, 10);
    if (*end != '.' || layer > 999) return NULL;
    *ret_side = sides[i];
    *ret_layer = layer;
    return end + 1;
  }
  return NULL;
}

/* "model.decoder.layers.3.fc1.bias" -> "decoder/layer_3/ffn/linear_0/bias"; NULL for what Whisper does not use. */
static const struct translation *our_name(const char *theirs, char ours[112]) {
  if (strncmp(theirs, "model.", 6) == 0) theirs += 6;
  const char *dot = strrchr(theirs, '.');
  if (!dot) return NULL;
  bool is_weight = strcmp(dot, ".weight") == 0;
  if (!is_weight && strcmp(dot, ".bias") != 0) return NULL;
  const char *side;
  long layer;
  const char *inside = layer_of(theirs, &side, &layer);
  const struct translation *t = NULL;
  if (inside && inside < dot) {
    t = translate(layer_names, ARRAY_LEN(layer_names), inside, (size_t)(dot - inside));
    if (t) snprintf(ours, 112, "%s/layer_%ld/%s", side, layer, t->ours);
  } else if (!inside) {
    t = translate(outer_names, ARRAY_LEN(outer_names), theirs, (size_t)(dot - theirs));
    if (t) snprintf(ours, 112, "%s", t->ours);
  }
  if (!t) return NULL;
  size_t len = strlen(ours);
  if (strstr(ours, "encodings")) return t;
  bool norm = strstr(ours, "layer_norm") != NULL;
  snprintf(ours + len, 112 - len, "/%s", norm ? (is_weight ? "gamma" : "beta") : is_weight ? "weight" : "bias");
  return t;
}

static void list_safetensors(struct weights *w) {
  char name[112];
  for (size_t i = 0; i < w->tensors.count; i++) {
    const struct tensor *t = &w->tensors.tensors[i];
    const struct translation *tr = our_name(t->name, name);
    if (!tr) continue;
    struct entry *en = NULL;
    for (size_t k = 0; k < w->count && !en; k++)
      if (strcmp(w->entries[k].name, name) == 0) en = &w->entries[k];
    if (!en) en = entry_add(w, name);
    en->pieces = tr->parts;
    en->piece[tr->part] = t;
  }
}

/* The output projection shares the embeddings' numbers where a file does not repeat them. */
static void tie_projection(struct weights *w) {
  qsort(w->entries, w->count, sizeof *w->entries, by_name);
  const struct entry *embeddings = find(w, "decoder/embeddings/weight");
  if (!embeddings || find(w, "decoder/projection/weight")) return;
  struct entry copy = *embeddings;
  struct entry *en = entry_add(w, "decoder/projection/weight");
  en->pieces = copy.pieces;
  en->piece[0] = copy.piece[0];
  en->scale = copy.scale;
  qsort(w->entries, w->count, sizeof *w->entries, by_name);
}

static int check_entries(const struct weights *w, struct err *e) {
  for (size_t i = 0; i < w->count; i++) {
    const struct entry *en = &w->entries[i];
    const struct tensor *first = en->piece[0];
    if (!first) return err_set(e, ERR_MODEL, "the model file lacks a part of %s", en->name);
    for (int p = 1; p < en->pieces; p++) {
      const struct tensor *t = en->piece[p];
      bool zeros_allowed = first->rank == 1;
      if (!t && zeros_allowed) continue;
      if (!t || t->rank != first->rank || memcmp(t->dims, first->dims, sizeof t->dims) != 0)
        return err_set(e, ERR_MODEL, "the parts of %s in the model file do not fit together", en->name);
    }
  }
  return 0;
}

int weights_open(const char *dir, struct weights **ret, struct err *e) {
  _cleanup_(weights_freep) struct weights *w = NEW(struct weights);
  w->path = x_asprintf("%s/model.bin", dir);
  bool ctranslate = access(w->path, F_OK) == 0;
  if (!ctranslate) {
    free(w->path);
    w->path = x_asprintf("%s/model.safetensors", dir);
    if (access(w->path, F_OK) != 0)
      return err_set(e, ERR_MODEL, "%s holds no model: neither model.bin nor model.safetensors is there", dir);
  }
  int rc = map_file(w->path, w, e);
  if (rc == 0)
    rc = ctranslate ? ctranslate_read(w->bytes, w->size, &w->tensors, e)
                    : safetensors_read(w->bytes, w->size, &w->tensors, e);
  if (rc < 0) return rc;
  if (ctranslate) rc = list_ctranslate(w, e);
  else list_safetensors(w);
  if (rc < 0) return rc;
  if (w->count == 0) return err_set(e, ERR_MODEL, "%s holds no Whisper model", w->path);
  tie_projection(w);
  rc = check_entries(w, e);
  if (rc < 0) return rc;
  *ret = TAKE(w);
  return 0;
}

void weights_let_go(const struct weights *w) {
  madvise(w->bytes, w->size, MADV_DONTNEED); /* a read-only mapping of a file: nothing is lost */
}

void weights_free(struct weights *w) {
  if (!w) return;
  tensor_list_release(&w->tensors);
  if (w->bytes) munmap(w->bytes, w->size);
  free(w->entries);
  free(w->path);
  free(w);
}

bool weights_has(const struct weights *w, const char *name) {
  return find(w, name) != NULL;
}

int weights_shape(const struct weights *w, const char *name, int64_t dims[LIMIT_TENSOR_RANK], int *ret_rank,
                  struct err *e) {
  const struct entry *en = find(w, name);
  if (!en) return err_set(e, ERR_MODEL, "the model file %s lacks %s", w->path, name);
  memcpy(dims, en->piece[0]->dims, sizeof en->piece[0]->dims);
  if (en->piece[0]->rank > 0) dims[0] *= en->pieces;
  *ret_rank = en->piece[0]->rank;
  return 0;
}

static void copy_piece(const struct entry *en, const struct tensor *t, size_t first, size_t count, float *out) {
  if (!t) {
    memset(out, 0, count * sizeof *out);
    return;
  }
  tensor_copy(t, first, count, out);
  if (!en->scale) return;
  size_t row = t->count / en->scale->count;
  for (size_t i = 0; i < count; i++) {
    float scale;
    tensor_copy(en->scale, (first + i) / row, 1, &scale);
    size_t until = ((first + i) / row + 1) * row - first;
    for (; i < count && i < until; i++) out[i] /= scale;
    i--;
  }
}

int weights_copy(const struct weights *w, const char *name, size_t first, size_t count, float *out, struct err *e) {
  const struct entry *en = find(w, name);
  if (!en) return err_set(e, ERR_MODEL, "the model file %s lacks %s", w->path, name);
  size_t each = en->piece[0]->count, total = each * (size_t)en->pieces;
  if (first > total || count > total - first)
    return err_set(e, ERR_MODEL, "the tensor %s in %s has another shape than a Whisper model's", name, w->path);
  while (count > 0) {
    size_t inside = first % each, n = each - inside < count ? each - inside : count;
    copy_piece(en, en->piece[first / each], inside, n, out);
    first += n;
    count -= n;
    out += n;
  }
  return 0;
}

int64_t weights_scalar(const struct weights *w, const char *name, int64_t otherwise) {
  float v = 0;
  const struct entry *en = find(w, name);
  if (!en || en->piece[0]->count != 1 || weights_copy(w, name, 0, 1, &v, NULL) < 0) return otherwise;
  return (int64_t)v;
}

const char *weights_path(const struct weights *w) {
  return w->path;
}
