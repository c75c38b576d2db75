#include "base/fault.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool set(struct fault *f, const char *named, int64_t nth, int kind) {
  pthread_mutex_lock(&f->lock);
  bool came = f->came;
  free(f->named);
  f->named = named ? x_strdup(named) : NULL;
  f->left = nth;
  f->kind = kind;
  f->came = false;
  pthread_mutex_unlock(&f->lock);
  return came;
}

void fault_arm(struct fault *f, const char *named, int64_t nth, int kind) {
  set(f, named, nth, kind);
}

bool fault_disarm(struct fault *f) {
  return set(f, NULL, 0, 0);
}

bool fault_now(struct fault *f, const char *named, int *ret_kind) {
  pthread_mutex_lock(&f->lock);
  bool counts = f->left > 0 && (!f->named || (named && strcmp(named, f->named) == 0));
  bool now = counts && --f->left == 0;
  *ret_kind = f->kind;
  pthread_mutex_unlock(&f->lock);
  return now;
}

void fault_came(struct fault *f) {
  pthread_mutex_lock(&f->lock);
  f->came = true;
  pthread_mutex_unlock(&f->lock);
}
