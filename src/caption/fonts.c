#include "caption/fonts.h"

#include <stddef.h>
#include <strings.h>

#include "base/mem.h"
#include "caption/icu.h"

/* ---- scripts ---- */

enum { WITH_NEIGHBOUR = SCRIPT_COUNT };

static const struct {
  uint32_t from, to;
  int script;
} blocks[] = {
    {0x00A0, 0x00A0, WITH_NEIGHBOUR},   {0x00AB, 0x00AB, WITH_NEIGHBOUR},    {0x00BB, 0x00BB, WITH_NEIGHBOUR},
    {0x0300, 0x036F, WITH_NEIGHBOUR},   {0x0530, 0x058F, SCRIPT_ARMENIAN},   {0x0590, 0x05FF, SCRIPT_HEBREW},
    {0x0600, 0x077F, SCRIPT_ARABIC},    {0x08A0, 0x08FF, SCRIPT_ARABIC},     {0x0900, 0x097F, SCRIPT_DEVANAGARI},
    {0x0980, 0x09FF, SCRIPT_BENGALI},   {0x0A00, 0x0A7F, SCRIPT_GURMUKHI},   {0x0A80, 0x0AFF, SCRIPT_GUJARATI},
    {0x0B80, 0x0BFF, SCRIPT_TAMIL},     {0x0C00, 0x0C7F, SCRIPT_TELUGU},     {0x0C80, 0x0CFF, SCRIPT_KANNADA},
    {0x0D00, 0x0D7F, SCRIPT_MALAYALAM}, {0x0D80, 0x0DFF, SCRIPT_SINHALA},    {0x0E00, 0x0E7F, SCRIPT_THAI},
    {0x0E80, 0x0EFF, SCRIPT_LAO},       {0x1000, 0x109F, SCRIPT_MYANMAR},    {0x10A0, 0x10FF, SCRIPT_GEORGIAN},
    {0x1100, 0x11FF, SCRIPT_HANGUL},    {0x1200, 0x139F, SCRIPT_ETHIOPIC},   {0x1780, 0x17FF, SCRIPT_KHMER},
    {0x1C90, 0x1CBF, SCRIPT_GEORGIAN},  {0x1CD0, 0x1CFF, WITH_NEIGHBOUR},    {0x2000, 0x2BFF, WITH_NEIGHBOUR},
    {0x2E80, 0x303F, SCRIPT_HAN},       {0x3040, 0x30FF, SCRIPT_KANA},       {0x3100, 0x312F, SCRIPT_HAN},
    {0x3130, 0x318F, SCRIPT_HANGUL},    {0x3190, 0x31EF, SCRIPT_HAN},        {0x31F0, 0x31FF, SCRIPT_KANA},
    {0x3200, 0x9FFF, SCRIPT_HAN},       {0xA8E0, 0xA8FF, SCRIPT_DEVANAGARI}, {0xA960, 0xA97F, SCRIPT_HANGUL},
    {0xAC00, 0xD7FF, SCRIPT_HANGUL},    {0xF900, 0xFAFF, SCRIPT_HAN},        {0xFB1D, 0xFB4F, SCRIPT_HEBREW},
    {0xFB50, 0xFDFF, SCRIPT_ARABIC},    {0xFE00, 0xFE0F, WITH_NEIGHBOUR},    {0xFE30, 0xFE4F, SCRIPT_HAN},
    {0xFE70, 0xFEFE, SCRIPT_ARABIC},    {0xFEFF, 0xFEFF, WITH_NEIGHBOUR},    {0xFF00, 0xFFEF, SCRIPT_HAN},
    {0x1F000, 0x1FAFF, WITH_NEIGHBOUR}, {0x20000, 0x3FFFF, SCRIPT_HAN},      {0xE0000, 0xE0FFF, WITH_NEIGHBOUR},
};

static bool is_cjk(enum font_script s) {
  return s == SCRIPT_HAN || s == SCRIPT_KANA || s == SCRIPT_HANGUL;
}

enum font_script font_script_of(uint32_t c, enum font_script before) {
  if (c <= 0x20) return before;
  if (c < 0x80) { /* most Noto fonts have no ASCII; the CJK ones do, and their signs sit well there */
    bool letter = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    return !letter && (before == SCRIPT_COUNT || is_cjk(before)) ? before : SCRIPT_LATIN;
  }
  size_t low = 0, high = ARRAY_LEN(blocks);
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (c > blocks[middle].to) low = middle + 1;
    else high = middle;
  }
  if (low == ARRAY_LEN(blocks) || c < blocks[low].from) return SCRIPT_LATIN;
  return blocks[low].script == WITH_NEIGHBOUR ? before : (enum font_script)blocks[low].script;
}

bool font_script_joins(enum font_script s) {
  return s != SCRIPT_LATIN && s != SCRIPT_HEBREW && s != SCRIPT_GEORGIAN && s != SCRIPT_ARMENIAN &&
         s != SCRIPT_ETHIOPIC && !is_cjk(s);
}

/* ---- fonts ---- */

