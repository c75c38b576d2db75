/*
 * A place where tests let the n-th call fail, and nothing else does: what sql_fault.h, http_fault.h and redis_fault.h count with.
 *
 *   static struct fault fault = FAULT_INIT;
 *   fault_arm(&fault, NULL, 3, KIND);                   // the test
 *   if (fault_now(&fault, NULL, &kind)) { fault_came(&fault); … }   // the call: the third one is it
 *   came = fault_disarm(&fault);                        // the test
 *
 * Calls are counted over all threads, and only while armed. Never armed, it costs a lock that nobody else holds.
 */
#ifndef TITR_BASE_FAULT_H
#define TITR_BASE_FAULT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct fault { /* private */
  pthread_mutex_t lock;
  char *named;
  int64_t left;
  int kind;
  bool came;
};
#define FAULT_INIT                                                                                                     \
  { .lock = PTHREAD_MUTEX_INITIALIZER }

/* Only calls of that name count; NULL: all. nth from now on, from 1. */
void fault_arm(struct fault *f, const char *named, int64_t nth, int kind);
bool fault_disarm(struct fault *f); /* did it come to pass? Frees what arming took. */

bool fault_now(struct fault *f, const char *named /* or NULL */, int *ret_kind); /* is it this call's turn? */
void fault_came(struct fault *f);

#endif
