/*
 * DESIGN. A slot is a thread with at most one job. What the lease thread must know of it (stage, progress) and may do to it
 * (stop it, for a reason) is behind the slot's lock; the job itself only sees its cancel flag. The first reason wins.
 *
 * Free slots ask for a task one after the other, through a door: who asks whether there is memory for one more job then sees
 * those that have just begun, which will take theirs.
 *
 * The heartbeat goes out only while the lease thread goes round: a worker whose leases are renewed no more is not well.
 */
#include "service/worker.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "pipeline/model_keeper.h"
#include "service/admission.h"
#include "store/heartbeats.h"
#include "store/outbox.h"

enum { MOST_JOBS = 64 };
static const double renew_seconds = 0.4, maintain_seconds = 1, beat_seconds = 5, model_idle_seconds = 900;
static const double end_seconds = 120; /* for which the end of a job is told to a database that is away */
static const char end_stage[] = "end";

enum reason { GO_ON, USER_CANCELLED, LEASE_LOST, TOO_SLOW, STOPPING };
static const char *const why_stopped[] = {[USER_CANCELLED] = "cancelled by its user",
                                          [LEASE_LOST] = "another worker has it: its lease was lost",
                                          [STOPPING] = "handed back: the worker stops"};

struct worker;
struct slot {
  struct worker *w;
  pthread_t thread;
  pthread_mutex_t lock; /* what follows */
  bool busy;
  struct task task;
  const char *stage;
  double done, began, stage_began, renewed;
  double media_seconds; /* of the input; 0: not known */
  enum reason reason;
  atomic_bool cancel;
};

struct worker {
  const struct worker_options *o;
  struct model_keeper *keeper;
  struct slot slots[MOST_JOBS];
  int started;
  pthread_mutex_t door; /* of who asks for a task */
  atomic_int running;
  atomic_ulong rounds; /* of the lease thread */
  unsigned long rounds_beaten;
  atomic_bool closing, ended; /* no more tasks; the lease thread may go */
};

struct worker_options worker_default_options(void) {
  return (struct worker_options){.model = "base", .jobs = 1, .drain_seconds = 7};
}

/* ---- the job's side ---- */

/* Stages follow each other: how long one took is known when the next begins. */
static void set_stage(struct slot *s, const char *stage, double done) {
  double now = clock_now(), took = -1;
  pthread_mutex_lock(&s->lock);
  const char *before = s->stage;
  if (strcmp(before, stage) != 0) {
    took = now - s->stage_began;
    s->stage_began = now;
  }
  s->stage = stage;
  s->done = done;
  pthread_mutex_unlock(&s->lock);
  if (took >= 0) metric_observe(METRIC_STAGE_SECONDS, before, took);
}

static void on_progress(void *ctx, const char *stage, double done) {
  set_stage(ctx, stage, done);
}

struct media {
  const struct slot *slot;
  int64_t ms;
};

static int save_media(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct media *m = ctx;
  return tasks_set_media(tx, m->slot->task.id, m->slot->task.lease_owner, m->ms, e);
}

static void on_probed(void *ctx, double seconds) {
  struct slot *s = ctx;
  struct media m = {s, (int64_t)(seconds * 1000)};
  pthread_mutex_lock(&s->lock);
  s->media_seconds = seconds;
  pthread_mutex_unlock(&s->lock);
  struct err e = {0};
  if (sql_transact(s->w->o->db, SQL_WRITE, save_media, &m, &e) < 0) log_warning("worker", "%s", e.msg);
}

/* ---- its end ---- */

static int tell_user(struct sql_tx *tx, const struct task *t, enum task_state ended, struct err *e) {
  if (ended == TASK_QUEUED || ended == TASK_RUNNING) return 0;
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "task");
  js_string(&w, t->public_id);
  js_key(&w, "event");
  js_string(&w, task_state_name(ended));
  js_end(&w, '}');
  int64_t now = clock_utc_ms();
  int rc = outbox_add(tx, "telegram", NULL, buf_str(&b), now, now, e);
  return rc < 0 ? rc : 0;
}

static int with_end(struct sql_tx *tx, void *ctx, enum task_state ended, struct err *e) {
  return tell_user(tx, ctx, ended, e);
}

static int with_lost_worker(struct sql_tx *tx, void *ctx, const struct task *t, struct err *e) {
  (void)ctx;
  return tell_user(tx, t, t->state, e);
}

