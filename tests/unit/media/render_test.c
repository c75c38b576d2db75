#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "media/graph.h"
#include "media/render_run.h"
#include "media/render_util.h"
#include "media/subtitle_burn.h"
#include "media/video_overlay.h"
#include "media/watermark.h"

/* ---- overlays ---- */

static AVFrame *grey_frame(int w, int h) {
  AVFrame *f = render_frame_new();
  f->format = AV_PIX_FMT_YUV420P;
  f->width = w;
  f->height = h;
  assert_int_equal(av_frame_get_buffer(f, 0), 0);
  for (int plane = 0; plane < 3; plane++)
    memset(f->data[plane], plane ? 128 : 100, (size_t)f->linesize[plane] * (size_t)(plane ? h / 2 : h));
  return f;
}

static int at(const AVFrame *f, int plane, int x, int y) {
  int shift = plane ? 1 : 0;
  return f->data[plane][(ptrdiff_t)(y >> shift) * f->linesize[plane] + (x >> shift)];
}

/* BT.709 limited range by the standard's own formulas. */
static void expected(double r, double g, double b, double out[3]) {
  double y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  out[0] = 16 + 219 * y;
  out[1] = 128 + 224 * (b - y) / 1.8556;
  out[2] = 128 + 224 * (r - y) / 1.5748;
}

static void layers_have_their_colour(void **state) {
  (void)state;
  static const uint8_t colours[][3] = {{255, 255, 255}, {0, 0, 0},   {255, 0, 0},
                                       {0, 255, 0},     {0, 0, 255}, {12, 200, 90}};
  static const uint8_t opacities[] = {255, 128, 1, 0};
  uint8_t full[8 * 8];
  memset(full, 255, sizeof full);
  for (size_t i = 0; i < ARRAY_LEN(colours); i++) {
    for (size_t k = 0; k < ARRAY_LEN(opacities); k++) {
      struct overlay o = {0};
      AVFrame *f = grey_frame(32, 32);
      const uint8_t *c = colours[i];
      double want[3], a = opacities[k] / 255.0;
      overlay_begin(&o, 8, 8, 8, 8, 32, 32);
      overlay_layer(&o, full, 8, 8, 8, 8, 8, c[0], c[1], c[2], opacities[k]);
      overlay_end(&o);
      overlay_blend(&o, f);
      expected(c[0] / 255.0, c[1] / 255.0, c[2] / 255.0, want);
      for (int plane = 0; plane < 3; plane++) {
        double ground = plane ? 128 : 100;
        double got = at(f, plane, 10, 10), should = ground + (want[plane] - ground) * a;
        if (fabs(got - should) > 1.01) fail_msg("colour %zu plane %d: %g, expected %g", i, plane, got, should);
        assert_int_equal(at(f, plane, 6, 10), plane ? 128 : 100);
        assert_int_equal(at(f, plane, 16, 10), plane ? 128 : 100);
        assert_int_equal(at(f, plane, 10, 16), plane ? 128 : 100);
      }
      overlay_release(&o);
      av_frame_free(&f);
    }
  }
}

/* Bitmaps that stick out on every side, and odd places, must neither write outside nor lose what is inside. */
static void layers_are_clipped(void **state) {
  (void)state;
  uint8_t full[40 * 40];
  memset(full, 255, sizeof full);
  static const int places[][2] = {{-13, -7}, {25, 29}, {-39, 5}, {3, -39}, {31, 31}, {-5, 33}, {100, 100}, {-100, 0}};
  for (size_t i = 0; i < ARRAY_LEN(places); i++) {
    struct overlay o = {0};
    AVFrame *f = grey_frame(32, 32);
    int x = places[i][0], y = places[i][1];
    overlay_begin(&o, x, y, 40, 40, 32, 32);
    overlay_layer(&o, full, 40, x, y, 40, 40, 255, 255, 255, 255);
    overlay_end(&o);
    overlay_blend(&o, f);
    for (int row = 0; row < 32; row++)
      for (int column = 0; column < 32; column++) {
        bool inside = column >= x && column < x + 40 && row >= y && row < y + 40;
        assert_int_equal(at(f, 0, column, row), inside ? 235 : 100);
      }
    overlay_release(&o);
    av_frame_free(&f);
  }
}

