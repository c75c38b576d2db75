/*
 * The sender: messages and edits to many chats, each chat's in order, at Telegram's pace (pace.h).
 *
 *   struct sender *s = sender_new(api, &events);
 *   sender_say(s, &text, done, ctx);         // queued, copied; done(ctx, …) is called once, whatever happens
 *   sender_edit(s, &text, message, false);   // of edits of one message that wait, the newest counts
 *   sender_edit(s, &text, message, true);    // the last one: later edits of the message are ignored
 *   if (sender_turn(s, chat, &stop)) …       // for who sends a file himself: his turn has come
 *   sender_stop(s); sender_free(s);
 *
 * A 429 is obeyed for its chat while others go on. What fails by the network is tried again for SENDER_PATIENCE seconds, in
 * its place: a message whose answer was lost may so come twice. The answer to a pressed button waits for
 * SENDER_ANSWER_PATIENCE only, also for a 429: later Telegram does not take it any more. Anything else that Telegram refuses is logged and dropped.
 * At most SENDER_MOST wait: beyond that a message is refused (done gets ERR_FAIL) and an edit dropped, which the next
 * state makes good.
 *
 * Threads: SENDER_THREADS of its own; all functions are safe from any thread. Callbacks come from the sender's
 * threads, without its lock.
 */
#ifndef TITR_BOT_SENDER_H
#define TITR_BOT_SENDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bot/api.h"

#define SENDER_THREADS         3
#define SENDER_MOST            10000
#define SENDER_PATIENCE        600.0
#define SENDER_ANSWER_PATIENCE 20.0
#define SENDER_BUTTONS         8 /* of one message */

struct sender;
struct sender_events {
  void (*blocked)(void *ctx, int64_t chat); /* the user blocked the bot */
  void *ctx;
};
struct sender *sender_new(struct bot_api *api, const struct sender_events *events);
size_t sender_waiting(struct sender *s); /* how many wait or are under way */
/* Drops what waits, ends the threads. What is under way ends by the client's cancel flag. */
void sender_stop(struct sender *s);
void sender_free(struct sender *s); /* after sender_stop() */
DEFINE_FREEP(struct sender, sender_free)

typedef void (*sender_done)(void *ctx, int rc, int64_t message);
void sender_say(struct sender *s, const struct api_text *t, sender_done done /* or NULL */, void *ctx);
void sender_edit(struct sender *s, const struct api_text *t, int64_t message, bool last);
void sender_answer(struct sender *s, const char *callback_id, const char *text /* or NULL */);

/* Waits until a message may go to the chat, and counts it. False: *stop. */
bool sender_turn(struct sender *s, int64_t chat, const atomic_bool *stop);
void sender_sent(struct sender *s, int64_t chat);                    /* what the turn was for is done */
void sender_busy(struct sender *s, int64_t chat, int retry_after_s); /* a 429 that the caller got */
/* Waits until nothing for the chat waits or is under way: true, or false after so many seconds. */
bool sender_drain(struct sender *s, int64_t chat, double seconds);

#endif
