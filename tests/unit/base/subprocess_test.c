#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/subprocess.h"

#define SH(script) ((const char *const[]){"sh", "-c", (script), NULL})

static void output_and_status(void **state) {
  (void)state;
  static const struct {
    const char *script, *out, *err;
    int status;
  } cases[] = {
      {"echo a; echo b >&2; exit 3", "a\n", "b\n", 3},
      {"exit 0", "", "", 0},
      {"read x; echo \"<$x>\"", "<>\n", "", 0}, /* no input */
      {"kill -TERM $$", "", "", 128 + SIGTERM},
      {"echo $TITR_TEST_ADDED $TITR_TEST_REPLACED", "yes new\n", "", 0},
      {"cd /; (sleep 60 & echo started)", "started\n", "", 0}, /* what it leaves behind is not waited for */
  };
  setenv("TITR_TEST_REPLACED", "old", 1);
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    const char *const env[] = {"TITR_TEST_ADDED=yes", "TITR_TEST_REPLACED=new", NULL};
    struct subprocess s = {.argv = SH(cases[i].script), .env = env, .timeout = 20};
    _cleanup_(buf_release) struct buf out = BUF_INIT, err = BUF_INIT;
    int status = -1;
    double start = clock_now();
    assert_int_equal(subprocess_run(&s, &out, &err, &status, NULL), 0);
    assert_string_equal(buf_str(&out), cases[i].out);
    assert_string_equal(buf_str(&err), cases[i].err);
    assert_int_equal(status, cases[i].status);
    assert_true(clock_now() - start < 10);
  }
}

static void its_folder(void **state) {
  (void)state;
  struct subprocess s = {.argv = (const char *const[]){"pwd", NULL}, .cwd = "/usr"};
  _cleanup_(buf_release) struct buf out = BUF_INIT;
  int status;
  assert_int_equal(subprocess_run(&s, &out, NULL, &status, NULL), 0);
  assert_string_equal(buf_str(&out), "/usr\n");
}

/* Far more than a pipe holds, on both: neither stops the other. */
static void much_output_is_cut(void **state) {
  (void)state;
  struct subprocess s = {.argv = SH("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 7"),
                         .max_output = 1000,
                         .timeout = 60};
  _cleanup_(buf_release) struct buf out = BUF_INIT, err = BUF_INIT;
  int status;
  assert_int_equal(subprocess_run(&s, &out, &err, &status, NULL), 0);
  assert_int_equal(out.len, 1000);
  assert_int_equal(err.len, 1000);
  assert_int_equal(status, 7);
}

static void what_is_not_there(void **state) {
  (void)state;
  static const char *const names[] = {"no-such-program-anywhere", "/no/such/program", "/etc/passwd", "/"};
  for (size_t i = 0; i < ARRAY_LEN(names); i++) {
    const char *const argv[] = {names[i], NULL};
    struct subprocess s = {.argv = argv};
    struct err e = {0};
    int status = -1;
    assert_int_equal(subprocess_run(&s, NULL, NULL, &status, &e), ERR_UNSUPPORTED);
    assert_non_null(strstr(e.msg, names[i]));
    assert_int_equal(status, -1);
  }
}

static int ticks;
static atomic_bool stop;
static void on_tick(void *ctx) {
  (void)ctx;
  if (++ticks == 2) atomic_store(&stop, true);
}

/* The grandchild is ended too: its number is in a file, and nothing of that number is there afterwards. */
static void ended_with_all_it_started(void **state) {
  (void)state;
  for (int by_cancel = 0; by_cancel < 2; by_cancel++) {
    struct subprocess s = {.argv = SH("sleep 300 & echo $!; sleep 300")};
    if (by_cancel) {
      s.cancel = &stop;
      s.tick = on_tick;
    } else {
      s.timeout = 0.5;
    }
    _cleanup_(buf_release) struct buf out = BUF_INIT;
    int status;
    double start = clock_now();
    assert_int_equal(subprocess_run(&s, &out, NULL, &status, NULL), by_cancel ? ERR_CANCELLED : ERR_TIMEOUT);
    assert_true(clock_now() - start < 10);
    long grandchild = strtol(buf_str(&out), NULL, 10);
    assert_true(grandchild > 1);
    char path[64], text[256] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", grandchild);
    for (int i = 0; i < 50; i++) { /* init may take a moment to reap it */
      FILE *f = fopen(path, "r");
      if (!f) break;
      size_t n = fread(text, 1, sizeof text - 1, f);
      text[n] = '\0';
      fclose(f);
      if (strstr(text, ") Z ")) break;
      clock_sleep(0.1);
      if (i == 49) fail_msg("%ld still runs: %s", grandchild, text);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(output_and_status),         cmocka_unit_test(its_folder),
      cmocka_unit_test(much_output_is_cut),        cmocka_unit_test(what_is_not_there),
      cmocka_unit_test(ended_with_all_it_started),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
