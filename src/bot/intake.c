/*
 * DESIGN. From a message with a file to a task, in the update's own transaction: what the plan says (plans/decide.h), the row
 * (store/tasks.h), the charge (store/quota.h). The number of the day's jobs that the decision was made with is
 * checked again by the charge; when somebody was faster in between, all of it is rolled back and decided anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "bot/conversation.h"
#include "bot/records.h"
#include "plans/decide.h"
#include "store/purchases.h"
#include "store/quota.h"

#define MOST_ALIVE  10 /* tasks of one user that wait or run */
#define TITLE_CHARS 60

/* ---- words ---- */

static const struct plan *plan_of(const struct turn *t) {
  const struct plan_table *table = t->b->o->plans;
  int tier = plan_tier_by_name(t->user.tier);
  enum plan_tier now =
      plan_effective_tier(tier < 0 ? PLAN_FREE : (enum plan_tier)tier, t->user.tier_until_ms, t->now_ms);
  return &table->plans[now];
}

struct plan_words plan_words(const struct turn *t) {
  const struct plan *p = plan_of(t);
  int64_t bytes = api_most_down(t->b->api) < p->max_bytes ? api_most_down(t->b->api) : p->max_bytes;
  return (struct plan_words){.length = text_length(t->language, p->max_ms),
                             .size = text_size(t->language, bytes),
                             .day = text_make(t->language, TEXT_FILES_A_DAY, TEXT_VALUES(text_n("n", p->a_day)))};
}

void plan_words_release(struct plan_words *w) {
  free(w->length);
  free(w->size);
  free(w->day);
}

static char *title_of(const struct turn *t) {
  const struct incoming_media *m = &t->u->media;
  if (m->name) return text_short_name(m->name, TITLE_CHARS);
  enum text_id id = m->kind == MEDIA_VIDEO   ? TEXT_NAME_VIDEO
                    : m->kind == MEDIA_VOICE ? TEXT_NAME_VOICE
                                             : TEXT_NAME_AUDIO;
  return text_make(t->language, id, TEXT_NO_VALUES);
}

/* "00:00 (Europe/Moscow)" */
static char *hour_of(const struct turn *t, int64_t at_ms) {
  int64_t local = at_ms + zone_offset_at(t->b->o->plans->zone, at_ms) * 1000LL;
  int64_t minutes = local / 60000 % 1440;
  return x_asprintf("%02d:%02d (%s)", (int)(minutes / 60), (int)(minutes % 60),
                    t->b->o->zone_name ? t->b->o->zone_name : "UTC");
}

/* ---- refusals ---- */

static void refuse_size(struct turn *t, enum text_id id, int64_t bytes, int64_t limit) {
  _cleanup_(mem_freep) char *size = text_size(t->language, bytes);
  _cleanup_(mem_freep) char *most = text_size(t->language, limit);
  t->text = text_make(t->language, id, TEXT_VALUES(text_s("size", size), text_s("limit", most)));
}

static void refuse(struct turn *t, const struct plan_decision *d) {
  enum text_language l = t->language;
  if (d->verdict == PLAN_TOO_LARGE) {
    refuse_size(t, TEXT_REFUSED_SIZE, d->asked, d->limit);
  } else if (d->verdict == PLAN_TOO_LONG) {
    _cleanup_(mem_freep) char *length = text_length(l, d->asked);
    _cleanup_(mem_freep) char *limit = text_length(l, d->limit);
    t->text = text_make(l, TEXT_REFUSED_LENGTH, TEXT_VALUES(text_s("length", length), text_s("limit", limit)));
  } else if (d->verdict == PLAN_DAY_USED) {
    _cleanup_(mem_freep) char *hour = hour_of(t, d->back_at_ms);
    _cleanup_(mem_freep) char *wait = text_wait(l, d->back_at_ms - t->now_ms);
    t->text =
        text_make(l, TEXT_REFUSED_DAY, TEXT_VALUES(text_n("n", d->asked), text_s("hour", hour), text_s("wait", wait)));
  } else {
    t->text = text_make(l, TEXT_REFUSED_FEATURE, TEXT_NO_VALUES);
  }
}

/* ---- the decision ---- */

static int decide(struct sql_tx *tx, const struct turn *t, struct plan_decision *ret, struct err *e) {
  const struct plan_table *table = t->b->o->plans;
  const struct incoming_media *m = &t->u->media;
  int64_t purchases[PURCHASE_LENGTHS], used = 0;
  struct zone_day today = zone_day_at(table->zone, t->now_ms);
  int rc = quota_used(tx, t->user.id, today.date, &used, e);
  int count = rc < 0 ? rc : purchases_unspent(tx, t->user.id, purchases, PURCHASE_LENGTHS, e);
  if (count < 0) return count;
  int tier = plan_tier_by_name(t->user.tier);
  struct plan_request r = {.tier = tier < 0 ? PLAN_FREE : (enum plan_tier)tier,
                           .until_ms = t->user.tier_until_ms,
                           .now_ms = t->now_ms,
                           .used_today = used,
                           .media_ms = m->ms,
                           .bytes = m->bytes,
                           .must = PLAN_SUBTITLES,
                           .purchases_ms = purchases,
                           .purchase_count = (size_t)count};
  *ret = plan_decide(table, &r);
  return 0;
}

