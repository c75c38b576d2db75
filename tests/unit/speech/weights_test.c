/* Model files made up tensor by tensor: read back in every type, in both formats; all sizes of Whisper; damage. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "speech/ctranslate.h"
#include "speech/whisper_config.h"
#include "unit/speech/fake_model.h"
#include "unit/speech/fake_weights.h"

static float value_of(const struct weights *w, const char *name, size_t at) {
  float v;
  assert_int_equal(weights_copy(w, name, at, 1, &v, NULL), 0);
  return v;
}

static struct weights *open_bytes(const char *name, const struct buf *b) {
  char *dir = fake_folder();
  struct weights *w = NULL;
  struct err e = {0};
  fake_file(dir, name, b->data, b->len);
  if (weights_open(dir, &w, &e) < 0) fail_msg("%s", e.msg);
  file_remove_tree(dir);
  free(dir);
  return w;
}

static void every_type(void **state) {
  (void)state;
  struct buf b = BUF_INIT;
  static const float f32[] = {1.5f, -2.25f, 0, 1e-30f, INFINITY, 7};
  static const uint16_t f16[] = {0x3C00, 0xC080, 0x0001, 0x8001, 0x7C00, 0x7BFF, 0x0400, 0x03FF, 0x8000, 0x3555};
  static const float f16_values[] = {1,     -2.25f,   0x1p-24f,   -0x1p-24f, INFINITY,
                                     65504, 0x1p-14f, 0x3FFp-24f, -0.0f,     0x555p-12f};
  static const uint16_t bf16[] = {0x3FC0, 0xC010};
  static const int8_t i8[] = {127, -127, 64, 0, 1, -1};
  static const float scales[] = {127, 2};
  static const int16_t i16[] = {1000, -2000}, heads = 8;
  static const float scale = 1000;
  static const int32_t i32[] = {-70000, 3};
  fake_begin(&b, 6, "WhisperSpec", 11);
  fake_tensor(&b, "f32", 2, (uint32_t[]){2, 3}, 0, f32, sizeof f32);
  fake_tensor(&b, "f16", 1, (uint32_t[]){10}, 4, f16, sizeof f16);
  fake_tensor(&b, "bf16", 1, (uint32_t[]){2}, 5, bf16, sizeof bf16);
  fake_tensor(&b, "a/weight", 2, (uint32_t[]){2, 3}, 1, i8, sizeof i8);
  fake_tensor(&b, "a/weight_scale", 1, (uint32_t[]){2}, 0, scales, sizeof scales);
  fake_tensor(&b, "b/weight", 2, (uint32_t[]){1, 2}, 2, i16, sizeof i16);
  fake_tensor(&b, "b/weight_scale", 0, NULL, 0, &scale, sizeof scale);
  fake_tensor(&b, "i32", 1, (uint32_t[]){2}, 3, i32, sizeof i32);
  fake_tensor(&b, "num_heads", 0, NULL, 2, &heads, sizeof heads);
  fake_tensor(&b, "decoder/embeddings/weight", 2, (uint32_t[]){1, 2}, 0, f32, 8);
  fake_tensor(&b, "last", 1, (uint32_t[]){1}, 0, f32, 4);
  fake_aliases(&b, 2, (const char *const[]){"again", "f32", "lost", "nobody"});
  struct weights *w = open_bytes("model.bin", &b);
  for (size_t i = 0; i < ARRAY_LEN(f32); i++) assert_true(value_of(w, "f32", i) == f32[i]);
  for (size_t i = 0; i < ARRAY_LEN(f16); i++) assert_true(value_of(w, "f16", i) == f16_values[i]);
  float all[10];
  assert_int_equal(weights_copy(w, "f16", 0, 10, all, NULL), 0); /* the vector path */
  for (size_t i = 0; i < ARRAY_LEN(f16); i++) assert_true(all[i] == f16_values[i]);
  assert_true(signbit(all[8]));
  assert_true(value_of(w, "bf16", 0) == 1.5f && value_of(w, "bf16", 1) == -2.25f);
  assert_int_equal(weights_copy(w, "a/weight", 0, 6, all, NULL), 0);
  static const float dequantized[] = {1, -1, 64.0f / 127, 0, 0.5f, -0.5f};
  for (int i = 0; i < 6; i++) assert_true(fabsf(all[i] - dequantized[i]) < 1e-7f);
  for (size_t i = 0; i < 6; i++) assert_true(fabsf(value_of(w, "a/weight", i) - dequantized[i]) < 1e-7f);
  assert_true(value_of(w, "b/weight", 1) == -2);
  assert_true(value_of(w, "i32", 0) == -70000);
  assert_true(value_of(w, "again", 5) == 7);
  assert_false(weights_has(w, "lost"));
  assert_true(value_of(w, "decoder/projection/weight", 1) == -2.25f); /* tied */
  assert_int_equal(weights_scalar(w, "num_heads", 1), 8);
  assert_int_equal(weights_scalar(w, "f32", 5), 5);
  assert_int_equal(weights_scalar(w, "nobody", 6), 6);
  int64_t dims[LIMIT_TENSOR_RANK];
  int rank;
  assert_int_equal(weights_shape(w, "again", dims, &rank, NULL), 0);
  assert_true(rank == 2 && dims[0] == 2 && dims[1] == 3);
  assert_int_equal(weights_shape(w, "nobody", dims, &rank, NULL), ERR_MODEL);
  assert_int_equal(weights_copy(w, "f32", 0, 7, all, NULL), ERR_MODEL);
  assert_int_equal(weights_copy(w, "f32", 6, 1, all, NULL), ERR_MODEL);
  assert_int_equal(weights_copy(w, "f32", SIZE_MAX, 2, all, NULL), ERR_MODEL);
  assert_int_equal(weights_copy(w, "nobody", 0, 1, all, NULL), ERR_MODEL);
  weights_free(w);
  buf_release(&b);
}

