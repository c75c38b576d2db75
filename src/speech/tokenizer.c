/*
 * DESIGN. The vocabulary is turned once from GPT-2's printable alphabet into raw bytes, in one arena. Encoding merges,
 * again and again, the neighbours whose joined bytes are the token of the lowest id; a prompt is short, so the
 * quadratic loop does not matter. A hash table finds a token by its bytes.
 */
#include "speech/tokenizer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "speech/languages.h"

enum { SPECIAL_BESIDE_LANGUAGES = 8 }; /* eot, sot, translate, transcribe, sot_lm, sot_prev, no_speech, no_timestamps */
enum { TIMESTAMPS = 1501 };

struct tokenizer {
  struct token_ids ids;
  struct buf arena;
  size_t *start; /* [vocab + 1] into the arena */
  int vocab;
  int *table; /* open addressing, -1 empty */
  size_t table_size;
};

/* GPT-2's alphabet: printable Latin-1 bytes stand for themselves; the others, 00-20, 7F-A0 and AD, in this order for
 * U+0100 and on. */
static int byte_of(uint32_t c) {
  if (c < 0x100) return (int)c;
  if (c <= 0x120) return (int)(c - 0x100);
  if (c <= 0x142) return (int)(c - 0x121 + 0x7F);
  return c == 0x143 ? 0xAD : -1;
}

static int add_token(struct tokenizer *t, int id, const char *printable, struct err *e) {
  if (id >= t->ids.eot) { /* special: spelled by nobody */
    t->start[id + 1] = t->arena.len;
    return 0;
  }
  for (size_t n; *printable; printable += n) {
    int b = byte_of(utf8_next(printable, &n));
    if (b < 0) return err_set(e, ERR_MODEL, "the vocabulary's token %d has a character outside GPT-2's alphabet", id);
    buf_addc(&t->arena, (char)b);
  }
  t->start[id + 1] = t->arena.len;
  return 0;
}

static uint32_t hash(const char *bytes, size_t n) {
  uint32_t h = 2166136261u;
  for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)bytes[i]) * 16777619u;
  return h;
}

static int find(const struct tokenizer *t, const char *bytes, size_t n) {
  for (size_t i = hash(bytes, n) & (t->table_size - 1); t->table[i] >= 0; i = (i + 1) & (t->table_size - 1)) {
    int id = t->table[i];
    if (t->start[id + 1] - t->start[id] == n && memcmp(t->arena.data + t->start[id], bytes, n) == 0) return id;
  }
  return -1;
}

static void index_tokens(struct tokenizer *t) {
  t->table_size = 1;
  while (t->table_size < 2 * (size_t)t->vocab) t->table_size *= 2;
  t->table = NEW_ARRAY(int, t->table_size);
  memset(t->table, 0xFF, t->table_size * sizeof *t->table);
  for (int id = 0; id < t->ids.eot; id++) {
    size_t n = t->start[id + 1] - t->start[id];
    if (n == 0 || find(t, t->arena.data + t->start[id], n) >= 0) continue;
    size_t i = hash(t->arena.data + t->start[id], n) & (t->table_size - 1);
    while (t->table[i] >= 0) i = (i + 1) & (t->table_size - 1);
    t->table[i] = id;
  }
}

static int read_lines(struct tokenizer *t, const char *text, struct err *e) {
  int id = 0, rc = 0;
  while (*text && id < t->vocab && rc == 0) {
    size_t n = strcspn(text, "\r\n");
    _cleanup_(mem_freep) char *line = x_strndup(text, n);
    rc = add_token(t, id++, line, e);
    text += n;
    text += *text == '\r';
    text += *text == '\n';
  }
  if (rc == 0 && id < t->ids.eot)
    return err_set(e, ERR_MODEL, "the vocabulary has %d tokens, %d are needed", id, t->ids.eot);
  for (; id < t->vocab && rc == 0; id++) rc = add_token(t, id, "", e);
  return rc;
}

