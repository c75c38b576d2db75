/* This program is its own child: started again as `child OP`, it runs one of the operations below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/sandbox.h"

/* ---- operations ---- */

static int op_echo(struct js *request, struct child_io *io, struct err *e) {
  const char *text;
  int rc = js_get_string(request, "text", &text, e);
  for (int64_t i = 0; rc == 0 && i < js_int_or(request, "times", 1); i++) {
    rc = child_data(io, text, strlen(text), e);
    child_progress(io, (double)i);
  }
  if (rc == 0) child_result(io, "{\"said\":\n \"all\"}"); /* the line break must not end the event */
  return rc;
}

static int op_fail(struct js *request, struct child_io *io, struct err *e) {
  (void)io;
  return err_set(e, (int)js_int_or(request, "code", -1), "it is \"broken\"\nindeed");
}

static int op_silent(struct js *request, struct child_io *io, struct err *e) {
  (void)request, (void)io, (void)e;
  return 0;
}

static int op_signal(struct js *request, struct child_io *io, struct err *e) {
  (void)io, (void)e;
  signal((int)js_int_or(request, "signal", SIGABRT), SIG_DFL);
  raise((int)js_int_or(request, "signal", SIGABRT));
  return 0;
}

static int op_exit(struct js *request, struct child_io *io, struct err *e) {
  (void)io, (void)e;
  _exit((int)js_int_or(request, "status", 0));
}

static int op_sleep(struct js *request, struct child_io *io, struct err *e) {
  (void)e;
  child_progress(io, 0.25);
  if (js_bool_or(request, "deaf", false)) close(4);
  for (;;) clock_sleep(1);
  return 0;
}

/* Says on the events' descriptor what it likes. */
static int op_babble(struct js *request, struct child_io *io, struct err *e) {
  (void)io, (void)e;
  const char *text = js_string_or(request, "text", "");
  if (write(4, text, strlen(text)) < 0) _exit(9);
  _exit(0);
}

static int op_memory(struct js *request, struct child_io *io, struct err *e) {
  (void)io;
  char *p = malloc((size_t)js_int_or(request, "bytes", 0));
  if (!p) return err_set(e, ERR_FAIL, "refused");
  free(p);
  return 0;
}

static int op_file(struct js *request, struct child_io *io, struct err *e) {
  (void)io;
  static const char block[1 << 16];
  int fd = open(js_string_or(request, "path", ""), O_WRONLY);
  if (fd < 0) return err_errno(e, ERR_IO, errno, "cannot open");
  for (int64_t i = 0; i < js_int_or(request, "blocks", 0); i++)
    if (write(fd, block, sizeof block) != sizeof block) return err_errno(e, ERR_IO, errno, "cannot write");
  return 0;
}

/* Descriptors and variables that it was born with. */
static int op_inherited(struct js *request, struct child_io *io, struct err *e) {
  (void)request, (void)e;
  char line[256];
  int fds = 0;
  for (int fd = 0; fd < 200; fd++)
    if (fcntl(fd, F_GETFD) >= 0) fds |= 1 << (fd > 30 ? 30 : fd);
  snprintf(line, sizeof line, "{\"fds\": %d, \"secret\": %s, \"home\": %s}", fds,
           getenv("BOT_TOKEN") || getenv("LD_PRELOAD") ? "true" : "false", getenv("HOME") ? "true" : "false");
  child_result(io, line);
  return 0;
}

static int op_priority(struct js *request, struct child_io *io, struct err *e) {
  (void)request, (void)e;
  char text[32];
  snprintf(text, sizeof text, "{\"nice\": %d}", getpriority(PRIO_PROCESS, 0));
  child_result(io, text);
  return 0;
}

static const struct child_op ops[] = {{"echo", op_echo},           {"fail", op_fail},        {"silent", op_silent},
                                      {"signal", op_signal},       {"exit", op_exit},        {"sleep", op_sleep},
                                      {"babble", op_babble},       {"memory", op_memory},    {"file", op_file},
                                      {"inherited", op_inherited}, {"priority", op_priority}};

