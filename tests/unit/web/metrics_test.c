/* Prometheus' text, and the counters behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/metrics.h"
#include "base/secret.h"
#include "web/metrics.h"

static void is_escaped(void **state) {
  (void)state;
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  metrics_head(&b, "x_total", "counter", "What \"is\" a\\b\nhere.");
  metrics_sample(&b, "x_total", NULL, 3);
  metrics_sample(&b, "x_total", (const char *const[]){"a", "\"q\" \\ \n", "b", "", NULL}, 0.1);
  metrics_sample(&b, "x_total", NULL, 1e15);
  metrics_sample(&b, "x_total", NULL, (double)INFINITY);
  metrics_sample(&b, "x_total", NULL, (double)NAN);
  assert_string_equal(buf_str(&b), "# HELP x_total What \"is\" a\\\\b\\nhere.\n"
                                   "# TYPE x_total counter\n"
                                   "x_total 3\n"
                                   "x_total{a=\"\\\"q\\\" \\\\ \\n\",b=\"\"} 0.1\n"
                                   "x_total 1e+15\n"
                                   "x_total +Inf\n"
                                   "x_total NaN\n");
}

/* What this process has counted, as another one gets to see it. */
static void counted(struct buf *text) {
  _cleanup_(buf_release) struct buf json = BUF_INIT;
  struct js_writer w = JS_WRITER(&json, 0);
  metrics_write(&w);
  struct js *v = NULL;
  struct err e = {0};
  if (js_parse(json.data, json.len, "counted", &v, &e) < 0) fail_msg("%s: %s", e.msg, buf_str(&json));
  const struct metrics_process processes[] = {{"worker:a:1", v}, {"bot:a:2", NULL}};
  metrics_counted(text, processes, ARRAY_LEN(processes));
  js_free(v);
}

static void has(const char *line) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  counted(&b);
  if (!strstr(buf_str(&b), line)) fail_msg("no %s in %s", line, buf_str(&b));
}

static void *count_many(void *ctx) {
  (void)ctx;
  for (int i = 0; i < 10000; i++) {
    metric_count(METRIC_FAILURES, i % 2 ? "crash" : "timeout");
    metric_observe(METRIC_STAGE_SECONDS, "render", 0.5);
  }
  return NULL;
}

static void counts_from_all_threads(void **state) {
  (void)state;
  pthread_t threads[4];
  has("# TYPE titr_telegram_429_total counter\n");
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, count_many, NULL);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  metric_count(METRIC_TELEGRAM_429, NULL);
  metric_observe(METRIC_STAGE_SECONDS, "render", 7200);
  has("titr_telegram_429_total{process=\"worker:a:1\"} 1\n");
  has("# TYPE titr_failures_total counter\n");
  has("titr_failures_total{process=\"worker:a:1\",code=\"crash\"} 20000\n");
  has("titr_failures_total{process=\"worker:a:1\",code=\"timeout\"} 20000\n");
  has("# TYPE titr_stage_seconds histogram\n");
  has("titr_stage_seconds_bucket{process=\"worker:a:1\",stage=\"render\",le=\"0.25\"} 0\n");
  has("titr_stage_seconds_bucket{process=\"worker:a:1\",stage=\"render\",le=\"0.5\"} 40000\n"); /* at most, not less than */
  has("titr_stage_seconds_bucket{process=\"worker:a:1\",stage=\"render\",le=\"3600\"} 40000\n");
  has("titr_stage_seconds_bucket{process=\"worker:a:1\",stage=\"render\",le=\"+Inf\"} 40001\n");
  has("titr_stage_seconds_sum{process=\"worker:a:1\",stage=\"render\"} 27200\n");
  has("titr_stage_seconds_count{process=\"worker:a:1\",stage=\"render\"} 40001\n");
}

static void labels_do_not_grow_without_end(void **state) {
  (void)state;
  for (int i = 0; i < 1000; i++) {
    char code[128];
    snprintf(code, sizeof code, "code %d of a name that is much longer than any that a label has room for, %d", i, i);
    metric_count(METRIC_FAILURES, code);
    metric_count(METRIC_FAILURES, code);
  }
  struct metric_value values[METRIC_LABELS + 1];
  assert_int_equal(metric_values(METRIC_FAILURES, values), METRIC_LABELS + 1);
  assert_int_equal(values[2].count, 2); /* after the two labels of the test before */
  assert_string_equal(values[METRIC_LABELS].label, "other");
  assert_int_equal(values[METRIC_LABELS].count, 2 * (1000 + 2 - METRIC_LABELS));
}

/* Another process writes what it likes. */
static void what_others_write_is_checked(void **state) {
  (void)state;
  static const char *const texts[] = {
      "[]",
      "3",
      "{}",
      "{\"titr_failures_total\": 3}",
      "{\"titr_failures_total\": {\"a\": -1, \"b\": 1.5, \"c\": \"1\", \"d\": null}}",
      "{\"titr_stage_seconds\": {\"a\": 1, \"b\": [], \"c\": [1, 2, 3], \"d\": [1, 2, 0,0,0,0,0,0,0,0,0,0,0,0,0,-1]}}",
      "{\"titr_failures_total\": {\"a label that is longer than there is room for in a value of ours\": 1}}"};
  struct metric_value values[METRIC_LABELS + 1];
  for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
    _cleanup_(js_freep) struct js *v = NULL;
    assert_int_equal(js_parse(texts[i], strlen(texts[i]), "counted", &v, NULL), 0);
    for (int m = 0; m < METRICS_COUNT; m++) assert_int_equal(metric_values_of(v, (enum metric)m, values), 0);
  }
  _cleanup_(buf_release) struct buf many = BUF_INIT;
  buf_adds(&many, "{\"titr_failures_total\": {\"0\": 7");
  for (int i = 1; i < 1000; i++) buf_addf(&many, ", \"%d\": %d", i, i);
  buf_adds(&many, "}}");
  _cleanup_(js_freep) struct js *v = NULL;
  assert_int_equal(js_parse(many.data, many.len, "counted", &v, NULL), 0);
  assert_int_equal(metric_values_of(v, METRIC_FAILURES, values), METRIC_LABELS + 1);
  assert_string_equal(values[0].label, "0");
  assert_int_equal(values[0].count, 7);
}

static void secrets(void **state) {
  (void)state;
  assert_true(secret_equal("abc", "abc"));
  static const char *const wrong[] = {"", "a", "ab", "abd", "abcd", "abcabc", "Abc", NULL};
  for (size_t i = 0; i < ARRAY_LEN(wrong); i++) assert_false(secret_equal(wrong[i], "abc"));
  assert_false(secret_equal("", ""));
  assert_false(secret_equal(NULL, NULL));
  assert_false(secret_equal("abc", NULL));
  assert_string_equal(secret_bearer("Bearer abc"), "abc");
  assert_string_equal(secret_bearer("bearer  abc"), "abc");
  assert_null(secret_bearer("Basic abc"));
  assert_null(secret_bearer("Bearer"));
  assert_null(secret_bearer(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(is_escaped), cmocka_unit_test(counts_from_all_threads),
                                     cmocka_unit_test(labels_do_not_grow_without_end),
                                     cmocka_unit_test(what_others_write_is_checked), cmocka_unit_test(secrets)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
