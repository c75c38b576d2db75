/*
 * Log-mel spectrogram as Whisper was trained on: 16 kHz, windows of 400 samples (Hann), hop 160, reflected edges, power,
 * 80 or 128 Slaney mel bands up to 8 kHz, log10, floor 8 below the maximum, (x + 4) / 4.
 * (openai/whisper, audio.py; bands as librosa.filters.mel makes them.)
 *
 * Threads: read-only after mel_new(); mel_compute() spreads over the OpenMP team and is called outside parallel regions.
 */
#ifndef TITR_SPEECH_MEL_H
#define TITR_SPEECH_MEL_H

#include <stddef.h>

#include "base/mem.h"

#define MEL_FRAMES  3000 /* of one window: 30 s */
#define MEL_SAMPLES (30 * 16000)

struct mel;
struct mel *mel_new(int bands); /* 80 or 128 */
void mel_free(struct mel *m);
DEFINE_FREEP(struct mel, mel_free)

/* pcm: at most MEL_SAMPLES, the rest of the 30 s is silence. out: [bands][MEL_FRAMES]. */
void mel_compute(const struct mel *m, const float *pcm, size_t n, float *out);

#endif
