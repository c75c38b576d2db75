/*
 * DESIGN. One list in the order of arrival. A thread takes the first item whose chat may be written to now and for which
 * nothing is under way, marks it, sends without the lock, and takes it out, or leaves it in its place for another try.
 * An edit that finds a waiting edit of its message replaces its text, which keeps the place. When the network is
 * away all wait together, longer after each failure.
 */
#include "bot/sender.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "bot/pace.h"

#define LAST_EDITS 4096 /* messages of which the last state is remembered */

enum kind { SAY, EDIT, ANSWER };

struct item {
  struct item *next;
  enum kind kind;
  int64_t chat, message;
  char *text, *callback_id;
  struct {
    char *text, *data;
  } buttons[SENDER_BUTTONS];
  size_t button_count;
  int64_t reply_to;
  bool sending;
  double since, not_before; /* not_before: of an answer, which has no chat that a 429 could pause */
  sender_done done;
  void *ctx;
};

struct sender {
  struct bot_api *api;
  struct sender_events events;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  pthread_t threads[SENDER_THREADS];
  struct item *first;
  size_t count;
  struct pace *pace;
  double quiet_until, quiet; /* the network is away */
  bool stopping;
  struct last_edit {
    int64_t chat, message;
  } last[LAST_EDITS];
  size_t last_at;
};

static void item_free(struct item *i) {
  for (size_t k = 0; k < i->button_count; k++) {
    free(i->buttons[k].text);
    free(i->buttons[k].data);
  }
  free(i->text);
  free(i->callback_id);
  free(i);
}

static struct item *item_new(enum kind kind, const struct api_text *t) {
  struct item *i = NEW(struct item);
  i->kind = kind;
  i->chat = t->chat;
  i->reply_to = t->reply_to;
  i->text = t->text ? x_strdup(t->text) : NULL;
  for (size_t k = 0; k < t->button_count && k < SENDER_BUTTONS; k++) {
    i->buttons[k].text = x_strdup(t->buttons[k].text);
    i->buttons[k].data = x_strdup(t->buttons[k].data);
    i->button_count++;
  }
  i->since = clock_now();
  return i;
}

/* ---- what waits (under the lock) ---- */

static void take_out(struct sender *s, struct item *i) {
  for (struct item **p = &s->first; *p; p = &(*p)->next)
    if (*p == i) {
      *p = i->next;
      s->count--;
      pthread_cond_broadcast(&s->changed);
      return;
    }
}

static void append(struct sender *s, struct item *i) {
  struct item **p = &s->first;
  while (*p) p = &(*p)->next;
  *p = i;
  s->count++;
  pthread_cond_broadcast(&s->changed);
}

static bool chat_is_busy(const struct sender *s, const struct item *until, int64_t chat) {
  for (const struct item *i = s->first; i; i = i->next)
    if (i->chat == chat && i->kind != ANSWER && (i->sending || i == until)) return i->sending;
  return false;
}

/* The item to send now, or the moment when there may be one. */
static struct item *next_item(struct sender *s, double now, double *ret_when) {
  *ret_when = now + 60;
  if (s->quiet_until > now) {
    *ret_when = s->quiet_until;
    return NULL;
  }
  for (struct item *i = s->first; i; i = i->next) {
    if (i->sending) continue;
    if (i->kind == ANSWER) { /* Telegram does not count these */
      if (i->not_before <= now) return i;
      if (i->not_before < *ret_when) *ret_when = i->not_before;
      continue;
    }
    if (chat_is_busy(s, i, i->chat)) continue;
    double at = pace_ready(s->pace, i->chat, now);
    if (at <= now) return i;
    if (at < *ret_when) *ret_when = at;
  }
  return NULL;
}

static void wait_until(struct sender *s, double when) {
  double seconds = when - clock_now();
  if (seconds > 60) seconds = 60;
  if (seconds <= 0) return;
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  int64_t ns = t.tv_nsec + (int64_t)(seconds * 1e9);
  t.tv_sec += ns / 1000000000;
  t.tv_nsec = ns % 1000000000;
  pthread_cond_timedwait(&s->changed, &s->lock, &t);
}

/* ---- sending ---- */

