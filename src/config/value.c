#include "config/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/http.h"
#include "base/mem.h"
#include "config/address.h"

#define MAX_SHOWN 60 /* bytes of a wrong value in a message */

void setting_value_release(struct setting_value *v) {
  free(v->text);
  free(v->numbers);
  memset(v, 0, sizeof *v);
}

/* ---- what is accepted ---- */

static void add_range(const struct setting *s, const char *what, struct buf *out) {
  if (s->highest == INT64_MAX) buf_addf(out, "%s of %lld or more", what, (long long)s->lowest);
  else buf_addf(out, "%s from %lld to %lld", what, (long long)s->lowest, (long long)s->highest);
}

static void add_money(struct buf *out, int64_t hundredths) {
  buf_addf(out, "%lld.%02lld", (long long)(hundredths / 100), (long long)(hundredths % 100));
}

void setting_accepts(const struct setting *s, struct buf *out) {
  switch (s->type) {
  case SETTING_STRING:
    if (s->form) buf_adds(out, s->form->what);
    else add_range(s, "a text with a length", out);
    break;
  case SETTING_INT: add_range(s, "a whole number", out); break;
  case SETTING_SIZE: add_range(s, "a size (bytes, with K, M, G or T after it for 1024s)", out); break;
  case SETTING_BOOL: buf_adds(out, "true or false"); break;
  case SETTING_PATH: buf_adds(out, "a path"); break;
  case SETTING_URL: buf_adds(out, "an http:// or https:// address"); break;
  case SETTING_PLACE: buf_adds(out, "a folder or an http:// or https:// address"); break;
  case SETTING_ENUM:
    buf_adds(out, "one of ");
    for (const char *p = s->choices; *p; p++) {
      if (*p == '|') buf_adds(out, ", ");
      else buf_addc(out, *p);
    }
    break;
  case SETTING_INTS: add_range(s, "a list of whole numbers", out); break;
  case SETTING_MONEY:
    buf_adds(out, "an amount with at most two decimals from ");
    add_money(out, s->lowest);
    buf_adds(out, " to ");
    add_money(out, s->highest);
    break;
  }
}

/* "NAME: "VALUE" is not …". Without the value when it is a secret, or has the look of an address with a password. */
static int wrong_shown(const struct setting *s, const char *text, const char *wanted, struct err *e) {
  if (s->secret || (strstr(text, "//") && strchr(text, '@')))
    return err_set(e, ERR_USAGE, "%s: what is set is not %s", s->name, wanted);
  size_t n = strlen(text), shown = n;
  if (n > MAX_SHOWN)
    for (shown = MAX_SHOWN; shown > 0 && ((unsigned char)text[shown] & 0xC0) == 0x80;) shown--;
  return err_set(e, ERR_USAGE, "%s: \"%.*s%s\" is not %s", s->name, (int)shown, text, n > shown ? "…" : "", wanted);
}

static int wrong(const struct setting *s, const char *text, struct err *e) {
  _cleanup_(buf_release) struct buf wanted = BUF_INIT;
  setting_accepts(s, &wanted);
  return wrong_shown(s, text, buf_str(&wanted), e);
}

/* ---- reading ---- */

static bool whole_number(const char *text, const char **ret_end, int64_t *ret) {
  char *end;
  errno = 0;
  long long n = strtoll(text, &end, 10);
  if (end == text || errno == ERANGE) return false;
  *ret_end = end;
  *ret = n;
  return true;
}

static const char *past_blanks(const char *p) {
  return p + strspn(p, " \t");
}

static bool within(const struct setting *s, int64_t n) {
  return n >= s->lowest && n <= s->highest;
}

static int parse_int(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  const char *end;
  if (!whole_number(text, &end, &v->number) || *past_blanks(end) || !within(s, v->number)) return wrong(s, text, e);
  return 0;
}

static int parse_size(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  const char *end;
  int64_t n;
  if (!whole_number(text, &end, &n) || n < 0) return wrong(s, text, e);
  const char *unit = past_blanks(end);
  static const char units[] = "KMGT";
  for (size_t i = 0; units[i]; i++) {
    if ((*unit & ~0x20) != units[i]) continue;
    int shift = 10 * (int)(i + 1);
    if (n > INT64_MAX >> shift) return wrong(s, text, e);
    n <<= shift;
    unit++;
    if ((*unit & ~0x20) == 'I' && (unit[1] & ~0x20) == 'B') unit++;
    break;
  }
  if ((*unit & ~0x20) == 'B') unit++;
  if (*past_blanks(unit) || !within(s, n)) return wrong(s, text, e);
  v->number = n;
  return 0;
}

/* Digit by digit: 19.90 is 1990 hundredths, and no float comes near it. */
static int parse_money(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  const char *p = past_blanks(text);
  int64_t n = 0;
  int digits = 0, decimals = -1; /* -1: before the point */
  for (; (*p >= '0' && *p <= '9') || (*p == '.' && decimals < 0 && digits); p++) {
    if (*p == '.') {
      decimals = 0;
      continue;
    }
    if (decimals == 2 || n > (INT64_MAX - 9) / 1000) return wrong(s, text, e);
    n = n * 10 + (*p - '0');
    digits++;
    if (decimals >= 0) decimals++;
  }
  if (!digits || decimals == 0 || *past_blanks(p)) return wrong(s, text, e);
  n *= decimals == 2 ? 1 : decimals == 1 ? 10 : 100;
  if (!within(s, n)) return wrong(s, text, e);
  v->number = n;
  return 0;
}

