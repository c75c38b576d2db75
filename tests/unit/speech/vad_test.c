/* The voice detector with made-up weights against the network computed by its definition, sample by sample; and that
 * the stream may be cut into calls anywhere. (bench/parity_front.py compares the real weights.) */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "speech/vad.h"
#include "unit/speech/fake_weights.h"

enum { CHUNKS = 150 };

static uint32_t seed = 11;
static float noise(void) {
  seed = seed * 1664525u + 1013904223u;
  return (float)(int32_t)seed / 2147483648.0f;
}

static const struct {
  const char *name, *shape;
  size_t count;
  float scale;
} table[] = {{"stft_conv.weight", "258,1,256", (size_t)258 * 256, 0.4f},
             {"conv1.weight", "128,129,3", (size_t)128 * 129 * 3, 0.06f},
             {"conv1.bias", "128", 128, 0.1f},
             {"conv2.weight", "64,128,3", (size_t)64 * 128 * 3, 0.06f},
             {"conv2.bias", "64", 64, 0.1f},
             {"conv3.weight", "64,64,3", (size_t)64 * 64 * 3, 0.1f},
             {"conv3.bias", "64", 64, 0.1f},
             {"conv4.weight", "128,64,3", (size_t)128 * 64 * 3, 0.1f},
             {"conv4.bias", "128", 128, 0.1f},
             {"lstm_cell.weight_ih", "512,128", (size_t)512 * 128, 0.3f},
             {"lstm_cell.weight_hh", "512,128", (size_t)512 * 128, 0.15f},
             {"lstm_cell.bias_ih", "512", 512, 0.2f},
             {"lstm_cell.bias_hh", "512", 512, 0.2f},
             {"final_conv.weight", "1,128,1", 128, 1.0f},
             {"final_conv.bias", "1", 1, 0.1f}};

static float *weights[15];

static void write_model(const char *dir, size_t without) {
  struct buf header = BUF_INIT, data = BUF_INIT, file = BUF_INIT;
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    size_t bytes = table[i].count * sizeof(float);
    if (i != without)
      buf_addf(&header, "%c\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
               header.len ? ',' : '{', table[i].name, table[i].shape, data.len, data.len + bytes);
    buf_add(&data, weights[i], bytes);
  }
  buf_addc(&header, '}');
  fake_safetensors(&file, header.data, data.data, data.len);
  fake_file(dir, "vad", file.data, file.len);
  buf_release(&header);
  buf_release(&data);
  buf_release(&file);
}

static double sigmoid(double x) {
  return 1 / (1 + exp(-x));
}

/* [in][frames] -> [out][*made], kernel 3, zeros at the edges, negative values cut */
static int convolve(const double *x, int in, int frames, const float *w, const float *bias, int out, int stride,
                    double *y) {
  int made = (frames - 1) / stride + 1;
  for (int o = 0; o < out; o++)
    for (int f = 0; f < made; f++) {
      double sum = (double)bias[o];
      for (int c = 0; c < in; c++)
        for (int k = 0; k < 3; k++) {
          int at = f * stride + k - 1;
          if (at >= 0 && at < frames) sum += x[c * frames + at] * (double)w[(o * in + c) * 3 + k];
        }
      y[o * made + f] = sum > 0 ? sum : 0;
    }
  return made;
}

