/*
 * A semi-transparent mark in the top right corner: text, or a PNG at a tenth of the picture's shorter side. Made once;
 * the overlay is laid over every frame (see video_overlay.h), the caller releases it.
 *
 * `low`: captions stand at the head. The mark then goes to the bottom right corner, inside the title-safe area; not in
 * an upright picture, where captions leave enough room above them (caption/style.h), and phones cover that corner.
 */
#ifndef TITR_MEDIA_WATERMARK_H
#define TITR_MEDIA_WATERMARK_H

#include <stdbool.h>

#include "base/err.h"
#include "media/video_overlay.h"

/* At most LIMIT_WATERMARK_TEXT_BYTES; shrunk when it is long, never more than about half of the width. ERR_USAGE when
 * it is empty or too long. */
int watermark_text(const char *text, int width, int height, bool low, struct overlay *ret, struct err *e);

/* ERR_INPUT when the file is no PNG or too large. */
int watermark_png(const char *path, int width, int height, bool low, struct overlay *ret, struct err *e);

#endif
