#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "media/abilities.h"

/* What the renderer calls by name must be found here, on a machine where rendering is tested. */
static void finds_parts(void **state) {
  (void)state;
  static const struct {
    enum media_part part;
    const char *name;
    bool there;
  } cases[] = {
      {MEDIA_DECODER, "h264", true},   {MEDIA_DECODER, "libx264", false},  {MEDIA_DECODER, "none", false},
      {MEDIA_DECODER, "none!", false}, {MEDIA_ENCODER, "libx264", true},   {MEDIA_ENCODER, "aac", true},
      {MEDIA_ENCODER, "h265!", false}, {MEDIA_ENCODER, "mov_text", true},  {MEDIA_DEMUXER, "mov", true},
      {MEDIA_DEMUXER, "none", false},  {MEDIA_MUXER, "mp4", true},         {MEDIA_MUXER, "none", false},
      {MEDIA_FILTER, "scale", true},   {MEDIA_FILTER, "scalefour", false}, {MEDIA_FILTER, "", false},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++)
    if (media_has(cases[i].part, cases[i].name) != cases[i].there) fail_msg("%s", cases[i].name);
}

/* The other way round (no font to be had) needs a process of its own: tests/e2e/cli.sh. */
static void draws(void **state) {
  (void)state;
  struct err e = {0};
  if (media_draws_text(&e) != 0) fail_msg("%s", e.msg);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(finds_parts), cmocka_unit_test(draws)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
