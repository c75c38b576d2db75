/* The test server of http_server.py as a child process, and a temporary folder that it serves. */
#ifndef TITR_TESTS_HTTP_FIXTURE_H
#define TITR_TESTS_HTTP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/http.h"
#include "base/mem.h"

static struct {
  char *dir; /* a temporary folder; dir/www is served */
  int port, stdin_fd;
  pid_t pid;
} fixture;

static inline void fixture_start(void) {
  assert_int_equal(file_temp_dir(&fixture.dir, NULL), 0);
  char *www = x_asprintf("%s/www", fixture.dir);
  assert_int_equal(file_make_dirs(www, NULL), 0);
  int in[2], out[2];
  assert_int_equal(pipe(in), 0);
  assert_int_equal(pipe(out), 0);
  fixture.pid = fork();
  assert_true(fixture.pid >= 0);
  if (fixture.pid == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    close(in[1]);
    close(out[0]);
    execlp("python3", "python3", "tests/unit/base/http_server.py", www, (char *)NULL);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  fixture.stdin_fd = in[1];
  FILE *f = fdopen(out[0], "r");
  assert_int_equal(fscanf(f, "%d", &fixture.port), 1);
  fclose(f);
  free(www);
}

static inline void fixture_stop(void) {
  close(fixture.stdin_fd);
  waitpid(fixture.pid, NULL, 0);
  file_remove_tree(fixture.dir);
  free(fixture.dir);
}

/* Paths and addresses; the caller frees. */
static inline char *fixture_path(const char *name) {
  return x_asprintf("%s/%s", fixture.dir, name);
}
static inline char *fixture_url(const char *path) {
  return x_asprintf("http://127.0.0.1:%d%s", fixture.port, path);
}

/* `n` bytes that repeat nowhere soon, to dir/NAME; folders are made. */
static inline void fixture_fill(const char *name, size_t n, unsigned seed) {
  _cleanup_(mem_freep) char *path = fixture_path(name);
  _cleanup_(mem_freep) char *folder = x_strndup(path, (size_t)(file_name(path) - path));
  assert_int_equal(file_make_dirs(folder, NULL), 0);
  _cleanup_(mem_freep) unsigned char *bytes = x_malloc(n + 1);
  for (size_t i = 0; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    bytes[i] = (unsigned char)(seed >> 24);
  }
  assert_int_equal(file_write(path, bytes, n, 1, NULL), 0);
}

static inline void fixture_read(const char *path, struct buf *b) {
  assert_int_equal(file_read(path, 64 << 20, b, NULL), 0);
}

/* What the server was asked since the last call. */
static inline char *fixture_log(void) {
  _cleanup_(mem_freep) char *url = fixture_url("/log/");
  struct http_request r = http_default_request(url);
  r.allow_plain = true;
  struct buf b = BUF_INIT;
  assert_int_equal(http_get(&r, &b, NULL, NULL), 0);
  return buf_take(&b);
}

#endif
