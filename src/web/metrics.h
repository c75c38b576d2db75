/*
 * Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 *   metrics_head(&b, "titr_queue_depth", "gauge", "Tasks that wait, by lane.");
 *   metrics_sample(&b, "titr_queue_depth", (const char *const[]){"lane", "1", NULL}, 12);
 *   metrics_counted(&b);            // all of base/metrics.h
 */
#ifndef TITR_WEB_METRICS_H
#define TITR_WEB_METRICS_H

#include "base/buf.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* `type`: counter, gauge or histogram. Once for a name, before its samples. */
void metrics_head(struct buf *out, const char *name, const char *type, const char *help);
/* `labels`: names and values in turn, ends with NULL; NULL: none. Values are escaped. */
void metrics_sample(struct buf *out, const char *name, const char *const *labels, double value);
void metrics_counted(struct buf *out);

#endif
