#include "config/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/http.h"
#include "base/mem.h"

#define MAX_SHOWN 60 /* bytes of a wrong value in a message */

void setting_value_release(struct setting_value *v) {
  free(v->text);
  free(v->numbers);
  memset(v, 0, sizeof *v);
}

/* "NAME: "VALUE" is not …", without the value when it is a secret. */
static int wrong(const struct setting *s, const char *text, const char *wanted, struct err *e) {
  if (s->secret) return err_set(e, ERR_USAGE, "%s: what is set is not %s", s->name, wanted);
  if (strlen(text) > MAX_SHOWN)
    return err_set(e, ERR_USAGE, "%s: \"%.*s…\" is not %s", s->name, MAX_SHOWN, text, wanted);
  return err_set(e, ERR_USAGE, "%s: \"%s\" is not %s", s->name, text, wanted);
}

static int wrong_range(const struct setting *s, const char *text, const char *what, struct err *e) {
  char wanted[96];
  if (s->highest == INT64_MAX) snprintf(wanted, sizeof wanted, "%s of %lld or more", what, (long long)s->lowest);
  else snprintf(wanted, sizeof wanted, "%s from %lld to %lld", what, (long long)s->lowest, (long long)s->highest);
  return wrong(s, text, wanted, e);
}

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

static int parse_int(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  const char *end;
  if (!whole_number(text, &end, &v->number) || *past_blanks(end) || v->number < s->lowest || v->number > s->highest)
    return wrong_range(s, text, "a whole number", e);
  return 0;
}

static int parse_size(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  static const char wanted[] = "a size (bytes, with K, M, G or T after it for 1024s)";
  const char *end;
  int64_t n;
  if (!whole_number(text, &end, &n) || n < 0) return wrong_range(s, text, wanted, e);
  const char *unit = past_blanks(end);
  static const char units[] = "KMGT";
  for (size_t i = 0; units[i]; i++) {
    if ((*unit & ~0x20) != units[i]) continue;
    int shift = 10 * (int)(i + 1);
    if (n > INT64_MAX >> shift) return wrong_range(s, text, wanted, e);
    n <<= shift;
    unit++;
    if ((*unit & ~0x20) == 'I' && (unit[1] & ~0x20) == 'B') unit++;
    break;
  }
  if ((*unit & ~0x20) == 'B') unit++;
  if (*past_blanks(unit) || n < s->lowest || n > s->highest) return wrong_range(s, text, wanted, e);
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
  return wrong(s, text, "true or false", e);
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
  _cleanup_(buf_release) struct buf wanted = BUF_INIT;
  buf_adds(&wanted, "one of ");
  for (const char *p = s->choices; *p; p++) {
    if (*p == '|') buf_adds(&wanted, ", ");
    else buf_addc(&wanted, *p);
  }
  return wrong(s, text, buf_str(&wanted), e);
}

static int parse_ints(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  const char *p = past_blanks(text);
  bool bracket = *p == '[';
  if (bracket) p = past_blanks(p + 1);
  size_t cap = 0;
  while (*p && *p != ']') {
    int64_t n;
    const char *end;
    if (!whole_number(p, &end, &n) || n < s->lowest || n > s->highest)
      return wrong_range(s, text, "a list of whole numbers", e);
    x_grow(&v->numbers, &cap, v->count + 1, sizeof *v->numbers);
    v->numbers[v->count++] = n;
    p = past_blanks(end);
    if (*p == ',') p = past_blanks(p + 1);
    else break;
  }
  if (bracket && *p++ != ']') return wrong(s, text, "a list of whole numbers: the ] is missing", e);
  if (*past_blanks(p)) return wrong_range(s, text, "a list of whole numbers", e);
  return 0;
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
  if (!http_is_url(text)) return wrong(s, text, "an http:// or https:// address", e);
  v->text = x_strdup(text);
  for (size_t n = strlen(v->text); n > 1 && v->text[n - 1] == '/'; n--) v->text[n - 1] = '\0';
  return 0;
}

static int parse_place(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  if (strncasecmp(text, "file:///", 8) == 0) return parse_path(s, text + 7, v, e);
  if (!strstr(text, "://")) return parse_path(s, text, v, e);
  return http_is_url(text) ? parse_url(s, text, v, e) : wrong(s, text, "a folder or an http:// or https:// address", e);
}

static int parse_string(const struct setting *s, const char *text, struct setting_value *v, struct err *e) {
  size_t n = strlen(text);
  if ((int64_t)n < s->lowest || (int64_t)n > s->highest) return wrong_range(s, text, "a text with a length", e);
  v->text = x_strdup(text);
  return 0;
}

int setting_value_parse(const struct setting *s, const char *text, struct setting_value *ret, struct err *e) {
  for (const char *p = text; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7F) return wrong(s, "…", "one line of text without control characters", e);
  static int (*const parsers[])(const struct setting *, const char *, struct setting_value *, struct err *) = {
      [SETTING_STRING] = parse_string, [SETTING_INT] = parse_int,   [SETTING_SIZE] = parse_size,
      [SETTING_BOOL] = parse_bool,     [SETTING_PATH] = parse_path, [SETTING_URL] = parse_url,
      [SETTING_PLACE] = parse_place,   [SETTING_ENUM] = parse_enum, [SETTING_INTS] = parse_ints,
  };
  _cleanup_(setting_value_release) struct setting_value v = {.set = true};
  int rc = parsers[s->type](s, text, &v, e);
  if (rc < 0) return rc;
  *ret = v;
  memset(&v, 0, sizeof v);
  return 0;
}
