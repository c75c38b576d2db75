/* What a model is, read from its weights' shapes and its config.json: any size, 80 or 128 mels, .en, turbo, distil. */
#ifndef TITR_SPEECH_WHISPER_CONFIG_H
#define TITR_SPEECH_WHISPER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "speech/weights.h"

#define WHISPER_MOST_SUPPRESSED      512
#define WHISPER_MOST_ALIGNMENT_HEADS 1024

struct whisper_config {
  int n_mels;         /* 80 or 128 */
  int d_model, heads; /* heads of 64 */
  int encoder_layers, decoder_layers;
  int vocab;
  int audio_ctx, text_ctx;                              /* positions: 1500, 448 */
  bool multilingual;                                    /* false for .en */
  int alignment_heads[WHISPER_MOST_ALIGNMENT_HEADS][2]; /* {decoder layer, head} */
  size_t alignment_head_count;
  int suppress[WHISPER_MOST_SUPPRESSED]; /* tokens never said */
  size_t suppress_count;
  int suppress_begin[WHISPER_MOST_SUPPRESSED]; /* tokens not said first */
  size_t suppress_begin_count;
};

/* `dir` is searched for config.json and generation_config.json; both may be absent: the heads of the decoder's upper half
 * then align, and the lists of tokens are empty (tokenizer_non_speech() makes one). ERR_MODEL when shapes do not make a
 * Whisper: every matrix and norm of every layer is held against the sizes. */
int whisper_config_read(const char *dir, const struct weights *w, struct whisper_config *ret, struct err *e);

#endif
