/*
 * The Telegram Bot API (core.telegram.org/bots/api) over base/http: the methods that the bot needs, typed.
 *
 *   struct bot_api *api;
 *   rc = api_new(&(struct api_options){.url = "https://api.telegram.org", .token = token}, &api, &e);
 *   struct api_problem p;
 *   rc = api_send_text(api, &(struct api_text){.chat = 42, .text = "…"}, &message, &p, &e);
 *   if (rc < 0 && p.kind == API_TOO_MANY) …wait p.retry_after_s
 *
 * Each call is one request: nothing waits or tries again here (sender.h does). Every call takes a `struct api_problem`
 * (NULL: not wanted) and says in it what went wrong in a form to act on; API_FINE on success. An edit that changes
 * nothing is success. What exceeds a limit of Telegram's fields is refused before it is sent (API_OVER_LIMIT,
 * ERR_INPUT). Other errors: ERR_NETWORK, ERR_IO (a file to send), ERR_CANCELLED, ERR_FAIL (Telegram refused).
 *
 * The token is part of every address, so addresses appear in no message: errors name the method.
 *
 * Limits: the server at api.telegram.org ("cloud") gives files of up to 20 MB and takes 50 MB; a server of one's own
 * (`telegram-bot-api --local`) has no limit down, takes 2000 MB, and answers getFile with an absolute path on its disk.
 * Text is counted as Telegram counts it, in UTF-16 units.
 *
 * Threads: safe; connections are kept and shared out. The flags of the options end calls within about a second.
 */
#ifndef TITR_BOT_API_H
#define TITR_BOT_API_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

#define API_TEXT_UNITS      4096
#define API_CAPTION_UNITS   1024
#define API_CALLBACK_BYTES  64
#define API_ANSWER_UNITS    200 /* of answerCallbackQuery */
#define API_FILE_NAME_BYTES 255
#define API_CLOUD_DOWN      (20LL << 20) /* bytes */
#define API_CLOUD_UP        (50LL << 20)
#define API_LOCAL_UP        (2000LL << 20)

struct bot_api;

struct api_options {
  const char *url, *token;
  const atomic_bool *cancel; /* ends every call; or NULL */
  const atomic_bool *stop;   /* ends getMe, getUpdates, setMyCommands already; or NULL */
};
/* ERR_USAGE: not an address. Asks nothing of the server yet. */
int api_new(const struct api_options *o, struct bot_api **ret, struct err *e);
void api_free(struct bot_api *a);
DEFINE_FREEP(struct bot_api, api_free)

bool api_is_cloud(const struct bot_api *a);
int64_t api_most_down(const struct bot_api *a); /* bytes of a file; INT64_MAX: no limit */
int64_t api_most_up(const struct bot_api *a);

enum api_problem_kind {
  API_FINE,
  API_NETWORK,      /* not reached, cut off, HTTP 5xx: may pass */
  API_TOO_MANY,     /* 429: nothing for this chat before retry_after_s */
  API_BLOCKED,      /* 403: the user blocked the bot, or is gone */
  API_CONFLICT,     /* 409: another program polls with this token, or a webhook is set */
  API_UNAUTHORIZED, /* 401, 404: the token is wrong */
  API_GONE,         /* 400: the message, chat or file is not there (any more) */
  API_TOO_LARGE,    /* 413, or "file is too big" */
  API_OVER_LIMIT,   /* refused here, before sending */
  API_REFUSED       /* anything else that Telegram said no to */
};
struct api_problem {
  enum api_problem_kind kind;
  int retry_after_s; /* TOO_MANY: 1 at least */
  bool not_sent;     /* NETWORK: the server cannot have got it */
};

/* What an answer of the server means; for the tests too. `method` is for the message. 0 with *ret_root (js_free;
 * "result" in it), or an error with *p. */
int api_read_answer(const char *method, int http_status, const char *body, size_t n, struct js **ret_root,
                    struct api_problem *p, struct err *e);

struct api_me {
  int64_t id;
  char username[64];
};
int api_get_me(struct bot_api *a, struct api_me *ret, struct api_problem *p, struct err *e);

/* Waits up to wait_s for updates from `offset` on. *ret (js_free): the answer, its "result" a list for update.h. */
int api_get_updates(struct bot_api *a, int64_t offset, int wait_s, struct js **ret, struct api_problem *p,
                    struct err *e);

struct api_button { /* below a message */
  const char *text, *data;
};
struct api_text {
  int64_t chat;
  int64_t reply_to;                 /* a message, or 0 */
  const char *text;                 /* plain, no markup */
  const struct api_button *buttons; /* one a row */
  size_t button_count;
};
int api_send_text(struct bot_api *a, const struct api_text *t, int64_t *ret_message, struct api_problem *p,
                  struct err *e);
/* Without buttons those below the message go. */
int api_edit_text(struct bot_api *a, const struct api_text *t, int64_t message, struct api_problem *p, struct err *e);

struct api_file {
  int64_t chat, reply_to;
  bool video;                 /* played in the chat, else a document */
  const char *file_id;        /* sent before: nothing is uploaded; or NULL: */
  const char *path;           /* on this disk */
  const char *file_name;      /* as the user sees it */
  const char *type;           /* media type */
  const char *caption;        /* or NULL */
  int width, height, seconds; /* of a video, 0: not known */
  void (*progress)(void *ctx, int64_t done, int64_t total);
  void *progress_ctx;
};
struct api_sent {
  int64_t message;
  char file_id[256];
};
int api_send_file(struct bot_api *a, const struct api_file *f, struct api_sent *ret, struct api_problem *p,
                  struct err *e);

int api_send_action(struct bot_api *a, int64_t chat, const char *action, struct api_problem *p, struct err *e);
int api_answer_callback(struct bot_api *a, const char *id, const char *text /* or NULL */, struct api_problem *p,
                        struct err *e);

struct api_command {
  const char *name, *about;
};
/* language: ISO 639-1, or NULL: for all others. */
int api_set_commands(struct bot_api *a, const char *language, const struct api_command *commands, size_t count,
                     struct api_problem *p, struct err *e);

/* getFile, then its bytes into `path`, going on from what is there. API_TOO_LARGE (ERR_INPUT) beyond max_bytes or
 * the server's limit, API_GONE (ERR_INPUT) when the server does not know the file. */
int api_fetch(struct bot_api *a, const char *file_id, const char *path, int64_t max_bytes, const atomic_bool *cancel,
              void (*progress)(void *ctx, int64_t done, int64_t total), void *ctx, struct api_problem *p,
              struct err *e);

/* UTF-16 units of a UTF-8 text, as Telegram counts. */
size_t api_units(const char *text);

#endif
