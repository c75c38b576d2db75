/* What a status message says: a pure function of the row. */
#include <stdlib.h>
#include <string.h>

#include "bot/status.h"

#define BAR 10

char *status_bar(int progress) {
  struct buf b = BUF_INIT;
  int full = progress < 0 ? 0 : progress > 1000 ? BAR : progress * BAR / 1000;
  for (int i = 0; i < BAR; i++) buf_adds(&b, i < full ? "▓" : "░");
  return buf_take(&b);
}

#define NAME_AND_TASK text_s("name", r->title), text_s("task", t->public_id)

static char *queued(const struct task *t, const struct reply *r, int64_t before, int64_t wait_ms, int64_t now_ms) {
  enum text_language l = r->language;
  if (t->attempts > 0 && t->error_code) { /* it did not work, and is tried again */
    _cleanup_(mem_freep) char *wait = text_wait(l, t->run_at_ms - now_ms);
    return text_make(l, TEXT_QUEUED_AGAIN, TEXT_VALUES(NAME_AND_TASK, text_s("wait", wait)));
  }
  if (before <= 0 && wait_ms <= 0) return text_make(l, TEXT_QUEUED_FIRST, TEXT_VALUES(NAME_AND_TASK));
  if (wait_ms < 0) return text_make(l, TEXT_QUEUED_UNKNOWN, TEXT_VALUES(NAME_AND_TASK, text_n("n", before)));
  _cleanup_(mem_freep) char *wait = text_wait(l, wait_ms);
  if (before <= 0) return text_make(l, TEXT_QUEUED_NEXT, TEXT_VALUES(NAME_AND_TASK, text_s("wait", wait)));
  return text_make(l, TEXT_QUEUED, TEXT_VALUES(NAME_AND_TASK, text_n("n", before), text_s("wait", wait)));
}

static char *running(const struct task *t, const struct reply *r) {
  enum text_language l = r->language;
  if (t->cancel_requested) return text_make(l, TEXT_STOPPING, TEXT_VALUES(NAME_AND_TASK));
  _cleanup_(mem_freep) char *stage = text_make(l, text_of_stage(t->stage), TEXT_NO_VALUES);
  _cleanup_(mem_freep) char *bar = status_bar(t->progress);
  return text_make(
      l, TEXT_RUNNING,
      TEXT_VALUES(NAME_AND_TASK, text_s("stage", stage), text_s("bar", bar), text_n("percent", t->progress / 10)));
}

static char *ended(const struct task *t, const struct reply *r) {
  enum text_language l = r->language;
  if (t->state == TASK_CANCELLED) return text_make(l, TEXT_CANCELLED, TEXT_VALUES(NAME_AND_TASK));
  if (t->state == TASK_DONE) {
    if (t->files_gone_ms && !t->delivered_ms) return text_make(l, TEXT_DONE_GONE, TEXT_VALUES(NAME_AND_TASK));
    return text_make(l, TEXT_DONE, TEXT_VALUES(NAME_AND_TASK));
  }
  _cleanup_(mem_freep) char *why = text_make(l, text_of_error(t->error_code), TEXT_NO_VALUES);
  return text_make(l, t->state == TASK_PARKED ? TEXT_PARKED : TEXT_FAILED,
                   TEXT_VALUES(NAME_AND_TASK, text_s("error", why)));
}

char *status_text(const struct task *t, const struct reply *r, int64_t before, int64_t wait_ms, bool given_back,
                  int64_t now_ms) {
  if (t->state == TASK_QUEUED) return queued(t, r, before, wait_ms, now_ms);
  if (t->state == TASK_RUNNING) return running(t, r);
  _cleanup_(mem_freep) char *text = ended(t, r);
  if (!given_back) return TAKE(text);
  _cleanup_(mem_freep) char *note = text_make(r->language, TEXT_GIVEN_BACK, TEXT_NO_VALUES);
  return x_asprintf("%s\n%s", text, note);
}
