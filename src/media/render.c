/* Both ends of the "render" operation: the options cross the border as a JSON object and are checked again there. */
#include "base/child.h"
#include "base/limits.h"
#include "media/child_ops.h"
#include "media/media.h"
#include "media/render_run.h"

#define MAX_SECONDS (24 * 3600.0) /* of wall clock: a stuck render ends some day */
#define MAX_MEMORY  (12ULL << 30) /* address space: 8K frames in the decoder, the filters and x264's lookahead */
#define MAX_FILE    (2ULL * LIMIT_INPUT_BYTES)
#define MOST_CORES  256

static void key_string(struct js_writer *w, const char *key, const char *value) {
  if (!value) return;
  js_key(w, key);
  js_string(w, value);
}

static void write_request(const struct media_render_options *o, struct buf *out) {
  struct js_writer w = JS_WRITER(out, 0);
  js_begin(&w, '{');
  key_string(&w, "input", o->input);
  key_string(&w, "output", o->output);
  key_string(&w, "ass", o->ass);
  key_string(&w, "soft", o->soft);
  key_string(&w, "soft_language", o->soft_language);
  key_string(&w, "watermark_text", o->watermark_text);
  key_string(&w, "watermark_png", o->watermark_png);
  js_key(&w, "watermark_low");
  js_bool(&w, o->watermark_low);
  js_key(&w, "vertical");
  js_bool(&w, o->vertical);
  js_key(&w, "fit");
  js_int(&w, o->fit);
  js_key(&w, "quality");
  js_int(&w, o->quality);
  js_key(&w, "background");
  js_int(&w, o->background);
  js_key(&w, "threads");
  js_int(&w, o->threads);
  js_end(&w, '}');
}

int media_render(const struct media_render_options *o, const atomic_bool *cancel,
                 void (*progress)(void *ctx, double done), void *ctx, struct err *e) {
  _cleanup_(buf_release) struct buf request = BUF_INIT;
  const char *reads[5] = {o->input}, *writes[2] = {o->output, NULL};
  size_t n = 1;
  if (o->ass) reads[n++] = o->ass;
  if (o->soft) reads[n++] = o->soft;
  if (o->watermark_png) reads[n++] = o->watermark_png;
  reads[n] = NULL;
  write_request(o, &request);
  const struct child_spec spec = {.op = "render",
                                  .request = buf_str(&request),
                                  .read_paths = reads,
                                  .write_paths = writes,
                                  .fonts = o->ass || o->watermark_text,
                                  .max_seconds = MAX_SECONDS,
                                  .max_memory = MAX_MEMORY,
                                  .max_file = MAX_FILE};
  return child_run(&spec, cancel, progress, ctx, NULL, 0, NULL, e);
}

static int read_request(struct js *request, struct media_render_options *o, struct err *e) {
  int64_t fit, quality, background, threads;
  int rc = js_get_string(request, "input", &o->input, e);
  if (!rc) rc = js_get_string(request, "output", &o->output, e);
  if (!rc) rc = js_get_bool(request, "watermark_low", &o->watermark_low, e);
  if (!rc) rc = js_get_bool(request, "vertical", &o->vertical, e);
  if (!rc) rc = js_get_int(request, "fit", MEDIA_CROP, MEDIA_BLUR, &fit, e);
  if (!rc) rc = js_get_int(request, "quality", MEDIA_SOURCE, MEDIA_1080P, &quality, e);
  if (!rc) rc = js_get_int(request, "background", MEDIA_NO_BACKGROUND, MEDIA_WAVEFORM, &background, e);
  if (!rc) rc = js_get_int(request, "threads", 0, MOST_CORES, &threads, e);
  if (rc) return rc;
  o->fit = (enum media_fit)fit;
  o->quality = (enum media_quality)quality;
  o->background = (enum media_background)background;
  o->threads = (int)threads;
  o->ass = js_string_or(request, "ass", NULL);
  o->soft = js_string_or(request, "soft", NULL);
  o->soft_language = js_string_or(request, "soft_language", NULL);
  o->watermark_text = js_string_or(request, "watermark_text", NULL);
  o->watermark_png = js_string_or(request, "watermark_png", NULL);
  return 0;
}

static void on_progress(void *ctx, double done) {
  child_progress(ctx, done);
}

int media_child_render(struct js *request, struct child_io *io, struct err *e) {
  struct media_render_options o = {0};
  int rc = read_request(request, &o, e);
  return rc ? rc : render_run(&o, on_progress, io, e);
}
