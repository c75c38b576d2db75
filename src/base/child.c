/*
 * DESIGN. The parent makes three pipes: request (child's fd 3), data (fd 1) and events (fd 4); standard input is /dev/null,
 * standard error is the parent's only in debug logging, else /dev/null, so that no library's chatter reaches a user.
 * The child is this program, started anew, so that it inherits neither memory nor threads. Its last event is a result
 * or an error; an end without either is a crash. Event lines are bounded, and what does not parse ends the child.
 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/sandbox.h"

enum { REQUEST_FD = 3, EVENTS_FD = 4 };
#define BACKGROUND     5    /* nice; see pipeline/job.c, the only one who asks for it */
#define ENDING_SECONDS 10.0 /* from the end of the events to the end of the process: memory has to be given back */

struct child {
  pid_t pid;
  int data, events;
  double deadline; /* clock_now(); 0: none */
  struct buf line; /* of events, not yet ended */
  struct js *result;
  struct err error; /* the child's own */
  bool broken;      /* broke the protocol */
  bool closed;      /* events have ended */
};

/* ---- parent: start ---- */

char *child_request_input(const char *path) {
  struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "input");
  js_string(&w, path);
  js_end(&w, '}');
  return buf_take(&b);
}

static char **clean_environment(void) {
  static const char *const kept[] = {"HOME",
                                     "LANG",
                                     "LC_ALL",
                                     "LC_CTYPE",
                                     "TZ",
                                     "XDG_CACHE_HOME",
                                     "XDG_CONFIG_HOME",
                                     "FONTCONFIG_FILE",
                                     "FONTCONFIG_PATH",
                                     "UBSAN_OPTIONS",
                                     "LD_LIBRARY_PATH",
                                     "GCOV_PREFIX"};
  char **env = NEW_ARRAY(char *, ARRAY_LEN(kept) + 2);
  size_t n = 0;
  for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
    const char *v = getenv(kept[i]);
    if (v) env[n++] = x_asprintf("%s=%s", kept[i], v);
  }
  if (SANDBOX_SANITIZED) {
    const char *v = getenv("ASAN_OPTIONS");
    env[n++] = x_asprintf("ASAN_OPTIONS=%s%sdetect_leaks=0", v ? v : "", v && *v ? ":" : "");
  }
  return env;
}

static void free_list(char **list) {
  for (char **p = list; p && *p; p++) free(*p);
  free(list);
}

static void write_list(struct js_writer *w, const char *key, const char *const *list) {
  js_key(w, key);
  js_begin(w, '[');
  for (; list && *list; list++) js_string(w, *list);
  js_end(w, ']');
}

/* What the child needs to close its doors, and the operation's own request. */
static char *envelope(const struct child_spec *s) {
  struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  write_list(&w, "read", s->read_paths);
  write_list(&w, "write", s->write_paths);
  js_key(&w, "fonts");
  js_bool(&w, s->fonts);
  js_key(&w, "max_memory");
  js_int(&w, (int64_t)s->max_memory);
  js_key(&w, "max_file");
  js_int(&w, (int64_t)s->max_file);
  js_key(&w, "background");
  js_bool(&w, s->background);
  buf_adds(&b, ",\"request\":");
  buf_adds(&b, s->request ? s->request : "{}");
  buf_addc(&b, '}');
  return buf_take(&b);
}

/* Between fork and exec: only async-signal-safe calls. */
__attribute__((noreturn)) static void become_child(const char *program, char *const *argv, char *const *env,
                                                   int request, int data, int events, pid_t parent, int quiet) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  /* above the numbers they are wanted at, so that no dup2 closes another's source */
  request = fcntl(request, F_DUPFD, 16);
  data = fcntl(data, F_DUPFD, 16);
  events = fcntl(events, F_DUPFD, 16);
  int null = open("/dev/null", O_RDWR);
  dup2(null, STDIN_FILENO);
  dup2(data, STDOUT_FILENO);
  if (quiet) dup2(null, STDERR_FILENO);
  dup2(request, REQUEST_FD);
  dup2(events, EVENTS_FD);
  close_range(EVENTS_FD + 1, ~0U, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_IGN);
  /* Ctrl-C, a closed terminal and many a service manager reach the whole group; the parent decides */
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  execve(program, argv, env);
  _exit(127);
}

static const char *program_path(void) {
  const char *p = getenv("TITR_PROGRAM");
  return p && *p ? p : "/proc/self/exe";
}

