/* The work folder: what is used again, what is not, and that nothing is lost on the way. */
#include "unit/pipeline/folder.h"

#include <unistd.h>

#include "pipeline/work.h"

static struct job_options options(const char *input, const char *work) {
  struct job_options o = job_default_options();
  o.input = input;
  o.video = "out.mp4";
  o.work = work;
  return o;
}

static void transcript_and_cues_survive(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *input = put_file("in.mp4", "input"), *dir = in_folder("w1/deeper");
  struct job_options o = options(input, dir);
  struct work w;
  assert_int_equal(work_open(&w, &o, NULL), 0);
  assert_false(work_has(&w, WORK_TRANSCRIPT));
  _cleanup_(transcript_release) struct transcript t = {
      .language = "de", .language_probability = 0.75F, .duration = 2.5};
  transcript_add(&t, "\"Größe\\", 0.25, 0.5, 0.5F, false, true);
  transcript_add(&t, "字", 0.5, 0.5, 1, true, false);
  assert_int_equal(work_save_transcript(&w, &t, NULL), 0);
  _cleanup_(cue_list_release) struct cue_list l = {.language = "de"};
  cue_list_add(&l, 250, 500, "\"Größe\\\n字");
  assert_int_equal(work_save_cues(&w, &l, NULL), 0);
  work_close(&w);

  assert_int_equal(work_open(&w, &o, NULL), 0);
  _cleanup_(transcript_release) struct transcript back = {0};
  _cleanup_(cue_list_release) struct cue_list cues = {0};
  assert_int_equal(work_load_transcript(&w, &back, NULL), 0);
  assert_int_equal(work_load_cues(&w, &cues, NULL), 0);
  work_close(&w);
  assert_string_equal(back.language, "de");
  assert_true(back.duration == 2.5 && back.language_probability == 0.75F);
  assert_int_equal(back.count, 2);
  for (size_t i = 0; i < 2; i++) {
    assert_string_equal(back.words[i].text, t.words[i].text);
    assert_true(back.words[i].start == t.words[i].start && back.words[i].end == t.words[i].end);
    assert_true(back.words[i].probability == t.words[i].probability);
    assert_int_equal(back.words[i].space_before, t.words[i].space_before);
    assert_int_equal(back.words[i].starts_segment, t.words[i].starts_segment);
  }
  assert_int_equal(cues.count, 1);
  assert_string_equal(cues.cues[0].text, l.cues[0].text);
  assert_string_equal(cues.language, "de");
}

static void fill(const struct work *w) {
  assert_int_equal(work_write(w, "transcript.json", "{}", 2, NULL), 0);
  assert_int_equal(work_write(w, "cues.json", "{}", 2, NULL), 0);
  assert_int_equal(work_write(w, "render.mp4", "m", 1, NULL), 0);
}

/* How many stages of a filled folder are still there for other options. */
static int kept(const struct job_options *first, const struct job_options *second) {
  struct work w;
  assert_int_equal(work_open(&w, first, NULL), 0);
  fill(&w);
  work_close(&w);
  assert_int_equal(work_open(&w, second, NULL), 0);
  int n = work_has(&w, WORK_TRANSCRIPT) + work_has(&w, WORK_CUES) + work_has(&w, WORK_RENDER);
  assert_true(n < 1 || work_has(&w, WORK_TRANSCRIPT)); /* never a later stage without the ones before */
  assert_true(n < 2 || work_has(&w, WORK_CUES));
  work_close(&w);
  return n;
}

static void options_decide_what_is_kept(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *input = put_file("in2.mp4", "input"), *dir = in_folder("w2");
  const struct job_options o = options(input, dir);
  struct job_options other = o;
  assert_int_equal(kept(&o, &o), 3);
  other.video = "elsewhere.mp4";
  other.threads = 1;
  other.replace = true;
  assert_int_equal(kept(&o, &other), 3);
  other = o;
  other.style = "cinematic";
  assert_int_equal(kept(&o, &other), 2);
  other = o;
  other.watermark = "me";
  assert_int_equal(kept(&o, &other), 2);
  other = o;
  other.profile = "bbc";
  assert_int_equal(kept(&o, &other), 1);
  other = o;
  other.language = "ru";
  assert_int_equal(kept(&o, &other), 0);
  other = o;
  other.beam = 1;
  assert_int_equal(kept(&o, &other), 0);
}

