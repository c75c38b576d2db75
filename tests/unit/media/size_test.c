#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"
#include "media/media.h"

static void sizes(void **state) {
  (void)state;
  static const struct {
    int w, h;
    bool vertical, soft;
    enum media_quality quality;
    enum media_background background;
    int out_w, out_h;
  } cases[] = {
      {1920, 1080, false, false, MEDIA_SOURCE, 0, 1920, 1080},
      {3840, 2160, false, false, MEDIA_1080P, 0, 1920, 1080},
      {3840, 2160, false, false, MEDIA_720P, 0, 1280, 720},
      {1080, 1920, false, false, MEDIA_720P, 0, 720, 1280},
      {640, 360, false, false, MEDIA_1080P, 0, 640, 360}, /* never enlarged */
      {2538, 1080, false, false, MEDIA_720P, 0, 1692, 720},
      {321, 243, false, false, MEDIA_SOURCE, 0, 320, 242},
      {1, 1, false, false, MEDIA_SOURCE, 0, 2, 2},
      {4000, 3, false, false, MEDIA_SOURCE, 0, 4000, 2},
      {1920, 1080, true, false, MEDIA_SOURCE, 0, 1080, 1920},
      {320, 240, true, false, MEDIA_1080P, 0, 1080, 1920},
      {320, 240, true, false, MEDIA_720P, 0, 720, 1280},
      {1921, 1081, false, true, MEDIA_720P, 0, 1921, 1081}, /* copied */
      {0, 0, false, false, MEDIA_SOURCE, MEDIA_PLAIN, 1920, 1080},
      {0, 0, true, false, MEDIA_SOURCE, MEDIA_WAVEFORM, 1080, 1920},
      {0, 0, false, false, MEDIA_720P, MEDIA_WAVEFORM, 1280, 720},
      {0, 0, true, false, MEDIA_SOURCE, MEDIA_NO_BACKGROUND, 0, 0},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct media_info info = {.has_video = cases[i].w > 0, .width = cases[i].w, .height = cases[i].h};
    struct media_render_options o = {.vertical = cases[i].vertical,
                                     .soft = cases[i].soft ? "x.srt" : NULL,
                                     .quality = cases[i].quality,
                                     .background = cases[i].background};
    int w = -1, h = -1;
    media_output_size(&info, &o, &w, &h);
    if (w != cases[i].out_w || h != cases[i].out_h)
      fail_msg("case %zu: %dx%d, expected %dx%d", i, w, h, cases[i].out_w, cases[i].out_h);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(sizes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