static int make_pipes(int request[2], int data[2], int events[2], struct err *e) {
  request[0] = request[1] = data[0] = data[1] = events[0] = events[1] = -1;
  if (pipe2(request, O_CLOEXEC) == 0 && pipe2(data, O_CLOEXEC) == 0 && pipe2(events, O_CLOEXEC) == 0) return 0;
  return err_errno(e, ERR_FAIL, errno, "cannot make a pipe");
}

static void close_both(int ends[2]) {
  fd_closep(&ends[0]);
  fd_closep(&ends[1]);
}

static int send_request(int fd, const char *text, struct err *e) {
  void (*old)(int) = signal(SIGPIPE, SIG_IGN);
  int rc = file_write_fd(fd, text, strlen(text));
  int errnum = errno;
  signal(SIGPIPE, old);
  return rc < 0 ? err_errno(e, ERR_FAIL, errnum, "cannot talk to the media process") : 0;
}

int child_start(const struct child_spec *s, struct child **ret, struct err *e) {
  int request[2], data[2], events[2];
  int rc = make_pipes(request, data, events, e);
  if (rc == 0) {
    char **env = clean_environment();
    char *const argv[] = {(char[]){"titr"}, (char[]){"child"}, x_strdup(s->op), NULL};
    const char *program = program_path();
    pid_t parent = getpid();
    int quiet = log_lowest() != LOG_DEBUG;
    pid_t pid = fork();
    if (pid == 0) become_child(program, argv, env, request[0], data[1], events[1], parent, quiet);
    free(argv[2]);
    free_list(env);
    if (pid < 0) rc = err_errno(e, ERR_FAIL, errno, "cannot start a process");
    if (rc == 0) {
      struct child *c = NEW(struct child);
      *c = (struct child){.pid = pid,
                          .data = data[0],
                          .events = events[0],
                          .deadline = s->max_seconds > 0 ? clock_now() + s->max_seconds : 0};
      data[0] = events[0] = -1;
      fd_closep(&request[0]);
      _cleanup_(mem_freep) char *text = envelope(s);
      rc = send_request(request[1], text, NULL);
      rc = 0; /* a child that is gone already says more when it is waited for */
      *ret = c;
    }
  }
  close_both(request);
  close_both(data);
  close_both(events);
  return rc;
}

int child_data_fd(const struct child *c) {
  return c->data;
}

/* ---- parent: events ---- */

static void take_error(struct child *c, struct js *error) {
  int64_t code;
  const char *message;
  if (js_get_int(error, "code", ERR_UNSUPPORTED, ERR_FAIL, &code, NULL) < 0 ||
      js_get_string(error, "message", &message, NULL) < 0) {
    c->broken = true;
    return;
  }
  err_set(&c->error, (int)code, "%s", message);
}

static void take_event(struct child *c, void (*progress)(void *ctx, double done), void *ctx) {
  struct js *event = NULL;
  if (js_parse(buf_str(&c->line), c->line.len, "an event", &event, NULL) < 0 || !js_is_object(event)) {
    c->broken = true;
    js_free(event);
    return;
  }
  double done;
  struct js *part;
  if (js_get_number(event, "progress", &done, NULL) == 0) {
    if (progress) progress(ctx, done < 0 ? 0 : done > 1 ? 1 : done);
  } else if (js_get_object(event, "error", &part, NULL) == 0) {
    take_error(c, part);
  } else if (js_get_object(event, "result", &part, NULL) == 0 && !c->result) {
    c->result = event; /* the whole event: freed with it */
    return;
  } else {
    c->broken = true;
  }
  js_free(event);
}

static void read_events(struct child *c, void (*progress)(void *ctx, double done), void *ctx) {
  char bytes[4096];
  ssize_t n = read(c->events, bytes, sizeof bytes);
  if (n < 0 && errno == EINTR) return;
  if (n <= 0) {
    c->closed = true;
    return;
  }
  for (ssize_t i = 0; i < n && !c->broken; i++) {
    if (bytes[i] != '\n') {
      buf_addc(&c->line, bytes[i]);
      if (c->line.len > LIMIT_JSON_BYTES) c->broken = true;
      continue;
    }
    take_event(c, progress, ctx);
    buf_clear(&c->line);
  }
}

