/*
 * The network on its own, for bench/parity_net.py: one window's mel ([bands][3000] raw f32) on standard input.
 *
 *   parity_net encode DIR            -> the encoder's output [1500][d]
 *   parity_net logits DIR TOKEN...   -> the logits behind the last of the tokens [vocab]
 *
 * DIR is a model's folder. The sizes come from it; numbers go out as raw f32.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "speech/decoder.h"
#include "speech/encoder.h"
#include "speech/mel.h"
#include "speech/whisper.h"

enum { MOST_TOKENS = 64, MOST_INPUT = 128 * MEL_FRAMES * sizeof(float) };

static void put(const float *values, size_t count) {
  if (fwrite(values, sizeof *values, count, stdout) != count) exit(1);
}

static int load(const char *dir, struct gemm **ret_gemm, struct whisper **ret, struct err *e) {
  _cleanup_(weights_freep) struct weights *weights = NULL;
  struct whisper_config config;
  int rc = weights_open(dir, &weights, e);
  if (rc == 0) rc = whisper_config_read(dir, weights, &config, e);
  if (rc == 0) rc = gemm_new(2, ret_gemm, e);
  if (rc == 0) rc = whisper_load(weights, &config, *ret_gemm, ret, e);
  if (rc == 0) TAKE(weights);
  return rc;
}

/* Feeds the tokens one after the other, as a forced prefix is. */
static void decode(struct whisper *w, const struct audio *audio, const int *tokens, int count) {
  _cleanup_(decoder_freep) struct decoder *d = decoder_new(w);
  _cleanup_(history_freep) struct history *h = history_new(w, 1);
  static const uint8_t trail[MOST_TOKENS]; /* one hypothesis, always in slot 0 */
  float *logits = x_aligned((size_t)w->config.vocab, sizeof *logits);
  for (int i = 0; i < count; i++) {
    struct decoder_row row = {.history = h, .audio = audio, .token = tokens[i], .position = i, .trail = trail};
    if (i == count - 1) row.logits = logits;
    decoder_step(d, &row, 1, NULL);
  }
  put(logits, (size_t)w->config.vocab);
  free(logits);
}

int main(int argc, char **argv) {
  bool encode = argc == 3 && strcmp(argv[1], "encode") == 0;
  if (!encode && !(argc > 3 && argc - 3 <= MOST_TOKENS && strcmp(argv[1], "logits") == 0)) {
    fprintf(stderr, "usage: parity_net encode DIR | logits DIR TOKEN...\n");
    return 2;
  }
  struct err e;
  _cleanup_(gemm_freep) struct gemm *g = NULL;
  _cleanup_(whisper_freep) struct whisper *w = NULL;
  _cleanup_(buf_release) struct buf in = BUF_INIT;
  int rc = load(argv[2], &g, &w, &e);
  if (rc == 0) rc = file_read("-", MOST_INPUT, &in, &e);
  if (rc == 0 && in.len != (size_t)w->config.n_mels * MEL_FRAMES * sizeof(float))
    rc = err_set(&e, ERR_USAGE, "the mel has %zu bytes, not those of %d bands", in.len, w->config.n_mels);
  if (rc < 0) {
    fprintf(stderr, "%s\n", e.msg);
    return 1;
  }
  float *mel = x_aligned(in.len, 1);
  memcpy(mel, buf_str(&in), in.len);
  size_t outputs = (size_t)w->config.audio_ctx * (size_t)w->config.d_model;
  float *hidden = x_aligned(outputs, sizeof *hidden);
  _cleanup_(encoder_freep) struct encoder *en = encoder_new(w);
  _cleanup_(audio_freep) struct audio *audio = NULL;
  encoder_run(en, mel, NULL, &audio, hidden);
  if (encode) {
    put(hidden, outputs);
  } else {
    int tokens[MOST_TOKENS];
    for (int i = 3; i < argc; i++) {
      tokens[i - 3] = (int)strtol(argv[i], NULL, 10);
      if (tokens[i - 3] < 0 || tokens[i - 3] >= w->config.vocab) return 2;
    }
    decode(w, audio, tokens, argc - 3);
  }
  free(hidden);
  free(mel);
  return 0;
}
