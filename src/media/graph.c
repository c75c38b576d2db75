/*
 * DESIGN: geometry first, colours last. Scaling to the output's size in the input's own format means that the costly
 * steps (float tone mapping of HDR) touch as few pixels as possible, and an 8-bit BT.709 picture that has the right size
 * passes untouched. The matrix conversion rides on a scaler that runs anyway where there is one.
 *
 * HDR: linear light by zimg with diffuse white (203 cd/m2, ITU-R BT.2408) at 1.0, BT.709 primaries, then a curve that is
 * straight for the lower part and rolls the highlights off up to the content's peak.
 */
#include "media/graph.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/display.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/pixdesc.h>
#include <math.h>

#include "media/render_util.h"

#define DIFFUSE_WHITE 203.0  /* cd/m2, BT.2408 */
#define USUAL_PEAK    1000.0 /* cd/m2, when the content does not tell */
#define BLUR_SHRINK   8      /* the background is blurred at an eighth of the size */
#define BLUR_SIGMA    5      /* pixels there */
#define BLUR_LIGHT    0.65   /* the background's brightness */

struct graph {
  AVFilterGraph *graph;
  AVFilterContext *source, *sink;
  int width, height, format;
  enum AVColorSpace space;
  enum AVColorRange range;
  enum AVColorTransferCharacteristic transfer;
  AVRational time_base;
};

static bool is_hdr(const AVFrame *f) {
  return f->color_trc == AVCOL_TRC_SMPTE2084 || f->color_trc == AVCOL_TRC_ARIB_STD_B67;
}

static bool is_rgb(const AVFrame *f) {
  const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
  return d && (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));
}

static bool is_full_range(const AVFrame *f) {
  return f->color_range == AVCOL_RANGE_JPEG || f->format == AV_PIX_FMT_YUVJ420P || f->format == AV_PIX_FMT_YUVJ422P ||
         f->format == AV_PIX_FMT_YUVJ444P || f->format == AV_PIX_FMT_YUVJ440P || f->format == AV_PIX_FMT_YUVJ411P;
}

/* swscale's name of the matrix; what is not tagged is taken as players take it, by size. */
static const char *matrix_name(const AVFrame *f) {
  switch (f->colorspace) {
  case AVCOL_SPC_BT709: return "bt709";
  case AVCOL_SPC_FCC: return "fcc";
  case AVCOL_SPC_SMPTE170M:
  case AVCOL_SPC_BT470BG: return "bt601";
  case AVCOL_SPC_SMPTE240M: return "smpte240m";
  case AVCOL_SPC_BT2020_NCL:
  case AVCOL_SPC_BT2020_CL: return "bt2020";
  default: return f->width >= 1280 || f->height > 576 ? "bt709" : "bt601";
  }
}

/* The picture as it flows through the description. */
struct flow {
  struct buf *out;
  double aspect; /* of a pixel */
  int w, h;
  const char *colours; /* scaler options that end in BT.709 limited range; "" once that is so, or for HDR */
};

static void add_scale(struct flow *s, int w, int h) {
  if (s->w == w && s->h == h && !*s->colours) return;
  buf_addf(s->out, "scale=%d:%d:flags=bicubic%s,", w, h, s->colours);
  s->colours = "";
  s->w = w;
  s->h = h;
}

int graph_turns(const int32_t *m) {
  double clockwise = m ? -av_display_rotation_get(m) : 0;
  return isnan(clockwise) ? 0 : (int)((lround(clockwise / 90) % 4 + 4) % 4);
}

/* Upright: the same steps as a player takes for the matrix (quarter turns and mirrorings). */
static void add_rotation(struct flow *s, const int32_t *m) {
  if (!m) return;
  int turns = graph_turns(m);
  if (turns == 1) buf_addf(s->out, "transpose=%s,", m[3] > 0 ? "cclock_flip" : "clock");
  else if (turns == 3) buf_addf(s->out, "transpose=%s,", m[3] < 0 ? "clock_flip" : "cclock");
  else {
    if (m[0] < 0) buf_adds(s->out, "hflip,");
    if (m[4] < 0) buf_adds(s->out, "vflip,");
  }
  if (turns % 2 == 0) return;
  int w = s->w;
  s->w = s->h;
  s->h = w;
  s->aspect = 1 / s->aspect;
}

static int even_at_most(double v, int most) {
  int n = (int)(v + 0.5) & ~1;
  return n < 2 ? 2 : n > most ? most : n;
}

static void add_crop(struct flow *s, int width, int height) {
  double want = (double)width / height / s->aspect; /* in the input's own pixels */
  int w = s->w, h = s->h;
  if ((double)w / h > want) w = even_at_most(h * want, w);
  else h = even_at_most(w / want, h);
  if (w != s->w || h != s->h) buf_addf(s->out, "crop=%d:%d:%d:%d,", w, h, (s->w - w) / 2 & ~1, (s->h - h) / 2 & ~1);
  s->w = w;
  s->h = h;
}

