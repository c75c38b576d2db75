/*
 * DESIGN: a style is judged over what it will meet: bright sky, a dark foreground, fine texture and saturated colour.
 * The test picture has all four in fixed places and is computed, so that previews are the same everywhere; it goes
 * through the same overlay code as a video's frames.
 */
#include <errno.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "media/child_ops.h"
#include "media/media.h"
#include "media/preview.h"
#include "media/render_util.h"
#include "media/subtitle_burn.h"

#define SMALLEST    16
#define LARGEST     8192
#define LATEST      (12 * 3600.0)
#define MAX_SECONDS 60.0
#define MAX_MEMORY  (4ULL << 30)
#define MAX_FILE    (1ULL << 30)

struct colour {
  double r, g, b; /* 0..1 */
};

static struct colour mix(struct colour a, struct colour b, double t) {
  t = t < 0 ? 0 : t > 1 ? 1 : t;
  return (struct colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static double grain(int x, int y) {
  uint32_t h = (uint32_t)x * 374761393u + (uint32_t)y * 668265263u;
  h = (h ^ (h >> 13)) * 1274126177u;
  return (double)((h ^ (h >> 16)) & 0xffff) / 65535 - 0.5;
}

/* The landscape's colour at (u, v), both 0..1 from the top left; `shape` is width / height. */
static struct colour landscape(double u, double v, double shape, double noise) {
  const struct colour zenith = {0.23, 0.45, 0.74}, horizon = {0.98, 0.83, 0.66}, sun = {1.0, 0.97, 0.88};
  const struct colour hills[3] = {{0.45, 0.52, 0.58}, {0.24, 0.36, 0.34}, {0.07, 0.11, 0.10}};
  const struct colour lamp = {0.86, 0.24, 0.16};
  double dx = (u - 0.70) * shape, dy = v - 0.26;
  struct colour c = mix(zenith, horizon, pow(v / 0.62, 1.4));
  c = mix(c, sun, exp(-22 * (dx * dx + dy * dy)) * 1.1);
  for (int i = 0; i < 3; i++) {
    double x = u * (shape > 1 ? 1.8 : 1);
    double ridge = 0.52 + 0.13 * i + 0.045 * sin(x * (5 + 3 * i) + 2.1 * i) + 0.02 * sin(x * (17 + 9 * i) + i);
    if (v > ridge) c = mix(hills[i], mix(hills[i], (struct colour){0, 0, 0}, 0.35), (v - ridge) * 4);
  }
  dx = (u - 0.22) * shape;
  dy = v - 0.80;
  c = mix(c, lamp, 1.3 * exp(-90 * (dx * dx + dy * dy)));
  double texture = noise * (v > 0.52 ? 0.05 : 0.012);
  return (struct colour){c.r + texture, c.g + texture, c.b + texture};
}

static uint8_t to8(double v) {
  return (uint8_t)(v <= 0 ? 0 : v >= 1 ? 255 : v * 255 + 0.5);
}

static AVFrame *blank(int width, int height, enum AVPixelFormat format) {
  AVFrame *f = render_frame_new();
  f->format = format;
  f->width = width;
  f->height = height;
  if (av_frame_get_buffer(f, 0) < 0) abort();
  return f;
}

static void paint(AVFrame *rgb) {
  for (int y = 0; y < rgb->height; y++) {
    uint8_t *p = rgb->data[0] + (ptrdiff_t)y * rgb->linesize[0];
    for (int x = 0; x < rgb->width; x++, p += 3) {
      struct colour c =
          landscape((x + 0.5) / rgb->width, (y + 0.5) / rgb->height, (double)rgb->width / rgb->height, grain(x, y));
      p[0] = to8(c.r);
      p[1] = to8(c.g);
      p[2] = to8(c.b);
    }
  }
}

/* Between RGB and BT.709 limited range. */
static int convert(const AVFrame *from, AVFrame *to, struct err *e) {
  struct SwsContext *s = sws_getContext(from->width, from->height, from->format, to->width, to->height, to->format,
                                        SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL, NULL);
  if (!s) return err_set(e, ERR_FAIL, "cannot convert the picture");
  const int *bt709 = sws_getCoefficients(SWS_CS_ITU709);
  sws_setColorspaceDetails(s, bt709, from->format == AV_PIX_FMT_RGB24, bt709, to->format == AV_PIX_FMT_RGB24, 0,
                           1 << 16, 1 << 16);
  sws_scale(s, (const uint8_t *const *)from->data, from->linesize, 0, from->height, to->data, to->linesize);
  sws_freeContext(s);
  return 0;
}

static int write_png(AVFrame *rgb, const char *path, struct err *e) {
  const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
  if (!codec) return err_set(e, ERR_UNSUPPORTED, "this libavcodec is built without PNG");
  AVCodecContext *c = avcodec_alloc_context3(codec);
  if (!c) abort();
  c->width = rgb->width;
  c->height = rgb->height;
  c->pix_fmt = rgb->format;
  c->time_base = (AVRational){1, 1};
  _cleanup_(packet_freep) AVPacket *p = render_packet_new();
  int rc = avcodec_open2(c, codec, NULL);
  if (rc >= 0) rc = avcodec_send_frame(c, rgb);
  if (rc >= 0) rc = avcodec_send_frame(c, NULL);
  if (rc >= 0) rc = avcodec_receive_packet(c, p);
  avcodec_free_context(&c);
  if (rc < 0) return render_av(e, ERR_FAIL, rc, "cannot encode the preview");
  FILE *f = fopen(path, "r+be"); /* it exists, and a sandbox may allow nothing but writing to it */
  if (!f) return err_errno(e, ERR_IO, errno, "cannot write %s", path);
  bool whole = fwrite(p->data, 1, (size_t)p->size, f) == (size_t)p->size && ftruncate(fileno(f), p->size) == 0;
  int saved = errno;
  if (fclose(f) || !whole) return err_errno(e, ERR_IO, whole ? errno : saved, "cannot write %s", path);
  return 0;
}

int preview_run(const char *ass, double seconds, int width, int height, const char *output_png, struct err *e) {
  _cleanup_(subtitle_burn_freep) struct subtitle_burn *burn = NULL;
  _cleanup_(frame_freep) AVFrame *rgb = NULL;
  _cleanup_(frame_freep) AVFrame *yuv = NULL;
  int rc = subtitle_burn_open_file(ass, width, height, &burn, e);
  if (rc) return rc;
  rgb = blank(width, height, AV_PIX_FMT_RGB24);
  yuv = blank(width, height, AV_PIX_FMT_YUV420P);
  paint(rgb);
  rc = convert(rgb, yuv, e);
  if (rc) return rc;
  overlay_blend(subtitle_burn_at(burn, seconds, NULL), yuv);
  rc = convert(yuv, rgb, e);
  return rc ? rc : write_png(rgb, output_png, e);
}

int media_child_preview(struct js *request, struct child_io *io, struct err *e) {
  (void)io;
  const char *ass, *output;
  double seconds;
  int64_t width, height;
  int rc = js_get_string(request, "ass", &ass, e);
  if (!rc) rc = js_get_string(request, "output", &output, e);
  if (!rc) rc = js_get_number(request, "seconds", &seconds, e);
  if (!rc) rc = js_get_int(request, "width", SMALLEST, LARGEST, &width, e);
  if (!rc) rc = js_get_int(request, "height", SMALLEST, LARGEST, &height, e);
  if (rc) return rc;
  if (seconds < 0 || seconds > LATEST) return err_set(e, ERR_INPUT, "seconds: out of range");
  return preview_run(ass, seconds, (int)width & ~1, (int)height & ~1, output, e);
}

int media_preview(const char *ass, double seconds, int width, int height, const char *output_png, struct err *e) {
  _cleanup_(buf_release) struct buf request = BUF_INIT;
  _cleanup_(mem_freep) char *tmp = NULL;
  struct js_writer w = JS_WRITER(&request, 0);
  if (width < SMALLEST || height < SMALLEST || width > LARGEST || height > LARGEST)
    return err_set(e, ERR_USAGE, "a preview is %d to %d pixels wide and high", SMALLEST, LARGEST);
  int rc = file_temp_beside(output_png, &tmp, e);
  if (rc) return rc;
  js_begin(&w, '{');
  js_key(&w, "ass");
  js_string(&w, ass);
  js_key(&w, "output");
  js_string(&w, tmp);
  js_key(&w, "seconds");
  js_double(&w, seconds, 3);
  js_key(&w, "width");
  js_int(&w, width);
  js_key(&w, "height");
  js_int(&w, height);
  js_end(&w, '}');
  const char *reads[2] = {ass, NULL}, *writes[2] = {tmp, NULL};
  const struct child_spec spec = {.op = "preview",
                                  .request = buf_str(&request),
                                  .read_paths = reads,
                                  .write_paths = writes,
                                  .fonts = true,
                                  .max_seconds = MAX_SECONDS,
                                  .max_memory = MAX_MEMORY,
                                  .max_file = MAX_FILE};
  rc = child_run(&spec, NULL, NULL, NULL, NULL, 0, NULL, e);
  if (!rc) rc = file_commit(tmp, output_png, 1, e);
  if (rc) file_discard(tmp);
  return rc;
}
