/* Damaged copies of real files through every operation: an answer each time, ERR_INPUT at worst, and this process lives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "media/media.h"
#include "media_files.h"

enum { COPIES = 25 };

static uint32_t seed = 20;
static uint32_t below(size_t n) {
  seed = seed * 1664525u + 1013904223u;
  return (uint32_t)((uint64_t)(seed >> 8) * n >> 24);
}

static void spoil(struct buf *b, int how) {
  /* headers and indexes lie at the beginning and at the end */
  size_t zone = b->len < 3000 || how % 3 == 0 ? b->len : 3000, from = how % 3 == 2 ? b->len - zone : 0;
  for (uint32_t k = 1 + below(how % 2 ? 4 : 40); k > 0; k--) b->data[from + below(zone)] ^= (char)(1 << below(8));
  if (how % 5 == 4) b->len = b->len / 2 + below(b->len / 2);
}

static void try_all(const char *path, int *opened) {
  struct media_info info;
  struct err e = {0};
  int rc = media_probe(path, &info, &e);
  assert_true(rc == 0 || (rc == ERR_INPUT && e.msg[0]));
  *opened += rc == 0;

  struct media_pcm *p = NULL;
  float pcm[4096];
  rc = media_pcm_open(path, &p, &e);
  long n = rc;
  while (rc == 0 && (n = media_pcm_read(p, pcm, ARRAY_LEN(pcm), &e)) > 0)
    for (long i = 0; i < n; i++) assert_true(pcm[i] >= -8 && pcm[i] <= 8);
  assert_true(n == 0 || n == ERR_INPUT);
  media_pcm_close(p);

  double *times = NULL;
  size_t count = 0;
  rc = media_shots(path, NULL, &times, &count, &e);
  assert_true(rc == 0 || rc == ERR_INPUT);
  for (size_t i = 1; i < count; i++) assert_true(times[i] > times[i - 1]);
  free(times);
}

static void mutants(void **state) {
  (void)state;
  static const struct {
    const char *arguments, *name;
  } files[] = {
      {"-f lavfi -i testsrc2=s=160x90:d=1 -f lavfi -i sine=d=1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a "
       "aac",
       "a.mp4"},
      {"-i @/a.mp4 -c:v libvpx -deadline realtime -c:a libopus", "b.webm"},
      {"-i @/a.mp4 -c copy", "c.ts"},
      {"-i @/a.mp4 -vn -c:a libopus", "d.ogg"},
      {"-i @/a.mp4 -vn -c:a adpcm_ima_wav", "e.wav"},
      {"-i @/a.mp4 -vn", "f.mp3"},
  };
  int opened = 0;
  for (size_t i = 0; i < ARRAY_LEN(files); i++) {
    _cleanup_(buf_release) struct buf good = BUF_INIT;
    assert_int_equal(file_read(files_make(files[i].arguments, files[i].name), 1 << 24, &good, NULL), 0);
    for (int k = 0; k < COPIES; k++) {
      _cleanup_(buf_release) struct buf bad = BUF_INIT;
      buf_add(&bad, good.data, good.len);
      spoil(&bad, k);
      assert_int_equal(file_write(files_path("mutant"), bad.data, bad.len, 1, NULL), 0);
      try_all(files_path("mutant"), &opened);
    }
  }
  print_message("%d of %zu damaged files could be opened\n", opened, COPIES * ARRAY_LEN(files));
  assert_true(opened > 0); /* else nothing was tried beyond the first look */
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "child") == 0) return files_child(argc, argv);
  unsetenv("TITR_PROGRAM"); /* this program, not titr */
  const struct CMUnitTest tests[] = {cmocka_unit_test(mutants)};
  return cmocka_run_group_tests(tests, files_set_up, files_tear_down);
}
