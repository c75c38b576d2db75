#include "speech/whisper_config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"

static int layers_of(const struct weights *w, const char *side) {
  char name[80];
  int n = 0;
  do snprintf(name, sizeof name, "%s/layer_%d/self_attention/layer_norm/gamma", side, n);
  while (n < 256 && weights_has(w, name) && ++n);
  return n;
}

static int shape_is(const struct weights *w, const char *name, int rank, int64_t dims[LIMIT_TENSOR_RANK],
                    struct err *e) {
  int found;
  int rc = weights_shape(w, name, dims, &found, e);
  if (rc < 0) return rc;
  if (found != rank) return err_set(e, ERR_MODEL, "the tensor %s has another shape than a Whisper model's", name);
  return 0;
}

static int read_shapes(const struct weights *w, struct whisper_config *c, struct err *e) {
  int64_t conv[LIMIT_TENSOR_RANK] = {0}, audio[LIMIT_TENSOR_RANK] = {0}, text[LIMIT_TENSOR_RANK] = {0},
          vocab[LIMIT_TENSOR_RANK] = {0};
  int rc = shape_is(w, "encoder/conv1/weight", 3, conv, e);
  if (rc == 0) rc = shape_is(w, "encoder/position_encodings/encodings", 2, audio, e);
  if (rc == 0) rc = shape_is(w, "decoder/position_encodings/encodings", 2, text, e);
  if (rc == 0) rc = shape_is(w, "decoder/embeddings/weight", 2, vocab, e);
  if (rc < 0) return rc;
  bool sane = conv[0] >= 64 && conv[0] <= 8192 && conv[0] % 64 == 0 && (conv[1] == 80 || conv[1] == 128) &&
              conv[2] == 3 && audio[0] == 1500 && audio[1] == conv[0] && text[0] >= 64 && text[0] <= 448 &&
              text[1] == conv[0] && vocab[1] == conv[0] && vocab[0] >= 51864 && vocab[0] <= LIMIT_VOCABULARY;
  if (!sane) return err_set(e, ERR_MODEL, "the shapes in %s are not those of a Whisper model", weights_path(w));
  c->d_model = (int)conv[0];
  c->n_mels = (int)conv[1];
  c->heads = c->d_model / 64;
  c->audio_ctx = (int)audio[0];
  c->text_ctx = (int)text[0];
  c->vocab = (int)vocab[0];
  c->multilingual = c->vocab >= 51865;
  c->encoder_layers = layers_of(w, "encoder");
  c->decoder_layers = layers_of(w, "decoder");
  if (c->encoder_layers == 0 || c->decoder_layers == 0)
    return err_set(e, ERR_MODEL, "%s has no layers of a Whisper model", weights_path(w));
  return 0;
}

/* Every matrix has the shape that the sizes say; what reads them relies on it. */
static int check_layer(const struct weights *w, const struct whisper_config *c, const char *side, int layer,
                       struct err *e) {
  int64_t d = c->d_model;
  const struct {
    const char *name;
    int64_t outputs, inputs;
    bool decoder_only;
  } table[] = {{"self_attention/linear_0", 3 * d, d, false},
               {"self_attention/linear_1", d, d, false},
               {"attention/linear_0", d, d, true},
               {"attention/linear_1", 2 * d, d, true},
               {"attention/linear_2", d, d, true},
               {"ffn/linear_0", 4 * d, d, false},
               {"ffn/linear_1", d, 4 * d, false},
               {"self_attention/layer_norm", d, 0, false},
               {"attention/layer_norm", d, 0, true},
               {"ffn/layer_norm", d, 0, false}};
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    if (table[i].decoder_only && strcmp(side, "decoder") != 0) continue;
    bool norm = table[i].inputs == 0;
    char name[112], second[112];
    snprintf(name, sizeof name, "%s/layer_%d/%s/%s", side, layer, table[i].name, norm ? "gamma" : "weight");
    snprintf(second, sizeof second, "%s/layer_%d/%s/%s", side, layer, table[i].name, norm ? "beta" : "bias");
    int64_t dims[LIMIT_TENSOR_RANK] = {0}, more[LIMIT_TENSOR_RANK] = {table[i].outputs};
    int rc = shape_is(w, name, norm ? 1 : 2, dims, e);
    if (rc == 0 && weights_has(w, second)) rc = shape_is(w, second, 1, more, e);
    if (rc < 0) return rc;
    if (dims[0] != table[i].outputs || (!norm && dims[1] != table[i].inputs) || more[0] != table[i].outputs)
      return err_set(e, ERR_MODEL, "the tensor %s has another shape than the rest of the model wants", name);
  }
  return 0;
}

