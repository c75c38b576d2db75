/*
 * DESIGN: libass is called directly and not through a filter, so that no path and no text ever passes a filter
 * description (nothing to escape, nothing to inject), and so that an unchanged caption is composed once and not per
 * frame. libass tells whether the picture changed; only then its list of bitmaps is composed again.
 */
#include "media/subtitle_burn.h"

#include <ass/ass.h>
#include <math.h>
#include <stdarg.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

struct subtitle_burn {
  ASS_Library *library;
  ASS_Renderer *renderer;
  ASS_Track *track;
  int width, height;
  bool composed;
  struct overlay overlay;
};

/* libass's levels: 0 fatal, 1 error, 2 warning, 4 info, 6 verbose, 7 debug. */
__attribute__((format(printf, 2, 0))) static void on_message(int level, const char *fmt, va_list args, void *ctx) {
  (void)ctx;
  if (level > 1) return;
  char line[512];
  vsnprintf(line, sizeof line, fmt, args);
  log_warning("media", "libass: %s", line);
}

int subtitle_burn_open(const char *script, size_t n, int width, int height, struct subtitle_burn **ret, struct err *e) {
  _cleanup_(subtitle_burn_freep) struct subtitle_burn *b = NEW(struct subtitle_burn);
  b->width = width;
  b->height = height;
  b->library = ass_library_init();
  if (!b->library) return err_set(e, ERR_FAIL, "libass does not start");
  ass_set_message_cb(b->library, on_message, NULL);
  ass_set_extract_fonts(b->library, 0);
  b->renderer = ass_renderer_init(b->library);
  if (!b->renderer) return err_set(e, ERR_FAIL, "libass does not start");
  ass_set_frame_size(b->renderer, width, height);
  ass_set_storage_size(b->renderer, width, height);
  ass_set_fonts(b->renderer, NULL, "sans-serif", ASS_FONTPROVIDER_AUTODETECT, NULL, 1);
  /* libass wants a writable buffer; a file that is no script may hold NULs */
  _cleanup_(mem_freep) char *copy = x_malloc(n + 1);
  memcpy(copy, script, n);
  copy[n] = '\0';
  b->track = ass_read_memory(b->library, copy, n, NULL);
  if (!b->track) return err_set(e, ERR_INPUT, "the caption script is not in ASS format");
  *ret = TAKE(b);
  return 0;
}

int subtitle_burn_open_file(const char *path, int width, int height, struct subtitle_burn **ret, struct err *e) {
  _cleanup_(buf_release) struct buf script = BUF_INIT;
  int rc = file_read(path, LIMIT_SCRIPT_BYTES, &script, e);
  return rc ? rc : subtitle_burn_open(buf_str(&script), script.len, width, height, ret, e);
}

void subtitle_burn_free(struct subtitle_burn *b) {
  if (!b) return;
  if (b->track) ass_free_track(b->track);
  if (b->renderer) ass_renderer_done(b->renderer);
  if (b->library) ass_library_done(b->library);
  overlay_release(&b->overlay);
  free(b);
}

static void compose(struct subtitle_burn *b, const ASS_Image *images) {
  int left = b->width, top = b->height, right = 0, bottom = 0;
  for (const ASS_Image *i = images; i; i = i->next) {
    if (!i->w || !i->h) continue;
    if (i->dst_x < left) left = i->dst_x;
    if (i->dst_y < top) top = i->dst_y;
    if (i->dst_x + i->w > right) right = i->dst_x + i->w;
    if (i->dst_y + i->h > bottom) bottom = i->dst_y + i->h;
  }
  if (right <= left || bottom <= top) {
    overlay_begin(&b->overlay, 0, 0, 0, 0, b->width, b->height);
    return;
  }
  overlay_begin(&b->overlay, left, top, right - left, bottom - top, b->width, b->height);
  for (const ASS_Image *i = images; i; i = i->next) {
    uint8_t opacity = (uint8_t)(255 - (i->color & 255)); /* RGBA, where A is the transparency */
    if (!i->w || !i->h || !opacity) continue;
    overlay_layer(&b->overlay, i->bitmap, i->stride, i->dst_x, i->dst_y, i->w, i->h, (uint8_t)(i->color >> 24),
                  (uint8_t)(i->color >> 16), (uint8_t)(i->color >> 8), opacity);
  }
  overlay_end(&b->overlay);
}

const struct overlay *subtitle_burn_at(struct subtitle_burn *b, double seconds, bool *ret_changed) {
  int changed = 0;
  /* Rounded: a frame at 0.99999 s belongs to the caption that starts at 1.00. */
  const ASS_Image *images = ass_render_frame(b->renderer, b->track, llrint(seconds * 1000), &changed);
  if (changed || !b->composed) compose(b, images);
  if (ret_changed) *ret_changed = changed || !b->composed;
  b->composed = true;
  return &b->overlay;
}
