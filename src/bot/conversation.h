/*
 * The conversation: what an update wants, done in one transaction together with noting that the update was taken in, and
 * what is answered.
 *
 *   rc = conversation_take(b, &u, &e);
 *   0: done with, also when it was seen before (it then has no effect and no answer)
 *   < 0: the database failed, nothing happened: the same update is to be tried again
 *
 * What is understood stands in tables: commands and the prefixes of buttons' data (conversation.c), kinds of content
 * (intake.c). Presets, payments, links and an operator's commands add rows there.
 *
 * An answer that was not sent when the bot was killed is lost (the user asks again); what a task says is not: status.h,
 * delivery.h.
 */
#ifndef TITR_BOT_CONVERSATION_H
#define TITR_BOT_CONVERSATION_H

#include "bot/parts.h"
#include "bot/text.h"
#include "bot/update.h"
#include "store/tasks.h"
#include "store/users.h"

int conversation_take(struct bot *b, const struct update *u, struct err *e);

/* The commands for setMyCommands in a language; texts are the caller's (free each `about`). Returns how many. */
#define CONVERSATION_COMMANDS 16
size_t conversation_commands(enum text_language l, struct api_command ret[CONVERSATION_COMMANDS]);

/* ---- for the handlers: one update, inside its transaction. Run anew from the start when the database asks. ---- */

struct turn {
  struct bot *b;
  const struct update *u;
  int64_t now_ms;
  struct user user;
  enum text_language language;

  /* what is answered after the commit */
  bool duplicate;
  char *text;  /* a message; NULL: none */
  char *toast; /* what a pressed button answers; NULL: nothing to read */
  struct {
    char *label, data[API_CALLBACK_BYTES + 1];
  } buttons[SENDER_BUTTONS];
  size_t button_count;
  bool made; /* a task: woken and shown */
  struct task task;
  bool race; /* somebody was faster: roll back and decide again */
};

int intake_media(struct sql_tx *tx, struct turn *t, struct err *e);
int intake_other(struct turn *t); /* text without a command, or something that is no media */

/* Numbers of the user's plan for /start and /help: longest, largest, files a day. Caller frees all three. */
struct plan_words {
  char *length, *size, *day;
};
struct plan_words plan_words(const struct turn *t);
void plan_words_release(struct plan_words *w);

#endif
