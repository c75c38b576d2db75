/*
 * Every style, rendered by libass over a bright and a dark half and compared with the picture of tests/golden/styles
 * that was looked at by eye. TITR_GOLDEN_UPDATE=1 writes the pictures instead: look at them before they are committed.
 *
 * Tolerance: libass, FreeType and font versions move edges by a fraction of a pixel. In what is painted, a mean difference
 * of 6 of 255 and 2 % of the samples more than 64 apart allow for that; two styles are further apart than this, which is tested too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <libswscale/swscale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "caption/style.h"
#include "media/render_util.h"
#include "media/subtitle_burn.h"

#define GOLDEN    "tests/golden/styles"
#define MEAN      6.0
#define FAR       64
#define FAR_SHARE 0.02

#define LINES     "Good captions are read\nwithout being noticed"
#define RUSSIAN   "Хорошие титры\nне замечают"
#define BRIGHT_Y  222
#define DARK_Y    30

struct shot {
  const char *style, *text, *language;
  int width, height;
  enum caption_position position;
};

/* ---- pictures ---- */

static AVFrame *new_frame(int width, int height, enum AVPixelFormat format) {
  AVFrame *f = render_frame_new();
  f->width = width;
  f->height = height;
  f->format = format;
  assert_int_equal(av_frame_get_buffer(f, 1), 0);
  return f;
}

static AVFrame *halves(int width, int height) {
  AVFrame *f = new_frame(width, height, AV_PIX_FMT_YUV420P);
  for (int y = 0; y < height; y++) {
    uint8_t *row = f->data[0] + (ptrdiff_t)y * f->linesize[0];
    memset(row, BRIGHT_Y, (size_t)width / 2);
    memset(row + width / 2, DARK_Y, (size_t)(width - width / 2));
  }
  for (int plane = 1; plane < 3; plane++)
    for (int y = 0; y < height / 2; y++)
      memset(f->data[plane] + (ptrdiff_t)y * f->linesize[plane], 128, (size_t)width / 2);
  return f;
}

/* Words half a second each: at 1.25 s the third is being said. */
static void add_words(struct cue *c) {
  size_t n = 0, cap = 0;
  for (size_t i = 0; c->text[i];) {
    size_t length = strcspn(c->text + i, " \n");
    x_grow(&c->words, &cap, n + 1, sizeof *c->words);
    c->words[n] = (struct cue_word){i, length, (int64_t)n * 500, (int64_t)n * 500 + 500, 1};
    n++;
    i += length + strspn(c->text + i + length, " \n");
  }
  c->word_count = n;
}

static AVFrame *picture(const struct shot *s) {
  _cleanup_(cue_list_release) struct cue_list l = {0};
  _cleanup_(buf_release) struct buf script = BUF_INIT;
  _cleanup_(subtitle_burn_freep) struct subtitle_burn *burn = NULL;
  const struct caption_style *style;
  struct err e = {0};
  memcpy(l.language, s->language, strlen(s->language) + 1);
  add_words(cue_list_add(&l, 0, 6000, s->text));
  assert_int_equal(caption_style_find(s->style, &style, NULL), 0);
  caption_style_script(style, &l, s->width, s->height, s->position, &script);
  if (subtitle_burn_open(script.data, script.len, s->width, s->height, &burn, &e)) fail_msg("%s", e.msg);
  AVFrame *f = halves(s->width, s->height);
  overlay_blend(subtitle_burn_at(burn, 1.25, NULL), f);
  return f;
}

static AVFrame *to_rgb(const AVFrame *yuv) {
  AVFrame *rgb = new_frame(yuv->width, yuv->height, AV_PIX_FMT_RGB24);
  struct SwsContext *sws = sws_getContext(yuv->width, yuv->height, AV_PIX_FMT_YUV420P, yuv->width, yuv->height,
                                          AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);
  assert_non_null(sws);
  const int *bt709 = sws_getCoefficients(SWS_CS_ITU709);
  sws_setColorspaceDetails(sws, bt709, 0, bt709, 1, 0, 1 << 16, 1 << 16);
  sws_scale(sws, (const uint8_t *const *)yuv->data, yuv->linesize, 0, yuv->height, rgb->data, rgb->linesize);
  sws_freeContext(sws);
  return rgb;
}

static AVCodecContext *png(const AVCodec *codec, int width, int height) {
  AVCodecContext *c = avcodec_alloc_context3(codec);
  c->width = width;
  c->height = height;
  c->pix_fmt = AV_PIX_FMT_RGB24;
  c->time_base = (AVRational){1, 1};
  c->compression_level = 9;
  assert_int_equal(avcodec_open2(c, codec, NULL), 0);
  return c;
}

