/*
 * How fast the bot may talk: Telegram's limits (core.telegram.org/bots/faq#broadcasting-to-users), as arithmetic on moments
 * that the caller gives. A message and an edit count alike.
 *
 *   one a second to each chat, 20 in any minute to a group (negative id), PACE_ALL in any second to all together,
 *   none to a chat before a 429's retry_after has passed
 *
 * Threads: none of its own; the caller locks. Seconds are those of base/clock.h.
 */
#ifndef TITR_BOT_PACE_H
#define TITR_BOT_PACE_H

#include <stdint.h>

#include "base/mem.h"

#define PACE_ALL          28 /* "about 30": a little below */
#define PACE_CHAT_SECONDS 1.05
#define PACE_GROUP_MINUTE 20

struct pace;
struct pace *pace_new(void);
void pace_free(struct pace *p);
DEFINE_FREEP(struct pace, pace_free)

double pace_ready(const struct pace *p, int64_t chat,
                  double now); /* the moment from which one may go; <= now: at once */
void pace_took(struct pace *p, int64_t chat, double now);
/* What was begun by pace_took() has arrived only now: the chat's second runs from here. */
void pace_ended(struct pace *p, int64_t chat, double now);
void pace_pause(struct pace *p, int64_t chat, double until);
double pace_paused_until(const struct pace *p, int64_t chat); /* by pace_pause(); 0: not */

#endif
