#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"

static struct js *parsed(const char *text) {
  struct js *v = NULL;
  struct err e = {0};
  if (js_parse(text, strlen(text), "the test", &v, &e) < 0) fail_msg("%s", e.msg);
  return v;
}

static void reads(void **state) {
  (void)state;
  _cleanup_(js_freep) struct js *v = parsed("{\"s\": \"\xD0\xAF\", \"i\": -7, \"d\": 1.5, \"t\": true, \"n\": null, "
                                            "\"a\": [{\"x\": 1}, {\"x\": 2}], \"o\": {\"p\": {\"q\": \"deep\"}}}");
  const char *s;
  int64_t i;
  double d;
  bool b;
  struct js *sub;
  size_t n;
  assert_int_equal(js_get_string(v, "s", &s, NULL), 0);
  assert_string_equal(s, "\xD0\xAF");
  assert_int_equal(js_get_int(v, "i", -10, 10, &i, NULL), 0);
  assert_int_equal(i, -7);
  assert_int_equal(js_get_number(v, "d", &d, NULL), 0);
  assert_true(d == 1.5);
  assert_int_equal(js_get_number(v, "i", &d, NULL), 0); /* a whole number is a number */
  assert_true(d == -7);
  assert_int_equal(js_get_bool(v, "t", &b, NULL), 0);
  assert_true(b);
  assert_int_equal(js_get_array(v, "a", &sub, &n, NULL), 0);
  assert_int_equal(n, 2);
  assert_int_equal(js_int_or(js_item(sub, 1), "x", 0), 2);
  assert_null(js_item(sub, 2));
  assert_int_equal(js_get_object(v, "o.p", &sub, NULL), 0);
  assert_string_equal(js_string_or(v, "o.p.q", ""), "deep");
  assert_int_equal(js_int_or(v, "a[1].x", 0), 2);
  assert_int_equal(js_int_or(v, "a[9].x", 5), 5);
  assert_int_equal(js_int_or(v, "a[x].x", 5), 5);
  assert_int_equal(js_int_or(v, "n", 5), 5);
  assert_int_equal(js_int_or(v, "s", 5), 5);
  assert_true(js_at(v, "") == v);
  const char *key;
  char keys[16] = "";
  for (void *it = NULL; js_next(v, &it, &key, &sub);) keys[strlen(keys)] = key[0];
  assert_string_equal(keys, "sidtnao");
}

static void names_the_path(void **state) {
  (void)state;
  _cleanup_(js_freep) struct js *v =
      parsed("{\"a\": [{\"x\": \"text\"}], \"big\": 500, \"half\": 0.5, \"zero\": \"a\\u0000b\"}");
  struct err e = {0};
  int64_t i = 42;
  const char *s;
  assert_int_equal(js_get_int(v, "a[0].x", 0, 9, &i, &e), ERR_INPUT);
  assert_non_null(strstr(e.msg, "a[0].x"));
  assert_int_equal(js_get_int(v, "big", 0, 9, &i, &e), ERR_INPUT);
  assert_non_null(strstr(e.msg, "500"));
  assert_int_equal(js_get_int(v, "half", 0, 9, &i, &e), ERR_INPUT);
  assert_int_equal(js_get_int(v, "none", 0, 9, &i, &e), ERR_INPUT);
  assert_non_null(strstr(e.msg, "none: missing"));
  assert_int_equal(js_get_string(v, "zero", &s, &e), ERR_INPUT);
  assert_int_equal(js_get_string(v, "big", &s, &e), ERR_INPUT);
  assert_int_equal(i, 42); /* written only on success */
}

static void refuses(void **state) {
  (void)state;
  static const char *const bad[] = {"",           "{",   "{\"a\":}",          "[1,]",     "nul",
                                    "{\"a\":1}x", "'a'", "{\"a\":1,\"a\":2}", "\"\xFF\"", "1e999"};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    struct js *v = NULL;
    struct err e = {0};
    if (js_parse(bad[i], strlen(bad[i]), "the test", &v, &e) != ERR_INPUT) fail_msg("accepted: %s", bad[i]);
    assert_null(v);
    assert_non_null(strstr(e.msg, "the test"));
  }
  char deep[2 * LIMIT_JSON_DEPTH + 8];
  for (int depth = LIMIT_JSON_DEPTH; depth <= LIMIT_JSON_DEPTH + 1; depth++) {
    memset(deep, '[', (size_t)depth);
    memset(deep + depth, ']', (size_t)depth);
    struct js *v = NULL;
    int rc = js_parse(deep, (size_t)depth * 2, "deep", &v, NULL);
    assert_int_equal(rc, depth > LIMIT_JSON_DEPTH ? ERR_INPUT : 0);
    js_free(v);
  }
}

/* What is written reads back, whatever the strings hold. */
static void writes(void **state) {
  (void)state;
  static const char *const strings[] = {
      "", "plain", "\"quoted\\\"", "a\nb\r\t\x01\x7f", "\xD0\xAF \xF0\x9F\x98\x80", "</script>"};
  for (int indent = 0; indent <= 2; indent += 2) {
    _cleanup_(buf_release) struct buf b = BUF_INIT;
    struct js_writer w = JS_WRITER(&b, indent);
    js_begin(&w, '{');
    js_key(&w, "list");
    js_begin(&w, '[');
    for (size_t i = 0; i < ARRAY_LEN(strings); i++) js_string(&w, strings[i]);
    js_end(&w, ']');
    js_key(&w, "empty");
    js_begin(&w, '[');
    js_end(&w, ']');
    js_key(&w, "bad");
    js_string(&w, "a\xFFz");
    js_key(&w, "big");
    js_int(&w, INT64_MIN);
    js_key(&w, "nan");
    js_double(&w, (double)NAN, 3);
    js_key(&w, "third");
    js_double(&w, 1.0 / 3, 3);
    js_key(&w, "yes");
    js_bool(&w, true);
    js_key(&w, "nothing");
    js_null(&w);
    js_end(&w, '}');
    assert_int_equal(strchr(buf_str(&b), '\n') != NULL, indent > 0);
    _cleanup_(js_freep) struct js *v = parsed(buf_str(&b));
    for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
      const char *s = NULL;
      assert_int_equal(js_get_string(js_item(js_at(v, "list"), i), "", &s, NULL), 0);
      assert_string_equal(s, strings[i]);
    }
    assert_true(js_is_array(js_at(v, "empty")) && js_len(js_at(v, "empty")) == 0);
    assert_string_equal(js_string_or(v, "bad", ""), "a\xEF\xBF\xBDz");
    assert_true(js_int_or(v, "big", 0) == INT64_MIN);
    assert_true(js_number_or(v, "third", 0) == 0.333);
    assert_true(js_number_or(v, "nan", 7) == 7);
    assert_true(js_bool_or(v, "yes", false));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(names_the_path),
                                     cmocka_unit_test(refuses), cmocka_unit_test(writes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