/* The largest size inside width x height with the picture's shape. */
static void inside(const struct flow *s, int width, int height, int *w, int *h) {
  double shape = s->w * s->aspect / s->h;
  *w = width;
  *h = height;
  if ((double)width / height > shape) *w = even_at_most(height * shape, width);
  else *h = even_at_most(width / shape, height);
}

static void add_pad(struct flow *s, int width, int height) {
  int w, h;
  inside(s, width, height, &w, &h);
  add_scale(s, w, h);
  if (w != width || h != height)
    buf_addf(s->out, "pad=%d:%d:%d:%d,", width, height, (width - w) / 2 & ~1, (height - h) / 2 & ~1);
}

static void add_blur(struct flow *s, int width, int height, bool deep) {
  int w, h;
  inside(s, width, height, &w, &h);
  if (w == width && h == height) {
    add_scale(s, w, h);
    return;
  }
  struct flow back = *s;
  buf_adds(s->out, "split[front][back];[back]");
  add_crop(&back, width, height);
  buf_addf(s->out, "scale=%d:%d:flags=area%s,format=%s,", width / BLUR_SHRINK, height / BLUR_SHRINK, back.colours,
           deep ? "yuv420p10" : "yuv420p");
  buf_addf(s->out,
           "gblur=sigma=%d:steps=2,lutyuv=y=minval+(val-minval)*%.2f,scale=%d:%d:flags=bicubic,setsar=1[blurred];",
           BLUR_SIGMA, BLUR_LIGHT, width, height);
  buf_adds(s->out, "[front]");
  add_scale(s, w, h);
  buf_addf(s->out, "format=%s,setsar=1[sharp];[blurred][sharp]overlay=%d:%d:format=%s,", deep ? "yuv420p10" : "yuv420p",
           (width - w) / 2 & ~1, (height - h) / 2 & ~1, deep ? "yuv420p10" : "yuv420");
}

/* The brightest that the content claims to be, in cd/m2. */
static double peak_of(const AVFrame *f) {
  const AVFrameSideData *side = av_frame_get_side_data(f, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL);
  double peak = 0;
  if (side) peak = ((const AVContentLightMetadata *)(const void *)side->data)->MaxCLL;
  side = av_frame_get_side_data(f, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA);
  if (peak <= 0 && side) {
    const AVMasteringDisplayMetadata *m = (const void *)side->data;
    if (m->has_luminance) peak = av_q2d(m->max_luminance);
  }
  if (!(peak > 0) || f->color_trc == AVCOL_TRC_ARIB_STD_B67) peak = USUAL_PEAK;
  return peak < DIFFUSE_WHITE ? DIFFUSE_WHITE : peak > 10000 ? 10000 : peak;
}

static void add_tone_map(struct flow *s, const AVFrame *like) {
  buf_addf(s->out,
           "zscale=tin=%s:pin=bt2020:min=bt2020nc:rin=%s:t=linear:npl=%.0f,format=gbrpf32le,zscale=p=bt709,"
           "tonemap=mobius:param=0.6:desat=0:peak=%.3f,zscale=t=bt709:m=bt709:p=bt709:r=tv:d=ordered,",
           like->color_trc == AVCOL_TRC_SMPTE2084 ? "smpte2084" : "arib-std-b67", is_full_range(like) ? "pc" : "tv",
           DIFFUSE_WHITE, peak_of(like) / DIFFUSE_WHITE);
}

void graph_describe(const struct graph_shape *s, const AVFrame *like, struct buf *out) {
  _cleanup_(buf_release) struct buf colours = BUF_INIT;
  bool hdr = is_hdr(like), full = is_full_range(like);
  if (!hdr && is_rgb(like)) buf_adds(&colours, ":out_color_matrix=bt709:out_range=tv");
  else if (!hdr && (full || strcmp(matrix_name(like), "bt709") != 0))
    buf_addf(&colours, ":in_color_matrix=%s:out_color_matrix=bt709:in_range=%s:out_range=tv", matrix_name(like),
             full ? "pc" : "tv");
  struct flow flow = {.out = out, .aspect = 1, .w = like->width, .h = like->height, .colours = buf_str(&colours)};
  if (s->pixel_aspect.num > 0 && s->pixel_aspect.den > 0) flow.aspect = av_q2d(s->pixel_aspect);

  if (s->interlaced) buf_adds(out, "bwdif=mode=send_frame:deint=interlaced,");
  add_rotation(&flow, s->rotation);
  if (s->cover && s->fit == MEDIA_PAD) add_pad(&flow, s->width, s->height);
  else if (s->cover && s->fit == MEDIA_BLUR) add_blur(&flow, s->width, s->height, hdr);
  else if (s->cover) {
    add_crop(&flow, s->width, s->height);
    add_scale(&flow, s->width, s->height);
  } else {
    double w = flow.w * flow.aspect / s->width, h = (double)flow.h / s->height;
    bool square = fabs(flow.aspect - 1) < 1e-6;
    if (square && flow.w - s->width <= 1 && flow.h - s->height <= 1 && flow.w >= s->width && flow.h >= s->height) {
      if (flow.w != s->width || flow.h != s->height) buf_addf(out, "crop=%d:%d:0:0:exact=1,", s->width, s->height);
      flow.w = s->width;
      flow.h = s->height;
      add_scale(&flow, s->width, s->height);
    } else if (fabs(w / h - 1) < 0.02) add_scale(&flow, s->width, s->height);
    else add_pad(&flow, s->width, s->height); /* the shape changed in mid-stream */
  }
  if (hdr) add_tone_map(&flow, like);
  buf_adds(out, "format=yuv420p,setsar=1");
}

