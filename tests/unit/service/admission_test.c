/* How many jobs may run at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "service/admission.h"

#define GB   (1LL << 30)
#define MB   (1LL << 20)
#define BASE (145 * MB) /* the weights of the model base */

static void at_the_start(void **state) {
  (void)state;
  const struct {
    int wish;
    int64_t model, budget;
    int most;
  } cases[] = {
      {1, BASE, 0, 1},              /* one always may */
      {0, BASE, 8 * GB, 1},         /* and never none */
      {4, BASE, 4 * GB / 4 * 3, 4}, /* three quarters of 4 GB */
      {4, BASE, 3 * GB / 4 * 3, 3},
      {4, BASE, 2 * GB / 4 * 3, 1},
      {64, BASE, 64 * GB, 64},
      {4, 3 * GB, 8 * GB, 3}, /* large-v3 */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int most = admission_most(cases[i].wish, cases[i].model, cases[i].budget);
    assert_int_equal(most, cases[i].most);
    if (most > 1) assert_true(admission_estimate(most, cases[i].model) <= cases[i].budget);
    if (most < cases[i].wish) assert_true(admission_estimate(most + 1, cases[i].model) > cases[i].budget);
  }
}

static void beside_others(void **state) {
  (void)state;
  assert_true(admission_room_of(0, 0, 0));
  assert_true(admission_room_of(3, 3, -1)); /* not known */
  assert_false(admission_room_of(1, 0, 100 * MB));
  assert_true(admission_room_of(1, 0, GB));
  assert_true(admission_room_of(1, 1, 2 * GB));
  assert_false(admission_room_of(2, 1, GB)); /* the two will want it */
  assert_true(admission_room(0, 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(at_the_start), cmocka_unit_test(beside_others)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
