#include "caption/ass_text.h"

#include <string.h>

static const char joiner[] = "\xE2\x81\xA0"; /* U+2060 */

void ass_text_put(struct buf *out, const char *text, size_t n) {
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '\n') {
      buf_adds(out, "\\N");
    } else if (c == '{' || c == '}') {
      buf_addc(out, '\\');
      buf_addc(out, (char)c);
    } else if (c == '\\') {
      buf_addc(out, '\\');
      buf_adds(out, joiner);
    } else if (c >= 0x20 || c == '\t') {
      buf_addc(out, (char)c);
    }
  }
}

void ass_text_take(struct buf *out, const char *text, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (text[i] == '{') {
      const char *close = memchr(text + i, '}', n - i);
      if (close) {
        i = (size_t)(close - text);
        continue;
      }
    }
    if (text[i] != '\\' || i + 1 == n) {
      buf_addc(out, text[i]);
      continue;
    }
    char next = text[i + 1];
    if (next == 'N' || next == 'n') buf_addc(out, next == 'N' ? '\n' : ' ');
    else if (next == 'h') buf_adds(out, "\xC2\xA0");
    else if (next == '{' || next == '}') buf_addc(out, next);
    else {
      buf_addc(out, '\\');
      if (n - i > 3 && memcmp(text + i + 1, joiner, 3) == 0) i += 3;
      continue;
    }
    i++;
  }
}
