/*
 * One update of Telegram, read and checked: foreign bytes end here. Strings are borrowed from the JSON.
 *
 *   struct update u;
 *   rc = update_read(js_item(list, i), &u, &e);     // ERR_INPUT: not an update at all (it has no number)
 *
 * What the bot does not serve (groups, channels, bots, edited messages, kinds it has never heard of) is UPDATE_OTHER, whose
 * number still counts. Within a message every member that is missing or of a wrong type is as if absent.
 */
#ifndef TITR_BOT_UPDATE_H
#define TITR_BOT_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

enum update_kind { UPDATE_OTHER, UPDATE_MESSAGE, UPDATE_CALLBACK, UPDATE_BLOCKED, UPDATE_UNBLOCKED };

enum media_kind { MEDIA_NONE, MEDIA_VIDEO, MEDIA_VOICE, MEDIA_AUDIO, MEDIA_OTHER /* a picture, sticker, place … */ };

struct incoming_media {
  enum media_kind kind;
  const char *file_id, *unique_id; /* unique_id: the same for the same file, for all who send it */
  const char *name, *mime;         /* NULL: none given */
  int64_t bytes, ms;               /* -1: not told */
};

struct update {
  int64_t id;
  enum update_kind kind;
  int64_t chat, message; /* message: of a callback, the one with the buttons; 0: too old */
  int64_t from;
  const char *username, *first_name, *last_name, *language; /* NULL: none */
  const char *text;                                         /* of a message; "" when none */
  struct incoming_media media;
  const char *callback_id, *data;
};

int update_read(struct js *v, struct update *ret, struct err *e);

/* By media type, and where that says nothing (application/octet-stream) by the name's end. */
enum media_kind media_kind_of(const char *mime, const char *name);

/* A text message that is a command: "/status@titr_bot  CODE" or "/status_CODE" -> name "status", argument "CODE" ("": none).
 * False when it is none, or meant for another bot than `me`. */
struct command_words {
  char name[33];
  char argument[65];
};
bool command_read(const char *text, const char *me, struct command_words *ret);

#endif
