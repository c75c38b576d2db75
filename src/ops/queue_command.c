/* `titr queue`: what waits, what runs, and the list of those that were tried enough. Speaks to the database alone: Redis is
 * offered a revived task by the next repair (queue/queue.h). */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "ops/backend.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "store/audit.h"
#include "store/migrate.h"
#include "store/tasks.h"

enum { SHOWN_AT_FIRST = 100, SHOWN_MOST = 10000 };

static const char *const state_words[] = {"parked", "queued", "running", NULL};
static const enum task_state states[] = {TASK_PARKED, TASK_QUEUED, TASK_RUNNING};

struct call {
  const struct arguments *arguments;
  const char *id; /* the word after the action, or NULL */
  struct sql *db;
};

/* ---- ls ---- */

struct listing {
  enum task_state state;
  size_t most;
  struct task_list list;
};

static int read_list(struct sql_tx *tx, void *ctx, struct err *e) {
  struct listing *l = ctx;
  return tasks_in_state(tx, l->state, l->most + 1, &l->list, e); /* one more: are there more? */
}

static void print_age(int64_t ms) {
  int64_t s = ms > 0 ? ms / 1000 : 0;
  char text[32];
  if (s < 120) snprintf(text, sizeof text, "%llds", (long long)s);
  else if (s < 2 * 3600) snprintf(text, sizeof text, "%lldm", (long long)s / 60);
  else if (s < 2 * 86400) snprintf(text, sizeof text, "%lldh", (long long)s / 3600);
  else snprintf(text, sizeof text, "%lldd", (long long)s / 86400);
  printf("%6s", text);
}

static void print_task(const struct task *t, int64_t now) {
  printf("%-26s  %4d  %8d  ", t->public_id, t->lane, t->attempts);
  print_age(now - t->created_ms);
  if (t->state == TASK_RUNNING) printf("  %s %d%%, %s", t->stage, t->progress / 10, t->lease_owner);
  if (t->error_code) printf("  %s: %s", t->error_code, t->error_text ? t->error_text : "");
  if (t->state == TASK_QUEUED && t->run_at_ms > now)
    printf("  (again in %llds)", (long long)(t->run_at_ms - now + 999) / 1000);
  if (t->cancel_requested) printf("  (to be cancelled)");
  printf("\n");
}

static void json_text(struct js_writer *w, const char *key, const char *value) {
  js_key(w, key);
  if (value) js_string(w, value);
  else js_null(w);
}

static void json_number(struct js_writer *w, const char *key, int64_t value) {
  js_key(w, key);
  js_int(w, value);
}

static void json_task(struct js_writer *w, const struct task *t) {
  js_begin(w, '{');
  json_text(w, "id", t->public_id);
  json_text(w, "state", task_state_name(t->state));
  json_number(w, "user", t->user_id);
  json_number(w, "lane", t->lane);
  json_number(w, "attempts", t->attempts);
  json_text(w, "stage", t->stage);
  json_number(w, "progress", t->progress);
  json_number(w, "created_ms", t->created_ms);
  json_number(w, "run_at_ms", t->run_at_ms);
  json_text(w, "worker", t->lease_owner);
  json_text(w, "error", t->error_code);
  json_text(w, "error_text", t->error_text);
  js_end(w, '}');
}

static void print_list(const struct listing *l, size_t shown, bool json) {
  if (json) {
    _cleanup_(buf_release) struct buf text = BUF_INIT;
    struct js_writer w = JS_WRITER(&text, 2);
    js_begin(&w, '[');
    for (size_t i = 0; i < shown; i++) json_task(&w, &l->list.tasks[i]);
    js_end(&w, ']');
    puts(buf_str(&text));
    return;
  }
  int64_t now = clock_utc_ms();
  if (shown) printf("%-26s  lane  attempts     age  %s\n", "id", l->state == TASK_RUNNING ? "stage" : "error");
  for (size_t i = 0; i < shown; i++) print_task(&l->list.tasks[i], now);
  if (!shown) printf("none is %s\n", task_state_name(l->state));
}