/* The file cut at every byte, and every byte of its head turned: an error or a model, never a crash or a read beyond. */
static void damaged_model_bin(void **state) {
  (void)state;
  struct buf b = BUF_INIT;
  static const float numbers[12] = {1};
  fake_begin(&b, 6, "WhisperSpec", 3);
  fake_tensor(&b, "encoder/conv1/weight", 3, (uint32_t[]){2, 2, 3}, 0, numbers, 48);
  fake_tensor(&b, "n", 0, NULL, 2, numbers, 2);
  fake_tensor(&b, "m", 1, (uint32_t[]){5}, 1, numbers, 5);
  fake_aliases(&b, 1, (const char *const[]){"alias", "n"});
  struct tensor_list l;
  for (size_t n = 0; n < b.len; n++) {
    unsigned char *exact = x_malloc(n); /* so that a sanitizer sees a read beyond */
    memcpy(exact, b.data, n);
    struct err e = {0};
    assert_int_equal(ctranslate_read(exact, n, &l, &e), ERR_MODEL);
    assert_true(e.msg[0] != '\0');
    free(exact);
  }
  for (size_t i = 0; i < b.len; i++)
    for (int bit = 0; bit < 8; bit++) {
      b.data[i] = (char)(b.data[i] ^ (1 << bit));
      if (ctranslate_read((const unsigned char *)b.data, b.len, &l, NULL) == 0) {
        for (size_t t = 0; t < l.count; t++)
          assert_true((const char *)l.tensors[t].data + l.tensors[t].count * tensor_element(l.tensors[t].type) <=
                      b.data + b.len);
        tensor_list_release(&l);
      }
      b.data[i] = (char)(b.data[i] ^ (1 << bit));
    }
  buf_release(&b);
}

static void refuse(const struct buf *b, const char *name) {
  char *dir = fake_folder();
  struct weights *w = NULL;
  struct err e = {0};
  if (b) fake_file(dir, name, b->data ? b->data : "", b->len);
  assert_int_equal(weights_open(dir, &w, &e), ERR_MODEL);
  assert_null(w);
  assert_true(e.msg[0] != '\0');
  file_remove_tree(dir);
  free(dir);
}

static void lies(void **state) {
  (void)state;
  static const float numbers[12] = {1};
  static const struct {
    uint32_t version;
    const char *spec;
    const char *name, *second;
    int rank;
    uint32_t dims[9];
    int type;
    uint32_t bytes;
  } table[] = {{7, "WhisperSpec", "a", "b", 1, {3}, 0, 12},
               {6, "TransformerSpec", "a", "b", 1, {3}, 0, 12},
               {6, "WhisperSpec", "a", "a", 1, {3}, 0, 12}, /* twice */
               {6, "WhisperSpec", "a", "b", 1, {4}, 0, 12}, /* more than there is */
               {6, "WhisperSpec", "a", "b", 2, {0x80000000u, 0x80000000u}, 0, 12},
               {6, "WhisperSpec", "a", "b", 1, {0}, 0, 0},
               {6, "WhisperSpec", "a", "b", 9, {1, 1, 1, 1, 1, 1, 1, 1, 3}, 0, 12},
               {6, "WhisperSpec", "a", "b", 1, {3}, 6, 12},
               {6, "WhisperSpec", "a/weight", "b", 2, {3, 4}, 1, 12}, /* int8 without scales */
               {6, "WhisperSpec", "a", "", 1, {3}, 0, 12}};
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    struct buf b = BUF_INIT;
    fake_begin(&b, table[i].version, table[i].spec, 2);
    fake_tensor(&b, table[i].name, table[i].rank, table[i].dims, table[i].type, numbers, table[i].bytes);
    fake_tensor(&b, table[i].second, 0, NULL, 0, numbers, 4);
    fake_aliases(&b, 0, NULL);
    refuse(&b, "model.bin");
    buf_release(&b);
  }
  struct buf many = BUF_INIT;
  fake_begin(&many, 6, "WhisperSpec", LIMIT_MODEL_TENSORS + 1);
  refuse(&many, "model.bin");
  buf_release(&many);
  refuse(&many, "model.bin"); /* empty */
  refuse(NULL, NULL);         /* none */
}

