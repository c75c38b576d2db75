/* The seam to zlib: how well does a text compress? Whisper's measure of a transcript that repeats itself. */
#ifndef TITR_BASE_COMPRESS_H
#define TITR_BASE_COMPRESS_H

#include <stddef.h>

/* Bytes of text for each byte of its zlib form at level 6; 0 for an empty text. Thread-safe. */
double compress_ratio(const char *text, size_t n);

#endif
