/* The tokenizer on a made-up vocabulary: special ids of every kind of model, text that survives, words, damaged files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "speech/languages.h"
#include "speech/speech.h"
#include "unit/speech/fake_model.h"

static struct tokenizer *tokens;

static void special_ids(void **state) {
  (void)state;
  static const struct {
    int vocab, eot, languages, transcribe, timestamps;
  } models[] = {{51864, 50256, 99, 50358, 50363}, /* .en */
                {51865, 50257, 99, 50359, 50364}, /* multilingual up to large-v2 */
                {51866, 50257, 100, 50360, 50365},
                /* large-v3, turbo */};
  for (size_t i = 0; i < ARRAY_LEN(models); i++) {
    struct tokenizer *t = NULL;
    assert_int_equal(fake_tokenizer(models[i].vocab, &t), 0);
    const struct token_ids *k = tokenizer_ids(t);
    assert_int_equal(k->eot, models[i].eot);
    assert_int_equal(k->sot, k->eot + 1);
    assert_int_equal(k->language_count, models[i].languages);
    assert_int_equal(k->transcribe, models[i].transcribe);
    assert_int_equal(k->timestamp_begin, models[i].timestamps);
    assert_int_equal(k->timestamp_begin + 1501, models[i].vocab);
    assert_int_equal(tokenizer_language_token(t, "en"), k->sot + 1);
    assert_int_equal(tokenizer_language_token(t, "ru"), k->sot + 5);
    assert_int_equal(tokenizer_language_token(t, "yue") >= 0, models[i].languages == 100);
    assert_int_equal(tokenizer_language_token(t, "xx"), -1);
    assert_string_equal(tokenizer_language_code(t, k->sot + 5), "ru");
    assert_string_equal(tokenizer_language_code(t, k->sot), "");
    tokenizer_free(t);
  }
}

static void text_survives(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      " the cat",
      "the  cat   sat.\n\n\tIt's 10:30, isn't it?  ",
      "Ёлка — «ёж», №7 и 25 %",
      "你好，世界！　おはよう 안녕 สวัสดี नमस्ते مرحبا שלום",
      "caf\xC3\xA9 \xF0\x9F\x98\x80\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD \xE2\x80\x8B\xC2\xA0.",
      "\x01\x7F '' 's'S 've'' \"\" --- ...",
  };
  for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
    int *ids = NULL;
    size_t n = 0;
    assert_int_equal(tokenizer_encode(tokens, texts[i], &ids, &n, NULL), 0);
    char *back = tokenizer_decode(tokens, ids, n);
    assert_string_equal(back, texts[i]);
    free(back);
    free(ids);
  }
}

static void merges_in_the_order_of_ids(void **state) {
  (void)state;
  int *ids = NULL;
  size_t n = 0, len;
  assert_int_equal(tokenizer_encode(tokens, " the cat thé", &ids, &n, NULL), 0);
  static const char *const want[] = {" the", " cat", " th", "\xC3\xA9"};
  assert_int_equal(n, ARRAY_LEN(want));
  for (size_t i = 0; i < n; i++) {
    const char *bytes = tokenizer_bytes(tokens, ids[i], &len);
    assert_int_equal(len, strlen(want[i]));
    assert_memory_equal(bytes, want[i], len);
  }
  free(ids);
  char *long_text = x_malloc(LIMIT_PROMPT_BYTES + 3);
  memset(long_text, 'a', LIMIT_PROMPT_BYTES + 2);
  long_text[LIMIT_PROMPT_BYTES + 2] = '\0';
  struct err e = {0};
  assert_int_equal(tokenizer_encode(tokens, long_text, &ids, &n, &e), ERR_USAGE);
  free(long_text);
}

/* `want`: words joined by '|' */
static void check_words(const int *ids, size_t n, const char *language, const char *want) {
  struct token_word *words;
  size_t count = tokenizer_split(tokens, ids, n, language, &words), at = 0;
  struct buf b = BUF_INIT;
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(words[i].first, at); /* every token belongs to exactly one word */
    at += words[i].count;
    buf_addf(&b, "%s%s", i ? "|" : "", words[i].text);
    free(words[i].text);
  }
  assert_int_equal(at, n);
  assert_string_equal(buf_str(&b), want);
  buf_release(&b);
  free(words);
}