/* ---- tests ---- */

static double furthest;
static void note(void *ctx, double done) {
  (*(int *)ctx)++;
  if (done > furthest) furthest = done;
}

static void data_progress_and_result(void **state) {
  (void)state;
  struct child_spec s = {.op = "echo", .request = "{\"text\": \"\xD0\xAF!\", \"times\": 3}", .max_seconds = 20};
  _cleanup_(buf_release) struct buf data = BUF_INIT;
  _cleanup_(js_freep) struct js *result = NULL;
  struct err e = {0};
  int calls = 0;
  furthest = 0;
  assert_int_equal(child_run(&s, NULL, note, &calls, &data, 100, &result, &e), 0);
  assert_string_equal(buf_str(&data), "\xD0\xAF!\xD0\xAF!\xD0\xAF!");
  assert_string_equal(js_string_or(result, "result.said", ""), "all");
  assert_true(calls >= 1);
  assert_true(furthest == 1); /* 2 is held to the range */

  s.op = "silent";
  struct js *nothing = NULL;
  assert_int_equal(child_run(&s, NULL, NULL, NULL, NULL, 0, &nothing, &e), 0);
  assert_int_equal(js_len(js_at(nothing, "result")), 0);
  js_free(nothing);
}

static void more_data_than_allowed(void **state) {
  (void)state;
  struct child_spec s = {.op = "echo", .request = "{\"text\": \"0123456789\", \"times\": 1000000}", .max_seconds = 20};
  _cleanup_(buf_release) struct buf data = BUF_INIT;
  struct err e = {0};
  assert_int_equal(child_run(&s, NULL, NULL, NULL, &data, 1000, NULL, &e), ERR_INPUT);
  assert_true(data.len <= 1000);
  /* data that nobody wants does not stop the child: 1 MB is more than a pipe holds */
  s.request = "{\"text\": \"0123456789\", \"times\": 100000}";
  assert_int_equal(child_run(&s, NULL, NULL, NULL, NULL, 0, NULL, &e), 0);
  struct child *c;
  assert_int_equal(child_start(&s, &c, &e), 0);
  assert_int_equal(child_wait(c, NULL, NULL, NULL, NULL, &e), 0);
}

