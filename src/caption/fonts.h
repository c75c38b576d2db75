/*
 * Which font a text is set in. All are from Debian's fonts-noto-core and fonts-noto-cjk, which leave no character of a
 * living language without a glyph; a family is chosen for each script, and for Chinese characters by language, because
 * the same character is drawn differently in China, Taiwan, Japan and Korea. Fonts are static: equal ones are one pointer.
 */
#ifndef TITR_CAPTION_FONTS_H
#define TITR_CAPTION_FONTS_H

#include <stdbool.h>
#include <stdint.h>

enum font_face { FACE_SANS, FACE_SERIF };

struct font {
  const char *family;
  double line; /* what libass takes for the font's size, its line, per em: OS/2 usWinAscent + usWinDescent */
  bool joined; /* letters that grow together: spacing them out tears them apart */
};

/* The font for the script that most letters of the text belong to. `language`: "en", "zh", "zh-TW" or "". */
const struct font *font_for(const char *text, const char *language, enum font_face face);

/* The font for one character in a text set in `base` (from font_for()); NULL where any will do: spaces, marks. */
const struct font *font_of(uint32_t c, const struct font *base, enum font_face face);

#endif
