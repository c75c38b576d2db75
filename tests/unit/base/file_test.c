#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static char *dir;

static char *in_dir(const char *name) {
  return x_asprintf("%s/%s", dir, name);
}

static int entries(const char *path) {
  DIR *d = opendir(path);
  int n = -2; /* "." and ".." */
  while (d && readdir(d)) n++;
  if (d) closedir(d);
  return n;
}

static void holds(const char *path, const char *text) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  assert_int_equal(file_read(path, 1000, &b, NULL), 0);
  assert_string_equal(buf_str(&b), text);
}

static void writes_whole_or_not(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *path = in_dir("a.txt");
  struct err e = {0};
  assert_int_equal(file_write(path, "one", 3, 0, &e), 0);
  holds(path, "one");
  assert_int_equal(file_write(path, "two", 3, 0, &e), ERR_USAGE);
  assert_non_null(strstr(e.msg, "--force"));
  holds(path, "one");
  assert_int_equal(file_write(path, "three", 5, 1, &e), 0);
  holds(path, "three");
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  mode_t mask = umask(0);
  umask(mask);
  assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
  assert_int_equal(entries(dir), 1); /* no temporary name stays */

  /* a limit on the size of files stands for a full disk: the old file stays, nothing else does */
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit old, small = {4096, RLIM_INFINITY};
  getrlimit(RLIMIT_FSIZE, &old);
  small.rlim_max = old.rlim_max;
  setrlimit(RLIMIT_FSIZE, &small);
  char *much = x_calloc(1, 100000);
  int rc = file_write(path, much, 100000, 1, &e);
  setrlimit(RLIMIT_FSIZE, &old);
  free(much);
  assert_int_equal(rc, ERR_IO);
  holds(path, "three");
  assert_int_equal(entries(dir), 1);

  assert_int_equal(file_write("/nonexistent/x", "", 0, 0, &e), ERR_IO);
  _cleanup_(mem_freep) char *folder = in_dir("");
  assert_int_equal(file_write(folder, "", 0, 0, &e), ERR_USAGE);
}

static void commits(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *path = in_dir("result.mp4"), *tmp = NULL, *other = NULL;
  struct err e = {0};
  assert_int_equal(file_temp_beside(path, &tmp, &e), 0);
  assert_int_equal(file_temp_beside(path, &other, &e), 0);
  assert_string_not_equal(tmp, other);
  assert_int_equal(file_name(tmp)[0], '.');
  assert_int_equal(file_size(tmp), 0);
  assert_int_equal(file_size(path), -1); /* the place is not taken yet */
  assert_int_equal(file_commit(tmp, path, 0, &e), 0);
  assert_int_equal(file_size(path), 0);
  assert_int_equal(file_commit(other, path, 0, &e), ERR_USAGE);
  assert_int_equal(file_commit(other, path, 1, &e), 0);
  file_discard(other); /* gone already */
  file_discard(NULL);
  char name[256];
  memset(name, 'n', 250);
  name[250] = '\0';
  _cleanup_(mem_freep) char *longest = in_dir(name);
  assert_int_equal(file_write(longest, "x", 1, 0, &e), 0);
  holds(longest, "x");
}

static void reads_within_a_ceiling(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *path = in_dir("b.txt"), *none = in_dir("none");
  struct err e = {0};
  assert_int_equal(file_write(path, "12345", 5, 1, &e), 0);
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  buf_adds(&b, "0");
  assert_int_equal(file_read(path, 5, &b, &e), 0);
  assert_string_equal(buf_str(&b), "012345"); /* appended */
  assert_int_equal(file_read(path, 4, &b, &e), ERR_INPUT);
  assert_non_null(strstr(e.msg, "4 bytes"));
  assert_int_equal(file_read(none, 5, &b, &e), ERR_INPUT);
  assert_int_equal(file_read(dir, 5, &b, &e), ERR_INPUT);
  assert_non_null(strstr(e.msg, "folder"));
}

