/* Windows on made-up probabilities: what is speech is in exactly one window, in order; windows are never too long; cuts are
 * made in pauses; time in a window is time in the media; nothing depends on how the stream was cut into calls. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "speech/windows.h"

static uint32_t seed = 3;
static double noise(void) {
  seed = seed * 1664525u + 1013904223u;
  return (double)(seed >> 8) / 16777216.0;
}

struct stream {
  float *pcm, *probability; /* the first sample of chunk i is i */
  size_t chunks;
};

static struct stream stream_of(size_t chunks, float p) {
  struct stream s = {x_calloc(chunks * VAD_CHUNK, sizeof(float)), x_aligned(chunks, sizeof(float)), chunks};
  for (size_t i = 0; i < chunks; i++) {
    s.pcm[i * VAD_CHUNK] = (float)i;
    s.probability[i] = p;
  }
  return s;
}

static void stream_release(struct stream *s) {
  free(s->pcm);
  free(s->probability);
}

static void fill(struct stream *s, double from, double to, float p) {
  for (size_t i = (size_t)(from / CHUNK_SECONDS); i < (size_t)(to / CHUNK_SECONDS) && i < s->chunks; i++)
    s->probability[i] = p;
}

struct list {
  struct window *w[256];
  size_t count;
};

static struct list cut(const struct stream *s, const struct windows_options *o, size_t step) {
  struct list l = {0};
  struct windows *ws = windows_new(o);
  for (size_t i = 0; i <= s->chunks; i += step) {
    size_t n = s->chunks - i < step ? s->chunks - i : step;
    windows_feed(ws, s->pcm + i * VAD_CHUNK, s->probability + i, n);
    if (i + step > s->chunks) windows_finish(ws);
    for (struct window *w; (w = windows_take(ws));) {
      assert_true(l.count < 256);
      l.w[l.count++] = w;
    }
  }
  assert_null(windows_take(ws));
  windows_free(ws);
  return l;
}

static void list_release(struct list *l) {
  for (size_t i = 0; i < l->count; i++) window_free(l->w[i]);
}

/* What must hold for any stream. */
static void check(const struct stream *s, const struct list *l) {
  long last = -1;
  size_t heard = 0;
  bool *in = x_calloc(s->chunks + 1, sizeof *in);
  for (size_t i = 0; i < l->count; i++) {
    const struct window *w = l->w[i];
    assert_int_equal(w->index, i);
    assert_in_range(w->chunks, 1, WINDOW_CHUNKS);
    for (size_t c = 0; c < w->chunks; c++) {
      assert_true((long)w->source[c] > last && w->source[c] < s->chunks);
      last = w->source[c];
      in[last] = true;
      heard++;
      assert_true(w->pcm[c * VAD_CHUNK] == (float)last); /* sound and source go together */
      double middle = ((double)c + 0.5) * CHUNK_SECONDS;
      assert_true(fabs(window_media(w, middle, false) - ((double)last + 0.5) * CHUNK_SECONDS) < 1e-6);
    }
  }
  for (size_t i = 0; i < s->chunks; i++)
    if (s->probability[i] >= 0.5f) assert_true(in[i]);
  free(in);
}

static void silence_is_no_window(void **state) {
  (void)state;
  struct windows_options o = windows_default_options();
  static const size_t lengths[] = {0, 1, 5000};
  for (size_t i = 0; i < 3; i++) {
    struct stream s = stream_of(lengths[i], 0.1f);
    struct list l = cut(&s, &o, 31);
    assert_int_equal(l.count, 0);
    stream_release(&s);
  }
}

static void speech_is_padded(void **state) {
  (void)state;
  struct windows_options o = windows_default_options();
  struct stream s = stream_of(1000, 0.01f);
  fill(&s, 10, 14, 0.9f);
  struct list l = cut(&s, &o, 31);
  check(&s, &l);
  assert_int_equal(l.count, 1);
  assert_true(fabs(window_media(l.w[0], 0, false) - (10 - o.pad)) < 0.07);
  assert_true(fabs(window_media(l.w[0], window_seconds(l.w[0]), true) - (14 + o.pad)) < 0.07);
  double end = window_speech_end(l.w[0]);
  assert_true(fabs(window_media(l.w[0], end, true) - 14) < 0.07);
  list_release(&l);
  stream_release(&s);
}

static void short_pauses_stay_long_ones_go(void **state) {
  (void)state;
  struct windows_options o = windows_default_options();
  struct stream s = stream_of(1000, 0.01f);
  fill(&s, 1, 3, 0.9f);
  fill(&s, 3 + o.keep_silence - 0.3, 8, 0.9f);
  struct list l = cut(&s, &o, 31);
  assert_int_equal(l.count, 1);
  assert_true(window_seconds(l.w[0]) > 7);
  list_release(&l);
  fill(&s, 0, 32, 0.01f);
  fill(&s, 1, 3, 0.9f);
  fill(&s, 13, 15, 0.9f);
  l = cut(&s, &o, 31);
  check(&s, &l);
  assert_int_equal(l.count, 1); /* joined, the ten seconds left out */
  assert_true(fabs(window_seconds(l.w[0]) - (4 + 4 * o.pad)) < 0.2);
  /* at the border, an end belongs to the first span, a start to the second */
  size_t border = 1;
  while (l.w[0]->source[border] == l.w[0]->source[border - 1] + 1) border++;
  double t = (double)border * CHUNK_SECONDS;
  assert_true(window_media(l.w[0], t, true) < 4 && window_media(l.w[0], t, false) > 12);
  list_release(&l);
  stream_release(&s);
}

