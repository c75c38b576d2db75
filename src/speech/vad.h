/*
 * Voice activity: Silero VAD v5/v6 at 16 kHz, computed here from silero_vad_16k.safetensors.
 *
 * The network hears chunks of 512 samples (32 ms) with the 64 before them: a transform of 256 samples every 128 (magnitudes),
 * four small convolutions, an LSTM cell that remembers, and one sigmoid: the probability that the chunk has speech.
 * (The wheel's own description of it is silero_vad/tinygrad_model.py; its .onnx files hold other weights.)
 *
 *   vad_open(file, gemm, &v, &e);  vad_feed(v, pcm, chunks, probabilities);  … in order …  vad_free(v);
 *
 * Threads: an object is one stream; vad_feed() runs on the calling thread alone: its products are too small to share. Give it
 * many chunks at once (all but the LSTM are matrix products over the chunks).
 */
#ifndef TITR_SPEECH_VAD_H
#define TITR_SPEECH_VAD_H

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "speech/gemm.h"

#define VAD_CHUNK 512

struct vad;
int vad_open(const char *file, struct gemm *gemm, struct vad **ret, struct err *e); /* ERR_MODEL; gemm outlives it */
void vad_free(struct vad *v);
DEFINE_FREEP(struct vad, vad_free)

/* pcm: chunks * VAD_CHUNK samples that follow on those of the last call; one probability a chunk. */
void vad_feed(struct vad *v, const float *pcm, size_t chunks, float *probabilities);

#endif
