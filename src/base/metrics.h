/*
 * What this process counts of its own doing, for whoever watches over it (web/metrics.h writes it out). One table: to count
 * something new, add a line to enum metric and a row in metrics.c.
 *
 *   metric_count(METRIC_FAILURES, "too_long");
 *   metric_observe(METRIC_STAGE_SECONDS, "recognize", 12.5);
 *
 * The second argument is the value of the metric's one label, NULL for those that have none. A metric holds at most
 * METRIC_LABELS values; further ones are counted together as "other", so what is outside never makes this grow.
 *
 * The service's roles are processes, and one of them is asked for the numbers of all. So each puts what it has counted into its
 * heartbeat, as the member "counted" of its detail:
 *
 *   js_key(&w, "counted");  metrics_write(&w);       {"titr_failures_total": {"crash": 3}, "titr_stage_seconds": {"render": […]}}
 *
 * Threads: safe.
 */
#ifndef TITR_BASE_METRICS_H
#define TITR_BASE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

enum metric {
  METRIC_STAGE_SECONDS, /* by stage: "fetch", job_stage_name() … */
  METRIC_FAILURES,      /* by code: a task's error_code, at each attempt that failed */
  METRIC_TELEGRAM_429,
  METRICS_COUNT
};
enum { METRIC_LABELS = 32, METRIC_BUCKETS = 14 };

void metric_count(enum metric m, const char *label);
void metric_observe(enum metric m, const char *label, double seconds);

/* ---- for who writes them out ---- */

struct metric_about {
  const char *name, *help;
  const char *label; /* its name; NULL: none */
  bool histogram;    /* else a counter */
};
struct metric_about metric_about(enum metric m);

struct metric_value {
  char label[48]; /* "" when the metric has none */
  uint64_t count;
  double sum;                       /* of a histogram */
  uint64_t at_most[METRIC_BUCKETS]; /* of a histogram: how many were <= metric_buckets[i] */
};
extern const double metric_buckets[METRIC_BUCKETS]; /* seconds, ascending */

/* All values of a metric at one moment; returns how many. A counter without a label is always there, at 0 too. */
int metric_values(enum metric m, struct metric_value ret[METRIC_LABELS + 1]);

/* What this process has counted, as a JSON object: what is still 0 is left out. */
void metrics_write(struct js_writer *w);
/* The same as metric_values(), of what another process wrote (`counted`: that object, or NULL). What is not as
 * metrics_write() makes it is passed over. */
int metric_values_of(struct js *counted, enum metric m, struct metric_value ret[METRIC_LABELS + 1]);

#endif
