#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "media/preview.h"

static const char script[] =
    "[Script Info]\nScriptType: v4.00+\nPlayResX: 320\nPlayResY: 180\n\n[V4+ Styles]\n"
    "Format: Name, Fontname, Fontsize, PrimaryColour, Alignment, MarginV\nStyle: D,Noto Sans,32,&H00FFFFFF,2,10\n\n"
    "[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 0,0:00:01.00,0:00:02.00,D,words\n";

static unsigned int be32(const char *p) {
  const unsigned char *u = (const unsigned char *)p;
  return (unsigned int)u[0] << 24 | (unsigned int)u[1] << 16 | (unsigned int)u[2] << 8 | u[3];
}

static void a_picture(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *dir = NULL;
  struct err e = {0};
  assert_int_equal(file_temp_dir(&dir, NULL), 0);
  _cleanup_(mem_freep) char *ass = x_asprintf("%s/a.ass", dir);
  _cleanup_(mem_freep) char *png = x_asprintf("%s/a.png", dir);
  _cleanup_(buf_release) struct buf with = BUF_INIT, without = BUF_INIT, again = BUF_INIT;
  assert_int_equal(file_write(ass, script, sizeof script - 1, 1, NULL), 0);
  /* The file is written in place and ends where the picture ends. */
  static const char old[1 << 20] = "x";
  assert_int_equal(file_write(png, old, sizeof old, 1, NULL), 0);
  const struct {
    double seconds;
    struct buf *out;
  } shots[] = {{1.5, &with}, {0.5, &without}, {1.5, &again}};
  for (size_t i = 0; i < ARRAY_LEN(shots); i++) {
    int rc = preview_run(ass, shots[i].seconds, 320, 180, png, &e);
    if (rc) fail_msg("%s", e.msg);
    assert_int_equal(file_read(png, sizeof old, shots[i].out, NULL), 0);
  }
  assert_memory_equal(with.data, "\x89PNG\r\n\x1a\n", 8);
  assert_int_equal(be32(with.data + 16), 320);
  assert_int_equal(be32(with.data + 20), 180);
  assert_memory_equal(with.data + with.len - 8, "IEND", 4);
  assert_true(with.len == again.len && !memcmp(with.data, again.data, with.len)); /* the same everywhere */
  assert_true(with.len != without.len || memcmp(with.data, without.data, with.len));

  assert_int_equal(preview_run(png, 1, 320, 180, png, &e), ERR_INPUT); /* no script */
  file_remove_tree(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_picture)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
