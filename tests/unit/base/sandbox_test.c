/* What the sandbox forbids is tried from inside: this program is its own child (see child_test.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/sandbox.h"

/* ---- deeds: 0 when it could be done, else errno ---- */

static int result_of(long rc) {
  return rc < 0 ? errno : 0;
}

static int deed_read(const char *path) {
  char byte;
  int fd = open(path, O_RDONLY);
  if (fd < 0) return errno;
  int rc = result_of(read(fd, &byte, 1));
  close(fd);
  return rc;
}

static int deed_write(const char *path) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return errno;
  int rc = result_of(write(fd, "x", 1));
  close(fd);
  return rc;
}

static int deed_create(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

static int deed_truncate(const char *path) {
  return result_of(open(path, O_WRONLY | O_TRUNC));
}

static int deed_remove(const char *path) {
  return result_of(unlink(path));
}

static int deed_list(const char *path) {
  return result_of(open(path, O_RDONLY | O_DIRECTORY));
}

static int deed_tcp(const char *unused) {
  (void)unused;
  return result_of(socket(AF_INET, SOCK_STREAM, 0));
}

static int deed_udp(const char *unused) {
  (void)unused;
  return result_of(socket(AF_INET6, SOCK_DGRAM, 0));
}

static int deed_unix(const char *unused) {
  (void)unused;
  int two[2];
  return result_of(socketpair(AF_UNIX, SOCK_STREAM, 0, two));
}

static int deed_fork(const char *unused) {
  (void)unused;
  pid_t pid = fork();
  if (pid == 0) _exit(0);
  return result_of(pid);
}

static int deed_signal_parent(const char *unused) {
  (void)unused;
  return result_of(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int deed_kill_parent(const char *unused) {
  (void)unused;
  return result_of(kill(getppid(), 0));
}

static int deed_namespace(const char *unused) {
  (void)unused;
  return result_of(unshare(CLONE_NEWUSER));
}

static int deed_chmod(const char *path) {
  return result_of(chmod(path, 0777));
}

static int deed_link(const char *path) {
  return result_of(symlink("/etc/passwd", path));
}

static int deed_chroot(const char *path) {
  return result_of(chroot(path));
}

static int deed_terminal(const char *unused) {
  (void)unused;
  return result_of(ioctl(0, TIOCSTI, "x"));
}

static int deed_limits_of_parent(const char *unused) {
  (void)unused;
  struct rlimit l = {1, 1};
  return result_of(prlimit(getppid(), RLIMIT_NOFILE, &l, NULL));
}

static void *add_one(void *number) {
  ++*(int *)number;
  return NULL;
}

static int deed_thread(const char *unused) {
  (void)unused;
  pthread_t t;
  int number = 0;
  int rc = pthread_create(&t, NULL, add_one, &number);
  if (rc == 0) pthread_join(t, NULL);
  return rc ? rc : number == 1 ? 0 : EINVAL;
}

static int deed_memory(const char *unused) {
  (void)unused;
  return mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int deed_core(const char *unused) {
  (void)unused;
  struct rlimit l;
  return getrlimit(RLIMIT_CORE, &l) == 0 && l.rlim_max == 0 ? EPERM : 0;
}

static int deed_regain(const char *unused) {
  (void)unused;
  return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? EPERM : 0;
}

static const struct {
  const char *name;
  int (*run)(const char *path);
} deeds[] = {{"read", deed_read},
             {"write", deed_write},
             {"create", deed_create},
             {"truncate", deed_truncate},
             {"remove", deed_remove},
             {"list", deed_list},
             {"tcp", deed_tcp},
             {"udp", deed_udp},
             {"unix", deed_unix},
             {"fork", deed_fork},
             {"signal parent", deed_signal_parent},
             {"kill parent", deed_kill_parent},
             {"namespace", deed_namespace},
             {"chmod", deed_chmod},
             {"link", deed_link},
             {"chroot", deed_chroot},
             {"terminal", deed_terminal},
             {"limits of parent", deed_limits_of_parent},
             {"thread", deed_thread},
             {"memory", deed_memory},
             {"core", deed_core},
             {"regain", deed_regain}};

static int op_try(struct js *request, struct child_io *io, struct err *e) {
  const char *what = js_string_or(request, "deed", ""), *path = js_string_or(request, "path", "");
  for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
    if (strcmp(deeds[i].name, what) != 0) continue;
    char line[64];
    snprintf(line, sizeof line, "{\"errno\": %d}", deeds[i].run(path));
    child_result(io, line);
    return 0;
  }
  return err_set(e, ERR_FAIL, "no such deed: %s", what);
}

/* Those that end the process. */
static int op_deadly(struct js *request, struct child_io *io, struct err *e) {
  (void)io;
  switch (js_int_or(request, "which", 0)) {
  case 0: execl("/bin/true", "true", (char *)NULL); break;
  case 1: ptrace(PTRACE_TRACEME, 0, NULL, NULL); break;
  case 2: mount("none", "/tmp", "tmpfs", 0, NULL); break;
  case 3: syscall(SYS_io_uring_setup, 1, NULL); break;
  case 4: syscall(SYS_keyctl, 0, 0, 0, 0, 0); break;
  case 5: syscall(SYS_bpf, 0, NULL, 0); break;
  case 6: syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0); break;
  case 7: syscall(SYS_execveat, 0, "", NULL, NULL, 0); break;
  }
  return err_set(e, ERR_FAIL, "alive");
}

static const struct child_op ops[] = {{"try", op_try}, {"deadly", op_deadly}};

/* ---- tests ---- */

static char *dir;

static int attempt(const char *deed, const char *path, const char *const *reads, const char *const *writes) {
  _cleanup_(mem_freep) char *request = x_asprintf("{\"deed\": \"%s\", \"path\": \"%s\"}", deed, path);
  struct child_spec s = {
      .op = "try", .request = request, .read_paths = reads, .write_paths = writes, .max_seconds = 20};
  _cleanup_(js_freep) struct js *result = NULL;
  struct err e = {0};
  if (child_run(&s, NULL, NULL, NULL, NULL, 0, &result, &e) < 0) fail_msg("%s %s: %s", deed, path, e.msg);
  return (int)js_int_or(result, "result.errno", -1);
}

static bool landlocked(void) {
  struct sandbox_layer_state states[SANDBOX_LAYERS];
  sandbox_report(states);
  return states[SANDBOX_LANDLOCK].holds;
}

static void files(void **state) {
  (void)state;
  if (!landlocked()) skip();
  /* in the folder: in (readable), out (writable), other (neither), w/ (a writable folder), r/ (a readable one) */
  static const struct {
    const char *deed, *path;
    bool allowed;
  } cases[] = {
      {"read", "in", true},
      {"read", "r/inside", true},
      {"list", "r", true},
      {"write", "out", true},
      {"truncate", "out", true},
      {"read", "out", true},
      {"write", "w/inside", true},
      {"create", "w/new", true},
      {"remove", "w/gone", true},
      {"read", "other", false},
      {"write", "other", false},
      {"write", "in", false},
      {"truncate", "in", false},
      {"create", "new", false},
      {"remove", "in", false},
      {"remove", "out", false},
      {"remove", "other", false},
      {"list", ".", false},
      {"create", "r/new", false},
      {"write", "r/inside", false},
      {"chmod", "in", false},
      {"link", "w/link", false},
      {"read", "w/../other", false},
      {"read", "r/outside", false},
      {"chroot", "r", false},
      {"read", "/etc/passwd", false},
      {"read", "/proc/self/environ", false},
      {"read", "/proc/1/cmdline", false},
      {"list", "/", false},
      {"create", "/tmp/titr-sandbox-test", false},
      {"write", "/dev/mem", false},
  };
  static const char *const names[] = {"in", "out", "other", "r/inside", "w/inside", "w/gone"};
  _cleanup_(mem_freep) char *r = x_asprintf("%s/r", dir), *w = x_asprintf("%s/w", dir);
  mkdir(r, 0700);
  mkdir(w, 0700);
  for (size_t i = 0; i < ARRAY_LEN(names); i++) {
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, names[i]);
    assert_int_equal(file_write(path, "some", 4, 1, NULL), 0);
  }
  _cleanup_(mem_freep) char *link = x_asprintf("%s/r/outside", dir);
  assert_int_equal(symlink("../other", link), 0); /* a link inside leads to what is outside: not followed out */
  _cleanup_(mem_freep) char *in = x_asprintf("%s/in", dir), *out = x_asprintf("%s/out", dir);
  const char *const reads[] = {in, r, NULL}, *const writes[] = {out, w, NULL};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(mem_freep) char *path =
        cases[i].path[0] == '/' ? x_strdup(cases[i].path) : x_asprintf("%s/%s", dir, cases[i].path);
    int got = attempt(cases[i].deed, path, reads, writes);
    if ((got == 0) != cases[i].allowed) fail_msg("%s %s: errno %d", cases[i].deed, cases[i].path, got);
  }
  /* fonts only for those who ask */
  assert_int_not_equal(attempt("list", "/etc/fonts", reads, writes), 0);
}

