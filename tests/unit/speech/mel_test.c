/* Log-mel against the numbers of faster-whisper's FeatureExtractor (mel_80.golden, mel_128.golden: every 8th frame of
 * the first 208, f32 [bands][26], made by tests/unit/speech/golden.py from the same signal). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "speech/fft.h"
#include "speech/mel.h"

enum { SAMPLES = 31999, STEP = 8, KEPT = 26 };

/* A sweep over noise; two seconds. golden.py has the same lines. */
static float *signal_of(size_t n) {
  float *pcm = x_aligned(n + 1, sizeof *pcm);
  uint32_t seed = 12345;
  for (size_t i = 0; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    double t = (double)i / 16000;
    pcm[i] = (float)(0.4 * sin(2 * M_PI * (100 + 1500 * t) * t) + 0.02 * ((double)(seed >> 8) / 16777216.0 - 0.5));
  }
  return pcm;
}

static void check(int bands, const char *golden) {
  _cleanup_(buf_release) struct buf want = BUF_INIT;
  assert_int_equal(file_read(golden, 1 << 20, &want, NULL), 0);
  assert_int_equal(want.len, (size_t)bands * KEPT * sizeof(float));
  float *pcm = signal_of(SAMPLES), *out = x_aligned((size_t)bands * MEL_FRAMES, sizeof *out);
  struct mel *m = mel_new(bands);
  mel_compute(m, pcm, SAMPLES, out);
  for (int b = 0; b < bands; b++)
    for (int f = 0; f < KEPT; f++) {
      float v;
      memcpy(&v, want.data + sizeof v * (size_t)(b * KEPT + f), sizeof v);
      float got = out[b * MEL_FRAMES + f * STEP];
      if (!(fabsf(got - v) < 1e-3f)) fail_msg("band %d, frame %d: %f, not %f", b, f * STEP, (double)got, (double)v);
    }
  mel_free(m);
  free(pcm);
  free(out);
}

static void is_the_reference_80(void **state) {
  (void)state;
  check(80, "tests/unit/speech/mel_80.golden");
}

static void is_the_reference_128(void **state) {
  (void)state;
  check(128, "tests/unit/speech/mel_128.golden");
}

/* Every length gives a whole window, the silence behind it is level, and zeros appended change nothing. */
static void any_length(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1, 159, 160, 200, 201, 399, 400, 401, 2559, 2560, 479360, 479840, 480000};
  float *pcm = x_calloc(MEL_SAMPLES, sizeof *pcm), *sound = signal_of(MEL_SAMPLES);
  float *a = x_aligned((size_t)80 * MEL_FRAMES, sizeof *a), *b = x_aligned((size_t)80 * MEL_FRAMES, sizeof *b);
  struct mel *m = mel_new(80);
  for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
    memset(pcm, 0, MEL_SAMPLES * sizeof *pcm);
    memcpy(pcm, sound, lengths[i] * sizeof *pcm);
    for (int k = 0; k < 80 * MEL_FRAMES; k++) a[k] = b[k] = NAN;
    mel_compute(m, sound, lengths[i], a);
    mel_compute(m, pcm, MEL_SAMPLES, b);
    for (int k = 0; k < 80 * MEL_FRAMES; k++)
      if (!(fabsf(a[k] - b[k]) < 1e-5f))
        fail_msg("%zu samples, at %d: %f and %f", lengths[i], k, (double)a[k], (double)b[k]);
  }
  memset(pcm, 0, MEL_SAMPLES * sizeof *pcm);
  mel_compute(m, pcm, MEL_SAMPLES, a);
  for (int k = 0; k < 80 * MEL_FRAMES; k++) assert_true(fabsf(a[k] + 1.5f) < 1e-6f);
  mel_free(m);
  free(pcm);
  free(sound);
  free(a);
  free(b);
}

static void transform_is_the_sum_it_stands_for(void **state) {
  (void)state;
  static float x[FFT_SIZE][FFT_FRAMES], power[FFT_BINS][FFT_FRAMES];
  struct fft *t = NEW(struct fft);
  uint32_t seed = 99;
  for (int i = 0; i < FFT_SIZE; i++)
    for (int f = 0; f < FFT_FRAMES; f++) {
      seed = seed * 1664525u + 1013904223u;
      x[i][f] = f == 0 ? (i == 3) : f == 1 ? 1.0f : (float)(int32_t)seed / 2147483648.0f;
    }
  fft_init(t);
  fft_power(t, (const float(*)[FFT_FRAMES])x, power);
  for (int f = 0; f < FFT_FRAMES; f++)
    for (int k = 0; k < FFT_BINS; k++) {
      double re = 0, im = 0;
      for (int i = 0; i < FFT_SIZE; i++) {
        re += (double)x[i][f] * cos(2 * M_PI * i * k / FFT_SIZE);
        im -= (double)x[i][f] * sin(2 * M_PI * i * k / FFT_SIZE);
      }
      double want = re * re + im * im;
      if (fabs((double)power[k][f] - want) > 1e-5 * want + 1e-3)
        fail_msg("frame %d, bin %d: %f, not %f", f, k, (double)power[k][f], want);
    }
  free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(is_the_reference_80),
      cmocka_unit_test(is_the_reference_128),
      cmocka_unit_test(any_length),
      cmocka_unit_test(transform_is_the_sum_it_stands_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
