/* `titr convert`: one subtitle format into another. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "caption/wrap.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "pipeline/subtitles.h"

static const char *const profiles[] = {"netflix", "bbc", "social", NULL};
static const char *const formats[] = {"srt", "vtt", "ass", "json", NULL};
static const struct option_row options[] = {
    {"to", 0, "FORMAT", formats, "the format to write: {choices} (default: by the name of OUT)"},
    {"force", 'f', NULL, NULL, "replace OUT when it exists"},
    {"wrap", 0, NULL, NULL, "break the lines anew of cues whose lines are too long or too many"},
    {"profile", 0, "NAME", profiles, "with --wrap: whose rules, {choices} (default: netflix)"},
    {"lang", 'l', "CODE", NULL, "with --wrap: the captions' language (default: the file's own, if it tells)"},
    {"vertical", 0, NULL, NULL, "with --wrap: for a vertical picture, whose lines are shorter"},
    {0}};

static int wrap(const struct arguments *a, struct cue_list *l, struct err *e) {
  const char *language = argument_text(a, "lang", NULL);
  struct caption_profile p;
  if (language && strlen(language) >= sizeof l->language)
    return err_set(e, ERR_USAGE, "--lang is a code such as en, ru, ja, not \"%s\"", language);
  if (language) snprintf(l->language, sizeof l->language, "%s", language);
  int rc =
      caption_profile_find(argument_text(a, "profile", "netflix"), l->language, argument_flag(a, "vertical"), 0, &p, e);
  if (rc == 0) caption_wrap(l, &p);
  return rc;
}

static int check_together(const struct arguments *a, struct err *e) {
  static const char *const of_wrap[] = {"profile", "lang", "vertical"};
  for (size_t i = 0; !argument_flag(a, "wrap") && i < ARRAY_LEN(of_wrap); i++)
    if (argument_flag(a, of_wrap[i])) return err_set(e, ERR_USAGE, "--%s goes with --wrap", of_wrap[i]);
  return 0;
}

static int convert(const struct arguments *a, struct err *e) {
  const char *const *files;
  if (argument_operands(a, &files) != 2) return err_set(e, ERR_USAGE, "name two files: titr convert talk.srt talk.vtt");
  int wish = argument_choice(a, "to", -1);
  enum caption_format to = (enum caption_format)wish;
  if (wish < 0 && strcmp(files[1], "-") == 0)
    return err_set(e, ERR_USAGE, "--to says what to write to standard output: titr convert --to vtt %s -", files[0]);
  int rc = check_together(a, e);
  if (rc == 0 && wish < 0) rc = caption_format_of_name(files[1], &to, e);
  _cleanup_(cue_list_release) struct cue_list l = {0};
  if (rc == 0) rc = subtitles_load(files[0], &l, NULL, e);
  if (rc == 0 && argument_flag(a, "wrap")) rc = wrap(a, &l, e);
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
    .examples = "titr convert talk.srt talk.vtt\tSubRip to WebVTT\n"
                "titr convert --to json talk.ass -\tto standard output\n"
                "titr convert --wrap --lang de film.srt film.wrapped.srt\tlines of at most 42 letters",
    .options = options,
    .run = run};
