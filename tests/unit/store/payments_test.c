/* Payments: each is settled once, whoever tells of it and how often, and what was bought is credited with it. */
#include "accounts.h"

#include "base/limits.h"
#include "base/log.h"
#include "fault_walk.h"
#include "race.h"
#include "store/purchases.h"

static struct payment_new some(int64_t user, const char *external_id) {
  return (struct payment_new){.user_id = user,
                              .provider = "platega",
                              .external_id = external_id,
                              .amount_minor = 29900,
                              .currency = "RUB",
                              .purpose = "{\"kind\": \"subscription\", \"tier\": \"pro\", \"period\": \"monthly\"}",
                              .metadata = "{\"screen\": \"plan\"}"};
}

static void a_life(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  _cleanup_(payment_release) struct payment p = {0}, found = {0};
  struct payment_new n = some(user, NULL);
  assert_int_equal(payments_create(tx, &n, NOW, &p, NULL), 1);
  assert_int_equal(strlen(p.public_id), PUBLIC_ID);
  assert_true(p.user_id == user && p.amount_minor == 29900 && p.state == PAYMENT_PENDING && p.created_ms == NOW &&
              p.completed_ms == 0 && !p.external_id && !p.method);
  assert_string_equal(p.provider, "platega");
  assert_string_equal(p.currency, "RUB");
  assert_string_equal(p.purpose, n.purpose);
  assert_string_equal(p.metadata, n.metadata);

  assert_int_equal(payments_find(tx, "platega", "e1", &found, NULL), 0);
  assert_int_equal(payments_set_external(tx, p.id, "e1", NULL), 1);
  assert_int_equal(payments_set_external(tx, p.id, "e1", NULL), 1); /* told twice */
  assert_int_equal(payments_set_external(tx, p.id, "e2", NULL), 0);
  assert_int_equal(payments_set_external(tx, p.id + 99, "e2", NULL), 0);
  assert_int_equal(payments_find(tx, "platega", "e1", &found, NULL), 1);
  assert_true(found.id == p.id);
  assert_int_equal(payments_find(tx, "stars", "e1", &found, NULL), 0);
  assert_int_equal(payments_find_public(tx, p.public_id, &found, NULL), 1);
  assert_true(found.id == p.id);
  assert_int_equal(payments_find_public(tx, "e1", &found, NULL), 0);

  assert_int_equal(payments_settle(tx, p.id, PAYMENT_REFUNDED, NULL, NOW + 1, NULL), 0); /* nothing was paid yet */
  assert_int_equal(payments_settle(tx, p.id, PAYMENT_CONFIRMED, "sbp", NOW + 2, NULL), 1);
  assert_int_equal(payments_settle(tx, p.id, PAYMENT_CONFIRMED, "card", NOW + 3, NULL), 0);
  assert_int_equal(payments_settle(tx, p.id, PAYMENT_FAILED, NULL, NOW + 4, NULL), 0); /* late, and something else */
  assert_int_equal(payments_get(tx, p.id, &found, NULL), 1);
  assert_true(found.state == PAYMENT_CONFIRMED && found.completed_ms == NOW + 2);
  assert_string_equal(found.method, "sbp");
  assert_int_equal(payments_settle(tx, p.id, PAYMENT_REFUNDED, NULL, NOW + 5, NULL), 1);
  assert_int_equal(payments_settle(tx, p.id, PAYMENT_REFUNDED, NULL, NOW + 6, NULL), 0);
  assert_int_equal(payments_settle(tx, p.id, PAYMENT_CONFIRMED, NULL, NOW + 7, NULL), 0);
  assert_int_equal(payments_get(tx, p.id, &found, NULL), 1);
  assert_true(found.state == PAYMENT_REFUNDED && found.completed_ms == NOW + 2);
  assert_string_equal(found.method, "sbp");
  commit(tx);
  sql_close(db);
}

/* From each state to each: only the arrows of the picture. */
static void no_other_arrows(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  for (int from = PAYMENT_PENDING; from <= PAYMENT_REFUNDED; from++)
    for (int to = PAYMENT_CONFIRMED; to <= PAYMENT_REFUNDED; to++) {
      int64_t id = make_payment(tx, user, 100, (enum payment_state)from);
      bool arrow =
          (from == PAYMENT_PENDING && to != PAYMENT_REFUNDED) || (from == PAYMENT_CONFIRMED && to == PAYMENT_REFUNDED);
      assert_int_equal(payments_settle(tx, id, (enum payment_state)to, NULL, NOW, NULL), arrow);
      _cleanup_(payment_release) struct payment p = {0};
      assert_int_equal(payments_get(tx, id, &p, NULL), 1);
      assert_int_equal(p.state, arrow ? to : from);
    }
  assert_int_equal(payments_settle(tx, 9999, PAYMENT_CONFIRMED, NULL, NOW, NULL), 0);
  int64_t id = make_payment(tx, user, 100, PAYMENT_CONFIRMED);
  assert_int_equal(payments_settle(tx, id, PAYMENT_PENDING, NULL, NOW, NULL), ERR_FAIL);
  commit(tx);
  sql_close(db);
}

