#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

static char *dir;

static int setup(void **state) {
  (void)state;
  return file_temp_dir(&dir, NULL);
}

static int teardown(void **state) {
  (void)state;
  file_remove_tree(dir);
  mem_freep(&dir);
  log_set(LOG_WARNING, LOG_PLAIN);
  log_set_task(NULL);
  return 0;
}

/* What `write` logs. */
static void logged(void (*write)(void), struct buf *out) {
  _cleanup_(mem_freep) char *path = x_asprintf("%s/log", dir);
  int saved = dup(STDERR_FILENO), fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  dup2(fd, STDERR_FILENO);
  write();
  dup2(saved, STDERR_FILENO);
  close(saved);
  close(fd);
  assert_int_equal(file_read(path, 1 << 20, out, NULL), 0);
}

static void two_lines(void) {
  log_info("media", "not at this level");
  log_warning("media", "probed \"%s\"\n\tof %d streams", "a\\b", 2);
  log_set_task("k3j9");
  log_error("worker", "ends");
}

static void plain(void **state) {
  (void)state;
  _cleanup_(buf_release) struct buf out = BUF_INIT;
  log_set(LOG_WARNING, LOG_PLAIN);
  logged(two_lines, &out);
  const char *second = strchr(out.data, '\n') + 1;
  assert_int_equal(out.data[10], 'T');
  assert_memory_equal(out.data + 23, "Z warning media: probed \"a\\b\"  of 2 streams\n", 44);
  assert_string_equal(second + 23, "Z error   worker: [k3j9] ends\n");
}

static void one_json_line(char *line, const char *level, const char *area, const char *task, const char *message) {
  struct err e = {0};
  _cleanup_(js_freep) struct js *o = NULL;
  if (js_parse(line, strlen(line), "line", &o, &e) < 0) fail_msg("%s", e.msg);
  assert_string_equal(js_string_or(o, "level", ""), level);
  assert_string_equal(js_string_or(o, "area", ""), area);
  assert_string_equal(js_string_or(o, "task", "none"), task);
  if (message) assert_string_equal(js_string_or(o, "message", ""), message);
  assert_int_equal(strlen(js_string_or(o, "time", "")), strlen("2026-02-01T10:00:00.250Z"));
}

static void json(void **state) {
  (void)state;
  _cleanup_(buf_release) struct buf out = BUF_INIT;
  log_set(LOG_WARNING, LOG_JSON);
  logged(two_lines, &out);
  char *second = strchr(out.data, '\n');
  *second++ = '\0';
  one_json_line(out.data, "warning", "media", "none", "probed \"a\\b\"\n\tof 2 streams");
  assert_non_null(strchr(second, '\n'));
  one_json_line(second, "error", "worker", "k3j9", "ends");
}

static void hostile(void) {
  char text[5000];
  memset(text, '"', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  log_error("x", "%s", text);
  log_error("x", "bad \xFF\xC3 bytes");
  char cut[2100]; /* the ceiling falls inside a character */
  for (size_t i = 0; i + 2 < sizeof cut; i += 2) memcpy(cut + i, "\xD1\x8B", 3);
  log_error("x", "%s", cut);
}

/* Whatever is logged, each event is a line that is JSON. */
static void json_of_anything(void **state) {
  (void)state;
  _cleanup_(buf_release) struct buf out = BUF_INIT;
  log_set(LOG_DEBUG, LOG_JSON);
  logged(hostile, &out);
  int lines = 0;
  for (char *line = out.data, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
    *end = '\0';
    one_json_line(line, "error", "x", "none", NULL);
  }
  assert_int_equal(lines, 3);
}

static void *other_thread(void *arg) {
  (void)arg;
  log_error("b", "two");
  log_set_task("other");
  return NULL;
}

static void with_a_thread(void) {
  log_set_task("mine");
  pthread_t t;
  pthread_create(&t, NULL, other_thread, NULL);
  pthread_join(t, NULL);
  log_error("a", "one");
}

static void a_task_is_its_threads_own(void **state) {
  (void)state;
  _cleanup_(buf_release) struct buf out = BUF_INIT;
  log_set(LOG_WARNING, LOG_PLAIN);
  logged(with_a_thread, &out);
  assert_non_null(strstr(out.data, " b: two\n"));
  assert_non_null(strstr(out.data, " a: [mine] one\n"));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {TEST(plain), TEST(json), TEST(json_of_anything), TEST(a_task_is_its_threads_own)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
