/* What job_check() refuses: a table of options, and what the sentence must contain. --subs stands in for a model. */
#include "unit/pipeline/folder.h"

#include <stdio.h>

#include "pipeline/job.h"

static const char *input, *subs, *existing, *fresh, *inner;

enum { REFUSED_USAGE = ERR_USAGE, REFUSED_INPUT = ERR_INPUT, FINE = 0 };

static struct job_options fine(void) {
  struct job_options o = job_default_options();
  o.input = input;
  o.subtitles = subs;
  o.video = fresh;
  return o;
}

static void expect(const struct job_options *o, int code, const char *part) {
  struct err e = {0};
  assert_int_equal(job_check(o, &e), code);
  if (!part || strstr(e.msg, part)) return;
  print_error("expected \"%s\" in: %s\n", part, e.msg);
  fail();
}

static void targets(void **state) {
  (void)state;
  struct job_options o = fine();
  expect(&o, FINE, NULL);
  o.video = existing;
  expect(&o, REFUSED_USAGE, "--force replaces it");
  o.replace = true;
  expect(&o, FINE, NULL);
  o.video = input;
  expect(&o, REFUSED_USAGE, "is the input itself");
  o = fine();
  o.replace = true;
  o.captions[CAPTION_SRT] = subs;
  expect(&o, REFUSED_USAGE, "is read by this job");
  o = fine();
  o.video = inner; /* in a folder that is not there */
  expect(&o, REFUSED_USAGE, "No such file or directory");
  o.video = "/tmp/";
  expect(&o, REFUSED_USAGE, "written as MP4");
  o.video = "x.mkv";
  expect(&o, REFUSED_USAGE, "x.mkv");
  o.video = "-";
  expect(&o, REFUSED_USAGE, "written as MP4");
  o.video = NULL;
  expect(&o, REFUSED_USAGE, "nothing to make");
  o.captions[CAPTION_SRT] = folder;
  expect(&o, REFUSED_USAGE, "is a folder");
  o.captions[CAPTION_SRT] = "/dev/null";
  expect(&o, REFUSED_USAGE, "not a regular file");
  o.captions[CAPTION_SRT] = o.captions[CAPTION_JSON] = "-";
  expect(&o, REFUSED_USAGE, "standard output");
  o.captions[CAPTION_SRT] = "a.srt";
  o.captions[CAPTION_JSON] = "./a.srt";
  expect(&o, REFUSED_USAGE, "same name");
}

static void sources(void **state) {
  (void)state;
  struct job_options o = fine();
  o.input = "no such file.mp4";
  expect(&o, REFUSED_INPUT, "No such file");
  o.input = folder;
  expect(&o, REFUSED_INPUT, "is a folder");
  o.input = "/dev/zero";
  expect(&o, REFUSED_INPUT, "not a regular file");
  o = fine();
  o.subtitles = "no such file.srt";
  expect(&o, REFUSED_INPUT, "No such file");
}

static void wishes(void **state) {
  (void)state;
  struct job_options o = fine();
  o.soft = o.vertical = true;
  expect(&o, REFUSED_USAGE, "--soft");
  o = fine();
  o.style = "karaoke_bax";
  expect(&o, REFUSED_USAGE, "karaoke_box");
  o = fine();
  o.profile = "nfl";
  expect(&o, REFUSED_USAGE, "netflix");
  o = fine();
  o.language = "xx";
  expect(&o, REFUSED_USAGE, "xx");
  o = fine();
  o.watermark = "";
  expect(&o, REFUSED_USAGE, "empty");
  o.watermark = "nowhere.PNG";
  expect(&o, REFUSED_USAGE, "nowhere.PNG");
  char text[300];
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  o.watermark = text;
  expect(&o, REFUSED_USAGE, "longer than");
}

static void missing_model(void **state) {
  (void)state;
  struct job_options o = fine();
  o.subtitles = NULL;
  o.model = "./no/such/folder";
  expect(&o, ERR_MODEL, "no/such/folder");
}

static int setup(void **state) {
  int rc = folder_make(state);
  input = put_file("in.mp4", "x");
  subs = put_file("in.srt", "x");
  existing = put_file("old.mp4", "x");
  fresh = in_folder("new.mp4");
  inner = in_folder("no/new.mp4");
  return rc;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(targets),
      cmocka_unit_test(sources),
      cmocka_unit_test(wishes),
      cmocka_unit_test(missing_model),
  };
  return cmocka_run_group_tests(tests, setup, folder_remove);
}