static void checkpoint(void **state) {
  (void)state;
  struct buf b = BUF_INIT;
  fake_safetensors(
      &b,
      "{\"__metadata__\":{\"format\":\"pt\"},"
      "\"model.encoder.layers.0.self_attn.q_proj.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
      "\"model.encoder.layers.0.self_attn.k_proj.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[8,16]},"
      "\"model.encoder.layers.0.self_attn.v_proj.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[16,24]},"
      "\"model.encoder.layers.0.self_attn.q_proj.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
      "\"model.encoder.layers.0.self_attn.v_proj.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
      "\"model.decoder.layers.11.encoder_attn.k_proj.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]"
      "},"
      "\"model.decoder.layers.11.encoder_attn.v_proj.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[8,"
      "16]},"
      "\"model.decoder.layers.11.final_layer_norm.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
      "\"model.decoder.embed_tokens.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[16,24]},"
      "\"model.decoder.embed_positions.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}",
      (const float[]){1, 2, 3, 4, 5, 6}, 24);
  struct weights *w = open_bytes("model.safetensors", &b);
  int64_t dims[LIMIT_TENSOR_RANK];
  int rank;
  assert_int_equal(weights_shape(w, "encoder/layer_0/self_attention/linear_0/weight", dims, &rank, NULL), 0);
  assert_true(rank == 2 && dims[0] == 3 && dims[1] == 2);
  float all[6];
  assert_int_equal(weights_copy(w, "encoder/layer_0/self_attention/linear_0/weight", 0, 6, all, NULL), 0);
  for (int i = 0; i < 6; i++) assert_true(all[i] == (float)(i + 1));
  assert_int_equal(weights_copy(w, "encoder/layer_0/self_attention/linear_0/bias", 0, 3, all, NULL), 0);
  assert_true(all[0] == 1 && all[1] == 0 && all[2] == 2); /* keys have no bias */
  assert_true(value_of(w, "decoder/layer_11/attention/linear_1/weight", 3) == 4);
  assert_true(value_of(w, "decoder/layer_11/ffn/layer_norm/beta", 1) == 2);
  assert_true(value_of(w, "decoder/projection/weight", 0) == 5);
  assert_true(value_of(w, "decoder/position_encodings/encodings", 1) == 2);
  weights_free(w);
  buf_release(&b);
}

static void damaged_checkpoint(void **state) {
  (void)state;
  static const char *const headers[] = {
      "",
      "[]",
      "{\"a\":7}",
      "{\"model.decoder.fc\":{\"dtype\":\"F32\",\"shape\":[7],\"data_offsets\":[0,24]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,28]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[24,0]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[-6],\"data_offsets\":[0,24]}}",
      "{\"a\":{\"dtype\":\"F99\",\"shape\":[6],\"data_offsets\":[0,24]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,6],\"data_offsets\":[0,24]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,24]},\"a\":{\"dtype\":\"F32\",\"shape\":[6],\"data_"
      "offsets\":[0,24]}}",
      "{\"stranger\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,24]}}",
      /* a key projection alone, and one of another width than its neighbours */
      "{\"model.encoder.layers.0.self_attn.k_proj.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}",
      "{\"model.encoder.layers.0.self_attn.q_proj.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
      "\"model.encoder.layers.0.self_attn.k_proj.weight\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
      "\"model.encoder.layers.0.self_attn.v_proj.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}",
  };
  struct buf b = BUF_INIT;
  for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
    buf_clear(&b);
    fake_safetensors(&b, headers[i], (const float[]){1, 2, 3, 4, 5, 6}, 24);
    refuse(&b, "model.safetensors");
  }
  buf_clear(&b);
  buf_add(&b, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10);
  refuse(&b, "model.safetensors");
  b.len = 5;
  refuse(&b, "model.safetensors");
  buf_release(&b);
}