static bool is_fault_of_input(const char *code) {
  static const char *const codes[] = {"input", "too_long", "too_large", "gone"};
  size_t i = 0;
  while (i < ARRAY_LEN(codes) && strcmp(codes[i], code) != 0) i++;
  return i < ARRAY_LEN(codes);
}

/* What worker.h's table says. false: nothing is to be told to the queue. */
static bool judge(enum reason reason, int rc, const char *code, bool worked, struct queue_end *end) {
  if (reason == LEASE_LOST) return false;
  if (reason == USER_CANCELLED) {
    end->outcome = QUEUE_CANCELLED;
    end->give_back = !worked;
  } else if (rc == 0) {
    end->outcome = QUEUE_DONE;
  } else if (reason == STOPPING) {
    end->outcome = QUEUE_HAND_BACK;
  } else if (reason == TOO_SLOW) {
    end->outcome = QUEUE_AGAIN;
    end->error_code = "timeout";
    end->error_text = "the job took longer than it may";
  } else if (is_fault_of_input(code)) {
    end->outcome = worked ? QUEUE_FAILED : QUEUE_OUR_FAULT;
  } else if (rc == ERR_NO_SPEECH || rc == ERR_USAGE) {
    end->outcome = QUEUE_OUR_FAULT;
  } else {
    end->outcome = QUEUE_AGAIN;
  }
  return true;
}

/* A database that is away is waited for; a change that may or may not have been made is made again, which has no
 * effect the second time. */
static void tell_queue(const struct slot *s, const struct queue_end *end) {
  double began = clock_now(), wait = 0.2;
  for (;;) {
    struct err e = {0};
    int rc = queue_end(s->w->o->queue, &s->task, end, &e);
    if (rc == 0) log_info("worker", "the task was no longer this worker's when it ended");
    if (rc >= 0) return;
    if (clock_now() - began > end_seconds) {
      log_error("worker", "the end of the task cannot be told: %s", e.msg);
      return;
    }
    log_warning("worker", "%s; trying again", e.msg);
    clock_sleep(wait);
    if (wait < 5) wait *= 2;
  }
}

static void work(struct slot *s) {
  const struct worker_options *o = s->w->o;
  struct worker_job j = {.storage = o->storage,
                         .task = &s->task,
                         .fetches = o->fetches,
                         .keeper = s->w->keeper,
                         .model = o->model,
                         .threads = o->threads,
                         .cancel = &s->cancel,
                         .progress = on_progress,
                         .probed = on_probed,
                         .ctx = s};
  struct worker_result result;
  const char *code = NULL;
  struct err e = {0};
  log_info("worker", "attempt %d begins", s->task.attempts);
  int rc = worker_job_run(&j, &result, &code, &e);
  set_stage(s, end_stage, 1);
  pthread_mutex_lock(&s->lock);
  enum reason reason = s->reason;
  pthread_mutex_unlock(&s->lock);
  struct queue_end end = {.result_path = result.video,
                          .subtitles_path = result.subtitles,
                          .error_code = code,
                          .error_text = rc < 0 ? e.msg : NULL,
                          .with = with_end,
                          .ctx = &s->task};
  bool told = judge(reason, rc, code ? code : "", result.worked, &end);
  if (told) tell_queue(s, &end);
  bool failed = rc < 0 && (reason == GO_ON || reason == TOO_SLOW);
  if (failed && told) metric_count(METRIC_FAILURES, end.error_code);
  if (rc == 0) log_info("worker", "done in %.1f s: %zu captions", result.job.seconds, result.job.cues);
  else if (failed) log_info("worker", "%s: %s", end.error_code, end.error_text);
  else log_info("worker", "%s", why_stopped[reason]);
  worker_result_release(&result);
}

/* ---- threads ---- */

static void begin(struct slot *s) {
  pthread_mutex_lock(&s->lock);
  s->busy = true;
  s->stage = "fetch";
  s->done = 0;
  s->began = s->stage_began = s->renewed = clock_now();
  s->media_seconds = 0;
  s->reason = GO_ON;
  atomic_store(&s->cancel, false);
  pthread_mutex_unlock(&s->lock);
  atomic_fetch_add(&s->w->running, 1);
  log_set_task(s->task.public_id);
}

