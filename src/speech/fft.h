/*
 * The real transform of 400 samples that log-mel spectrograms need, several frames at a time: frames are the inner index
 * of every array, so that each step of the transform is the same operation on FFT_FRAMES neighbouring floats, whatever
 * vectors the processor has. Decimation in time, 400 = 2 * (4 * 2 * 5 * 5).
 *
 * Threads: read-only after fft_init(); fft_power() works on the stack.
 */
#ifndef TITR_SPEECH_FFT_H
#define TITR_SPEECH_FFT_H

enum { FFT_SIZE = 400, FFT_BINS = FFT_SIZE / 2 + 1, FFT_FRAMES = 16 };

struct fft {
  float cosine[FFT_SIZE], sine[FFT_SIZE]; /* of 2 pi i / FFT_SIZE */
};

void fft_init(struct fft *t);

/* power[k][f] = |sum over i of x[i][f] * exp(-2 pi j i k / 400)|^2 */
void fft_power(const struct fft *t, const float x[FFT_SIZE][FFT_FRAMES], float power[FFT_BINS][FFT_FRAMES]);

#endif
