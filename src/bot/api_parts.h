/* What the files of the Bot API client share: api.c (calls and small methods), api_answer.c (what an answer means),
 * api_files.c (sending and fetching files). Private to them. */
#ifndef TITR_BOT_API_PARTS_H
#define TITR_BOT_API_PARTS_H

#include "base/http.h"
#include "bot/api.h"

#define API_SESSIONS     8
#define API_ANSWER_BYTES (16 << 20) /* 100 updates of the largest messages stay far below */

struct api_call {
  const char *method;
  const char *json; /* NULL: no parameters; or */
  const struct http_part *parts;
  size_t part_count;
  int wait_s;                /* the server may keep the answer back for so long */
  const atomic_bool *cancel; /* instead of the client's; or NULL */
  void (*progress)(void *ctx, int64_t done, int64_t total);
  void *progress_ctx;
};
int api_call(struct bot_api *a, const struct api_call *c, struct js **ret_root, struct api_problem *p, struct err *e);

/* The server answered well, but not what the method answers. */
int api_nonsense(const char *method, struct api_problem *p, struct err *e);

const char *api_url(const struct bot_api *a);
const char *api_token(const struct bot_api *a);
bool api_is_plain(const struct bot_api *a);

#endif
