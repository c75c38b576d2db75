/*
 * DESIGN. take() is the transaction of one update; it calls a handler from a table and leaves in the turn what is to be said.
 * answer() says it after the commit. Handlers only read and write the database and the turn, so that the
 * database may run them again.
 */
#include "bot/conversation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "bot/delivery.h"
#include "bot/records.h"
#include "bot/status.h"
#include "store/outbox.h"
#include "store/quota.h"
#include "store/updates.h"

#define LISTED 5 /* tasks that /status shows */
#define RACES  3

static int say(struct turn *t, enum text_id id) {
  t->text = text_make(t->language, id, TEXT_NO_VALUES);
  return 0;
}

/* ---- /start, /help ---- */

static int on_start(struct sql_tx *tx, struct turn *t, const char *argument, struct err *e) {
  (void)tx, (void)argument, (void)e;
  struct plan_words w = plan_words(t);
  _cleanup_(mem_freep) char *name = text_short_name(t->u->first_name ? t->u->first_name : "", 64);
  t->text = text_make(
      t->language, TEXT_START,
      TEXT_VALUES(text_s("name", name), text_s("length", w.length), text_s("size", w.size), text_s("day", w.day)));
  plan_words_release(&w);
  return 0;
}

static int on_help(struct sql_tx *tx, struct turn *t, const char *argument, struct err *e) {
  (void)tx, (void)argument, (void)e;
  struct plan_words w = plan_words(t);
  t->text = text_make(t->language, TEXT_HELP,
                      TEXT_VALUES(text_s("length", w.length), text_s("size", w.size), text_s("day", w.day)));
  plan_words_release(&w);
  if (!api_is_cloud(t->b->api)) return 0;
  _cleanup_(mem_freep) char *size = text_size(t->language, api_most_down(t->b->api));
  _cleanup_(mem_freep) char *cloud = text_make(t->language, TEXT_HELP_CLOUD, TEXT_VALUES(text_s("size", size)));
  _cleanup_(mem_freep) char *help = TAKE(t->text);
  t->text = x_asprintf("%s\n\n%s", help, cloud);
  return 0;
}

/* ---- one task, if it is the user's ---- */

static int find_own(struct sql_tx *tx, struct turn *t, const char *code, struct err *e) {
  int rc = tasks_find(tx, code, &t->task, e);
  return rc <= 0 ? rc : t->task.user_id == t->user.id;
}

static void add_cancel_button(struct turn *t, const struct task *task, enum text_id label, const char *title) {
  if (t->button_count == SENDER_BUTTONS) return;
  t->buttons[t->button_count].label = label == TEXT_BUTTON_CANCEL
                                          ? text_make(t->language, label, TEXT_NO_VALUES)
                                          : text_make(t->language, label, TEXT_VALUES(text_s("name", title)));
  snprintf(t->buttons[t->button_count].data, sizeof t->buttons[0].data, "cancel:%s", task->public_id);
  t->button_count++;
}

static bool alive(const struct task *task) {
  return task->state == TASK_QUEUED || task->state == TASK_RUNNING;
}

/* ---- /status ---- */

static char *state_words(const struct turn *t, const struct task *task) {
  enum text_language l = t->language;
  switch (task->state) {
  case TASK_QUEUED: return text_make(l, TEXT_STATE_QUEUED, TEXT_NO_VALUES);
  case TASK_RUNNING: return text_make(l, TEXT_STATE_RUNNING, TEXT_VALUES(text_n("percent", task->progress / 10)));
  case TASK_DONE: return text_make(l, TEXT_STATE_DONE, TEXT_NO_VALUES);
  case TASK_CANCELLED: return text_make(l, TEXT_STATE_CANCELLED, TEXT_NO_VALUES);
  default: return text_make(l, TEXT_STATE_FAILED, TEXT_NO_VALUES);
  }
}

static int list_tasks(struct sql_tx *tx, struct turn *t, struct err *e) {
  struct task_list l = {0};
  int rc = tasks_of_user(tx, t->user.id, LISTED, &l, e);
  if (rc < 0 || l.count == 0) return rc < 0 ? rc : say(t, TEXT_LIST_EMPTY);
  struct buf b = BUF_INIT;
  _cleanup_(mem_freep) char *head = text_make(t->language, TEXT_LIST_HEAD, TEXT_NO_VALUES);
  buf_adds(&b, head);
  for (size_t i = 0; i < l.count; i++) {
    struct reply r;
    reply_read(l.tasks[i].reply, &r);
    _cleanup_(mem_freep) char *state = state_words(t, &l.tasks[i]);
    _cleanup_(mem_freep) char *row =
        text_make(t->language, TEXT_LIST_ROW,
                  TEXT_VALUES(text_s("name", r.title[0] ? r.title : l.tasks[i].public_id), text_s("state", state),
                              text_s("task", l.tasks[i].public_id)));
    buf_addf(&b, "\n\n%s", row);
  }
  task_list_release(&l);
  t->text = buf_take(&b);
  return 0;
}

