/*
 * DESIGN. The calling thread polls. The offset that confirms an update to Telegram moves on only when its transaction
 * has committed, so a crash or a database that is away makes Telegram send it again, and `seen_updates` makes that
 * harmless. It starts from nothing (Telegram then begins with the first that was not confirmed): Telegram may
 * choose its numbers anew, a stored offset could be ahead of them.
 *
 * Ending: the poll ends at once; what waits at the sender goes out for STOP_SECONDS, uploads likewise, then connections are cut.
 */
#include "bot/bot.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bot/conversation.h"
#include "bot/delivery.h"
#include "bot/parts.h"
#include "bot/records.h"
#include "bot/status.h"
#include "store/heartbeats.h"

#define POLL_SECONDS     50
#define STOP_SECONDS     3.0
#define LONGEST_PAUSE    30.0
#define CONFLICT_SECONDS 180.0 /* another bot that is just being replaced has gone by then */
#define MENU_TRIES       3
#define UPDATE_TRIES     3 /* of an update that fails in a way that does not pass by itself */

struct poller {
  struct bot *b;
  const atomic_bool *stop;
  const char *name;
  double pause;          /* before the next try; 0: the last poll went well */
  double conflict_since; /* 0: none */
  int64_t offset;
};

/* ---- waiting ---- */

static void rest(const struct poller *p, double seconds) {
  for (double end = clock_now() + seconds; clock_now() < end && !atomic_load(p->stop);) clock_sleep(0.1);
}

/* After a failed call to Telegram: 0 to go on, or what ends the bot. */
static int outlive(struct poller *p, const struct api_problem *problem, int rc, const struct err *failed,
                   struct err *e) {
  if (rc == ERR_CANCELLED) return 0;
  double now = clock_now();
  if (problem->kind != API_CONFLICT) p->conflict_since = 0;
  else if (p->conflict_since == 0) p->conflict_since = now;
  bool ends = problem->kind == API_UNAUTHORIZED ||
              (problem->kind == API_CONFLICT && now - p->conflict_since > CONFLICT_SECONDS);
  if (ends) return err_set(e, ERR_USAGE, "%s", failed->msg);
  if (p->pause == 0) log_warning("bot", "%s; trying again until it works", failed->msg);
  p->pause = p->pause == 0 ? 1 : p->pause * 2 > LONGEST_PAUSE ? LONGEST_PAUSE : p->pause * 2;
  if (problem->kind == API_TOO_MANY && p->pause < problem->retry_after_s) p->pause = problem->retry_after_s;
  rest(p, p->pause);
  return 0;
}

static void went_well(struct poller *p) {
  if (p->pause > 0) log_info("bot", "Telegram answers again");
  p->pause = p->conflict_since = 0;
}

/* ---- heartbeat ---- */

static int beat(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct poller *p = ctx;
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "counted"), metrics_write(&w);
  js_end(&w, '}');
  return heartbeats_beat(tx, p->name, buf_str(&b), clock_utc_ms(), e);
}

static int goodbye(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct poller *p = ctx;
  return heartbeats_forget(tx, p->name, e);
}

static char *process_name(void) {
  char host[65] = "localhost";
  gethostname(host, sizeof host - 1);
  return x_asprintf("bot:%s:%d", host, (int)getpid());
}

/* ---- updates ---- */

static bool may_pass(int rc) {
  return rc == ERR_IO || rc == ERR_TIMEOUT || rc == ERR_UNSURE;
}

/* True: done with. False: the bot stops before it could be. */
static bool take_update(struct poller *p, const struct update *u) {
  double pause = 0.5;
  for (int attempt = 1; !atomic_load(p->stop); attempt++) {
    struct err e = {0};
    int rc = conversation_take(p->b, u, &e);
    if (rc == 0) return true;
    if (!may_pass(rc) && attempt >= UPDATE_TRIES) {
      log_error("bot", "update %lld cannot be handled and is left out: %s", (long long)u->id, e.msg);
      return true;
    }
    if (attempt == 1) log_warning("bot", "update %lld waits: %s", (long long)u->id, e.msg);
    rest(p, pause);
    pause = pause * 2 > LONGEST_PAUSE ? LONGEST_PAUSE : pause * 2;
  }
  return false;
}

static void take_updates(struct poller *p, struct js *list) {
  for (size_t i = 0; i < js_len(list) && !atomic_load(p->stop); i++) {
    struct update u;
    struct err e = {0};
    if (update_read(js_item(list, i), &u, &e) < 0) {
      log_warning("bot", "an update that is none: %s", e.msg);
      rest(p, 1); /* it cannot be confirmed, so it comes again at once */
      continue;
    }
    if (!take_update(p, &u)) return;
    p->offset = u.id + 1;
  }
}

