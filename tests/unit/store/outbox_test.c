/* The outbox: written with its change, taken by one sender at a time, taken again when he died. */
#include "accounts.h"

#include "store/outbox.h"

static void taken_by_one_and_sent_once(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  struct outbox_item i = {0};
  int64_t count = -1, oldest = -1;
  assert_int_equal(outbox_take(tx, "telegram", 1000, NOW, &i, NULL), 0);
  MUST(outbox_waiting(tx, "telegram", &count, &oldest, e));
  assert_true(count == 0 && oldest == 0);
  assert_int_equal(outbox_add(tx, "telegram", "done:a", "{\"n\": 1}", NOW + 5, NOW, NULL), 1);
  assert_int_equal(outbox_add(tx, "telegram", "done:a", "{\"n\": 2}", NOW, NOW, NULL), 0); /* told already */
  assert_int_equal(outbox_add(tx, "telegram", NULL, "{\"n\": 3}", NOW + 6, NOW + 1, NULL), 1);
  assert_int_equal(outbox_add(tx, "telegram", NULL, "{\"n\": 4}", NOW + 7, NOW + 1, NULL), 1); /* as often as wanted */
  assert_int_equal(outbox_add(tx, "other", NULL, "{}", NOW, NOW, NULL), 1);
  assert_int_equal(outbox_take(tx, "telegram", 1000, NOW + 4, &i, NULL), 0); /* not yet */
  assert_int_equal(outbox_take(tx, "telegram", 1000, NOW + 6, &i, NULL), 1);
  assert_string_equal(i.payload, "{\"n\": 1}");
  assert_int_equal(i.attempts, 1);
  int64_t first = i.id;
  assert_int_equal(outbox_take(tx, "telegram", 1000, NOW + 6, &i, NULL), 1);
  assert_string_equal(i.payload, "{\"n\": 3}");
  int64_t second = i.id;
  assert_int_equal(outbox_take(tx, "telegram", 1000, NOW + 6, &i, NULL), 0);
  MUST(outbox_waiting(tx, "telegram", &count, &oldest, e));
  assert_true(count == 3 && oldest == NOW);

  MUST(outbox_sent(tx, second, NOW + 7, e));
  assert_int_equal(outbox_take(tx, "telegram", 1000, NOW + 6 + 1000, &i, NULL), 1); /* its sender died */
  assert_true(i.id == first && i.attempts == 2);
  MUST(outbox_note(tx, first, "{\"n\": 1, \"parts\": 1}", e));
  MUST(outbox_later(tx, first, NOW + 9000, e));
  assert_int_equal(outbox_take(tx, "telegram", 1000, NOW + 2000, &i, NULL), 1);
  assert_string_equal(i.payload, "{\"n\": 4}");
  MUST(outbox_sent(tx, i.id, NOW + 2000, e));
  assert_int_equal(outbox_take(tx, "telegram", 1000, NOW + 8999, &i, NULL), 0);
  assert_int_equal(outbox_take(tx, "telegram", 1000, NOW + 9000, &i, NULL), 1);
  assert_true(i.id == first && i.attempts == 3);
  assert_string_equal(i.payload, "{\"n\": 1, \"parts\": 1}");
  MUST(outbox_sent(tx, first, NOW + 9000, e));
  MUST(outbox_later(tx, first, NOW, e)); /* sent is sent */
  assert_int_equal(outbox_take(tx, "telegram", 1000, NOW + DAY, &i, NULL), 0);
  MUST(outbox_waiting(tx, "telegram", &count, &oldest, e));
  assert_true(count == 0 && oldest == 0);

  int64_t gone = -1;
  MUST(outbox_clean(tx, NOW + 2000, &gone, e));
  assert_int_equal(gone, 1);
  MUST(outbox_clean(tx, NOW + DAY, &gone, e));
  assert_int_equal(gone, 2);
  MUST(outbox_waiting(tx, "other", &count, &oldest, e));
  assert_int_equal(count, 1); /* unsent stays */
  outbox_item_release(&i);
  commit(tx);
  sql_close(db);
}

/* Two transactions at once, which SQLite does not have. */
static void two_senders_do_not_wait_for_each_other(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db), *other = NULL;
  assert_int_equal(outbox_add(tx, "t", NULL, "1", NOW, NOW, NULL), 1);
  assert_int_equal(outbox_add(tx, "t", NULL, "2", NOW, NOW, NULL), 1);
  commit(tx);
  struct outbox_item a = {0}, b = {0};
  tx = begin(db);
  other = begin(db);
  assert_int_equal(outbox_take(tx, "t", 1000, NOW, &a, NULL), 1);
  assert_int_equal(outbox_take(other, "t", 1000, NOW, &b, NULL), 1);
  assert_true(a.id != b.id);
  commit(tx);
  commit(other);
  outbox_item_release(&a);
  outbox_item_release(&b);
  sql_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {SCRATCH_TESTS(taken_by_one_and_sent_once),
                                     SCRATCH_POSTGRES_TEST(two_senders_do_not_wait_for_each_other)};
  return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
