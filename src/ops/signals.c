#include "ops/signals.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/leftovers.h"

static atomic_bool cancelled;

static void on_signal(int sig) {
  (void)sig;
  if (!atomic_exchange(&cancelled, true)) return;
  leftovers_remove();
  _exit(130); /* the kernel ends the children then (base/child.h) */
}

const atomic_bool *signals_cancel_flag(void) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_handler = on_signal;
  sigaddset(&a.sa_mask, SIGINT);
  sigaddset(&a.sa_mask, SIGTERM);
  sigaddset(&a.sa_mask, SIGHUP);
  sigaction(SIGINT, &a, NULL);
  sigaction(SIGTERM, &a, NULL);
  sigaction(SIGHUP, &a, NULL);
  a.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &a, NULL);
  return &cancelled;
}
