/*
 * DESIGN. Telegram answers {"ok": true, "result": …} or {"ok": false, "error_code": 400, "description": "Bad Request: …",
 * "parameters": {"retry_after": 5}}. The code says most; what 400 means only the description tells, and that is no
 * contract, so those below are the few texts that matter, looked for by their stable part and without regard to case.
 */
#include <string.h>
#include <strings.h>

#include "bot/api_parts.h"

#define LONGEST_RETRY_S 86400

static const struct {
  const char *says;
  enum api_problem_kind kind;
} meanings[] = {
    {"message is not modified", API_FINE}, {"bot was blocked by the user", API_BLOCKED},
    {"user is deactivated", API_BLOCKED},  {"bot can't initiate conversation", API_BLOCKED},
    {"chat not found", API_GONE},          {"message to edit not found", API_GONE},
    {"message can't be edited", API_GONE}, {"message_id_invalid", API_GONE},
    {"query is too old", API_GONE},        {"wrong file_id", API_GONE},
    {"invalid file_id", API_GONE},         {"wrong file identifier", API_GONE},
    {"file is too big", API_TOO_LARGE},    {"request entity too large", API_TOO_LARGE},
};

static enum api_problem_kind meaning(int code, const char *description) {
  if (code == 429) return API_TOO_MANY;
  if (code == 409) return API_CONFLICT;
  if (code == 401 || code == 404) return API_UNAUTHORIZED;
  if (code == 413) return API_TOO_LARGE;
  if (code >= 500) return API_NETWORK;
  for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
    if (strcasestr(description, meanings[i].says)) return meanings[i].kind;
  return code == 403 ? API_BLOCKED : API_REFUSED;
}

static int refuse(const char *method, const char *description, const struct api_problem *p, struct err *e) {
  switch (p->kind) {
  case API_TOO_MANY:
    return err_set(e, ERR_NETWORK, "Telegram's %s: too much at once, again after %d s", method, p->retry_after_s);
  case API_CONFLICT:
    return err_set(e, ERR_FAIL,
                   "Telegram's %s: %s. Another program uses this token (a second bot, or a webhook that is set): "
                   "end it, or take another token",
                   method, description);
  case API_UNAUTHORIZED:
    return err_set(e, ERR_USAGE, "Telegram does not know BOT_TOKEN; @BotFather shows the right one");
  case API_TOO_LARGE: return err_set(e, ERR_INPUT, "Telegram's %s: the file is too large: %s", method, description);
  case API_GONE: return err_set(e, ERR_INPUT, "Telegram's %s: %s", method, description);
  case API_NETWORK: return err_set(e, ERR_NETWORK, "Telegram's %s: %s", method, description);
  default: return err_set(e, ERR_FAIL, "Telegram's %s: %s", method, description);
  }
}

int api_nonsense(const char *method, struct api_problem *p, struct err *e) {
  if (p) *p = (struct api_problem){.kind = API_NETWORK};
  return err_set(e, ERR_NETWORK, "Telegram's %s: an answer that cannot be understood", method);
}

int api_read_answer(const char *method, int http_status, const char *body, size_t n, struct js **ret_root,
                    struct api_problem *p, struct err *e) {
  struct api_problem mine;
  if (!p) p = &mine;
  *p = (struct api_problem){.kind = API_FINE};
  _cleanup_(js_freep) struct js *root = NULL;
  bool ok = false;
  if (js_parse(body, n, method, &root, NULL) < 0 || js_get_bool(root, "ok", &ok, NULL) < 0) {
    api_nonsense(method, p, e); /* a proxy's page, for example */
    return err_set(e, ERR_NETWORK, "Telegram's %s: HTTP status %d without an answer", method, http_status);
  }
  if (ok) {
    if (!js_at(root, "result")) return api_nonsense(method, p, e);
    *ret_root = TAKE(root);
    return 0;
  }
  int code = (int)js_int_or(root, "error_code", http_status);
  const char *description = js_string_or(root, "description", "no reason given");
  p->kind = meaning(code, description);
  if (p->kind == API_FINE) {
    *ret_root = TAKE(root);
    return 0;
  }
  if (p->kind == API_TOO_MANY) {
    int64_t seconds = js_int_or(root, "parameters.retry_after", 1);
    p->retry_after_s = seconds < 1 ? 1 : seconds > LONGEST_RETRY_S ? LONGEST_RETRY_S : (int)seconds;
  }
  return refuse(method, description, p, e);
}