static int add_ends(struct graph *g, const struct graph_shape *s, const AVFrame *like) {
  g->source = avfilter_graph_alloc_filter(g->graph, avfilter_get_by_name("buffer"), "in");
  g->sink = avfilter_graph_alloc_filter(g->graph, avfilter_get_by_name("buffersink"), "out");
  AVBufferSrcParameters *p = av_buffersrc_parameters_alloc();
  if (!g->source || !g->sink || !p) abort();
  p->format = like->format;
  p->width = like->width;
  p->height = like->height;
  p->time_base = s->time_base;
  p->sample_aspect_ratio = (AVRational){1, 1}; /* the description has it worked in */
#if LIBAVFILTER_VERSION_MAJOR >= 10
  p->color_space = like->colorspace;
  p->color_range = like->color_range;
#endif
  int rc = av_buffersrc_parameters_set(g->source, p);
  av_free(p);
  if (rc >= 0) rc = avfilter_init_str(g->source, NULL);
  if (rc >= 0) rc = avfilter_init_str(g->sink, NULL);
  return rc;
}

static int parse(struct graph *g, const char *description) {
  AVFilterInOut *outputs = avfilter_inout_alloc(), *inputs = avfilter_inout_alloc();
  if (!outputs || !inputs) abort();
  *outputs = (AVFilterInOut){.name = av_strdup("in"), .filter_ctx = g->source};
  *inputs = (AVFilterInOut){.name = av_strdup("out"), .filter_ctx = g->sink};
  int rc = avfilter_graph_parse_ptr(g->graph, description, &inputs, &outputs, NULL);
  avfilter_inout_free(&inputs);
  avfilter_inout_free(&outputs);
  return rc < 0 ? rc : avfilter_graph_config(g->graph, NULL);
}

int graph_open(const struct graph_shape *s, const AVFrame *like, struct graph **ret, struct err *e) {
  _cleanup_(graph_freep) struct graph *g = NEW(struct graph);
  _cleanup_(buf_release) struct buf description = BUF_INIT;
  if (is_hdr(like) && (!avfilter_get_by_name("zscale") || !avfilter_get_by_name("tonemap")))
    return err_set(e, ERR_UNSUPPORTED,
                   "the video is HDR and this libavfilter is built without zimg: cannot convert it");
  g->graph = avfilter_graph_alloc();
  if (!g->graph) abort();
  g->graph->nb_threads = s->threads;
  g->width = like->width;
  g->height = like->height;
  g->format = like->format;
  g->space = like->colorspace;
  g->range = like->color_range;
  g->transfer = like->color_trc;
  g->time_base = s->time_base;
  graph_describe(s, like, &description);
  int rc = add_ends(g, s, like);
  if (rc >= 0) rc = parse(g, buf_str(&description));
  if (rc < 0) return render_av(e, ERR_FAIL, rc, "cannot set up the filters (%s)", buf_str(&description));
  *ret = TAKE(g);
  return 0;
}

void graph_free(struct graph *g) {
  if (!g) return;
  avfilter_graph_free(&g->graph);
  free(g);
}

bool graph_fits(const struct graph *g, const AVFrame *f) {
  return f->width == g->width && f->height == g->height && f->format == g->format && f->colorspace == g->space &&
         f->color_range == g->range && f->color_trc == g->transfer;
}

int graph_push(struct graph *g, AVFrame *f, struct err *e) {
  if (f) f->sample_aspect_ratio = (AVRational){1, 1};
  int rc = av_buffersrc_add_frame_flags(g->source, f, 0);
  return rc < 0 ? render_av(e, ERR_FAIL, rc, "the filters failed") : 0;
}

int graph_pull(struct graph *g, AVFrame *ret, struct err *e) {
  int rc = av_buffersink_get_frame(g->sink, ret);
  if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) return 0;
  if (rc < 0) return render_av(e, ERR_FAIL, rc, "the filters failed");
  if (ret->pts != AV_NOPTS_VALUE) ret->pts = av_rescale_q(ret->pts, av_buffersink_get_time_base(g->sink), g->time_base);
  return 1;
}
