#include "speech/rules.h"

#include <math.h>

#include "base/mem.h"

enum { MOST_CHOICES = 40 };

/* The tokens that are left: text [0, eot), the end token, timestamps [first, vocab). */
struct allowed {
  bool text, end;
  size_t timestamps_from, timestamps_to; /* equal: none */
};

static void suppress(float *logits, size_t from, size_t to) {
  for (size_t i = from; i < to; i++) logits[i] = -INFINITY;
}

static struct allowed grammar(const struct rules *r, const int *said, size_t count) {
  const struct token_ids *t = tokenizer_ids(r->tokenizer);
  size_t begin = (size_t)t->timestamp_begin;
  struct allowed a = {true, true, begin, r->vocab};
  if (!r->timestamps) {
    a.timestamps_to = a.timestamps_from;
    return a;
  }
  if (count == 0) {
    a.text = a.end = false;
    size_t most = begin + (size_t)r->max_first_timestamp + 1;
    a.timestamps_to = most < r->vocab ? most : r->vocab;
    return a;
  }
  bool last = said[count - 1] >= t->timestamp_begin;
  bool before = count < 2 || said[count - 2] >= t->timestamp_begin;
  if (last && before) a.timestamps_to = a.timestamps_from;
  else if (last) a.text = false;
  for (size_t i = count; i-- > 0;) {
    if (said[i] < t->timestamp_begin) continue;
    /* a pair's second may equal its first; a segment must not be empty */
    size_t least = (size_t)said[i] + (last && !before ? 0 : 1);
    if (least > a.timestamps_from) a.timestamps_from = least;
    break;
  }
  if (a.timestamps_from > a.timestamps_to) a.timestamps_from = a.timestamps_to;
  return a;
}

/* Masks in place; returns log(sum(exp)) over what is left. */
static float mask(const struct rules *r, float *logits, const int *said, size_t count) {
  const struct token_ids *t = tokenizer_ids(r->tokenizer);
  size_t eot = (size_t)t->eot;
  for (size_t i = 0; i < r->suppressed_count; i++) logits[r->suppressed[i]] = -INFINITY;
  if (count == 0)
    for (size_t i = 0; i < r->suppressed_first_count; i++) logits[r->suppressed_first[i]] = -INFINITY;
  struct allowed a = grammar(r, said, count);
  suppress(logits, eot + 1, a.timestamps_from); /* start tokens, languages, tasks, timestamps gone by */
  suppress(logits, a.timestamps_to, r->vocab);
  if (!a.end) logits[eot] = -INFINITY;
  if (!a.text) suppress(logits, 0, eot);
  if (a.timestamps_from < a.timestamps_to) {
    size_t n = a.timestamps_to - a.timestamps_from;
    float timestamps = r->kernels->log_sum_exp(logits + a.timestamps_from, n);
    if (a.text || a.end) {
      float best;
      uint32_t where;
      if (r->kernels->top(logits, eot + 1, 1, &best, &where) && timestamps > best) suppress(logits, 0, eot + 1);
      else return r->kernels->log_sum_exp(logits, r->vocab);
    }
    return timestamps;
  }
  return r->kernels->log_sum_exp(logits, eot + 1);
}

size_t rules_choose(const struct rules *r, float *logits, const int *said, size_t count, size_t k, struct choice *ret) {
  float top[MOST_CHOICES];
  uint32_t where[MOST_CHOICES];
  if (k > MOST_CHOICES) k = MOST_CHOICES;
  float norm = mask(r, logits, said, count);
  size_t found = r->kernels->top(logits, r->vocab, k, top, where);
  for (size_t i = 0; i < found; i++) ret[i] = (struct choice){(int)where[i], top[i] - norm};
  return found;
}

struct choice rules_sample(const struct rules *r, float *logits, const int *said, size_t count, float temperature,
                           double uniform) {
  float norm = mask(r, logits, said, count);
  float best = -INFINITY;
  size_t chosen = 0;
  for (size_t i = 0; i < r->vocab; i++)
    if (logits[i] > best) {
      best = logits[i];
      chosen = i;
    }
  double sum = 0;
  for (size_t i = 0; i < r->vocab; i++)
    if (logits[i] > -INFINITY) sum += exp((double)((logits[i] - best) / temperature));
  double left = uniform * sum;
  for (size_t i = 0; i < r->vocab; i++) {
    if (!(logits[i] > -INFINITY)) continue;
    left -= exp((double)((logits[i] - best) / temperature));
    if (left < 0) {
      chosen = i;
      break;
    }
  }
  return (struct choice){(int)chosen, logits[chosen] - norm};
}