/* `line` and `descent` were read from the font files of Debian 12; the rest was judged by eye. */
static const struct {
  struct font font;
  bool serif, covers_all;
  double width; /* of a line of English and Russian, against Noto Sans Bold */
} faces[FACE_COUNT] = {
    [FACE_SANS] = {{"Noto Sans", 1.362, 0.293, 1, 0.76, 0.24, 1.24}, false, true, 1},
    [FACE_SERIF] = {{"Noto Serif", 1.362, 0.293, 1, 0.76, 0.24, 1.26}, true, true, 1},
    [FACE_GEOMETRIC] = {{"Manrope ExtraBold", 1.366, 0.300, 1.02, 0.76, 0.22, 1.20}, false, false, 0.98},
    [FACE_ROUND] = {{"Comfortaa", 1.561, 0.276, 0.94, 0.78, 0.24, 1.28}, false, false, 0.99},
    [FACE_TECHNICAL] = {{"Play", 1.152, 0.220, 1.10, 0.78, 0.22, 1.24}, false, false, 1.03},
    [FACE_CONDENSED] = {{"Noto Sans Display", 1.362, 0.293, 1.04, 0.78, 0.25, 1.26}, false, true, 0.96},
};

static const struct font sans[SCRIPT_COUNT] = {
    [SCRIPT_HAN] = {"Noto Sans CJK SC", 1.448, 0.288, 1, 0.86, 0.12, 1.22},
    [SCRIPT_KANA] = {"Noto Sans CJK JP", 1.448, 0.288, 1, 0.86, 0.12, 1.22},
    [SCRIPT_HANGUL] = {"Noto Sans CJK KR", 1.448, 0.288, 1, 0.86, 0.12, 1.22},
    [SCRIPT_ARABIC] = {"Noto Sans Arabic", 2.112, 0.738, 1.08, 0.88, 0.42, 1.44},
    [SCRIPT_HEBREW] = {"Noto Sans Hebrew", 1.360, 0.292, 1.06, 0.76, 0.22, 1.24},
    [SCRIPT_DEVANAGARI] = {"Noto Sans Devanagari", 1.304, 0.408, 1.10, 0.98, 0.36, 1.40},
    [SCRIPT_BENGALI] = {"Noto Sans Bengali", 1.325, 0.408, 1.10, 0.98, 0.36, 1.40},
    [SCRIPT_GURMUKHI] = {"Noto Sans Gurmukhi", 1.304, 0.408, 1.08, 0.96, 0.36, 1.40},
    [SCRIPT_GUJARATI] = {"Noto Sans Gujarati", 1.304, 0.408, 1.08, 0.96, 0.36, 1.40},
    [SCRIPT_TAMIL] = {"Noto Sans Tamil", 1.240, 0.370, 1, 0.86, 0.32, 1.32},
    [SCRIPT_TELUGU] = {"Noto Sans Telugu", 1.352, 0.483, 1, 0.90, 0.46, 1.46},
    [SCRIPT_KANNADA] = {"Noto Sans Kannada", 1.349, 0.540, 1, 0.86, 0.50, 1.46},
    [SCRIPT_MALAYALAM] = {"Noto Sans Malayalam", 1.247, 0.383, 1, 0.86, 0.36, 1.34},
    [SCRIPT_SINHALA] = {"Noto Sans Sinhala", 1.304, 0.293, 1, 0.92, 0.36, 1.40},
    [SCRIPT_THAI] = {"Noto Sans Thai", 1.511, 0.450, 1.06, 1.04, 0.34, 1.44},
    [SCRIPT_LAO] = {"Noto Sans Lao", 1.645, 0.462, 1.06, 1.04, 0.36, 1.46},
    [SCRIPT_MYANMAR] = {"Noto Sans Myanmar", 2.184, 0.860, 1, 1.00, 0.50, 1.56},
    [SCRIPT_KHMER] = {"Noto Sans Khmer", 1.362, 0.293, 1, 0.96, 0.52, 1.54},
    [SCRIPT_GEORGIAN] = {"Noto Sans Georgian", 1.360, 0.292, 1, 0.78, 0.24, 1.26},
    [SCRIPT_ARMENIAN] = {"Noto Sans Armenian", 1.360, 0.292, 1, 0.76, 0.24, 1.24},
    [SCRIPT_ETHIOPIC] = {"Noto Sans Ethiopic", 1.362, 0.293, 1, 0.84, 0.16, 1.24},
};

/* Only where captions are likely; the other scripts have their sans in a serif style too. */
static const struct font serif[SCRIPT_COUNT] = {
    [SCRIPT_HAN] = {"Noto Serif CJK SC", 1.437, 0.286, 1, 0.86, 0.12, 1.24},
    [SCRIPT_KANA] = {"Noto Serif CJK JP", 1.437, 0.286, 1, 0.86, 0.12, 1.24},
    [SCRIPT_HANGUL] = {"Noto Serif CJK KR", 1.437, 0.286, 1, 0.86, 0.12, 1.24},
    [SCRIPT_ARABIC] = {"Noto Naskh Arabic", 1.703, 0.634, 1.18, 0.90, 0.46, 1.50},
    [SCRIPT_HEBREW] = {"Noto Serif Hebrew", 1.186, 0.290, 1.06, 0.76, 0.22, 1.24},
    [SCRIPT_DEVANAGARI] = {"Noto Serif Devanagari", 1.555, 0.625, 1.10, 0.98, 0.38, 1.44},
    [SCRIPT_BENGALI] = {"Noto Serif Bengali", 1.594, 0.502, 1.10, 0.98, 0.38, 1.44},
    [SCRIPT_THAI] = {"Noto Serif Thai", 1.598, 0.534, 1.06, 1.04, 0.34, 1.46},
};