static void write_png(const char *path, AVFrame *rgb) {
  AVCodecContext *c = png(avcodec_find_encoder(AV_CODEC_ID_PNG), rgb->width, rgb->height);
  _cleanup_(packet_freep) AVPacket *p = render_packet_new();
  assert_int_equal(avcodec_send_frame(c, rgb), 0);
  assert_int_equal(avcodec_send_frame(c, NULL), 0);
  assert_int_equal(avcodec_receive_packet(c, p), 0);
  assert_int_equal(file_write(path, p->data, (size_t)p->size, 1, NULL), 0);
  avcodec_free_context(&c);
}

static AVFrame *read_png(const char *path) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct err e = {0};
  if (file_read(path, 1 << 20, &b, &e)) fail_msg("%s", e.msg);
  AVCodecContext *c = png(avcodec_find_decoder(AV_CODEC_ID_PNG), 0, 0);
  _cleanup_(packet_freep) AVPacket *p = render_packet_new();
  AVFrame *f = render_frame_new();
  assert_int_equal(av_new_packet(p, (int)b.len), 0);
  memcpy(p->data, b.data, b.len);
  assert_int_equal(avcodec_send_packet(c, p), 0);
  assert_int_equal(avcodec_receive_frame(c, f), 0);
  avcodec_free_context(&c);
  return f;
}

struct difference {
  double mean, far_share; /* over what is painted in either picture */
};

static struct difference compare(const AVFrame *a, const AVFrame *b) {
  assert_int_equal(a->width, b->width);
  assert_int_equal(a->height, b->height);
  double sum = 0;
  long painted = 0, beyond = 0;
  for (int y = 0; y < a->height; y++) {
    const uint8_t *p = a->data[0] + (ptrdiff_t)y * a->linesize[0], *q = b->data[0] + (ptrdiff_t)y * b->linesize[0];
    for (int x = 0; x < 3 * a->width; x++) {
      int ground = a->data[0][x]; /* nothing stands in the first row */
      if (abs(p[x] - ground) < 8 && abs(q[x] - ground) < 8) continue;
      painted++;
      sum += abs(p[x] - q[x]);
      beyond += abs(p[x] - q[x]) > FAR;
    }
  }
  assert_true(painted > 0);
  return (struct difference){sum / (double)painted, (double)beyond / (double)painted};
}

static bool alike(struct difference d) {
  return d.mean <= MEAN && d.far_share <= FAR_SHARE;
}

/* ---- golden pictures ---- */

static bool differs_from_golden(const struct shot *s, const char *variant) {
  _cleanup_(mem_freep) char *path = x_asprintf(GOLDEN "/%s%s.png", s->style, variant);
  _cleanup_(frame_freep) AVFrame *yuv = picture(s);
  _cleanup_(frame_freep) AVFrame *rgb = to_rgb(yuv);
  if (getenv("TITR_GOLDEN_UPDATE")) {
    write_png(path, rgb);
    return false;
  }
  _cleanup_(frame_freep) AVFrame *golden = read_png(path);
  struct difference d = compare(rgb, golden);
  if (alike(d)) return false;
  print_error("%s: mean difference %.2f, %.2f %% far apart\n", path, d.mean, 100 * d.far_share);
  return true;
}

static void styles(void **state) {
  (void)state;
  const struct caption_style *style;
  int different = 0;
  for (size_t i = 0; (style = caption_style_at(i)); i++) {
    const char *name = caption_style_name(style);
    different += differs_from_golden(&(struct shot){name, LINES, "en", 640, 360, CAPTION_BOTTOM}, "");
    different += differs_from_golden(&(struct shot){name, RUSSIAN, "ru", 360, 640, CAPTION_MIDDLE}, ".upright");
  }
  assert_int_equal(different, 0);
}

static const struct {
  const char *language, *text;
} scripts[] = {{"ja", "良い字幕は\n気づかれずに 読まれる"},   {"zh", "好的字幕\n不引人注意"},
               {"ko", "좋은 자막은\n눈에 띄지 않는다"},       {"ar", "الترجمة الجيدة\nتُقرأ دون أن يلاحظها أحد 42."},
               {"he", "כתוביות טובות\nנקראות בלי שמרגישים."}, {"hi", "अच्छे उपशीर्षक\nबिना ध्यान खींचे पढ़े जाते हैं"},
               {"bn", "ভালো সাবটাইটেল\nচোখে পড়ে না"},         {"th", "คำบรรยายที่ดี\nอ่านได้โดยไม่รู้ตัว"}};