static void rgba_is_the_same_as_a_layer(void **state) {
  (void)state;
  enum { SIDE = 8 };
  uint8_t coverage[SIDE * SIDE], rgba[SIDE * SIDE * 4];
  for (int i = 0; i < SIDE * SIDE; i++) {
    int a = i * 4;
    coverage[i] = (uint8_t)a;
    rgba[4 * i] = (uint8_t)(200 * a / 255);
    rgba[4 * i + 1] = (uint8_t)(40 * a / 255);
    rgba[4 * i + 2] = (uint8_t)(90 * a / 255);
    rgba[4 * i + 3] = (uint8_t)a;
  }
  struct overlay one = {0}, two = {0};
  AVFrame *f = grey_frame(16, 16), *g = grey_frame(16, 16);
  overlay_begin(&one, 4, 4, SIDE, SIDE, 16, 16);
  overlay_layer(&one, coverage, SIDE, 4, 4, SIDE, SIDE, 200, 40, 90, 180);
  overlay_end(&one);
  overlay_begin(&two, 4, 4, SIDE, SIDE, 16, 16);
  overlay_rgba(&two, rgba, SIDE * 4, 4, 4, SIDE, SIDE, 180);
  overlay_end(&two);
  overlay_blend(&one, f);
  overlay_blend(&two, g);
  assert_int_not_equal(at(f, 0, 11, 11), 100);
  for (int plane = 0; plane < 3; plane++)
    for (int y = 0; y < 16; y++)
      for (int x = 0; x < 16; x++) assert_in_range(at(f, plane, x, y) - at(g, plane, x, y) + 2, 0, 4);
  overlay_release(&one);
  overlay_release(&two);
  av_frame_free(&f);
  av_frame_free(&g);
}

/* ---- libass ---- */

static const char script[] =
    "[Script Info]\nScriptType: v4.00+\nPlayResX: 320\nPlayResY: 240\n\n[V4+ Styles]\n"
    "Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BackColour, BorderStyle, Outline, Shadow, "
    "Alignment, "
    "MarginL, MarginR, MarginV\nStyle: D,Noto Sans,32,&H00FFFFFF,&H00000000,&H00000000,1,1,0,2,10,10,10\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Text\nDialogue: 0,0:00:01.00,0:00:02.00,D,words\n";

static void captions_come_and_go(void **state) {
  (void)state;
  _cleanup_(subtitle_burn_freep) struct subtitle_burn *b = NULL;
  struct err e = {0};
  assert_int_equal(subtitle_burn_open(script, sizeof script - 1, 320, 240, &b, &e), 0);
  bool changed;
  assert_int_equal(subtitle_burn_at(b, 0.5, &changed)->w, 0);
  assert_int_equal(subtitle_burn_at(b, 0.9994, &changed)->w, 0);
  const struct overlay *o = subtitle_burn_at(b, 0.99999, &changed); /* a hair before by rounding: it is there */
  assert_true(changed);
  assert_in_range(o->w, 40, 200);
  assert_true(o->x > 50 && o->x + o->w < 270 && o->y > 170 && o->y + o->h <= 240); /* bottom centre */
  subtitle_burn_at(b, 1.5, &changed);
  assert_false(changed);
  assert_int_equal(subtitle_burn_at(b, 2.0, &changed)->w, 0);
  assert_true(changed);
}