int child_poll(struct child *c, double seconds, void (*progress)(void *ctx, double done), void *ctx) {
  double until = clock_now() + seconds;
  while (!c->closed && !c->broken) {
    struct pollfd p = {c->events, POLLIN, 0};
    double left = until - clock_now();
    int n = poll(&p, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
    if (n > 0) read_events(c, progress, ctx);
    else if (n == 0 || (n < 0 && errno != EINTR)) return 1;
  }
  return 0;
}

static void child_free(struct child *c) {
  fd_closep(&c->data);
  fd_closep(&c->events);
  buf_release(&c->line);
  js_free(c->result);
  free(c);
}

static int reap(struct child *c) {
  int status = 0;
  while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void child_kill(struct child *c) {
  if (!c) return;
  kill(c->pid, SIGKILL);
  reap(c);
  child_free(c);
}

static int verdict(struct child *c, int status, struct err *e) {
  if (c->error.code) return err_set(e, c->error.code, "%s", c->error.msg);
  const char *nonsense = "the file makes the media process answer nonsense; it is not used";
  if (c->broken) return err_set(e, ERR_CRASH, "%s", nonsense);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    return err_set(e, ERR_FAIL, "cannot start the media process (%s)", program_path());
  if (WIFSIGNALED(status)) {
    int sig = WTERMSIG(status);
    if (sig == SIGSYS) return err_set(e, ERR_CRASH, "the file makes the decoder do what it must not; it was stopped");
    if (sig == SIGKILL) return err_set(e, ERR_CRASH, "the file needs more memory than is allowed; it was stopped");
    if (sig == SIGXFSZ) return err_set(e, ERR_IO, "the result grows beyond its limit");
    return err_set(e, ERR_CRASH, "the file makes the decoder crash (signal %d); it is damaged or made to do so", sig);
  }
  if (WEXITSTATUS(status) != 0)
    return err_set(e, ERR_FAIL, "the media process failed (status %d)", WEXITSTATUS(status));
  return c->result ? 0 : err_set(e, ERR_CRASH, "%s", nonsense);
}

/* Cancelled or out of time? */
static int due(const struct child *c, const atomic_bool *cancel, struct err *e) {
  if (cancel && atomic_load_explicit(cancel, memory_order_relaxed)) return err_set(e, ERR_CANCELLED, "cancelled");
  if (c->deadline > 0 && clock_now() > c->deadline)
    return err_set(e, ERR_TIMEOUT, "the file takes longer than is allowed; it was stopped");
  return 0;
}

/* Reads what has come on the data pipe; returns false when it has ended. */
static bool drain(struct child *c, struct buf *data, size_t max_data, bool *too_much) {
  char bytes[65536];
  ssize_t n = read(c->data, bytes, sizeof bytes);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (n <= 0) return false;
  if (data && data->len + (size_t)n > max_data) *too_much = true;
  else if (data) buf_add(data, bytes, (size_t)n);
  return true;
}

int child_wait(struct child *c, const atomic_bool *cancel, void (*progress)(void *ctx, double done), void *ctx,
               struct js **ret_result, struct err *e) {
  int rc = 0;
  bool open = true, ignored;
  while (rc == 0 && !c->closed && !c->broken) {
    struct pollfd p[2] = {{c->events, POLLIN, 0}, {open ? c->data : -1, POLLIN, 0}};
    int n = poll(p, 2, 100);
    if (n > 0 && p[0].revents) read_events(c, progress, ctx);
    if (n > 0 && p[1].revents) open = drain(c, NULL, 0, &ignored); /* what nobody reads must not block the child */
    rc = due(c, cancel, e);
  }
  /* it has said all it can say; one that goes on all the same is not waited for */
  double grace = clock_now() + ENDING_SECONDS;
  siginfo_t info = {0};
  while (rc == 0 && !c->broken && clock_now() < grace) {
    if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == c->pid) break;
    clock_sleep(0.002);
  }
  if (info.si_pid != c->pid) {
    if (rc == 0) c->broken = true;
    kill(c->pid, SIGKILL);
  }
  int status = reap(c);
  if (rc == 0) rc = verdict(c, status, e);
  if (rc == 0 && ret_result) *ret_result = TAKE(c->result);
  child_free(c);
  return rc;
}

int child_run(const struct child_spec *s, const atomic_bool *cancel, void (*progress)(void *ctx, double done),
              void *ctx, struct buf *data, size_t max_data, struct js **ret_result, struct err *e) {
  struct child *c;
  int rc = child_start(s, &c, e);
  if (rc < 0) return rc;
  bool open = true, too_much = false;
  while (open && !too_much && !c->broken && due(c, cancel, NULL) == 0) {
    struct pollfd p[2] = {{c->data, POLLIN, 0}, {c->closed ? -1 : c->events, POLLIN, 0}};
    int n = poll(p, 2, 100);
    if (n <= 0) continue;
    if (p[1].revents) read_events(c, progress, ctx);
    if (p[0].revents) open = drain(c, data, max_data, &too_much);
  }
  if (too_much) {
    child_kill(c);
    return err_set(e, ERR_INPUT, "the file gives more than %zu bytes", max_data);
  }
  return child_wait(c, cancel, progress, ctx, ret_result, e);
}

/* ---- child ---- */

struct child_io {
  double told; /* when progress was last sent */
  bool ended;  /* result or error sent */
};

int child_data(struct child_io *io, const void *bytes, size_t n, struct err *e) {
  (void)io;
  return file_write_fd(STDOUT_FILENO, bytes, n) < 0 ? err_errno(e, ERR_IO, errno, "nobody reads the data") : 0;
}

void child_progress(struct child_io *io, double done) {
  double now = clock_now();
  if (now - io->told < 0.1 && done < 1) return;
  io->told = now;
  char line[64];
  int n = snprintf(line, sizeof line, "{\"progress\":%.4f}\n", done < 0 ? 0 : done > 1 ? 1 : done);
  if (n > 0) file_write_fd(EVENTS_FD, line, (size_t)n);
}

void child_result(struct child_io *io, const char *json_object) {
  _cleanup_(mem_freep) char *line = x_asprintf("{\"result\":%s}\n", json_object);
  for (char *p = line; p[1]; p++)
    if (*p == '\n') *p = ' '; /* an event is a line */
  file_write_fd(EVENTS_FD, line, strlen(line));
  io->ended = true;
}

static void send_error(struct child_io *io, const struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "error");
  js_begin(&w, '{');
  js_key(&w, "code");
  js_int(&w, e->code);
  js_key(&w, "message");
  js_string(&w, e->msg);
  js_end(&w, '}');
  js_end(&w, '}');
  buf_addc(&b, '\n');
  file_write_fd(EVENTS_FD, buf_str(&b), b.len);
  io->ended = true;
}