static void ends(void **state) {
  (void)state;
  static const struct {
    const char *op, *request;
    int code;
    const char *says;
  } cases[] = {
      {"fail", "{\"code\": -6}", ERR_IO, "it is \"broken\" indeed"},
      {"fail", "{\"code\": -3}", ERR_INPUT, "it is \"broken\" indeed"},
      {"signal", "{\"signal\": 11}", ERR_CRASH, "crash"},
      {"signal", "{\"signal\": 6}", ERR_CRASH, "crash"},
      {"signal", "{\"signal\": 31}", ERR_CRASH, "must not"},
      {"signal", "{\"signal\": 9}", ERR_CRASH, "memory"},
      {"signal", "{\"signal\": 25}", ERR_IO, "limit"},
      {"exit", "{\"status\": 3}", ERR_FAIL, "status 3"},
      {"exit", "{\"status\": 0}", ERR_CRASH, "nonsense"}, /* an end without a result */
      {"babble", "{\"text\": \"not JSON\\n\"}", ERR_CRASH, "nonsense"},
      {"babble", "{\"text\": \"[1]\\n\"}", ERR_CRASH, "nonsense"},
      {"babble", "{\"text\": \"{\\\"result\\\": 5}\\n\"}", ERR_CRASH, "nonsense"},
      {"babble", "{\"text\": \"{\\\"error\\\": {\\\"code\\\": 0, \\\"message\\\": \\\"\\\"}}\\n\"}", ERR_CRASH,
       "nonsense"},
      {"babble", "{\"text\": \"{\\\"error\\\": {\\\"code\\\": -11, \\\"message\\\": \\\"\\\"}}\\n\"}", ERR_CRASH,
       "nonsense"},
      {"babble", "{\"text\": \"{\\\"result\\\": {}}\\n{\\\"result\\\": {}}\\n\"}", ERR_CRASH, "nonsense"},
      {"babble", "{\"text\": \"{\\\"result\\\": {}\"}", ERR_CRASH, "nonsense"}, /* cut in the middle */
      {"no such operation", "{}", ERR_FAIL, "status 2"},
      {"echo", "{}", ERR_INPUT, "text: missing"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct child_spec s = {.op = cases[i].op, .request = cases[i].request, .max_seconds = 20};
    struct err e = {0};
    struct js *result = NULL;
    int rc = child_run(&s, NULL, NULL, NULL, NULL, 0, &result, &e);
    if (rc != cases[i].code || e.code != rc || !strstr(e.msg, cases[i].says))
      fail_msg("case %zu (%s %s): %d \"%s\"", i, cases[i].op, cases[i].request, rc, e.msg);
    assert_null(result);
  }
}

static void time_and_cancel(void **state) {
  (void)state;
  struct child_spec s = {.op = "sleep", .request = "{}", .max_seconds = 0.5};
  struct err e = {0};
  double start = clock_now();
  assert_int_equal(child_run(&s, NULL, NULL, NULL, NULL, 0, NULL, &e), ERR_TIMEOUT);
  assert_true(clock_now() - start < 10);

  atomic_bool cancel = true;
  s.max_seconds = 0;
  start = clock_now();
  assert_int_equal(child_run(&s, &cancel, NULL, NULL, NULL, 0, NULL, &e), ERR_CANCELLED);
  assert_true(clock_now() - start < 10);

  /* a child that has closed its events and goes on is under someone else's control: not waited for long */
  s.request = "{\"deaf\": true}";
  start = clock_now();
  struct child *c;
  assert_int_equal(child_start(&s, &c, &e), 0);
  assert_int_equal(child_wait(c, NULL, NULL, NULL, NULL, &e), ERR_CRASH);
  assert_true(clock_now() - start < 40);

  struct child *killed;
  s.request = "{}";
  assert_int_equal(child_start(&s, &killed, &e), 0);
  int calls = 0;
  while (calls == 0) assert_int_equal(child_poll(killed, 1, note, &calls), 1);
  child_kill(killed);
  child_kill(NULL);
}

static void limits(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *dir = NULL;
  struct err e = {0};
  assert_int_equal(file_temp_dir(&dir, &e), 0);
  _cleanup_(mem_freep) char *path = x_asprintf("%s/out", dir);
  assert_int_equal(file_write(path, "", 0, 1, &e), 0);
  _cleanup_(mem_freep) char *request = x_asprintf("{\"path\": \"%s\", \"blocks\": 100}", path);
  const char *const writes[] = {path, NULL};
  struct child_spec s = {.op = "file", .request = request, .write_paths = writes, .max_seconds = 20};
  assert_int_equal(child_run(&s, NULL, NULL, NULL, NULL, 0, NULL, &e), 0);
  assert_int_equal(file_size(path), 100 << 16);
  s.max_file = 1 << 20;
  assert_int_equal(child_run(&s, NULL, NULL, NULL, NULL, 0, NULL, &e), ERR_IO);
  file_remove_tree(dir);
  if (SANDBOX_SANITIZED) return;
  struct child_spec m = {.op = "memory", .request = "{\"bytes\": 600000000}", .max_memory = 1 << 30, .max_seconds = 20};
  assert_int_equal(child_run(&m, NULL, NULL, NULL, NULL, 0, NULL, &e), 0);
  m.max_memory = 512 << 20;
  assert_int_equal(child_run(&m, NULL, NULL, NULL, NULL, 0, NULL, &e), ERR_FAIL);
}

static void nothing_is_inherited(void **state) {
  (void)state;
  setenv("BOT_TOKEN", "123:secret", 1);
  setenv("HOME", "/nowhere", 1);
  int stray = open("/dev/null", O_RDONLY); /* without close-on-exec, as a library may leave it */
  struct child_spec s = {.op = "inherited", .request = NULL, .max_seconds = 20};
  _cleanup_(js_freep) struct js *result = NULL;
  struct err e = {0};
  assert_int_equal(child_run(&s, NULL, NULL, NULL, NULL, 0, &result, &e), 0);
  assert_int_equal(js_int_or(result, "result.fds", 0), 1 << 0 | 1 << 1 | 1 << 2 | 1 << 4); /* 3 was read and closed */
  assert_false(js_bool_or(result, "result.secret", true));
  assert_true(js_bool_or(result, "result.home", false));
  close(stray);
}

/* A parent that is killed takes its child with it. */
static void dies_with_its_parent(void **state) {
  (void)state;
  int ends_of[2];
  assert_int_equal(pipe(ends_of), 0);
  pid_t parent = fork();
  if (parent == 0) {
    struct child_spec s = {.op = "sleep", .request = "{}"};
    struct child *c;
    if (child_start(&s, &c, NULL) < 0) _exit(1);
    int calls = 0;
    while (calls == 0) child_poll(c, 1, note, &calls); /* the sandbox is closed by now */
    /* the child's own end of the data pipe keeps fd 1 open; ours is passed on through /proc to tell when it is gone */
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    struct buf b = BUF_INIT;
    file_read(path, 1000, &b, NULL);
    if (write(ends_of[1], buf_str(&b), b.len + 1) < 0) _exit(1);
    for (;;) pause();
  }
  char text[64] = "";
  assert_true(read(ends_of[0], text, sizeof text) > 0);
  pid_t child = (pid_t)strtol(text, NULL, 10);
  assert_true(child > 0);
  assert_int_equal(kill(child, 0), 0);
  kill(parent, SIGKILL);
  waitpid(parent, NULL, 0);
  double start = clock_now();
  char stat_path[64];
  snprintf(stat_path, sizeof stat_path, "/proc/%d/cmdline", child);
  bool gone = false;
  while (!gone && clock_now() - start < 10) {
    struct buf b = BUF_INIT;
    gone = file_read(stat_path, 1000, &b, NULL) < 0 || b.len == 0; /* a zombie of init's has no command line */
    buf_release(&b);
    clock_sleep(0.02);
  }
  assert_true(gone);
  close(ends_of[0]);
  close(ends_of[1]);
}

/* Behind its parent, but not by so much that others' work could starve it. */
static void background_children_stand_back(void **state) {
  (void)state;
  int own = getpriority(PRIO_PROCESS, 0);
  for (int background = 0; background < 2; background++) {
    const struct child_spec spec = {.op = "priority", .background = background};
    _cleanup_(js_freep) struct js *event = NULL;
    struct err e = {0};
    int64_t nice_value;
    if (child_run(&spec, NULL, NULL, NULL, NULL, 0, &event, &e) < 0) fail_msg("%s", e.msg);
    assert_int_equal(js_get_int(event, "result.nice", -20, 19, &nice_value, &e), 0);
    if (!background || own == 19) assert_int_equal(nice_value, own);
    else assert_in_range(nice_value - own, 1, 7);
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "child") == 0) return child_main(argc, argv, ops, ARRAY_LEN(ops));
  unsetenv("TITR_PROGRAM"); /* this program, not titr */
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(data_progress_and_result),
      cmocka_unit_test(more_data_than_allowed),
      cmocka_unit_test(ends),
      cmocka_unit_test(time_and_cancel),
      cmocka_unit_test(limits),
      cmocka_unit_test(nothing_is_inherited),
      cmocka_unit_test(dies_with_its_parent),
      cmocka_unit_test(background_children_stand_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
