#include "caption/icu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>

static void mark(const char *text, size_t n, UBreakIteratorType kind, const char *locale, uint8_t flag, uint8_t *ret) {
  UErrorCode status = U_ZERO_ERROR;
  UBreakIterator *b = ubrk_open(kind, locale, NULL, 0, &status);
  UText *t = utext_openUTF8(NULL, text, (int64_t)n, &status);
  ubrk_setUText(b, t, &status);
  if (U_FAILURE(status)) {
    fprintf(stderr, "titr: ICU has no text-breaking rules: %s\n", u_errorName(status));
    abort();
  }
  for (int32_t at = ubrk_first(b); at != UBRK_DONE; at = ubrk_next(b))
    if (at >= 0 && (size_t)at <= n) ret[at] |= flag;
  ubrk_close(b);
  utext_close(t);
}

void icu_breaks(const char *text, size_t n, const char *language, uint8_t *ret) {
  memset(ret, 0, n + 1);
  mark(text, n, UBRK_CHARACTER, "", ICU_GRAPHEME, ret);
  if (strcmp(language, "ja") == 0) {
    /* Ordinary rules let Japanese break almost anywhere; "lw=phrase" (ICU 70) keeps phrases whole. */
    mark(text, n, UBRK_LINE, "ja@lb=strict", ICU_LINE, ret);
    mark(text, n, UBRK_LINE, "ja@lb=strict;lw=phrase", ICU_PHRASE, ret);
  } else {
    mark(text, n, UBRK_LINE, language, ICU_LINE, ret);
    mark(text, n, UBRK_WORD, language, ICU_PHRASE, ret);
  }
  for (size_t i = 0; i <= n; i++)
    if (!(ret[i] & ICU_LINE)) ret[i] &= (uint8_t)~ICU_PHRASE;
}

int icu_width(uint32_t c) {
  if (c < 0x300) return c == 0xAD ? 0 : 1;
  int type = u_charType((UChar32)c);
  if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR) return 0;
  int wide = u_getIntPropertyValue((UChar32)c, UCHAR_EAST_ASIAN_WIDTH);
  return wide == U_EA_WIDE || wide == U_EA_FULLWIDTH ? 2 : 1;
}

uint32_t icu_lower(uint32_t c) {
  return (uint32_t)u_tolower((UChar32)c);
}

bool icu_is_upper(uint32_t c) {
  return u_isupper((UChar32)c) || u_istitle((UChar32)c);
}

bool icu_is_lower(uint32_t c) {
  return u_islower((UChar32)c);
}

bool icu_is_letter(uint32_t c) {
  return (U_GET_GC_MASK((UChar32)c) & (U_GC_L_MASK | U_GC_M_MASK)) != 0;
}

bool icu_is_digit(uint32_t c) {
  return u_isdigit((UChar32)c);
}

bool icu_is_blank(uint32_t c) {
  return (u_isUWhiteSpace((UChar32)c) && c != 0xA0 && c != 0x202F && c != 0x2007) ||
         u_charType((UChar32)c) == U_CONTROL_CHAR;
}
