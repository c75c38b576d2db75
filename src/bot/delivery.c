/*
 * DESIGN. One item is one parcel: taken in a short transaction, carried without any, noted in others. Everything that is
 * sent is first looked up in the row, so a parcel that is carried again goes on behind the last part. The sender gives the turn
 * (its pace is shared with messages), the upload itself runs here.
 */
#include "bot/delivery.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "bot/records.h"
#include "bot/status.h"
#include "store/outbox.h"
#include "store/quota.h"
#include "store/users.h"

#define LONGEST_TURN_S 10 /* a longer 429 is waited for in the outbox */
#define EXTEND_SECONDS 10.0
#define DRAIN_SECONDS  20.0

struct delivery {
  struct bot *b;
  pthread_t threads[DELIVERY_THREADS];
  atomic_int running;
};

struct parcel {
  struct bot *b;
  struct outbox_item item;
  bool again;
  int again_sent; /* parts that have gone once more */
  struct task task;
  struct user user;
  struct reply reply;
  bool found, given_back, delivered;
  double extended;
  int64_t later_ms; /* a failure that says when to try again; 0: by the number of tries */
};

static char *payload(const char *public_id, const char *event, int parts) {
  struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "task"), js_string(&w, public_id);
  js_key(&w, "event"), js_string(&w, event);
  if (parts) js_key(&w, "parts"), js_int(&w, parts);
  js_end(&w, '}');
  return buf_take(&b);
}

char *delivery_payload(const char *public_id, const char *event) {
  return payload(public_id, event, 0);
}

char *delivery_file_name(const char *title, const char *suffix) {
  _cleanup_(mem_freep) char *name = text_short_name(title, 80);
  char *dot = strrchr(name, '.');
  if (dot && dot != name && strlen(dot) <= 5) *dot = '\0';
  for (char *c = name; *c; c++)
    if (strchr("/\\\"<>:|?*", *c)) *c = '_';
  return x_asprintf("%s%s", *name ? name : "titr", suffix);
}

/* ---- the rows ---- */

static int take(struct sql_tx *tx, void *ctx, struct err *e) {
  struct parcel *p = ctx;
  return outbox_take(tx, DELIVERY_TOPIC, DELIVERY_LEASE_MS, clock_utc_ms(), &p->item, e);
}

static int look(struct sql_tx *tx, void *ctx, struct err *e) {
  struct parcel *p = ctx;
  int64_t count, oldest;
  int rc = outbox_waiting(tx, DELIVERY_TOPIC, &count, &oldest, e);
  (void)p;
  return rc < 0 ? rc : count > 0;
}

static int open_parcel(struct sql_tx *tx, void *ctx, struct err *e) {
  struct parcel *p = ctx;
  _cleanup_(js_freep) struct js *root = NULL;
  p->found = false;
  if (js_parse(p->item.payload, strlen(p->item.payload), "outbox", &root, NULL) < 0) return 0;
  int rc = tasks_find(tx, js_string_or(root, "task", ""), &p->task, e);
  if (rc > 0) rc = users_get(tx, p->task.user_id, &p->user, e);
  if (rc <= 0) return rc;
  reply_read(p->task.reply, &p->reply);
  p->again = strcmp(js_string_or(root, "event", ""), "again") == 0;
  p->again_sent = (int)js_int_or(root, "parts", 0);
  struct quota_entry charge = {0};
  rc = quota_of_task(tx, p->task.id, &charge, e);
  if (rc < 0) return rc;
  p->given_back = rc > 0 && charge.given_back;
  p->found = p->reply.chat != 0;
  return 0;
}

static int note(struct sql_tx *tx, void *ctx, struct err *e) {
  struct parcel *p = ctx;
  int rc = reply_store(tx, p->task.id, &p->reply, e);
  if (rc < 0 || !p->again) return rc;
  _cleanup_(mem_freep) char *noted = payload(p->task.public_id, "again", p->again_sent);
  return outbox_note(tx, p->item.id, noted, e);
}

static int close_parcel(struct sql_tx *tx, void *ctx, struct err *e) {
  struct parcel *p = ctx;
  int64_t now = clock_utc_ms();
  int rc = p->delivered ? tasks_delivered(tx, p->task.id, now, e) : 0;
  return rc < 0 ? rc : outbox_sent(tx, p->item.id, now, e);
}

static int put_back(struct sql_tx *tx, void *ctx, struct err *e) {
  struct parcel *p = ctx;
  int64_t wait = p->later_ms;
  if (!wait) wait = 1000LL << (p->item.attempts < 9 ? p->item.attempts : 9);
  return outbox_later(tx, p->item.id, clock_utc_ms() + wait, e);
}

static int extend(struct sql_tx *tx, void *ctx, struct err *e) {
  struct parcel *p = ctx;
  return outbox_renew(tx, p->item.id, clock_utc_ms() + DELIVERY_LEASE_MS, e);
}

static int write(struct parcel *p, sql_fn fn, struct err *e) {
  return sql_transact(p->b->o->db, SQL_WRITE, fn, p, e);
}

/* ---- one part ---- */

