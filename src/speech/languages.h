/* Whisper's languages in the order of their tokens (openai/whisper, tokenizer.py, LANGUAGES). */
#ifndef TITR_SPEECH_LANGUAGES_H
#define TITR_SPEECH_LANGUAGES_H

#include <stdbool.h>
#include <stddef.h>

struct language {
  const char *code, *name;
};

size_t language_count(void);                    /* 100; the last is known from large-v3 on */
const struct language *language_at(size_t i);   /* NULL past the last */
int language_index(const char *code);           /* -1 */
bool language_without_spaces(const char *code); /* Chinese, Japanese, Thai, Lao, Burmese, Cantonese */

#endif