static const char *const taiwan[] = {"Noto Sans CJK TC", "Noto Serif CJK TC"};
static const char *const hong_kong[] = {"Noto Sans CJK HK", "Noto Serif CJK HK"};

struct font font_find(enum font_face face, enum font_script script, const char *language) {
  if (script == SCRIPT_LATIN || script >= SCRIPT_COUNT) return faces[face].font;
  bool is_serif = faces[face].serif;
  if (script == SCRIPT_HAN && strcasecmp(language, "ja") == 0) script = SCRIPT_KANA;
  if (script == SCRIPT_HAN && strcasecmp(language, "ko") == 0) script = SCRIPT_HANGUL;
  struct font f = is_serif && serif[script].family ? serif[script] : sans[script];
  if (script == SCRIPT_HAN && (strcasecmp(language, "zh-TW") == 0 || strcasecmp(language, "zh-Hant") == 0))
    f.family = taiwan[is_serif];
  if (script == SCRIPT_HAN && (strcasecmp(language, "zh-HK") == 0 || strcasecmp(language, "yue") == 0))
    f.family = hong_kong[is_serif];
  return f;
}

bool font_source_at(size_t i, struct font_source *ret) {
  static const char *const packages[FACE_COUNT] = {
      [FACE_SANS] = "fonts-noto-core",  [FACE_SERIF] = "fonts-noto-core", [FACE_GEOMETRIC] = "fonts-manrope",
      [FACE_ROUND] = "fonts-comfortaa", [FACE_TECHNICAL] = "fonts-play",  [FACE_CONDENSED] = "fonts-noto-core"};
  if (i > FACE_COUNT) return false;
  if (i == FACE_COUNT) *ret = (struct font_source){"Symbola", "fonts-symbola"};
  else *ret = (struct font_source){faces[i].font.family, packages[i]};
  return true;
}

/* What all of the display faces have; rare letters in between are left to libass, which takes them from elsewhere. */
bool font_covers(enum font_face face, uint32_t c) {
  if (faces[face].covers_all) return true;
  return c < 0x180 || (c >= 0x218 && c <= 0x21B) || (c >= 0x300 && c <= 0x36F) || (c >= 0x384 && c <= 0x3CE) ||
         (c >= 0x400 && c <= 0x45F) || c == 0x490 || c == 0x491 || c == 0x1E9E || (c >= 0x2000 && c <= 0x2BFF) ||
         c >= 0xFE00;
}

enum font_face font_plain_face(enum font_face face) {
  return faces[face].covers_all ? face : faces[face].serif ? FACE_SERIF : FACE_SANS;
}

/* ---- widths ---- */

/* Noto Sans Bold's advances of 0x20..0x7E, in hundredths. */
static const unsigned char ascii[95] = {26, 29, 47, 65, 57, 90, 75, 27, 34, 34, 55, 57, 28, 32, 28, 41, 57, 57, 57,
                                        57, 57, 57, 57, 57, 57, 57, 28, 28, 57, 57, 57, 48, 90, 69, 67, 64, 74, 56,
                                        55, 72, 76, 39, 33, 66, 56, 94, 81, 80, 63, 80, 66, 55, 58, 76, 65, 97, 67,
                                        62, 58, 33, 41, 33, 57, 41, 36, 60, 63, 51, 63, 59, 39, 63, 66, 30, 30, 62,
                                        30, 98, 66, 62, 63, 63, 45, 50, 43, 66, 57, 86, 58, 57, 49, 39, 55, 39, 57};

/* And of 0x410..0x44F. */
static const unsigned char cyrillic[64] = {69, 64, 67, 56, 76, 56, 94, 65, 82,  82,  67, 74, 94, 76, 80,  74,
                                           63, 64, 58, 66, 86, 67, 78, 73, 108, 111, 73, 91, 64, 66, 107, 66,
                                           60, 62, 63, 48, 66, 59, 87, 56, 72,  72,  62, 64, 84, 66, 62,  65,
                                           63, 51, 55, 57, 81, 58, 69, 66, 97,  98,  71, 85, 61, 51, 88,  59};

double font_advance(enum font_face face, uint32_t c) {
  double width = faces[face].width;
  if (c < 0x20) return 0;
  if (c < 0x7F) return width * ascii[c - 0x20] / 100;
  if (c >= 0x410 && c < 0x450) return width * cyrillic[c - 0x410] / 100;
  int columns = icu_width(c);
  if (columns != 1) return columns == 0 ? 0 : 1;
  return c < 0x530 ? width * (icu_is_upper(c) ? 0.72 : 0.62) : 0.66;
}
