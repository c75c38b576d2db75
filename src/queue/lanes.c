#include "queue/lanes.h"

#include <string.h>

static const int owner_of_turn[LANES_CYCLE] = {1, 2, 1, 1, 2, 1, 3, 1, 2, 1};

void lanes_order(uint64_t turn, int ret[TASK_LANES]) {
  int first = owner_of_turn[turn % LANES_CYCLE], n = 0;
  ret[n++] = first;
  for (int lane = 1; lane <= TASK_LANES; lane++)
    if (lane != first) ret[n++] = lane;
}

/* By doing it: the task's own lane has its turn at least once in a cycle, so this is at most LANES_CYCLE * (ahead + 1) steps. */
int64_t lanes_before(const int64_t waiting[TASK_LANES + 1], int lane, int64_t ahead) {
  int64_t left[TASK_LANES + 1], before = 0;
  memcpy(left, waiting, sizeof left);
  for (uint64_t turn = 0;; turn++, before++) {
    int order[TASK_LANES], n = 0;
    lanes_order(turn, order);
    while (n < TASK_LANES - 1 && left[order[n]] <= 0) n++;
    left[order[n]]--;
    if (order[n] == lane && ahead-- == 0) return before;
  }
}
