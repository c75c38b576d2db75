/* The storage's paths and holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "service/storage.h"

static char *root;
static struct storage *storage;

static int open_storage(void **state) {
  (void)state;
  return file_temp_dir(&root, NULL) < 0 || storage_open(root, &storage, NULL) < 0;
}

static int close_storage(void **state) {
  (void)state;
  storage_free(storage);
  file_remove_tree(root);
  free(root);
  return 0;
}

static void paths_stay_inside(void **state) {
  (void)state;
  static const char *const good[] = {"tasks/x/result.mp4", "a", "a..b/c", "..a/b"};
  static const char *const bad[] = {"", "/etc/passwd", "..", "../x", "tasks/../../x", "tasks/..", "a//../b"};
  for (size_t i = 0; i < ARRAY_LEN(good); i++) {
    _cleanup_(mem_freep) char *path = NULL;
    assert_int_equal(storage_path(storage, good[i], &path, NULL), 0);
    assert_int_equal(strncmp(path, storage_root(storage), strlen(storage_root(storage))), 0);
  }
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    char *path = NULL;
    struct err e = {0};
    assert_int_equal(storage_path(storage, bad[i], &path, &e), ERR_INPUT);
    assert_null(path);
  }
}

static int count(void *ctx, const char *public_id, double age) {
  (void)public_id;
  assert_true(age < 60);
  ++*(int *)ctx;
  return 0;
}

static void a_folder_in_use_stays(void **state) {
  (void)state;
  struct storage_hold hold = STORAGE_HOLD_NONE, second = STORAGE_HOLD_NONE;
  assert_int_equal(storage_hold(storage, "task1", &hold, NULL), 0);
  struct err e = {0};
  assert_int_equal(storage_hold(storage, "task1", &second, &e), ERR_IO);
  assert_non_null(strstr(e.msg, "in use"));
  _cleanup_(mem_freep) char *file = x_asprintf("%s/input", hold.folder);
  assert_int_equal(file_write(file, "12345", 5, 0, NULL), 0);
  int64_t bytes;
  assert_int_equal(storage_remove_task(storage, "task1", false, &bytes, NULL), 0);
  int folders = 0;
  assert_int_equal(storage_each_task(storage, count, &folders, NULL), 0);
  assert_int_equal(folders, 1);
  storage_let_go(&hold);
  storage_let_go(&hold); /* twice does no harm */
  assert_int_equal(storage_remove_task(storage, "task1", true, &bytes, NULL), 1);
  assert_true(bytes > 0);
  assert_int_equal(file_size(file), 5); /* dry */
  assert_int_equal(storage_remove_task(storage, "task1", false, &bytes, NULL), 1);
  assert_int_equal(storage_remove_task(storage, "task1", false, &bytes, NULL), 0);
  assert_int_equal(storage_hold(storage, "task1", &hold, NULL), 0); /* and can be made again */
  storage_let_go(&hold);
  assert_true(storage_free_bytes(storage) > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(paths_stay_inside, open_storage, close_storage),
      cmocka_unit_test_setup_teardown(a_folder_in_use_stays, open_storage, close_storage),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
