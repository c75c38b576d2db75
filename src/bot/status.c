/*
 * DESIGN. Of every task whose message is shown there is an entry in memory: what it says now, whether its first message
 * is on its way. The entry's first message is sent with a callback that writes the message's number into the row; when the database is
 * away just then, each pass tries it again. An entry goes when its task has not been seen alive for a while.
 */
#include "bot/status.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define FORGET_SECONDS 60.0

struct entry {
  int64_t task, message;
  char *said;
  bool sending, unsaved;
  double seen, not_before; /* not_before: the first message could not be sent, patience */
};

struct status {
  struct bot *b;
  pthread_t thread;
  pthread_mutex_t lock;
  struct entry *entries;
  size_t count, cap;
  atomic_bool stop;
  bool failed; /* the last pass, and it was logged */
};

static struct entry *find(struct status *s, int64_t task) {
  for (size_t i = 0; i < s->count; i++)
    if (s->entries[i].task == task) return &s->entries[i];
  return NULL;
}

static struct entry *enter(struct status *s, int64_t task) {
  struct entry *n = find(s, task);
  if (n) return n;
  x_grow(&s->entries, &s->cap, s->count + 1, sizeof *s->entries);
  n = &s->entries[s->count++];
  *n = (struct entry){.task = task};
  return n;
}

static void forget_old(struct status *s, double now) {
  size_t kept = 0;
  for (size_t i = 0; i < s->count; i++) {
    struct entry *n = &s->entries[i];
    if (n->sending || n->unsaved || now - n->seen < FORGET_SECONDS) s->entries[kept++] = *n;
    else free(n->said);
  }
  s->count = kept;
}

/* ---- the message's number into the row ---- */

struct saving {
  int64_t task, message;
  struct task now; /* the row, as it is then */
  struct reply reply;
  bool given_back;
};

static int read_task(struct sql_tx *tx, struct saving *v, struct err *e) {
  int rc = tasks_get(tx, v->task, &v->now, e);
  if (rc <= 0) return rc;
  reply_read(v->now.reply, &v->reply);
  return 1;
}

static int save(struct sql_tx *tx, void *ctx, struct err *e) {
  struct saving *v = ctx;
  int rc = read_task(tx, v, e);
  if (rc <= 0 || v->reply.message) return rc;
  v->reply.message = v->message;
  return reply_store(tx, v->task, &v->reply, e);
}

static bool ended(const struct task *t) {
  return t->state != TASK_QUEUED && t->state != TASK_RUNNING;
}

/* Without the lock. */
static void save_message(struct status *s, int64_t task, int64_t message) {
  struct saving v = {.task = task, .message = message};
  struct err e = {0};
  int rc = sql_transact(s->b->o->db, SQL_WRITE, save, &v, &e);
  pthread_mutex_lock(&s->lock);
  struct entry *n = enter(s, task);
  n->sending = false;
  n->unsaved = rc < 0;
  n->message = message;
  n->seen = clock_now();
  pthread_mutex_unlock(&s->lock);
  if (rc < 0) log_warning("bot", "the number of a status message is not yet saved: %s", e.msg);
  /* it ended before its message was there: nobody else will show it */
  else if (v.now.id && ended(&v.now)) status_finish(s->b, &v.now, &v.reply, false);
  task_release(&v.now);
}

struct began {
  struct status *s;
  int64_t task;
};

static void began(void *ctx, int rc, int64_t message) {
  struct began *g = ctx;
  if (rc == 0) save_message(g->s, g->task, message);
  else {
    pthread_mutex_lock(&g->s->lock);
    struct entry *n = find(g->s, g->task);
    if (n) {
      n->sending = false; /* a later pass begins anew */
      n->not_before = clock_now() + FORGET_SECONDS;
    }
    pthread_mutex_unlock(&g->s->lock);
  }
  free(g);
}

/* ---- showing ---- */

static struct api_text with_button(const struct task *t, const struct reply *r, const char *text, char *data,
                                   size_t size, struct api_button *button, char **ret_label) {
  *ret_label = text_make(r->language, TEXT_BUTTON_CANCEL, TEXT_NO_VALUES);
  snprintf(data, size, "cancel:%s", t->public_id);
  *button = (struct api_button){*ret_label, data};
  bool can = !ended(t) && !t->cancel_requested;
  return (struct api_text){.chat = r->chat, .text = text, .buttons = button, .button_count = can ? 1 : 0};
}

static void show(struct status *s, const struct task *t, int64_t before, int64_t wait_ms, int64_t now_ms) {
  struct reply r;
  reply_read(t->reply, &r);
  if (!r.chat) return;
  _cleanup_(mem_freep) char *text = status_text(t, &r, before, wait_ms, false, now_ms);
  _cleanup_(mem_freep) char *label = NULL;
  char data[API_CALLBACK_BYTES + 1];
  struct api_button button;
  struct api_text message = with_button(t, &r, text, data, sizeof data, &button, &label);
  pthread_mutex_lock(&s->lock);
  struct entry *n = enter(s, t->id);
  n->seen = clock_now();
  if (r.message) n->message = r.message;
  bool begin = !n->message && !n->sending && n->seen >= n->not_before,
       edit = n->message && (!n->said || strcmp(n->said, text) != 0);
  int64_t number = n->message;
  if (begin) n->sending = true;
  if (begin || edit) {
    free(n->said);
    n->said = x_strdup(text);
  }
  pthread_mutex_unlock(&s->lock);
  if (edit) sender_edit(s->b->sender, &message, number, false);
  if (!begin) return;
  struct began *g = NEW(struct began);
  *g = (struct began){s, t->id};
  message.reply_to = r.origin;
  sender_say(s->b->sender, &message, began, g);
}

