#include "caption/ass_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "caption/markup.h"

/* Codes of one letter, in the order of enum markup_kind. */
static const char letters[] = "ibus";

static void put_markup(struct buf *out, const struct markup *m) {
  if (m->kind == MARKUP_PLACE) buf_addf(out, "{\\an%d}", m->place);
  else if (m->kind != MARKUP_OTHER) buf_addf(out, "{\\%c%d}", letters[m->kind], m->closes ? 0 : 1);
}

void ass_text_put(struct buf *out, const char *text, size_t n) {
  struct markup m;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if (markup_at(text + i, n - i, &m)) {
      put_markup(out, &m);
      i += m.length - 1;
    } else if (c == '\n') {
      buf_adds(out, "\\N");
    } else if (c == '{' || c == '}') {
      buf_addc(out, '\\');
      buf_addc(out, (char)c);
    } else if (c == '\\') {
      buf_adds(out, "\\" MARKUP_JOINER);
    } else if ((c >= 0x20 && c != 0x7F) || c == '\t') {
      buf_addc(out, (char)c);
    }
  }
}

/* The codes of one override block; returns whether a drawing follows. */
static bool take_codes(struct buf *out, const char *s, size_t n, bool drawing) {
  for (size_t i = 0; i + 2 < n; i++) {
    if (s[i] != '\\') continue;
    const char *code = s + i + 1;
    size_t left = n - i - 1;
    const char *letter = memchr(letters, code[0], sizeof letters - 1);
    if (letter && (code[1] == '0' || code[1] == '1') && (left == 2 || code[2] == '\\'))
      buf_addf(out, "<%s%c>", code[1] == '0' ? "/" : "", *letter);
    else if (left >= 3 && memcmp(code, "an", 2) == 0 && code[2] >= '1' && code[2] <= '9')
      buf_addf(out, "{\\an%c}", code[2]);
    else if (code[0] == 'p' && code[1] >= '0' && code[1] <= '9') drawing = code[1] != '0';
  }
  return drawing;
}

/* What a backslash before `next` stands for; NULL: itself. */
static const char *escaped(char next) {
  switch (next) {
  case 'N': return "\n";
  case 'n': return " ";
  case 'h': return "\xC2\xA0";
  case '{': return "{";
  case '}': return "}";
  default: return NULL;
  }
}

void ass_text_take(struct buf *out, const char *text, size_t n) {
  _cleanup_(mem_freep) size_t *marks = NULL; /* letters that must not be taken for markup */
  size_t mark_count = 0, cap = 0;
  bool drawing = false, closes = true;
  for (size_t i = 0; i < n && out->len <= LIMIT_CUE_BYTES; i++) { /* more is refused by formats_add() */
    const char *close = text[i] == '{' && closes ? memchr(text + i, '}', n - i) : NULL;
    closes = closes && (text[i] != '{' || close); /* else every '{' would look for it again */
    if (close) {
      drawing = take_codes(out, text + i + 1, (size_t)(close - text) - i - 1, drawing);
      i = (size_t)(close - text);
      continue;
    }
    const char *stands_for = text[i] == '\\' && i + 1 < n ? escaped(text[i + 1]) : NULL;
    char c = stands_for ? *stands_for : text[i];
    if (drawing) continue;
    if (c == '<' || c == '{') {
      x_grow(&marks, &cap, mark_count + 1, sizeof *marks);
      marks[mark_count++] = out->len;
    }
    if (stands_for) {
      buf_adds(out, stands_for);
      i++;
      continue;
    }
    buf_addc(out, c);
    const size_t joiner = sizeof MARKUP_JOINER - 1;
    if (c == '\\' && n - i > joiner && memcmp(text + i + 1, MARKUP_JOINER, joiner) == 0) i += joiner;
  }
  while (mark_count > 0) markup_guard(out, marks[--mark_count]);
}
