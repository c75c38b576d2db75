/*
 * DESIGN. Small methods are posted as JSON, those with a file as a form. Both end in api_read_answer(), the one place
 * that knows how Telegram says no. Connections (http sessions) lie in a small store: a call takes one, or makes one when all
 * are taken, and lays it back; so the long poll keeps its own for itself, and a message costs no new handshake.
 */
#include "bot/api.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/http.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "bot/api_parts.h"

#define CALL_SECONDS   30.0
#define UPLOAD_SECONDS 1800.0
#define DIGEST_SECONDS 600.0 /* a server of one's own passes the file on before it answers */

struct bot_api {
  char *url, *token;
  bool cloud, plain;
  const atomic_bool *cancel, *stop;
  pthread_mutex_t lock;
  struct http_session *idle[API_SESSIONS];
  size_t idle_count;
};

size_t api_units(const char *text) {
  size_t units = 0, len;
  for (const char *p = text; *p; p += len) units += utf8_next(p, &len) > 0xFFFF ? 2 : 1;
  return units;
}

int api_new(const struct api_options *o, struct bot_api **ret, struct err *e) {
  if (!http_is_url(o->url)) return err_set(e, ERR_USAGE, "the address of the Bot API server is none");
  struct bot_api *a = NEW(struct bot_api);
  size_t n = strlen(o->url);
  while (n && o->url[n - 1] == '/') n--;
  a->url = x_strndup(o->url, n);
  a->token = x_strdup(o->token);
  a->plain = strncasecmp(a->url, "http://", 7) == 0;
  const char *host = strstr(a->url, "://") + 3;
  size_t length = strcspn(host, ":/");
  a->cloud = length == strlen("api.telegram.org") && strncasecmp(host, "api.telegram.org", length) == 0;
  a->cancel = o->cancel;
  a->stop = o->stop;
  pthread_mutex_init(&a->lock, NULL);
  *ret = a;
  return 0;
}

void api_free(struct bot_api *a) {
  if (!a) return;
  for (size_t i = 0; i < a->idle_count; i++) http_session_free(a->idle[i]);
  pthread_mutex_destroy(&a->lock);
  free(a->url);
  free(a->token);
  free(a);
}

bool api_is_cloud(const struct bot_api *a) {
  return a->cloud;
}

int64_t api_most_down(const struct bot_api *a) {
  return a->cloud ? API_CLOUD_DOWN : INT64_MAX;
}

int64_t api_most_up(const struct bot_api *a) {
  return a->cloud ? API_CLOUD_UP : API_LOCAL_UP;
}

/* ---- connections ---- */

static struct http_session *take_session(struct bot_api *a) {
  struct http_session *s = NULL;
  pthread_mutex_lock(&a->lock);
  if (a->idle_count) s = a->idle[--a->idle_count];
  pthread_mutex_unlock(&a->lock);
  return s ? s : http_session_new();
}

static void lay_back(struct bot_api *a, struct http_session *s) {
  pthread_mutex_lock(&a->lock);
  if (a->idle_count < API_SESSIONS) {
    a->idle[a->idle_count++] = s;
    s = NULL;
  }
  pthread_mutex_unlock(&a->lock);
  http_session_free(s);
}

/* ---- one call ---- */

static int over_limit(struct api_problem *p, struct err *e, const char *method, const char *what, size_t is,
                      size_t most) {
  if (p) p->kind = API_OVER_LIMIT;
  return err_set(e, ERR_INPUT, "%s: %s is %zu long, Telegram takes %zu", method, what, is, most);
}