static int send_again(struct sql_tx *tx, const struct task *task, int64_t now_ms, struct err *e) {
  _cleanup_(mem_freep) char *payload = delivery_payload(task->public_id, "again");
  return outbox_add(tx, DELIVERY_TOPIC, NULL, payload, now_ms, now_ms, e);
}

static int on_status(struct sql_tx *tx, struct turn *t, const char *argument, struct err *e) {
  if (!*argument) return list_tasks(tx, t, e);
  int rc = find_own(tx, t, argument, e);
  if (rc <= 0) return rc < 0 ? rc : say(t, TEXT_NOT_FOUND);
  struct reply r;
  reply_read(t->task.reply, &r);
  r.language = t->language;
  if (!r.title[0]) snprintf(r.title, sizeof r.title, "%s", t->task.public_id);
  int64_t before = -1, wait_ms = -1;
  if (t->task.state == TASK_QUEUED) rc = queue_position(t->b->o->queue, tx, &t->task, &before, &wait_ms, e);
  struct quota_entry charge = {0};
  int charged = rc < 0 ? rc : quota_of_task(tx, t->task.id, &charge, e);
  if (charged < 0) return charged;
  bool kept = !t->task.files_gone_ms || r.video.file_id[0] || r.subtitles.file_id[0];
  if (t->task.state == TASK_DONE && !kept) {
    t->text =
        text_make(t->language, TEXT_DONE_GONE, TEXT_VALUES(text_s("name", r.title), text_s("task", t->task.public_id)));
    return 0;
  }
  t->text = status_text(&t->task, &r, before, wait_ms, charged && charge.given_back, t->now_ms);
  if (alive(&t->task) && !t->task.cancel_requested) add_cancel_button(t, &t->task, TEXT_BUTTON_CANCEL, NULL);
  /* a result that is still on its way for the first time comes by itself */
  return t->task.state == TASK_DONE && t->task.delivered_ms ? send_again(tx, &t->task, t->now_ms, e) : 0;
}

/* ---- /cancel, and the button below a status message ---- */

static int cancel(struct sql_tx *tx, struct turn *t, const struct task *task, enum text_id *ret_says, struct err *e) {
  enum task_cancel how;
  int rc = tasks_cancel(tx, task->id, t->now_ms, &how, e);
  if (rc < 0) return rc;
  *ret_says = how == TASK_CANCEL_NOW     ? TEXT_CANCEL_NOW
              : how == TASK_CANCEL_ASKED ? TEXT_CANCEL_ASKED
                                         : TEXT_CANCEL_LATE;
  if (how != TASK_CANCEL_NOW) return 0; /* a worker sees it, ends the task and tells */
  rc = quota_refund(tx, task->id, "cancelled", t->now_ms, e);
  if (rc < 0) return rc;
  _cleanup_(mem_freep) char *payload = delivery_payload(task->public_id, "cancelled");
  _cleanup_(mem_freep) char *once = x_asprintf("telegram:%s:cancelled", task->public_id);
  rc = outbox_add(tx, DELIVERY_TOPIC, once, payload, t->now_ms, t->now_ms, e);
  return rc < 0 ? rc : 0;
}

static int cancel_some(struct sql_tx *tx, struct turn *t, struct err *e) {
  struct task_list l = {0};
  int rc = tasks_of_user(tx, t->user.id, 50, &l, e);
  size_t count = 0, which = 0;
  for (size_t i = 0; rc >= 0 && i < l.count; i++) {
    if (!alive(&l.tasks[i])) continue;
    struct reply r;
    reply_read(l.tasks[i].reply, &r);
    _cleanup_(mem_freep) char *title = text_short_name(r.title, 30);
    add_cancel_button(t, &l.tasks[i], TEXT_BUTTON_CANCEL_NAME, title);
    which = i;
    count++;
  }
  if (rc >= 0 && count == 1) {
    enum text_id says = TEXT_CANCEL_LATE;
    rc = cancel(tx, t, &l.tasks[which], &says, e);
    free(t->buttons[0].label);
    t->button_count = 0;
    if (rc >= 0) say(t, says);
  } else if (rc >= 0) {
    say(t, count ? TEXT_CANCEL_WHICH : TEXT_CANCEL_NOTHING);
  }
  task_list_release(&l);
  return rc < 0 ? rc : 0;
}

static int on_cancel(struct sql_tx *tx, struct turn *t, const char *argument, struct err *e) {
  if (!*argument) return cancel_some(tx, t, e);
  int rc = find_own(tx, t, argument, e);
  if (rc <= 0) return rc < 0 ? rc : say(t, TEXT_NOT_FOUND);
  enum text_id says;
  rc = cancel(tx, t, &t->task, &says, e);
  return rc < 0 ? rc : say(t, says);
}

static int on_cancel_button(struct sql_tx *tx, struct turn *t, const char *code, struct err *e) {
  int rc = find_own(tx, t, code, e);
  if (rc < 0) return rc;
  enum text_id says = TEXT_OUT_OF_DATE;
  if (rc > 0) rc = cancel(tx, t, &t->task, &says, e);
  t->toast = text_make(t->language, says, TEXT_NO_VALUES);
  return rc < 0 ? rc : 0;
}

