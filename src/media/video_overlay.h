/*
 * A picture with transparency, ready to be laid over 8-bit 4:2:0 frames (BT.709, limited range): captions, watermarks.
 *
 *   struct overlay o = {0};
 *   overlay_begin(&o, x, y, w, h, picture_width, picture_height);   // clipped to the picture; starts transparent
 *   overlay_layer(&o, …) or overlay_rgba(&o, …)                     // each over what is there
 *   overlay_end(&o);
 *   overlay_blend(&o, frame);                                       // any number of frames, any thread, one at a time
 *   overlay_release(&o);
 *
 * Values are kept premultiplied: value * alpha in 16 bits, so that many thin layers add no rounding error and one
 * blend costs one multiplication a sample.
 */
#ifndef TITR_MEDIA_VIDEO_OVERLAY_H
#define TITR_MEDIA_VIDEO_OVERLAY_H

#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>

struct overlay {
  int x, y, w, h;     /* of the box in the picture, all even; w 0: nothing to draw */
  uint16_t *value[3]; /* Y: w*h; Cb, Cr: w/2 * h/2 once overlay_end() was called, w*h before */
  uint8_t *alpha[2];  /* for Y and for chroma */
  int *first, *last;  /* of each row pair: columns [first, last) that are not transparent, even */
  size_t room;        /* samples that the arrays can hold */
  int row_room;
};

void overlay_begin(struct overlay *o, int x, int y, int w, int h, int picture_width, int picture_height);
/* A w x h coverage bitmap at (x, y) of the picture in one colour. `opacity` 0..255. */
void overlay_layer(struct overlay *o, const uint8_t *coverage, int stride, int x, int y, int w, int h, uint8_t r,
                   uint8_t g, uint8_t b, uint8_t opacity);
/* Premultiplied RGBA at (x, y). */
void overlay_rgba(struct overlay *o, const uint8_t *rgba, int stride, int x, int y, int w, int h, uint8_t opacity);
void overlay_end(struct overlay *o);
void overlay_release(struct overlay *o);

/* The frame must be AV_PIX_FMT_YUV420P, writable, and as large as the picture. */
void overlay_blend(const struct overlay *o, AVFrame *frame);

#endif
