/*
 * A growing byte buffer that is always NUL-terminated, so that buf.data is also a C string (data is "" and
 * never NULL after buf_init). The caller owns it: buf_release() when done, buf_take() to keep the bytes.
 */
#ifndef TITR_BASE_BUF_H
#define TITR_BASE_BUF_H

#include <stddef.h>

struct buf {
  char *data;
  size_t len; /* without the NUL */
  size_t cap;
};

#define BUF_INIT                                                                                                       \
  { NULL, 0, 0 }

void buf_release(struct buf *b); /* also the cleanup function: `_cleanup_(buf_release) struct buf b = BUF_INIT` */
void buf_clear(struct buf *b);
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *buf_str(const struct buf *b); /* "" when nothing was added */
char *buf_take(struct buf *b);            /* the string, now the caller's (free()); the buffer is empty again */

#endif