static void still_ours(struct parcel *p) {
  double now = clock_now();
  if (now - p->extended < EXTEND_SECONDS) return;
  p->extended = now;
  write(p, extend, NULL); /* when it fails, the lease lasts for two more tries */
}

static void on_upload(void *ctx, int64_t done, int64_t total) {
  (void)done, (void)total;
  still_ours(ctx);
}

struct part {
  bool video;
  const char *path, *suffix, *type;
  struct sent_part *sent;
};

/* Waits for a turn, and again after short 429s. */
static int send(struct parcel *p, const struct api_file *f, struct api_sent *sent, struct api_problem *problem,
                struct err *e) {
  for (;;) {
    still_ours(p);
    if (!sender_turn(p->b->sender, f->chat, p->b->stop)) return err_set(e, ERR_CANCELLED, "the bot stops");
    int rc = api_send_file(p->b->api, f, sent, problem, e);
    sender_sent(p->b->sender, f->chat);
    if (rc == 0 || problem->kind != API_TOO_MANY) return rc;
    sender_busy(p->b->sender, f->chat, problem->retry_after_s);
    p->later_ms = problem->retry_after_s * 1000LL;
    if (problem->retry_after_s > LONGEST_TURN_S) return rc;
  }
}

static int say_too_large(struct parcel *p, int64_t bytes, struct sent_part *sent, struct api_problem *problem,
                         struct err *e) {
  enum text_language l = p->reply.language;
  _cleanup_(mem_freep) char *size = text_size(l, bytes);
  int64_t most = api_most_up(p->b->api);
  if (bytes <= most) most = API_CLOUD_UP; /* a server of one's own that runs without --local */
  _cleanup_(mem_freep) char *limit = text_size(l, most);
  _cleanup_(mem_freep) char *text =
      text_make(l, TEXT_TOO_LARGE_TO_SEND,
                TEXT_VALUES(text_s("name", p->reply.title), text_s("size", size), text_s("limit", limit)));
  _cleanup_(mem_freep) char *rest = p->task.subtitles_path ? text_make(l, TEXT_SUBTITLES_LEFT, TEXT_NO_VALUES) : NULL;
  _cleanup_(mem_freep) char *whole = rest ? x_asprintf("%s\n%s", text, rest) : x_strdup(text);
  if (!sender_turn(p->b->sender, p->reply.chat, p->b->stop)) return err_set(e, ERR_CANCELLED, "the bot stops");
  struct api_text t = {.chat = p->reply.chat, .text = whole, .reply_to = p->reply.origin};
  int rc = api_send_text(p->b->api, &t, &sent->message, problem, e);
  sender_sent(p->b->sender, t.chat);
  return rc;
}

/* A part by its id when Telegram has it, else from the disk. 1: sent; 0: there is nothing to send. */
static int send_part(struct parcel *p, const struct part *part, struct api_problem *problem, struct err *e) {
  if (!part->path || (part->sent->message && !p->again)) return 0;
  _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", p->b->o->storage, part->path);
  _cleanup_(mem_freep) char *name = delivery_file_name(p->reply.title, part->suffix);
  _cleanup_(mem_freep) char *caption =
      part->video && p->task.subtitles_path ? text_make(p->reply.language, TEXT_VIDEO_CAPTION, TEXT_NO_VALUES) : NULL;
  struct api_file f = {.chat = p->reply.chat,
                       .reply_to = p->reply.origin,
                       .video = part->video,
                       .file_id = part->sent->file_id[0] ? part->sent->file_id : NULL,
                       .path = path,
                       .file_name = name,
                       .type = part->type,
                       .caption = caption,
                       .seconds = part->video && p->task.media_ms > 0 ? (int)(p->task.media_ms / 1000) : 0,
                       .progress = on_upload,
                       .progress_ctx = p};
  struct api_sent sent = {0};
  int rc = 0;
  if (!f.file_id) api_send_action(p->b->api, f.chat, part->video ? "upload_video" : "upload_document", NULL, NULL);
  rc = send(p, &f, &sent, problem, e);
  if (rc < 0 && f.file_id && problem->kind == API_GONE) { /* Telegram has forgotten it, the disk may not have */
    f.file_id = NULL;
    rc = send(p, &f, &sent, problem, e);
  }
  if (rc < 0 && problem->kind == API_TOO_LARGE) rc = say_too_large(p, file_size(path), part->sent, problem, e);
  else if (rc == 0) {
    part->sent->message = sent.message;
    snprintf(part->sent->file_id, sizeof part->sent->file_id, "%s", sent.file_id);
  }
  return rc < 0 ? rc : 1;
}

static int send_parts(struct parcel *p, struct api_problem *problem, struct err *e) {
  const struct part parts[] = {
      {true, p->task.result_path, ".titr.mp4", "video/mp4", &p->reply.video},
      {false, p->task.subtitles_path, ".srt", "application/x-subrip", &p->reply.subtitles},
  };
  for (int i = p->again ? p->again_sent : 0; i < (int)ARRAY_LEN(parts); i++) {
    int rc = send_part(p, &parts[i], problem, e);
    if (rc > 0) {
      p->again_sent = i + 1;
      rc = write(p, note, e);
    }
    if (rc < 0) return rc;
  }
  return 0;
}

