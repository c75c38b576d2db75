/*
 * May another job begin, as far as memory goes? Estimates for what a job takes at its peak, so that a worker with many
 * jobs at a time stays within its share of a small machine (4 GB are enough for two).
 *
 * Recognition is one at a time (pipeline/model_keeper.h): its memory counts once. Each job may be rendering.
 * Figures by measurement (docs/performance.md): base while recognizing 0.6 GB, rendering 1080p 0.55 GB.
 */
#ifndef TITR_SERVICE_ADMISSION_H
#define TITR_SERVICE_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes for `jobs` jobs at once with a model whose weights are a file of model_bytes. */
int64_t admission_estimate(int jobs, int64_t model_bytes);

/* The most jobs at once, 1..wish, that fit into `budget` bytes. One always may: a job that is refused helps nobody. */
int admission_most(int wish, int64_t model_bytes, int64_t budget);

/* May one more job begin beside `running` others, of which `growing` have not come to their peak yet? By what is left right now
 * of the memory of the machine and of its control group (base/machine.h); true where that is not known, and when none is
 * running. */
bool admission_room(int running, int growing);

/* The same for a given number of bytes left. */
bool admission_room_of(int running, int growing, int64_t left);

#endif
