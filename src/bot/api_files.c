/*
 * DESIGN. Sending is a form whose file libcurl reads from the disk while it sends. Fetching asks getFile where the file
 * is: a path to be fetched below /file/bot<token>/, or, from a server of one's own that was started with --local, an
 * absolute path on this disk, from which the file is copied. The cloud could never mean our disk, so an absolute path from there is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "bot/api_parts.h"

#define COPY_BYTES 65536

/* ---- sending ---- */

struct form {
  struct http_part parts[12];
  char numbers[12][24];
  size_t count;
};

static void add_text(struct form *f, const char *name, const char *text) {
  f->parts[f->count++] = (struct http_part){.name = name, .text = text};
}

static void add_number(struct form *f, const char *name, int64_t value) {
  char *text = f->numbers[f->count];
  snprintf(text, sizeof f->numbers[0], "%lld", (long long)value);
  add_text(f, name, text);
}

static int check_file(const struct bot_api *a, const struct api_file *f, const char *method, struct api_problem *p,
                      struct err *e) {
  size_t units = f->caption ? api_units(f->caption) : 0;
  if (units > API_CAPTION_UNITS) {
    p->kind = API_OVER_LIMIT;
    return err_set(e, ERR_INPUT, "%s: the caption is %zu long, Telegram takes %d", method, units, API_CAPTION_UNITS);
  }
  if (f->file_id) return 0;
  int64_t bytes = file_size(f->path);
  if (bytes < 0) {
    p->kind = API_REFUSED;
    return err_set(e, ERR_IO, "%s: %s is not there", method, f->path);
  }
  if (bytes <= api_most_up(a)) return 0;
  p->kind = API_TOO_LARGE;
  return err_set(e, ERR_INPUT, "%s: %lld bytes are more than the %lld that Telegram takes", method, (long long)bytes,
                 (long long)api_most_up(a));
}

/* The id that sends the file again. Telegram makes a document of a video that it cannot play. */
static const char *id_of_sent(struct js *root) {
  const char *id = js_string_or(root, "result.video.file_id", NULL);
  if (!id) id = js_string_or(root, "result.document.file_id", NULL);
  if (!id) id = js_string_or(root, "result.animation.file_id", NULL); /* a video without sound */
  if (!id) id = js_string_or(root, "result.audio.file_id", NULL);
  return id;
}

int api_send_file(struct bot_api *a, const struct api_file *file, struct api_sent *ret, struct api_problem *p,
                  struct err *e) {
  struct api_problem mine;
  if (!p) p = &mine;
  *p = (struct api_problem){.kind = API_FINE};
  const char *method = file->video ? "sendVideo" : "sendDocument";
  int rc = check_file(a, file, method, p, e);
  if (rc < 0) return rc;
  struct form f = {.count = 0};
  add_number(&f, "chat_id", file->chat);
  _cleanup_(mem_freep) char *reply = NULL;
  if (file->reply_to) {
    reply = x_asprintf("{\"message_id\": %lld, \"allow_sending_without_reply\": true}", (long long)file->reply_to);
    add_text(&f, "reply_parameters", reply);
  }
  if (file->caption) add_text(&f, "caption", file->caption);
  if (file->video) {
    add_text(&f, "supports_streaming", "true");
    if (file->width > 0 && file->height > 0) {
      add_number(&f, "width", file->width);
      add_number(&f, "height", file->height);
    }
    if (file->seconds > 0) add_number(&f, "duration", file->seconds);
  } else if (!file->file_id) {
    add_text(&f, "disable_content_type_detection", "true"); /* an .srt stays what it is */
  }
  const char *name = file->video ? "video" : "document";
  if (file->file_id) add_text(&f, name, file->file_id);
  else
    f.parts[f.count++] =
        (struct http_part){.name = name, .file = file->path, .file_name = file->file_name, .type = file->type};
  _cleanup_(js_freep) struct js *root = NULL;
  struct api_call c = {.method = method,
                       .parts = f.parts,
                       .part_count = f.count,
                       .progress = file->progress,
                       .progress_ctx = file->progress_ctx};
  rc = api_call(a, &c, &root, p, e);
  if (rc < 0) return rc;
  struct api_sent sent = {0};
  if (js_get_int(root, "result.message_id", 1, INT64_MAX, &sent.message, e) < 0) return api_nonsense(method, p, e);
  const char *id = id_of_sent(root);
  if (id && strlen(id) < sizeof sent.file_id) snprintf(sent.file_id, sizeof sent.file_id, "%s", id);
  *ret = sent;
  return 0;
}

/* ---- fetching ---- */

struct fetch {
  const char *path;
  int64_t max_bytes;
  const atomic_bool *cancel;
  void (*progress)(void *ctx, int64_t done, int64_t total);
  void *ctx;
};

