/*
 * A semi-transparent mark in the top right corner: text, or a PNG at a tenth of the picture's shorter side. Made once;
 * the overlay is laid over every frame (see video_overlay.h), the caller releases it.
 */
#ifndef TITR_MEDIA_WATERMARK_H
#define TITR_MEDIA_WATERMARK_H

#include "base/err.h"
#include "media/video_overlay.h"

/* At most LIMIT_WATERMARK_TEXT_BYTES; shrunk when it is long, never more than about half of the width. ERR_USAGE when
 * it is empty or too long. */
int watermark_text(const char *text, int width, int height, struct overlay *ret, struct err *e);

/* ERR_INPUT when the file is no PNG or too large. */
int watermark_png(const char *path, int width, int height, struct overlay *ret, struct err *e);

#endif
