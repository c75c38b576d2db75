/* Opening, as the child does it, here without its sandbox: files of the test's own making. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "media/boxes.h"
#include "media/input.h"
#include "media_files.h"

static AVFormatContext *opened(const char *path) {
  AVFormatContext *f = NULL;
  struct err e = {0};
  if (input_open(path, &f, &e) < 0) fail_msg("%s: %s", path, e.msg);
  return f;
}

#define VIDEO "-f lavfi -i testsrc2=s=160x90:d=1 "
#define SOUND "-f lavfi -i sine=d=1 "

static void chooses_streams(void **state) {
  (void)state;
  AVFormatContext *f = opened(files_make(VIDEO SOUND "-c:a aac", "one.mp4"));
  assert_int_equal(input_video(f), 0);
  assert_int_equal(input_audio(f), 1);
  assert_int_equal(input_origin(f), 0);
  input_close(&f);
  assert_null(f);
  input_close(&f);

  /* the default one wins over the one with more channels; without a default the latter */
  f = opened(files_make(
      SOUND "-f lavfi -i anullsrc=cl=5.1:d=1 -map 0 -map 1 -c:a flac -disposition:a:0 default -disposition:a:1 0",
      "default.mkv"));
  assert_int_equal(input_audio(f), 0);
  assert_int_equal(input_video(f), -1);
  input_close(&f);
  f = opened(files_make("-i @/default.mkv -map 0 -c copy -disposition:a 0 -default_mode passthrough", "none.mkv"));
  assert_int_equal(input_audio(f), 1);
  input_close(&f);

  /* of two pictures the larger */
  f = opened(files_make(
      VIDEO "-f lavfi -i testsrc2=s=320x180:d=1 -map 0 -map 1 -disposition:v 0 -default_mode passthrough", "two.mkv"));
  assert_int_equal(input_video(f), 1);
  input_close(&f);
}

static void origin(void **state) {
  (void)state;
  AVFormatContext *f = opened(files_make("-i @/one.mp4 -c copy -muxdelay 0 -output_ts_offset 50", "late.ts"));
  assert_true(llabs(input_origin(f) - 50 * AV_TIME_BASE) < AV_TIME_BASE / 10);
  input_close(&f);
}

/* ---- boxes ---- */

static void box(struct buf *b, const char *kind, const void *body, size_t n) {
  unsigned size = (unsigned)n + 8;
  unsigned char head[4] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16), (unsigned char)(size >> 8),
                           (unsigned char)size};
  buf_add(b, head, 4);
  buf_add(b, kind, 4);
  buf_add(b, body, n);
}

/* ftyp, then `list` (stsd or dref) with one entry, wrapped in the boxes of `path`, inside first. */
static struct boxes_findings look(const char *const *path, const char *list, const char *entry, const void *body,
                                  size_t n) {
  struct buf b = BUF_INIT;
  buf_add(&b, "\0\0\0\0\0\0\0\1", 8);
  box(&b, entry, body, n);
  const char *kind = list;
  for (;; kind = *path++) {
    struct buf outer = BUF_INIT;
    box(&outer, kind, b.data, b.len);
    buf_release(&b);
    b = outer;
    if (!*path) break;
  }
  struct buf file = BUF_INIT;
  box(&file, "ftyp", "isom\0\0\0\0", 8);
  buf_add(&file, b.data, b.len);
  buf_release(&b);
  assert_int_equal(file_write(files_path("boxes"), file.data, file.len, 1, NULL), 0);
  buf_release(&file);
  int fd = open(files_path("boxes"), O_RDONLY);
  assert_true(fd >= 0);
  struct boxes_findings found = boxes_look(fd);
  assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
  close(fd);
  return found;
}