int api_call(struct bot_api *a, const struct api_call *c, struct js **ret_root, struct api_problem *p, struct err *e) {
  struct api_problem mine;
  if (!p) p = &mine;
  *p = (struct api_problem){.kind = API_NETWORK};
  _cleanup_(mem_freep) char *url = x_asprintf("%s/bot%s/%s", a->url, a->token, c->method);
  _cleanup_(mem_freep) char *name = x_asprintf("Telegram's %s", c->method);
  _cleanup_(buf_release) struct buf answer = BUF_INIT;
  struct http_request r = http_default_request(url);
  r.shown = name;
  r.allow_plain = a->plain;
  r.session = take_session(a);
  r.cancel = c->cancel ? c->cancel : a->cancel;
  r.max_bytes = API_ANSWER_BYTES;
  r.stall_seconds = c->parts ? DIGEST_SECONDS : c->wait_s + CALL_SECONDS;
  r.total_seconds = c->parts ? UPLOAD_SECONDS : c->wait_s + CALL_SECONDS;
  r.progress = c->progress;
  r.progress_ctx = c->progress_ctx;
  int status = 0;
  int rc = c->parts ? http_post_form(&r, c->parts, c->part_count, &answer, &status, e)
                    : http_post_json(&r, c->json ? c->json : "{}", &answer, &status, e);
  lay_back(a, r.session);
  if (rc < 0) {
    p->not_sent = status == HTTP_NOT_SENT;
    if (rc != ERR_NETWORK) p->kind = API_REFUSED;
    return rc;
  }
  struct js *root = NULL;
  rc = api_read_answer(c->method, status, buf_str(&answer), answer.len, &root, p, e);
  if (p->kind == API_TOO_MANY) metric_count(METRIC_TELEGRAM_429, NULL);
  if (rc == 0 && ret_root) *ret_root = root;
  else js_free(root);
  return rc;
}

static int call_json(struct bot_api *a, const char *method, struct buf *json, struct js **ret, struct api_problem *p,
                     struct err *e) {
  return api_call(a, &(struct api_call){.method = method, .json = buf_str(json)}, ret, p, e);
}

/* ---- methods ---- */

int api_get_me(struct bot_api *a, struct api_me *ret, struct api_problem *p, struct err *e) {
  _cleanup_(js_freep) struct js *root = NULL;
  int rc = api_call(a, &(struct api_call){.method = "getMe", .cancel = a->stop}, &root, p, e);
  if (rc < 0) return rc;
  struct api_me me = {0};
  const char *name;
  if (js_get_int(root, "result.id", 1, INT64_MAX, &me.id, e) < 0 ||
      js_get_string(root, "result.username", &name, e) < 0)
    return api_nonsense("getMe", p, e);
  snprintf(me.username, sizeof me.username, "%s", name);
  *ret = me;
  return 0;
}

int api_get_updates(struct bot_api *a, int64_t offset, int wait_s, struct js **ret, struct api_problem *p,
                    struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "offset"), js_int(&w, offset);
  js_key(&w, "timeout"), js_int(&w, wait_s);
  js_key(&w, "limit"), js_int(&w, 100);
  js_key(&w, "allowed_updates"), js_begin(&w, '[');
  js_string(&w, "message"), js_string(&w, "callback_query"), js_string(&w, "my_chat_member");
  js_end(&w, ']'), js_end(&w, '}');
  struct api_call c = {.method = "getUpdates", .json = buf_str(&b), .wait_s = wait_s, .cancel = a->stop};
  struct js *root = NULL;
  int rc = api_call(a, &c, &root, p, e);
  if (rc < 0) return rc;
  if (!js_is_array(js_at(root, "result"))) {
    js_free(root);
    return api_nonsense("getUpdates", p, e);
  }
  *ret = root;
  return 0;
}

