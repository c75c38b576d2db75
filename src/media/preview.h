/* The work behind media_preview() (media.h), inside the child: one picture of a script over the test landscape. */
#ifndef TITR_MEDIA_PREVIEW_H
#define TITR_MEDIA_PREVIEW_H

#include "base/err.h"

/* Even sizes. `output_png` exists and is written in place. ERR_INPUT, ERR_IO. */
int preview_run(const char *ass, double seconds, int width, int height, const char *output_png, struct err *e);

#endif