static int ls(const struct call *c, struct err *e) {
  long most = SHOWN_AT_FIRST;
  int rc = argument_number(c->arguments, "limit", 1, SHOWN_MOST - 1, &most, e);
  if (rc < 0) return rc;
  struct listing l = {.state = states[argument_choice(c->arguments, "state", 0)], .most = (size_t)most};
  rc = sql_transact(c->db, SQL_READ, read_list, &l, e);
  if (rc < 0) return rc;
  bool more = l.list.count > l.most;
  print_list(&l, more ? l.most : l.list.count, argument_flag(c->arguments, "json"));
  if (more) fprintf(stderr, "titr: there are more than %ld; --limit shows more\n", most);
  task_list_release(&l.list);
  return 0;
}

/* ---- counts ---- */

static int read_counts(struct sql_tx *tx, void *ctx, struct err *e) {
  return tasks_count(tx, clock_utc_ms(), ctx, e);
}

static int counts(const struct call *c, struct err *e) {
  struct task_counts n;
  int rc = sql_transact(c->db, SQL_READ, read_counts, &n, e);
  if (rc < 0) return rc;
  int64_t now = clock_utc_ms();
  if (argument_flag(c->arguments, "json")) {
    _cleanup_(buf_release) struct buf text = BUF_INIT;
    struct js_writer w = JS_WRITER(&text, 2);
    js_begin(&w, '{');
    js_key(&w, "lanes");
    js_begin(&w, '[');
    for (int lane = 1; lane <= TASK_LANES; lane++) {
      js_begin(&w, '{');
      json_number(&w, "lane", lane);
      json_number(&w, "queued", n.queued[lane]);
      json_number(&w, "oldest_ms", n.oldest_ms[lane] ? now - n.oldest_ms[lane] : 0);
      js_end(&w, '}');
    }
    js_end(&w, ']');
    json_number(&w, "queued", n.queued[0]);
    json_number(&w, "running", n.running);
    json_number(&w, "parked", n.parked);
    js_end(&w, '}');
    puts(buf_str(&text));
    return 0;
  }
  for (int lane = 1; lane <= TASK_LANES; lane++) {
    printf("lane %d   %6lld queued", lane, (long long)n.queued[lane]);
    if (n.oldest_ms[lane]) {
      printf(", the oldest for ");
      print_age(now - n.oldest_ms[lane]);
    }
    printf("\n");
  }
  printf("running  %6lld\nparked   %6lld\n", (long long)n.running, (long long)n.parked);
  return 0;
}

/* ---- retry, drop ---- */

struct change {
  const char *public_id;
  bool drop;
  struct task task;
};

/* 1 done; 0: there is no such task; -: refused as well, with the task as it is. */
static int change_parked(struct sql_tx *tx, void *ctx, struct err *e) {
  struct change *c = ctx;
  int64_t now = clock_utc_ms();
  int rc = tasks_find(tx, c->public_id, &c->task, e);
  if (rc < 0) return rc;
  if (rc == 0) return err_set(e, ERR_INPUT, "there is no task %s", c->public_id);
  rc = c->drop ? tasks_drop(tx, c->task.id, now, e) : tasks_revive(tx, c->task.id, now, e);
  if (rc < 0) return rc;
  if (rc == 0 && c->task.state == TASK_PARKED)
    return err_set(e, ERR_INPUT, "%s: the same was asked for again and is under way; drop this one", c->public_id);
  if (rc == 0)
    return err_set(e, ERR_INPUT, "%s is %s; only what is parked can be tried again or dropped", c->public_id,
                   task_state_name(c->task.state));
  _cleanup_(mem_freep) char *subject = x_asprintf("task:%s", c->public_id);
  return audit_add(tx, "operator", c->drop ? "task.drop" : "task.retry", subject, NULL, now, e);
}

static int change_one(const struct call *c, const char *public_id, bool drop, struct err *e) {
  struct change change = {.public_id = public_id, .drop = drop};
  int rc = sql_transact(c->db, SQL_WRITE, change_parked, &change, e);
  task_release(&change.task);
  if (rc == 0) printf("%s %s\n", public_id, drop ? "dropped" : "queued again");
  return rc;
}

