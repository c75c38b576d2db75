/* A door through which at most so many threads pass at once: the drivers' waiting for a connection or for the right to write. */
#ifndef TITR_STORE_SQL_GATE_H
#define TITR_STORE_SQL_GATE_H

#include <pthread.h>
#include <stdbool.h>

struct sql_gate {
  pthread_mutex_t lock; /* also for what a driver keeps behind the door */
  pthread_cond_t left;
  int inside, most;
};

void sql_gate_init(struct sql_gate *g, int most);
void sql_gate_release(struct sql_gate *g);
bool sql_gate_enter(struct sql_gate *g, int wait_ms); /* false: nobody left in that time */
void sql_gate_leave(struct sql_gate *g);

#endif