static void an_external_id_once(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), other = make_user(tx, 2);
  _cleanup_(payment_release) struct payment first = {0}, again = {0}, third = {0};
  struct payment_new n = some(user, "e1"), theirs = some(other, "e1"), open = some(user, NULL);
  assert_int_equal(payments_create(tx, &n, NOW, &first, NULL), 1);
  theirs.amount_minor = 1;
  assert_int_equal(payments_create(tx, &theirs, NOW + 1, &again, NULL), 0);
  assert_true(again.id == first.id && again.user_id == user && again.amount_minor == 29900);
  theirs.provider = "stars"; /* another's numbers are his own */
  theirs.currency = "XTR";
  assert_int_equal(payments_create(tx, &theirs, NOW + 1, &again, NULL), 1);
  assert_true(again.id != first.id && again.user_id == other);
  assert_int_equal(payments_create(tx, &open, NOW + 2, &again, NULL), 1);
  assert_int_equal(payments_create(tx, &open, NOW + 2, &third, NULL), 1); /* not known yet: as many as asked */
  assert_true(third.id != again.id && strcmp(third.public_id, again.public_id) != 0);
  assert_int_equal(payments_set_external(tx, third.id, "e1", NULL), 0); /* it is another's */
  commit(tx);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM payments"), 4);
  sql_close(db);
}

static void what_is_refused(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  static const struct {
    int64_t amount;
    const char *currency;
  } rows[] = {{0, "RUB"},         {-1, "RUB"},        {LIMIT_PAYMENT_MINOR + 1, "RUB"},
              {INT64_MIN, "RUB"}, {INT64_MAX, "RUB"}, {100, "rub"},
              {100, "RU"},        {100, "RUBL"},      {100, ""},
              {100, "R1B"}};
  _cleanup_(payment_release) struct payment p = {0};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct payment_new n = some(user, NULL);
    n.amount_minor = rows[i].amount;
    n.currency = rows[i].currency;
    assert_int_equal(payments_create(tx, &n, NOW, &p, NULL), ERR_INPUT);
  }
  struct payment_new n = some(user, NULL);
  n.amount_minor = LIMIT_PAYMENT_MINOR;
  assert_int_equal(payments_create(tx, &n, NOW, &p, NULL), 1);
  commit(tx);
  tx = begin(db);
  n = some(user + 99, "x");
  assert_int_equal(payments_create(tx, &n, NOW, &p, NULL), ERR_CONFLICT); /* nobody's */
  sql_rollback(tx);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM payments"), 1);
  sql_close(db);
}

static void lists_and_sums(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), other = make_user(tx, 2), ids[5];
  struct payment_sum sums[PAYMENT_SUMS];
  assert_int_equal(payments_sums(tx, sums, ARRAY_LEN(sums), NULL), 0);
  for (int i = 0; i < 5; i++) ids[i] = make_payment(tx, user, 1000 + i, i < 3 ? PAYMENT_CONFIRMED : PAYMENT_PENDING);
  make_payment(tx, other, 7, PAYMENT_REFUNDED);
  _cleanup_(payment_release) struct payment p = {0};
  struct payment_new stars = some(other, "charge-1");
  stars.provider = "stars";
  stars.currency = "XTR";
  stars.amount_minor = 250;
  assert_int_equal(payments_create(tx, &stars, NOW + 1, &p, NULL), 1);

  struct payment_list list = {0};
  MUST(payments_of_user(tx, user, 3, &list, e));
  MUST(payments_of_user(tx, user, 3, &list, e));
  assert_int_equal(list.count, 3);
  for (int i = 0; i < 3; i++) assert_true(list.payments[i].id == ids[4 - i]); /* the newest first */
  MUST(payments_of_user(tx, other, 100, &list, e));
  assert_int_equal(list.count, 2);
  assert_string_equal(list.payments[0].currency, "XTR");
  payment_list_release(&list);

  static const struct payment_sum expected[] = {{PAYMENT_PENDING, "RUB", 2, 2007},
                                                {PAYMENT_PENDING, "XTR", 1, 250},
                                                {PAYMENT_CONFIRMED, "RUB", 3, 3003},
                                                {PAYMENT_REFUNDED, "RUB", 1, 7}};
  assert_int_equal(payments_sums(tx, sums, ARRAY_LEN(sums), NULL), ARRAY_LEN(expected));
  for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
    assert_int_equal(sums[i].state, expected[i].state);
    assert_string_equal(sums[i].currency, expected[i].currency);
    assert_true(sums[i].count == expected[i].count && sums[i].amount_minor == expected[i].amount_minor);
  }
  assert_int_equal(payments_sums(tx, sums, 2, NULL), 2);
  commit(tx);
  sql_close(db);
}

