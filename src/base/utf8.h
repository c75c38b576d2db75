/* UTF-8: decoding that never reads past a NUL, cleaning of foreign bytes, counting. Case and line breaking
 * belong to ICU (caption/); this is what every module needs. */
#ifndef TITR_BASE_UTF8_H
#define TITR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point at `s` (not at its end) and its length in bytes. A byte that starts no valid sequence
 * (overlong, surrogate, above U+10FFFF, cut) is U+FFFD of length 1. */
uint32_t utf8_next(const char *s, size_t *ret_len);

bool utf8_valid(const char *s, size_t n); /* no NUL inside, no bad sequence */
size_t utf8_count(const char *s);         /* code points */
size_t utf8_put(uint32_t c, char out[4]); /* bytes written */

/* A copy (caller frees) in which bad bytes and halves of surrogate pairs are U+FFFD and a leading byte order mark is
 * gone. UTF-16 text is converted when it has such a mark or begins with two ASCII characters; text that is not valid
 * UTF-8 at all is taken as Windows-1252. NULs go. */
char *utf8_clean(const char *bytes, size_t n);

/* No NUL is in it, taken as utf8_clean() takes it: what has one is no text. */
bool utf8_is_text(const char *bytes, size_t n);

#endif
