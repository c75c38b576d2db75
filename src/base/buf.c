#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void room(struct buf *b, size_t more) {
  x_grow(&b->data, &b->cap, b->len + more + 1, 1);
}

void buf_release(struct buf *b) {
  free(b->data);
  *b = (struct buf)BUF_INIT;
}

void buf_clear(struct buf *b) {
  b->len = 0;
  if (b->data) b->data[0] = '\0';
}

void buf_add(struct buf *b, const void *bytes, size_t n) {
  room(b, n);
  if (n) memcpy(b->data + b->len, bytes, n);
  b->len += n;
  b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s) {
  buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c) {
  buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  if (n > 0) {
    room(b, (size_t)n);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
    b->len += (size_t)n;
  }
  va_end(again);
}

const char *buf_str(const struct buf *b) {
  return b->data ? b->data : "";
}

char *buf_take(struct buf *b) {
  room(b, 0);
  b->data[b->len] = '\0';
  char *p = b->data;
  *b = (struct buf)BUF_INIT;
  return p;
}