/* ---- two at once ---- */

enum { ROUNDS = 300 };

struct notice {
  int64_t user, payment;
  enum payment_state says;
};

/* As a notice is dealt with: settled, and what was bought is credited, in one transaction. */
static int take_in(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct notice *n = ctx;
  int64_t purchase;
  int rc = payments_settle(tx, n->payment, n->says, NULL, NOW, e);
  if (rc != 1 || n->says != PAYMENT_CONFIRMED) return rc;
  return purchases_add(tx, n->user, 180000, n->payment, NOW, &purchase, e);
}

static enum payment_state contrary(int side, int round) {
  return side == 1 && round % 3 == 0 ? PAYMENT_FAILED : PAYMENT_CONFIRMED;
}

static int enter(struct sql *db, void *ctx, int side, int round) {
  struct notice n = *(const struct notice *)ctx;
  n.payment += round;
  n.says = contrary(side, round);
  return sql_transact(db, SQL_WRITE, take_in, &n, NULL);
}

/* Two processes take in notices of one payment at the same moment, some of them contrary: one of the two moves it. */
static void two_processes_settle_the_same(void **state) {
  struct scratch *s = SCRATCH(state);
  struct sql *db = open_core(s);
  struct sql_tx *tx = begin(db);
  struct notice n = {.user = make_user(tx, 1)};
  n.payment = make_payment(tx, n.user, 2900, PAYMENT_PENDING);
  for (int i = 1; i < ROUNDS; i++) assert_true(make_payment(tx, n.user, 2900, PAYMENT_PENDING) == n.payment + i);
  commit(tx);
  sql_close(db);

  struct race *race = race_run(s, ROUNDS, enter, &n);
  int failed = 0;
  for (int i = 0; i < ROUNDS; i++) failed += race->won[1][i] && contrary(1, i) == PAYMENT_FAILED;
  race_free(race);
  MUST(sql_open(s->url, NULL, &db, e));
  assert_int_equal(number(db, "SELECT COUNT(*) FROM payments WHERE state = 'pending'"), 0);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM payments WHERE state = 'failed'"), failed);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM purchases"), ROUNDS - failed); /* one for each confirmed */
  assert_int_equal(number(db, "SELECT COUNT(*) FROM purchases b JOIN payments p ON p.id = b.payment_id "
                              "WHERE p.state = 'confirmed'"),
                   ROUNDS - failed);
  sql_close(db);
}

/* ---- a database that fails ---- */

static int pay_and_credit(struct sql_tx *tx, void *ctx, struct err *e) {
  static int64_t count;
  struct notice *n = ctx;
  char external_id[32];
  snprintf(external_id, sizeof external_id, "x%lld", (long long)count++);
  _cleanup_(payment_release) struct payment p = {0};
  struct payment_new new = some(n->user, NULL);
  int rc = payments_create(tx, &new, NOW, &p, e);
  if (rc > 0) rc = payments_set_external(tx, p.id, external_id, e);
  n->payment = p.id;
  return rc > 0 ? take_in(tx, n, e) : rc;
}

static void payments_agree(struct sql *db, int64_t done) {
  assert_int_equal(number(db, "SELECT COUNT(*) FROM payments"), done);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM payments WHERE state = 'confirmed'"), done);
}

/* Each call of the database fails in turn, in each way: paid and credited, or neither, and the answer says which. */
static void every_call_fails_in_turn(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  struct notice n = {.user = make_user(tx, 1), .says = PAYMENT_CONFIRMED};
  commit(tx);
  const struct fault_walk w = {pay_and_credit, &n, "SELECT COUNT(*) FROM purchases", payments_agree, 5};
  assert_int_equal(fault_walk_all(db, &w), 2); /* the commits that a connection was lost over */
  sql_close(db);
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {
      SCRATCH_TESTS(a_life),
      SCRATCH_TESTS(no_other_arrows),
      SCRATCH_TESTS(an_external_id_once),
      SCRATCH_TESTS(what_is_refused),
      SCRATCH_TESTS(lists_and_sums),
      SCRATCH_TESTS(two_processes_settle_the_same),
      SCRATCH_TESTS(every_call_fails_in_turn),
  };
  return cmocka_run_group_tests_name("payments", tests, NULL, NULL);
}
