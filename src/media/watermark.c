/*
 * DESIGN: text is set by libass from a script made here: any script and direction works, with the same fonts as the
 * captions. The text is data: what ASS reads as code (braces, backslashes, line ends) is replaced by look-alikes. A
 * PNG is decoded by libavcodec alone (no demuxer), multiplied by its alpha before it is scaled (so that the colour of
 * transparent pixels does not bleed in), and laid down once.
 */
#include "media/watermark.h"

#include <libswscale/swscale.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "media/render_util.h"
#include "media/subtitle_burn.h"

#define PNG_OPACITY     200 /* of 255 */
#define PNG_BYTES       (32 << 20)
#define HEIGHT_SHARE    0.10 /* of the shorter side, for a PNG */
#define WIDTH_SHARE     0.40 /* of the width, at most */
#define TEXT_SHARE      0.045
#define MARGIN_SHARE    0.035 /* of the shorter side */
#define FOOT_SHARE      0.05  /* of the height: title-safe, and clear of a player's progress line */
#define SMALLEST_SHRINK 0.4

static int shorter_side(int width, int height) {
  return width < height ? width : height;
}

struct place {
  bool low;
  int side, end; /* pixels from the right; from the top, or from the bottom when low */
};

static struct place place_of(int width, int height, bool low) {
  int margin = (int)(MARGIN_SHARE * shorter_side(width, height) + 0.5);
  low = low && width >= height;
  return (struct place){low, margin, low ? (int)(FOOT_SHARE * height + 0.5) : margin};
}

/* Text without ASS codes: U+29F5 for a backslash, U+2774/2775 for braces, a space for a control character. */
static void add_plain(struct buf *b, const char *text) {
  size_t n;
  for (const char *s = text; *s; s += n) {
    uint32_t c = utf8_next(s, &n);
    if (c == '\\') buf_adds(b, "\xe2\xa7\xb5");
    else if (c == '{') buf_adds(b, "\xe2\x9d\xb4");
    else if (c == '}') buf_adds(b, "\xe2\x9d\xb5");
    else if (c < ' ' || c == 0x7f) buf_addc(b, ' ');
    else buf_add(b, s, n);
  }
}

static int set_text(const char *text, double size, int width, int height, bool low, struct subtitle_burn **ret,
                    struct err *e) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct place place = place_of(width, height, low);
  buf_addf(&b, "[Script Info]\nScriptType: v4.00+\nPlayResX: %d\nPlayResY: %d\nWrapStyle: 2\n\n", width, height);
  buf_adds(&b, "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BackColour, Bold, "
               "BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV\n");
  buf_addf(&b, "Style: Mark,Noto Sans,%.1f,&H60FFFFFF,&HA0000000,&HFF000000,-1,1,%.1f,0,%d,%d,%d,%d\n\n", size,
           size / 18, place.low ? 3 : 9, place.side, place.side, place.end);
  buf_adds(&b, "[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 0,0:00:00.00,1:00:00.00,Mark,");
  add_plain(&b, text);
  buf_addc(&b, '\n');
  return subtitle_burn_open(buf_str(&b), b.len, width, height, ret, e);
}

/* The picture now, as an overlay of its own. */
static void keep(const struct overlay *from, struct overlay *ret) {
  struct overlay o = *from;
  size_t n = (size_t)o.w * (size_t)o.h, rows = (size_t)o.h / 2;
  for (int i = 0; i < 3; i++) {
    o.value[i] = NEW_ARRAY(uint16_t, n);
    memcpy(o.value[i], from->value[i], n * sizeof *o.value[i]);
  }
  for (int i = 0; i < 2; i++) {
    o.alpha[i] = NEW_ARRAY(uint8_t, n);
    memcpy(o.alpha[i], from->alpha[i], n);
  }
  o.first = NEW_ARRAY(int, rows);
  o.last = NEW_ARRAY(int, rows);
  memcpy(o.first, from->first, rows * sizeof *o.first);
  memcpy(o.last, from->last, rows * sizeof *o.last);
  o.room = n;
  o.row_room = (int)rows;
  *ret = o;
}

int watermark_text(const char *text, int width, int height, bool low, struct overlay *ret, struct err *e) {
  if (!*text) return err_set(e, ERR_USAGE, "the watermark text is empty");
  if (strlen(text) > LIMIT_WATERMARK_TEXT_BYTES)
    return err_set(e, ERR_USAGE, "the watermark text is longer than %d bytes", LIMIT_WATERMARK_TEXT_BYTES);
  double size = TEXT_SHARE * shorter_side(width, height);
  for (int attempt = 0;; attempt++) {
    _cleanup_(subtitle_burn_freep) struct subtitle_burn *b = NULL;
    int rc = set_text(text, size, width, height, low, &b, e);
    if (rc) return rc;
    const struct overlay *o = subtitle_burn_at(b, 0, NULL);
    if (!o->w) return err_set(e, ERR_USAGE, "the watermark text \"%s\" has nothing to show", text);
    double shrink = WIDTH_SHARE * width / o->w;
    if (shrink >= 1 || attempt) {
      keep(o, ret);
      return 0;
    }
    size *= shrink > SMALLEST_SHRINK ? shrink : SMALLEST_SHRINK;
  }
}