/* ---- sizes ---- */

static const struct size {
  const char *name;
  uint32_t mels, width, encoder, decoder, vocab;
} sizes[] = {{"tiny", 80, 384, 4, 4, 51865},
             {"tiny.en", 80, 384, 4, 4, 51864},
             {"base", 80, 512, 6, 6, 51865},
             {"small", 80, 768, 12, 12, 51865},
             {"medium.en", 80, 1024, 24, 24, 51864},
             {"large-v2", 80, 1280, 32, 32, 51865},
             {"large-v3", 128, 1280, 32, 32, 51866},
             {"turbo", 128, 1280, 32, 4, 51866},
             {"distil-large-v3", 128, 1280, 32, 2, 51866},
             {"distil-small.en", 80, 768, 12, 4, 51864}};

static int configure(const struct size *s, const char *spoiled, const char *json, struct whisper_config *c,
                     struct err *e) {
  char *dir = fake_folder();
  struct weights *w = NULL;
  fake_whisper(dir, s->mels, s->width, s->encoder, s->decoder, s->vocab, spoiled);
  if (json) fake_file(dir, "config.json", json, strlen(json));
  int rc = weights_open(dir, &w, e);
  if (rc == 0) rc = whisper_config_read(dir, w, c, e);
  weights_free(w);
  file_remove_tree(dir);
  free(dir);
  return rc;
}

static void every_size(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
    const struct size *s = &sizes[i];
    struct whisper_config c;
    struct err e = {0};
    if (configure(s, NULL, NULL, &c, &e) < 0) fail_msg("%s: %s", s->name, e.msg);
    assert_int_equal(c.n_mels, s->mels);
    assert_int_equal(c.d_model, s->width);
    assert_int_equal(c.heads, s->width / 64);
    assert_int_equal(c.encoder_layers, s->encoder);
    assert_int_equal(c.decoder_layers, s->decoder);
    assert_int_equal(c.vocab, s->vocab);
    assert_int_equal(c.multilingual, strstr(s->name, ".en") == NULL);
    assert_true(c.audio_ctx == 1500 && c.text_ctx == 448);
    assert_int_equal(c.alignment_head_count, (s->decoder - s->decoder / 2) * s->width / 64);
  }
}

static void config_json(void **state) {
  (void)state;
  struct whisper_config c;
  struct err e = {0};
  assert_int_equal(
      configure(&sizes[0], NULL,
                "{\"alignment_heads\":[[3,1],[3,5],[4,0],[3,6],[-1,0],[0],7],\"suppress_ids\":[1,2,51865,-1],"
                "\"suppress_ids_begin\":[220,50257]}",
                &c, &e),
      0);
  assert_int_equal(c.alignment_head_count, 2); /* what is outside the model is left out */
  assert_true(c.alignment_heads[1][0] == 3 && c.alignment_heads[1][1] == 5);
  assert_true(c.suppress_count == 2 && c.suppress[1] == 2);
  assert_true(c.suppress_begin_count == 2 && c.suppress_begin[0] == 220);
  assert_int_equal(configure(&sizes[0], NULL, "{\"alignment_heads\":", &c, &e), ERR_MODEL);
}

static void shapes_that_do_not_fit(void **state) {
  (void)state;
  static const char *const spoiled[] = {"encoder/conv1/weight",
                                        "encoder/conv2/weight",
                                        "encoder/position_encodings/encodings",
                                        "decoder/embeddings/weight",
                                        "decoder/projection/weight",
                                        "encoder/layer_3/self_attention/linear_0/weight",
                                        "decoder/layer_1/attention/linear_1/weight",
                                        "decoder/layer_2/ffn/linear_1/bias",
                                        "decoder/layer_0/ffn/layer_norm/gamma",
                                        "encoder/num_heads"};
  for (size_t i = 0; i < ARRAY_LEN(spoiled); i++) {
    struct whisper_config c;
    struct err e = {0};
    if (configure(&sizes[0], spoiled[i], NULL, &c, &e) != ERR_MODEL) fail_msg("%s was not missed", spoiled[i]);
    assert_true(e.msg[0] != '\0');
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_type),  cmocka_unit_test(damaged_model_bin),      cmocka_unit_test(lies),
      cmocka_unit_test(checkpoint),  cmocka_unit_test(damaged_checkpoint),     cmocka_unit_test(every_size),
      cmocka_unit_test(config_json), cmocka_unit_test(shapes_that_do_not_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
