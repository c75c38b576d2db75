#include "caption/fonts.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum script { LATIN, HAN, KANA, HANGUL, ARABIC, HEBREW, DEVANAGARI, BENGALI, THAI, SCRIPTS };

static enum script script_of(uint32_t c) {
  if (c >= 0x0590 && c <= 0x05FF) return HEBREW;
  if ((c >= 0x0600 && c <= 0x077F) || (c >= 0x08A0 && c <= 0x08FF) || (c >= 0xFB50 && c <= 0xFEFC)) return ARABIC;
  if (c >= 0x0900 && c <= 0x097F) return DEVANAGARI;
  if (c >= 0x0980 && c <= 0x09FF) return BENGALI;
  if (c >= 0x0E00 && c <= 0x0E7F) return THAI;
  if (c >= 0x3040 && c <= 0x30FF) return KANA;
  if ((c >= 0x1100 && c <= 0x11FF) || (c >= 0xAC00 && c <= 0xD7A3)) return HANGUL;
  if ((c >= 0x2E80 && c <= 0x303F) || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
      (c >= 0xFF00 && c <= 0xFFEF) || (c >= 0x20000 && c <= 0x3FFFF))
    return HAN;
  return LATIN;
}

static const char *const families[SCRIPTS][2] = {
    [LATIN] = {"Noto Sans", "Noto Serif"},
    [HAN] = {"Noto Sans CJK SC", "Noto Serif CJK SC"},
    [KANA] = {"Noto Sans CJK JP", "Noto Serif CJK JP"},
    [HANGUL] = {"Noto Sans CJK KR", "Noto Serif CJK KR"},
    [ARABIC] = {"Noto Sans Arabic", "Noto Naskh Arabic"},
    [HEBREW] = {"Noto Sans Hebrew", "Noto Serif Hebrew"},
    [DEVANAGARI] = {"Noto Sans Devanagari", "Noto Serif Devanagari"},
    [BENGALI] = {"Noto Sans Bengali", "Noto Serif Bengali"},
    [THAI] = {"Noto Sans Thai", "Noto Serif Thai"},
};

const char *font_family(const char *text, const char *language, enum font_face face) {
  size_t letters[SCRIPTS] = {0};
  for (size_t n; *text; text += n) {
    uint32_t c = utf8_next(text, &n);
    if (c > ' ' && (c >= 0x80 || ((c | 32) >= 'a' && (c | 32) <= 'z'))) letters[script_of(c)]++;
  }
  enum script best = LATIN;
  for (int s = LATIN; s < SCRIPTS; s++)
    if (letters[s] > letters[best]) best = (enum script)s;
  if (best == HAN || best == KANA) {
    if (letters[KANA] || strcmp(language, "ja") == 0) best = KANA;
    else if (strcmp(language, "ko") == 0) best = HANGUL;
  }
  return families[best][face];
}
