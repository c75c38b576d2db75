#include "ops/signals.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static atomic_bool cancelled;

static void on_signal(int sig) {
  (void)sig;
  /* the second time: temporary files stay, no result does, since results get their names last */
  if (atomic_exchange(&cancelled, true)) _exit(130);
}

const atomic_bool *signals_cancel_flag(void) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_handler = on_signal;
  sigaction(SIGINT, &a, NULL);
  sigaction(SIGTERM, &a, NULL);
  sigaction(SIGHUP, &a, NULL);
  a.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &a, NULL);
  return &cancelled;
}
