/*
 * DESIGN. An end is one transaction: the row's state, the charge given back or not, and what the caller adds. It begins with reading the
 * row: is it still this lease's? Then nobody else can change it but the user, who asks for a cancellation; and
 * that decides what becomes of a task that would go round once more.
 *
 * A commit of which nobody knows whether it was made is run again: when it was, the row shows it (the same attempt, the state
 * and the error that this end gives), and nothing is done twice.
 */
#include "queue/queue.h"

#include <string.h>
#include <sys/random.h>

#include "queue/queue_parts.h"
#include "store/quota.h"

enum { END_TRIES = 3 };

int64_t queue_backoff_ms(int attempts, double random) {
  double s = 5;
  for (int i = 1; i < attempts && s < 500; i++) s *= 4;
  if (s > 500) s = 500; /* with what chance adds: ten minutes */
  return (int64_t)(s * 1000 * (0.8 + 0.4 * random));
}

static double chance(void) {
  uint32_t dice = 0;
  if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != (ssize_t)sizeof dice) return 0.5;
  return (double)dice / (double)UINT32_MAX;
}

struct ending {
  struct queue *q;
  const struct task *task;
  const struct queue_end *end;
};

/* What is to happen to a row that is his: the state it gets, and whether the charge is given back. */
struct verdict {
  enum task_state state;
  const char *refund; /* the ledger's reason, or NULL */
};

static struct verdict judge(const struct ending *g, const struct task *row) {
  bool stop = row->cancel_requested; /* he does not want it any more: what would wait again ends here */
  switch (g->end->outcome) {
  case QUEUE_DONE: return (struct verdict){TASK_DONE, NULL};
  case QUEUE_FAILED: return (struct verdict){TASK_FAILED, NULL};
  case QUEUE_OUR_FAULT: return (struct verdict){TASK_FAILED, "failed through our fault"};
  case QUEUE_CANCELLED: return (struct verdict){TASK_CANCELLED, g->end->give_back ? "cancelled before work" : NULL};
  case QUEUE_AGAIN:
    if (stop) return (struct verdict){TASK_CANCELLED, "cancelled after it failed"};
    if (row->attempts >= g->q->options.attempts) return (struct verdict){TASK_PARKED, "parked"};
    return (struct verdict){TASK_QUEUED, NULL};
  case QUEUE_HAND_BACK: break;
  }
  return stop ? (struct verdict){TASK_CANCELLED, "cancelled when its worker stopped"}
              : (struct verdict){TASK_QUEUED, NULL};
}

static int change(struct sql_tx *tx, const struct ending *g, enum task_state to, int64_t now, struct err *e) {
  const struct queue_end *end = g->end;
  int64_t id = g->task->id;
  const char *lease = g->task->lease_owner;
  switch (to) {
  case TASK_DONE: return tasks_done(tx, id, lease, end->result_path, end->subtitles_path, now, e);
  case TASK_FAILED: return tasks_fail(tx, id, lease, end->error_code, end->error_text, now, e);
  case TASK_PARKED: return tasks_park(tx, id, lease, end->error_code, end->error_text, now, e);
  case TASK_CANCELLED: return tasks_cancelled(tx, id, lease, now, e);
  default: break;
  }
  if (end->outcome == QUEUE_HAND_BACK) return tasks_hand_back(tx, id, lease, e);
  return tasks_retry(tx, id, lease, end->error_code, end->error_text,
                     now + queue_backoff_ms(g->task->attempts, chance()), e);
}

static bool same(const char *a, const char *b) {
  return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A row that is not his: because this very end was committed before? Claims count attempts, so another's end shows. */
static bool is_so_already(const struct ending *g, const struct task *row) {
  const struct queue_end *end = g->end;
  if (row->attempts != g->task->attempts) return false;
  switch (end->outcome) {
  case QUEUE_DONE: return row->state == TASK_DONE && same(row->result_path, end->result_path);
  case QUEUE_FAILED:
  case QUEUE_OUR_FAULT: return row->state == TASK_FAILED && same(row->error_code, end->error_code);
  case QUEUE_CANCELLED: return row->state == TASK_CANCELLED;
  case QUEUE_AGAIN:
    if (row->state == TASK_CANCELLED) return true;
    return row->state != TASK_RUNNING && same(row->error_code, end->error_code);
  case QUEUE_HAND_BACK: break;
  }
  return false; /* handed back, it is whoever's: nothing depends on it */
}

static int end_task(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct ending *g = ctx;
  _cleanup_(task_release) struct task row = {0};
  int rc = tasks_get(tx, g->task->id, &row, e);
  if (rc <= 0) return rc;
  if (!same(row.lease_owner, g->task->lease_owner)) return is_so_already(g, &row);
  struct verdict v = judge(g, &row);
  int64_t now = queue_now_ms(g->q);
  rc = change(tx, g, v.state, now, e);
  if (rc <= 0) return rc;
  if (v.refund) rc = quota_refund(tx, g->task->id, v.refund, now, e);
  if (rc >= 0 && g->end->with) rc = g->end->with(tx, g->end->ctx, v.state, e);
  return rc < 0 ? rc : 1;
}

int queue_end(struct queue *q, const struct task *t, const struct queue_end *end, struct err *e) {
  struct ending g = {.q = q, .task = t, .end = end};
  int rc = ERR_UNSURE;
  for (int i = 0; i < END_TRIES && rc == ERR_UNSURE; i++) rc = sql_transact(q->db, SQL_WRITE, end_task, &g, e);
  if (rc == 1 && end->outcome == QUEUE_HAND_BACK) queue_wake(q, t->public_id, t->lane);
  return rc;
}
