/* A temporary folder for a test of this directory, and small files in it. */
#ifndef TITR_TESTS_PIPELINE_FOLDER_H
#define TITR_TESTS_PIPELINE_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"

static char *folder;

static int folder_make(void **state) {
  (void)state;
  return file_temp_dir(&folder, NULL);
}

static int folder_remove(void **state) {
  (void)state;
  file_remove_tree(folder);
  free(folder);
  return 0;
}

static inline char *in_folder(const char *name) {
  return x_asprintf("%s/%s", folder, name);
}

static inline char *put_file(const char *name, const char *text) {
  char *path = in_folder(name);
  assert_int_equal(file_write(path, text, strlen(text), 1, NULL), 0);
  return path;
}

static inline void assert_file(const char *path, const char *text) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  assert_int_equal(file_read(path, 1 << 20, &b, NULL), 0);
  assert_string_equal(buf_str(&b), text);
}

#endif
