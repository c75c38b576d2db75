/*
 * What stands before and behind the network, on its own, for bench/parity_front.py: numbers in and out as raw f32 or
 * int32 on standard input and output, times on standard error.
 *
 *   parity_front mel BANDS             pcm -> [BANDS][3000]
 *   parity_front vad FILE              pcm -> one probability a chunk
 *   parity_front encode DIR VOCAB      lines of text -> lines of token ids
 *   parity_front split DIR VOCAB LANG  lines of token ids -> lines of words, "|" between them
 *   parity_front non-speech DIR VOCAB  -> a line of token ids
 *   parity_front weights DIR NAME      -> the tensor
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "speech/mel.h"
#include "speech/tokenizer.h"
#include "speech/vad.h"
#include "speech/weights.h"

enum { MOST_INPUT = 1 << 30 };

static int finish(int rc, const struct err *e) {
  if (rc < 0) fprintf(stderr, "%s\n", e->msg);
  return rc < 0 ? 1 : 0;
}

static void put(const void *bytes, size_t n) {
  if (fwrite(bytes, 1, n, stdout) != n) exit(1);
}

static int run_mel(const char *bands, const struct buf *in) {
  int n = (int)strtol(bands, NULL, 10);
  struct mel *m = mel_new(n);
  float *pcm = x_aligned(in->len, 1), *out = x_aligned((size_t)n * MEL_FRAMES, sizeof *out);
  memcpy(pcm, buf_str(in), in->len);
  mel_compute(m, pcm, in->len / sizeof *pcm, out);
  double began = clock_now();
  for (int i = 0; i < 10; i++) mel_compute(m, pcm, in->len / sizeof *pcm, out);
  fprintf(stderr, "mel: %.1f ms a window\n", (clock_now() - began) * 100);
  put(out, (size_t)n * MEL_FRAMES * sizeof *out);
  free(pcm);
  free(out);
  mel_free(m);
  return 0;
}

static int run_vad(const char *file, const struct buf *in) {
  struct err e;
  struct gemm *g;
  struct vad *v;
  int rc = gemm_new(1, &g, &e);
  if (rc < 0) return finish(rc, &e);
  rc = vad_open(file, g, &v, &e);
  if (rc < 0) return finish(rc, &e);
  size_t chunks = in->len / sizeof(float) / VAD_CHUNK;
  float *pcm = x_aligned(in->len, 1), *p = x_aligned(chunks, sizeof *p);
  memcpy(pcm, buf_str(in), in->len);
  double began = clock_now();
  for (size_t i = 0; i < chunks; i += 31) /* a second at a time, as in a recognition */
    vad_feed(v, pcm + i * VAD_CHUNK, chunks - i < 31 ? chunks - i : 31, p + i);
  double took = clock_now() - began;
  fprintf(stderr, "vad: %.3f s for %.1f s of sound\n", took, (double)chunks * VAD_CHUNK / 16000);
  put(p, chunks * sizeof *p);
  free(pcm);
  free(p);
  vad_free(v);
  gemm_free(g);
  return 0;
}

/* The next line of `in` from *at on, without its end; NULL behind the last. Caller frees. */
static char *next_line(const struct buf *in, size_t *at) {
  if (*at >= in->len) return NULL;
  const char *s = buf_str(in) + *at;
  size_t n = strcspn(s, "\n");
  *at += n + 1;
  return x_strndup(s, n);
}

static int run_tokenizer(char **argv, const struct buf *in) {
  struct err e;
  struct tokenizer *t;
  int rc = tokenizer_open(argv[2], (int)strtol(argv[3], NULL, 10), &t, &e);
  if (rc < 0) return finish(rc, &e);
  size_t at = 0;
  for (char *line; rc == 0 && (line = next_line(in, &at)); free(line)) {
    int *ids = NULL;
    size_t n = 0;
    if (strcmp(argv[1], "encode") == 0) {
      rc = tokenizer_encode(t, line, &ids, &n, &e);
      for (size_t i = 0; rc == 0 && i < n; i++) printf("%s%d", i ? " " : "", ids[i]);
    } else {
      ids = NEW_ARRAY(int, strlen(line) + 1);
      for (char *p = line, *end; *p; p = end) {
        long id = strtol(p, &end, 10);
        if (end == p) break;
        ids[n++] = (int)id;
      }
      struct token_word *words;
      size_t count = tokenizer_split(t, ids, n, argv[4], &words);
      for (size_t i = 0; i < count; i++) {
        printf("%s%s", i ? "|" : "", words[i].text);
        free(words[i].text);
      }
      free(words);
    }
    putchar('\n');
    free(ids);
  }
  tokenizer_free(t);
  return finish(rc, &e);
}

static int run_non_speech(const char *dir, const char *vocab) {
  struct err e;
  struct tokenizer *t;
  int ids[512];
  int rc = tokenizer_open(dir, (int)strtol(vocab, NULL, 10), &t, &e);
  if (rc < 0) return finish(rc, &e);
  size_t n = tokenizer_non_speech(t, ids, ARRAY_LEN(ids));
  for (size_t i = 0; i < n; i++) printf("%s%d", i ? " " : "", ids[i]);
  putchar('\n');
  tokenizer_free(t);
  return 0;
}

static int run_weights(const char *dir, const char *name) {
  struct err e;
  struct weights *w;
  int64_t dims[LIMIT_TENSOR_RANK];
  int rank;
  int rc = weights_open(dir, &w, &e);
  if (rc < 0) return finish(rc, &e);
  rc = weights_shape(w, name, dims, &rank, &e);
  if (rc == 0) {
    size_t count = 1;
    for (int i = 0; i < rank; i++) count *= (size_t)dims[i];
    float *out = x_aligned(count, sizeof *out);
    double began = clock_now();
    rc = weights_copy(w, name, 0, count, out, &e);
    fprintf(stderr, "weights: %.0f million values a second\n", (double)count / (clock_now() - began) / 1e6);
    if (rc == 0) put(out, count * sizeof *out);
    free(out);
  }
  weights_free(w);
  return finish(rc, &e);
}

int main(int argc, char **argv) {
  struct buf in = BUF_INIT;
  struct err e;
  const char *what = argc > 2 ? argv[1] : "";
  if (strcmp(what, "weights") == 0 && argc == 4) return run_weights(argv[2], argv[3]);
  if (strcmp(what, "non-speech") == 0 && argc == 4) return run_non_speech(argv[2], argv[3]);
  if (file_read("-", MOST_INPUT, &in, &e) < 0) return finish(-1, &e);
  int rc = 2;
  if (strcmp(what, "mel") == 0) rc = run_mel(argv[2], &in);
  else if (strcmp(what, "vad") == 0) rc = run_vad(argv[2], &in);
  else if ((strcmp(what, "encode") == 0 && argc == 4) || (strcmp(what, "split") == 0 && argc == 5))
    rc = run_tokenizer(argv, &in);
  else fprintf(stderr, "usage: see the head of bench/parity_front.c\n");
  buf_release(&in);
  return rc;
}
