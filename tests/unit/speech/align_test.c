/* Alignment on attention made up for the purpose: a ridge through (token, frame) gives back the times it was made
 * from; the smoothing is the plain definition's; words keep their order whatever the attention is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "speech/align.h"
#include "unit/speech/fake_model.h"

enum { FORCED = 4, HEADS = 3, FRAMES = 1500 };

static struct tokenizer *tokens;

static uint32_t seed = 7;
static float noise(void) {
  seed = seed * 1664525u + 1013904223u;
  return (float)(seed >> 8) / 16777216.0f;
}

static struct window *window_of(double seconds, float probability) {
  struct window *w = NEW(struct window);
  w->chunks = (size_t)(seconds / CHUNK_SECONDS);
  w->source = NEW_ARRAY(uint32_t, w->chunks);
  w->probability = NEW_ARRAY(float, w->chunks);
  w->pcm = NULL;
  for (size_t i = 0; i < w->chunks; i++) {
    w->source[i] = (uint32_t)i;
    w->probability[i] = probability;
  }
  return w;
}

struct made {
  float *weights, *logprobs;
  int *said;
  size_t count, rows;
};

/* Attention that is strong for row forced - 1 + i within [starts[i], starts[i + 1]). */
static struct made ridge(const char *text, const int *starts) {
  struct made m = {0};
  assert_int_equal(tokenizer_encode(tokens, text, &m.said, &m.count, NULL), 0);
  m.rows = FORCED + m.count + 1;
  m.logprobs = NEW_ARRAY(float, m.count);
  for (size_t i = 0; i < m.count; i++) m.logprobs[i] = -0.25f * (float)(i + 1);
  m.weights = NEW_ARRAY(float, HEADS *m.rows *FRAMES);
  for (size_t h = 0; h < HEADS; h++)
    for (size_t r = 0; r < m.rows; r++)
      for (int f = 0; f < FRAMES; f++) {
        float v = 1e-4f + 1e-5f * noise();
        long i = (long)r - (FORCED - 1);
        if (i >= 0 && (size_t)i <= m.count && f >= starts[i] && f < starts[i + 1]) v += 0.05f;
        m.weights[(h * m.rows + r) * FRAMES + (size_t)f] = v;
      }
  return m;
}

static struct align_words run(const struct made *m, const struct window *w) {
  struct align_words words = {0};
  struct align_input in = {.tokenizer = tokens,
                           .language = "en",
                           .weights = m->weights,
                           .heads = HEADS,
                           .rows = m->rows,
                           .frames = FRAMES,
                           .forced = FORCED,
                           .tokens = m->said,
                           .logprobs = m->logprobs,
                           .count = m->count,
                           .window = w};
  align_run(&in, &words);
  return words;
}

static void made_release(struct made *m) {
  free(m->weights);
  free(m->logprobs);
  free(m->said);
}

/* " the", " cat" and " \"" are one token each in the made-up vocabulary. */
static void gives_back_the_ridge(void **state) {
  (void)state;
  static const int plain[] = {0, 60, 100, 140, 200};
  struct made m = ridge(" the cat the", plain);
  assert_int_equal(m.count, 3);
  struct window *w = window_of(10, 0.4f); /* neither speech to snap to nor silence */
  struct align_words words = run(&m, w);
  assert_int_equal(words.count, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_true(fabs(words.words[i].start - plain[i] * 0.02) <= 0.0601); /* the median is 7 frames wide */
    assert_true(fabs(words.words[i].end - plain[i + 1] * 0.02) <= 0.0601);
    assert_true(fabsf(words.words[i].probability - expf(-0.25f * (float)(i + 1))) < 1e-5f);
  }
  assert_string_equal(words.words[1].text, " cat");
  align_words_release(&words);
  window_free(w);
  made_release(&m);
}

static void punctuation_joins_its_word(void **state) {
  (void)state;
  static const int starts[] = {20, 60, 100, 120, 140, 160, 180, 200};
  struct made m = ridge(" the cat. \"a\"", starts);
  struct window *w = window_of(10, 0.4f);
  struct align_words words = run(&m, w);
  assert_int_equal(words.count, 3);
  assert_string_equal(words.words[0].text, " the");
  assert_string_equal(words.words[1].text, " cat.");
  assert_string_equal(words.words[2].text, " \"a\"");
  assert_true(words.words[0].starts_segment);
  assert_false(words.words[1].starts_segment);
  align_words_release(&words);
  window_free(w);
  made_release(&m);
}

/* Speech begins at 1.6 s; attention says 1.3 s. The word starts with the voice, and ends with it. */
static void words_keep_to_the_voice(void **state) {
  (void)state;
  static const int starts[] = {65, 110, 150, 210};
  struct made m = ridge(" the cat", starts);
  struct window *w = window_of(10, 0.01f);
  for (size_t i = 50; i < 100; i++) w->probability[i] = 0.99f; /* 1.6 s to 3.2 s */
  struct align_words words = run(&m, w);
  assert_int_equal(words.count, 2);
  assert_true(fabs(words.words[0].start - 1.6) < 0.033);
  made_release(&m);
  align_words_release(&words);
  static const int late[] = {110, 140, 200, 230}; /* and one that lasts into the silence at 3.2 s */
  m = ridge(" the cat", late);
  words = run(&m, w);
  assert_true(fabs(words.words[1].end - 3.2) < 0.033);
  made_release(&m);
  align_words_release(&words);
  window_free(w);
}

static void any_attention_keeps_order(void **state) {
  (void)state;
  for (int round = 0; round < 20; round++) {
    int starts[32] = {0};
    struct made m = ridge(" the cat the cat, the \"cat\" a b the.", starts);
    for (size_t i = 0; i < HEADS * m.rows * FRAMES; i++)
      m.weights[i] = round == 0 ? 0.0f : round == 1 ? 1.0f : noise() * noise();
    struct window *w = window_of(0.6 + round * 1.5, 0);
    for (size_t i = 0; i < w->chunks; i++) {
      w->probability[i] = noise();
      w->source[i] = (uint32_t)(i + (i > w->chunks / 2 ? 1000 : 0)); /* a silence was left out */
    }
    struct align_words words = run(&m, w);
    assert_true(words.count > 0);
    double last = 0;
    for (size_t i = 0; i < words.count; i++) {
      assert_true(words.words[i].start >= last - 1e-9);
      assert_true(words.words[i].end >= words.words[i].start);
      last = words.words[i].start;
    }
    align_words_release(&words);
    window_free(w);
    made_release(&m);
  }
}

static void nothing_said_is_no_words(void **state) {
  (void)state;
  static const int starts[] = {0, 10};
  struct made m = ridge("", starts);
  struct window *w = window_of(3, 1);
  struct align_words words = run(&m, w);
  assert_int_equal(words.count, 0);
  align_words_release(&words);
  window_free(w);
  made_release(&m);
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
      cmocka_unit_test(gives_back_the_ridge),     cmocka_unit_test(punctuation_joins_its_word),
      cmocka_unit_test(words_keep_to_the_voice),  cmocka_unit_test(any_attention_keeps_order),
      cmocka_unit_test(nothing_said_is_no_words),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