static int send_item(struct sender *s, const struct item *i, int64_t *ret_message, struct api_problem *p,
                     struct err *e) {
  struct api_button buttons[SENDER_BUTTONS];
  for (size_t k = 0; k < i->button_count; k++) buttons[k] = (struct api_button){i->buttons[k].text, i->buttons[k].data};
  struct api_text t = {
      .chat = i->chat, .reply_to = i->reply_to, .text = i->text, .buttons = buttons, .button_count = i->button_count};
  if (i->kind == SAY) return api_send_text(s->api, &t, ret_message, p, e);
  if (i->kind == EDIT) return api_edit_text(s->api, &t, i->message, p, e);
  return api_answer_callback(s->api, i->callback_id, i->text, p, e);
}

/* Under the lock, after an attempt: true when the item is to be tried again. */
static bool stays(struct sender *s, struct item *i, int rc, const struct api_problem *p, double now) {
  if (rc == 0) {
    s->quiet = 0;
    return false;
  }
  bool in_time = now - i->since < (i->kind == ANSWER ? SENDER_ANSWER_PATIENCE : SENDER_PATIENCE);
  if (p->kind == API_TOO_MANY && i->kind == ANSWER) {
    i->not_before = now + p->retry_after_s;
    return in_time;
  }
  if (p->kind == API_TOO_MANY) {
    pace_pause(s->pace, i->chat, now + p->retry_after_s);
    return true;
  }
  if (p->kind != API_NETWORK) return false;
  s->quiet = s->quiet > 0 ? s->quiet * 2 : 1;
  if (s->quiet > 30) s->quiet = 30;
  s->quiet_until = now + s->quiet;
  return in_time;
}

static void send_and_settle(struct sender *s, struct item *i) {
  struct err e = {0};
  struct api_problem p = {0};
  int64_t message = i->message;
  int rc = send_item(s, i, &message, &p, &e);
  double now = clock_now();
  pthread_mutex_lock(&s->lock);
  if (i->kind != ANSWER) pace_ended(s->pace, i->chat, now);
  bool again = stays(s, i, rc, &p, now);
  if (again) i->sending = false;
  pthread_mutex_unlock(&s->lock);
  if (again) {
    pthread_cond_broadcast(&s->changed);
    return;
  }
  /* it stays in the list, busy, until the callback has run: who drains the chat finds what the callback wrote */
  if (rc < 0 && p.kind == API_BLOCKED && s->events.blocked) s->events.blocked(s->events.ctx, i->chat);
  else if (rc < 0 && rc != ERR_CANCELLED && p.kind != API_GONE) log_warning("bot", "%s", e.msg);
  if (i->done) i->done(i->ctx, rc, message);
  pthread_mutex_lock(&s->lock);
  take_out(s, i);
  pthread_mutex_unlock(&s->lock);
  item_free(i);
}

static void *run(void *arg) {
  struct sender *s = arg;
  pthread_mutex_lock(&s->lock);
  for (;;) {
    double now = clock_now(), when;
    if (s->stopping) break;
    struct item *i = next_item(s, now, &when);
    if (!i) {
      wait_until(s, when);
      continue;
    }
    i->sending = true;
    if (i->kind != ANSWER) pace_took(s->pace, i->chat, now);
    pthread_mutex_unlock(&s->lock);
    send_and_settle(s, i);
    pthread_mutex_lock(&s->lock);
  }
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

/* ---- life ---- */

struct sender *sender_new(struct bot_api *api, const struct sender_events *events) {
  struct sender *s = NEW(struct sender);
  s->api = api;
  s->events = *events;
  s->pace = pace_new();
  pthread_mutex_init(&s->lock, NULL);
  pthread_condattr_t a;
  pthread_condattr_init(&a);
  pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
  pthread_cond_init(&s->changed, &a);
  pthread_condattr_destroy(&a);
  for (size_t i = 0; i < SENDER_THREADS; i++)
    if (pthread_create(&s->threads[i], NULL, run, s) != 0) abort();
  return s;
}

size_t sender_waiting(struct sender *s) {
  pthread_mutex_lock(&s->lock);
  size_t n = s->count;
  pthread_mutex_unlock(&s->lock);
  return n;
}

void sender_stop(struct sender *s) {
  pthread_mutex_lock(&s->lock);
  s->stopping = true;
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->lock);
  for (size_t i = 0; i < SENDER_THREADS; i++) pthread_join(s->threads[i], NULL);
  for (;;) {
    pthread_mutex_lock(&s->lock);
    struct item *i = s->first;
    if (i) take_out(s, i);
    pthread_mutex_unlock(&s->lock);
    if (!i) return;
    if (i->done) i->done(i->ctx, ERR_CANCELLED, 0);
    item_free(i);
  }
}

