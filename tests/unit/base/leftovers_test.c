#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/leftovers.h"
#include "base/mem.h"

static char *dir;

static char *in_dir(const char *name) {
  return x_asprintf("%s/%s", dir, name);
}

static void put(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  close(fd);
}

static int entries(void) {
  int n = 0;
  DIR *d = opendir(dir);
  assert_non_null(d);
  while (readdir(d)) n++;
  closedir(d);
  return n - 2;
}

static bool there(const char *path) {
  return access(path, F_OK) == 0;
}

static void on_signal(int sig) {
  (void)sig;
  leftovers_remove();
  _exit(42);
}

static void catch_signal(void) {
  struct sigaction a = {.sa_handler = on_signal};
  sigemptyset(&a.sa_mask);
  sigaddset(&a.sa_mask, SIGINT);
  sigaction(SIGINT, &a, NULL);
}

/* The exit status of `work` in a process of its own: removing is for processes that end. */
static int process(void (*work)(void)) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    catch_signal();
    work();
    _exit(1);
  }
  int status;
  while (waitpid(pid, &status, 0) < 0) assert_int_equal(errno, EINTR);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- what goes and what stays ---- */

static void make_all_and_stop(void) {
  char *tmp = NULL, *folder = NULL, *gone = NULL, *kept = in_dir("kept"), *done = in_dir("done"),
       *half = in_dir("half");
  setenv("TMPDIR", dir, 1);
  if (file_write(kept, "x", 1, 0, NULL) < 0 || file_temp_beside(done, &tmp, NULL) < 0 ||
      file_commit(tmp, done, 0, NULL) < 0 || file_temp_beside(half, &tmp, NULL) < 0)
    _exit(2);
  if (file_temp_dir(&gone, NULL) < 0) _exit(3);
  file_remove_tree(gone);
  put(gone); /* somebody else's by now */
  if (file_temp_dir(&folder, NULL) < 0) _exit(4);
  for (int i = 0; i < 500; i++) { /* more than one block of the listing */
    char *inside = x_asprintf("%s/a file with a long name, so that the list of them is long %d", folder, i);
    put(inside);
    free(inside);
  }
  raise(SIGINT);
}

static void removes_what_is_not_done(void **state) {
  (void)state;
  assert_int_equal(process(make_all_and_stop), 42);
  _cleanup_(mem_freep) char *kept = in_dir("kept"), *done = in_dir("done"), *half = in_dir("half");
  assert_true(there(kept));
  assert_true(there(done));
  assert_false(there(half));
  unlink(kept);
  unlink(done);
  assert_int_equal(entries(), 1); /* what has taken the name of a folder that is gone */
}

/* ---- holds ---- */

static void hold_and_raise(void) {
  char *name = in_dir("held");
  leftovers_hold();
  leftovers_hold();
  raise(SIGINT);
  leftovers_let_go(); /* the outer one still holds */
  put(name);
  leftovers_let_go(); /* the signal comes here */
}

static void holds_keep_signals_away(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *held = in_dir("held");
  assert_int_equal(process(hold_and_raise), 42);
  assert_true(there(held));
  unlink(held);
}

static int started[2];

static void *make_files_for_ever(void *unused) {
  (void)unused;
  char *name = in_dir("one");
  sigset_t all;
  sigfillset(&all); /* the signal goes to the other thread */
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  for (int i = 0;; i++) {
    char *tmp = NULL;
    if (file_temp_beside(name, &tmp, NULL) < 0) _exit(2);
    if (i == 10 && write(started[1], "", 1) != 1) _exit(3);
    if (i % 2) file_discard(tmp);
    else if (file_commit(tmp, name, 1, NULL) < 0) _exit(4);
    free(tmp);
  }
}

static void stop_amid_files(void) {
  pthread_t threads[3];
  char byte;
  for (int i = 0; i < 3; i++)
    if (pthread_create(&threads[i], NULL, make_files_for_ever, NULL) != 0) _exit(5);
  if (read(started[0], &byte, 1) != 1) _exit(6);
  raise(SIGINT);
}

static void other_threads_leave_nothing(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *one = in_dir("one");
  for (int round = 0; round < 20; round++) {
    assert_int_equal(pipe(started), 0);
    assert_int_equal(process(stop_amid_files), 42);
    close(started[0]);
    close(started[1]);
    assert_true(there(one));
    assert_int_equal(entries(), 1);
  }
}

/* ---- ceilings ---- */

static void add_too_many(void) {
  char *tmp[LEFTOVERS_MOST + 3], *name = in_dir("many");
  char too_long[5000];
  memset(too_long, 'x', sizeof too_long - 1);
  too_long[sizeof too_long - 1] = '\0';
  leftovers_add(too_long);
  leftovers_forget(too_long);
  leftovers_forget("");
  leftovers_forget("never heard of");
  for (int i = 0; i < LEFTOVERS_MOST + 3; i++)
    if (file_temp_beside(name, &tmp[i], NULL) < 0) _exit(2);
  for (int i = LEFTOVERS_MOST; i < LEFTOVERS_MOST + 3; i++) file_discard(tmp[i]);
  file_discard(tmp[0]); /* makes room */
  if (file_temp_beside(name, &tmp[0], NULL) < 0) _exit(3);
  raise(SIGINT);
}

static void more_than_it_holds(void **state) {
  (void)state;
  assert_int_equal(process(add_too_many), 42);
  assert_int_equal(entries(), 0);
}

static int set_up(void **state) {
  (void)state;
  int rc = file_temp_dir(&dir, NULL);
  if (rc == 0) leftovers_forget(dir); /* it outlives the processes below */
  return rc;
}

static int tear_down(void **state) {
  (void)state;
  file_remove_tree(dir);
  free(dir);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(removes_what_is_not_done, set_up, tear_down),
                                     cmocka_unit_test_setup_teardown(holds_keep_signals_away, set_up, tear_down),
                                     cmocka_unit_test_setup_teardown(other_threads_leave_nothing, set_up, tear_down),
                                     cmocka_unit_test_setup_teardown(more_than_it_holds, set_up, tear_down)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
