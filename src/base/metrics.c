/* DESIGN. A fixed array for each metric under one lock: counting is rare beside what is counted. */
#include "base/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct metric_about rows[METRICS_COUNT] = {
    [METRIC_STAGE_SECONDS] = {"titr_stage_seconds", "How long the stages of jobs took.", "stage", true},
    [METRIC_FAILURES] = {"titr_failures_total", "Attempts at a task that failed.", "code", false},
    [METRIC_TELEGRAM_429] = {"titr_telegram_429_total", "Answers of the Bot API that ask to slow down.", NULL, false},
};
const double metric_buckets[METRIC_BUCKETS] = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  struct metric_value values[METRIC_LABELS + 1]; /* the last one is "other" */
  int count;
} held[METRICS_COUNT];

static struct metric_value *find(enum metric m, const char *label) {
  if (!rows[m].label) label = "";
  else if (!label || !*label) label = "unknown";
  for (int i = 0; i < held[m].count; i++)
    if (strncmp(held[m].values[i].label, label, sizeof held[m].values[i].label - 1) == 0) return &held[m].values[i];
  if (held[m].count > METRIC_LABELS) return &held[m].values[METRIC_LABELS];
  struct metric_value *v = &held[m].values[held[m].count++];
  snprintf(v->label, sizeof v->label, "%s", held[m].count > METRIC_LABELS ? "other" : label);
  return v;
}

void metric_count(enum metric m, const char *label) {
  if (rows[m].histogram) abort(); /* a bug of the caller */
  pthread_mutex_lock(&lock);
  find(m, label)->count++;
  pthread_mutex_unlock(&lock);
}

void metric_observe(enum metric m, const char *label, double seconds) {
  if (!rows[m].histogram) abort();
  pthread_mutex_lock(&lock);
  struct metric_value *v = find(m, label);
  v->count++;
  v->sum += seconds;
  for (int i = 0; i < METRIC_BUCKETS; i++) v->at_most[i] += seconds <= metric_buckets[i];
  pthread_mutex_unlock(&lock);
}

struct metric_about metric_about(enum metric m) {
  return rows[m];
}

int metric_values(enum metric m, struct metric_value ret[METRIC_LABELS + 1]) {
  pthread_mutex_lock(&lock);
  if (!rows[m].label) find(m, NULL);
  int n = held[m].count;
  memcpy(ret, held[m].values, (size_t)n * sizeof *ret);
  pthread_mutex_unlock(&lock);
  return n;
}

/* ---- from one process to another: a counter is its number, a histogram [sum, count, at most …] ---- */

static void write_value(struct js_writer *w, enum metric m, const struct metric_value *v) {
  js_key(w, v->label);
  if (!rows[m].histogram) {
    js_int(w, (int64_t)v->count);
    return;
  }
  js_begin(w, '[');
  js_double(w, v->sum, 3);
  js_int(w, (int64_t)v->count);
  for (int i = 0; i < METRIC_BUCKETS; i++) js_int(w, (int64_t)v->at_most[i]);
  js_end(w, ']');
}

void metrics_write(struct js_writer *w) {
  js_begin(w, '{');
  for (int m = 0; m < METRICS_COUNT; m++) {
    struct metric_value values[METRIC_LABELS + 1];
    int n = metric_values((enum metric)m, values), written = 0;
    for (int i = 0; i < n; i++) {
      if (!values[i].count) continue;
      if (!written++) {
        js_key(w, rows[m].name);
        js_begin(w, '{');
      }
      write_value(w, (enum metric)m, &values[i]);
    }
    if (written) js_end(w, '}');
  }
  js_end(w, '}');
}

static bool read_count(struct js *v, const char *path, uint64_t *ret) {
  int64_t n;
  if (js_get_int(v, path, 0, INT64_MAX, &n, NULL) < 0) return false;
  *ret = (uint64_t)n;
  return true;
}

static bool read_value(struct js *v, bool is_histogram, struct metric_value *ret) {
  if (!is_histogram) return read_count(v, "", &ret->count);
  bool good = js_len(v) == METRIC_BUCKETS + 2 && js_get_number(v, "[0]", &ret->sum, NULL) == 0 &&
              read_count(v, "[1]", &ret->count);
  for (int i = 0; i < METRIC_BUCKETS && good; i++) {
    char path[16];
    snprintf(path, sizeof path, "[%d]", i + 2);
    good = read_count(v, path, &ret->at_most[i]);
  }
  return good;
}

int metric_values_of(struct js *counted, enum metric m, struct metric_value ret[METRIC_LABELS + 1]) {
  struct js *values = counted ? js_at(counted, rows[m].name) : NULL, *v;
  const char *label;
  int n = 0;
  for (void *it = NULL; n <= METRIC_LABELS && values && js_next(values, &it, &label, &v);) {
    struct metric_value *value = &ret[n];
    memset(value, 0, sizeof *value);
    if (strlen(label) >= sizeof value->label || !read_value(v, rows[m].histogram, value)) continue;
    snprintf(value->label, sizeof value->label, "%s", label);
    n++;
  }
  return n;
}