static void watermark_text_is_text(void **state) {
  (void)state;
  struct err e = {0};
  struct overlay plain = {0}, codes = {0}, longer = {0};
  assert_int_equal(watermark_text("titr", 640, 360, false, &plain, &e), 0);
  assert_true(plain.x > 320 && plain.x + plain.w <= 640 && plain.y >= 8 && plain.y < 60); /* top right */
  /* As ASS code this would be empty or huge; as text it is about as tall as any line. */
  assert_int_equal(watermark_text("{\\fs200}a\\Nb", 640, 360, false, &codes, &e), 0);
  assert_in_range(codes.h, 4, plain.h * 2);
  assert_true(codes.w > plain.w);
  char text[201];
  memset(text, 'w', 200);
  text[200] = '\0';
  assert_int_equal(watermark_text(text, 640, 360, false, &longer, &e), 0);
  assert_true(longer.x >= 0 && longer.w <= 640);
  assert_int_equal(watermark_text("", 640, 360, false, &longer, &e), ERR_USAGE);
  overlay_release(&plain);
  overlay_release(&codes);
  overlay_release(&longer);
}

/* A small PNG file. */
static void write_png(const char *path) {
  AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_PNG));
  AVFrame *f = render_frame_new();
  AVPacket *p = render_packet_new();
  assert_non_null(c);
  f->format = c->pix_fmt = AV_PIX_FMT_RGBA;
  f->width = c->width = 40;
  f->height = c->height = 20;
  c->time_base = (AVRational){1, 25};
  assert_int_equal(avcodec_open2(c, NULL, NULL), 0);
  assert_int_equal(av_frame_get_buffer(f, 0), 0);
  memset(f->data[0], 255, (size_t)f->linesize[0] * 20);
  assert_int_equal(avcodec_send_frame(c, f), 0);
  assert_int_equal(avcodec_receive_packet(c, p), 0);
  assert_int_equal(file_write(path, p->data, (size_t)p->size, 1, NULL), 0);
  av_packet_free(&p);
  av_frame_free(&f);
  avcodec_free_context(&c);
}

/* The corner, and 5 % of the height below a mark that makes room for captions at the head. */
static void watermarks_make_room(void **state) {
  (void)state;
  static const struct {
    int width, height;
    bool low, foot;
  } cases[] = {{640, 360, false, false},
               {640, 360, true, true},
               {400, 400, true, true},
               {360, 640, true, false},
               {360, 640, false, false}};
  char *dir = NULL;
  assert_int_equal(file_temp_dir(&dir, NULL), 0);
  _cleanup_(mem_freep) char *png = x_asprintf("%s/mark.png", dir);
  write_png(png);
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct overlay marks[2] = {{0}};
    struct err e = {0};
    int w = cases[i].width, h = cases[i].height;
    assert_int_equal(watermark_text("titr", w, h, cases[i].low, &marks[0], &e), 0);
    assert_int_equal(watermark_png(png, w, h, cases[i].low, &marks[1], &e), 0);
    for (int k = 0; k < 2; k++) {
      const struct overlay *o = &marks[k];
      bool right = o->x > w / 2 && o->x + o->w <= w && o->x + o->w >= w - 24;
      /* libass's bitmaps are some pixels larger than what they show */
      bool foot = o->y > h / 2 && o->y + o->h <= h - h / 20 + 8 && o->y + o->h >= h - h / 20 - h / 30;
      bool head = o->y >= 8 && o->y + o->h < h / 5;
      if (!right || !(cases[i].foot ? foot : head))
        fail_msg("%dx%d, low %d, mark %d: %d,%d %dx%d", w, h, cases[i].low, k, o->x, o->y, o->w, o->h);
      overlay_release(&marks[k]);
    }
  }
  file_remove_tree(dir);
  free(dir);
}

/* ---- filter descriptions ---- */

