/* A worker's side: the file that a task names, from Telegram (bot.h). */
#include <string.h>

#include "base/limits.h"
#include "bot/bot.h"

struct telling {
  void (*progress)(void *ctx, double done);
  void *ctx;
};

static void on_bytes(void *ctx, int64_t done, int64_t total) {
  const struct telling *t = ctx;
  if (t->progress && total > 0) t->progress(t->ctx, (double)done / (double)total);
}

int bot_fetch(void *ctx, const char *input_json, const char *to, int64_t max_bytes, const atomic_bool *cancel,
              void (*progress)(void *ctx, double done), void *progress_ctx, const char **ret_code, struct err *e) {
  struct bot_api *api = ctx;
  struct telling telling = {progress, progress_ctx};
  _cleanup_(js_freep) struct js *root = NULL;
  const char *file_id;
  int rc = js_parse(input_json, strlen(input_json), "the task's input", &root, e);
  if (rc == 0) rc = js_get_string(root, "file_id", &file_id, e);
  if (rc < 0) return rc;
  int64_t bytes = js_int_or(root, "bytes", -1), most = max_bytes > 0 ? max_bytes : LIMIT_INPUT_BYTES;
  struct api_problem p = {.kind = API_TOO_LARGE};
  if (bytes > most) rc = err_set(e, ERR_INPUT, "the file is larger than the limit of %lld bytes", (long long)most);
  else rc = api_fetch(api, file_id, to, most, cancel, on_bytes, &telling, &p, e);
  if (rc == ERR_INPUT && p.kind == API_TOO_LARGE) *ret_code = "too_large";
  if (rc == ERR_INPUT && p.kind == API_GONE) *ret_code = "gone";
  return rc;
}
