/* For the tests of media/: files made by the ffmpeg program in a folder of their own, and this program as its own sandboxed child. */
#ifndef TITR_TESTS_MEDIA_FILES_H
#define TITR_TESTS_MEDIA_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/subprocess.h"
#include "media/child_ops.h"

static char *files_dir;

static int files_set_up(void **state) {
  (void)state;
  return file_temp_dir(&files_dir, NULL);
}

static int files_tear_down(void **state) {
  (void)state;
  file_remove_tree(files_dir);
  free(files_dir);
  return 0;
}

/* "name" in the folder; one at a time. */
static inline const char *files_path(const char *name) {
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", files_dir, name);
  return path;
}

/* ffmpeg ARGUMENTS (separated by single spaces; "@" is the folder) NAME -> its path */
static inline const char *files_make(const char *arguments, const char *name) {
  char words[2048];
  const char *argv[128] = {"ffmpeg", "-nostdin", "-v", "error", "-y"};
  size_t n = 5, len = 0;
  for (const char *p = arguments; *p && len < sizeof words - 512; p++) {
    if (*p == '@') len += (size_t)snprintf(words + len, sizeof words - len, "%s", files_dir);
    else words[len++] = *p;
  }
  while (len > 0 && words[len - 1] == ' ') len--;
  words[len] = '\0';
  for (char *w = words, *next; w && n < 126; w = next) {
    next = strchr(w, ' ');
    if (next) *next++ = '\0';
    argv[n++] = w;
  }
  argv[n++] = files_path(name);
  struct subprocess s = {.argv = argv, .timeout = 120};
  _cleanup_(buf_release) struct buf err = BUF_INIT;
  struct err e = {0};
  int status = -1;
  if (subprocess_run(&s, NULL, &err, &status, &e) < 0 || status != 0)
    fail_msg("ffmpeg %s: %s%s", arguments, e.msg, buf_str(&err));
  return files_path(name);
}

static inline int files_child(int argc, char **argv) {
  static const struct child_op ops[] = {
      {"probe", media_child_probe}, {"pcm", media_child_pcm}, {"shots", media_child_shots}};
  return child_main(argc, argv, ops, ARRAY_LEN(ops));
}

#endif
