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
    [METRIC_PAYMENTS] = {"titr_payments_total", "Payments that reached a state.", "state", false},
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
