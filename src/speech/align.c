/*
 * DESIGN. Four steps: attention() makes one [tokens][frames] matrix; warp() finds each token's first frame; words are split
 * and joined with their punctuation; settle() mends what attention gets wrong near pauses. Only the path's
 * directions are kept for the way back (a byte a cell), costs need two rows.
 */
#include "speech/align.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static const double frame_seconds = 0.02;

void align_words_release(struct align_words *w) {
  for (size_t i = 0; i < w->count; i++) free(w->words[i].text);
  free(w->words);
  *w = (struct align_words){0};
}

/* ---- attention ---- */

enum { REACH = 3 }; /* of the median: seven frames */

static inline void order(float *a, float *b) {
  float low = *a < *b ? *a : *b, high = *a < *b ? *b : *a;
  *a = low;
  *b = high;
}

/* sum[i] += share * the median of x[i - 3 .. i + 3]; x has REACH values before and behind its n. Thirteen exchanges
 * (N. Devillard, Fast median search, 1998) without branches, so that the loop over i becomes vectors. */
static void add_medians(const float *x, size_t n, float share, float *sum) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    const float *p = x + i;
    float a = p[-3], b = p[-2], c = p[-1], d = p[0], e = p[1], f = p[2], g = p[3];
    order(&a, &f);
    order(&a, &d);
    order(&b, &g);
    order(&c, &e);
    order(&a, &b);
    order(&d, &f);
    order(&c, &g);
    order(&c, &d);
    order(&d, &g);
    order(&e, &f);
    order(&b, &e);
    order(&b, &d);
    order(&d, &e);
    sum[i] += share * d;
  }
}

static void reflect_edges(float *x, size_t n) {
  for (size_t k = 1; k <= REACH; k++) {
    x[-(long)k] = x[k < n ? k : n - 1];
    x[n - 1 + k] = x[n > k ? n - 1 - k : 0];
  }
}

/* The mean over heads of the weights: made to sum to 1 over the frames that were heard, standardized over the tokens,
 * median-filtered over time. Returns [rows][used]. */
static float *attention(const struct align_input *in, size_t used) {
  size_t pitch = used + 2 * REACH;
  float *mean = NEW_ARRAY(float, in->rows *used);
  _cleanup_(mem_freep) float *all = x_aligned(in->rows * pitch, sizeof(float));
  _cleanup_(mem_freep) float *centre = NEW_ARRAY(float, used), *inverse = NEW_ARRAY(float, used);
  float *w = all + REACH;
  for (size_t h = 0; h < in->heads; h++) {
    memset(centre, 0, used * sizeof *centre);
    memset(inverse, 0, used * sizeof *inverse);
    for (size_t r = 0; r < in->rows; r++) {
      const float *from = in->weights + (h * in->rows + r) * in->frames;
      float *to = w + r * pitch, sum = 1e-20f;
#pragma omp simd reduction(+ : sum)
      for (size_t f = 0; f < used; f++) sum += from[f];
      float scale = 1 / sum;
      for (size_t f = 0; f < used; f++) {
        to[f] = from[f] * scale;
        centre[f] += to[f];
      }
    }
    for (size_t f = 0; f < used; f++) centre[f] /= (float)in->rows;
    for (size_t r = 0; r < in->rows; r++)
      for (size_t f = 0; f < used; f++) {
        float away = w[r * pitch + f] - centre[f];
        inverse[f] += away * away;
      }
    for (size_t f = 0; f < used; f++) inverse[f] = 1 / sqrtf(inverse[f] / (float)in->rows + 1e-20f);
    for (size_t r = 0; r < in->rows; r++) {
      float *to = w + r * pitch;
      for (size_t f = 0; f < used; f++) to[f] = (to[f] - centre[f]) * inverse[f];
      reflect_edges(to, used);
      add_medians(to, used, 1 / (float)in->heads, mean + r * used);
    }
  }
  return mean;
}

/* ---- dynamic time warping ---- */

enum { DIAGONAL, UP, LEFT };

