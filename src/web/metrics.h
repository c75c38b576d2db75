/*
 * Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 *   metrics_head(&b, "titr_queue_depth", "gauge", "Tasks that wait, by lane.");
 *   metrics_sample(&b, "titr_queue_depth", (const char *const[]){"lane", "1", NULL}, 12);
 *   metrics_counted(&b, others, n);            // all of base/metrics.h
 */
#ifndef TITR_WEB_METRICS_H
#define TITR_WEB_METRICS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* `type`: counter, gauge or histogram. Once for a name, before its samples. */
void metrics_head(struct buf *out, const char *name, const char *type, const char *help);
/* `labels`: names and values in turn, ends with NULL; NULL: none. Values are escaped. */
void metrics_sample(struct buf *out, const char *name, const char *const *labels, double value);

/* What processes have counted, each under its name in the label "process"; their `counted` may be NULL. */
struct metrics_process {
  const char *name;
  struct js *counted; /* as metrics_write() makes it */
};
void metrics_counted(struct buf *out, const struct metrics_process *processes, size_t count);

#endif
