/*
 * One connection to Redis: the seam to hiredis. No other file includes its header.
 *
 *   struct redis *c;
 *   rc = redis_connect(&where, 1.0, &c, &e);
 *   const char *const words[] = {"XLEN", "titr:lane:1"};
 *   struct redis_reply *r;
 *   rc = redis_call(c, words, ARRAY_LEN(words), 2.0, &r, &e);       // r is never an error reply
 *   int64_t n = redis_number(r);
 *   redis_reply_free(r);  redis_free(c);
 *
 * A command is a list of words, each sent with its length: nothing is put together from text.
 *
 * Errors: ERR_NETWORK always; messages never hold the password. redis_broken() tells whether the connection can still be
 * used (the server refused the command) or only freed (it is gone, or an answer did not come in time and could still
 * come later); redis_refusal() is then the first word of the refusal: "NOGROUP".
 *
 * Threads: a connection belongs to one thread at a time. A peer that hangs up raises no SIGPIPE.
 * Sources: https://redis.io/docs/latest/develop/reference/protocol-spec/ (RESP2).
 */
#ifndef TITR_QUEUE_REDIS_H
#define TITR_QUEUE_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "queue/queue.h"

struct redis;
struct redis_reply;

/* Connects, within `seconds` (a name's look-up not counted), then AUTH and SELECT as the address wants, each within
 * `seconds`. A host that begins with '/' is a socket's path. */
int redis_connect(const struct queue_redis *where, double seconds, struct redis **ret, struct err *e);
void redis_free(struct redis *c);
DEFINE_FREEP(struct redis, redis_free)

bool redis_broken(const struct redis *c);
const char *redis_refusal(const struct redis *c); /* of the last command; "" when it was not refused */

/* Sends and waits for the answer, at most `seconds`. */
int redis_call(struct redis *c, const char *const *words, size_t count, double seconds, struct redis_reply **ret,
               struct err *e);

void redis_reply_free(struct redis_reply *r);
DEFINE_FREEP(struct redis_reply, redis_reply_free)

/* Reading an answer: what is not of the asked-for kind, not there or NULL itself gives 0, NULL. */
size_t redis_count(const struct redis_reply *r); /* items of a list */
const struct redis_reply *redis_item(const struct redis_reply *r, size_t i);
const char *redis_text(const struct redis_reply *r); /* a text without NULs inside; lives as long as the answer */
int64_t redis_number(const struct redis_reply *r);

#endif