static void everything_else(void **state) {
  (void)state;
  static const char *const forbidden[] = {"tcp",      "udp",           "unix", "fork",   "kill parent",     "namespace",
                                          "terminal", "signal parent", "core", "regain", "limits of parent"};
  static const char *const allowed[] = {"thread", "memory"};
  for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
    if (attempt(forbidden[i], "", NULL, NULL) == 0) fail_msg("%s is possible", forbidden[i]);
  for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
    int got = attempt(allowed[i], "", NULL, NULL);
    if (got != 0) fail_msg("%s: errno %d", allowed[i], got);
  }
}

static void deadly(void **state) {
  (void)state;
  for (int i = 0; i < 8; i++) {
    char request[32];
    snprintf(request, sizeof request, "{\"which\": %d}", i);
    struct child_spec s = {.op = "deadly", .request = request, .max_seconds = 20};
    struct err e = {0};
    int rc = child_run(&s, NULL, NULL, NULL, NULL, 0, NULL, &e);
    if (rc != ERR_CRASH || !strstr(e.msg, "must not")) fail_msg("deadly %d: %d %s", i, rc, e.msg);
  }
}

static int enter_without_network(void) {
  static const struct sandbox s = {0};
  struct err e;
  return sandbox_enter(&s, &e);
}

/* The layers hold one by one, and the report leaves this process as it was. */
static void report(void **state) {
  (void)state;
  struct sandbox_layer_state states[SANDBOX_LAYERS];
  sandbox_report(states);
  for (int i = 0; i < SANDBOX_LAYERS; i++) {
    assert_non_null(states[i].name);
    assert_true(states[i].detail[0] != '\0');
    print_message("%s: %s%s\n", states[i].name, states[i].holds ? "" : "NOT: ", states[i].detail);
  }
  assert_true(states[SANDBOX_PRIVILEGES].holds);
  assert_true(states[SANDBOX_LIMITS].holds);
  assert_true(states[SANDBOX_SECCOMP].holds || states[SANDBOX_LANDLOCK].holds);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(s >= 0);
  close(s);
  assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
  /* a socket opened before the doors are closed has nowhere to go to in an empty network of its own, nor by Landlock */
  pid_t pid = fork();
  if (pid == 0) {
    int before = socket(AF_INET, SOCK_STREAM, 0);
    if (before < 0 || enter_without_network() < 0) _exit(2);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    long rc = syscall(SYS_connect, before, &to, sizeof to);
    _exit(rc < 0 && errno == EPERM ? 0 : 1); /* seccomp's answer, before any other layer is asked */
  }
  int status = -1;
  waitpid(pid, &status, 0);
  assert_int_equal(status, 0);
}

static int set_up(void **state) {
  (void)state;
  return file_temp_dir(&dir, NULL);
}

static int tear_down(void **state) {
  (void)state;
  file_remove_tree(dir);
  free(dir);
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "child") == 0) return child_main(argc, argv, ops, ARRAY_LEN(ops));
  unsetenv("TITR_PROGRAM"); /* this program, not titr */
  const struct CMUnitTest tests[] = {cmocka_unit_test(files), cmocka_unit_test(everything_else),
                                     cmocka_unit_test(deadly), cmocka_unit_test(report)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