static void cuts_fall_into_pauses(void **state) {
  (void)state;
  struct windows_options o = windows_default_options();
  for (int round = 0; round < 20; round++) { /* words of 0.3 to 4 s, pauses of 0.2 to 0.7 s */
    struct stream s = stream_of(6000, 0.02f);
    for (double t = 1; t < 185;) {
      double word = 0.3 + 3.7 * noise();
      fill(&s, t, t + word, 0.95f);
      t += word + 0.2 + 0.5 * noise();
    }
    struct list l = cut(&s, &o, 125);
    check(&s, &l);
    assert_true(l.count >= 6);
    for (size_t i = 0; i + 1 < l.count; i++) {
      const struct window *w = l.w[i];
      assert_true(s.probability[w->source[w->chunks - 1]] < 0.35f || s.probability[l.w[i + 1]->source[0]] < 0.35f);
      assert_true(window_seconds(w) > 9);
    }
    list_release(&l);
    stream_release(&s);
  }
}

static void speech_without_pauses_is_cut_where_it_is_weakest(void **state) {
  (void)state;
  struct windows_options o = windows_default_options();
  struct stream s = stream_of(2000, 0.95f);
  fill(&s, 25, 25.1, 0.6f);
  struct list l = cut(&s, &o, 50);
  check(&s, &l);
  assert_true(fabs(window_seconds(l.w[0]) - 25) < 0.15);
  list_release(&l);
  stream_release(&s);
}

static void any_stream_any_calls(void **state) {
  (void)state;
  for (int round = 0; round < 60; round++) {
    struct windows_options o = windows_default_options();
    o.keep_silence = round % 3 * 1.0;
    o.pad = round % 5 * 0.1;
    struct stream s = stream_of((size_t)(4000 * noise()), 0);
    double level = 0;
    for (size_t i = 0; i < s.chunks; i++) {
      if (noise() < (round % 4 == 0 ? 0.5 : 0.02)) level = noise();
      s.probability[i] = (float)level;
    }
    struct list a = cut(&s, &o, 31), b = cut(&s, &o, 1 + (size_t)(300 * noise()));
    check(&s, &a);
    assert_int_equal(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
      assert_int_equal(a.w[i]->chunks, b.w[i]->chunks);
      assert_memory_equal(a.w[i]->source, b.w[i]->source, a.w[i]->chunks * sizeof *a.w[i]->source);
    }
    list_release(&a);
    list_release(&b);
    stream_release(&s);
  }
}

static void without_detector_all_is_speech(void **state) {
  (void)state;
  struct windows_options o = windows_default_options();
  o.vad = false;
  struct stream s = stream_of(3000, 0.9f);
  for (size_t i = 0; i < s.chunks * VAD_CHUNK; i++) s.pcm[i] = i / VAD_CHUNK == 803 ? 0.0f : 0.1f;
  struct windows *ws = windows_new(&o);
  windows_feed(ws, s.pcm, NULL, s.chunks);
  windows_finish(ws);
  size_t total = 0;
  for (struct window *w; (w = windows_take(ws)); window_free(w)) {
    assert_in_range(w->chunks, 1, WINDOW_CHUNKS);
    if (total == 0) assert_int_equal(w->chunks, 803); /* where it is quiet */
    total += w->chunks;
  }
  assert_int_equal(total, s.chunks);
  assert_true(fabs(windows_speech_seconds(ws) - 3000 * CHUNK_SECONDS) < 1e-6);
  windows_free(ws);
  stream_release(&s);
}

static void rest_of_a_window(void **state) {
  (void)state;
  struct windows_options o = windows_default_options();
  struct stream s = stream_of(600, 0.9f);
  struct list l = cut(&s, &o, 600);
  struct window *rest = window_rest(l.w[0], 10);
  assert_non_null(rest);
  assert_true(fabs(window_media(rest, 0, false) - 10) < 0.04);
  assert_true(fabs(window_seconds(rest) + 10 - window_seconds(l.w[0])) < 0.04);
  assert_true(rest->pcm[0] == (float)rest->source[0]);
  window_free(rest);
  assert_null(window_rest(l.w[0], window_seconds(l.w[0]) - 0.2));
  assert_null(window_rest(l.w[0], 1000));
  list_release(&l);
  stream_release(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(silence_is_no_window),
      cmocka_unit_test(speech_is_padded),
      cmocka_unit_test(short_pauses_stay_long_ones_go),
      cmocka_unit_test(cuts_fall_into_pauses),
      cmocka_unit_test(speech_without_pauses_is_cut_where_it_is_weakest),
      cmocka_unit_test(any_stream_any_calls),
      cmocka_unit_test(without_detector_all_is_speech),
      cmocka_unit_test(rest_of_a_window),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
