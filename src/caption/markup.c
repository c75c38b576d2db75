#include "caption/markup.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

static const struct {
  const char *name;
  enum markup_kind kind;
} tags[] = {{"i", MARKUP_ITALIC},   {"b", MARKUP_BOLD},    {"u", MARKUP_UNDERLINE}, {"s", MARKUP_STRIKE},
            {"c", MARKUP_OTHER},    {"v", MARKUP_OTHER},   {"ruby", MARKUP_OTHER},  {"rt", MARKUP_OTHER},
            {"lang", MARKUP_OTHER}, {"font", MARKUP_OTHER}};

static bool place_at(const char *s, size_t n, struct markup *ret) {
  if (n < 6 || memcmp(s, "{\\an", 4) != 0 || s[4] < '1' || s[4] > '9' || s[5] != '}') return false;
  *ret = (struct markup){MARKUP_PLACE, false, s[4] - '0', 6};
  return true;
}

bool markup_at(const char *s, size_t n, struct markup *ret) {
  if (n < 3) return false;
  if (*s == '{') return place_at(s, n, ret);
  if (*s != '<') return false;
  size_t from = s[1] == '/' ? 2 : 1, to = from;
  while (to < n && s[to] != '>' && s[to] != '<' && s[to] != '\n') to++;
  if (to == n || s[to] != '>') return false;
  if (to >= 2 && s[to - 1] == '-' && s[to - 2] == '-') return false; /* an arrow would end the cue */
  for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
    size_t length = strlen(tags[i].name);
    if (to - from < length || strncasecmp(s + from, tags[i].name, length) != 0) continue;
    char next = s[from + length];
    if (next != '>' && next != ' ' && next != '.') continue;
    *ret = (struct markup){tags[i].kind, from == 2, 0, to + 1};
    return true;
  }
  return false;
}

void markup_strip(const char *s, size_t n, struct buf *out) {
  struct markup m;
  for (size_t i = 0; i < n;) {
    if (markup_at(s + i, n - i, &m)) i += m.length;
    else buf_addc(out, s[i++]);
  }
}

size_t markup_guard(struct buf *text, size_t position) {
  struct markup m;
  if (!markup_at(text->data + position, text->len - position, &m)) return 0;
  const size_t n = sizeof MARKUP_JOINER - 1, after = position + 1;
  buf_add(text, MARKUP_JOINER, n);
  memmove(text->data + after + n, text->data + after, text->len - n - after);
  memcpy(text->data + after, MARKUP_JOINER, n);
  return n;
}
