/*
 * The seam to ICU: what a character is and where a text may be broken. No other file includes ICU's headers.
 * Pure; may run in several threads.
 */
#ifndef TITR_CAPTION_ICU_H
#define TITR_CAPTION_ICU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  ICU_GRAPHEME = 1, /* a user-perceived character begins here */
  ICU_LINE = 2,     /* a line may begin here (UAX 14, dictionaries for Thai, Lao, Khmer, Burmese) */
  ICU_PHRASE = 4,   /* a good place: also a word (Chinese), a phrase (Japanese) begins here */
};

/* Fills ret[0..n] (n + 1 flags, one for each byte offset of `text`) with ICU_*. `language` is ISO 639-1 or "".
 * Bytes inside a character have no flag. Aborts when ICU has no data, like a missing library would. */
void icu_breaks(const char *text, size_t n, const char *language, uint8_t *ret);

int icu_width(uint32_t c); /* 0 nonspacing or invisible, 2 full-width, else 1 */
uint32_t icu_lower(uint32_t c);
bool icu_is_upper(uint32_t c); /* also title case */
bool icu_is_lower(uint32_t c);
bool icu_is_letter(uint32_t c); /* and marks that belong to letters */
bool icu_is_digit(uint32_t c);
bool icu_is_blank(uint32_t c); /* white space and control characters; not the no-break spaces */

#endif
