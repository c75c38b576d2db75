#include "accounts.h"

#include "base/log.h"
#include "store/purchases.h"

static void once_for_each_payment(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), payment = make_payment(tx, user, 2900, PAYMENT_CONFIRMED), id = 0, again = 0;
  assert_int_equal(purchases_add(tx, user, 180000, payment, NOW, &id, NULL), 1);
  assert_int_equal(purchases_add(tx, user, 180000, payment, NOW, &again, NULL), 0);
  assert_true(id > 0 && again == id);
  assert_int_equal(purchases_add(tx, user, 180000, 0, NOW, &again, NULL), 1); /* gifts */
  assert_int_equal(purchases_add(tx, user, 180000, 0, NOW, &again, NULL), 1);
  commit(tx);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM purchases"), 3);
  sql_close(db);
}

static void the_smallest_that_fits(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), other = make_user(tx, 2), task = make_task(tx, user), got = 0, ids[5];
  static const int64_t lengths[] = {1800000, 600000, 180000, 600000};
  for (size_t i = 0; i < 4; i++) MUST(purchases_add(tx, user, lengths[i], 0, NOW, &ids[i], e));
  MUST(purchases_add(tx, other, 180000, 0, NOW, &ids[4], e));

  int64_t unspent[PURCHASE_LENGTHS];
  assert_int_equal(purchases_unspent(tx, user, unspent, ARRAY_LEN(unspent), NULL), 3);
  assert_true(unspent[0] == 180000 && unspent[1] == 600000 && unspent[2] == 1800000);
  assert_int_equal(purchases_unspent(tx, user, unspent, 2, NULL), 2);

  static const struct {
    int64_t least;
    int index; /* -1: none */
  } steps[] = {{180001, 1}, {600000, 3}, {600000, 0}, {600000, -1}, {0, 2}, {0, -1}};
  for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
    assert_int_equal(purchases_take(tx, user, steps[i].least, task, &got, NULL), steps[i].index >= 0);
    if (steps[i].index >= 0) assert_true(got == ids[steps[i].index]);
  }
  assert_int_equal(purchases_unspent(tx, user, unspent, ARRAY_LEN(unspent), NULL), 0);
  assert_int_equal(purchases_unspent(tx, other, unspent, ARRAY_LEN(unspent), NULL), 1);

  int64_t another_task = make_task(tx, user);
  assert_int_equal(purchases_give_back(tx, ids[3], another_task, NULL), 0); /* it was not spent on that */
  assert_int_equal(purchases_give_back(tx, ids[3], task, NULL), 1);
  assert_int_equal(purchases_give_back(tx, ids[3], task, NULL), 0);
  assert_int_equal(purchases_take(tx, user, 1, another_task, &got, NULL), 1);
  assert_true(got == ids[3]);
  commit(tx);
  sql_close(db);
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {
      SCRATCH_TESTS(once_for_each_payment),
      SCRATCH_TESTS(the_smallest_that_fits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
