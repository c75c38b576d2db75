/*
 * Faults for tests, and for nothing else: makes one HTTP request fail in a chosen way, so that a test can walk through
 * every call that a piece of code makes:
 *
 *   for (int64_t n = 1;; n++) {
 *     http_fault_arm("Telegram's sendMessage", n, HTTP_FAULT_LOST);
 *     … live through it …
 *     if (!http_fault_disarm()) break;        // fewer than n calls were made: all have failed in turn
 *   }
 *
 * Counted over all threads: each single request, also one that http_get() or http_download() makes as another try.
 */
#ifndef TITR_BASE_HTTP_FAULT_H
#define TITR_BASE_HTTP_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum http_fault {
  HTTP_FAULT_REFUSED, /* no connection: nothing reaches the server */
  HTTP_FAULT_GATEWAY, /* nothing reaches it either; something in between answers 502 with a page of its own */
  HTTP_FAULT_LOST,    /* the server does what it was asked, then the connection breaks before its answer has come */
  HTTP_FAULT_CUT      /* the same in the middle of the answer; of a post, what came passes for the whole */
};

/* `shown`: only requests that http_request.shown calls so; NULL: all. nth from now on, from 1. */
void http_fault_arm(const char *shown, int64_t nth, enum http_fault kind);
bool http_fault_disarm(void); /* did it come to pass? */

#endif
