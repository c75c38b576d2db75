#include "queue/lanes.h"
#include "queue/queue.h"
#include "queue/queue_parts.h"
#include "store/heartbeats.h"

enum { MEAN_OF = 20 };

static int64_t wait_of(int64_t before, int64_t slots, int64_t running, int64_t mean_ms) {
  if (slots <= 0 || mean_ms <= 0) return -1;
  int64_t idle = slots > running ? slots - running : 0, must_end = before + 1 - idle;
  return must_end > 0 ? must_end * mean_ms / slots : 0;
}

int queue_position(struct queue *q, struct sql_tx *tx, const struct task *t, int64_t *ret_before, int64_t *ret_wait_ms,
                   struct err *e) {
  if (t->state != TASK_QUEUED) {
    *ret_before = *ret_wait_ms = -1;
    return 0;
  }
  int64_t now = queue_now_ms(q), waiting[TASK_LANES + 1] = {0}, ahead, slots, mean_ms;
  int64_t due =
      t->run_at_ms > now ? t->run_at_ms : now; /* a retry: as it will be when its time comes, if no other comes */
  int rc = 0;
  for (int lane = 1; lane <= TASK_LANES && rc == 0; lane++) rc = tasks_due_count(tx, lane, due, &waiting[lane], e);
  if (rc == 0) rc = tasks_ahead(tx, t, &ahead, e);
  if (rc == 0) rc = heartbeats_slots(tx, "worker:", now - QUEUE_WORKER_ALIVE_MS, &slots, e);
  if (rc == 0) rc = tasks_mean_ms(tx, MEAN_OF, &mean_ms, e);
  struct task_counts counts;
  if (rc == 0) rc = tasks_count(tx, now, &counts, e);
  if (rc < 0) return rc;
  if (waiting[t->lane] <= ahead) waiting[t->lane] = ahead + 1; /* `t` was read some time ago and has been taken since */
  int64_t before = lanes_before(waiting, t->lane, ahead), wait = wait_of(before, slots, counts.running, mean_ms);
  *ret_before = before;
  *ret_wait_ms = wait >= 0 && t->run_at_ms - now > wait ? t->run_at_ms - now : wait;
  return 0;
}