/* The first picture in the bytes as premultiplied RGBA. */
static int decode_png(const char *path, AVFrame **ret, struct err *e) {
  _cleanup_(buf_release) struct buf bytes = BUF_INIT;
  int rc = file_read(path, PNG_BYTES, &bytes, e);
  if (rc) return rc;
  if (bytes.len < 8 || memcmp(bytes.data, "\x89PNG\r\n\x1a\n", 8) != 0)
    return err_set(e, ERR_INPUT, "the watermark %s is not a PNG picture", path);
  AVCodecParameters *p = avcodec_parameters_alloc();
  if (!p) abort();
  p->codec_type = AVMEDIA_TYPE_VIDEO;
  p->codec_id = AV_CODEC_ID_PNG;
  AVCodecContext *c = NULL;
  rc = render_decoder(p, (AVRational){1, 25}, 1, &c, e);
  avcodec_parameters_free(&p);
  if (rc) return rc;
  _cleanup_(packet_freep) AVPacket *packet = render_packet_new();
  _cleanup_(frame_freep) AVFrame *frame = render_frame_new();
  rc = av_new_packet(packet, (int)bytes.len);
  if (rc < 0) abort();
  memcpy(packet->data, bytes.data, bytes.len);
  rc = avcodec_send_packet(c, packet);
  if (rc >= 0) rc = avcodec_send_packet(c, NULL);
  if (rc >= 0) rc = avcodec_receive_frame(c, frame);
  avcodec_free_context(&c);
  if (rc < 0) return render_av(e, ERR_INPUT, rc, "the watermark %s is not a readable PNG picture", path);
  *ret = TAKE(frame);
  return 0;
}

static int convert(const AVFrame *from, enum AVPixelFormat format, int w, int h, AVFrame **ret, struct err *e) {
  _cleanup_(frame_freep) AVFrame *to = render_frame_new();
  to->format = format;
  to->width = w;
  to->height = h;
  if (av_frame_get_buffer(to, 0) < 0) abort();
  struct SwsContext *s = sws_getContext(from->width, from->height, from->format, w, h, format,
                                        SWS_AREA | SWS_ACCURATE_RND, NULL, NULL, NULL);
  if (!s) return err_set(e, ERR_INPUT, "the watermark's pixel format cannot be used");
  sws_scale(s, (const uint8_t *const *)from->data, from->linesize, 0, from->height, to->data, to->linesize);
  sws_freeContext(s);
  *ret = TAKE(to);
  return 0;
}

int watermark_png(const char *path, int width, int height, bool low, struct overlay *ret, struct err *e) {
  _cleanup_(frame_freep) AVFrame *picture = NULL;
  _cleanup_(frame_freep) AVFrame *rgba = NULL;
  _cleanup_(frame_freep) AVFrame *scaled = NULL;
  int rc = decode_png(path, &picture, e);
  if (!rc) rc = convert(picture, AV_PIX_FMT_RGBA, picture->width, picture->height, &rgba, e);
  if (rc) return rc;
  for (int y = 0; y < rgba->height; y++) {
    uint8_t *p = rgba->data[0] + (ptrdiff_t)y * rgba->linesize[0];
    for (int x = 0; x < rgba->width; x++, p += 4)
      for (int i = 0; i < 3; i++) p[i] = (uint8_t)((p[i] * p[3] + 127) / 255);
  }
  double scale = HEIGHT_SHARE * shorter_side(width, height) / rgba->height;
  if (scale * rgba->width > WIDTH_SHARE * width) scale = WIDTH_SHARE * width / rgba->width;
  int w = (int)(scale * rgba->width + 0.5), h = (int)(scale * rgba->height + 0.5);
  if (w < 1) w = 1;
  if (h < 1) h = 1;
  rc = convert(rgba, AV_PIX_FMT_RGBA, w, h, &scaled, e);
  if (rc) return rc;
  struct place place = place_of(width, height, low);
  int x = width - place.side - w, y = place.low ? height - place.end - h : place.end;
  *ret = (struct overlay){0};
  overlay_begin(ret, x, y, w, h, width, height);
  overlay_rgba(ret, scaled->data[0], scaled->linesize[0], x, y, w, h, PNG_OPACITY);
  overlay_end(ret);
  return 0;
}