static void by_definition(const float *pcm, size_t chunks, double *probability) {
  static double a[129 * 4], b[129 * 4];
  double hidden[128] = {0}, cell[128] = {0};
  for (size_t c = 0; c < chunks; c++) {
    double x[640];
    for (int i = 0; i < 576; i++) {
      long at = (long)(c * 512) + i - 64;
      x[i] = at < 0 ? 0 : (double)pcm[at];
    }
    for (int i = 0; i < 64; i++) x[576 + i] = x[574 - i];
    for (int f = 0; f < 4; f++)
      for (int k = 0; k < 129; k++) {
        double re = 0, im = 0;
        for (int i = 0; i < 256; i++) {
          re += x[f * 128 + i] * (double)weights[0][k * 256 + i];
          im += x[f * 128 + i] * (double)weights[0][(k + 129) * 256 + i];
        }
        a[k * 4 + f] = sqrt(re * re + im * im);
      }
    int n = convolve(a, 129, 4, weights[1], weights[2], 128, 1, b);
    n = convolve(b, 128, n, weights[3], weights[4], 64, 2, a);
    n = convolve(a, 64, n, weights[5], weights[6], 64, 2, b);
    n = convolve(b, 64, n, weights[7], weights[8], 128, 1, a);
    assert_int_equal(n, 1);
    double gates[512], sum = (double)weights[14][0];
    for (int g = 0; g < 512; g++) {
      gates[g] = (double)weights[11][g] + (double)weights[12][g];
      for (int i = 0; i < 128; i++)
        gates[g] += (double)weights[9][g * 128 + i] * a[i] + (double)weights[10][g * 128 + i] * hidden[i];
    }
    for (int i = 0; i < 128; i++) {
      cell[i] = sigmoid(gates[128 + i]) * cell[i] + sigmoid(gates[i]) * tanh(gates[256 + i]);
      hidden[i] = sigmoid(gates[384 + i]) * tanh(cell[i]);
      sum += (double)weights[13][i] * (hidden[i] > 0 ? hidden[i] : 0);
    }
    probability[c] = sigmoid(sum);
  }
}

static void is_the_network_it_says(void **state) {
  (void)state;
  char *dir = fake_folder(), *file = fake_path(dir, "vad");
  write_model(dir, SIZE_MAX);
  float *pcm = x_aligned(CHUNKS * VAD_CHUNK, sizeof *pcm);
  for (size_t i = 0; i < (size_t)CHUNKS * VAD_CHUNK; i++) pcm[i] = 0.5f * noise() * sinf((float)(i / VAD_CHUNK) * 0.3f);
  double want[CHUNKS], lowest = 1, highest = 0;
  by_definition(pcm, CHUNKS, want);
  for (int i = 0; i < CHUNKS; i++) {
    lowest = want[i] < lowest ? want[i] : lowest;
    highest = want[i] > highest ? want[i] : highest;
  }
  assert_true(highest - lowest > 0.02); /* the sound matters */
  struct gemm *gemm = NULL;
  struct err e = {0};
  assert_int_equal(gemm_new(1, &gemm, &e), 0);
  static const size_t steps[] = {CHUNKS, 1, 31, 129};
  for (size_t s = 0; s < ARRAY_LEN(steps); s++) {
    struct vad *v = NULL;
    float got[CHUNKS];
    if (vad_open(file, gemm, &v, &e) < 0) fail_msg("%s", e.msg);
    for (size_t i = 0; i < CHUNKS; i += steps[s])
      vad_feed(v, pcm + i * VAD_CHUNK, CHUNKS - i < steps[s] ? CHUNKS - i : steps[s], got + i);
    for (int i = 0; i < CHUNKS; i++)
      if (!(fabs((double)got[i] - want[i]) < 1e-4)) fail_msg("chunk %d: %f, not %f", i, (double)got[i], want[i]);
    vad_free(v);
  }
  gemm_free(gemm);
  free(pcm);
  file_remove_tree(dir);
  free(dir);
  free(file);
}

static void damaged_files(void **state) {
  (void)state;
  char *dir = fake_folder(), *file = fake_path(dir, "vad");
  struct gemm *gemm = NULL;
  struct vad *v = NULL;
  struct err e = {0};
  assert_int_equal(gemm_new(1, &gemm, &e), 0);
  assert_int_equal(vad_open(file, gemm, &v, &e), ERR_MODEL); /* not there */
  assert_int_equal(vad_open(dir, gemm, &v, &e), ERR_MODEL);
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    write_model(dir, i);
    e.msg[0] = '\0';
    assert_int_equal(vad_open(file, gemm, &v, &e), ERR_MODEL);
    assert_non_null(strstr(e.msg, table[i].name));
  }
  fake_file(dir, "vad", "short", 5);
  assert_int_equal(vad_open(file, gemm, &v, &e), ERR_MODEL);
  assert_null(v);
  gemm_free(gemm);
  file_remove_tree(dir);
  free(dir);
  free(file);
}

static int set_up(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    weights[i] = x_aligned(table[i].count, sizeof(float));
    for (size_t k = 0; k < table[i].count; k++) weights[i][k] = table[i].scale * noise();
  }
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(table); i++) free(weights[i]);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(is_the_network_it_says), cmocka_unit_test(damaged_files)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
