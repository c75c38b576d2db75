/*
 * Which font a piece of text is set in. A face is what a style asks for, a script is what the text is written in; the
 * two give a font: a display face for Latin, Cyrillic and Greek, for every other script the Noto font of the face's
 * kind (sans or serif), for Chinese characters by language, because the same character is drawn differently in China,
 * Taiwan, Hong Kong, Japan and Korea.
 *
 * All fonts are from Debian's fonts-noto-core, fonts-noto-cjk, fonts-manrope, fonts-comfortaa and fonts-play, emoji from
 * fonts-symbola. Where one is not installed fontconfig puts the nearest in its place, and libass takes single glyphs
 * from others where one lacks them.
 *
 * Lengths are in ems. libass makes the sum of a font's OS/2 winAscent and winDescent as high as the font size that a
 * script names, so `line` turns an em into that size.
 */
#ifndef TITR_CAPTION_FONTS_H
#define TITR_CAPTION_FONTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum font_face {
  FACE_SANS,      /* Noto Sans */
  FACE_SERIF,     /* Noto Serif */
  FACE_GEOMETRIC, /* Manrope ExtraBold */
  FACE_ROUND,     /* Comfortaa */
  FACE_TECHNICAL, /* Play */
  FACE_CONDENSED, /* Noto Sans Display */
  FACE_COUNT
};

enum font_script {
  SCRIPT_LATIN, /* and Cyrillic, Greek, and whatever no other entry covers */
  SCRIPT_HAN,
  SCRIPT_KANA,
  SCRIPT_HANGUL,
  SCRIPT_ARABIC,
  SCRIPT_HEBREW,
  SCRIPT_DEVANAGARI,
  SCRIPT_BENGALI,
  SCRIPT_GURMUKHI,
  SCRIPT_GUJARATI,
  SCRIPT_TAMIL,
  SCRIPT_TELUGU,
  SCRIPT_KANNADA,
  SCRIPT_MALAYALAM,
  SCRIPT_SINHALA,
  SCRIPT_THAI,
  SCRIPT_LAO,
  SCRIPT_MYANMAR,
  SCRIPT_KHMER,
  SCRIPT_GEORGIAN,
  SCRIPT_ARMENIAN,
  SCRIPT_ETHIOPIC,
  SCRIPT_COUNT
};

struct font {
  const char *family;
  double line;       /* see above */
  double descent;    /* winDescent alone */
  double scale;      /* makes its letters as large as those of Noto Sans */
  double rise, drop; /* how far its letters reach above and below the baseline */
  double pitch;      /* from one baseline to the next */
};

/* The script of a character that stands behind one of script `before`: spaces, marks, symbols and punctuation go with
 * what is before them, as far as its fonts have them. SCRIPT_COUNT as `before` means that nothing is; the answer
 * SCRIPT_COUNT means that what follows decides. */
enum font_script font_script_of(uint32_t c, enum font_script before);

/* `language`: "en", "zh", "zh-TW" or "". */
struct font font_find(enum font_face face, enum font_script script, const char *language);

bool font_covers(enum font_face face, uint32_t c);   /* a character of SCRIPT_LATIN */
enum font_face font_plain_face(enum font_face face); /* of the same kind, which covers all of SCRIPT_LATIN */

/* The fonts that a style's look hangs on, and the Debian package of each: those of the faces, then that of emoji. False past
 * the last. */
struct font_source {
  const char *family, *package;
};
bool font_source_at(size_t i, struct font_source *ret);

/* Letters that join or stand over each other: spacing them out would tear them apart. They have no italics. */
bool font_script_joins(enum font_script script);

/* An estimate from Noto Sans Bold's advances, within a tenth for a line of text. */
double font_advance(enum font_face face, uint32_t c);

#endif
