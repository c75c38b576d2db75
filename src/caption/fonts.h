/* Which font a text is set in: by the script most of its letters belong to, and for Chinese characters by language. All
 * are from Debian's fonts-noto-core and fonts-noto-cjk; libass takes single glyphs from others where one lacks them. */
#ifndef TITR_CAPTION_FONTS_H
#define TITR_CAPTION_FONTS_H

enum font_face { FACE_SANS, FACE_SERIF };

const char *font_family(const char *text, const char *language, enum font_face face);

#endif
