/*
 * DESIGN. `struct js` is never defined: its pointers are json_t pointers in disguise, so that jansson's
 * header stays in this file. A path is walked once, left to right, without copying.
 */
#include "base/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"

static json_t *real(struct js *v) {
  return (json_t *)(void *)v;
}

static struct js *wrap(json_t *v) {
  return (struct js *)(void *)v;
}

static int depth_of(const char *text, size_t n) {
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < n; i++) {
    char c = text[i];
    if (in_string) {
      if (c == '\\') i++;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > deepest) deepest = depth;
    } else if (c == '}' || c == ']') {
      depth--;
    }
  }
  return deepest;
}

int js_parse(const char *text, size_t n, const char *what, struct js **ret, struct err *e) {
  if (n > LIMIT_JSON_BYTES) return err_set(e, ERR_INPUT, "%s: more than %d bytes of JSON", what, LIMIT_JSON_BYTES);
  if (depth_of(text, n) > LIMIT_JSON_DEPTH)
    return err_set(e, ERR_INPUT, "%s: JSON nested more than %d deep", what, LIMIT_JSON_DEPTH);
  json_error_t je;
  json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &je);
  if (!root) return err_set(e, ERR_INPUT, "%s: not valid JSON: %s (line %d)", what, je.text, je.line);
  *ret = wrap(root);
  return 0;
}

void js_free(struct js *root) {
  if (root) json_decref(real(root));
}

struct js *js_at(struct js *v, const char *path) {
  json_t *at = real(v);
  while (at && *path) {
    if (*path == '.') path++;
    if (*path == '[') {
      char *end;
      unsigned long i = strtoul(path + 1, &end, 10);
      if (*end != ']') return NULL;
      at = json_array_get(at, i);
      path = end + 1;
    } else {
      size_t len = strcspn(path, ".[");
      char key[128];
      if (len >= sizeof key) return NULL;
      memcpy(key, path, len);
      key[len] = '\0';
      at = json_object_get(at, key);
      path += len;
    }
  }
  return wrap(at);
}

static int mismatch(json_t *found, const char *path, const char *wanted, struct err *e) {
  if (!*path) path = "the value";
  if (!found || json_is_null(found)) return err_set(e, ERR_INPUT, "%s: missing", path);
  return err_set(e, ERR_INPUT, "%s: not %s", path, wanted);
}

int js_get_string(struct js *v, const char *path, const char **ret, struct err *e) {
  json_t *at = real(js_at(v, path));
  if (!js_is_string(wrap(at))) return mismatch(at, path, "a string", e);
  if (strlen(json_string_value(at)) != json_string_length(at)) return mismatch(at, path, "a string without NUL", e);
  *ret = json_string_value(at);
  return 0;
}

int js_get_int(struct js *v, const char *path, int64_t lowest, int64_t highest, int64_t *ret, struct err *e) {
  json_t *at = real(js_at(v, path));
  if (!at || json_typeof(at) != JSON_INTEGER) return mismatch(at, path, "a whole number", e);
  int64_t n = json_integer_value(at);
  if (n < lowest || n > highest)
    return err_set(e, ERR_INPUT, "%s: %lld is outside %lld..%lld", path, (long long)n, (long long)lowest,
                   (long long)highest);
  *ret = n;
  return 0;
}

int js_get_number(struct js *v, const char *path, double *ret, struct err *e) {
  json_t *at = real(js_at(v, path));
  if (!at || !json_is_number(at) || !isfinite(json_number_value(at))) return mismatch(at, path, "a number", e);
  *ret = json_number_value(at);
  return 0;
}

int js_get_bool(struct js *v, const char *path, bool *ret, struct err *e) {
  json_t *at = real(js_at(v, path));
  if (!at || !json_is_boolean(at)) return mismatch(at, path, "true or false", e);
  *ret = json_boolean_value(at);
  return 0;
}

int js_get_array(struct js *v, const char *path, struct js **ret, size_t *ret_len, struct err *e) {
  json_t *at = real(js_at(v, path));
  if (!at || json_typeof(at) != JSON_ARRAY) return mismatch(at, path, "a list", e);
  *ret = wrap(at);
  *ret_len = json_array_size(at);
  return 0;
}

