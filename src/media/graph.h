/*
 * The picture's way from the decoder to the burner: deinterlace -> upright -> crop / scale / pad / blur -> HDR to SDR ->
 * BT.709 limited-range yuv420p of the output's size with square pixels. Times pass through unchanged.
 *
 * The filter description is made of numbers and fixed words only: no text from outside can get into it.
 * A graph fits one kind of frame: when size, format or colours change in mid-stream (graph_fits() is false), drain it and
 * open another with the same shape. One thread at a time; the filters have threads of their own.
 */
#ifndef TITR_MEDIA_GRAPH_H
#define TITR_MEDIA_GRAPH_H

#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "media/media.h"

struct graph;

struct graph_shape {
  int width, height; /* of the output, even */
  bool cover;        /* vertical: fill the output by `fit`; else the whole picture is scaled to it */
  enum media_fit fit;
  bool interlaced;         /* some frames may be */
  const int32_t *rotation; /* display matrix, or NULL; borrowed */
  AVRational pixel_aspect; /* of the input; 0/1: square. The frames' own word is not asked */
  AVRational time_base;
  int threads;
};

int graph_open(const struct graph_shape *s, const AVFrame *like, struct graph **ret, struct err *e);
void graph_free(struct graph *g);
DEFINE_FREEP(struct graph, graph_free)

bool graph_fits(const struct graph *g, const AVFrame *f);

/* NULL drains. The frame's data is taken (it is blank afterwards). ERR_FAIL. */
int graph_push(struct graph *g, AVFrame *f, struct err *e);
/* 1 and a frame, 0 when more input is needed (or it is drained). */
int graph_pull(struct graph *g, AVFrame *ret, struct err *e);

/* Quarter turns clockwise, 0 to 3, that bring a picture with this display matrix (or NULL) upright. */
int graph_turns(const int32_t *rotation);

/* The description that graph_open() would parse: for tests. */
void graph_describe(const struct graph_shape *s, const AVFrame *like, struct buf *out);

#endif
