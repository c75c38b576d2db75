#include "service/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

static const double settled_seconds = 60, longest_wait = 60, look_seconds = 0.1, tick_seconds = 1;

struct role {
  const struct supervised *what;
  pid_t pid; /* 0: not running */
  double started, again_at, wait;
};

/* The child of a fork in a program that may have threads: async-signal-safe calls only. */
static void become(const char *name, pid_t parent) {
  char *const argv[] = {(char *)(uintptr_t) "titr", (char *)(uintptr_t)name, NULL};
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1); /* it ended before the line above */
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execv("/proc/self/exe", argv);
  _exit(127);
}

static void start(struct role *r) {
  pid_t parent = getpid(), pid = fork();
  r->started = clock_now();
  if (pid == 0) become(r->what->name, parent);
  if (pid < 0) {
    log_error("serve", "%s cannot be started: %s", r->what->name, strerror(errno));
    r->again_at = r->started + longest_wait;
    return;
  }
  r->pid = pid;
  log_info("serve", "%s runs as process %d", r->what->name, (int)pid);
}

/* 1 when this end is one that ends all. */
static int ended(struct role *r, int status) {
  double now = clock_now();
  r->pid = 0;
  if (now - r->started > settled_seconds) r->wait = 0;
  r->wait = r->wait > 0 ? (2 * r->wait > longest_wait ? longest_wait : 2 * r->wait) : 1;
  r->again_at = now + r->wait;
  if (WIFEXITED(status) && r->what->fatal_status && WEXITSTATUS(status) == r->what->fatal_status) return 1;
  if (WIFSIGNALED(status))
    log_error("serve", "%s was ended by signal %d; it starts again in %.0f s", r->what->name, WTERMSIG(status),
              r->wait);
  else
    log_error("serve", "%s ended with status %d; it starts again in %.0f s", r->what->name, WEXITSTATUS(status),
              r->wait);
  return 0;
}

static int look(struct role *roles, size_t count, struct err *e) {
  for (size_t i = 0; i < count; i++) {
    struct role *r = &roles[i];
    int status;
    if (r->pid && waitpid(r->pid, &status, WNOHANG) == r->pid && ended(r, status))
      return err_set(e, ERR_USAGE, "%s cannot run as things are set up; its message is above", r->what->name);
    if (!r->pid && clock_now() >= r->again_at) start(r);
  }
  return 0;
}

static void stop_all(struct role *roles, size_t count, double seconds) {
  for (size_t i = 0; i < count; i++)
    if (roles[i].pid) kill(roles[i].pid, SIGTERM);
  double until = clock_now() + seconds;
  size_t left;
  do {
    left = 0;
    for (size_t i = 0; i < count; i++) {
      if (roles[i].pid && waitpid(roles[i].pid, NULL, WNOHANG) == roles[i].pid) roles[i].pid = 0;
      left += roles[i].pid != 0;
    }
    if (left) clock_sleep(look_seconds);
  } while (left && clock_now() < until);
  for (size_t i = 0; i < count; i++) {
    if (!roles[i].pid) continue;
    log_error("serve", "%s does not stop; it is killed", roles[i].what->name);
    kill(roles[i].pid, SIGKILL);
    waitpid(roles[i].pid, NULL, 0);
  }
}

int supervisor_run(const struct supervisor_options *o, const atomic_bool *stop, struct err *e) {
  struct role roles[SUPERVISOR_MOST] = {0};
  size_t count = o->count < SUPERVISOR_MOST ? o->count : SUPERVISOR_MOST;
  for (size_t i = 0; i < count; i++) roles[i].what = &o->roles[i];
  int rc = 0;
  double ticked = clock_now();
  while (rc == 0 && !atomic_load(stop)) {
    rc = look(roles, count, e);
    if (o->tick && clock_now() - ticked >= tick_seconds) {
      o->tick(o->ctx);
      ticked = clock_now();
    }
    clock_sleep(look_seconds);
  }
  stop_all(roles, count, o->stop_seconds);
  return rc;
}
