/*
 * What the bot keeps in a task's row: `reply`, a JSON that only it reads (store/tasks.h).
 *
 *   {"chat": 123, "message": 456, "language": "ru", "origin": 455, "title": "talk.mp4",
 *    "video": {"message": 457, "file_id": "…"}, "subtitles": {"message": 458, "file_id": "…"}}
 *
 * message is the status message, origin the user's own. Each part of the result is noted as soon as it was sent, so that after
 * a crash only a part that was under way can be sent twice.
 */
#ifndef TITR_BOT_RECORDS_H
#define TITR_BOT_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "bot/text.h"
#include "store/sql.h"
#include "store/tasks.h"

struct sent_part {
  int64_t message;   /* 0: not sent. A part that cannot be sent: the message that says so */
  char file_id[256]; /* "": none */
};
struct reply {
  int64_t chat, message, origin;
  enum text_language language;
  char title[256]; /* what the user calls the file; a name that we gave follows the language */
  struct sent_part video, subtitles;
};

/* Whatever is missing is 0 or empty; a reply that is no JSON has chat 0. */
void reply_read(const char *json, struct reply *ret);
void reply_write(const struct reply *r, struct buf *b);
int reply_store(struct sql_tx *tx, int64_t task_id, const struct reply *r, struct err *e);

#endif