static int too_large(int64_t most, struct api_problem *p, struct err *e) {
  p->kind = API_TOO_LARGE;
  return err_set(e, ERR_INPUT, "the file is larger than the limit of %lld bytes", (long long)most);
}

static int copy_bytes(int from, int to, int64_t total, const struct fetch *f, struct api_problem *p, struct err *e) {
  _cleanup_(mem_freep) char *bytes = x_malloc(COPY_BYTES);
  int64_t done = 0;
  for (;;) {
    if (f->cancel && atomic_load(f->cancel)) return err_set(e, ERR_CANCELLED, "cancelled");
    ssize_t n = read(from, bytes, COPY_BYTES);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return err_errno(e, ERR_IO, errno, "cannot read the Bot API server's file");
    if (n == 0) return 0;
    done += n;
    if (done > f->max_bytes) return too_large(f->max_bytes, p, e);
    if (file_write_fd(to, bytes, (size_t)n) < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", f->path);
    if (f->progress) f->progress(f->ctx, done, total > done ? total : done);
  }
}

static int copy_local(const char *source, const struct fetch *f, struct api_problem *p, struct err *e) {
  _cleanup_(fd_closep) int from = open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat st;
  if (from < 0 || fstat(from, &st) < 0)
    return err_errno(e, ERR_IO, errno,
                     "the Bot API server's file cannot be opened (its folder must be readable here, under the same "
                     "path)");
  if (!S_ISREG(st.st_mode)) return err_set(e, ERR_IO, "what the Bot API server names is not a file");
  if (st.st_size > f->max_bytes) return too_large(f->max_bytes, p, e);
  _cleanup_(fd_closep) int to = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (to < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", f->path);
  return copy_bytes(from, to, (int64_t)st.st_size, f, p, e);
}

/* "videos/file_1.mp4": parts of plain characters, none of them "..". */
static bool is_relative_path(const char *s) {
  if (!*s || strlen(s) > 512) return false;
  for (const char *c = s; *c; c++)
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./", *c)) return false;
  return !strstr(s, "..");
}

static int download(struct bot_api *a, const char *file_path, int64_t size, const struct fetch *f,
                    struct api_problem *p, struct err *e) {
  if (!is_relative_path(file_path)) return api_nonsense("getFile", p, e);
  _cleanup_(mem_freep) char *url = x_asprintf("%s/file/bot%s/%s", api_url(a), api_token(a), file_path);
  struct http_request r = http_default_request(url);
  r.shown = "Telegram's file";
  r.allow_plain = api_is_plain(a);
  r.cancel = f->cancel;
  r.max_bytes = f->max_bytes;
  r.progress = f->progress;
  r.progress_ctx = f->ctx;
  int status = 0;
  int rc = http_download(&r, f->path, size, &status, e);
  if (rc == ERR_INPUT) p->kind = API_TOO_LARGE;
  else if (rc < 0 && status == 404) { /* its link lasts an hour; a new getFile gives another */ p->kind = API_NETWORK;
  }
  return rc;
}

/* Telegram said why; what it means for the task is that the input is not to be had. */
static int as_input(struct err *e) {
  if (e) e->code = ERR_INPUT;
  return ERR_INPUT;
}

int api_fetch(struct bot_api *a, const char *file_id, const char *path, int64_t max_bytes, const atomic_bool *cancel,
              void (*progress)(void *ctx, int64_t done, int64_t total), void *ctx, struct api_problem *p,
              struct err *e) {
  struct api_problem mine;
  if (!p) p = &mine;
  struct fetch f = {.path = path,
                    .max_bytes = max_bytes > 0 && max_bytes < LIMIT_INPUT_BYTES ? max_bytes : LIMIT_INPUT_BYTES,
                    .cancel = cancel,
                    .progress = progress,
                    .ctx = ctx};
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  _cleanup_(js_freep) struct js *root = NULL;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "file_id"), js_string(&w, file_id);
  js_end(&w, '}');
  int rc = api_call(a, &(struct api_call){.method = "getFile", .json = buf_str(&b)}, &root, p, e);
  if (rc < 0) return p->kind == API_REFUSED && rc == ERR_FAIL ? as_input(e) : rc;
  const char *file_path = js_string_or(root, "result.file_path", NULL);
  if (!file_path) return api_nonsense("getFile", p, e);
  int64_t size = js_int_or(root, "result.file_size", -1);
  if (size > f.max_bytes) return too_large(f.max_bytes, p, e);
  if (file_path[0] != '/') return download(a, file_path, size, &f, p, e);
  if (api_is_cloud(a)) return api_nonsense("getFile", p, e);
  rc = copy_local(file_path, &f, p, e);
  if (rc < 0 && p->kind == API_FINE) p->kind = API_NETWORK;
  return rc;
}
