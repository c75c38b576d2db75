/* How a job went, as JSON: a member "report" put into the caption JSON, for programs and the bench. */
#ifndef TITR_PIPELINE_REPORT_H
#define TITR_PIPELINE_REPORT_H

#include "base/buf.h"
#include "pipeline/job.h"

void report_append(struct buf *json_object, const struct job_result *r); /* before its last '}' */

#endif
