/*
 * DESIGN. One pass, a cursor over the text with its line number. A value is first taken with its quoting undone, then
 * ${} is replaced in it: also inside single quotes, since python-dotenv does that and the files come from there.
 */
#include "config/dotenv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"

struct cursor {
  const char *at, *end;
  const char *what;
  int line;
};

void dotenv_release(struct dotenv *d) {
  for (size_t i = 0; i < d->count; i++) {
    free(d->entries[i].name);
    free(d->entries[i].value);
  }
  free(d->entries);
  memset(d, 0, sizeof *d);
}

const struct dotenv_entry *dotenv_find(const struct dotenv *d, const char *name) {
  for (size_t i = d->count; i-- > 0;)
    if (strcmp(d->entries[i].name, name) == 0) return &d->entries[i];
  return NULL;
}

static bool name_char(char c, bool first) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         (!first && ((c >= '0' && c <= '9') || c == '.'));
}

static char peek(const struct cursor *c) {
  return c->at < c->end ? *c->at : '\0';
}

static void skip_blanks(struct cursor *c) {
  while (peek(c) == ' ' || peek(c) == '\t' || peek(c) == '\r') c->at++;
}

static void skip_line(struct cursor *c) {
  while (c->at < c->end && *c->at != '\n') c->at++;
}

static void quoted(struct cursor *c, char quote, struct buf *value) {
  while (c->at < c->end && *c->at != quote) {
    char ch = *c->at++;
    if (ch == '\n') c->line++;
    if (ch == '\r' && peek(c) == '\n') continue; /* CRLF inside quotes is one line end */
    char next = peek(c);
    if (ch != '\\' || !next) {
      buf_addc(value, ch);
      continue;
    }
    static const char letters[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
    const char *letter = quote == '"' ? strchr(letters, next) : NULL;
    if (next == '\\' || next == quote || next == '\'') buf_addc(value, next);
    else if (letter) buf_addc(value, meant[letter - letters]);
    else {
      buf_addc(value, ch);
      continue; /* an unknown escape stays as it is; its second byte is looked at in its own right */
    }
    c->at++;
  }
}

static void unquoted(struct cursor *c, struct buf *value) {
  const char *from = c->at;
  skip_line(c);
  const char *to = c->at;
  for (const char *p = from; p < to; p++)
    if (*p == '#' && (p == from || p[-1] == ' ' || p[-1] == '\t')) to = p;
  while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r')) to--;
  buf_add(value, from, (size_t)(to - from));
}

/* Replaces ${NAME} and ${NAME:-default}. */
static int expand(const struct dotenv *d, const char *value, const char *what, int line, struct buf *out,
                  struct err *e) {
  for (const char *p = value; *p;) {
    size_t len = 0;
    if (p[0] == '$' && p[1] == '{')
      while (name_char(p[2 + len], len == 0)) len++;
    const char *after = p + 2 + len;
    const char *close = len ? strchr(after, '}') : NULL;
    if (!close || (after != close && strncmp(after, ":-", 2) != 0)) {
      buf_addc(out, *p++);
    } else {
      _cleanup_(mem_freep) char *name = x_strndup(p + 2, len);
      const struct dotenv_entry *earlier = dotenv_find(d, name);
      const char *found = getenv(name);
      if (!found && earlier) found = earlier->value;
      if (found) buf_adds(out, found);
      else if (after != close) buf_add(out, after + 2, (size_t)(close - after - 2));
      p = close + 1;
    }
    if (out->len > LIMIT_ENV_BYTES)
      return err_set(e, ERR_USAGE, "%s:%d: the values are longer than %d bytes", what, line, LIMIT_ENV_BYTES);
  }
  return 0;
}

static int parse_line(struct cursor *c, struct dotenv *d, size_t *total, struct err *e) {
  skip_blanks(c);
  if (peek(c) == '#') skip_line(c);
  if (c->at >= c->end || *c->at == '\n') return 0;

  int line = c->line;
  if (c->end - c->at > 7 && strncmp(c->at, "export", 6) == 0 && (c->at[6] == ' ' || c->at[6] == '\t')) {
    c->at += 6;
    skip_blanks(c);
  }
  const char *start = c->at;
  while (c->at < c->end && name_char(*c->at, c->at == start)) c->at++;
  size_t len = (size_t)(c->at - start);
  if (len == 0) return err_set(e, ERR_USAGE, "%s:%d: not NAME=value", c->what, line);
  skip_blanks(c);
  if (peek(c) == '#') skip_line(c);
  if (c->at >= c->end || *c->at == '\n') return 0; /* a name alone */
  if (*c->at++ != '=') return err_set(e, ERR_USAGE, "%s:%d: not NAME=value", c->what, line);
  skip_blanks(c);

  _cleanup_(buf_release) struct buf raw = BUF_INIT, value = BUF_INIT;
  char quote = peek(c);
  if (quote == '"' || quote == '\'') {
    c->at++;
    quoted(c, quote, &raw);
    if (c->at >= c->end) return err_set(e, ERR_USAGE, "%s:%d: the quote is never closed", c->what, line);
    c->at++;
    skip_blanks(c);
    if (peek(c) == '#') skip_line(c);
    if (c->at < c->end && *c->at != '\n')
      return err_set(e, ERR_USAGE, "%s:%d: something follows the closing quote", c->what, c->line);
  } else {
    unquoted(c, &raw);
  }
  int rc = expand(d, buf_str(&raw), c->what, line, &value, e);
  if (rc < 0) return rc;
  *total += value.len;
  if (*total > LIMIT_ENV_BYTES)
    return err_set(e, ERR_USAGE, "%s:%d: the values are longer than %d bytes", c->what, line, LIMIT_ENV_BYTES);
  if (d->count == LIMIT_ENV_NAMES)
    return err_set(e, ERR_USAGE, "%s:%d: there are more than %d names", c->what, line, LIMIT_ENV_NAMES);
  x_grow(&d->entries, &d->cap, d->count + 1, sizeof *d->entries);
  d->entries[d->count++] = (struct dotenv_entry){x_strndup(start, len), buf_take(&value), line};
  return 0;
}

int dotenv_parse(const char *text, size_t n, const char *what, struct dotenv *d, struct err *e) {
  if (n > LIMIT_ENV_BYTES) return err_set(e, ERR_USAGE, "%s is longer than %d bytes", what, LIMIT_ENV_BYTES);
  if (!utf8_valid(text, n)) return err_set(e, ERR_USAGE, "%s is not UTF-8 text", what);
  struct cursor c = {text, text + n, what, 1};
  if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) c.at += 3;
  size_t total = 0;
  while (c.at < c.end) {
    int rc = parse_line(&c, d, &total, e);
    if (rc < 0) {
      dotenv_release(d);
      return rc;
    }
    if (c.at < c.end) { /* at a line end */
      c.at++;
      c.line++;
    }
  }
  return 0;
}
