#include "service/gc.h"

#include <string.h>

#include "base/log.h"
#include "store/cleaning.h"
#include "store/heartbeats.h"
#include "store/outbox.h"
#include "store/updates.h"

enum { AT_A_TIME = 100 };
static const int64_t hour_ms = 3600000, week_ms = 7 * 24 * 3600000LL;

struct run {
  const struct gc_options *o;
  struct gc_report *report;
  struct cleaning_rules rules;
  struct cleaning_list list;
  int64_t gone; /* task to mark */
  const char *orphan;
};

static bool stopped(const struct run *r) {
  return r->o->cancel && atomic_load(r->o->cancel);
}

static int64_t free_bytes(const struct run *r) {
  int64_t n = storage_free_bytes(r->o->storage);
  return n < 0 || !r->o->dry ? n : n + r->report->bytes;
}

static int find_due(struct sql_tx *tx, void *ctx, struct err *e) {
  struct run *r = ctx;
  return cleaning_due(tx, &r->rules, r->o->now_ms, r->o->dry ? 10 * AT_A_TIME : AT_A_TIME, &r->list, e);
}

static int mark_gone(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct run *r = ctx;
  return cleaning_gone(tx, r->gone, r->o->now_ms, e);
}

static int is_known(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct run *r = ctx;
  return cleaning_known(tx, r->orphan, e);
}

static void count(struct run *r, const char *public_id, const char *why, int64_t bytes) {
  r->report->folders++;
  r->report->bytes += bytes;
  if (r->o->removed) r->o->removed(r->o->ctx, public_id, why, bytes);
}

/* One task: 1 its files are gone, 0 it is held (a worker that has lost it has not noticed yet). */
static int clean_task(struct run *r, const struct cleaning_item *item, const char *why, struct err *e) {
  int64_t bytes;
  struct err ignored;
  int rc = storage_remove_task(r->o->storage, item->public_id, r->o->dry, &bytes, e);
  if (rc < 0) return rc;
  if (rc == 1) count(r, item->public_id, why, bytes);
  struct storage_hold hold = STORAGE_HOLD_NONE;
  if (rc == 0 && !r->o->dry) { /* held, or never there? */
    if (storage_hold(r->o->storage, item->public_id, &hold, &ignored) < 0) return 0;
    storage_let_go(&hold);
    storage_remove_task(r->o->storage, item->public_id, false, &bytes, &ignored);
  }
  if (r->o->dry) return 1;
  r->gone = item->id;
  rc = sql_transact(r->o->db, SQL_WRITE, mark_gone, r, e);
  return rc < 0 ? rc : 1;
}

static int clean_expired(struct run *r, struct err *e) {
  for (;;) {
    int rc = sql_transact(r->o->db, SQL_READ, find_due, r, e);
    if (rc < 0) return rc;
    size_t cleaned = 0;
    for (size_t i = 0; i < r->list.count && !stopped(r); i++) {
      const struct cleaning_item *item = &r->list.items[i];
      rc = clean_task(r, item, item->state == TASK_DONE ? "expired" : task_state_name(item->state), e);
      if (rc < 0) return rc;
      cleaned += rc == 1;
    }
    if (cleaned == 0 || r->o->dry || r->list.count < AT_A_TIME || stopped(r)) return 0;
  }
}

static bool is_low(const struct run *r, int64_t free) {
  return free >= 0 && free < r->o->least_free; /* -1: not known */
}

static bool is_in(const struct cleaning_list *l, int64_t id) {
  size_t i = 0;
  while (i < l->count && l->items[i].id != id) i++;
  return i < l->count;
}

/* The disk is nearly full: what has reached its user goes before its time. In a dry run nothing becomes free by itself: what
 * was counted so far is added, and what has been named as expired already is passed over. */
static int clean_hard(struct run *r, struct err *e) {
  struct cleaning_list named = r->list;
  r->list = (struct cleaning_list){0};
  r->rules.hard = true;
  int rc = 0;
  for (size_t cleaned = 1; cleaned && !stopped(r) && is_low(r, free_bytes(r));) {
    rc = sql_transact(r->o->db, SQL_READ, find_due, r, e);
    cleaned = 0;
    for (size_t i = 0; rc >= 0 && i < r->list.count && is_low(r, free_bytes(r)); i++) {
      const struct cleaning_item *item = &r->list.items[i];
      if (r->o->dry && is_in(&named, item->id)) continue;
      rc = clean_task(r, item, "disk nearly full", e);
      cleaned += rc == 1;
    }
    if (rc < 0 || r->o->dry) break;
  }
  r->report->still_full = is_low(r, free_bytes(r));
  cleaning_list_release(&named);
  return rc < 0 ? rc : 0;
}

struct orphans {
  struct run *r;
  struct err *e;
};

static int look_at_folder(void *ctx, const char *public_id, double age) {
  const struct orphans *o = ctx;
  struct run *r = o->r;
  if (stopped(r)) return 1;
  if (age < r->o->orphan_hours * 3600) return 0;
  r->orphan = public_id;
  int rc = sql_transact(r->o->db, SQL_READ, is_known, r, o->e);
  if (rc != 0) return rc < 0 ? rc : 0;
  int64_t bytes;
  rc = storage_remove_task(r->o->storage, public_id, r->o->dry, &bytes, o->e);
  if (rc == 1) count(r, public_id, "belongs to nothing", bytes);
  return rc < 0 ? rc : 0;
}

static int clean_rows(struct sql_tx *tx, void *ctx, struct err *e) {
  struct run *r = ctx;
  int64_t sent, updates, beats, before = r->o->now_ms - week_ms;
  int rc = outbox_clean(tx, before, &sent, e);
  if (rc >= 0) rc = updates_clean(tx, r->o->now_ms, &updates, e);
  if (rc >= 0) rc = heartbeats_clean(tx, before, &beats, e);
  if (rc >= 0) r->report->rows = sent + updates + beats;
  return rc < 0 ? rc : 0;
}

int gc_run(const struct gc_options *o, struct gc_report *ret, struct err *e) {
  memset(ret, 0, sizeof *ret);
  const struct plan *plans = o->plans->plans;
  struct run r = {.o = o,
                  .report = ret,
                  .rules = {.free_ms = plans[PLAN_FREE].ttl_hours * hour_ms,
                            .pro_ms = plans[PLAN_PRO].ttl_hours * hour_ms,
                            .creator_ms = plans[PLAN_CREATOR].ttl_hours * hour_ms,
                            .nothing_ms = hour_ms}};
  struct orphans orphans = {&r, e};
  int rc = clean_expired(&r, e);
  if (rc == 0) rc = storage_each_task(o->storage, look_at_folder, &orphans, e);
  if (rc >= 0) rc = clean_hard(&r, e);
  if (rc == 0 && !o->dry) rc = sql_transact(o->db, SQL_WRITE, clean_rows, &r, e);
  cleaning_list_release(&r.list);
  if (rc == 0 && ret->still_full && !o->dry)
    log_warning("gc", "less than %lld GB are free in %s, and nothing more may go", (long long)(o->least_free >> 30),
                storage_root(o->storage));
  return rc < 0 ? rc : 0;
}
