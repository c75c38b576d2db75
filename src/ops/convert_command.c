/* `titr convert`: one subtitle format into another. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "pipeline/subtitles.h"

static const char *const formats[] = {"srt", "vtt", "ass", "json", NULL};
static const struct option_row options[] = {
    {"to", 0, "FORMAT", formats, "the format to write: {choices} (default: by the name of OUT)"},
    {"force", 'f', NULL, NULL, "replace OUT when it exists"},
    {0}};

static int convert(const struct arguments *a, struct err *e) {
  const char *const *files;
  if (argument_operands(a, &files) != 2) return err_set(e, ERR_USAGE, "name two files: titr convert talk.srt talk.vtt");
  int wish = argument_choice(a, "to", -1);
  enum caption_format to = (enum caption_format)wish;
  if (wish < 0 && strcmp(files[1], "-") == 0)
    return err_set(e, ERR_USAGE, "--to says what to write to standard output: titr convert --to vtt %s -", files[0]);
  int rc = wish < 0 ? caption_format_of_name(files[1], &to, e) : 0;
  _cleanup_(cue_list_release) struct cue_list l = {0};
  if (rc == 0) rc = subtitles_load(files[0], &l, NULL, e);
  if (rc < 0) return rc;
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  caption_write(&l, to, &b);
  rc = file_write(files[1], buf_str(&b), b.len, argument_flag(a, "force"), e);
  if (rc == 0 && l.count == 0)
    fprintf(stderr, "titr: %s holds no cues, and so does %s\n", subtitles_name(files[0]),
            strcmp(files[1], "-") == 0 ? "standard output" : file_name(files[1]));
  return rc;
}

static int run(const struct arguments *a) {
  struct err e = {0};
  return convert(a, &e) < 0 ? cli_fail(&e) : 0;
}

const struct command command_convert = {
    .name = "convert",
    .operands = "IN OUT",
    .about = "turn captions into another format",
    .text = "Formats are SRT, WebVTT, ASS and JSON; what IN is shows from its content. - is standard input or, with "
            "--to, standard output.",
    .examples =
        "titr convert talk.srt talk.vtt\tSubRip to WebVTT\ntitr convert --to json talk.ass -\tto standard output",
    .options = options,
    .run = run};
