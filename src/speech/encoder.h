/*
 * The encoder: log-mel of one 30 s window -> what the decoder attends to.
 *
 * Two convolutions, then layers of self-attention and feed-forward over audio_ctx (1500) positions; at last each
 * decoder layer's keys and values are computed and packed (`audio`), so that nothing of the encoder's output
 * itself is kept. Rows are worked on in blocks of 128 by the OpenMP team, whole chains of row-wise steps at a
 * time, while they are in the core's cache.
 *
 * Threads: an `encoder` is scratch memory for one call at a time; call it outside parallel regions.
 */
#ifndef TITR_SPEECH_ENCODER_H
#define TITR_SPEECH_ENCODER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "speech/whisper.h"

struct encoder;

struct encoder *encoder_new(struct whisper *w);
void encoder_free(struct encoder *en);
DEFINE_FREEP(struct encoder, encoder_free)

/* One window as the decoder sees it: per layer and head, keys [frames][dim] and values transposed [dim][frames]. */
struct audio {
  struct matrix **keys, **values; /* [decoder_layers * heads] */
  size_t count;
};
void audio_free(struct audio *a);
DEFINE_FREEP(struct audio, audio_free)

/* False when *cancel (NULL: never) became true meanwhile: what was computed is of no use. mel: [n_mels][2 * audio_ctx] as mel.h makes it. *audio: NULL, or one to be reused (its memory is kept). When `hidden` is not NULL the
 * encoder's output [audio_ctx][d] is copied there (for comparisons). */
bool encoder_run(struct encoder *en, const float *mel, const atomic_bool *cancel, struct audio **audio, float *hidden);

#endif
