/* Writers of model.bin and model.safetensors, for tests. */
#ifndef TITR_TESTS_FAKE_WEIGHTS_H
#define TITR_TESTS_FAKE_WEIGHTS_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "unit/speech/fake_model.h"

static inline void fake_number(struct buf *b, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; i++) buf_addc(b, (char)(v >> (8 * i)));
}

static inline void fake_string(struct buf *b, const char *s) {
  fake_number(b, strlen(s) + 1, 2);
  buf_add(b, s, strlen(s) + 1);
}

static inline void fake_begin(struct buf *b, uint32_t version, const char *spec, uint32_t tensors) {
  fake_number(b, version, 4);
  fake_string(b, spec);
  fake_number(b, 3, 4);
  fake_number(b, tensors, 4);
}

/* What stands before a tensor's numbers. */
static inline void fake_head(struct buf *b, const char *name, int rank, const uint32_t *dims, int type,
                             uint32_t bytes) {
  fake_string(b, name);
  fake_number(b, (uint64_t)rank, 1);
  for (int i = 0; i < rank; i++) fake_number(b, dims[i], 4);
  fake_number(b, (uint64_t)type, 1);
  fake_number(b, bytes, 4);
}

static inline void fake_tensor(struct buf *b, const char *name, int rank, const uint32_t *dims, int type,
                               const void *data, uint32_t bytes) {
  fake_head(b, name, rank, dims, type, bytes);
  buf_add(b, data, bytes);
}

static inline void fake_aliases(struct buf *b, uint32_t count, const char *const *pairs) {
  fake_number(b, count, 4);
  for (uint32_t i = 0; i < 2 * count; i++) fake_string(b, pairs[i]);
}

static inline void fake_safetensors(struct buf *b, const char *header, const void *data, size_t bytes) {
  fake_number(b, strlen(header), 8);
  buf_adds(b, header);
  buf_add(b, data, bytes);
}

/* ---- a whole model.bin in f16, whose numbers are holes in the file ---- */

struct fake_bin {
  struct buf heads; /* all that is not numbers … */
  size_t *at;       /* … in parts: where part i starts in heads, and how many bytes of hole stand before it */
  uint64_t *hole;
  size_t parts, at_cap, hole_cap;
  uint32_t tensors;
  const char *spoiled;
};

static inline void fake_bin_tensor(struct fake_bin *f, const char *name, int rank, uint32_t a, uint32_t b, uint32_t c) {
  uint32_t dims[3] = {a, b, c}, count = 1;
  if (f->spoiled && strcmp(f->spoiled, name) == 0) dims[0] += 64;
  for (int i = 0; i < rank; i++) count *= dims[i];
  fake_head(&f->heads, name, rank, dims, 4, 2 * count);
  x_grow(&f->at, &f->at_cap, f->parts + 1, sizeof *f->at);
  x_grow(&f->hole, &f->hole_cap, f->parts + 1, sizeof *f->hole);
  f->at[f->parts] = f->heads.len;
  f->hole[f->parts++] = 2ULL * count;
  f->tensors++;
}

static inline void fake_bin_linear(struct fake_bin *f, const char *prefix, const char *name, uint32_t outputs,
                                   uint32_t inputs) {
  char full[128];
  snprintf(full, sizeof full, "%s/%s/%s", prefix, name, inputs ? "weight" : "gamma");
  fake_bin_tensor(f, full, inputs ? 2 : 1, outputs, inputs, 0);
  snprintf(full, sizeof full, "%s/%s/%s", prefix, name, inputs ? "bias" : "beta");
  fake_bin_tensor(f, full, 1, outputs, 0, 0);
}

static inline void fake_whisper(const char *dir, uint32_t mels, uint32_t d, uint32_t encoder, uint32_t decoder,
                                uint32_t vocab, const char *spoiled) {
  struct fake_bin f = {.spoiled = spoiled};
  int16_t heads = (int16_t)(d / 64);
  char prefix[64];
  fake_bin_tensor(&f, "encoder/conv1/weight", 3, d, mels, 3);
  fake_bin_tensor(&f, "encoder/conv2/weight", 3, d, d, 3);
  fake_bin_tensor(&f, "encoder/position_encodings/encodings", 2, 1500, d, 0);
  fake_bin_tensor(&f, "decoder/position_encodings/encodings", 2, 448, d, 0);
  fake_bin_tensor(&f, "decoder/embeddings/weight", 2, vocab, d, 0);
  fake_bin_tensor(&f, "decoder/projection/weight", 2, vocab, d, 0);
  for (uint32_t i = 0; i < encoder + decoder; i++) {
    int is_decoder = i >= encoder;
    snprintf(prefix, sizeof prefix, "%s/layer_%u", is_decoder ? "decoder" : "encoder", is_decoder ? i - encoder : i);
    fake_bin_linear(&f, prefix, "self_attention/layer_norm", d, 0);
    fake_bin_linear(&f, prefix, "self_attention/linear_0", 3 * d, d);
    fake_bin_linear(&f, prefix, "self_attention/linear_1", d, d);
    if (is_decoder) {
      fake_bin_linear(&f, prefix, "attention/layer_norm", d, 0);
      fake_bin_linear(&f, prefix, "attention/linear_0", d, d);
      fake_bin_linear(&f, prefix, "attention/linear_1", 2 * d, d);
      fake_bin_linear(&f, prefix, "attention/linear_2", d, d);
    }
    fake_bin_linear(&f, prefix, "ffn/layer_norm", d, 0);
    fake_bin_linear(&f, prefix, "ffn/linear_0", 4 * d, d);
    fake_bin_linear(&f, prefix, "ffn/linear_1", d, 4 * d);
  }
  if (spoiled && strcmp(spoiled, "encoder/num_heads") == 0) heads++;
  fake_tensor(&f.heads, "encoder/num_heads", 0, NULL, 2, &heads, sizeof heads);
  f.tensors++;
  fake_aliases(&f.heads, 0, NULL);

  struct buf begin = BUF_INIT;
  fake_begin(&begin, 6, "WhisperSpec", f.tensors);
  char *path = fake_path(dir, "model.bin");
  int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  if (fd < 0 || write(fd, begin.data, begin.len) < 0) abort();
  off_t to = (off_t)begin.len;
  for (size_t i = 0, from = 0; i <= f.parts; i++) {
    size_t until = i < f.parts ? f.at[i] : f.heads.len;
    if (pwrite(fd, f.heads.data + from, until - from, to) != (ssize_t)(until - from)) abort();
    to += (off_t)(until - from) + (off_t)(i < f.parts ? f.hole[i] : 0);
    from = until;
  }
  if (ftruncate(fd, to) < 0 || close(fd) < 0) abort();
  free(path);
  free(f.at);
  free(f.hole);
  buf_release(&begin);
  buf_release(&f.heads);
}

#endif
