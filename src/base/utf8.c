#include "base/utf8.h"

#include <string.h>

#include "base/buf.h"

uint32_t utf8_next(const char *s, size_t *ret_len) {
  const unsigned char *p = (const unsigned char *)s;
  *ret_len = 1;
  if (p[0] < 0x80) return p[0];
  int more = p[0] >= 0xF0 ? 3 : p[0] >= 0xE0 ? 2 : 1;
  if (p[0] < 0xC2 || p[0] > 0xF4) return 0xFFFD;
  uint32_t c = p[0] & (0x3F >> more);
  for (int i = 1; i <= more; i++) {
    if ((p[i] & 0xC0) != 0x80) return 0xFFFD;
    c = c << 6 | (p[i] & 0x3F);
  }
  if ((more == 2 && c < 0x800) || (more == 3 && c < 0x10000) || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
    return 0xFFFD;
  *ret_len = (size_t)more + 1;
  return c;
}

static bool sound(const char *s, size_t n, size_t *ret_len) {
  char copy[5] = {0};
  memcpy(copy, s, n < 4 ? n : 4);
  uint32_t c = utf8_next(copy, ret_len);
  return c != 0xFFFD || *ret_len == 3;
}

bool utf8_valid(const char *s, size_t n) {
  for (size_t i = 0, len; i < n; i += len)
    if (s[i] == '\0' || !sound(s + i, n - i, &len)) return false;
  return true;
}

size_t utf8_count(const char *s) {
  size_t count = 0;
  for (size_t len; *s; s += len, count++) utf8_next(s, &len);
  return count;
}

size_t utf8_put(uint32_t c, char out[4]) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = 0xFFFD;
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = n; i-- > 1; c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
  out[0] = (char)((0xF00 >> n) | c);
  return n;
}

/* Windows-1252 bytes 0x80..0x9F (WHATWG encoding standard, index-windows-1252). */
static const uint16_t cp1252[32] = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                    0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

static void put(struct buf *b, uint32_t c) {
  char out[4];
  if (c) buf_add(b, out, utf8_put(c, out));
}

enum order { NOT_UTF16, LOW_FIRST, HIGH_FIRST };

/* Without a mark: the high bytes of the first two characters are NULs, the low ones are not. */
static enum order utf16_order(const unsigned char *p, size_t n, size_t *ret_start) {
  *ret_start = 2;
  if (n >= 2 && p[0] == 0xFF && p[1] == 0xFE) return LOW_FIRST;
  if (n >= 2 && p[0] == 0xFE && p[1] == 0xFF) return HIGH_FIRST;
  *ret_start = 0;
  if (n >= 4 && p[0] && !p[1] && p[2] && !p[3]) return LOW_FIRST;
  if (n >= 4 && !p[0] && p[1] && !p[2] && p[3]) return HIGH_FIRST;
  return NOT_UTF16;
}

static uint32_t utf16_unit(const unsigned char *p, enum order order) {
  return order == LOW_FIRST ? (uint32_t)p[0] | (uint32_t)p[1] << 8 : (uint32_t)p[0] << 8 | p[1];
}

static void from_utf16(struct buf *b, const unsigned char *p, size_t n, enum order order) {
  size_t i = 0;
  for (; i + 1 < n; i += 2) {
    uint32_t c = utf16_unit(p + i, order);
    if (c >= 0xD800 && c < 0xDC00 && i + 3 < n) {
      uint32_t low = utf16_unit(p + i + 2, order);
      if (low >= 0xDC00 && low < 0xE000) {
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        i += 2;
      }
    }
    put(b, c);
  }
  /* one byte too many: half a character, or a line end that a program put there which took the file for ASCII */
  if (i < n && p[i] != '\n' && p[i] != '\r') put(b, 0xFFFD);
}

bool utf8_is_text(const char *bytes, size_t n) {
  const unsigned char *p = (const unsigned char *)bytes;
  size_t start;
  enum order order = utf16_order(p, n, &start);
  if (order == NOT_UTF16) return n == 0 || !memchr(p, 0, n);
  for (size_t i = start; i + 1 < n; i += 2)
    if (utf16_unit(p + i, order) == 0) return false;
  return true;
}

char *utf8_clean(const char *bytes, size_t n) {
  const unsigned char *p = (const unsigned char *)bytes;
  struct buf b = BUF_INIT;
  size_t start;
  enum order order = utf16_order(p, n, &start);
  if (order != NOT_UTF16) {
    from_utf16(&b, p + start, n - start, order);
    return buf_take(&b);
  }
  size_t i = n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  size_t bad = 0, good = 0; /* of the bytes above ASCII */
  for (size_t j = i, len; j < n; j += len) {
    bool ok = sound(bytes + j, n - j, &len);
    if (!ok) bad++;
    else if (p[j] >= 0x80) good++;
  }
  bool legacy = bad > good;
  for (size_t len; i < n; i += len) {
    if (p[i] == '\0') {
      len = 1;
    } else if (sound(bytes + i, n - i, &len)) {
      buf_add(&b, bytes + i, len);
    } else {
      len = 1;
      put(&b, !legacy ? 0xFFFD : p[i] < 0xA0 ? cp1252[p[i] - 0x80] : p[i]);
    }
  }
  return buf_take(&b);
}
