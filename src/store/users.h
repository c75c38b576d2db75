/*
 * Users: who they are on Telegram, in which language they are spoken to, what they have.
 *
 *   struct user u = {0};
 *   rc = users_seen(tx, &(struct user_names){.telegram_id = from, .first_name = name, .language = "ru"}, now_ms, &u, e);
 *   … user_release(&u);
 *
 * Every function works inside the caller's transaction, so that several of them succeed or fail together. Moments are
 * milliseconds since the epoch, UTC. A tier is written as plans/plans.h names it ("free", "pro", "creator").
 * users_get() and users_find() return 1, or 0 when there is no such user (`ret` is then left alone). Changes of a user
 * that is not there: ERR_INPUT. `ret` must be empty ({0}) or hold a user, who is released.
 */
#ifndef TITR_STORE_USERS_H
#define TITR_STORE_USERS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/sql.h"

#define USER_NO_END INT64_MAX /* tier_until_ms: the tier has no end. The same as PLAN_NO_END */

enum { USER_NAME_CHARACTERS = 64 }; /* Telegram's ceiling for a name; more is not kept */

struct user {
  int64_t id, telegram_id;
  char *username, *first_name, *last_name; /* NULL: has none */
  char language[16];                       /* of the interface */
  char tier[16];                           /* as stored, whether or not its end has come */
  int64_t tier_until_ms;
  int64_t tasks_total;
  char *defaults; /* JSON */
  bool blocked;   /* he blocked the bot: nothing is sent to him */
  int64_t created_ms, updated_ms;
};
void user_release(struct user *u); /* also the cleanup function; leaves it empty */

struct user_names {
  int64_t telegram_id;
  const char *username, *first_name, *last_name; /* NULL: has none */
  const char *language;                          /* for a new user; NULL: the table's default, Russian */
};

/* Somebody has written: makes the user or brings his names up to date, and takes back that he blocked the bot. His
 * language stays as he set it. Writes nothing when nothing has changed. */
int users_seen(struct sql_tx *tx, const struct user_names *names, int64_t now_ms, struct user *ret, struct err *e);

int users_get(struct sql_tx *tx, int64_t id, struct user *ret, struct err *e);
int users_find(struct sql_tx *tx, int64_t telegram_id, struct user *ret, struct err *e);

int users_set_language(struct sql_tx *tx, int64_t id, const char *language, int64_t now_ms, struct err *e);
int users_set_tier(struct sql_tx *tx, int64_t id, const char *tier, int64_t until_ms, int64_t now_ms, struct err *e);
int users_set_blocked(struct sql_tx *tx, int64_t id, bool blocked, int64_t now_ms, struct err *e);
int users_set_defaults(struct sql_tx *tx, int64_t id, const char *json, int64_t now_ms, struct err *e);

#endif