static void names(void **state) {
  (void)state;
  static const struct {
    const char *path, *suffix, *want;
  } cases[] = {{"talk.mp4", ".srt", "talk.srt"},         {"/a.b/talk", ".srt", "/a.b/talk.srt"},
               {"/a/.hidden", ".srt", "/a/.hidden.srt"}, {"x.tar.gz", ".srt", "x.tar.srt"},
               {"./a.mp4", ".titr.mp4", "./a.titr.mp4"}, {"a.", ".srt", "a.srt"}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(mem_freep) char *got = file_with_suffix(cases[i].path, cases[i].suffix);
    assert_string_equal(got, cases[i].want);
  }
  assert_string_equal(file_name("/a/b.c"), "b.c");
  assert_string_equal(file_name("b.c"), "b.c");
  assert_string_equal(file_name("/a/"), "");
  assert_int_equal(file_size("/dev/null"), -1);
  assert_int_equal(file_size(dir), -1);
}

static void folders(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *deep = in_dir("d/e/f"), *file = in_dir("d/e/f/g"), *link = in_dir("d/out"),
                            *top = in_dir("d"), *kept = in_dir("kept"), *under = in_dir("kept/x/y");
  struct err e = {0};
  assert_int_equal(file_make_dirs(deep, &e), 0);
  assert_int_equal(file_make_dirs(deep, &e), 0); /* again */
  assert_int_equal(file_write(file, "x", 1, 0, &e), 0);
  assert_int_equal(file_write(kept, "x", 1, 0, &e), 0);
  assert_int_equal(symlink(dir, link), 0); /* a link out of the tree: removed itself, not followed */
  file_remove_tree(top);
  assert_int_equal(access(top, F_OK), -1);
  holds(kept, "x");
  assert_int_equal(file_make_dirs(under, &e), ERR_IO); /* a file in the way */
  char *one = NULL, *two = NULL;
  assert_int_equal(file_temp_dir(&one, &e), 0);
  assert_int_equal(file_temp_dir(&two, &e), 0);
  assert_string_not_equal(one, two);
  struct stat st;
  assert_int_equal(stat(one, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0700);
  file_remove_tree(one);
  file_remove_tree(two);
  assert_int_equal(access(one, F_OK), -1);
  free(one);
  free(two);
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

static void sweeps_what_killed_ones_left(void **state) {
  (void)state;
  static const char *const names[] = {".talk.mp4.titr-a1B2c3",
                                      ".talk.mp4.titr-ZZZZZZ", /* these two go */
                                      ".talk.mp4.titr-a1B2c34",
                                      ".talk.mp4.titr-",
                                      ".talk.mp3.titr-a1B2c3",
                                      "talk.mp4.titr-a1B2c3",
                                      ".talk.mp4",
                                      "talk.mp4"};
  _cleanup_(mem_freep) char *folder = in_dir("swept");
  assert_int_equal(file_make_dirs(folder, NULL), 0);
  for (size_t i = 0; i < ARRAY_LEN(names); i++) {
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", folder, names[i]);
    assert_int_equal(file_write(path, "x", 1, 1, NULL), 0);
  }
  _cleanup_(mem_freep) char *talk = x_asprintf("%s/talk.mp4", folder), *tmp = NULL;
  assert_int_equal(file_temp_beside(talk, &tmp, NULL), 0); /* names as they are made now */
  file_sweep_beside(talk);
  assert_int_equal(access(tmp, F_OK), -1);
  for (size_t i = 0; i < ARRAY_LEN(names); i++) {
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", folder, names[i]);
    assert_int_equal(access(path, F_OK), i < 2 ? -1 : 0);
  }
  file_discard(tmp);
  _cleanup_(mem_freep) char *nowhere = in_dir("no such folder/talk.mp4");
  file_sweep_beside(nowhere);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(writes_whole_or_not),
                                     cmocka_unit_test(commits),
                                     cmocka_unit_test(reads_within_a_ceiling),
                                     cmocka_unit_test(names),
                                     cmocka_unit_test(folders),
                                     cmocka_unit_test(sweeps_what_killed_ones_left)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
