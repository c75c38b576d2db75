#include "store/sql_gate.h"

#include "base/clock.h"

#include <time.h>

void sql_gate_init(struct sql_gate *g, int most) {
  *g = (struct sql_gate){.most = most};
  pthread_mutex_init(&g->lock, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&g->left, &monotonic);
  pthread_condattr_destroy(&monotonic);
}

void sql_gate_release(struct sql_gate *g) {
  pthread_cond_destroy(&g->left);
  pthread_mutex_destroy(&g->lock);
}

bool sql_gate_enter(struct sql_gate *g, int wait_ms) {
  struct timespec until = clock_until(CLOCK_MONOTONIC, wait_ms);
  int rc = 0;
  pthread_mutex_lock(&g->lock);
  while (g->inside >= g->most && rc == 0) rc = pthread_cond_timedwait(&g->left, &g->lock, &until);
  bool room = g->inside < g->most;
  if (room) g->inside++;
  pthread_mutex_unlock(&g->lock);
  return room;
}

void sql_gate_leave(struct sql_gate *g) {
  pthread_mutex_lock(&g->lock);
  g->inside--;
  pthread_cond_signal(&g->left);
  pthread_mutex_unlock(&g->lock);
}
