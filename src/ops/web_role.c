/*
 * DESIGN. The calling thread looks at everything, once a second, and leaves what it saw under a lock; handlers only write it out.
 * What hangs keeps it away: then `at`, when it last came back, grows old, and `asking` is what it asks since.
 */
#include "ops/web_role.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/secret.h"
#include "config/address.h"
#include "config/settings.h"
#include "ops/dependencies.h"
#include "store/heartbeats.h"
#include "store/outbox.h"
#include "store/payments.h"
#include "store/tasks.h"
#include "web/metrics.h"
#include "web/server.h"

static const double look_every = 1, look_late = 10;
static const double payments_every = 15; /* all of them are read to be summed up */

enum state { STATE_OK, STATE_DEGRADED, STATE_DOWN };
static const char *const state_names[] = {"ok", "degraded", "down"};

enum { CHECKS_MOST = 8 };
struct check {
  const char *name;
  enum state state;
  char detail[1024]; /* as long as an error */
};

struct numbers { /* of the database */
  struct task_counts tasks;
  int64_t outbox, outbox_oldest_ms, workers, slots, bot_ms;
  int64_t now_ms; /* 0: not known */
};

struct payment_numbers {
  struct payment_sum sums[PAYMENT_SUMS];
  int count;
  double at; /* 0: not known */
};

struct process {
  char *name;
  struct js *detail; /* of its heartbeat; NULL: it says nothing that can be read */
};

struct look {
  struct check checks[CHECKS_MOST];
  int count;
  struct numbers numbers;
  struct payment_numbers payments;
  int64_t free_bytes; /* -1: not known */
  double at;
};

struct role {
  struct sql *db;
  struct queue *queue;
  struct process processes[HEARTBEATS_MOST]; /* of the calling thread */
  size_t process_count;
  pthread_mutex_t lock; /* guards what follows */
  struct look last;
  struct buf counted; /* what the processes have counted, as it is sent */
  const char *asking; /* the name of a check */
};

/* ---- looking ---- */

static void add(struct look *l, const char *name, enum state if_failed, int rc, const char *words,
                const struct err *e) {
  struct check *c = &l->checks[l->count++];
  c->name = name;
  c->state = rc < 0 ? if_failed : STATE_OK;
  snprintf(c->detail, sizeof c->detail, "%s", rc < 0 ? e->msg : words);
}

static void begin(struct role *r, const char *check) {
  pthread_mutex_lock(&r->lock);
  r->asking = check;
  pthread_mutex_unlock(&r->lock);
}

static void look_at_database(struct role *r, struct look *l) {
  begin(r, "database");
  _cleanup_(buf_release) struct buf words = BUF_INIT;
  struct err e = {0};
  int rc = dependency_database(r->db, &words, &e);
  add(l, "database", STATE_DOWN, rc, buf_str(&words), &e);
}

static void look_at_redis(struct role *r, struct look *l) {
  struct settings_redis s;
  if (!settings_redis(&s)) return;
  begin(r, "redis");
  struct err e = {0};
  int rc = queue_redis_works(r->queue) ? 0 : err_set(&e, ERR_NETWORK, "%s:%d does not answer", s.host, s.port);
  _cleanup_(mem_freep) char *words = x_asprintf("%s:%d", s.host, s.port);
  add(l, "redis", STATE_DOWN, rc, words, &e);
}

static void look_at_storage(struct role *r, struct look *l) {
  begin(r, "storage");
  _cleanup_(buf_release) struct buf words = BUF_INIT;
  struct err e = {0};
  int rc = dependency_storage(&words, &e);
  add(l, "storage", STATE_DOWN, rc, buf_str(&words), &e);
  struct statvfs v;
  bool known = statvfs(settings_text(SET_STORAGE_PATH), &v) == 0;
  l->free_bytes = known ? (int64_t)v.f_bavail * (int64_t)v.f_frsize : -1;
}

