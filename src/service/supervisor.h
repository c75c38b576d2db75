/*
 * Runs the roles of the service as processes of this same program, and starts one again that ends: after 1 s, then 2 s, up to
 * a minute, and from the beginning once it has run for a while.
 *
 * On *stop every role gets SIGTERM and has stop_seconds; then SIGKILL. A role dies with its supervisor.
 */
#ifndef TITR_SERVICE_SUPERVISOR_H
#define TITR_SERVICE_SUPERVISOR_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/err.h"

enum { SUPERVISOR_MOST = 8 };

struct supervised {
  const char *name; /* the command: "worker" */
  int fatal_status; /* an exit status that starting again cannot mend (wrong settings: 2); 0: none */
};

struct supervisor_options {
  const struct supervised *roles;
  size_t count;
  double stop_seconds;     /* default 12: a worker hands back within 10 */
  void (*tick)(void *ctx); /* about once a second, between looks at the roles; may be NULL */
  void *ctx;
};

/* Until *stop: 0. A role that ends with its fatal status ends all: ERR_USAGE (it has said why on standard error). */
int supervisor_run(const struct supervisor_options *o, const atomic_bool *stop, struct err *e);

#endif
