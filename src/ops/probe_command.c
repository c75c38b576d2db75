/* `titr probe`: what a media file holds, as JSON. */
#include <stdio.h>

#include "media/media.h"
#include "ops/cli.h"
#include "ops/commands.h"

static int run(const struct arguments *a) {
  const char *const *files;
  struct err e = {0};
  if (argument_operands(a, &files) != 1) {
    err_set(&e, ERR_USAGE, "name one file: titr probe talk.mp4");
    return cli_fail(&e);
  }
  struct media_info info;
  if (media_probe(files[0], &info, &e) < 0) return cli_fail(&e);
  struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 2);
  media_info_write(&info, &w);
  printf("%s\n", buf_str(&b));
  buf_release(&b);
  return 0;
}

static const struct option_row options[] = {{0}};
const struct command command_probe = {.name = "probe",
                                      .operands = "FILE",
                                      .about = "show what a media file holds, as JSON",
                                      .examples = "titr probe talk.mp4\tcontainer, duration, picture, sound",
                                      .options = options,
                                      .run = run};
