/* The meter on a clock of ours: what a person sees must never go back, and must come true. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/meter.h"

static double clock_seconds;
static double fake_now(void) {
  return clock_seconds;
}

struct seen {
  struct job_progress last;
  size_t count;
  double worst_jump; /* of `remaining`, beyond the time that passed, in percent of it */
};

static void watch(void *ctx, const struct job_progress *p) {
  struct seen *s = ctx;
  assert_true(p->done >= s->last.done);
  assert_true(p->done >= 0 && p->done <= 1);
  assert_true(p->stage_done >= 0 && p->stage_done <= 1);
  if (s->count && s->last.remaining > 5 && p->remaining >= 0) {
    double jump = fabs(p->remaining - s->last.remaining) / s->last.remaining;
    if (jump > s->worst_jump) s->worst_jump = jump;
  }
  s->last = *p;
  s->count++;
}

static struct meter begin(struct seen *s, struct job_events *events, const struct job_options *o,
                          const struct media_info *info) {
  struct meter m;
  *s = (struct seen){0};
  *events = (struct job_events){.progress = watch, .ctx = s};
  clock_seconds = 1000;
  meter_init(&m, events);
  m.now = fake_now;
  m.began = m.stage_began = clock_seconds;
  meter_plan(&m, o, info);
  return m;
}

/* Runs a stage that takes `seconds`, steadily. */
static void pass(struct meter *m, enum job_stage stage, double seconds) {
  meter_stage(m, stage);
  double from = clock_seconds;
  while (clock_seconds - from < seconds) {
    clock_seconds += 0.05;
    meter_tell(m, (clock_seconds - from) / seconds);
  }
}

static const struct media_info video = {
    .duration = 60, .has_video = true, .has_audio = true, .width = 1920, .height = 1080, .fps = 25};

static struct job_options options(void) {
  struct job_options o = job_default_options();
  o.input = "talk.mp4";
  o.video = "talk.titr.mp4";
  return o;
}

static void steady_job(void **state) {
  (void)state;
  struct job_options o = options();
  struct seen s;
  struct job_events events;
  struct meter m = begin(&s, &events, &o, &video);
  pass(&m, JOB_PROBE, 0.2);
  pass(&m, JOB_MODEL, 0.5);
  pass(&m, JOB_RECOGNIZE, 5);
  meter_stage(&m, JOB_SHOTS);
  double from = clock_seconds;
  pass(&m, JOB_RENDER, 25);
  double half = s.last.done;
  assert_true(half > 0.9);
  assert_true(s.last.remaining >= 0 && s.last.remaining < 2);
  assert_true(s.last.done < 1); /* not before the files have their names */
  meter_stage(&m, JOB_SAVE);
  meter_finish(&m);
  assert_true(s.last.done == 1 && s.last.remaining == 0);
  assert_true(s.worst_jump < 0.25);
  /* at most ten reports a second, and those at the stages */
  assert_true((double)s.count < (clock_seconds - 1000) * 10.5 + 10);
  assert_true(clock_seconds - from > 24);
}

static void remaining_time_comes_true(void **state) {
  (void)state;
  struct job_options o = options();
  struct seen s;
  struct job_events events;
  struct meter m = begin(&s, &events, &o, &video);
  meter_skip(&m, JOB_SHOTS);
  pass(&m, JOB_RECOGNIZE, 10);
  meter_stage(&m, JOB_RENDER);
  double from = clock_seconds, whole = 60; /* slower than any guess */
  while (clock_seconds - from < 30) {
    clock_seconds += 0.1;
    meter_tell(&m, (clock_seconds - from) / whole);
  }
  assert_true(fabs(s.last.remaining - 30) < 3);
  assert_true(fabs(s.last.done - 40.0 / 70) < 0.05);
}

static void unknown_duration(void **state) {
  (void)state;
  struct job_options o = options();
  struct media_info info = video;
  info.duration = 0;
  struct seen s;
  struct job_events events;
  struct meter m = begin(&s, &events, &o, &info);
  pass(&m, JOB_RECOGNIZE, 4);
  double guessed = m.weight[JOB_RENDER];
  meter_duration(&m, 600);
  assert_true(fabs(m.weight[JOB_RENDER] - 10 * guessed) < 1e-6);
  pass(&m, JOB_RENDER, 100);
  meter_finish(&m);
  assert_true(s.last.done == 1);
}

static void skipped_stages_weigh_nothing(void **state) {
  (void)state;
  struct job_options o = options();
  struct seen s;
  struct job_events events;
  struct meter m = begin(&s, &events, &o, &video);
  meter_skip(&m, JOB_MODEL);
  meter_skip(&m, JOB_RECOGNIZE);
  meter_skip(&m, JOB_SHOTS);
  pass(&m, JOB_PROBE, 0.1);
  assert_true(s.last.done < 0.1); /* nearly all is ahead */
  o.subtitles = "talk.srt";
  m = begin(&s, &events, &o, &video);
  assert_true(m.weight[JOB_RECOGNIZE] == 0 && m.weight[JOB_MODEL] == 0 && m.weight[JOB_RENDER] > 0);
  o.video = NULL;
  m = begin(&s, &events, &o, &video);
  assert_true(m.weight[JOB_RENDER] == 0);
}

/* A stage that reports backwards or nonsense does not take the bar with it. */
static void foreign_reports(void **state) {
  (void)state;
  struct job_options o = options();
  struct seen s;
  struct job_events events;
  struct meter m = begin(&s, &events, &o, &video);
  meter_stage(&m, JOB_RENDER);
  const double told[] = {0.5, 0.2, NAN, -3, 7, INFINITY, 0.1};
  for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
    clock_seconds += 1;
    meter_tell(&m, told[i]); /* watch() asserts */
  }
  assert_true(s.last.stage_done == 1);
  assert_true(isfinite(s.last.remaining));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steady_job),       cmocka_unit_test(remaining_time_comes_true),
      cmocka_unit_test(unknown_duration), cmocka_unit_test(skipped_stages_weigh_nothing),
      cmocka_unit_test(foreign_reports),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
