#include "caption/fonts.h"

#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"

enum script { ANY, LATIN, HAN, KANA, HANGUL, ARABIC, HEBREW, DEVANAGARI, BENGALI, THAI, SYMBOLS, SCRIPTS };

static const struct {
  uint32_t from, to;
  enum script script;
} ranges[] = {
    {0x0000, 0x0020, ANY},       {0x00A0, 0x00A0, ANY},    {0x0300, 0x036F, ANY},        {0x0590, 0x05FF, HEBREW},
    {0x0600, 0x077F, ARABIC},    {0x08A0, 0x08FF, ARABIC}, {0x0900, 0x097F, DEVANAGARI}, {0x0980, 0x09FF, BENGALI},
    {0x0E00, 0x0E7F, THAI},      {0x1100, 0x11FF, HANGUL}, {0x1CD0, 0x1CFF, DEVANAGARI}, {0x200B, 0x200F, ANY},
    {0x202A, 0x202E, ANY},       {0x2060, 0x206F, ANY},    {0x2190, 0x2BFF, SYMBOLS},    {0x2E80, 0x2FFF, HAN},
    {0x3000, 0x303F, HAN},       {0x3040, 0x30FF, KANA},   {0x3100, 0x312F, HAN},        {0x3130, 0x318F, HANGUL},
    {0x3190, 0x4DBF, HAN},       {0x4E00, 0x9FFF, HAN},    {0xA8E0, 0xA8FF, DEVANAGARI}, {0xA960, 0xA97F, HANGUL},
    {0xAC00, 0xD7FF, HANGUL},    {0xF900, 0xFAFF, HAN},    {0xFB1D, 0xFB4F, HEBREW},     {0xFB50, 0xFDFF, ARABIC},
    {0xFE00, 0xFE0F, ANY},       {0xFE30, 0xFE4F, HAN},    {0xFE70, 0xFEFC, ARABIC},     {0xFF00, 0xFFEF, HAN},
    {0x1F000, 0x1FAFF, SYMBOLS}, {0x20000, 0x3FFFF, HAN},  {0xE0000, 0xE0FFF, ANY},
};

static enum script script_of(uint32_t c) {
  for (size_t i = 0; i < ARRAY_LEN(ranges) && c >= ranges[i].from; i++)
    if (c <= ranges[i].to) return ranges[i].script;
  return LATIN; /* Greek, Cyrillic and whatever else Noto Sans holds */
}

/* Sans, serif. Symbols have none: libass finds one. Noto Sans Arabic's line of 2.11 em would stand far apart; it is set
 * a tenth smaller. */
static const struct font fonts[SCRIPTS][2] = {
    [LATIN] = {{"Noto Sans", 1.362, false}, {"Noto Serif", 1.362, false}},
    [HAN] = {{"Noto Sans CJK SC", 1.448, false}, {"Noto Serif CJK SC", 1.437, false}},
    [KANA] = {{"Noto Sans CJK JP", 1.448, false}, {"Noto Serif CJK JP", 1.437, false}},
    [HANGUL] = {{"Noto Sans CJK KR", 1.448, false}, {"Noto Serif CJK KR", 1.437, false}},
    [ARABIC] = {{"Noto Sans Arabic", 1.9, true}, {"Noto Naskh Arabic", 1.703, true}},
    [HEBREW] = {{"Noto Sans Hebrew", 1.36, false}, {"Noto Serif Hebrew", 1.186, false}},
    [DEVANAGARI] = {{"Noto Sans Devanagari", 1.304, true}, {"Noto Serif Devanagari", 1.555, true}},
    [BENGALI] = {{"Noto Sans Bengali", 1.325, true}, {"Noto Serif Bengali", 1.594, true}},
    [THAI] = {{"Noto Sans Thai", 1.511, true}, {"Noto Serif Thai", 1.598, true}},
};
static const struct font taiwan[] = {{"Noto Sans CJK TC", 1.448, false}, {"Noto Serif CJK TC", 1.437, false}};
static const struct font hong_kong[] = {{"Noto Sans CJK HK", 1.448, false}, {"Noto Serif CJK HK", 1.437, false}};

static const struct font *chinese(const char *language, enum font_face face) {
  if (strcasecmp(language, "zh-TW") == 0 || strcasecmp(language, "zh-Hant") == 0) return &taiwan[face];
  if (strcasecmp(language, "zh-HK") == 0 || strcasecmp(language, "yue") == 0) return &hong_kong[face];
  return &fonts[HAN][face];
}

const struct font *font_for(const char *text, const char *language, enum font_face face) {
  size_t letters[SCRIPTS] = {0};
  for (size_t n; *text; text += n) {
    uint32_t c = utf8_next(text, &n);
    if (c >= 0x80 || ((c | 32) >= 'a' && (c | 32) <= 'z')) letters[script_of(c)]++;
  }
  enum script best = LATIN;
  for (int s = HAN; s < SYMBOLS; s++)
    if (letters[s] > letters[best]) best = (enum script)s;
  if (best != HAN && best != KANA) return &fonts[best][face];
  if (letters[KANA] || strcasecmp(language, "ja") == 0) return &fonts[KANA][face];
  if (letters[HANGUL] || strcasecmp(language, "ko") == 0) return &fonts[HANGUL][face];
  return chinese(language, face);
}

static bool is_cjk(const struct font *base, enum font_face face) {
  return base == &fonts[HAN][face] || base == &fonts[KANA][face] || base == &fonts[HANGUL][face] ||
         base == &taiwan[face] || base == &hong_kong[face];
}

const struct font *font_of(uint32_t c, const struct font *base, enum font_face face) {
  enum script s = script_of(c);
  if (s == ANY || s == SYMBOLS) return NULL;
  /* The CJK families hold all of each other, and Latin, Greek and Cyrillic drawn to go with it. */
  bool shared = s == LATIN || s == HAN || s == KANA || s == HANGUL;
  return shared && is_cjk(base, face) ? base : &fonts[s][face];
}