static void look_at_role(const struct role *r, const char *role, struct look *l) {
  _cleanup_(buf_release) struct buf words = BUF_INIT;
  struct err e = {0};
  int rc = dependency_role(r->db, role, false, &words, &e);
  add(l, role, STATE_DEGRADED, rc, buf_str(&words), &e);
}

struct counting {
  struct role *role;
  struct numbers *numbers;
};

static void forget_processes(struct role *r) {
  while (r->process_count) {
    struct process *p = &r->processes[--r->process_count];
    free(p->name);
    js_free(p->detail);
  }
}

static int add_process(void *ctx, const char *name, const char *detail) {
  struct role *r = ctx;
  struct process *p = &r->processes[r->process_count++];
  *p = (struct process){.name = x_strdup(name)};
  if (detail && js_parse(detail, strlen(detail), "a heartbeat", &p->detail, NULL) < 0) p->detail = NULL;
  return 0;
}

static int count(struct sql_tx *tx, void *ctx, struct err *e) {
  struct counting *c = ctx;
  struct numbers *n = c->numbers;
  forget_processes(c->role); /* of a try before */
  int64_t now = clock_utc_ms(), since = now - DEPENDENCY_FRESH_MS;
  int rc = tasks_count(tx, now, &n->tasks, e);
  if (rc == 0) rc = outbox_waiting(tx, "telegram", &n->outbox, &n->outbox_oldest_ms, e);
  if (rc == 0) rc = heartbeats_alive(tx, "worker:", since, &n->workers, e);
  if (rc == 0) rc = heartbeats_slots(tx, "worker:", since, &n->slots, e);
  if (rc == 0) rc = heartbeats_latest(tx, "bot:", &n->bot_ms, e);
  if (rc == 0) rc = heartbeats_each(tx, since, add_process, c->role, e);
  if (rc == 0) n->now_ms = now;
  return rc;
}

static int sum_payments(struct sql_tx *tx, void *ctx, struct err *e) {
  struct payment_numbers *n = ctx;
  return n->count = payments_sums(tx, n->sums, ARRAY_LEN(n->sums), e);
}

/* `last`: of the look before. */
static void look_at_payments(struct role *r, struct look *l, const struct payment_numbers *last) {
  l->payments = *last;
  double now = clock_now();
  if (last->at && now - last->at < payments_every) return;
  l->payments.at = now;
  if (sql_transact(r->db, SQL_READ, sum_payments, &l->payments, NULL) < 0) l->payments = (struct payment_numbers){0};
}

static struct js *own_counted(void) {
  _cleanup_(buf_release) struct buf json = BUF_INIT;
  struct js_writer w = JS_WRITER(&json, 0);
  struct js *v = NULL;
  metrics_write(&w);
  return js_parse(json.data, json.len, "counted", &v, NULL) < 0 ? NULL : v;
}

static void look_at_numbers(struct role *r, struct look *l) {
  struct counting c = {r, &l->numbers};
  if (sql_transact(r->db, SQL_READ, count, &c, NULL) < 0) l->numbers.now_ms = 0;
  struct metrics_process processes[HEARTBEATS_MOST + 1];
  for (size_t i = 0; i < r->process_count; i++) {
    struct js *detail = r->processes[i].detail;
    processes[i] = (struct metrics_process){r->processes[i].name, detail ? js_at(detail, "counted") : NULL};
  }
  _cleanup_(js_freep) struct js *own = own_counted();
  processes[r->process_count] = (struct metrics_process){"web", own};
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  metrics_counted(&text, processes, r->process_count + 1);
  forget_processes(r);
  pthread_mutex_lock(&r->lock);
  buf_clear(&r->counted);
  buf_add(&r->counted, text.data, text.len);
  pthread_mutex_unlock(&r->lock);
}

static void look(struct role *r) {
  struct look l = {0};
  look_at_database(r, &l);
  look_at_redis(r, &l);
  look_at_storage(r, &l);
  begin(r, "database");
  if (l.checks[0].state == STATE_OK) {
    look_at_role(r, "worker", &l);
    if (settings_text(SET_BOT_TOKEN)) look_at_role(r, "bot", &l);
    look_at_numbers(r, &l);
    look_at_payments(r, &l, &r->last.payments); /* only this thread writes there */
  }
  l.at = clock_now();
  pthread_mutex_lock(&r->lock);
  r->last = l;
  pthread_mutex_unlock(&r->lock);
}

