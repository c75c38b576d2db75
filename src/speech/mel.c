/*
 * DESIGN. The 400-point real transform is a product with a table of cosines and sines after folding the window's
 * symmetric halves: x[k] + x[400-k] meets the cosines, x[k] - x[400-k] the sines, 200 numbers each for 201 bins. That is 80,000
 * multiplications a frame, done eight frames at a time so that the table is read once for them; plain loops,
 * no special sizes, and 3000 frames cost a few tens of milliseconds on one core.
 */
#include "speech/mel.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { N = 400, HOP = 160, HALF = N / 2, BINS = N / 2 + 1, GROUP = 16 };

struct mel {
  int bands;
  float window[N];
  float *cosine, *sine; /* [HALF + 1][BINS padded to ROW] */
  int *from, *count;    /* a band's first bin and how many */
  float *weight;        /* [bands][BINS], from the first bin on */
};

enum { ROW = 208 };

/* Slaney's scale: linear below 1 kHz, logarithmic above. */
static double hz_to_mel(double hz) {
  return hz < 1000 ? hz * 3 / 200 : 15 + log(hz / 1000) / (log(6.4) / 27);
}

static double mel_to_hz(double mel) {
  return mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27);
}

static void make_bands(struct mel *m) {
  double top = hz_to_mel(8000);
  m->from = NEW_ARRAY(int, (size_t)m->bands);
  m->count = NEW_ARRAY(int, (size_t)m->bands);
  m->weight = NEW_ARRAY(float, (size_t)m->bands *BINS);
  for (int b = 0; b < m->bands; b++) {
    double low = mel_to_hz(top * b / (m->bands + 1)), middle = mel_to_hz(top * (b + 1) / (m->bands + 1)),
           high = mel_to_hz(top * (b + 2) / (m->bands + 1));
    double area = 2 / (high - low);
    m->from[b] = BINS;
    for (int k = 0; k < BINS; k++) {
      double hz = k * 16000.0 / N;
      double up = (hz - low) / (middle - low), down = (high - hz) / (high - middle);
      double w = up < down ? up : down;
      if (w <= 0) continue;
      if (m->from[b] == BINS) m->from[b] = k;
      m->count[b] = k - m->from[b] + 1;
      m->weight[b * BINS + m->count[b] - 1] = (float)(w * area);
    }
    if (m->from[b] == BINS) m->from[b] = 0;
  }
}

struct mel *mel_new(int bands) {
  struct mel *m = NEW(struct mel);
  m->bands = bands;
  for (int i = 0; i < N; i++) m->window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / N));
  m->cosine = x_aligned((HALF + 1) * ROW, sizeof(float));
  m->sine = x_aligned((HALF + 1) * ROW, sizeof(float));
  for (int i = 0; i <= HALF; i++)
    for (int k = 0; k < ROW; k++) {
      m->cosine[i * ROW + k] = (float)cos(2 * M_PI * ((i * k) % N) / N);
      m->sine[i * ROW + k] = (float)sin(2 * M_PI * ((i * k) % N) / N);
    }
  make_bands(m);
  return m;
}

void mel_free(struct mel *m) {
  if (!m) return;
  free(m->cosine);
  free(m->sine);
  free(m->from);
  free(m->count);
  free(m->weight);
  free(m);
}

static float sample(const float *pcm, size_t n, long i) {
  if (i < 0) i = -i; /* reflected at the start; behind the end there is silence */
  return (size_t)i < n ? pcm[i] : 0.0f;
}

/* Power spectra of GROUP frames from `first` on. */
static void spectra(const struct mel *m, const float *pcm, size_t n, long first, float power[GROUP][ROW]) {
  float even[HALF + 1][GROUP], odd[HALF + 1][GROUP];
  for (int f = 0; f < GROUP; f++) {
    long begin = (first + f) * HOP - HALF;
    float x[N];
    for (int i = 0; i < N; i++) x[i] = sample(pcm, n, begin + i) * m->window[i];
    even[0][f] = x[0];
    odd[0][f] = 0;
    for (int i = 1; i < HALF; i++) {
      even[i][f] = x[i] + x[N - i];
      odd[i][f] = x[i] - x[N - i];
    }
    even[HALF][f] = x[HALF];
    odd[HALF][f] = 0;
  }
  for (int k = 0; k < ROW; k += 16) {
    float re[16][GROUP] = {{0}}, im[16][GROUP] = {{0}};
    for (int i = 0; i <= HALF; i++) {
      const float *c = m->cosine + i * ROW + k, *s = m->sine + i * ROW + k;
      for (int j = 0; j < 16; j++)
#pragma omp simd
        for (int f = 0; f < GROUP; f++) {
          re[j][f] += c[j] * even[i][f];
          im[j][f] += s[j] * odd[i][f];
        }
    }
    for (int j = 0; j < 16; j++)
      for (int f = 0; f < GROUP; f++) power[f][k + j] = re[j][f] * re[j][f] + im[j][f] * im[j][f];
  }
}

void mel_compute(const struct mel *m, const float *pcm, size_t n, float *out) {
  if (n > MEL_SAMPLES) n = MEL_SAMPLES;
  /* frames that hear nothing but the silence behind the last sample are all alike */
  long heard = (long)((n + HALF) / HOP) + 1;
  if (heard > MEL_FRAMES) heard = MEL_FRAMES;
  float floor_value = log10f(1e-10f);
#pragma omp parallel for schedule(dynamic, 4)
  for (long first = 0; first < MEL_FRAMES; first += GROUP) {
    float power[GROUP][ROW] = {{0}};
    bool silent = first >= heard;
    if (!silent) spectra(m, pcm, n, first, power);
    for (int b = 0; b < m->bands; b++)
      for (long f = first; f < first + GROUP && f < MEL_FRAMES; f++) {
        float sum = 0;
        if (!silent)
          for (int k = 0; k < m->count[b]; k++) sum += m->weight[b * BINS + k] * power[f - first][m->from[b] + k];
        out[b * MEL_FRAMES + f] = sum > 1e-10f ? log10f(sum) : floor_value;
      }
  }
  float top = floor_value;
  for (size_t i = 0; i < (size_t)m->bands * MEL_FRAMES; i++) top = out[i] > top ? out[i] : top;
  for (size_t i = 0; i < (size_t)m->bands * MEL_FRAMES; i++) out[i] = ((out[i] > top - 8 ? out[i] : top - 8) + 4) / 4;
}
