#include "web/metrics.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/metrics.h"

/* A quote is escaped in a label's value, but not in help. */
static void escape(struct buf *out, const char *text, bool quote) {
  for (; *text; text++) {
    if (*text == '\\') buf_adds(out, "\\\\");
    else if (*text == '\n') buf_adds(out, "\\n");
    else if (*text == '"' && quote) buf_adds(out, "\\\"");
    else buf_addc(out, *text);
  }
}

static void number(struct buf *out, double v) {
  if (isnan(v)) buf_adds(out, "NaN");
  else if (isinf(v)) buf_adds(out, v > 0 ? "+Inf" : "-Inf");
  else buf_addf(out, "%.15g", v);
}

void metrics_head(struct buf *out, const char *name, const char *type, const char *help) {
  buf_addf(out, "# HELP %s ", name);
  escape(out, help, false);
  buf_addf(out, "\n# TYPE %s %s\n", name, type);
}

void metrics_sample(struct buf *out, const char *name, const char *const *labels, double value) {
  buf_adds(out, name);
  for (size_t i = 0; labels && labels[i]; i += 2) {
    buf_addf(out, "%s%s=\"", i ? "," : "{", labels[i]);
    escape(out, labels[i + 1], true);
    buf_adds(out, labels[i + 2] ? "\"" : "\"}");
  }
  buf_addc(out, ' ');
  number(out, value);
  buf_addc(out, '\n');
}

static void histogram(struct buf *out, const char *process, const struct metric_about *about,
                      const struct metric_value *v) {
  char bucket[64], sum[64], count[64], limit[32];
  snprintf(bucket, sizeof bucket, "%s_bucket", about->name);
  snprintf(sum, sizeof sum, "%s_sum", about->name);
  snprintf(count, sizeof count, "%s_count", about->name);
  const char *const labels[] = {"process", process, about->label, v->label, NULL};
  const char *const with_limit[] = {"process", process, about->label, v->label, "le", limit, NULL};
  for (int i = 0; i < METRIC_BUCKETS; i++) {
    snprintf(limit, sizeof limit, "%g", metric_buckets[i]);
    metrics_sample(out, bucket, with_limit, (double)v->at_most[i]);
  }
  snprintf(limit, sizeof limit, "+Inf");
  metrics_sample(out, bucket, with_limit, (double)v->count);
  metrics_sample(out, sum, labels, v->sum);
  metrics_sample(out, count, labels, (double)v->count);
}

static void one_process(struct buf *out, enum metric m, const struct metrics_process *p) {
  struct metric_about about = metric_about(m);
  struct metric_value values[METRIC_LABELS + 1];
  int n = metric_values_of(p->counted, m, values);
  for (int i = 0; i < n; i++) {
    const char *const labels[] = {"process", p->name, about.label, values[i].label, NULL};
    if (about.histogram) histogram(out, p->name, &about, &values[i]);
    else metrics_sample(out, about.name, labels, (double)values[i].count);
  }
}

void metrics_counted(struct buf *out, const struct metrics_process *processes, size_t count) {
  for (int m = 0; m < METRICS_COUNT; m++) {
    struct metric_about about = metric_about((enum metric)m);
    metrics_head(out, about.name, about.histogram ? "histogram" : "counter", about.help);
    for (size_t i = 0; i < count; i++) one_process(out, (enum metric)m, &processes[i]);
  }
}