/* first[i]: the frame at which row i of `gain` [rows][frames] begins on the best monotonic path. */
static void warp(const float *gain, size_t rows, size_t frames, size_t *first) {
  _cleanup_(mem_freep) uint8_t *way = x_malloc((rows + 1) * (frames + 1));
  _cleanup_(mem_freep) float *last = NEW_ARRAY(float, frames + 1), *now = NEW_ARRAY(float, frames + 1);
  for (size_t f = 1; f <= frames; f++) last[f] = INFINITY;
  for (size_t r = 1; r <= rows; r++) {
    now[0] = INFINITY;
    for (size_t f = 1; f <= frames; f++) {
      float diagonal = last[f - 1], up = last[f], left = now[f - 1];
      int step = diagonal < up && diagonal < left ? DIAGONAL : up < diagonal && up < left ? UP : LEFT;
      way[r * (frames + 1) + f] = (uint8_t)step;
      now[f] = (step == DIAGONAL ? diagonal : step == UP ? up : left) - gain[(r - 1) * frames + f - 1];
    }
    float *swap = last;
    last = now;
    now = swap;
  }
  size_t r = rows, f = frames;
  while (r > 0 && f > 0) {
    first[r - 1] = f - 1;
    int step = way[r * (frames + 1) + f];
    if (step != LEFT) r--;
    if (step != UP) f--;
  }
  for (; r > 0; r--) first[r - 1] = 0;
}

/* ---- words ---- */

/* Punctuation that belongs to the word behind it, or to the one before it (openai/whisper, timing.py). */
static bool all_of(const char *text, const char *set) {
  bool any = false;
  while (*text == ' ') text++;
  for (size_t n; *text; text += n) {
    uint32_t c = utf8_next(text, &n);
    bool found = false;
    for (size_t m, i = 0; set[i] && !found; i += m) found = utf8_next(set + i, &m) == c;
    if (!found) return false;
    any = true;
  }
  return any;
}

static void join(struct token_word *to, struct token_word *from, bool from_first) {
  char *text = from_first ? x_asprintf("%s%s", from->text, to->text) : x_asprintf("%s%s", to->text, from->text);
  if (from_first) to->first = from->first;
  free(to->text);
  to->text = text;
  to->count += from->count;
  free(from->text);
  from->text = NULL;
}

static size_t join_punctuation(struct token_word *w, size_t n) {
  static const char before[] = "\"'“¿([{-«„", after[] = "\"'.。,，!！?？:：”)]}、»…;";
  for (size_t i = n; i-- > 1;) { /* from the end: what opens goes to the next word */
    if (!w[i].text || !w[i - 1].text || w[i - 1].text[0] != ' ' || !all_of(w[i - 1].text, before)) continue;
    join(&w[i], &w[i - 1], true);
    w[i - 1] = w[i];
    w[i].text = NULL;
  }
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (!w[i].text) continue;
    const char *last = kept ? w[kept - 1].text : NULL;
    size_t len = last ? strlen(last) : 0;
    if (len && last[len - 1] != ' ' && w[i].text[0] != ' ' && all_of(w[i].text, after))
      join(&w[kept - 1], &w[i], false);
    else w[kept++] = w[i];
  }
  return kept;
}

/* ---- settling ---- */

struct timed { /* window time */
  double start, end;
};

static float probability_at(const struct window *w, long chunk) {
  return chunk < 0 || (size_t)chunk >= w->chunks ? 0 : w->probability[chunk];
}

/* The time at which speech begins after `t`, or before it, or ends before it, within `reach`; `t` itself when it is as
 * it should be. */
static double onset_after(const struct window *w, double t, double reach) {
  long first = (long)(t / CHUNK_SECONDS);
  if (probability_at(w, first) >= 0.5f) return t;
  for (long c = first + 1; (double)c * CHUNK_SECONDS < t + reach; c++)
    if (probability_at(w, c) >= 0.5f) return (double)c * CHUNK_SECONDS;
  return t;
}