static int check_layers(const struct weights *w, const struct whisper_config *c, struct err *e) {
  int64_t dims[LIMIT_TENSOR_RANK] = {0};
  int rc = shape_is(w, "encoder/conv2/weight", 3, dims, e);
  if (rc == 0 && (dims[0] != c->d_model || dims[1] != c->d_model || dims[2] != 3))
    rc = err_set(e, ERR_MODEL, "the tensor encoder/conv2/weight has another shape than the rest of the model wants");
  if (rc == 0) rc = shape_is(w, "decoder/projection/weight", 2, dims, e);
  if (rc == 0 && (dims[0] != c->vocab || dims[1] != c->d_model))
    rc = err_set(e, ERR_MODEL, "the projection onto the vocabulary has another shape than the embeddings");
  for (int i = 0; rc == 0 && i < c->encoder_layers; i++) rc = check_layer(w, c, "encoder", i, e);
  for (int i = 0; rc == 0 && i < c->decoder_layers; i++) rc = check_layer(w, c, "decoder", i, e);
  static const char *const sides[] = {"encoder/num_heads", "decoder/num_heads"};
  for (size_t i = 0; rc == 0 && i < ARRAY_LEN(sides); i++)
    if (weights_scalar(w, sides[i], c->heads) != c->heads)
      rc = err_set(e, ERR_MODEL, "the model has %d heads of attention where Whisper of width %d has %d",
                   (int)weights_scalar(w, sides[i], 0), c->d_model, c->heads);
  return rc;
}

static size_t token_list(struct js *root, const char *key, int vocab, int *to) {
  struct js *list;
  size_t n, kept = 0;
  if (js_get_array(root, key, &list, &n, NULL) < 0) return 0;
  for (size_t i = 0; i < n && kept < WHISPER_MOST_SUPPRESSED; i++) {
    int64_t token;
    if (js_get_int(js_item(list, i), "", 0, vocab - 1, &token, NULL) == 0) to[kept++] = (int)token;
  }
  return kept;
}

static void read_lists(struct js *root, struct whisper_config *c) {
  struct js *list;
  size_t n;
  if (c->alignment_head_count == 0 && js_get_array(root, "alignment_heads", &list, &n, NULL) == 0)
    for (size_t i = 0; i < n && c->alignment_head_count < WHISPER_MOST_ALIGNMENT_HEADS; i++) {
      int64_t layer, head;
      if (js_get_int(js_item(list, i), "[0]", 0, c->decoder_layers - 1, &layer, NULL) < 0 ||
          js_get_int(js_item(list, i), "[1]", 0, c->heads - 1, &head, NULL) < 0)
        continue;
      c->alignment_heads[c->alignment_head_count][0] = (int)layer;
      c->alignment_heads[c->alignment_head_count++][1] = (int)head;
    }
  /* CTranslate2's names, then the original's */
  if (c->suppress_count == 0) c->suppress_count = token_list(root, "suppress_ids", c->vocab, c->suppress);
  if (c->suppress_count == 0) c->suppress_count = token_list(root, "suppress_tokens", c->vocab, c->suppress);
  if (c->suppress_begin_count == 0)
    c->suppress_begin_count = token_list(root, "suppress_ids_begin", c->vocab, c->suppress_begin);
  if (c->suppress_begin_count == 0)
    c->suppress_begin_count = token_list(root, "begin_suppress_tokens", c->vocab, c->suppress_begin);
}

int whisper_config_read(const char *dir, const struct weights *w, struct whisper_config *ret, struct err *e) {
  struct whisper_config c = {0};
  int rc = read_shapes(w, &c, e);
  if (rc == 0) rc = check_layers(w, &c, e);
  if (rc < 0) return rc;
  static const char *const files[] = {"config.json", "generation_config.json"};
  for (size_t i = 0; i < ARRAY_LEN(files); i++) {
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, files[i]);
    _cleanup_(buf_release) struct buf text = BUF_INIT;
    _cleanup_(js_freep) struct js *root = NULL;
    if (access(path, F_OK) != 0) continue;
    rc = file_read(path, LIMIT_JSON_BYTES, &text, e);
    if (rc == 0) rc = js_parse(buf_str(&text), text.len, path, &root, e);
    if (rc < 0) {
      if (e) e->code = ERR_MODEL;
      return ERR_MODEL;
    }
    read_lists(root, &c);
  }
  if (c.alignment_head_count == 0)
    for (int l = c.decoder_layers / 2; l < c.decoder_layers; l++)
      for (int h = 0; h < c.heads && c.alignment_head_count < WHISPER_MOST_ALIGNMENT_HEADS; h++) {
        c.alignment_heads[c.alignment_head_count][0] = l;
        c.alignment_heads[c.alignment_head_count++][1] = h;
      }
  *ret = c;
  return 0;
}