/* ---- one parcel ---- */

static bool ended(const struct task *t) {
  return t->state != TASK_QUEUED && t->state != TASK_RUNNING;
}

static int carry(struct parcel *p, struct api_problem *problem, struct err *e) {
  if (p->user.blocked) {
    problem->kind = API_BLOCKED;
    return err_set(e, ERR_FAIL, "the user blocked the bot");
  }
  if (!ended(&p->task)) return 0; /* revived meanwhile: it will tell again */
  /* its status message may be on its way just now: then its number is in the row a moment later */
  if (!p->reply.message && sender_drain(p->b->sender, p->reply.chat, DRAIN_SECONDS)) {
    int rc = sql_transact(p->b->o->db, SQL_READ, open_parcel, p, e);
    if (rc < 0) return rc;
  }
  bool gone = p->task.files_gone_ms && !p->reply.video.file_id[0] && !p->reply.subtitles.file_id[0];
  if (p->task.state == TASK_DONE && !gone) {
    int rc = send_parts(p, problem, e);
    if (rc < 0) return rc;
  }
  p->delivered = p->task.state == TASK_DONE && !gone;
  if (p->delivered && !p->task.delivered_ms) p->task.delivered_ms = clock_utc_ms();
  status_finish(p->b, &p->task, &p->reply, p->given_back);
  /* a bot that is ended before the message says so shall say it later: only then the item is done with */
  if (!sender_drain(p->b->sender, p->reply.chat, DRAIN_SECONDS)) log_debug("bot", "the last state is still on its way");
  return 0;
}

/* What to do after a failure: true, the item comes again. */
static bool comes_again(struct parcel *p, const struct api_problem *problem, int rc, const struct err *e) {
  switch (problem->kind) {
  case API_BLOCKED:
    if (!p->user.blocked) bot_mark_blocked(p->b, p->reply.chat);
    p->later_ms = DELIVERY_BLOCKED_MS;
    return p->task.state == TASK_DONE && !p->task.files_gone_ms;
  case API_FINE: /* the database failed, or the bot stops */
  case API_NETWORK:
  case API_TOO_MANY: break;
  default:
    if (p->item.attempts >= DELIVERY_TRIES) {
      log_error("bot", "not delivered, given up: %s", e->msg);
      return false;
    }
  }
  if (rc == ERR_CANCELLED) p->later_ms = 1; /* whoever comes next, at once */
  else log_warning("bot", "not delivered yet: %s", e->msg);
  return true;
}

static void deliver(struct parcel *p) {
  struct err e = {0};
  struct api_problem problem = {.kind = API_FINE};
  int rc = sql_transact(p->b->o->db, SQL_READ, open_parcel, p, &e);
  if (rc == 0 && !p->found) {
    if (!p->task.id || strcmp(p->task.input_kind, "telegram") == 0)
      log_error("bot", "an item of the outbox tells of nothing that can be told: %s", p->item.payload);
  } else if (rc == 0) {
    log_set_task(p->task.public_id);
    rc = carry(p, &problem, &e);
  }
  bool later = rc < 0 && comes_again(p, &problem, rc, &e);
  if (write(p, later ? put_back : close_parcel, &e) < 0)
    log_warning("bot", "the outbox cannot be written, the item comes again: %s", e.msg);
  else if (!later && rc == 0 && p->found) log_info("bot", "told: %s", task_state_name(p->task.state));
  log_set_task(NULL);
}

static void parcel_release(struct parcel *p) {
  outbox_item_release(&p->item);
  task_release(&p->task);
  user_release(&p->user);
}

static void *run(void *arg) {
  struct delivery *d = arg;
  bool failed = false;
  while (!atomic_load(d->b->stop)) {
    struct parcel p = {.b = d->b, .extended = clock_now()};
    struct err e = {0};
    int rc = sql_transact(d->b->o->db, SQL_READ, look, &p, &e);
    if (rc > 0) rc = write(&p, take, &e);
    if (rc < 0 && !failed) log_warning("bot", "the outbox cannot be read: %s", e.msg);
    failed = rc < 0;
    if (rc > 0) deliver(&p);
    parcel_release(&p);
    for (int i = 0; rc <= 0 && i < 5 && !atomic_load(d->b->stop); i++) clock_sleep(0.1);
  }
  atomic_fetch_sub(&d->running, 1);
  return NULL;
}

struct delivery *delivery_start(struct bot *b) {
  struct delivery *d = NEW(struct delivery);
  d->b = b;
  atomic_init(&d->running, DELIVERY_THREADS);
  for (size_t i = 0; i < DELIVERY_THREADS; i++)
    if (pthread_create(&d->threads[i], NULL, run, d) != 0) abort();
  return d;
}

bool delivery_ended(struct delivery *d) {
  return atomic_load(&d->running) == 0;
}

void delivery_stop(struct delivery *d) {
  for (size_t i = 0; i < DELIVERY_THREADS; i++) pthread_join(d->threads[i], NULL);
  free(d);
}
