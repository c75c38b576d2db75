#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "media/media.h"
#include "media_files.h"

#define VIDEO "-f lavfi -i testsrc2=size=320x180:rate=25:duration=2 "
#define SOUND "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=2 "
#define X264  "-c:v libx264 -preset ultrafast -pix_fmt yuv420p "

static const struct want {
  const char *name, *arguments, *container, *video, *audio;
  int width, height, coded_width, rotation;
  double fps, duration, start, video_start, audio_start;
  int sample_rate, channels;
  bool hdr;
} wants[] = {
    {"plain.mp4", VIDEO SOUND X264 "-c:a aac -ar 48000", "mov", "h264", "aac", 320, 180, 320, 0, 25, 2, 0, 0, 0, 48000,
     1, false},
    {"wide.mkv", VIDEO SOUND X264 "-vf setsar=4/3 -c:a libopus -ac 2", "matroska", "h264", "opus", 427, 180, 320, 0, 25,
     2, 0, 0, 0, 48000, 2, false},
    {"turned.mp4", "-i @/plain.mp4 -c copy -metadata:s:v rotate=270", "mov", "h264", "aac", 180, 320, 320, 90, 25, 2, 0,
     0, 0, 48000, 1, false},
    {"over.mp4", "-i @/plain.mp4 -c copy -metadata:s:v rotate=180", "mov", "h264", "aac", 320, 180, 320, 180, 25, 2, 0,
     0, 0, 48000, 1, false},
    {"late.ts", "-i @/plain.mp4 -c copy -muxdelay 0 -output_ts_offset 100", "mpegts", "h264", "aac", 320, 180, 320, 0,
     25, 2, 100, 0, 0, 48000, 1, false},
    {"apart.mkv", "-i @/plain.mp4 -itsoffset 0.5 -i @/plain.mp4 -map 0:v -map 1:a -c copy", "matroska", "h264", "aac",
     320, 180, 320, 0, 25, 2.5, 0, 0, 0.5, 48000, 1, false},
    {"mute.webm", VIDEO "-c:v libvpx -deadline realtime", "matroska", "vp8", NULL, 320, 180, 320, 0, 25, 2, 0, 0, 0, 0,
     0, false},
    {"film.mp4", "-f lavfi -i testsrc2=size=640x360:rate=24000/1001:duration=2 " X264, "mov", "h264", NULL, 640, 360,
     640, 0, 23.976, 2, 0, 0, 0, 0, 0, false},
    {"hdr.mkv",
     VIDEO X264 "-colorspace bt2020nc -color_trc smpte2084 -color_primaries bt2020 "
                "-x264-params colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
     "matroska", "h264", NULL, 320, 180, 320, 0, 25, 2, 0, 0, 0, 0, 0, true},
    {"voice.ogg", SOUND "-c:a libopus", "ogg", NULL, "opus", 0, 0, 0, 0, 0, 2, 0, 0, 0, 48000, 1, false},
    {"plain.wav", SOUND "-ac 2", "wav", NULL, "pcm_s16le", 0, 0, 0, 0, 0, 2, 0, 0, 0, 48000, 2, false},
    {"bare.aac", SOUND "-c:a aac", "aac", NULL, "aac", 0, 0, 0, 0, 0, 2, 0, 0, 0, 48000, 1, false},
    {"bare.mp3", SOUND "-write_xing 0", "mp3", NULL, "mp3", 0, 0, 0, 0, 0, 2, 0, 0, 0, 48000, 1, false},
    {"stream.webm", VIDEO SOUND "-c:v libvpx -deadline realtime -c:a libopus -live 1", "matroska", "vp8", "opus", 320,
     180, 320, 0, 25, 2, 0, 0, 0, 48000, 1, false},
};

static void near(const char *name, const char *what, double got, double want, double tolerance) {
  if (fabs(got - want) > tolerance) fail_msg("%s: %s is %g, expected %g", name, what, got, want);
}