static void words(void **state) {
  (void)state;
  static const struct {
    const char *text, *language, *words;
  } table[] = {
      {" the cat.", "en", " the| cat|."},
      {" the cat... a-b", "en", " the| cat|.|.|.| a|-b"},
      {" ж cat", "ru", " ж| cat"},
      {"你好，世界", "zh", "你|好|，|世|界"},
      {" 你好 a", "ja", " |你|好| |a"},
      {"สว", "th", "ส|ว"},
      {"你好", "ko", "你好"},
      {"", "en", ""},
  };
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    int *ids = NULL;
    size_t n = 0;
    assert_int_equal(tokenizer_encode(tokens, table[i].text, &ids, &n, NULL), 0);
    check_words(ids, n, table[i].language, table[i].words);
    free(ids);
  }
}

static int byte_token(unsigned char byte) {
  size_t len;
  for (int id = 0; id < 256; id++)
    if ((unsigned char)*tokenizer_bytes(tokens, id, &len) == byte) return id;
  return -1;
}

/* What a model may say without it being text: half a character, bytes of none, special tokens among text. */
static void damaged_text(void **state) {
  (void)state;
  int cut[] = {byte_token(' '), byte_token('a'), byte_token(0xE4), byte_token(0xBD)};
  char *text = tokenizer_decode(tokens, cut, 4);
  assert_string_equal(text, " a\xEF\xBF\xBD\xEF\xBF\xBD");
  free(text);
  check_words(cut, 4, "en", " a\xEF\xBF\xBD\xEF\xBF\xBD");
  int stray[] = {byte_token(' '), byte_token('a'),  byte_token(0xFF), byte_token(' '),
                 byte_token('b'), byte_token(0xD0), byte_token(0xB6)};
  check_words(stray, 7, "en", " a\xEF\xBF\xBD| b\xD0\xB6");
  check_words(stray, 7, "zh", " |a|\xEF\xBF\xBD| |b|\xD0\xB6");
  int nul[] = {byte_token('a'), byte_token(0), byte_token('b')};
  text = tokenizer_decode(tokens, nul, 3);
  assert_string_equal(text, "ab");
  free(text);
  const struct token_ids *k = tokenizer_ids(tokens);
  int special[] = {k->sot, byte_token('a'), k->timestamp_begin, -1, FAKE_VOCABULARY + 5, k->eot};
  text = tokenizer_decode(tokens, special, 6);
  assert_string_equal(text, "a");
  free(text);
}

static void check_refused(const char *name, const char *text, size_t n, int vocab) {
  char *dir = fake_folder();
  struct tokenizer *t = NULL;
  struct err e = {0};
  if (name) fake_file(dir, name, text, n);
  assert_int_equal(tokenizer_open(dir, vocab, &t, &e), ERR_MODEL);
  assert_null(t);
  assert_true(e.msg[0] != '\0');
  file_remove_tree(dir);
  free(dir);
}

static void damaged_files(void **state) {
  (void)state;
  struct buf b = BUF_INIT;
  fake_vocabulary_lines(&b, FAKE_VOCABULARY);
  check_refused(NULL, NULL, 0, FAKE_VOCABULARY);
  check_refused("vocabulary.txt", "", 0, FAKE_VOCABULARY);
  check_refused("vocabulary.txt", b.data, b.len / 2, FAKE_VOCABULARY);
  check_refused("vocabulary.txt", b.data + 2, b.len - 2, FAKE_VOCABULARY); /* without the first byte */
  check_refused("vocabulary.txt", b.data, b.len, 51000);                   /* no Whisper's size */
  check_refused("vocabulary.txt", b.data, b.len, 60000);
  check_refused("vocabulary.json", "{", 1, FAKE_VOCABULARY);
  check_refused("vocabulary.json", "[\"a\", 7]", 8, FAKE_VOCABULARY);
  check_refused("vocab.json", "{\"a\": 0, \"b\": 99999999}", 24, FAKE_VOCABULARY);
  memcpy(b.data, "\xE4\xBD\xA0", 3); /* a character outside the alphabet */
  check_refused("vocabulary.txt", b.data, b.len, FAKE_VOCABULARY);
  buf_release(&b);
}