static int write_text(struct js_writer *w, const char *method, const struct api_text *t, struct api_problem *p,
                      struct err *e) {
  size_t units = api_units(t->text);
  if (units == 0 || units > API_TEXT_UNITS) return over_limit(p, e, method, "the text", units, API_TEXT_UNITS);
  js_key(w, "chat_id"), js_int(w, t->chat);
  js_key(w, "text"), js_string(w, t->text);
  js_key(w, "link_preview_options"), js_begin(w, '{'), js_key(w, "is_disabled"), js_bool(w, true), js_end(w, '}');
  if (!t->button_count) return 0;
  js_key(w, "reply_markup"), js_begin(w, '{'), js_key(w, "inline_keyboard"), js_begin(w, '[');
  for (size_t i = 0; i < t->button_count; i++) {
    size_t bytes = strlen(t->buttons[i].data);
    if (bytes == 0 || bytes > API_CALLBACK_BYTES)
      return over_limit(p, e, method, "a button's data", bytes, API_CALLBACK_BYTES);
    js_begin(w, '['), js_begin(w, '{');
    js_key(w, "text"), js_string(w, t->buttons[i].text);
    js_key(w, "callback_data"), js_string(w, t->buttons[i].data);
    js_end(w, '}'), js_end(w, ']');
  }
  js_end(w, ']'), js_end(w, '}');
  return 0;
}

int api_send_text(struct bot_api *a, const struct api_text *t, int64_t *ret_message, struct api_problem *p,
                  struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  _cleanup_(js_freep) struct js *root = NULL;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  int rc = write_text(&w, "sendMessage", t, p, e);
  if (rc < 0) return rc;
  if (t->reply_to) {
    js_key(&w, "reply_parameters"), js_begin(&w, '{');
    js_key(&w, "message_id"), js_int(&w, t->reply_to);
    js_key(&w, "allow_sending_without_reply"), js_bool(&w, true);
    js_end(&w, '}');
  }
  js_end(&w, '}');
  rc = call_json(a, "sendMessage", &b, &root, p, e);
  if (rc < 0) return rc;
  int64_t message;
  if (js_get_int(root, "result.message_id", 1, INT64_MAX, &message, e) < 0) return api_nonsense("sendMessage", p, e);
  if (ret_message) *ret_message = message;
  return 0;
}

int api_edit_text(struct bot_api *a, const struct api_text *t, int64_t message, struct api_problem *p, struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "message_id"), js_int(&w, message);
  int rc = write_text(&w, "editMessageText", t, p, e);
  if (rc < 0) return rc;
  js_end(&w, '}');
  return call_json(a, "editMessageText", &b, NULL, p, e);
}

int api_send_action(struct bot_api *a, int64_t chat, const char *action, struct api_problem *p, struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "chat_id"), js_int(&w, chat);
  js_key(&w, "action"), js_string(&w, action);
  js_end(&w, '}');
  return call_json(a, "sendChatAction", &b, NULL, p, e);
}

int api_answer_callback(struct bot_api *a, const char *id, const char *text, struct api_problem *p, struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "callback_query_id"), js_string(&w, id);
  if (text) {
    size_t units = api_units(text);
    if (units > API_ANSWER_UNITS) return over_limit(p, e, "answerCallbackQuery", "the text", units, API_ANSWER_UNITS);
    js_key(&w, "text"), js_string(&w, text);
  }
  js_end(&w, '}');
  return call_json(a, "answerCallbackQuery", &b, NULL, p, e);
}

int api_set_commands(struct bot_api *a, const char *language, const struct api_command *commands, size_t count,
                     struct api_problem *p, struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "commands"), js_begin(&w, '[');
  for (size_t i = 0; i < count; i++) {
    js_begin(&w, '{');
    js_key(&w, "command"), js_string(&w, commands[i].name);
    js_key(&w, "description"), js_string(&w, commands[i].about);
    js_end(&w, '}');
  }
  js_end(&w, ']');
  if (language) js_key(&w, "language_code"), js_string(&w, language);
  js_end(&w, '}');
  return api_call(a, &(struct api_call){.method = "setMyCommands", .json = buf_str(&b), .cancel = a->stop}, NULL, p, e);
}

/* ---- for api_files.c ---- */

const char *api_url(const struct bot_api *a) {
  return a->url;
}
const char *api_token(const struct bot_api *a) {
  return a->token;
}
bool api_is_plain(const struct bot_api *a) {
  return a->plain;
}