int js_get_object(struct js *v, const char *path, struct js **ret, struct err *e) {
  json_t *at = real(js_at(v, path));
  if (!at || json_typeof(at) != JSON_OBJECT) return mismatch(at, path, "an object", e);
  *ret = wrap(at);
  return 0;
}

const char *js_string_or(struct js *v, const char *path, const char *otherwise) {
  js_get_string(v, path, &otherwise, NULL);
  return otherwise;
}

int64_t js_int_or(struct js *v, const char *path, int64_t otherwise) {
  js_get_int(v, path, INT64_MIN, INT64_MAX, &otherwise, NULL);
  return otherwise;
}

double js_number_or(struct js *v, const char *path, double otherwise) {
  js_get_number(v, path, &otherwise, NULL);
  return otherwise;
}

bool js_bool_or(struct js *v, const char *path, bool otherwise) {
  js_get_bool(v, path, &otherwise, NULL);
  return otherwise;
}

size_t js_len(struct js *v) {
  json_t *at = real(v);
  return !at                              ? 0
         : json_typeof(at) == JSON_ARRAY  ? json_array_size(at)
         : json_typeof(at) == JSON_OBJECT ? json_object_size(at)
                                          : 0;
}

struct js *js_item(struct js *array, size_t i) {
  return wrap(json_array_get(real(array), i));
}

bool js_next(struct js *object, void **it, const char **ret_key, struct js **ret_value) {
  *it = *it ? json_object_iter_next(real(object), *it) : json_object_iter(real(object));
  if (!*it) return false;
  *ret_key = json_object_iter_key(*it);
  *ret_value = wrap(json_object_iter_value(*it));
  return true;
}

bool js_is_string(struct js *v) {
  return json_is_string(real(v));
}

bool js_is_object(struct js *v) {
  return json_is_object(real(v));
}

bool js_is_array(struct js *v) {
  return json_is_array(real(v));
}

static void before_value(struct js_writer *w) {
  if (w->comma) buf_addc(w->out, ',');
  if (w->indent && w->depth && !(w->out->len && w->out->data[w->out->len - 1] == ' ')) {
    buf_addc(w->out, '\n');
    for (int i = 0; i < w->depth * w->indent; i++) buf_addc(w->out, ' ');
  }
  w->comma = true;
}

static void quoted(struct buf *out, const char *s) {
  buf_addc(out, '"');
  while (*s) {
    size_t n;
    uint32_t c = utf8_next(s, &n); /* U+FFFD for a bad byte */
    if (c == '"' || c == '\\') {
      buf_addc(out, '\\');
      buf_addc(out, (char)c);
    } else if (c == '\n') {
      buf_adds(out, "\\n");
    } else if (c < 0x20 || c == 0x7F) {
      buf_addf(out, "\\u%04x", (unsigned)c);
    } else if (c == 0xFFFD) {
      buf_adds(out, "\xEF\xBF\xBD");
    } else {
      buf_add(out, s, n);
    }
    s += n;
  }
  buf_addc(out, '"');
}

void js_begin(struct js_writer *w, char open) {
  before_value(w);
  buf_addc(w->out, open);
  w->depth++;
  w->comma = false;
}

void js_end(struct js_writer *w, char close) {
  w->depth--;
  if (w->indent && w->comma) {
    buf_addc(w->out, '\n');
    for (int i = 0; i < w->depth * w->indent; i++) buf_addc(w->out, ' ');
  }
  buf_addc(w->out, close);
  w->comma = true;
}

void js_key(struct js_writer *w, const char *key) {
  before_value(w);
  quoted(w->out, key);
  buf_adds(w->out, ": ");
  w->comma = false; /* the value follows on the same line */
}

void js_string(struct js_writer *w, const char *s) {
  before_value(w);
  quoted(w->out, s);
}

void js_int(struct js_writer *w, int64_t v) {
  before_value(w);
  buf_addf(w->out, "%lld", (long long)v);
}

void js_double(struct js_writer *w, double v, int decimals) {
  before_value(w);
  if (isfinite(v)) buf_addf(w->out, "%.*f", decimals, v);
  else buf_adds(w->out, "null");
}

void js_bool(struct js_writer *w, bool v) {
  before_value(w);
  buf_adds(w->out, v ? "true" : "false");
}

void js_null(struct js_writer *w) {
  before_value(w);
  buf_adds(w->out, "null");
}