void sender_free(struct sender *s) {
  if (!s) return;
  pace_free(s->pace);
  pthread_cond_destroy(&s->changed);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

/* ---- asking ---- */

static bool put(struct sender *s, struct item *i) {
  pthread_mutex_lock(&s->lock);
  bool room = s->count < SENDER_MOST && !s->stopping;
  if (room) append(s, i);
  pthread_mutex_unlock(&s->lock);
  return room;
}

void sender_say(struct sender *s, const struct api_text *t, sender_done done, void *ctx) {
  struct item *i = item_new(SAY, t);
  i->done = done;
  i->ctx = ctx;
  if (put(s, i)) return;
  log_warning("bot", "too many messages wait to be sent: one is dropped");
  if (done) done(ctx, ERR_FAIL, 0);
  item_free(i);
}

void sender_answer(struct sender *s, const char *callback_id, const char *text) {
  struct item *i = item_new(ANSWER, &(struct api_text){.text = text});
  i->callback_id = x_strdup(callback_id);
  if (!put(s, i)) item_free(i);
}

static bool is_last(const struct sender *s, int64_t chat, int64_t message) {
  for (size_t k = 0; k < LAST_EDITS; k++)
    if (s->last[k].message == message && s->last[k].chat == chat) return true;
  return false;
}

void sender_edit(struct sender *s, const struct api_text *t, int64_t message, bool last) {
  struct item *fresh = item_new(EDIT, t), *old = NULL;
  fresh->message = message;
  pthread_mutex_lock(&s->lock);
  bool wanted = last || !is_last(s, t->chat, message);
  if (last) {
    s->last[s->last_at] = (struct last_edit){t->chat, message};
    s->last_at = (s->last_at + 1) % LAST_EDITS;
  }
  for (struct item **p = &s->first; wanted && *p; p = &(*p)->next)
    if ((*p)->kind == EDIT && !(*p)->sending && (*p)->chat == t->chat && (*p)->message == message) {
      old = *p;
      fresh->next = old->next;
      fresh->since = old->since;
      *p = fresh;
      fresh = NULL;
      break;
    }
  if (fresh && wanted && s->count < SENDER_MOST && !s->stopping) {
    append(s, fresh);
    fresh = NULL;
  }
  pthread_mutex_unlock(&s->lock);
  if (fresh) item_free(fresh);
  if (old) item_free(old);
}

bool sender_turn(struct sender *s, int64_t chat, const atomic_bool *stop) {
  bool mine = false;
  pthread_mutex_lock(&s->lock);
  while (!mine && !atomic_load(stop)) {
    double now = clock_now(), at = pace_ready(s->pace, chat, now);
    if (s->quiet_until > at) at = s->quiet_until;
    mine = at <= now && !chat_is_busy(s, NULL, chat);
    if (mine) pace_took(s->pace, chat, now);
    else wait_until(s, at <= now || at > now + 0.25 ? now + 0.25 : at);
  }
  pthread_mutex_unlock(&s->lock);
  return mine;
}

void sender_sent(struct sender *s, int64_t chat) {
  pthread_mutex_lock(&s->lock);
  pace_ended(s->pace, chat, clock_now());
  pthread_mutex_unlock(&s->lock);
}

void sender_busy(struct sender *s, int64_t chat, int retry_after_s) {
  pthread_mutex_lock(&s->lock);
  pace_pause(s->pace, chat, clock_now() + retry_after_s);
  pthread_mutex_unlock(&s->lock);
}

bool sender_drain(struct sender *s, int64_t chat, double seconds) {
  double end = clock_now() + seconds;
  bool empty = false;
  pthread_mutex_lock(&s->lock);
  for (;;) {
    empty = true;
    for (const struct item *i = s->first; i && empty; i = i->next) empty = i->chat != chat || i->kind == ANSWER;
    double now = clock_now();
    if (empty || now >= end) break;
    wait_until(s, now + 0.25 < end ? now + 0.25 : end);
  }
  pthread_mutex_unlock(&s->lock);
  return empty;
}
