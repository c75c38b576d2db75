/*
 * The network's weights, packed for this machine: what encoder.h and decoder.h compute with. Read-only after
 * whisper_load() (the gemm's list of primitives grows under its own lock).
 *
 * Shapes: d = model width, f = 4 d, h heads of d / h; linear layers are matrices [outputs][inputs].
 */
#ifndef TITR_SPEECH_WHISPER_H
#define TITR_SPEECH_WHISPER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "speech/gemm.h"
#include "speech/weights.h"
#include "speech/whisper_config.h"

struct norm {
  float *gamma, *beta; /* [d] */
};

struct encoder_layer {
  struct norm attention_norm, ffn_norm;
  struct matrix *qkv, *out; /* [3d][d], [d][d] */
  struct matrix *up, *down; /* [f][d], [d][f] */
};

struct decoder_layer {
  struct norm self_norm, cross_norm, ffn_norm;
  struct matrix *self_qkv, *self_out;
  struct matrix *cross_q, *cross_kv, *cross_out; /* [d][d], [2d][d], [d][d] */
  struct matrix *up, *down;
};

struct whisper {
  struct whisper_config config;
  struct gemm *gemm;
  struct weights *weights; /* kept open: "decoder/embeddings/weight" [vocab][d] is looked up there, row by row */

  struct matrix *conv1, *conv2; /* [d][3 mels], [d][3 d], inner order (tap, channel) */
  float *encoder_positions;     /* [audio_ctx][d] */
  struct encoder_layer *encoder;
  struct norm encoder_norm;

  float *decoder_positions; /* [text_ctx][d] */
  struct decoder_layer *decoder;
  struct norm decoder_norm;
  struct matrix *projection; /* [vocab][d] */
};

/* Takes `weights` over on success. */
int whisper_load(struct weights *weights, const struct whisper_config *config, struct gemm *gemm, struct whisper **ret,
                 struct err *e);
void whisper_free(struct whisper *w);
DEFINE_FREEP(struct whisper, whisper_free)

#endif