static struct look last_look(struct role *r) {
  pthread_mutex_lock(&r->lock);
  struct look l = r->last;
  const char *asking = r->asking;
  pthread_mutex_unlock(&r->lock);
  double age = clock_now() - l.at;
  if (age < look_late) return l;
  l.numbers.now_ms = 0;
  for (int i = 0; i < l.count; i++) {
    struct check *c = &l.checks[i];
    if (strcmp(c->name, asking) != 0) continue;
    c->state = STATE_DOWN;
    snprintf(c->detail, sizeof c->detail, "no answer for %.0f s", age);
  }
  return l;
}

/* ---- answering ---- */

/* Whether who asks has METRICS_TOKEN, or none is set. */
static bool may_know(const struct web_request *r) {
  const char *token = settings_text(SET_METRICS_TOKEN);
  return !token || secret_equal(secret_bearer(web_header(r, "Authorization")), token);
}

static enum state worst(const struct look *l) {
  enum state state = STATE_OK;
  for (int i = 0; i < l->count; i++)
    if (l->checks[i].state > state) state = l->checks[i].state;
  return state;
}

static void answer_health(void *ctx, const struct web_request *r, struct web_reply *reply) {
  struct look l = last_look(ctx);
  enum state state = worst(&l);
  bool details = may_know(r);
  struct js_writer w = JS_WRITER(&reply->body, 0);
  js_begin(&w, '{');
  js_key(&w, "status");
  js_string(&w, state_names[state]);
  js_key(&w, "checks");
  js_begin(&w, '{');
  for (int i = 0; i < l.count; i++) {
    js_key(&w, l.checks[i].name);
    js_begin(&w, '{');
    js_key(&w, "status");
    js_string(&w, state_names[l.checks[i].state]);
    if (details) {
      js_key(&w, "detail");
      js_string(&w, l.checks[i].detail);
    }
    js_end(&w, '}');
  }
  js_end(&w, '}');
  js_end(&w, '}');
  buf_addc(&reply->body, '\n');
  reply->type = "application/json";
  reply->status = state == STATE_DOWN ? 503 : 200;
}

static void gauge(struct buf *out, const char *name, const char *help, double value) {
  metrics_head(out, name, "gauge", help);
  metrics_sample(out, name, NULL, value);
}

static double seconds_since(int64_t then_ms, int64_t now_ms) {
  return then_ms && then_ms < now_ms ? (double)(now_ms - then_ms) / 1000 : 0;
}

static void write_lanes(struct buf *out, const struct numbers *n) {
  char lane[8];
  const char *const labels[] = {"lane", lane, NULL};
  metrics_head(out, "titr_queue_depth", "gauge", "Tasks that wait.");
  for (int i = 1; i <= TASK_LANES; i++) {
    snprintf(lane, sizeof lane, "%d", i);
    metrics_sample(out, "titr_queue_depth", labels, (double)n->tasks.queued[i]);
  }
  metrics_head(out, "titr_queue_oldest_seconds", "gauge", "How long the longest waiting task has waited.");
  for (int i = 1; i <= TASK_LANES; i++) {
    snprintf(lane, sizeof lane, "%d", i);
    metrics_sample(out, "titr_queue_oldest_seconds", labels, seconds_since(n->tasks.oldest_ms[i], n->now_ms));
  }
}

