/*
 * DESIGN: captions change far less often than frames come, so the costly part (many glyph bitmaps in several layers) is
 * composed once per change and the blend per frame is one pass over the rows that have something in them. The row
 * spans make a caption at the bottom and one at the top cost no more than their own areas.
 */
#include "media/video_overlay.h"

#include "base/mem.h"

/* v / 255, rounded, for v <= 255 * 255; stays within 16 bits, so that it vectorizes at full width. */
static inline uint16_t div255(uint16_t v) {
  v = (uint16_t)(v + 128);
  return (uint16_t)((v + (v >> 8)) >> 8);
}

static inline int clip(int v, int lowest, int highest) {
  return v < lowest ? lowest : v > highest ? highest : v;
}

/* RGB 0..255 to limited-range BT.709, 16.16 fixed point (ITU-R BT.709-6, 3.2 to 3.5). */
static inline int luma(int r, int g, int b) {
  return (11966 * r + 40254 * g + 4064 * b + 32768) >> 16; /* without the offset 16 */
}
static inline int chroma_blue(int r, int g, int b) {
  return (-6596 * r - 22189 * g + 28784 * b + 32768) >> 16; /* without the offset 128 */
}
static inline int chroma_red(int r, int g, int b) {
  return (28784 * r - 26145 * g - 2639 * b + 32768) >> 16;
}

void overlay_begin(struct overlay *o, int x, int y, int w, int h, int picture_width, int picture_height) {
  int right = clip(x + w, 0, picture_width), bottom = clip(y + h, 0, picture_height);
  o->x = clip(x, 0, picture_width) & ~1;
  o->y = clip(y, 0, picture_height) & ~1;
  o->w = right > o->x ? (right - o->x + 1) & ~1 : 0;
  o->h = bottom > o->y ? (bottom - o->y + 1) & ~1 : 0;
  if (!o->w || !o->h) o->w = o->h = 0;
  size_t need = (size_t)o->w * (size_t)o->h;
  if (need > o->room) {
    for (int i = 0; i < 3; i++) o->value[i] = x_realloc_array(o->value[i], need, sizeof *o->value[i]);
    for (int i = 0; i < 2; i++) o->alpha[i] = x_realloc_array(o->alpha[i], need, 1);
    o->room = need;
  }
  if (o->h / 2 > o->row_room) {
    o->row_room = o->h / 2;
    o->first = x_realloc_array(o->first, (size_t)o->row_room, sizeof *o->first);
    o->last = x_realloc_array(o->last, (size_t)o->row_room, sizeof *o->last);
  }
  if (!need) return;
  for (int i = 0; i < 3; i++) memset(o->value[i], 0, need * sizeof *o->value[i]);
  memset(o->alpha[0], 0, need);
  for (int i = 0; i < o->h / 2; i++) {
    o->first[i] = o->w;
    o->last[i] = 0;
  }
}

/* Clips a rectangle to the box and widens the spans of its rows; false when nothing is left. */
static bool claim(struct overlay *o, int *x, int *y, int *w, int *h, int *skip_x, int *skip_y) {
  int left = clip(*x - o->x, 0, o->w), top = clip(*y - o->y, 0, o->h);
  int right = clip(*x - o->x + *w, 0, o->w), bottom = clip(*y - o->y + *h, 0, o->h);
  if (left >= right || top >= bottom) return false;
  *skip_x = left - (*x - o->x);
  *skip_y = top - (*y - o->y);
  *x = left;
  *y = top;
  *w = right - left;
  *h = bottom - top;
  for (int i = top / 2; i <= (bottom - 1) / 2; i++) {
    if (left < o->first[i]) o->first[i] = left & ~1;
    if (right > o->last[i]) o->last[i] = (right + 1) & ~1;
  }
  return true;
}

void overlay_layer(struct overlay *o, const uint8_t *coverage, int stride, int x, int y, int w, int h, uint8_t r,
                   uint8_t g, uint8_t b, uint8_t opacity) {
  int skip_x, skip_y;
  if (!claim(o, &x, &y, &w, &h, &skip_x, &skip_y)) return;
  const uint16_t colour[3] = {(uint16_t)(16 + luma(r, g, b)), (uint16_t)(128 + chroma_blue(r, g, b)),
                              (uint16_t)(128 + chroma_red(r, g, b))};
  for (int row = 0; row < h; row++) {
    const uint8_t *in = coverage + (ptrdiff_t)(row + skip_y) * stride + skip_x;
    size_t at = (size_t)(y + row) * (size_t)o->w + (size_t)x;
    uint8_t *alpha = o->alpha[0] + at;
    for (int i = 0; i < w; i++) {
      if (!in[i]) continue;
      uint16_t a = div255((uint16_t)(in[i] * opacity)), rest = (uint16_t)(255 - a);
      for (int plane = 0; plane < 3; plane++) {
        uint16_t *v = o->value[plane] + at + i;
        *v = (uint16_t)(a * colour[plane] + ((uint32_t)*v * rest + 127) / 255);
      }
      alpha[i] = (uint8_t)(a + div255((uint16_t)(alpha[i] * rest)));
    }
  }
}