static int poll_once(struct poller *p, struct err *e) {
  struct js *answer = NULL;
  struct api_problem problem;
  struct err failed = {0};
  int rc = api_get_updates(p->b->api, p->offset, POLL_SECONDS, &answer, &problem, &failed);
  if (rc < 0) return outlive(p, &problem, rc, &failed, e);
  went_well(p);
  if (sql_transact(p->b->o->db, SQL_WRITE, beat, p, &failed) < 0) log_warning("bot", "heartbeat: %s", failed.msg);
  take_updates(p, js_at(answer, "result"));
  js_free(answer);
  return 0;
}

/* ---- the start ---- */

static int learn_name(struct poller *p, struct err *e) {
  while (!atomic_load(p->stop)) {
    struct api_problem problem;
    struct err failed = {0};
    int rc = api_get_me(p->b->api, &p->b->me, &problem, &failed);
    if (rc < 0) rc = outlive(p, &problem, rc, &failed, e);
    if (rc < 0) return rc;
    if (p->b->me.id) {
      went_well(p);
      return 0;
    }
  }
  return 0;
}

/* In one language; NULL: for all others. */
static int set_menu(const struct poller *p, const char *code, const struct api_command *commands, size_t n,
                    struct err *e) {
  for (int attempt = 1;; attempt++) {
    struct api_problem problem;
    int rc = api_set_commands(p->b->api, code, commands, n, &problem, e);
    if (rc == 0 || problem.kind != API_NETWORK || attempt == MENU_TRIES || atomic_load(p->stop)) return rc;
    rest(p, 1);
  }
}

/* The menu of commands. A bot works without one. */
static void set_commands(const struct poller *p) {
  for (int l = 0; l <= TEXT_LANGUAGES && !atomic_load(p->stop); l++) {
    bool rest_of_world = l == TEXT_LANGUAGES;
    enum text_language language = rest_of_world ? TEXT_EN : (enum text_language)l;
    struct api_command commands[CONVERSATION_COMMANDS];
    size_t n = conversation_commands(language, commands);
    struct err e = {0};
    int rc = set_menu(p, rest_of_world ? NULL : text_language_code(language), commands, n, &e);
    for (size_t i = 0; i < n; i++) free((void *)(uintptr_t)commands[i].about);
    if (rc == ERR_CANCELLED) return;
    if (rc < 0) log_warning("bot", "the menu of commands is not set: %s", e.msg);
  }
}

/* ---- users who blocked the bot ---- */

struct blocking {
  int64_t chat;
};

static int mark(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct blocking *k = ctx;
  struct user u = {0};
  int rc = users_find(tx, k->chat, &u, e); /* a private chat has its user's number */
  if (rc > 0) rc = users_set_blocked(tx, u.id, true, clock_utc_ms(), e);
  user_release(&u);
  return rc;
}

void bot_mark_blocked(struct bot *b, int64_t chat) {
  struct blocking k = {chat};
  struct err e = {0};
  if (sql_transact(b->o->db, SQL_WRITE, mark, &k, &e) < 0)
    log_warning("bot", "that a user blocked the bot is not noted: %s", e.msg);
}

static void on_blocked(void *ctx, int64_t chat) {
  bot_mark_blocked(ctx, chat);
}

/* ---- running ---- */

struct running {
  struct bot b;
  atomic_bool ending, cut; /* nothing new begins; connections end */
  struct delivery *delivery;
};

static int poll_until_stopped(struct running *r, struct poller *p, struct err *e) {
  int rc = learn_name(p, e);
  if (rc < 0 || atomic_load(p->stop)) return rc;
  set_commands(p);
  r->b.status = status_start(&r->b);
  r->delivery = delivery_start(&r->b);
  log_info("bot", "@%s is ready", r->b.me.username);
  while (rc == 0 && !atomic_load(p->stop)) rc = poll_once(p, e);
  sql_transact(r->b.o->db, SQL_WRITE, goodbye, p, NULL);
  return rc;
}

static void end(struct running *r) {
  atomic_store(&r->ending, true);
  if (r->b.status) status_stop(r->b.status);
  for (double until = clock_now() + STOP_SECONDS; clock_now() < until;) {
    if (sender_waiting(r->b.sender) == 0 && (!r->delivery || delivery_ended(r->delivery))) break;
    clock_sleep(0.05);
  }
  atomic_store(&r->cut, true);
  sender_stop(r->b.sender);
  if (r->delivery) delivery_stop(r->delivery);
  sender_free(r->b.sender);
  status_free(r->b.status);
}

int bot_run(const struct bot_options *o, const atomic_bool *stop, struct err *e) {
  struct running r = {.b = {.o = o}};
  r.b.stop = &r.ending;
  int rc = text_load(e);
  struct api_options a = {.url = o->api_url, .token = o->token, .cancel = &r.cut, .stop = stop};
  if (rc == 0) rc = api_new(&a, &r.b.api, e);
  if (rc < 0) return rc;
  r.b.sender = sender_new(r.b.api, &(struct sender_events){on_blocked, &r.b});
  _cleanup_(mem_freep) char *name = process_name();
  struct poller p = {.b = &r.b, .stop = stop, .name = name};
  rc = poll_until_stopped(&r, &p, e);
  end(&r);
  api_free(r.b.api);
  return rc;
}