static int parse_bool(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  static const char *const words[] = {"0", "1", "false", "true", "no", "yes", "off", "on", "f", "t", "n", "y"};
  for (size_t i = 0; i < ARRAY_LEN(words); i++)
    if (strcasecmp(text, words[i]) == 0) {
      v->number = (int64_t)(i % 2);
      return 0;
    }
  return wrong(s, text, e);
}

static int parse_enum(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  for (const char *p = s->choices;;) {
    size_t len = strcspn(p, "|");
    if (strlen(text) == len && strncasecmp(p, text, len) == 0) {
      v->text = x_strndup(p, len);
      return 0;
    }
    if (!p[len]) break;
    p += len + 1;
  }
  return wrong(s, text, e);
}

static int parse_ints(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  const char *p = past_blanks(text);
  bool bracket = *p == '[';
  if (bracket) p = past_blanks(p + 1);
  size_t cap = 0;
  while (*p && *p != ']') {
    int64_t n;
    const char *end;
    if (!whole_number(p, &end, &n) || !within(s, n)) return wrong(s, text, e);
    x_grow(&v->numbers, &cap, v->count + 1, sizeof *v->numbers);
    v->numbers[v->count++] = n;
    p = past_blanks(end);
    if (*p == ',') p = past_blanks(p + 1);
    else break;
  }
  if (bracket && *p++ != ']') return wrong(s, text, e);
  return *past_blanks(p) ? wrong(s, text, e) : 0;
}

static int parse_path(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  const char *home = getenv("HOME");
  if (text[0] != '~' || (text[1] && text[1] != '/')) v->text = x_strdup(text);
  else if (home && *home) v->text = x_asprintf("%s%s", home, text + 1);
  else return err_set(e, ERR_USAGE, "%s: ~ cannot be used, HOME is not set", s->name);
  for (size_t n = strlen(v->text); n > 1 && v->text[n - 1] == '/'; n--) v->text[n - 1] = '\0';
  return 0;
}

static int parse_url(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  if (!http_is_url(text)) return wrong(s, text, e);
  v->text = x_strdup(text);
  for (size_t n = strlen(v->text); n > 1 && v->text[n - 1] == '/'; n--) v->text[n - 1] = '\0';
  return 0;
}

static int parse_place(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  if (strncasecmp(text, "file:///", 8) == 0) return parse_path(s, text + 7, v, e);
  if (!strstr(text, "://")) return parse_path(s, text, v, e);
  return parse_url(s, text, v, e);
}

static int parse_string(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  if (s->form ? !s->form->fits(text) : !within(s, (int64_t)strlen(text))) return wrong(s, text, e);
  v->text = x_strdup(text);
  return 0;
}

int setting_value_parse(const struct setting *s, const char *text, struct setting_value *ret, struct err *e) {
  for (const char *p = text; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7F)
      return wrong_shown(s, "…", "one line of text without control characters", e);
  static int (*const parsers[])(const struct setting *, const char *, struct setting_value *, struct err *) = {
      [SETTING_STRING] = parse_string, [SETTING_INT] = parse_int,   [SETTING_SIZE] = parse_size,
      [SETTING_BOOL] = parse_bool,     [SETTING_PATH] = parse_path, [SETTING_URL] = parse_url,
      [SETTING_PLACE] = parse_place,   [SETTING_ENUM] = parse_enum, [SETTING_INTS] = parse_ints,
      [SETTING_MONEY] = parse_money,
  };
  _cleanup_(setting_value_release) struct setting_value v = {.set = true};
  int rc = parsers[s->type](s, text, &v, e);
  if (rc < 0) return rc;
  *ret = v;
  memset(&v, 0, sizeof v);
  return 0;
}

/* ---- writing ---- */

void setting_value_print(const struct setting *s, const struct setting_value *v, struct buf *out) {
  switch (s->type) {
  case SETTING_INT:
  case SETTING_SIZE: buf_addf(out, "%lld", (long long)v->number); break;
  case SETTING_BOOL: buf_adds(out, v->number ? "true" : "false"); break;
  case SETTING_MONEY: add_money(out, v->number); break;
  case SETTING_INTS:
    if (!v->count) buf_adds(out, "[]");
    for (size_t i = 0; i < v->count; i++) buf_addf(out, "%s%lld", i ? "," : "", (long long)v->numbers[i]);
    break;
  case SETTING_PLACE: /* a folder whose name holds :// would be taken for an address */
    if (v->text[0] == '/' && strstr(v->text, "://")) buf_adds(out, "file://");
    buf_adds(out, v->text);
    break;
  case SETTING_STRING:
  case SETTING_PATH:
  case SETTING_URL:
  case SETTING_ENUM: buf_adds(out, v->text); break;
  }
}

void setting_value_show(const struct setting *s, const struct setting_value *v, struct buf *out) {
  if (!v->set || s->secret) {
    buf_adds(out, v->set ? "(set)" : "(not set)");
  } else if (s->type == SETTING_URL || s->type == SETTING_PLACE) {
    _cleanup_(mem_freep) char *shown = address_display(v->text);
    buf_adds(out, shown);
  } else {
    setting_value_print(s, v, out);
  }
}
