/*
 * DESIGN. Sixteen frames go through the transform side by side (fft.h); frames are the inner index from the windowed samples
 * to the bands, so that plain loops become vectors. Each group of frames is independent: the team shares them.
 */
#include "speech/mel.h"

#include <math.h>
#include <stdlib.h>

#include "speech/fft.h"

enum { N = FFT_SIZE, HOP = 160, HALF = N / 2, BINS = FFT_BINS, GROUP = FFT_FRAMES };

struct mel {
  int bands;
  float window[N];
  struct fft fft;
  int *from, *count; /* a band's first bin and how many */
  float *weight;     /* [bands][BINS], from the first bin on */
};

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
  fft_init(&m->fft);
  make_bands(m);
  return m;
}

void mel_free(struct mel *m) {
  if (!m) return;
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
static void spectra(const struct mel *m, const float *pcm, size_t n, long first, float power[BINS][GROUP]) {
  float x[N][GROUP];
  for (int f = 0; f < GROUP; f++) {
    long begin = (first + f) * HOP - HALF;
    if (begin >= 0 && (size_t)begin + N <= n)
      for (int i = 0; i < N; i++) x[i][f] = pcm[begin + i] * m->window[i];
    else
      for (int i = 0; i < N; i++) x[i][f] = sample(pcm, n, begin + i) * m->window[i];
  }
  fft_power(&m->fft, x, power);
}

/* The bands of GROUP frames, as logarithms; returns the largest. */
static float band_frames(const struct mel *m, const float *pcm, size_t n, long first, float *out) {
  const float least = 1e-10f;
  float power[BINS][GROUP], top = -10;
  spectra(m, pcm, n, first, power);
  long frames = MEL_FRAMES - first < GROUP ? MEL_FRAMES - first : GROUP;
  for (int b = 0; b < m->bands; b++) {
    const float *w = m->weight + b * BINS, (*p)[GROUP] = (const float(*)[GROUP])power + m->from[b];
    float sum[GROUP] = {0};
    for (int k = 0; k < m->count[b]; k++)
      for (int f = 0; f < GROUP; f++) sum[f] += w[k] * p[k][f];
    for (long f = 0; f < frames; f++) {
      float v = log10f(sum[f] > least ? sum[f] : least);
      out[b * MEL_FRAMES + first + f] = v;
      top = v > top ? v : top;
    }
  }
  return top;
}

void mel_compute(const struct mel *m, const float *pcm, size_t n, float *out) {
  if (n > MEL_SAMPLES) n = MEL_SAMPLES;
  /* frames that hear nothing but the silence behind the last sample are all alike */
  long heard = ((long)((n + HALF) / HOP) + GROUP) / GROUP * GROUP;
  if (heard > MEL_FRAMES) heard = MEL_FRAMES;
  float top = -10; /* log10 of the least power */
#pragma omp parallel for schedule(dynamic, 4) reduction(max : top)
  for (long first = 0; first < heard; first += GROUP) {
    float here = band_frames(m, pcm, n, first, out);
    top = here > top ? here : top;
  }
  float bottom = top - 8, silence = ((bottom > -10 ? bottom : -10) + 4) / 4;
  for (int b = 0; b < m->bands; b++) {
    float *row = out + b * MEL_FRAMES;
    for (long f = 0; f < heard; f++) row[f] = ((row[f] > bottom ? row[f] : bottom) + 4) / 4;
    for (long f = heard; f < MEL_FRAMES; f++) row[f] = silence;
  }
}
