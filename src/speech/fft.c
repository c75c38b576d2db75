/*
 * DESIGN. The 400 real samples are taken as 200 complex ones (even samples real, odd ones imaginary), transformed by one
 * recursive mixed-radix pass (5, 5, 8), and the halves are told apart at the end by their symmetry. Radix 5 and 8
 * butterflies are plain sums; nothing is tuned but the layout, in which a butterfly's operand is a row of frames.
 */
#include "speech/fft.h"

#include <math.h>
#include <string.h>

enum { HALF = FFT_SIZE / 2 };

struct row { /* one complex number of every frame */
  float re[FFT_FRAMES], im[FFT_FRAMES];
};

void fft_init(struct fft *t) {
  for (int i = 0; i < FFT_SIZE; i++) {
    t->cosine[i] = (float)cos(2 * M_PI * i / FFT_SIZE);
    t->sine[i] = (float)sin(2 * M_PI * i / FFT_SIZE);
  }
}

/* to = a * exp(-2 pi j i / FFT_SIZE) */
static void turn(const struct fft *t, int i, const struct row *a, struct row *to) {
  float c = t->cosine[i % FFT_SIZE], s = t->sine[i % FFT_SIZE];
  for (int f = 0; f < FFT_FRAMES; f++) {
    float re = a->re[f] * c + a->im[f] * s, im = a->im[f] * c - a->re[f] * s;
    to->re[f] = re;
    to->im[f] = im;
  }
}

/* The transform of five numbers, each with its real and imaginary part. */
static void five(const struct row a[5], struct row *out, int stride) {
  const float c1 = 0.30901699437494745f, c2 = -0.80901699437494745f, s1 = 0.95105651629515357f,
              s2 = 0.58778525229247313f; /* of 72 and 144 degrees */
  for (int f = 0; f < FFT_FRAMES; f++) {
    float sr1 = a[1].re[f] + a[4].re[f], dr1 = a[1].re[f] - a[4].re[f], si1 = a[1].im[f] + a[4].im[f],
          di1 = a[1].im[f] - a[4].im[f];
    float sr2 = a[2].re[f] + a[3].re[f], dr2 = a[2].re[f] - a[3].re[f], si2 = a[2].im[f] + a[3].im[f],
          di2 = a[2].im[f] - a[3].im[f];
    float r0 = a[0].re[f], i0 = a[0].im[f];
    float r1 = r0 + c1 * sr1 + c2 * sr2, i1 = i0 + c1 * si1 + c2 * si2;
    float r2 = r0 + c2 * sr1 + c1 * sr2, i2 = i0 + c2 * si1 + c1 * si2;
    float p1 = s1 * di1 + s2 * di2, q1 = s1 * dr1 + s2 * dr2;
    float p2 = s2 * di1 - s1 * di2, q2 = s2 * dr1 - s1 * dr2;
    out[0].re[f] = r0 + sr1 + sr2;
    out[0].im[f] = i0 + si1 + si2;
    out[stride].re[f] = r1 + p1;
    out[stride].im[f] = i1 - q1;
    out[2 * stride].re[f] = r2 + p2;
    out[2 * stride].im[f] = i2 - q2;
    out[3 * stride].re[f] = r2 - p2;
    out[3 * stride].im[f] = i2 + q2;
    out[4 * stride].re[f] = r1 - p1;
    out[4 * stride].im[f] = i1 + q1;
  }
}

static void two(const struct row *a, const struct row *b, struct row *sum, struct row *difference) {
  for (int f = 0; f < FFT_FRAMES; f++) {
    float ar = a->re[f], ai = a->im[f], br = b->re[f], bi = b->im[f];
    sum->re[f] = ar + br;
    sum->im[f] = ai + bi;
    difference->re[f] = ar - br;
    difference->im[f] = ai - bi;
  }
}

/* a * -j */
static void quarter(struct row *a) {
  for (int f = 0; f < FFT_FRAMES; f++) {
    float re = a->re[f];
    a->re[f] = a->im[f];
    a->im[f] = -re;
  }
}

static void four(const struct row *a, int step, struct row out[4]) {
  struct row even_sum, even_difference, odd_sum, odd_difference;
  two(&a[0], &a[2 * step], &even_sum, &even_difference);
  two(&a[step], &a[3 * step], &odd_sum, &odd_difference);
  quarter(&odd_difference);
  two(&even_sum, &odd_sum, &out[0], &out[2]);
  two(&even_difference, &odd_difference, &out[1], &out[3]);
}

/* out[0..8) from a[0], a[step], …, a[7 step] */
static void eight(const struct fft *t, const struct row *a, int step, struct row out[8]) {
  struct row even[4], odd[4];
  four(a, 2 * step, even);
  four(a + step, 2 * step, odd);
  for (int k = 0; k < 4; k++) {
    turn(t, k * FFT_SIZE / 8, &odd[k], &odd[k]);
    two(&even[k], &odd[k], &out[k], &out[k + 4]);
  }
}

/* out[0..40) from a[0], a[step] …: five transforms of eight, joined. */
static void forty(const struct fft *t, const struct row *a, int step, struct row out[40]) {
  struct row part[5][8], column[5];
  for (int r = 0; r < 5; r++) eight(t, a + r * step, 5 * step, part[r]);
  for (int k = 0; k < 8; k++) {
    column[0] = part[0][k];
    for (int r = 1; r < 5; r++) turn(t, r * k * (FFT_SIZE / 40), &part[r][k], &column[r]);
    five(column, out + k, 8);
  }
}

void fft_power(const struct fft *t, const float x[FFT_SIZE][FFT_FRAMES], float power[FFT_BINS][FFT_FRAMES]) {
  struct row in[HALF], part[5][40], z[HALF], column[5];
  for (int i = 0; i < HALF; i++) {
    memcpy(in[i].re, x[2 * i], sizeof in[i].re);
    memcpy(in[i].im, x[2 * i + 1], sizeof in[i].im);
  }
  for (int r = 0; r < 5; r++) forty(t, in + r, 5, part[r]);
  for (int k = 0; k < 40; k++) {
    column[0] = part[0][k];
    for (int r = 1; r < 5; r++) turn(t, r * k * (FFT_SIZE / HALF), &part[r][k], &column[r]);
    five(column, z + k, 40);
  }
  /* even samples' spectrum: (z[k] + conj z[-k]) / 2; odd ones': (z[k] - conj z[-k]) / 2j, turned by half a step */
  for (int k = 0; k <= HALF; k++) {
    const struct row *a = &z[k % HALF], *b = &z[(HALF - k) % HALF];
    float c = t->cosine[k], s = t->sine[k];
    for (int f = 0; f < FFT_FRAMES; f++) {
      float er = a->re[f] + b->re[f], ei = a->im[f] - b->im[f];
      float or = a->im[f] + b->im[f], oi = b->re[f] - a->re[f];
      float re = er + or *c + oi * s, im = ei + oi * c - or *s;
      power[k][f] = 0.25f * (re * re + im * im);
    }
  }
}
