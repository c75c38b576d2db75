#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "base/clock.h"
#include "media/media.h"
#include "media_files.h"

#define SCENE(kind, seconds) "-f lavfi -t " seconds " -i " kind
#define JOIN(n)              " -filter_complex concat=n=" n ":v=1 -pix_fmt yuv420p -c:v libx264 -preset ultrafast"

static const struct {
  const char *name, *arguments;
  size_t count;
  double at[4];
} cases[] = {
    {"three.mp4",
     SCENE("testsrc2=s=320x180:r=25", "2") " " SCENE("mandelbrot=s=320x180:r=25",
                                                     "1.6") " " SCENE("smptebars=s=320x180:r=25", "2") JOIN("3"),
     2,
     {2, 3.6}},
    {"dark.mp4", /* two scenes of much the same brightness */
     SCENE("gradients=s=320x180:r=25:c0=0x202020:c1=0xa0a0a0:x0=0:y0=0:x1=319:y1=0:speed=0.00001", "2") " " SCENE(
         "gradients=s=320x180:r=25:c0=0xa0a0a0:c1=0x202020:x0=0:y0=0:x1=319:y1=0:speed=0.00001", "2") JOIN("2"),
     1,
     {2}},
    {"unrest.mp4", /* a scene in which every frame is new */
     SCENE("cellauto=s=320x180:r=25:rule=110:seed=3", "4") JOIN("1"),
     0,
     {0}},
    {"still.mp4", SCENE("testsrc2=s=320x180:r=25", "4") JOIN("1"), 0, {0}},
    {"pan.mp4", /* a fast pan over a picture full of detail */
     "-f lavfi -t 4 -i smptehdbars=s=1280x180:r=25,scroll=horizontal=0.02 -vf crop=320:180 -c:v libx264 -preset "
     "ultrafast "
     "-pix_fmt yuv420p",
     0,
     {0}},
    {"fade.mp4",
     SCENE("testsrc2=s=320x180:r=25", "5") " -vf fade=out:st=1:d=1,fade=in:st=3:d=1 -c:v libx264 -preset ultrafast "
                                           "-pix_fmt yuv420p",
     0,
     {0}},
    {"flash.mp4", /* one white frame, as of a camera's flash */
     SCENE("testsrc2=s=320x180:r=25",
           "4") " -vf drawbox=t=fill:c=white:enable=eq(n\\,50) -c:v libx264 -preset ultrafast "
                "-pix_fmt yuv420p",
     0,
     {0}},
    {"dissolve.mp4", /* a slow mix of two scenes is no cut */
     SCENE("testsrc2=s=320x180:r=25", "3") " " SCENE(
         "smptebars=s=320x180:r=25",
         "3") " -filter_complex xfade=duration=1.5:offset=1.5 -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
     0,
     {0}},
    {"noise.mp4",
     SCENE("color=gray:s=320x180:r=25,noise=alls=40:allf=t", "3") " -c:v libx264 -preset ultrafast",
     0,
     {0}},
};

static void cuts(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    const char *path = files_make(cases[i].arguments, cases[i].name);
    _cleanup_(mem_freep) double *times = NULL;
    size_t n = 99;
    struct err e = {0};
    if (media_shots(path, NULL, &times, &n, &e) < 0) fail_msg("%s: %s", cases[i].name, e.msg);
    for (size_t k = 0; k < n; k++) print_message("%s: %.3f\n", cases[i].name, times[k]);
    if (n != cases[i].count) fail_msg("%s: %zu shots, expected %zu", cases[i].name, n, cases[i].count);
    for (size_t k = 0; k < n; k++)
      if (fabs(times[k] - cases[i].at[k]) > 0.001) fail_msg("%s: shot %zu at %g", cases[i].name, k, times[k]);
  }
}

static void without_video(void **state) {
  (void)state;
  double *times = NULL;
  size_t n = 99;
  struct err e = {0};
  assert_int_equal(media_shots(files_make("-f lavfi -i sine=d=1", "a.wav"), NULL, &times, &n, &e), 0);
  assert_int_equal(n, 0);
  free(times);
}

static void cancelled(void **state) {
  (void)state;
  atomic_bool cancel = true;
  double *times = NULL;
  size_t n;
  struct err e = {0};
  assert_int_equal(media_shots(files_path("three.mp4"), &cancel, &times, &n, &e), ERR_CANCELLED);
  assert_null(times);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "child") == 0) return files_child(argc, argv);
  unsetenv("TITR_PROGRAM"); /* this program, not titr */
  const struct CMUnitTest tests[] = {cmocka_unit_test(cuts), cmocka_unit_test(without_video),
                                     cmocka_unit_test(cancelled)};
  return cmocka_run_group_tests(tests, files_set_up, files_tear_down);
}
