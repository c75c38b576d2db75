/* One file out of a zip archive (a Python wheel): the seam to libzip. No other file includes its header. */
#ifndef TITR_MODELS_ARCHIVE_H
#define TITR_MODELS_ARCHIVE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"

/* Appends the entry's bytes to `fd`. More than `max` bytes, whatever the archive's directory says, or a damaged
 * archive: ERR_INPUT. ERR_IO when `fd` cannot be written, ERR_CANCELLED. */
int archive_extract(const char *path, const char *entry, int fd, int64_t max, const atomic_bool *cancel, struct err *e);

#endif