static void json_and_text_are_alike(void **state) {
  (void)state;
  struct buf lines = BUF_INIT, list = BUF_INIT, object = BUF_INIT;
  fake_vocabulary_lines(&lines, FAKE_VOCABULARY);
  int id = 0;
  for (const char *s = lines.data; *s; id++) {
    int n = (int)strcspn(s, "\n");
    const char *quote = *s == '"' || *s == '\\' ? "\\" : "";
    int inner = strncmp(s, "Ġ\"", 3) == 0; /* the only token with a quotation mark inside */
    if (inner) buf_addf(&list, "%s\"Ġ\\\"\"", id ? "," : "[");
    else buf_addf(&list, "%s\"%s%.*s\"", id ? "," : "[", quote, n, s);
    if (inner) buf_addf(&object, ",\"Ġ\\\"\":%d", id);
    else buf_addf(&object, "%s\"%s%.*s\":%d", id ? "," : "{", quote, n, s, id);
    s += n + 1;
  }
  buf_addc(&list, ']');
  buf_addc(&object, '}');
  const struct buf *texts[] = {&list, &object};
  static const char *const names[] = {"vocabulary.json", "vocab.json"};
  for (int i = 0; i < 2; i++) {
    char *dir = fake_folder();
    struct tokenizer *t = NULL;
    struct err e = {0};
    fake_file(dir, names[i], texts[i]->data, texts[i]->len);
    if (tokenizer_open(dir, FAKE_VOCABULARY, &t, &e) < 0) fail_msg("%s", e.msg);
    for (int k = 0; k < 300; k++) {
      size_t a, b;
      const char *x = tokenizer_bytes(t, k, &a), *y = tokenizer_bytes(tokens, k, &b);
      assert_int_equal(a, b);
      assert_memory_equal(x, y, a);
    }
    tokenizer_free(t);
    file_remove_tree(dir);
    free(dir);
  }
  buf_release(&lines);
  buf_release(&list);
  buf_release(&object);
}

static void language_table(void **state) {
  (void)state;
  const char *name = NULL;
  assert_int_equal(language_count(), 100);
  assert_true(speech_language_known("ru", &name));
  assert_string_equal(name, "Russian");
  assert_true(speech_language_known("haw", NULL));
  assert_false(speech_language_known("xx", &name));
  assert_false(speech_language_known("", NULL));
  for (size_t i = 0; i < language_count(); i++) assert_int_equal(language_index(language_at(i)->code), i);
  assert_null(language_at(100));
}

static void what_is_not_said(void **state) {
  (void)state;
  int ids[512], few[3];
  size_t n = tokenizer_non_speech(tokens, ids, ARRAY_LEN(ids));
  for (size_t i = 1; i < n; i++) assert_true(ids[i] > ids[i - 1]);
  static const char listed[] = "\"#()*+/:;<=>@[\\]^_`{|}~", unlisted[] = ".,!?-'$%&aZ09";
  for (int pass = 0; pass < 2; pass++)
    for (const char *s = pass ? unlisted : listed; *s; s++) {
      bool found = false;
      for (size_t i = 0; i < n; i++) found |= ids[i] == byte_token((unsigned char)*s);
      assert_int_equal(found, !pass);
    }
  assert_int_equal(tokenizer_non_speech(tokens, few, 3), 3);
}

static int set_up(void **state) {
  (void)state;
  return fake_tokenizer(FAKE_VOCABULARY, &tokens);
}

static int tear_down(void **state) {
  (void)state;
  tokenizer_free(tokens);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(special_ids),
      cmocka_unit_test(text_survives),
      cmocka_unit_test(merges_in_the_order_of_ids),
      cmocka_unit_test(words),
      cmocka_unit_test(damaged_text),
      cmocka_unit_test(damaged_files),
      cmocka_unit_test(json_and_text_are_alike),
      cmocka_unit_test(language_table),
      cmocka_unit_test(what_is_not_said),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
