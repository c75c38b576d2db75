/*
 * Progress of a whole job from the progress of its stages. Before anything is known, what the stages take is guessed
 * from the media and the options (weights, in seconds on a small machine); while they run, their own pace replaces
 * the guess. `done` is elapsed / (elapsed + remaining), never goes back, and is 1 only at the end; `remaining` is
 * smoothed, so that it does not flicker. Times come from base/clock.h or, in tests, from `now`.
 */
#ifndef TITR_PIPELINE_METER_H
#define TITR_PIPELINE_METER_H

#include "pipeline/job.h"

struct meter {
  double weight[JOB_STAGES];                     /* seconds expected, about; 0: the stage does not happen */
  double media_seconds, render_rate, shots_rate; /* weights by second of media, for meter_duration() */
  double began, stage_began, told;
  double pace; /* how much longer this machine takes than the weights say, as seen so far */
  enum job_stage stage;
  double stage_done;
  double done, remaining; /* remaining < 0: not known */
  const struct job_events *events;
  double (*now)(void);
};

/* What is to be done comes from the options; `info` may be NULL (not probed yet). Keeps what was already told. */
void meter_init(struct meter *m, const struct job_events *events);
void meter_plan(struct meter *m, const struct job_options *o, const struct media_info *info);
void meter_duration(struct meter *m, double seconds); /* the media's, when the file did not tell */
void meter_skip(struct meter *m, enum job_stage s);   /* it is not needed after all */
void meter_stage(struct meter *m, enum job_stage s);
void meter_tell(struct meter *m, double stage_done); /* 0..1; passes on at most 10 times a second */
void meter_finish(struct meter *m);                  /* 100 % */

#endif