static void another_input_starts_anew(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *input = put_file("in3.mp4", "input"), *dir = in_folder("w3");
  const struct job_options o = options(input, dir);
  assert_int_equal(kept(&o, &o), 3);
  free(put_file("in3.mp4", "another input under the same name"));
  struct work w;
  assert_int_equal(work_open(&w, &o, NULL), 0);
  assert_false(work_has(&w, WORK_TRANSCRIPT) || work_has(&w, WORK_CUES) || work_has(&w, WORK_RENDER));
  work_close(&w);
}

static void one_job_at_a_time(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *input = put_file("in4.mp4", "input"), *dir = in_folder("w4");
  const struct job_options o = options(input, dir);
  struct work one, two;
  struct err e = {0};
  assert_int_equal(work_open(&one, &o, NULL), 0);
  assert_int_equal(work_open(&two, &o, &e), ERR_USAGE);
  assert_non_null(strstr(e.msg, "in use"));
  work_close(&two);
  work_close(&one);
  assert_int_equal(work_open(&two, &o, NULL), 0);
  work_close(&two);
}

static void damaged_files_are_errors(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "{",
                                    "{}",
                                    "{\"words\": 1}",
                                    "{\"words\": [{\"text\": \"a\"}]}",
                                    "{\"words\": [{\"text\": \"a\",\"start\": 2,\"end\": 1,\"probability\": "
                                    "1,\"space_before\": true,\"starts_segment\": "
                                    "true}]}"};
  _cleanup_(mem_freep) char *input = put_file("in5.mp4", "input"), *dir = in_folder("w5");
  const struct job_options o = options(input, dir);
  struct work w;
  assert_int_equal(work_open(&w, &o, NULL), 0);
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    struct transcript t = {0};
    struct cue_list l = {0};
    assert_int_equal(work_write(&w, "transcript.json", bad[i], strlen(bad[i]), NULL), 0);
    assert_int_equal(work_load_transcript(&w, &t, NULL), ERR_INPUT);
    assert_int_equal(t.count, 0);
    assert_int_equal(work_write(&w, "cues.json", bad[i], strlen(bad[i]), NULL), 0);
    assert_int_equal(work_load_cues(&w, &l, NULL), ERR_INPUT);
    cue_list_release(&l);
  }
  work_close(&w);
}

/* A run that was killed while it wrote: its temporary files go, a user's own file stays. */
static void begun_writing_is_swept(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *input = put_file("in6.mp4", "input"), *dir = in_folder("w6");
  struct job_options o = options(input, dir);
  struct work w;
  assert_int_equal(work_open(&w, &o, NULL), 0);
  work_close(&w);
  static const char *const left[] = {".render.part.mp4.titr-a1B2c3", ".cues.json.titr-a1B2c3", ".job.json.titr-a1B2c3",
                                     ".theirs.mp4.titr-a1B2c3"};
  for (size_t i = 0; i < ARRAY_LEN(left); i++) {
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, left[i]);
    assert_int_equal(file_write(path, "x", 1, 1, NULL), 0);
  }
  assert_int_equal(work_open(&w, &o, NULL), 0);
  work_close(&w);
  for (size_t i = 0; i < ARRAY_LEN(left); i++) {
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, left[i]);
    assert_int_equal(access(path, F_OK), i < 3 ? -1 : 0);
  }
}

static void temporary_folder_goes(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *input = put_file("in6.mp4", "input");
  const struct job_options o = options(input, NULL);
  struct work w;
  assert_int_equal(work_open(&w, &o, NULL), 0);
  fill(&w);
  _cleanup_(mem_freep) char *path = x_strdup(w.folder);
  assert_int_equal(access(path, F_OK), 0);
  work_close(&w);
  assert_int_equal(access(path, F_OK), -1);
  work_close(&w); /* closed already */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(transcript_and_cues_survive), cmocka_unit_test(options_decide_what_is_kept),
      cmocka_unit_test(another_input_starts_anew),   cmocka_unit_test(one_job_at_a_time),
      cmocka_unit_test(damaged_files_are_errors),    cmocka_unit_test(begun_writing_is_swept),
      cmocka_unit_test(temporary_folder_goes),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
