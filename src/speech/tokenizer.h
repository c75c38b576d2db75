/*
 * Whisper's tokenizer: byte-level BPE with GPT-2's byte alphabet, whose merge ranks are the token ids themselves (as in
 * openai/whisper's tiktoken files), so the vocabulary is all that is needed. Special tokens follow the text tokens
 * in an order that is the same in all models; the number of languages (99, or 100 from large-v3 on) follows
 * from the vocabulary's size.
 *
 * Threads: read-only after tokenizer_open().
 */
#ifndef TITR_SPEECH_TOKENIZER_H
#define TITR_SPEECH_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct tokenizer;

struct token_ids {
  int eot; /* every smaller id is text */
  int sot, language_begin, language_count, translate, transcribe, sot_lm, sot_prev, no_speech, no_timestamps;
  int timestamp_begin; /* <|0.00|>; each further one is 20 ms later, up to 30 s */
};

/* Reads vocabulary.txt or vocabulary.json (CTranslate2), or vocab.json (original) in `dir`; `vocab` is the model's number of
 * tokens. ERR_MODEL. */
int tokenizer_open(const char *dir, int vocab, struct tokenizer **ret, struct err *e);
void tokenizer_free(struct tokenizer *t);
DEFINE_FREEP(struct tokenizer, tokenizer_free)

const struct token_ids *tokenizer_ids(const struct tokenizer *t);
int tokenizer_language_token(const struct tokenizer *t, const char *code); /* -1: not known to this model */
const char *tokenizer_language_code(const struct tokenizer *t, int token); /* "" when it is none */

/* Text -> tokens; caller frees *ret. Bytes that are no token cannot be (all 256 are). */
int tokenizer_encode(const struct tokenizer *t, const char *text, int **ret, size_t *ret_count, struct err *e);
/* Tokens -> text, special tokens left out; a cut UTF-8 sequence becomes U+FFFD. Caller frees. */
char *tokenizer_decode(const struct tokenizer *t, const int *tokens, size_t count);
/* One text token's raw bytes (perhaps not whole characters); "" of length 0 for special tokens. Borrowed. */
const char *tokenizer_bytes(const struct tokenizer *t, int token, size_t *ret_len);

/* The tokens of what is written but not said: brackets, notes, marks of speakers (openai/whisper, tokenizer.py,
 * non_speech_tokens), for models that bring no list. At most `most` go to `to`, ascending; returns how many. */
size_t tokenizer_non_speech(const struct tokenizer *t, int *to, size_t most);

struct token_word { /* tokens [first, first + count) of the list, and what they spell, leading space included */
  size_t first, count;
  char *text;
};
/* Splits text tokens into words: at spaces, or, for languages that write none, at characters (openai/whisper,
 * tokenizer.py, split_to_word_tokens). Caller frees the texts and the array. */
size_t tokenizer_split(const struct tokenizer *t, const int *tokens, size_t count, const char *language,
                       struct token_word **ret);

#endif
