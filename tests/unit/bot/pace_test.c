/* The pace, at made-up moments: every limit is kept, and nothing waits longer than a limit asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "bot/pace.h"

static void one_chat(void **state) {
  (void)state;
  _cleanup_(pace_freep) struct pace *p = pace_new();
  assert_true(pace_ready(p, 1, 100) <= 100);
  pace_took(p, 1, 100);
  assert_true(pace_ready(p, 1, 100.5) >= 101);
  assert_true(pace_ready(p, 1, 100.5) < 101.2);
  assert_true(pace_ready(p, 2, 100.5) <= 100.5); /* others are not held up */
  pace_ended(p, 1, 103);                         /* an upload that took three seconds */
  assert_true(pace_ready(p, 1, 103.5) >= 104);
}

static void a_429(void **state) {
  (void)state;
  _cleanup_(pace_freep) struct pace *p = pace_new();
  pace_pause(p, 1, 160);
  assert_true(pace_ready(p, 1, 100) >= 160);
  pace_pause(p, 1, 120); /* a shorter one does not shorten it */
  assert_true(pace_ready(p, 1, 100) >= 160);
  assert_true(pace_ready(p, 2, 100) <= 100);
  assert_true(pace_ready(p, 1, 161) <= 161);
}

/* Thousands of messages to many chats and groups, each as early as allowed: no window has more than Telegram takes. */
static void windows(void **state) {
  (void)state;
  enum { N = 6000, CHATS = 60 };
  static double at[N];
  static int64_t to[N];
  _cleanup_(pace_freep) struct pace *p = pace_new();
  double now = 1000;
  srand(7);
  for (int i = 0; i < N; i++) {
    to[i] = rand() % CHATS - 10; /* some are groups */
    if (to[i] == 0) to[i] = 77;
    now = pace_ready(p, to[i], now);
    assert_true(pace_ready(p, to[i], now) <= now);
    at[i] = now;
    pace_took(p, to[i], now);
  }
  for (int i = 0; i < N; i++) {
    int second = 0, minute = 0;
    for (int k = i; k < N && at[k] < at[i] + 60; k++) {
      second += at[k] < at[i] + 1;
      minute += to[k] == to[i];
      if (k > i && to[k] == to[i]) assert_true(at[k] - at[i] >= 1);
    }
    assert_in_range(second, 1, 30);
    if (to[i] < 0) assert_in_range(minute, 1, PACE_GROUP_MINUTE);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_chat), cmocka_unit_test(a_429), cmocka_unit_test(windows)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
