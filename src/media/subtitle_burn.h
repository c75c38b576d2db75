/*
 * The seam to libass: an ASS script and a time give a picture to lay over the frame. Fonts come from fontconfig; fonts
 * embedded in a script are not used. One thread at a time.
 */
#ifndef TITR_MEDIA_SUBTITLE_BURN_H
#define TITR_MEDIA_SUBTITLE_BURN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "media/video_overlay.h"

struct subtitle_burn;

/* `script` is parsed and not kept. ERR_INPUT when it is no ASS, ERR_FAIL when libass or its fonts do not start. */
int subtitle_burn_open(const char *script, size_t n, int width, int height, struct subtitle_burn **ret, struct err *e);
int subtitle_burn_open_file(const char *path, int width, int height, struct subtitle_burn **ret, struct err *e);
void subtitle_burn_free(struct subtitle_burn *b);
DEFINE_FREEP(struct subtitle_burn, subtitle_burn_free)

/* What is shown at `seconds`: borrowed until the next call; its w is 0 when nothing is. *ret_changed (may be NULL):
 * whether it differs from the last call's. */
const struct overlay *subtitle_burn_at(struct subtitle_burn *b, double seconds, bool *ret_changed);

#endif