static void finish(struct slot *s) {
  log_set_task(NULL);
  pthread_mutex_lock(&s->lock);
  s->busy = false;
  task_release(&s->task);
  pthread_mutex_unlock(&s->lock);
  atomic_fetch_sub(&s->w->running, 1);
}

/* Jobs that have not come to what takes most memory yet. */
static int growing(struct worker *w) {
  int n = 0;
  for (int i = 0; i < w->started; i++) {
    struct slot *s = &w->slots[i];
    pthread_mutex_lock(&s->lock);
    n += s->busy && s->stage != end_stage && strcmp(s->stage, "render") != 0 && strcmp(s->stage, "save") != 0;
    pthread_mutex_unlock(&s->lock);
  }
  return n;
}

/* 1: the slot has a task and is busy; 0: none came, or there is no room for it; an error of the queue's. */
static int take(struct slot *s, bool *ret_room, struct err *e) {
  struct worker *w = s->w;
  int rc = 0;
  pthread_mutex_lock(&w->door);
  *ret_room = atomic_load(&w->closing) || admission_room(atomic_load(&w->running), growing(w));
  if (*ret_room) rc = queue_take(w->o->queue, 1000, &w->closing, &s->task, e);
  if (rc == 1) begin(s);
  pthread_mutex_unlock(&w->door);
  return rc;
}

static void *run_slot(void *arg) {
  struct slot *s = arg;
  struct worker *w = s->w;
  double complained = -1e9;
  while (!atomic_load(&w->closing)) {
    struct err e = {0};
    bool room;
    int rc = take(s, &room, &e);
    if (rc < 0 && clock_now() - complained > 30) {
      log_warning("worker", "no tasks can be taken: %s", e.msg);
      complained = clock_now();
    }
    if (rc < 0 || !room) clock_sleep(1);
    if (rc != 1) continue;
    work(s);
    finish(s);
  }
  return NULL;
}

/* Behind the slot's lock. */
static void stop_job(struct slot *s, enum reason why) {
  if (s->reason == GO_ON) s->reason = why;
  atomic_store(&s->cancel, true);
}

/* Longest times of stages: a part of its own, and a part for each second of the input. Generous: a small machine that is
 * busy otherwise takes a tenth of it; what stands still is found in minutes and not only by the limit of the job. */
static double stage_limit(const char *stage, double media_seconds) {
  static const struct {
    const char *stage;
    double fixed, each;
  } limits[] = {{"fetch", 1800, 0}, {"probe", 120, 0},   {"model", 600, 0}, {"recognize", 300, 10},
                {"shots", 300, 10}, {"render", 600, 60}, {"save", 300, 1}};
  for (size_t i = 0; i < ARRAY_LEN(limits); i++)
    if (strcmp(stage, limits[i].stage) == 0)
      return limits[i].fixed + limits[i].each * (media_seconds > 0 ? media_seconds : 3600);
  return INFINITY;
}

/* Behind the slot's lock. */
static bool is_too_slow(const struct slot *s, double now) {
  double most = s->w->o->job_seconds;
  return (most > 0 && now - s->began > most) || now - s->stage_began > stage_limit(s->stage, s->media_seconds);
}

static void renew(struct slot *s, int64_t lease_ms) {
  struct worker *w = s->w;
  pthread_mutex_lock(&s->lock);
  bool busy = s->busy;
  struct task task = {.id = s->task.id, .lease_owner = busy ? x_strdup(s->task.lease_owner) : NULL};
  snprintf(task.public_id, sizeof task.public_id, "%s", s->task.public_id);
  const char *stage = s->stage;
  int progress = (int)(s->done * 1000);
  double now = clock_now();
  if (busy && is_too_slow(s, now)) stop_job(s, TOO_SLOW);
  pthread_mutex_unlock(&s->lock);
  if (!busy) return;
  bool cancel = false;
  struct err e = {0};
  int rc = queue_renew(w->o->queue, &task, stage, progress, &cancel, &e);
  free(task.lease_owner);
  pthread_mutex_lock(&s->lock);
  if (s->busy && s->task.id == task.id) {
    if (rc == 1) s->renewed = now;
    if (rc == 1 && cancel) stop_job(s, USER_CANCELLED);
    /* a job that ends takes its own lease away: that is no loss */
    if (rc == 0 && s->stage != end_stage) stop_job(s, LEASE_LOST);
    if (rc < 0 && (clock_now() - s->renewed) * 1000 > (double)lease_ms) stop_job(s, LEASE_LOST);
  }
  pthread_mutex_unlock(&s->lock);
}