void overlay_rgba(struct overlay *o, const uint8_t *rgba, int stride, int x, int y, int w, int h, uint8_t opacity) {
  int skip_x, skip_y;
  if (!claim(o, &x, &y, &w, &h, &skip_x, &skip_y)) return;
  for (int row = 0; row < h; row++) {
    const uint8_t *in = rgba + (ptrdiff_t)(row + skip_y) * stride + (ptrdiff_t)skip_x * 4;
    size_t at = (size_t)(y + row) * (size_t)o->w + (size_t)x;
    for (int i = 0; i < w; i++, in += 4) {
      int a = in[3], r = in[0] < a ? in[0] : a, g = in[1] < a ? in[1] : a, b = in[2] < a ? in[2] : a;
      uint16_t out_a = div255((uint16_t)(a * opacity)), rest = (uint16_t)(255 - out_a);
      /* r, g and b are multiplied by their alpha already, the offsets of Y, Cb and Cr are not. */
      const int linear[3] = {luma(r, g, b), chroma_blue(r, g, b), chroma_red(r, g, b)};
      static const int offset[3] = {16, 128, 128};
      for (int plane = 0; plane < 3; plane++) {
        int add = clip(linear[plane] * opacity + offset[plane] * out_a, 0, 255 * out_a);
        uint16_t *v = o->value[plane] + at + i;
        *v = (uint16_t)((uint32_t)add + ((uint32_t)*v * rest + 127) / 255);
      }
      o->alpha[0][at + (size_t)i] = (uint8_t)(out_a + div255((uint16_t)(o->alpha[0][at + (size_t)i] * rest)));
    }
  }
}

/* Chroma at half size: the mean of four, in place (the target never runs ahead of its sources). */
void overlay_end(struct overlay *o) {
  int half = o->w / 2;
  for (int y = 0; y < o->h / 2; y++) {
    size_t up = (size_t)(2 * y) * (size_t)o->w, down = up + (size_t)o->w, to = (size_t)y * (size_t)half;
    for (int x = 0; x < half; x++, up += 2, down += 2, to++) {
      for (int plane = 1; plane < 3; plane++) {
        const uint16_t *v = o->value[plane];
        o->value[plane][to] = (uint16_t)(((uint32_t)v[up] + v[up + 1] + v[down] + v[down + 1] + 2) / 4);
      }
      const uint8_t *a = o->alpha[0];
      o->alpha[1][to] = (uint8_t)((a[up] + a[up + 1] + a[down] + a[down + 1] + 2) / 4);
    }
  }
}

void overlay_release(struct overlay *o) {
  for (int i = 0; i < 3; i++) free(o->value[i]);
  for (int i = 0; i < 2; i++) free(o->alpha[i]);
  free(o->first);
  free(o->last);
  *o = (struct overlay){0};
}

static void blend_row(uint8_t *restrict out, const uint16_t *restrict value, const uint8_t *restrict alpha, int n) {
  for (int i = 0; i < n; i++) {
    uint32_t v = (uint32_t)out[i] * (255u - alpha[i]) + value[i] + 128;
    v = (v + (v >> 8)) >> 8;
    out[i] = (uint8_t)(v > 255 ? 255 : v);
  }
}

void overlay_blend(const struct overlay *o, AVFrame *f) {
  for (int pair = 0; pair < o->h / 2; pair++) {
    int first = o->first[pair], n = o->last[pair] - first;
    if (n <= 0) continue;
    for (int row = 2 * pair; row < 2 * pair + 2; row++) {
      size_t at = (size_t)row * (size_t)o->w + (size_t)first;
      blend_row(f->data[0] + (ptrdiff_t)(o->y + row) * f->linesize[0] + o->x + first, o->value[0] + at,
                o->alpha[0] + at, n);
    }
    size_t at = (size_t)pair * (size_t)(o->w / 2) + (size_t)first / 2;
    for (int plane = 1; plane < 3; plane++)
      blend_row(f->data[plane] + (ptrdiff_t)(o->y / 2 + pair) * f->linesize[plane] + (o->x + first) / 2,
                o->value[plane] + at, o->alpha[1] + at, n / 2);
  }
}