/* What another does with one of them meanwhile is told, and stops nothing. */
static int retry_all(const struct call *c, struct err *e) {
  struct listing l = {.state = TASK_PARKED, .most = SHOWN_MOST - 1};
  int rc = sql_transact(c->db, SQL_READ, read_list, &l, e);
  size_t refused = 0, all = l.list.count;
  for (size_t i = 0; i < all && rc >= 0; i++) {
    struct err one = {0};
    rc = change_one(c, l.list.tasks[i].public_id, false, &one);
    if (rc == ERR_INPUT) {
      fprintf(stderr, "titr: %s\n", one.msg);
      refused++;
      rc = 0;
    } else if (rc < 0 && e) *e = one;
  }
  task_list_release(&l.list);
  if (rc < 0) return rc;
  if (all == 0) printf("none is parked\n");
  return refused ? err_set(e, ERR_FAIL, "%zu of %zu were not queued again", refused, all) : 0;
}

static int retry(const struct call *c, struct err *e) {
  bool all = argument_flag(c->arguments, "all");
  if (all == (c->id != NULL)) return err_set(e, ERR_USAGE, "titr queue retry: which task? An ID, or --all");
  return all ? retry_all(c, e) : change_one(c, c->id, false, e);
}

static int drop(const struct call *c, struct err *e) {
  if (!c->id) return err_set(e, ERR_USAGE, "titr queue drop: which task? `titr queue ls` lists them");
  return change_one(c, c->id, true, e);
}

/* ---- the command ---- */

static const struct {
  const char *name;
  int (*run)(const struct call *c, struct err *e);
  bool takes_id;
} actions[] = {{"ls", ls, false}, {"retry", retry, true}, {"drop", drop, true}, {"counts", counts, false}};
static const char *const words[] = {"ls", "retry", "drop", "counts", NULL};

static int run_action(const struct arguments *a, struct err *e) {
  const char *const *operands;
  size_t n = argument_operands(a, &operands), which = 0;
  if (n == 0) return err_set(e, ERR_USAGE, "titr queue needs a word more: ls, retry, drop or counts");
  while (which < ARRAY_LEN(actions) && strcmp(actions[which].name, operands[0]) != 0) which++;
  if (which == ARRAY_LEN(actions)) {
    const char *near = nearest_name(operands[0], words);
    return err_set(e, ERR_USAGE, "there is no `titr queue %s`%s%s", operands[0], near ? "; did you mean " : "",
                   near ? near : "");
  }
  if (n > 1 + (size_t)actions[which].takes_id)
    return err_set(e, ERR_USAGE, "titr queue %s: \"%s\" is too much", operands[0], operands[n - 1]);
  _cleanup_(sql_closep) struct sql *db = NULL;
  int rc = backend_database(a, &db, e);
  if (rc == 0) rc = migrate_require_head(db, e);
  if (rc < 0) return rc;
  struct call c = {.arguments = a, .id = n > 1 ? operands[1] : NULL, .db = db};
  return actions[which].run(&c, e);
}

static int run(const struct arguments *a) {
  struct err e = {0};
  return run_action(a, &e) < 0 ? cli_fail(&e) : 0;
}

static const struct option_row options[] = {
    {"state", 0, "STATE", state_words, "with ls: {choices}; without it, parked"},
    {"limit", 0, "N", NULL, "with ls: at most so many, the oldest first (100)"},
    {"json", 0, NULL, NULL, "with ls and counts: as JSON"},
    {"all", 0, NULL, NULL, "with retry: everything that is parked"},
    BACKEND_DATABASE_OPTION,
    {0}};
const struct command command_queue = {
    .name = "queue",
    .operands = "ls|retry|drop|counts [ID]",
    .about = "what waits, runs or was given up",
    .text = "A task whose error may pass is tried again, later each time; after TASK_ATTEMPTS attempts it is parked, "
            "and its "
            "user is given back what it cost him. ls lists the parked ones; retry queues one again, with all attempts "
            "and at "
            "no charge; drop gives it up for good; counts shows how many wait in each lane, and since when.",
    .examples = "titr queue ls\twhat was given up, and why\n"
                "titr queue ls --state running\twho works on what\n"
                "titr queue retry --all\tonce the cause is mended",
    .options = options,
    .run = run,
    .words = words};