/* A list of tokens, or an object token -> id. */
static int read_json(struct tokenizer *t, const struct buf *text, const char *path, struct err *e) {
  _cleanup_(js_freep) struct js *root = NULL;
  int rc = js_parse(buf_str(text), text->len, path, &root, e);
  if (rc < 0) return rc;
  _cleanup_(mem_freep) const char **tokens = NEW_ARRAY(const char *, (size_t)t->vocab);
  if (js_is_array(root)) {
    for (size_t i = 0; i < js_len(root) && i < (size_t)t->vocab; i++)
      js_get_string(js_item(root, i), "", &tokens[i], NULL);
  } else {
    const char *key;
    struct js *value;
    for (void *it = NULL; js_next(root, &it, &key, &value);) {
      int64_t id;
      if (js_get_int(value, "", 0, t->vocab - 1, &id, NULL) == 0) tokens[id] = key;
    }
  }
  for (int id = 0; rc == 0 && id < t->vocab; id++) {
    if (!tokens[id] && id < t->ids.eot) return err_set(e, ERR_MODEL, "%s lacks the token %d", path, id);
    rc = add_token(t, id, tokens[id] ? tokens[id] : "", e);
  }
  return rc;
}

static void number_specials(struct tokenizer *t) {
  bool multilingual = t->vocab >= 51865;
  struct token_ids *k = &t->ids;
  k->eot = multilingual ? 50257 : 50256;
  k->sot = k->eot + 1;
  k->language_begin = k->sot + 1;
  k->language_count = t->vocab - k->eot - SPECIAL_BESIDE_LANGUAGES - TIMESTAMPS;
  k->translate = k->language_begin + k->language_count;
  k->transcribe = k->translate + 1;
  k->sot_lm = k->translate + 2;
  k->sot_prev = k->translate + 3;
  k->no_speech = k->translate + 4;
  k->no_timestamps = k->translate + 5;
  k->timestamp_begin = k->translate + 6;
}

int tokenizer_open(const char *dir, int vocab, struct tokenizer **ret, struct err *e) {
  static const char *const files[] = {"vocabulary.txt", "vocabulary.json", "vocab.json"};
  _cleanup_(tokenizer_freep) struct tokenizer *t = NEW(struct tokenizer);
  t->vocab = vocab;
  number_specials(t);
  if (t->ids.language_count < 99 || (size_t)t->ids.language_count > language_count())
    return err_set(e, ERR_MODEL, "a vocabulary of %d tokens is no Whisper model's", vocab);
  t->start = NEW_ARRAY(size_t, (size_t)vocab + 1);
  for (size_t i = 0; i < ARRAY_LEN(files); i++) {
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, files[i]);
    if (access(path, F_OK) != 0) continue;
    _cleanup_(buf_release) struct buf text = BUF_INIT;
    int rc = file_read(path, LIMIT_JSON_BYTES, &text, e);
    if (rc == 0) rc = strstr(files[i], ".txt") ? read_lines(t, buf_str(&text), e) : read_json(t, &text, path, e);
    if (rc < 0) {
      if (e) e->code = ERR_MODEL;
      return ERR_MODEL;
    }
    index_tokens(t);
    for (int b = 0; b < 256; b++) {
      char byte = (char)b;
      if (find(t, &byte, 1) < 0) return err_set(e, ERR_MODEL, "%s lacks the byte %d", path, b);
    }
    *ret = TAKE(t);
    return 0;
  }
  return err_set(e, ERR_MODEL, "%s holds no vocabulary.txt, vocabulary.json or vocab.json", dir);
}

void tokenizer_free(struct tokenizer *t) {
  if (!t) return;
  buf_release(&t->arena);
  free(t->start);
  free(t->table);
  free(t);
}

const struct token_ids *tokenizer_ids(const struct tokenizer *t) {
  return &t->ids;
}

int tokenizer_language_token(const struct tokenizer *t, const char *code) {
  int i = language_index(code);
  return i >= 0 && i < t->ids.language_count ? t->ids.language_begin + i : -1;
}

const char *tokenizer_language_code(const struct tokenizer *t, int token) {
  int i = token - t->ids.language_begin;
  const struct language *l = i >= 0 && i < t->ids.language_count ? language_at((size_t)i) : NULL;
  return l ? l->code : "";
}

/* ---- encoding ---- */

enum { SPACE, LETTER, DIGIT, OTHER };

/* Close to the pattern's \p{L}, \p{N}: what is above ASCII counts as letters but for the punctuation blocks. It decides only
 * where a merge may not cross, so a rare misjudgement spells the same text with other tokens. */
