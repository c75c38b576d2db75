/*
 * DESIGN. All that needs memory (the path, the environment) is made before fork(), so that the child calls only
 * async-signal-safe functions: this program has threads. A close-on-exec pipe carries errno back when exec fails.
 * The child leads a process group, which is killed as a whole, also when its leader has ended by itself: pip starts
 * helpers of its own.
 */
#include "base/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#define TICK_SECONDS 0.2

extern char **environ;

static char *find_program(const char *name) {
  if (strchr(name, '/')) return access(name, X_OK) == 0 ? x_strdup(name) : NULL;
  const char *path = getenv("PATH");
  if (!path || !*path) path = "/usr/local/bin:/usr/bin:/bin";
  for (const char *p = path;; p++) {
    size_t len = strcspn(p, ":");
    if (len > 0) { /* an empty part would mean the current folder: not for us */
      char *file = x_asprintf("%.*s/%s", (int)len, p, name);
      if (access(file, X_OK) == 0) return file;
      free(file);
    }
    p += len;
    if (!*p) return NULL;
  }
}

static bool same_name(const char *a, const char *b) {
  size_t n = strcspn(a, "=");
  return strcspn(b, "=") == n && strncmp(a, b, n) == 0;
}

/* The strings are borrowed; only the array is the caller's. */
static char **merged_environment(const char *const *more) {
  size_t n = 0, extra = 0;
  while (environ && environ[n]) n++;
  while (more && more[extra]) extra++;
  char **env = NEW_ARRAY(char *, n + extra + 1);
  size_t at = 0;
  for (size_t i = 0; i < n; i++) {
    bool replaced = false;
    for (size_t k = 0; k < extra && !replaced; k++) replaced = same_name(environ[i], more[k]);
    if (!replaced) env[at++] = environ[i];
  }
  for (size_t k = 0; k < extra; k++) memcpy(&env[at++], &more[k], sizeof *env); /* execve() wants char *, reads only */
  return env;
}

static void become(const char *path, const struct subprocess *s, char **env, const int out[2], const int err[2],
                   int report, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127); /* it died before prctl() */
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  int null = open("/dev/null", O_RDONLY);
  char **argv;
  memcpy(&argv, &s->argv, sizeof argv); /* execve() wants char *const *, reads only */
  if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out[1], STDOUT_FILENO) >= 0 &&
      dup2(err[1], STDERR_FILENO) >= 0 && (!s->cwd || chdir(s->cwd) == 0))
    execve(path, argv, env);
  int errnum = errno;
  if (write(report, &errnum, sizeof errnum) < 0) _exit(126);
  _exit(127);
}

/* Moves what has come; false at the end of the stream. */
static bool drain(int fd, struct buf *b, size_t max) {
  char chunk[16384];
  ssize_t n = read(fd, chunk, sizeof chunk);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n == 0) return false;
  if (b) {
    size_t room = b->len < max ? max - b->len : 0;
    buf_add(b, chunk, (size_t)n < room ? (size_t)n : room);
  }
  return true;
}

/* Until the program has ended and what it wrote is read. It stays a zombie, so that its process group's number
 * cannot be taken by another while the caller kills what is left of the group. */
static int attend(const struct subprocess *s, pid_t pid, int out_fd, int err_fd, struct buf *out, struct buf *err,
                  struct err *e) {
  struct pollfd fds[2] = {{.fd = out_fd, .events = POLLIN}, {.fd = err_fd, .events = POLLIN}};
  size_t max = s->max_output ? s->max_output : LIMIT_PROGRAM_OUTPUT;
  double started = clock_now(), next_tick = started + TICK_SECONDS;
  for (bool ended = false; !ended || fds[0].fd >= 0 || fds[1].fd >= 0;) {
    int ready = poll(fds, 2, ended ? 0 : 50);
    if (ready < 0 && errno != EINTR) return err_errno(e, ERR_FAIL, errno, "cannot wait for %s", s->argv[0]);
    if (ready > 0) {
      if (fds[0].revents && !drain(out_fd, out, max)) fds[0].fd = -1;
      if (fds[1].revents && !drain(err_fd, err, max)) fds[1].fd = -1;
    } else if (ended) {
      return 0; /* something that left the group holds the pipes open, silently */
    }
    if (ended) continue;
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid) {
      ended = true;
      kill(-pid, SIGKILL);
      continue;
    }
    double now = clock_now();
    if (s->cancel && atomic_load(s->cancel)) return err_set(e, ERR_CANCELLED, "cancelled");
    if (s->timeout > 0 && now - started > s->timeout)
      return err_set(e, ERR_TIMEOUT, "%s took longer than %.0f s", s->argv[0], s->timeout);
    if (s->tick && now >= next_tick) {
      s->tick(s->tick_ctx);
      next_tick = now + TICK_SECONDS;
    }
  }
  return 0;
}

int subprocess_run(const struct subprocess *s, struct buf *out, struct buf *err, int *ret_status, struct err *e) {
  _cleanup_(mem_freep) char *path = find_program(s->argv[0]);
  if (!path) return err_set(e, ERR_UNSUPPORTED, "%s is not installed", s->argv[0]);
  _cleanup_(mem_freep) char **env = merged_environment(s->env);

  int o[2] = {-1, -1}, r[2] = {-1, -1}, x[2] = {-1, -1};
  int rc = 0, exec_errno = 0;
  pid_t pid = -1;
  if (pipe2(o, O_CLOEXEC) < 0 || pipe2(r, O_CLOEXEC) < 0 || pipe2(x, O_CLOEXEC) < 0) {
    rc = err_errno(e, ERR_FAIL, errno, "cannot start %s", s->argv[0]);
    goto out;
  }
  pid_t self = getpid();
  pid = fork();
  if (pid < 0) {
    rc = err_errno(e, ERR_FAIL, errno, "cannot start %s", s->argv[0]);
    goto out;
  }
  if (pid == 0) become(path, s, env, o, r, x[1], self);
  setpgid(pid, pid); /* both sides do it, so that it is done whoever comes first */
  close(o[1]);
  close(r[1]);
  close(x[1]);
  o[1] = r[1] = x[1] = -1;
  ssize_t n;
  while ((n = read(x[0], &exec_errno, sizeof exec_errno)) < 0 && errno == EINTR) {
  }
  if (n == (ssize_t)sizeof exec_errno) {
    rc = err_errno(e, ERR_UNSUPPORTED, exec_errno, "cannot run %s", path);
    goto out;
  }
  fcntl(o[0], F_SETFL, O_NONBLOCK);
  fcntl(r[0], F_SETFL, O_NONBLOCK);
  rc = attend(s, pid, o[0], r[0], out, err, e);

out:
  if (pid > 0) {
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL); /* in case it had no time to make its group */
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (rc == 0) *ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  int fds[] = {o[0], o[1], r[0], r[1], x[0], x[1]};
  for (size_t i = 0; i < ARRAY_LEN(fds); i++) fd_closep(&fds[i]);
  return rc;
}