void status_finish(struct bot *b, const struct task *t, const struct reply *r, bool given_back) {
  _cleanup_(mem_freep) char *text = status_text(t, r, -1, -1, given_back, clock_utc_ms());
  struct api_text message = {.chat = r->chat, .text = text, .reply_to = r->origin};
  if (r->message) sender_edit(b->sender, &message, r->message, true);
  else sender_say(b->sender, &message, NULL, NULL);
}

/* ---- one look at the rows ---- */

struct look {
  struct status *s;
  bool queued;
  struct task_list running, waiting;
  int64_t (*places)[2]; /* of waiting ones: before, wait */
};

static int look(struct sql_tx *tx, void *ctx, struct err *e) {
  struct look *k = ctx;
  task_list_release(&k->running);
  task_list_release(&k->waiting);
  int rc = tasks_in_state(tx, TASK_RUNNING, STATUS_RUNNING, &k->running, e);
  if (rc < 0 || !k->queued) return rc;
  rc = tasks_in_state(tx, TASK_QUEUED, STATUS_QUEUED, &k->waiting, e);
  for (size_t i = 0; rc >= 0 && i < k->waiting.count; i++)
    rc = queue_position(k->s->b->o->queue, tx, &k->waiting.tasks[i], &k->places[i][0], &k->places[i][1], e);
  return rc;
}

static void save_unsaved(struct status *s) {
  for (;;) {
    int64_t task = 0, message = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->count && !task; i++)
      if (s->entries[i].unsaved) {
        task = s->entries[i].task;
        message = s->entries[i].message;
      }
    pthread_mutex_unlock(&s->lock);
    if (!task) return;
    save_message(s, task, message);
    pthread_mutex_lock(&s->lock);
    struct entry *n = find(s, task);
    bool still = n && n->unsaved;
    pthread_mutex_unlock(&s->lock);
    if (still) return; /* the next pass */
  }
}

static void pass(struct status *s, bool queued) {
  _cleanup_(mem_freep) void *places = x_calloc(STATUS_QUEUED, sizeof(int64_t[2]));
  struct look k = {.s = s, .queued = queued, .places = places};
  struct err e = {0};
  int rc = sql_transact(s->b->o->db, SQL_READ, look, &k, &e);
  if (rc < 0 && !s->failed) log_warning("bot", "the tasks' states cannot be read: %s", e.msg);
  s->failed = rc < 0;
  int64_t now = clock_utc_ms();
  for (size_t i = 0; rc >= 0 && i < k.running.count; i++) show(s, &k.running.tasks[i], -1, -1, now);
  for (size_t i = 0; rc >= 0 && i < k.waiting.count; i++)
    show(s, &k.waiting.tasks[i], k.places[i][0], k.places[i][1], now);
  task_list_release(&k.running);
  task_list_release(&k.waiting);
  if (rc >= 0) save_unsaved(s);
  pthread_mutex_lock(&s->lock);
  forget_old(s, clock_now());
  pthread_mutex_unlock(&s->lock);
}

static void *run(void *arg) {
  struct status *s = arg;
  for (unsigned second = 0; !atomic_load(&s->stop); second++) {
    pass(s, second % STATUS_QUEUE_SECONDS == 0);
    for (int i = 0; i < 5 && !atomic_load(&s->stop); i++) clock_sleep(0.2);
  }
  return NULL;
}

struct placing {
  struct status *s;
  const struct task *t;
  int64_t before, wait_ms;
};

static int place(struct sql_tx *tx, void *ctx, struct err *e) {
  struct placing *p = ctx;
  return queue_position(p->s->b->o->queue, tx, p->t, &p->before, &p->wait_ms, e);
}

void status_begin(struct status *s, const struct task *t) {
  struct placing p = {.s = s, .t = t};
  if (sql_transact(s->b->o->db, SQL_READ, place, &p, NULL) < 0) p.before = p.wait_ms = -1;
  show(s, t, p.before, p.wait_ms, clock_utc_ms());
}

struct status *status_start(struct bot *b) {
  struct status *s = NEW(struct status);
  s->b = b;
  pthread_mutex_init(&s->lock, NULL);
  if (pthread_create(&s->thread, NULL, run, s) != 0) abort();
  return s;
}

void status_stop(struct status *s) {
  atomic_store(&s->stop, true);
  pthread_join(s->thread, NULL);
}

void status_free(struct status *s) {
  if (!s) return;
  for (size_t i = 0; i < s->count; i++) free(s->entries[i].said);
  free(s->entries);
  pthread_mutex_destroy(&s->lock);
  free(s);
}