static int class_of(uint32_t c) {
  bool space = c == ' ' || (c >= 9 && c <= 13) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
               (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
  if (space) return SPACE;
  if (c >= '0' && c <= '9') return DIGIT;
  if (c < 0x80) return (c | 32) >= 'a' && (c | 32) <= 'z' ? LETTER : OTHER;
  if (c == 0xAA || c == 0xB5 || c == 0xBA) return LETTER; /* a, micro, o */
  if (c == 0xB2 || c == 0xB3 || c == 0xB9 || (c >= 0xBC && c <= 0xBE) || (c >= 0xFF10 && c <= 0xFF19)) return DIGIT;
  bool punctuation = (c >= 0x80 && c <= 0xBF) || c == 0xD7 || c == 0xF7 || (c >= 0x2010 && c <= 0x2BFF) ||
                     (c >= 0x3001 && c <= 0x3004) || (c >= 0x3008 && c <= 0x3030) || (c >= 0xFF00 && c <= 0xFF0F) ||
                     (c >= 0xFF1A && c <= 0xFF20) || c >= 0x1F000;
  return punctuation ? OTHER : LETTER;
}

static size_t contraction(const char *s) {
  static const char *const tails[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
  for (size_t i = 0; i < ARRAY_LEN(tails); i++)
    if (strncmp(s, tails[i], strlen(tails[i])) == 0) return strlen(tails[i]);
  return 0;
}

/* Bytes of the piece that starts at s: GPT-2's splitting pattern. */
static size_t piece(const char *s) {
  size_t n = contraction(s);
  if (n) return n;
  uint32_t c = utf8_next(s, &n);
  size_t len = 0;
  if (class_of(c) == SPACE) {
    size_t last = 0;
    while (s[len] && class_of(utf8_next(s + len, &n)) == SPACE) {
      last = len;
      len += n;
    }
    if (!s[len]) return len;
    if (last > 0) return last; /* the last space belongs to the next piece */
    if (s[0] != ' ') return len;
    len = 1;
    c = utf8_next(s + 1, &n);
  }
  int kind = class_of(c);
  while (s[len] && class_of(utf8_next(s + len, &n)) == kind) len += n;
  return len;
}

static size_t merge(const struct tokenizer *t, const char *s, size_t n, int *out) {
  _cleanup_(mem_freep) size_t *cut = NEW_ARRAY(size_t, n + 1); /* the parts' borders */
  size_t parts = n;
  for (size_t i = 0; i <= n; i++) cut[i] = i;
  for (;;) {
    int lowest = -1;
    size_t at = 0;
    for (size_t i = 0; i + 2 <= parts; i++) {
      int id = find(t, s + cut[i], cut[i + 2] - cut[i]);
      if (id >= 0 && (lowest < 0 || id < lowest)) {
        lowest = id;
        at = i;
      }
    }
    if (lowest < 0) break;
    memmove(cut + at + 1, cut + at + 2, (parts - at - 1) * sizeof *cut);
    parts--;
  }
  for (size_t i = 0; i < parts; i++) out[i] = find(t, s + cut[i], cut[i + 1] - cut[i]);
  return parts;
}

int tokenizer_encode(const struct tokenizer *t, const char *text, int **ret, size_t *ret_count, struct err *e) {
  size_t n = strlen(text), count = 0;
  if (n > LIMIT_PROMPT_BYTES + 1)
    return err_set(e, ERR_USAGE, "the prompt is longer than %d bytes", LIMIT_PROMPT_BYTES);
  int *tokens = NEW_ARRAY(int, n);
  while (*text) {
    size_t len = piece(text);
    count += merge(t, text, len, tokens + count);
    text += len;
  }
  *ret = tokens;
  *ret_count = count;
  return 0;
}

/* ---- what is not said ---- */

static void collect(const struct tokenizer *t, const char *text, bool first_of_many, int *to, size_t most,
                    size_t *count) {
  int *ids = NULL;
  size_t n = 0;
  if (tokenizer_encode(t, text, &ids, &n, NULL) == 0 && n > 0 && (n == 1 || first_of_many)) {
    size_t at = 0;
    while (at < *count && to[at] < ids[0]) at++;
    bool known = at < *count && to[at] == ids[0];
    if (!known && *count < most) {
      memmove(to + at + 1, to + at, (*count - at) * sizeof *to);
      to[at] = ids[0];
      ++*count;
    }
  }
  free(ids);
}

size_t tokenizer_non_speech(const struct tokenizer *t, int *to, size_t most) {
  static const char *const symbols[] = {"\"",  "#",  "(",  ")",   "*",   "+",   "/",   ":",  ";",   "<",  "=",  ">",
                                        "@",   "[",  "\\", "]",   "^",   "_",   "`",   "{",  "|",   "}",  "~",  "「",
                                        "」",  "『", "』", "<<",  ">>",  "<<<", ">>>", "--", "---", "-(", "-[", "('",
                                        "(\"", "((", "))", "(((", ")))", "[[",  "]]",  "{{", "}}",  "♪♪", "♪♪♪"};
  /* several tokens each; the first is that of all signs around them, U+2640 to U+267F, none of which is said */
  static const char *const notes[] = {"♩", "♪", "♫", "♬", "♭", "♮", "♯"};
  size_t count = 0;
  char spaced[16];
  collect(t, " -", true, to, most, &count); /* within a word both may stand */
  collect(t, " '", true, to, most, &count);
  for (size_t i = 0; i < ARRAY_LEN(symbols) + ARRAY_LEN(notes); i++) {
    bool note = i >= ARRAY_LEN(symbols);
    const char *symbol = note ? notes[i - ARRAY_LEN(symbols)] : symbols[i];
    snprintf(spaced, sizeof spaced, " %s", symbol);
    collect(t, symbol, note, to, most, &count);
    collect(t, spaced, note, to, most, &count);
  }
  return count;
}

/* ---- decoding ---- */

const char *tokenizer_bytes(const struct tokenizer *t, int token, size_t *ret_len) {
  if (token < 0 || token >= t->ids.eot) {
    *ret_len = 0;
    return "";
  }
  *ret_len = t->start[token + 1] - t->start[token];
  return t->arena.data + t->start[token];
}

static void raw(const struct tokenizer *t, const int *tokens, size_t count, struct buf *b) {
  for (size_t i = 0; i < count; i++) {
    size_t n;
    const char *bytes = tokenizer_bytes(t, tokens[i], &n);
    buf_add(b, bytes, n);
  }
}

static char *cleaned(const char *bytes, size_t len) {
  struct buf out = BUF_INIT;
  for (size_t n, i = 0; i < len; i += n) {
    n = 1;
    if (bytes[i] == '\0') continue; /* a string cannot hold it, a caption does not need it */
    if (utf8_next(bytes + i, &n) == 0xFFFD && n == 1) buf_adds(&out, "\xEF\xBF\xBD");
    else buf_add(&out, bytes + i, n);
  }
  return buf_take(&out);
}

char *tokenizer_decode(const struct tokenizer *t, const int *tokens, size_t count) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  raw(t, tokens, count, &b);
  return cleaned(buf_str(&b), b.len);
}

/* ---- words ---- */

/* As the reference asks it: one mark, or several that are neighbours in ASCII (so "..." belongs to the word before). */
static bool only_punctuation(const char *s) {
  static const char marks[] = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", blanks[] = " \t\n\r\f\v";
  s += strspn(s, blanks);
  size_t n = strlen(s);
  while (n > 0 && strchr(blanks, s[n - 1])) n--;
  for (size_t i = 0; i + n < sizeof marks; i++)
    if (memcmp(marks + i, s, n) == 0) return true;
  return false;
}

/* For each byte of `b`, and for its end: whether no character stretches across. A byte that starts none is one itself. */
static bool *borders(const struct buf *b) {
  bool *at = NEW_ARRAY(bool, b->len + 1);
  for (size_t n, i = 0; i < b->len; i += n) {
    at[i] = true;
    n = 1;
    if (b->data[i]) utf8_next(b->data + i, &n);
  }
  at[b->len] = true;
  return at;
}

size_t tokenizer_split(const struct tokenizer *t, const int *tokens, size_t count, const char *language,
                       struct token_word **ret) {
  bool by_character = language_without_spaces(language);
  struct token_word *words = NULL;
  size_t n = 0, cap = 0, first = 0, first_byte = 0, byte = 0;
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  raw(t, tokens, count, &b);
  _cleanup_(mem_freep) bool *border = borders(&b);
  for (size_t i = 0; i < count; i++) { /* [first, i] grows until it spells whole characters */
    size_t len;
    tokenizer_bytes(t, tokens[i], &len);
    byte += len;
    if (!border[byte] && i + 1 < count) continue;
    _cleanup_(mem_freep) char *text = cleaned(buf_str(&b) + first_byte, byte - first_byte);
    bool starts = n == 0 || by_character || text[0] == ' ' || only_punctuation(text);
    if (starts) {
      x_grow(&words, &cap, n + 1, sizeof *words);
      words[n++] = (struct token_word){first, i + 1 - first, TAKE(text)};
    } else {
      struct token_word *w = &words[n - 1];
      char *joined = x_asprintf("%s%s", w->text, text);
      free(w->text);
      w->text = joined;
      w->count = i + 1 - w->first;
    }
    first = i + 1;
    first_byte = byte;
  }
  *ret = words;
  return n;
}