static void boxes(void **state) {
  (void)state;
  static const char *const to_stsd[] = {"stbl", "minf", "mdia", "trak", "moov", NULL};
  static const char *const to_dref[] = {"dinf", "minf", "mdia", "trak", "moov", NULL};
  static const char *const elsewhere[] = {"dinf", "free", NULL};
  static const struct {
    const char *const *path;
    const char *list, *entry, *body;
    size_t n;
    bool encrypted, refers;
  } cases[] = {
      {to_stsd, "stsd", "avc1", "\0\0\0\0\0\0", 6, false, false},
      {to_stsd, "stsd", "encv", "\0\0\0\0\0\0", 6, true, false},
      {to_stsd, "stsd", "enca", "\0\0\0\0\0\0", 6, true, false},
      {to_stsd, "stsd", "drms", "\0\0\0\0\0\0", 6, true, false},
      {to_dref, "dref", "url ", "\0\0\0\1", 4, false, false}, /* in this file */
      {to_dref, "dref", "url ", "\0\0\0\0", 4, false, false}, /* says nothing */
      {to_dref, "dref", "url ", "\0\0\0\0http://x\0", 13, false, true},
      {to_dref, "dref", "alis", "\0\0\0\1\0\0", 6, false, false},
      {to_dref, "dref", "alis", "\0\0\0\0\0\0\0\0", 8, false, true},
      {to_dref, "dref", "urn ", "\0\0\0\0x\0", 6, false, true},
      {elsewhere, "dref", "url ", "\0\0\0\0http://x\0", 13, false, false}, /* not in a movie's index */
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct boxes_findings f = look(cases[i].path, cases[i].list, cases[i].entry, cases[i].body, cases[i].n);
    if (f.encrypted != cases[i].encrypted || f.elsewhere != cases[i].refers)
      fail_msg("case %zu: encrypted %d, elsewhere %d", i, f.encrypted, f.elsewhere);
  }
}

/* Every cut and every broken size of a real index ends the walk without harm. */
static void broken_boxes(void **state) {
  (void)state;
  struct buf good = BUF_INIT;
  assert_int_equal(
      file_read(files_make("-i @/one.mp4 -c copy -movflags +faststart", "front.mp4"), 1 << 22, &good, NULL), 0);
  for (size_t at = 0; at + 4 < good.len && at < 1200; at += 4) {
    static const unsigned char sizes[][4] = {
        {0, 0, 0, 0}, {0, 0, 0, 1}, {0, 0, 0, 7}, {255, 255, 255, 255}, {127, 255, 255, 255}};
    char saved[4];
    memcpy(saved, good.data + at, 4);
    memcpy(good.data + at, sizes[at / 4 % ARRAY_LEN(sizes)], 4);
    int fd = open(files_path("broken"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, good.data, at % 8 ? good.len : at + 6) > 0);
    struct boxes_findings f = boxes_look(fd);
    assert_false(f.encrypted);
    close(fd);
    memcpy(good.data + at, saved, 4);
  }
  buf_release(&good);
}

static void refuses(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
    const char *says;
  } cases[] = {
      {"", 0, "empty"},
      {"#EXTM3U\nx.ts\n", 13, "playlist"},
      {"ffconcat version 1.0\n", 21, "playlist"},
      {"just text", 9, "text"},
      {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, "picture"},
      {"PK\3\4\0\0\0\0", 8, "archive"},
      {"\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7", 16, "damaged"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    AVFormatContext *f = NULL;
    struct err e = {0};
    assert_int_equal(file_write(files_path("bad"), cases[i].bytes, cases[i].n, 1, NULL), 0);
    assert_int_equal(input_open(files_path("bad"), &f, &e), ERR_INPUT);
    if (!strstr(e.msg, cases[i].says)) fail_msg("case %zu: %s", i, e.msg);
    assert_null(f);
  }
}

int main(void) {
  av_log_set_level(AV_LOG_QUIET);
  const struct CMUnitTest tests[] = {cmocka_unit_test(chooses_streams), cmocka_unit_test(origin),
                                     cmocka_unit_test(boxes), cmocka_unit_test(broken_boxes),
                                     cmocka_unit_test(refuses)};
  return cmocka_run_group_tests(tests, files_set_up, files_tear_down);
}