static double onset_before(const struct window *w, double t, double reach) {
  long first = (long)(t / CHUNK_SECONDS), c = first;
  while (c > 0 && (double)(first - c) * CHUNK_SECONDS < reach && probability_at(w, c - 1) >= 0.5f) c--;
  bool found = c < first && probability_at(w, c - 1) < 0.5f;
  return found ? (double)c * CHUNK_SECONDS : t;
}

static double offset_before(const struct window *w, double t, double reach) {
  long first = (long)((t - 1e-3) / CHUNK_SECONDS);
  if (probability_at(w, first) >= 0.35f) return t;
  for (long c = first - 1; c >= 0 && (double)(first - c) * CHUNK_SECONDS < reach; c--)
    if (probability_at(w, c) >= 0.35f) return (double)(c + 1) * CHUNK_SECONDS;
  return t;
}

/* A word does not last into silence, nor begin in it; the first after a pause begins where the voice does. */
static void settle(const struct window *w, struct timed *t, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double after_last = i ? t[i - 1].end : 0;
    double length = t[i].end - t[i].start;
    double later = onset_after(w, t[i].start, length);
    if (later > t[i].start) {
      t[i].start = later;
    } else {
      double earlier = onset_before(w, t[i].start, 0.4);
      if (earlier < t[i].start && earlier >= after_last - 0.1) t[i].start = earlier > after_last ? earlier : after_last;
    }
    double shorter = offset_before(w, t[i].end, t[i].end - t[i].start);
    if (shorter < t[i].end && shorter > t[i].start + 0.06) t[i].end = shorter;
    if (t[i].start < after_last) t[i].start = after_last;
    if (t[i].end < t[i].start) t[i].end = t[i].start;
  }
}

void align_run(const struct align_input *in, struct align_words *ret) {
  const struct token_ids *ids = tokenizer_ids(in->tokenizer);
  if (in->rows <= in->forced + 1) return;
  size_t text_rows = in->rows - in->forced - 1; /* text tokens that were in the pass */
  _cleanup_(mem_freep) int *text = NEW_ARRAY(int, in->count);
  _cleanup_(mem_freep) size_t *from = NEW_ARRAY(size_t, in->count); /* text token -> index into tokens */
  size_t n = 0;
  for (size_t i = 0; i < in->count && n < text_rows; i++)
    if (in->tokens[i] < ids->eot) {
      text[n] = in->tokens[i];
      from[n++] = i;
    }
  size_t used = (size_t)(window_seconds(in->window) / frame_seconds) + 1;
  if (used > in->frames) used = in->frames;
  _cleanup_(mem_freep) float *gain = attention(in, used);
  _cleanup_(mem_freep) size_t *first = NEW_ARRAY(size_t, n + 1);
  /* the row of the last forced token is where the first text token is looked for, and so on */
  warp(gain + (in->forced - 1) * used, n + 1, used, first);

  struct token_word *words = NULL;
  size_t count = tokenizer_split(in->tokenizer, text, n, in->language, &words);
  count = join_punctuation(words, count);
  _cleanup_(mem_freep) struct timed *times = NEW_ARRAY(struct timed, count + 1);
  for (size_t i = 0; i < count; i++) {
    times[i].start = (double)first[words[i].first] * frame_seconds;
    times[i].end = (double)first[words[i].first + words[i].count] * frame_seconds;
  }
  settle(in->window, times, count);
  for (size_t i = 0; i < count; i++) {
    double sum = 0;
    for (size_t k = 0; k < words[i].count; k++) sum += (double)in->logprobs[from[words[i].first + k]];
    size_t at = from[words[i].first];
    x_grow(&ret->words, &ret->cap, ret->count + 1, sizeof *ret->words);
    ret->words[ret->count++] =
        (struct align_word){.text = words[i].text,
                            .start = window_media(in->window, times[i].start, false),
                            .end = window_media(in->window, times[i].end, true),
                            .probability = (float)exp(sum / (double)words[i].count),
                            .starts_segment = at == 0 || in->tokens[at - 1] >= ids->timestamp_begin};
    struct align_word *w = &ret->words[ret->count - 1];
    if (w->end < w->start) w->end = w->start;
  }
  free(words);
}