/* ---- the tables ---- */

typedef int (*handler)(struct sql_tx *tx, struct turn *t, const char *argument, struct err *e);

static const struct {
  const char *name;
  handler run;
  enum text_id about; /* shown in Telegram's menu */
} commands[] = {
    {"start", on_start, TEXT_COMMAND_START},
    {"help", on_help, TEXT_COMMAND_HELP},
    {"status", on_status, TEXT_COMMAND_STATUS},
    {"cancel", on_cancel, TEXT_COMMAND_CANCEL},
};

static const struct {
  const char *prefix;
  handler run;
} buttons[] = {{"cancel:", on_cancel_button}};

size_t conversation_commands(enum text_language l, struct api_command ret[CONVERSATION_COMMANDS]) {
  for (size_t i = 0; i < ARRAY_LEN(commands); i++)
    ret[i] = (struct api_command){commands[i].name, text_make(l, commands[i].about, TEXT_NO_VALUES)};
  return ARRAY_LEN(commands);
}

/* ---- one update ---- */

static int on_message(struct sql_tx *tx, struct turn *t, struct err *e) {
  struct command_words w;
  const struct update *u = t->u;
  if (u->media.kind != MEDIA_NONE && u->media.kind != MEDIA_OTHER) return intake_media(tx, t, e);
  if (u->text[0] != '/') return intake_other(t);
  if (command_read(u->text, t->b->me.username, &w))
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
      if (strcmp(commands[i].name, w.name) == 0) return commands[i].run(tx, t, w.argument, e);
  return say(t, TEXT_UNKNOWN_COMMAND);
}

static int on_button(struct sql_tx *tx, struct turn *t, struct err *e) {
  for (size_t i = 0; i < ARRAY_LEN(buttons); i++) {
    size_t n = strlen(buttons[i].prefix);
    if (strncmp(t->u->data, buttons[i].prefix, n) == 0) return buttons[i].run(tx, t, t->u->data + n, e);
  }
  t->toast = text_make(t->language, TEXT_OUT_OF_DATE, TEXT_NO_VALUES);
  return 0;
}

static void turn_clear(struct turn *t) {
  free(t->text);
  free(t->toast);
  for (size_t i = 0; i < t->button_count; i++) free(t->buttons[i].label);
  user_release(&t->user);
  task_release(&t->task);
  *t = (struct turn){.b = t->b, .u = t->u, .now_ms = t->now_ms};
}

static int take(struct sql_tx *tx, void *ctx, struct err *e) {
  struct turn *t = ctx;
  const struct update *u = t->u;
  turn_clear(t);
  int rc = updates_seen(tx, u->id, t->now_ms, e);
  if (rc < 0) return rc;
  t->duplicate = rc == 0;
  if (t->duplicate || u->kind == UPDATE_OTHER) return 0;
  rc = users_seen(tx,
                  &(struct user_names){.telegram_id = u->from,
                                       .username = u->username,
                                       .first_name = u->first_name,
                                       .last_name = u->last_name,
                                       .language = u->language},
                  t->now_ms, &t->user, e);
  if (rc < 0) return rc;
  t->language = text_language(t->user.language);
  if (u->kind == UPDATE_MESSAGE) return on_message(tx, t, e);
  if (u->kind == UPDATE_CALLBACK) return on_button(tx, t, e);
  return u->kind == UPDATE_BLOCKED ? users_set_blocked(tx, t->user.id, true, t->now_ms, e) : 0;
}

static void answer(const struct turn *t) {
  if (t->u->kind == UPDATE_CALLBACK) sender_answer(t->b->sender, t->u->callback_id, t->toast);
  if (t->text) {
    struct api_button keys[SENDER_BUTTONS];
    for (size_t i = 0; i < t->button_count; i++) keys[i] = (struct api_button){t->buttons[i].label, t->buttons[i].data};
    struct api_text m = {.chat = t->u->chat, .text = t->text, .buttons = keys, .button_count = t->button_count};
    sender_say(t->b->sender, &m, NULL, NULL);
  }
  if (!t->made) return;
  log_set_task(t->task.public_id);
  log_info("bot", "taken in, lane %d", t->task.lane);
  log_set_task(NULL);
  queue_wake(t->b->o->queue, t->task.public_id, t->task.lane);
  status_begin(t->b->status, &t->task);
}

int conversation_take(struct bot *b, const struct update *u, struct err *e) {
  struct turn t = {.b = b, .u = u, .now_ms = clock_utc_ms()};
  int rc;
  for (int race = 0;; race++) {
    rc = sql_transact(b->o->db, SQL_WRITE, take, &t, e);
    if (rc >= 0 || !t.race || race == RACES) break;
  }
  if (rc >= 0 && t.duplicate) log_debug("bot", "update %lld came again", (long long)u->id);
  else if (rc >= 0) answer(&t);
  turn_clear(&t);
  return rc < 0 ? rc : 0;
}
