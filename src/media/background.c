/*
 * DESIGN: the gradient is painted once, with a fine fixed noise that keeps 8 bits from showing bands. The voice is a row
 * of rounded bars around the picture's middle, which stands for now: what was said lies to the left, what comes to the
 * right, as in a voice message. Each bar stands for a fixed piece of time, so that it keeps its height while it moves
 * and nothing flickers. Bars need the sound WINDOW / 2 ahead, so frames are drawn that much later than heard.
 */
#include "media/background.h"

#include <libswresample/swresample.h>
#include <math.h>

#include "base/limits.h"
#include "media/render_util.h"
#include "media/video_overlay.h"

#define WINDOW        4.0 /* seconds seen at once */
#define BARS_A_SECOND 16
#define LISTEN_RATE   8000 /* Hz: enough for loudness */
enum { BAR_SAMPLES = LISTEN_RATE / BARS_A_SECOND };
#define QUIETEST -46.0 /* dBFS: a bar of no height */
#define LOUDEST  -10.0 /* dBFS: a bar of full height */
#define TICKS    (BACKGROUND_RATE * 512)

struct background {
  int width, height;
  bool waveform;
  struct video_out *out;
  AVFrame *picture;
  int64_t frames; /* drawn so far */
  SwrContext *resampler;
  int in_rate, in_format, in_channels;
  double *energy; /* of each bar: sum of squares */
  size_t bars, room;
  struct overlay bars_overlay;
  uint8_t *coverage;
};

AVRational background_time_base(void) {
  return (AVRational){1, TICKS};
}

/* A hash of the place, as noise in [-0.5, 0.5). */
static double noise(uint32_t x, uint32_t y) {
  uint32_t h = x * 374761393u + y * 668265263u;
  h = (h ^ (h >> 13)) * 1274126177u;
  return (double)((h ^ (h >> 16)) & 0xffff) / 65536 - 0.5;
}

/* From a dark blue with a soft light in the upper third to near black; values are BT.709 limited range. */
static void paint(AVFrame *f) {
  double w = f->width, h = f->height, far = sqrt(w * w + h * h);
  for (int plane = 0; plane < 3; plane++) {
    int shift = plane ? 1 : 0;
    static const double edge[3] = {25, 133, 126}, light[3] = {52, 147, 118};
    for (int y = 0; y < f->height >> shift; y++) {
      uint8_t *row = f->data[plane] + (ptrdiff_t)y * f->linesize[plane];
      for (int x = 0; x < f->width >> shift; x++) {
        double dx = (x << shift) - 0.38 * w, dy = (y << shift) - 0.30 * h;
        double near = exp(-4.5 * (dx * dx + dy * dy) / (far * far) * 2);
        double v = edge[plane] + (light[plane] - edge[plane]) * near + noise((uint32_t)x, (uint32_t)y);
        row[x] = (uint8_t)(v + 0.5);
      }
    }
  }
}

static AVFrame *frame_of(int width, int height) {
  AVFrame *f = render_frame_new();
  f->format = AV_PIX_FMT_YUV420P;
  f->width = width;
  f->height = height;
  if (av_frame_get_buffer(f, 0) < 0) abort();
  return f;
}

int background_open(int width, int height, bool waveform, struct video_out *out, struct background **ret,
                    struct err *e) {
  (void)e;
  struct background *b = NEW(struct background);
  b->width = width;
  b->height = height;
  b->waveform = waveform;
  b->out = out;
  b->picture = frame_of(width, height);
  paint(b->picture);
  if (waveform) b->coverage = NEW_ARRAY(uint8_t, (size_t)width * (size_t)height);
  *ret = b;
  return 0;
}

void background_free(struct background *b) {
  if (!b) return;
  av_frame_free(&b->picture);
  swr_free(&b->resampler);
  overlay_release(&b->bars_overlay);
  free(b->energy);
  free(b->coverage);
  free(b);
}

