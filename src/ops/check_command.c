/* `titr check`: captions against the rules of a profile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "caption/check.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "pipeline/subtitles.h"

enum { LEAST_FPS = 1, MOST_FPS = 240 };

static const char *const profiles[] = {"netflix", "bbc", "social", NULL};
static const struct option_row options[] = {
    {"profile", 0, "NAME", profiles, "whose rules: {choices} (default: netflix)"},
    {"lang", 'l', "CODE", NULL,
     "the captions' language, for the rules that depend on it (default: the file's own, if it tells)"},
    {"fps", 0, "N", NULL,
     "frames a second of the video, 1 to 240, which the gaps are counted in; below 10 counts as 25 (default: what "
     "titr's own JSON tells, else 25)"},
    {"vertical", 0, NULL, NULL, "for a vertical picture: shorter lines"},
    {"quiet", 'q', NULL, NULL, "no lines, only the exit code"},
    {0}};

static int read_fps(const char *text, double *ret, struct err *e) {
  if (!text) return 0;
  char *end;
  double fps = strtod(text, &end);
  bool plain = text[strspn(text, "0123456789.")] == '\0'; /* strtod() also takes "0x19", "nan" and "2e1" */
  if (!plain || end == text || *end || !(fps >= LEAST_FPS && fps <= MOST_FPS))
    return err_set(e, ERR_USAGE, "--fps is a number from %d to %d, such as 25 or 23.976, not \"%s\"", LEAST_FPS,
                   MOST_FPS, text);
  *ret = fps;
  return 0;
}

static int check(const struct arguments *a, size_t *ret_breaches, struct err *e) {
  const char *const *files;
  if (argument_operands(a, &files) != 1) return err_set(e, ERR_USAGE, "name one file: titr check talk.srt");
  double fps = 0;
  int rc = read_fps(argument_text(a, "fps", NULL), &fps, e);
  if (rc < 0) return rc;
  _cleanup_(cue_list_release) struct cue_list l = {0};
  struct caption_profile p;
  rc = subtitles_load(files[0], &l, NULL, e);
  if (fps <= 0) fps = l.fps; /* the profile knows what to take when nobody tells */
  const char *language = argument_text(a, "lang", l.language);
  if (rc == 0)
    rc = caption_profile_find(argument_text(a, "profile", "netflix"), language, argument_flag(a, "vertical"), fps, &p,
                              e);
  if (rc < 0) return rc;
  if (language != l.language) snprintf(l.language, sizeof l.language, "%s", language);
  struct caption_breach *found;
  size_t count;
  *ret_breaches = caption_check(&l, &p, &found, &count);
  if (l.count == 0 && !argument_flag(a, "quiet")) {
    printf("%s holds no cues: there is nothing to check\n", subtitles_name(files[0]));
  } else if (!argument_flag(a, "quiet")) {
    for (size_t i = 0; i < count; i++)
      printf("%s: %s%s\n", caption_rule_name(found[i].rule), found[i].text,
             found[i].counts ? "" : " (a remark: there is no room for more)");
    printf("%s: %zu cue%s, %zu breach%s of the %s rules\n", subtitles_name(files[0]), l.count, l.count == 1 ? "" : "s",
           *ret_breaches, *ret_breaches == 1 ? "" : "es", p.name);
  }
  free(found);
  return 0;
}

static int run(const struct arguments *a) {
  struct err e = {0};
  size_t breaches = 0;
  if (check(a, &breaches, &e) < 0) return cli_fail(&e);
  return breaches ? 1 : 0;
}

const struct command command_check = {
    .name = "check",
    .operands = "FILE",
    .about = "check captions against a profile's rules",
    .text = "Prints a line for each breach, and exits with 1 when there is any.",
    .examples =
        "titr check --lang en talk.srt\tNetflix's rules\ntitr check --profile social --vertical talk.vtt\tfor phones",
    .options = options,
    .run = run};
