/* Progress of a whole job from the progress of its stages: weights from what stages are known to cost, remaining time
 * from what they turn out to cost. */
#ifndef TITR_PIPELINE_METER_H
#define TITR_PIPELINE_METER_H

#include "pipeline/job.h"

struct meter {
  double weight[JOB_STAGES]; /* seconds expected, about; 0: the stage does not happen */
  double began, stage_began, told;
  enum job_stage stage;
  double done, remaining; /* smoothed; remaining < 0: not known */
  const struct job_events *events;
};

/* `seconds` of media; what is to be done comes from the options. */
void meter_init(struct meter *m, const struct job_options *o, const struct media_info *info,
                const struct job_events *events);
void meter_stage(struct meter *m, enum job_stage s);
void meter_tell(struct meter *m, double stage_done); /* 0..1; passes on at most 10 times a second */

#endif