static void *run_leases(void *arg) {
  struct worker *w = arg;
  while (!atomic_load(&w->ended)) {
    for (int i = 0; i < w->started; i++) renew(&w->slots[i], w->o->lease_ms);
    atomic_fetch_add(&w->rounds, 1);
    clock_sleep(renew_seconds);
  }
  return NULL;
}

static int beat(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct worker *w = ctx;
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer js = JS_WRITER(&b, 0);
  js_begin(&js, '{');
  js_key(&js, "slots");
  js_int(&js, w->started);
  js_key(&js, "running");
  js_int(&js, atomic_load(&w->running));
  js_key(&js, "counted");
  metrics_write(&js);
  js_end(&js, '}');
  return heartbeats_beat(tx, w->o->name, buf_str(&b), clock_utc_ms(), e);
}

static void maintain(struct worker *w, double *beaten) {
  struct err e = {0};
  struct queue_repairs repairs;
  if (queue_maintain(w->o->queue, with_lost_worker, NULL, &repairs, &e) < 0)
    log_warning("worker", "maintenance: %s", e.msg);
  else if (repairs.leases_ended || repairs.parked)
    log_warning("worker", "%lld ended leases, %lld tasks parked", (long long)repairs.leases_ended,
                (long long)repairs.parked);
  model_keeper_tidy(w->keeper);
  unsigned long rounds = atomic_load(&w->rounds);
  if (clock_now() - *beaten < beat_seconds || rounds == w->rounds_beaten) return;
  if (sql_transact(w->o->db, SQL_WRITE, beat, w, &e) < 0) {
    log_warning("worker", "heartbeat: %s", e.msg);
    return;
  }
  *beaten = clock_now();
  w->rounds_beaten = rounds;
}

/* Jobs under way may end by themselves for a while; what is left is stopped and handed back. */
static void drain(struct worker *w) {
  atomic_store(&w->closing, true);
  double until = clock_now() + w->o->drain_seconds;
  while (atomic_load(&w->running) > 0 && clock_now() < until) clock_sleep(0.1);
  for (int i = 0; i < w->started; i++) {
    struct slot *s = &w->slots[i];
    pthread_mutex_lock(&s->lock);
    if (s->busy) stop_job(s, STOPPING);
    pthread_mutex_unlock(&s->lock);
  }
  for (int i = 0; i < w->started; i++) pthread_join(w->slots[i].thread, NULL);
}

static int goodbye(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct worker *w = ctx;
  return heartbeats_forget(tx, w->o->name, e);
}

int worker_run(const struct worker_options *o, const atomic_bool *stop, struct err *e) {
  struct worker *w = NEW(struct worker);
  w->o = o;
  w->keeper = model_keeper_new(model_idle_seconds);
  pthread_mutex_init(&w->door, NULL);
  pthread_t leases;
  int rc = 0;
  pthread_mutex_lock(&w->door); /* until all are there */
  for (int i = 0; i < o->jobs && i < MOST_JOBS; i++) {
    struct slot *s = &w->slots[i];
    s->w = w;
    pthread_mutex_init(&s->lock, NULL);
    if (pthread_create(&s->thread, NULL, run_slot, s) != 0) break;
    w->started++;
  }
  pthread_mutex_unlock(&w->door);
  bool leasing = w->started > 0 && pthread_create(&leases, NULL, run_leases, w) == 0;
  if (!leasing) rc = err_set(e, ERR_FAIL, "no threads can be started");
  double beaten = -1e9;
  while (rc == 0 && !atomic_load(stop)) {
    maintain(w, &beaten);
    for (double until = clock_now() + maintain_seconds; clock_now() < until && !atomic_load(stop);) clock_sleep(0.1);
  }
  drain(w);
  atomic_store(&w->ended, true);
  if (leasing) pthread_join(leases, NULL);
  sql_transact(o->db, SQL_WRITE, goodbye, w, NULL);
  for (int i = 0; i < w->started; i++) pthread_mutex_destroy(&w->slots[i].lock);
  pthread_mutex_destroy(&w->door);
  model_keeper_free(w->keeper);
  free(w);
  return rc;
}
