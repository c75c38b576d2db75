/* Sample/16000 is the time: tones that begin and end at known moments are looked for in the PCM of many kinds of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "base/clock.h"
#include "media/media.h"
#include "media_files.h"

enum { RATE = 16000 };

static float *pcm;
static size_t count;

static void hear(const char *path) {
  struct media_pcm *p = NULL;
  struct err e = {0};
  if (media_pcm_open(path, &p, &e) < 0) fail_msg("%s: %s", path, e.msg);
  size_t cap = 0;
  count = 0;
  for (long n = 1; n > 0; count += n > 0 ? (size_t)n : 0) {
    x_grow(&pcm, &cap, count + 5000, sizeof *pcm);
    n = media_pcm_read(p, pcm + count, 4999, &e);
    if (n < 0) fail_msg("%s: %s", path, e.msg);
  }
  assert_int_equal(media_pcm_read(p, pcm, 10, &e), 0); /* the end stays the end */
  media_pcm_close(p);
}

static double level(double from, double to) {
  double sum = 0;
  size_t n = 0;
  for (size_t i = (size_t)(from * RATE); i < (size_t)(to * RATE) && i < count; i++, n++)
    sum += (double)pcm[i] * (double)pcm[i];
  return n ? sqrt(sum / (double)n) : 0;
}

/* The first moment at which 5 ms are louder than `threshold`. */
static double first_sound(double threshold) {
  for (double t = 0; t < (double)count / RATE; t += 0.001)
    if (level(t, t + 0.005) > threshold) return t;
  return -1;
}

static double length(void) {
  return (double)count / RATE;
}

static void near(const char *what, double got, double want, double tolerance) {
  if (fabs(got - want) > tolerance) fail_msg("%s is %g, expected %g", what, got, want);
}

/* Silence, then a tone from 1 to 2 s, then silence to 3 s. */
#define TONE  "-f lavfi -i sine=frequency=500:sample_rate=48000:duration=3,volume=enable='not(between(t,1,2))':volume=0 "
#define VIDEO "-f lavfi -i testsrc2=size=160x90:rate=25:duration=3 "

static void times(void **state) {
  (void)state;
  static const struct {
    const char *arguments, *name;
    double starts;
  } cases[] = {
      {TONE "-ar 16000", "a.wav", 1},
      {TONE "-c:a pcm_u8 -ar 8000", "b.wav", 1},
      {TONE "-c:a flac", "c.flac", 1},
      {TONE "-c:a aac", "d.m4a", 1},        /* encoder delay in the edit list */
      {TONE "-c:a libopus", "e.ogg", 1},    /* pre-skip */
      {TONE "-c:a libmp3lame", "f.mp3", 1}, /* delay in the LAME tag */
      {TONE "-c:a libvorbis", "g.ogg", 1},
      {VIDEO TONE "-c:v mpeg4 -c:a ac3", "h.avi", 1},
      {VIDEO TONE "-c:v libx264 -preset ultrafast -af pan=stereo|c0=c0|c1=c0 -c:a aac -ar 44100", "i.mp4", 1},
      {"-i @/i.mp4 -itsoffset 0.7 -i @/i.mp4 -map 0:v -map 1:a -c copy", "j.mkv", 1.7}, /* begins late */
      {"-itsoffset 0.7 -i @/i.mp4 -i @/i.mp4 -map 0:v -map 1:a -c copy", "k.mkv", 1},   /* the video begins late */
      {"-i @/i.mp4 -c copy -muxdelay 0 -output_ts_offset 1000", "l.ts", 1},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    hear(files_make(cases[i].arguments, cases[i].name));
    double start = first_sound(0.02);
    if (fabs(start - cases[i].starts) > 0.03) /* AAC's delay is not told by Matroska: 23 ms */
      fail_msg("%s: the tone begins at %g", cases[i].name, start);
    near(cases[i].name, level(start + 0.1, start + 0.9), 0.088, 0.01);
    if (level(start + 1.1, start + 1.8) > 0.003) fail_msg("%s: sound after the tone", cases[i].name);
    near(cases[i].name, length(), cases[i].starts + 2, 0.1);
  }
}