static void descriptions(void **state) {
  (void)state;
  static const int32_t quarter[9] = {0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30}; /* 90 degrees clockwise */
  static const struct {
    int w, h;
    AVRational pixel;
    bool cover;
    enum media_fit fit;
    const int32_t *rotation;
    int out_w, out_h;
    const char *text;
  } cases[] = {
      {1920, 1080, {1, 1}, false, 0, NULL, 1920, 1080, "format=yuv420p,setsar=1"},
      {1921, 1081, {1, 1}, false, 0, NULL, 1920, 1080, "crop=1920:1080:0:0:exact=1,format=yuv420p,setsar=1"},
      {3840, 2160, {1, 1}, false, 0, NULL, 1280, 720, "scale=1280:720:flags=bicubic,format=yuv420p,setsar=1"},
      {1920,
       1080,
       {1, 1},
       true,
       MEDIA_CROP,
       NULL,
       1080,
       1920,
       "crop=608:1080:656:0,scale=1080:1920:flags=bicubic,format=yuv420p,setsar=1"},
      {1920,
       1080,
       {1, 1},
       true,
       MEDIA_PAD,
       NULL,
       1080,
       1920,
       "scale=1080:608:flags=bicubic,pad=1080:1920:0:656,format=yuv420p,setsar=1"},
      {1920, 1080, {1, 1}, true, MEDIA_CROP, quarter, 1080, 1920, "transpose=clock,format=yuv420p,setsar=1"},
      {720,
       576,
       {16, 15},
       false,
       0,
       NULL,
       768,
       576,
       "scale=768:576:flags=bicubic:in_color_matrix=bt601:out_color_matrix=bt709:in_range=tv:out_range=tv,"
       "format=yuv420p,setsar=1"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(buf_release) struct buf out = BUF_INIT;
    AVFrame *f = render_frame_new();
    f->width = cases[i].w;
    f->height = cases[i].h;
    f->format = AV_PIX_FMT_YUV420P;
    struct graph_shape s = {.width = cases[i].out_w,
                            .height = cases[i].out_h,
                            .cover = cases[i].cover,
                            .fit = cases[i].fit,
                            .rotation = cases[i].rotation,
                            .pixel_aspect = cases[i].pixel,
                            .time_base = {1, 90000}};
    graph_describe(&s, f, &out);
    av_frame_free(&f);
    assert_string_equal(buf_str(&out), cases[i].text);
  }
}

/* ---- the whole way ---- */

struct folder {
  char *dir, *in, *out, *ass, *srt;
};

static void put16(struct buf *b, int v) {
  buf_addc(b, (char)(v & 255));
  buf_addc(b, (char)(v >> 8 & 255));
}

/* A WAV of one second: 8 kHz mono, a low tone. */
static int make_folder(void **state) {
  struct folder *f = NEW(struct folder);
  _cleanup_(buf_release) struct buf wav = BUF_INIT;
  enum { RATE = 8000 };
  buf_add(&wav, "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0", 24);
  put16(&wav, RATE);
  put16(&wav, 0);
  put16(&wav, 2 * RATE);
  put16(&wav, 0);
  put16(&wav, 2);
  put16(&wav, 16);
  buf_adds(&wav, "data");
  put16(&wav, 2 * RATE);
  put16(&wav, 0);
  for (int i = 0; i < RATE; i++) put16(&wav, (int)lrint(9000 * sin(i * 0.2)));
  assert_int_equal(file_temp_dir(&f->dir, NULL), 0);
  f->in = x_asprintf("%s/it's, [in]: %%d;.wav", f->dir);
  f->out = x_asprintf("%s/out.mp4", f->dir);
  f->ass = x_asprintf("%s/a:b',[c].ass", f->dir);
  f->srt = x_asprintf("%s/a.srt", f->dir);
  assert_int_equal(file_write(f->in, wav.data, wav.len, 1, NULL), 0);
  assert_int_equal(file_write(f->ass, script, sizeof script - 1, 1, NULL), 0);
  assert_int_equal(file_write(f->srt, "1\n00:00:00,000 --> 00:00:00,500\nhello\n", 39, 1, NULL), 0);
  *state = f;
  return 0;
}

static int remove_folder(void **state) {
  struct folder *f = *state;
  file_remove_tree(f->dir);
  free(f->dir);
  free(f->in);
  free(f->out);
  free(f->ass);
  free(f->srt);
  free(f);
  return 0;
}

static void note(void *ctx, double done) {
  double *last = ctx;
  assert_true(done >= 0 && done <= 1);
  *last = done;
}

static void sound_becomes_a_video(void **state) {
  struct folder *f = *state;
  _cleanup_(buf_release) struct buf mp4 = BUF_INIT;
  struct err e = {0};
  double last = -1;
  struct media_render_options o = {.input = f->in,
                                   .output = f->out,
                                   .ass = f->ass,
                                   .background = MEDIA_WAVEFORM,
                                   .quality = MEDIA_720P,
                                   .threads = 1};
  assert_int_equal(file_write(f->out, "old content", 11, 1, NULL), 0);
  int rc = render_run(&o, note, &last, &e);
  if (rc) fail_msg("%s", e.msg);
  assert_true(last > 0);
  assert_int_equal(file_read(f->out, 10 << 20, &mp4, NULL), 0);
  const char *index = memmem(mp4.data, mp4.len, "moov", 4), *media = memmem(mp4.data, mp4.len, "mdat", 4);
  assert_non_null(index);
  assert_non_null(media);
  assert_true(index < media);
  assert_memory_equal(mp4.data + 4, "ftyp", 4);
}

static void refusals(void **state) {
  struct folder *f = *state;
  _cleanup_(mem_freep) char *nowhere = x_asprintf("%s/no/out.mp4", f->dir);
  const struct {
    const char *what;
    struct media_render_options o;
    int code;
    const char *says;
  } cases[] = {
      {"no background", {.input = f->in, .output = f->out}, ERR_INPUT, "background"},
      {"soft without video", {.input = f->in, .output = f->out, .soft = f->srt}, ERR_INPUT, "no video"},
      {"text as media", {.input = f->srt, .output = f->out, .background = MEDIA_PLAIN}, ERR_INPUT, ""},
      {"no output", {.input = f->in, .output = nowhere, .background = MEDIA_PLAIN}, ERR_IO, "no/out.mp4"},
      {"no script", {.input = f->in, .output = f->out, .ass = nowhere, .background = MEDIA_PLAIN}, ERR_INPUT, ""},
      {"no watermark",
       {.input = f->in, .output = f->out, .watermark_png = f->srt, .background = MEDIA_PLAIN},
       ERR_INPUT,
       "not a PNG"},
  };
  assert_int_equal(file_write(f->out, "", 0, 1, NULL), 0);
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct err e = {0};
    int rc = render_run(&cases[i].o, NULL, NULL, &e);
    if (rc != cases[i].code || !strstr(e.msg, cases[i].says)) fail_msg("%s: %d, %s", cases[i].what, rc, e.msg);
  }
}

/* A file that may not grow stands for a full disk: the error is the writer's, in words. */
static void no_room(void **state) {
  struct folder *f = *state;
  struct err e = {0};
  struct rlimit old, small;
  struct media_render_options o = {.input = f->in, .output = f->out, .background = MEDIA_WAVEFORM, .threads = 1};
  assert_int_equal(file_write(f->out, "", 0, 1, NULL), 0);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = 4096;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  int rc = render_run(&o, NULL, NULL, &e);
  setrlimit(RLIMIT_FSIZE, &old);
  assert_int_equal(rc, ERR_IO);
  assert_non_null(strstr(e.msg, "out.mp4"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layers_have_their_colour),
      cmocka_unit_test(layers_are_clipped),
      cmocka_unit_test(rgba_is_the_same_as_a_layer),
      cmocka_unit_test(captions_come_and_go),
      cmocka_unit_test(watermark_text_is_text),
      cmocka_unit_test(watermarks_make_room),
      cmocka_unit_test(descriptions),
      cmocka_unit_test_setup_teardown(sound_becomes_a_video, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(refusals, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(no_room, make_folder, remove_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
