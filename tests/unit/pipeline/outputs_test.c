/* Results appear together or not at all. */
#include "unit/pipeline/folder.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/outputs.h"

static size_t entries(void) {
  size_t n = 0;
  DIR *d = opendir(folder);
  for (struct dirent *e; (e = readdir(d));) n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
  closedir(d);
  return n;
}

static void all_at_once(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *video = in_folder("a.mp4"), *srt = in_folder("a.srt");
  struct outputs o = {0};
  const char *tmp;
  assert_int_equal(outputs_reserve(&o, video, &tmp, NULL), 0);
  assert_int_equal(file_write(tmp, "video", 5, 1, NULL), 0);
  assert_int_equal(outputs_text(&o, srt, "text", 4, NULL), 0);
  assert_int_equal(access(video, F_OK), -1);
  assert_int_equal(access(srt, F_OK), -1);
  assert_int_equal(outputs_commit(&o, NULL), 0);
  outputs_release(&o);
  assert_file(video, "video");
  assert_file(srt, "text");
  assert_int_equal(entries(), 2);
}

static void nothing_without_commit(void **state) {
  (void)state;
  size_t before = entries();
  _cleanup_(mem_freep) char *path = in_folder("never.srt");
  struct outputs o = {0};
  assert_int_equal(outputs_text(&o, path, "text", 4, NULL), 0);
  assert_int_equal(entries(), before + 1);
  outputs_release(&o);
  assert_int_equal(entries(), before);
}

/* The second cannot get its name: the first, which was new, is taken back; an old file is as it was. */
static void taken_back(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *first = in_folder("first.srt"), *second = in_folder("second.srt");
  struct outputs o = {0};
  struct err e = {0};
  assert_int_equal(outputs_text(&o, first, "1", 1, NULL), 0);
  assert_int_equal(outputs_text(&o, second, "2", 1, NULL), 0);
  free(put_file("second.srt", "somebody else's"));
  assert_int_equal(outputs_commit(&o, &e), ERR_USAGE);
  assert_non_null(strstr(e.msg, "second.srt exists"));
  outputs_release(&o);
  assert_int_equal(access(first, F_OK), -1);
  assert_file(second, "somebody else's");
}

static void replaced_on_request(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *path = put_file("old.srt", "old");
  struct outputs o = {.replace = true};
  assert_int_equal(outputs_text(&o, path, "new", 3, NULL), 0);
  assert_file(path, "old");
  assert_int_equal(outputs_commit(&o, NULL), 0);
  outputs_release(&o);
  assert_file(path, "new");
}

static void copies_are_independent(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *source = put_file("render.mp4", "film"), *path = in_folder("film.mp4");
  size_t before = entries();
  for (int i = 0; i < 2; i++) { /* the second time over the first */
    struct outputs o = {.replace = true};
    assert_int_equal(outputs_copy(&o, path, source, NULL, NULL), 0);
    assert_int_equal(outputs_commit(&o, NULL), 0);
    outputs_release(&o);
    assert_file(path, "film");
    assert_int_equal(entries(), before + 1);
  }
  struct stat a, b;
  assert_int_equal(stat(source, &a) | stat(path, &b), 0);
  assert_int_not_equal(a.st_ino, b.st_ino);
  atomic_bool cancel = true;
  struct outputs o = {.replace = true};
  assert_int_equal(outputs_copy(&o, path, source, &cancel, NULL), ERR_CANCELLED);
  outputs_release(&o);
  assert_int_equal(entries(), before + 1);
}

static void folder_that_is_not_there(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *path = in_folder("no/where.srt");
  struct outputs o = {0};
  assert_int_equal(outputs_text(&o, path, "1", 1, NULL), ERR_IO);
  outputs_release(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_at_once),
      cmocka_unit_test(nothing_without_commit),
      cmocka_unit_test(taken_back),
      cmocka_unit_test(replaced_on_request),
      cmocka_unit_test(copies_are_independent),
      cmocka_unit_test(folder_that_is_not_there),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