/* Speech in the centre channel of 5.1 is heard; the same amount of bass is not. */
static void surround(void **state) {
  (void)state;
  hear(files_make("-f lavfi -i aevalsrc=0|0|0.5*sin(2*PI*500*t)|0|0|0:c=5.1:s=48000:d=1", "centre.wav"));
  double centre = level(0.1, 0.9);
  hear(files_make("-f lavfi -i aevalsrc=0|0|0|0.5*sin(2*PI*500*t)|0|0:c=5.1:s=48000:d=1", "bass.wav"));
  assert_true(level(0.1, 0.9) < 0.001);
  hear(files_make("-f lavfi -i aevalsrc=0|0|0|0|0.5*sin(2*PI*500*t)|0:c=5.1:s=48000:d=1", "side.wav"));
  double side = level(0.1, 0.9);
  assert_true(centre > 0.1 && side > 0 && centre > 1.5 * side);
  hear(files_make("-f lavfi -i aevalsrc=0.5*sin(2*PI*500*t)|0.5*sin(2*PI*500*t):s=48000:d=1", "both.wav"));
  near("two equal channels", level(0.1, 0.9), 0.5 / sqrt(2), 0.01); /* neither doubled nor clipped */
}

/* Packets are lost between 1 and 2 s: what follows is still heard at its time, silence between. */
static void holes(void **state) {
  (void)state;
  hear(files_make("-f lavfi -i sine=frequency=500:duration=3 -af aselect='not(between(t,1,2))' -c:a pcm_s16le",
                  "hole.mkv"));
  near("length", length(), 3, 0.1);
  assert_true(level(0.2, 0.9) > 0.05 && level(2.2, 2.9) > 0.05);
  assert_true(level(1.15, 1.85) < 0.001);
}

static void damage(void **state) {
  (void)state;
  files_make("-f lavfi -i sine=frequency=500:duration=3 -c:a aac", "whole.m4a");
  const char *path = files_make("-i @/whole.m4a -c copy -bsf:a noise=amount=200", "noisy.mkv");
  hear(path); /* some packets do not decode: what does is heard */
  assert_true(length() > 1);
  struct media_pcm *p = NULL;
  struct err e = {0};
  path = files_make("-f lavfi -i testsrc2=size=160x90:duration=1", "mute.mp4");
  assert_int_equal(media_pcm_open(path, &p, &e), ERR_INPUT);
  assert_non_null(strstr(e.msg, "no sound"));
  assert_int_equal(media_pcm_open("/nonexistent.wav", &p, &e), ERR_INPUT);
  assert_null(p);
}

static void no_more_than_wanted(void **state) {
  (void)state;
  const char *path = files_make("-f lavfi -i sine=duration=600 -c:a aac -b:a 32k", "long.m4a");
  struct media_pcm *p = NULL;
  struct err e = {0};
  float some[100];
  double start = clock_now();
  assert_int_equal(media_pcm_open(path, &p, &e), 0);
  assert_true(media_pcm_read(p, some, 100, &e) > 0);
  media_pcm_close(p); /* long before the end: the child is ended, not waited for */
  assert_true(clock_now() - start < 10);
  start = clock_now();
  hear(path);
  print_message("10 minutes of AAC: %.2f s\n", clock_now() - start);
  near("length", length(), 600, 0.1);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "child") == 0) return files_child(argc, argv);
  unsetenv("TITR_PROGRAM"); /* this program, not titr */
  const struct CMUnitTest tests[] = {cmocka_unit_test(times), cmocka_unit_test(surround), cmocka_unit_test(holes),
                                     cmocka_unit_test(damage), cmocka_unit_test(no_more_than_wanted)};
  int rc = cmocka_run_group_tests(tests, files_set_up, files_tear_down);
  free(pcm);
  return rc;
}
