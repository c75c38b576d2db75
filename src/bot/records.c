#include "bot/records.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "store/tasks.h"

static void read_part(struct js *v, struct sent_part *p) {
  p->message = js_int_or(v, "message", 0);
  const char *id = js_string_or(v, "file_id", "");
  if (strlen(id) < sizeof p->file_id) snprintf(p->file_id, sizeof p->file_id, "%s", id);
}

void reply_read(const char *json, struct reply *ret) {
  *ret = (struct reply){0};
  struct js *root = NULL;
  if (!json || js_parse(json, strlen(json), "reply", &root, NULL) < 0) return;
  ret->chat = js_int_or(root, "chat", 0);
  ret->message = js_int_or(root, "message", 0);
  ret->origin = js_int_or(root, "origin", 0);
  ret->language = text_language(js_string_or(root, "language", ""));
  snprintf(ret->title, sizeof ret->title, "%s", js_string_or(root, "title", ""));
  read_part(js_at(root, "video"), &ret->video);
  read_part(js_at(root, "subtitles"), &ret->subtitles);
  js_free(root);
}

static void write_part(struct js_writer *w, const char *name, const struct sent_part *p) {
  if (!p->message) return;
  js_key(w, name), js_begin(w, '{');
  js_key(w, "message"), js_int(w, p->message);
  if (p->file_id[0]) js_key(w, "file_id"), js_string(w, p->file_id);
  js_end(w, '}');
}

void reply_write(const struct reply *r, struct buf *b) {
  struct js_writer w = JS_WRITER(b, 0);
  js_begin(&w, '{');
  js_key(&w, "chat"), js_int(&w, r->chat);
  if (r->message) js_key(&w, "message"), js_int(&w, r->message);
  js_key(&w, "language"), js_string(&w, text_language_code(r->language));
  if (r->origin) js_key(&w, "origin"), js_int(&w, r->origin);
  js_key(&w, "title"), js_string(&w, r->title);
  write_part(&w, "video", &r->video);
  write_part(&w, "subtitles", &r->subtitles);
  js_end(&w, '}');
}

int reply_store(struct sql_tx *tx, int64_t task_id, const struct reply *r, struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  reply_write(r, &b);
  return tasks_set_reply(tx, task_id, buf_str(&b), e);
}