static void write_numbers(struct buf *out, const struct numbers *n) {
  write_lanes(out, n);
  gauge(out, "titr_tasks_running", "Tasks that a worker has.", (double)n->tasks.running);
  gauge(out, "titr_tasks_parked", "Tasks that were given up and wait for the operator.", (double)n->tasks.parked);
  gauge(out, "titr_outbox_waiting", "Messages that wait to be sent.", (double)n->outbox);
  gauge(out, "titr_outbox_oldest_seconds", "How long the longest waiting message has waited.",
        seconds_since(n->outbox_oldest_ms, n->now_ms));
  gauge(out, "titr_workers_alive", "Workers heard of lately.", (double)n->workers);
  gauge(out, "titr_worker_slots", "Tasks that they can do at once.", (double)n->slots);
  if (n->bot_ms)
    gauge(out, "titr_bot_heard_seconds", "Time since the bot's last sign of life.",
          seconds_since(n->bot_ms, n->now_ms));
}

static void write_payments(struct buf *out, const struct payment_numbers *n) {
  static const char *const names[] = {"titr_payments", "titr_payments_minor"};
  static const char *const helps[] = {"Payments.", "What they come to, in minor units."};
  for (int k = 0; k < 2; k++) {
    metrics_head(out, names[k], "gauge", helps[k]);
    for (int i = 0; i < n->count; i++) {
      const struct payment_sum *s = &n->sums[i];
      const char *const labels[] = {"state", payment_state_name(s->state), "currency", s->currency, NULL};
      metrics_sample(out, names[k], labels, (double)(k == 0 ? s->count : s->amount_minor));
    }
  }
}

static void answer_metrics(void *ctx, const struct web_request *r, struct web_reply *reply) {
  if (!may_know(r)) {
    reply->status = 401;
    reply->header = "WWW-Authenticate";
    reply->value = "Bearer";
    buf_adds(&reply->body, "Unauthorized\n");
    return;
  }
  struct role *role = ctx;
  struct look l = last_look(role);
  struct buf *out = &reply->body;
  reply->type = METRICS_TYPE;
  metrics_head(out, "titr_info", "gauge", "The program.");
  metrics_sample(out, "titr_info", (const char *const[]){"version", TITR_VERSION, NULL}, 1);
  metrics_head(out, "titr_check_ok", "gauge", "1: the check of GET /health is ok.");
  for (int i = 0; i < l.count; i++)
    metrics_sample(out, "titr_check_ok", (const char *const[]){"check", l.checks[i].name, NULL},
                   l.checks[i].state == STATE_OK);
  if (l.free_bytes >= 0) gauge(out, "titr_storage_free_bytes", "Room in STORAGE_PATH.", (double)l.free_bytes);
  if (l.numbers.now_ms) {
    write_numbers(out, &l.numbers);
    write_payments(out, &l.payments);
  }
  pthread_mutex_lock(&role->lock);
  buf_add(out, buf_str(&role->counted), role->counted.len);
  pthread_mutex_unlock(&role->lock);
}

/* ---- the role ---- */

int web_role_run(struct sql *db, struct queue *queue, const atomic_bool *stop, struct err *e) {
  struct role r = {.db = db, .queue = queue};
  const struct web_route routes[] = {{"GET", "/health", answer_health, &r, 0},
                                     {"GET", "/metrics", answer_metrics, &r, 0}};
  struct web_options o = web_default_options();
  _cleanup_(mem_freep) char *host = NULL;
  const char *listen = settings_text(SET_WEBHOOK_LISTEN);
  if (!address_split(listen, &host, &o.port))
    return err_set(e, ERR_USAGE, "WEBHOOK_LISTEN: %s is not host:port", listen);
  o.host = host;
  o.routes = routes;
  o.count = ARRAY_LEN(routes);
  pthread_mutex_init(&r.lock, NULL);
  look(&r);
  struct web *server = NULL;
  int rc = web_start(&o, &server, e);
  if (rc == 0) log_info("web", "listens at %s", listen);
  while (rc == 0 && !atomic_load(stop)) {
    double next = clock_now() + look_every;
    while (clock_now() < next && !atomic_load(stop)) clock_sleep(0.1);
    if (!atomic_load(stop)) look(&r);
  }
  web_stop(server);
  pthread_mutex_destroy(&r.lock);
  buf_release(&r.counted);
  return rc;
}
