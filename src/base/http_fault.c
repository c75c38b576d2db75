#include "base/http_fault.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct {
  pthread_mutex_t lock;
  char *shown;
  int64_t left;
  enum http_fault kind;
  bool came;
} armed = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool set(const char *shown, int64_t nth, enum http_fault kind) {
  pthread_mutex_lock(&armed.lock);
  bool came = armed.came;
  free(armed.shown);
  armed.shown = shown ? x_strdup(shown) : NULL;
  armed.left = nth;
  armed.kind = kind;
  armed.came = false;
  pthread_mutex_unlock(&armed.lock);
  return came;
}

void http_fault_arm(const char *shown, int64_t nth, enum http_fault kind) {
  set(shown, nth, kind);
}

bool http_fault_disarm(void) {
  return set(NULL, 0, HTTP_FAULT_REFUSED);
}

bool http_fault_now(const char *shown, enum http_fault *ret_kind) {
  pthread_mutex_lock(&armed.lock);
  bool counts = armed.left > 0 && (!armed.shown || (shown && strcmp(shown, armed.shown) == 0));
  bool now = counts && --armed.left == 0;
  *ret_kind = armed.kind;
  pthread_mutex_unlock(&armed.lock);
  return now;
}

void http_fault_came(void) {
  pthread_mutex_lock(&armed.lock);
  armed.came = true;
  pthread_mutex_unlock(&armed.lock);
}