static int read_envelope(struct js **ret, struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  char bytes[4096];
  ssize_t n;
  while ((n = read(REQUEST_FD, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR))
    if (n > 0) buf_add(&b, bytes, (size_t)n);
  close(REQUEST_FD);
  return js_parse(buf_str(&b), b.len, "the request", ret, e);
}

static const char **read_list(struct js *v, const char *key) {
  struct js *list;
  size_t n = 0;
  if (js_get_array(v, key, &list, &n, NULL) < 0) n = 0;
  const char **paths = NEW_ARRAY(const char *, n + 1);
  for (size_t i = 0, k = 0; i < n; i++)
    if (js_get_string(js_item(list, i), "", &paths[k], NULL) == 0) k++;
  return paths;
}

static int close_doors(struct js *v, struct err *e) {
  _cleanup_(mem_freep) const char **readable = read_list(v, "read"), **writable = read_list(v, "write");
  struct sandbox s = {.read_paths = readable,
                      .write_paths = writable,
                      .fonts = js_bool_or(v, "fonts", false),
                      .max_memory = (uint64_t)js_int_or(v, "max_memory", 0),
                      .max_file = (uint64_t)js_int_or(v, "max_file", 0)};
  /* relative: behind our own parent, whatever its priority */
  if (js_bool_or(v, "background", false)) setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + BACKGROUND);
  return sandbox_enter(&s, e);
}

int child_main(int argc, char **argv, const struct child_op *ops, size_t op_count) {
  struct child_io io = {0};
  struct err e = {0};
  const struct child_op *op = NULL;
  for (size_t i = 0; argc == 3 && i < op_count; i++)
    if (strcmp(ops[i].name, argv[2]) == 0) op = &ops[i];
  if (!op || fcntl(EVENTS_FD, F_GETFD) < 0) {
    fprintf(stderr, "titr: this command is for the program itself\n");
    return 2;
  }
  _cleanup_(js_freep) struct js *v = NULL;
  struct js *request = NULL;
  int rc = read_envelope(&v, &e);
  if (rc == 0) rc = js_get_object(v, "request", &request, &e);
  if (rc == 0) rc = close_doors(v, &e);
  if (rc == 0) rc = op->run(request, &io, &e);
  if (rc < 0) {
    if (!e.code) err_set(&e, rc, "the operation failed");
    send_error(&io, &e);
  } else if (!io.ended) {
    child_result(&io, "{}");
  }
  return 0;
}
