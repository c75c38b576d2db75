/*
 * Lanes: in which order they are looked at. Of every 10 turns, 6 belong to lane 1, 3 to lane 2, 1 to lane 3, spread
 * evenly; a lane that is empty gives its turn to the next by priority. Pure functions; of this module only.
 */
#ifndef TITR_QUEUE_LANES_H
#define TITR_QUEUE_LANES_H

#include <stdint.h>

#include "store/tasks.h"

enum { LANES_CYCLE = 10 };

void lanes_order(uint64_t turn, int ret[TASK_LANES]);

/* How many takes, from the beginning of a cycle, come before that of a task of `lane` that has `ahead` before it in its lane,
 * while waiting[lane] tasks wait in each (waiting[lane] > ahead; waiting[0] is not read) and no other comes. */
int64_t lanes_before(const int64_t waiting[TASK_LANES + 1], int lane, int64_t ahead);

#endif
