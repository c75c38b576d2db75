/*
 * DESIGN: the size of the picture is decided once, from what the probe says, and both sides use it: the parent to lay
 * out captions, the child to render. H.264 in 4:2:0 needs even sizes, so an odd one loses its last row or column.
 */
#include "media/media.h"

#define VERTICAL_WIDTH  1080
#define VERTICAL_HEIGHT 1920

static int even_down(double v) {
  return v < 2 ? 2 : (int)v & ~1;
}

static int even_near(double v) {
  return v < 2 ? 2 : (int)(v / 2 + 0.5) * 2;
}

void media_output_size(const struct media_info *i, const struct media_render_options *o, int *ret_width,
                       int *ret_height) {
  double w = i->width, h = i->height;
  if (!i->has_video) {
    bool drawn = o->background != MEDIA_NO_BACKGROUND;
    w = drawn ? VERTICAL_HEIGHT : 0;
    h = drawn ? VERTICAL_WIDTH : 0;
  }
  if (w <= 0 || h <= 0) {
    *ret_width = *ret_height = 0;
    return;
  }
  if (o->soft) { /* the stream is copied */
    *ret_width = (int)w;
    *ret_height = (int)h;
    return;
  }
  if (o->vertical) {
    w = VERTICAL_WIDTH;
    h = VERTICAL_HEIGHT;
  }
  double shorter = w < h ? w : h;
  double most = o->quality == MEDIA_720P ? 720 : o->quality == MEDIA_1080P ? 1080 : shorter;
  if (shorter > most) {
    double k = most / shorter;
    *ret_width = even_near(w * k);
    *ret_height = even_near(h * k);
    return;
  }
  *ret_width = even_down(w);
  *ret_height = even_down(h);
}