static void describes(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
    const struct want *w = &wants[i];
    const char *path = files_make(w->arguments, w->name);
    struct media_info m = {0};
    struct err e = {0};
    if (media_probe(path, &m, &e) < 0) fail_msg("%s: %s", w->name, e.msg);
    assert_string_equal(m.container, w->container);
    assert_string_equal(m.video_codec, w->video ? w->video : "");
    assert_string_equal(m.audio_codec, w->audio ? w->audio : "");
    assert_int_equal(m.has_video, w->video != NULL);
    assert_int_equal(m.has_audio, w->audio != NULL);
    assert_int_equal(m.bytes, file_size(path));
    near(w->name, "width", m.width, w->width, 0);
    near(w->name, "height", m.height, w->height, 0);
    near(w->name, "coded width", m.coded_width, w->coded_width, 0);
    near(w->name, "rotation", m.rotation, w->rotation, 0);
    near(w->name, "fps", m.fps, w->fps, 0.01);
    near(w->name, "duration", m.duration, w->duration, 0.1);
    near(w->name, "start", m.start, w->start, 0.05);
    near(w->name, "video start", m.video_start, w->video_start, 0.05);
    near(w->name, "audio start", m.audio_start, w->audio_start, 0.05);
    near(w->name, "sample rate", m.sample_rate, w->sample_rate, 0);
    near(w->name, "channels", m.channels, w->channels, 0);
    near(w->name, "hdr", m.hdr, w->hdr, 0);
    near(w->name, "variable fps", m.variable_fps, 0, 0);
  }
}

static void variable_frame_rate(void **state) {
  (void)state;
  struct media_info m = {0};
  struct err e = {0};
  const char *path = files_make("-f lavfi -i testsrc2=size=320x180:rate=30:duration=4 -vf "
                                "select=lt(n\\,30)+not(mod(n\\,7)) -vsync vfr " X264,
                                "vfr.mp4");
  assert_int_equal(media_probe(path, &m, &e), 0);
  assert_true(m.variable_fps);
}

static void cover_is_no_video(void **state) {
  (void)state;
  files_make(VIDEO "-frames:v 1", "cover.png");
  files_make(SOUND "-c:a aac", "tone.m4a");
  struct media_info m = {0};
  struct err e = {0};
  const char *path =
      files_make("-i @/tone.m4a -i @/cover.png -map 0 -map 1 -c copy -disposition:v:0 attached_pic", "album.m4a");
  assert_int_equal(media_probe(path, &m, &e), 0);
  assert_true(m.has_audio);
  assert_false(m.has_video);
}

static void refuses(void **state) {
  (void)state;
  struct media_info m = {.width = 77};
  struct err e = {0};
  assert_int_equal(media_probe("/nonexistent/file.mp4", &m, &e), ERR_INPUT);
  assert_non_null(strstr(e.msg, "No such file"));
  assert_int_equal(file_write(files_path("text.mp4"), "hello\n", 6, 1, NULL), 0);
  assert_int_equal(media_probe(files_path("text.mp4"), &m, &e), ERR_INPUT);
  assert_int_equal(m.width, 77); /* written only on success */
}

/* What is written can be read back by a program: one value checked for each type. */
static void writes(void **state) {
  (void)state;
  struct media_info m = {.container = "mov", .duration = 1.5, .bytes = 9, .has_video = true, .width = 640, .hdr = true};
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 2);
  media_info_write(&m, &w);
  _cleanup_(js_freep) struct js *v = NULL;
  assert_int_equal(js_parse(buf_str(&b), b.len, "it", &v, NULL), 0);
  assert_string_equal(js_string_or(v, "container", ""), "mov");
  assert_true(js_number_or(v, "duration", 0) == 1.5);
  assert_int_equal(js_int_or(v, "video.width", 0), 640);
  assert_true(js_bool_or(v, "video.hdr", false));
  assert_null(js_at(v, "audio"));
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "child") == 0) return files_child(argc, argv);
  unsetenv("TITR_PROGRAM"); /* this program, not titr */
  const struct CMUnitTest tests[] = {cmocka_unit_test(describes), cmocka_unit_test(variable_frame_rate),
                                     cmocka_unit_test(cover_is_no_video), cmocka_unit_test(refuses),
                                     cmocka_unit_test(writes)};
  return cmocka_run_group_tests(tests, files_set_up, files_tear_down);
}