static void writing_systems(void **state) {
  (void)state;
  int different = 0;
  for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
    _cleanup_(mem_freep) char *variant = x_asprintf(".%s", scripts[i].language);
    const struct shot s = {CAPTION_STYLE_DEFAULT, scripts[i].text, scripts[i].language, 640, 360, CAPTION_TOP};
    const struct shot follow = {"karaoke_box", scripts[i].text, scripts[i].language, 640, 360, CAPTION_BOTTOM};
    different += differs_from_golden(&s, variant);
    different += differs_from_golden(&follow, variant);
  }
  assert_int_equal(different, 0);
}

/* The tolerance still tells each style from each other. */
static void styles_are_distinct(void **state) {
  (void)state;
  enum { MOST = 64 };
  AVFrame *all[MOST];
  const struct caption_style *style;
  size_t count = 0;
  for (; (style = caption_style_at(count)) && count < MOST; count++) {
    AVFrame *yuv = picture(&(struct shot){caption_style_name(style), LINES, "en", 640, 360, CAPTION_BOTTOM});
    all[count] = to_rgb(yuv);
    av_frame_free(&yuv);
  }
  assert_true(count >= 12);
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < i; j++)
      if (alike(compare(all[i], all[j])))
        fail_msg("%s looks like %s", caption_style_name(caption_style_at(i)), caption_style_name(caption_style_at(j)));
  for (size_t i = 0; i < count; i++) av_frame_free(&all[i]);
}

/* ---- where things stand ---- */

struct box {
  int left, top, right, bottom; /* of what is painted; right and bottom exclusive */
};

static struct box painted(const AVFrame *f) {
  struct box b = {f->width, f->height, 0, 0};
  for (int y = 0; y < f->height; y++)
    for (int x = 0; x < f->width; x++) {
      int ground = x < f->width / 2 ? BRIGHT_Y : DARK_Y;
      if (abs(f->data[0][(ptrdiff_t)y * f->linesize[0] + x] - ground) < 24) continue;
      if (x < b.left) b.left = x;
      if (x >= b.right) b.right = x + 1;
      if (y < b.top) b.top = y;
      b.bottom = y + 1;
    }
  return b;
}

/* Title-safe; upright, nothing where phones draw their own controls. Codes in a text are letters, not codes. */
static void inside_the_safe_area(void **state) {
  (void)state;
  static const char *const texts[] = {
      LINES, "{\\pos(5,5)\\fs300\\an7}{\\fs200}\\N\\h\\{braces\\} {\\p1}m 0 0 l 999 0 999 999{\\p0}\\",
      "One line that is far longer than any line of a caption should be, as files from elsewhere have them sometimes",
      "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"};
  static const int sizes[][2] = {{640, 360}, {360, 640}};
  const struct caption_style *style;
  for (size_t i = 0; (style = caption_style_at(i)); i++)
    for (size_t t = 0; t < ARRAY_LEN(texts); t++)
      for (size_t z = 0; z < ARRAY_LEN(sizes); z++)
        for (int p = CAPTION_TOP; p <= CAPTION_BOTTOM; p++) {
          const int w = sizes[z][0], h = sizes[z][1];
          const struct shot s = {caption_style_name(style), texts[t], "en", w, h, (enum caption_position)p};
          _cleanup_(frame_freep) AVFrame *f = picture(&s);
          struct box b = painted(f);
          double foot = h > w ? 0.18 : 0.035, head = h > w ? 0.09 : 0.035;
          bool inside = b.left >= w * 0.035 && b.right <= w * 0.965 && b.top >= h * head && b.bottom <= h * (1 - foot);
          double middle = (b.top + b.bottom) / 2.0 / h;
          bool placed = p == CAPTION_TOP      ? middle < 0.5
                        : p == CAPTION_BOTTOM ? middle > 0.5
                                              : fabs(middle - 0.5) < 0.06;
          if (b.right <= b.left || !inside || !placed)
            fail_msg("%s, text %zu, %dx%d, position %d: painted %d..%d x %d..%d", s.style, t, w, h, p, b.left, b.right,
                     b.top, b.bottom);
        }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(styles), cmocka_unit_test(writing_systems),
                                     cmocka_unit_test(styles_are_distinct), cmocka_unit_test(inside_the_safe_area)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