static int charge(struct sql_tx *tx, const struct turn *t, const struct plan_decision *d, struct err *e) {
  int64_t user = t->user.id, task = t->task.id;
  if (d->source == PLAN_BY_QUOTA) return quota_charge(tx, user, d->day.date, d->day_limit, task, t->now_ms, e);
  if (d->source == PLAN_BY_PURCHASE) return quota_charge_purchase(tx, user, d->purchase_ms, task, t->now_ms, e);
  return quota_charge_nothing(tx, user, task, t->now_ms, e);
}

/* ---- the task's JSON ---- */

static void write_input(const struct turn *t, struct buf *b) {
  const struct incoming_media *m = &t->u->media;
  const char *name = m->name                  ? m->name
                     : m->kind == MEDIA_VIDEO ? "video.mp4"
                     : m->kind == MEDIA_VOICE ? "voice.ogg"
                                              : "audio.mp3";
  _cleanup_(mem_freep) char *shown = text_short_name(name, TITLE_CHARS);
  struct js_writer w = JS_WRITER(b, 0);
  js_begin(&w, '{');
  js_key(&w, "file_id"), js_string(&w, m->file_id);
  js_key(&w, "name"), js_string(&w, shown);
  if (m->bytes >= 0) js_key(&w, "bytes"), js_int(&w, m->bytes);
  js_end(&w, '}');
}

/* The sender's word on length and size is not the last: the worker measures against max_ms and max_bytes. */
static void write_options(const struct turn *t, const struct plan_decision *d, struct buf *b) {
  int64_t bytes = api_most_down(t->b->api) < d->max_bytes ? api_most_down(t->b->api) : d->max_bytes;
  _cleanup_(mem_freep) char *mark = x_asprintf("@%s", t->b->me.username);
  struct js_writer w = JS_WRITER(b, 0);
  js_begin(&w, '{');
  js_key(&w, "quality"), js_string(&w, d->quality >= 1080 ? "1080p" : "720p");
  if (d->watermark) js_key(&w, "watermark"), js_string(&w, mark);
  js_key(&w, "video"), js_bool(&w, true);
  js_key(&w, "subtitles"), js_begin(&w, '['), js_string(&w, "srt"), js_end(&w, ']');
  js_key(&w, "max_ms"), js_int(&w, d->max_ms);
  js_key(&w, "max_bytes"), js_int(&w, bytes);
  js_end(&w, '}');
}

static void make_fingerprint(const struct turn *t, const char *options, char ret[HASH_HEX_SIZE]) {
  _cleanup_(mem_freep) char *text = x_asprintf("%lld\n%s\n%s", (long long)t->user.id, t->u->media.unique_id, options);
  _cleanup_(hash_freep) struct hash *h = hash_new(HASH_SHA256);
  hash_add(h, text, strlen(text));
  hash_hex(h, ret);
}

static int create(struct sql_tx *tx, struct turn *t, const struct plan_decision *d, const char *title, struct err *e) {
  _cleanup_(buf_release) struct buf input = BUF_INIT, options = BUF_INIT, answer = BUF_INIT;
  struct reply r = {.chat = t->u->chat, .origin = t->u->message, .language = t->language};
  snprintf(r.title, sizeof r.title, "%s", title);
  write_input(t, &input);
  write_options(t, d, &options);
  reply_write(&r, &answer);
  char fingerprint[HASH_HEX_SIZE];
  make_fingerprint(t, buf_str(&options), fingerprint);
  struct task_new n = {.user_id = t->user.id,
                       .lane = d->lane,
                       .fingerprint = fingerprint,
                       .input_kind = "telegram",
                       .input = buf_str(&input),
                       .options = buf_str(&options),
                       .reply = buf_str(&answer),
                       .media_ms = t->u->media.ms};
  return tasks_create(tx, &n, t->now_ms, &t->task, e);
}

int intake_media(struct sql_tx *tx, struct turn *t, struct err *e) {
  const struct incoming_media *m = &t->u->media;
  int64_t most = api_most_down(t->b->api), alive;
  if (m->bytes > most) {
    refuse_size(t, TEXT_REFUSED_CLOUD, m->bytes, most);
    return 0;
  }
  int rc = tasks_alive(tx, t->user.id, &alive, e);
  if (rc < 0) return rc;
  if (alive >= MOST_ALIVE) {
    t->text = text_make(t->language, TEXT_REFUSED_BUSY, TEXT_VALUES(text_n("n", alive)));
    return 0;
  }
  struct plan_decision d;
  rc = decide(tx, t, &d, e);
  if (rc < 0) return rc;
  if (d.verdict != PLAN_ALLOWED) {
    refuse(t, &d);
    return 0;
  }
  _cleanup_(mem_freep) char *title = title_of(t);
  rc = create(tx, t, &d, title, e);
  if (rc < 0) return rc;
  if (rc == 0) {
    t->text = text_make(t->language, TEXT_REFUSED_TWICE,
                        TEXT_VALUES(text_s("name", title), text_s("task", t->task.public_id)));
    return 0;
  }
  rc = charge(tx, t, &d, e);
  if (rc < 0) return rc;
  if (rc == 0) {
    t->race = true;
    return err_set(e, ERR_CONFLICT, "another job was charged meanwhile");
  }
  t->made = true;
  return 0;
}

int intake_other(struct turn *t) {
  const char *text = t->u->text;
  enum text_id id = t->u->media.kind == MEDIA_OTHER                       ? TEXT_NOT_MEDIA
                    : strstr(text, "http://") || strstr(text, "https://") ? TEXT_NO_LINKS
                                                                          : TEXT_SEND_A_FILE;
  t->text = text_make(t->language, id, TEXT_NO_VALUES);
  return 0;
}
