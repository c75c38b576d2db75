#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 4, 0))) static void fill(struct err *e, int code, const char *tail, const char *fmt,
                                                       va_list ap) {
  int n = vsnprintf(e->msg, sizeof e->msg, fmt, ap);
  size_t len = n < 0 ? 0 : (size_t)n;
  if (len >= sizeof e->msg) len = sizeof e->msg - 1;
  if (tail) {
    n = snprintf(e->msg + len, sizeof e->msg - len, ": %s", tail);
    len += n < 0 ? 0 : (size_t)n;
    if (len >= sizeof e->msg) len = sizeof e->msg - 1;
  }
  if (len == sizeof e->msg - 1) { /* perhaps cut inside a character: drop its first bytes */
    size_t lead = len;
    while (lead > 0 && len - lead < 3 && ((unsigned char)e->msg[lead - 1] & 0xC0) == 0x80) lead--;
    if (lead > 0 && (unsigned char)e->msg[lead - 1] >= 0xC0) {
      unsigned char c = (unsigned char)e->msg[lead - 1];
      size_t want = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
      if (len - (lead - 1) < want) e->msg[lead - 1] = '\0';
    }
  }
  for (char *p = e->msg; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7F) *p = ' ';
  e->code = code;
}

int err_set(struct err *e, int code, const char *fmt, ...) {
  if (e) {
    va_list ap;
    va_start(ap, fmt);
    fill(e, code, NULL, fmt, ap);
    va_end(ap);
  }
  return code;
}

int err_errno(struct err *e, int code, int errnum, const char *fmt, ...) {
  if (e) {
    char text[128];
    va_list ap;
    va_start(ap, fmt);
    fill(e, code, strerror_r(errnum, text, sizeof text), fmt, ap);
    va_end(ap);
  }
  return code;
}

int err_prefix(struct err *e, const char *fmt, ...) {
  if (!e) return ERR_FAIL;
  char old[sizeof e->msg];
  memcpy(old, e->msg, sizeof old);
  va_list ap;
  va_start(ap, fmt);
  fill(e, e->code, old, fmt, ap);
  va_end(ap);
  return e->code;
}

int err_exit_code(int code) {
  switch (code) {
  case 0: return 0;
  case ERR_USAGE: return 2;
  case ERR_INPUT:
  case ERR_CRASH: return 3;
  case ERR_MODEL: return 4;
  case ERR_NO_SPEECH: return 5;
  case ERR_CANCELLED: return 130;
  default: return 1;
  }
}