static int tune(struct background *b, const AVFrame *sound, struct err *e) {
  if (b->resampler && b->in_rate == sound->sample_rate && b->in_format == sound->format &&
      b->in_channels == sound->ch_layout.nb_channels)
    return 0;
  AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO, layout = {0};
  swr_free(&b->resampler);
  if (sound->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
    av_channel_layout_default(&layout, sound->ch_layout.nb_channels);
  else if (av_channel_layout_copy(&layout, &sound->ch_layout) < 0) abort();
  int rc = swr_alloc_set_opts2(&b->resampler, &mono, AV_SAMPLE_FMT_FLT, LISTEN_RATE, &layout, sound->format,
                               sound->sample_rate, 0, NULL);
  av_channel_layout_uninit(&layout);
  if (rc >= 0) rc = swr_init(b->resampler);
  if (rc < 0) return render_av(e, ERR_INPUT, rc, "cannot draw this sound");
  b->in_rate = sound->sample_rate;
  b->in_format = sound->format;
  b->in_channels = sound->ch_layout.nb_channels;
  return 0;
}

int background_hear(void *background, const AVFrame *sound, struct err *e) {
  struct background *b = background;
  if (!b->waveform) return 0;
  int rc = tune(b, sound, e);
  if (rc) return rc;
  int most = swr_get_out_samples(b->resampler, sound->nb_samples);
  if (most <= 0) return 0;
  _cleanup_(mem_freep) float *pcm = NEW_ARRAY(float, (size_t)most);
  uint8_t *planes[1] = {(uint8_t *)pcm};
  int n = swr_convert(b->resampler, planes, most, (const uint8_t **)(void *)sound->extended_data, sound->nb_samples);
  if (n < 0) return 0; /* a drawing is no reason to fail */
  int64_t at = av_rescale(sound->pts, LISTEN_RATE, sound->sample_rate);
  for (int i = 0; i < n; i++, at++) {
    if (at < 0 || at >= (int64_t)LIMIT_INPUT_SECONDS * LISTEN_RATE) continue;
    size_t bar = (size_t)(at / BAR_SAMPLES);
    if (bar >= b->bars) {
      x_grow(&b->energy, &b->room, bar + 1, sizeof *b->energy);
      memset(b->energy + b->bars, 0, (bar + 1 - b->bars) * sizeof *b->energy);
      b->bars = bar + 1;
    }
    b->energy[bar] += (double)pcm[i] * (double)pcm[i];
  }
  return 0;
}

/* Height of a bar, 0..1, a little softened by its neighbours. */
static double level(const struct background *b, int64_t bar) {
  double sum = 0;
  static const double weight[3] = {0.2, 0.6, 0.2};
  for (int i = -1; i <= 1; i++) {
    if (bar + i < 0 || (size_t)(bar + i) >= b->bars) continue;
    double db = 10 * log10(b->energy[bar + i] / BAR_SAMPLES + 1e-9);
    double v = (db - QUIETEST) / (LOUDEST - QUIETEST);
    v = v < 0 ? 0 : v > 1 ? 1 : v;
    sum += weight[i + 1] * v * sqrt(v); /* speech lies in the upper half: spread it */
  }
  return sum;
}

/* An upright capsule around (x, y): half its width, half its straight part. Returns the box it fills. */
static void capsule(uint8_t *out, int stride, int width, int height, double x, double y, double r, double straight) {
  int left = (int)floor(x - r - 1), right = (int)ceil(x + r + 1);
  int top = (int)floor(y - straight - r - 1), bottom = (int)ceil(y + straight + r + 1);
  for (int row = top < 0 ? 0 : top; row < bottom && row < height; row++) {
    double dy = fabs(row + 0.5 - y) - straight;
    if (dy < 0) dy = 0;
    for (int column = left < 0 ? 0 : left; column < right && column < width; column++) {
      double dx = column + 0.5 - x, cover = r + 0.5 - sqrt(dx * dx + dy * dy);
      if (cover > 0) out[(ptrdiff_t)row * stride + column] = (uint8_t)(255 * (cover > 1 ? 1 : cover));
    }
  }
}

static void draw_bars(struct background *b, AVFrame *f, double now) {
  int band = (b->height < b->width ? b->height : b->width) / 3 & ~1, span = b->width * 4 / 5 & ~1;
  int left = (b->width - span) / 2 & ~1, top = (b->height - band) / 2 & ~1;
  double pitch = span / (WINDOW * BARS_A_SECOND), r = pitch * 0.28;
  overlay_begin(&b->bars_overlay, left, top, span, band, b->width, b->height);
  int64_t first = (int64_t)floor((now - WINDOW / 2) * BARS_A_SECOND);
  for (int64_t bar = first < 0 ? 0 : first; bar <= first + (int64_t)(WINDOW * BARS_A_SECOND) + 1; bar++) {
    double away = (bar + 0.5) / BARS_A_SECOND - now; /* seconds from now */
    double x = span / 2.0 + away * BARS_A_SECOND * pitch;
    double edge = (WINDOW / 2 - fabs(away)) / (WINDOW / 8);
    if (edge <= 0 || x < r || x > span - r) continue;
    double straight = level(b, bar) * (band / 2.0 - r - 2);
    int box_left = (int)(x - r - 2), box_w = (int)(2 * r + 5);
    int box_h = (int)(2 * (straight + r) + 6), box_top = band / 2 - box_h / 2;
    if (box_left < 0) box_left = 0;
    if (box_top < 0) box_top = 0;
    memset(b->coverage, 0, (size_t)box_w * (size_t)box_h);
    capsule(b->coverage, box_w, box_w, box_h, x - box_left, band / 2.0 - box_top, r, straight);
    double opacity = edge > 1 ? 1 : edge;
    /* Said: warm white. To come: grey blue. The colours meet within two bars. */
    double said = 0.5 - away * BARS_A_SECOND / 2;
    said = said < 0 ? 0 : said > 1 ? 1 : said;
    overlay_layer(&b->bars_overlay, b->coverage, box_w, left + box_left, top + box_top, box_w, box_h,
                  (uint8_t)(96 + said * 150), (uint8_t)(112 + said * 116), (uint8_t)(150 + said * 46),
                  (uint8_t)(opacity * 235));
  }
  overlay_end(&b->bars_overlay);
  overlay_blend(&b->bars_overlay, f);
}

static int draw(struct background *b, struct err *e) {
  _cleanup_(frame_freep) AVFrame *f = av_frame_clone(b->picture);
  if (!f) abort();
  if (b->waveform) {
    if (av_frame_make_writable(f) < 0) abort();
    draw_bars(b, f, (double)b->frames / BACKGROUND_RATE);
  }
  f->pts = b->frames++ * (TICKS / BACKGROUND_RATE);
  return video_out_frame(b->out, f, TICKS / BACKGROUND_RATE, e);
}

int background_advance(struct background *b, double heard, struct err *e) {
  double ready = heard - (b->waveform ? WINDOW / 2 + 0.2 : 0);
  while ((double)b->frames / BACKGROUND_RATE < ready) {
    int rc = draw(b, e);
    if (rc) return rc;
  }
  return 0;
}

int background_finish(struct background *b, double end, struct err *e) {
  /* Half a frame of grace: 10.001 s of sound is 250 frames, not 251. */
  while (!b->frames || ((double)b->frames + 0.5) / BACKGROUND_RATE < end) {
    int rc = draw(b, e);
    if (rc) return rc;
  }
  return 0;
}
