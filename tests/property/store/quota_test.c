/*
 * Charges, refunds and purchases in any order, in transactions that are committed or rolled back at random, beside a model
 * in memory that keeps them as anybody would on paper. After each transaction the two agree, and no day has more than its limit.
 */
#include "../../unit/store/accounts.h"
#include "support/random.h"

#include "base/log.h"
#include "store/purchases.h"
#include "store/quota.h"

static int refused;

enum { USERS = 2, DAYS = 3, TASKS = 24, BOUGHT = 8, LIMIT = 2, TRANSACTIONS = 300 };
static const char *const days[DAYS] = {"2028-02-28", "2028-02-29", "2028-03-01"};
static const int64_t lengths[] = {180000, 600000, 1800000};

enum state { NOT_CHARGED, BY_DAY, BY_PURCHASE, BY_NOTHING };

struct model {
  int used[USERS][DAYS];
  struct {
    enum state charged;
    int day, purchase;
    bool given_back;
  } tasks[TASKS];
  struct {
    int64_t ms;
    bool spent;
  } bought[USERS][BOUGHT];
};

struct world {
  int64_t users[USERS], tasks[TASKS], bought[USERS][BOUGHT];
  struct model now;
};

static int owner(int task) {
  return task % USERS;
}

static void charge_day(struct sql_tx *tx, struct world *w, int task) {
  struct model *m = &w->now;
  int day = (int)rnd(DAYS), user = owner(task), expected = 1;
  if (m->tasks[task].charged == NOT_CHARGED) {
    expected = m->used[user][day] < LIMIT;
    refused += !expected;
    if (expected) {
      m->used[user][day]++;
      m->tasks[task].charged = BY_DAY;
      m->tasks[task].day = day;
    }
  }
  assert_int_equal(quota_charge(tx, w->users[user], days[day], LIMIT, w->tasks[task], NOW, NULL), expected);
}

static void charge_purchase(struct sql_tx *tx, struct world *w, int task) {
  struct model *m = &w->now;
  int user = owner(task), best = -1;
  int64_t least = lengths[rnd(3)] - rnd(2);
  for (int i = 0; i < BOUGHT; i++)
    if (!m->bought[user][i].spent && m->bought[user][i].ms >= least &&
        (best < 0 || m->bought[user][i].ms < m->bought[user][best].ms))
      best = i;
  int expected = m->tasks[task].charged != NOT_CHARGED || best >= 0;
  if (m->tasks[task].charged == NOT_CHARGED && best >= 0) {
    m->bought[user][best].spent = true;
    m->tasks[task].charged = BY_PURCHASE;
    m->tasks[task].purchase = best;
  }
  assert_int_equal(quota_charge_purchase(tx, w->users[user], least, w->tasks[task], NOW, NULL), expected);
}

static void charge_nothing(struct sql_tx *tx, struct world *w, int task) {
  if (w->now.tasks[task].charged == NOT_CHARGED) w->now.tasks[task].charged = BY_NOTHING;
  assert_int_equal(quota_charge_nothing(tx, w->users[owner(task)], w->tasks[task], NOW, NULL), 1);
}

static void refund(struct sql_tx *tx, struct world *w, int task) {
  struct model *m = &w->now;
  bool expected = m->tasks[task].charged != NOT_CHARGED && !m->tasks[task].given_back;
  if (expected) {
    m->tasks[task].given_back = true;
    if (m->tasks[task].charged == BY_DAY) m->used[owner(task)][m->tasks[task].day]--;
    if (m->tasks[task].charged == BY_PURCHASE) m->bought[owner(task)][m->tasks[task].purchase].spent = false;
  }
  assert_int_equal(quota_refund(tx, w->tasks[task], "failed", NOW, NULL), expected);
}

static void compare(struct sql_tx *tx, const struct world *w) {
  static const char *const sources[] = {"", "quota", "purchase", "unlimited"};
  for (int u = 0; u < USERS; u++) {
    for (int d = 0; d < DAYS; d++) {
      int64_t used;
      MUST(quota_used(tx, w->users[u], days[d], &used, e));
      assert_int_equal(used, w->now.used[u][d]);
      assert_true(used >= 0 && used <= LIMIT);
    }
    int64_t unspent[PURCHASE_LENGTHS], expected[3];
    int count = 0;
    for (size_t l = 0; l < 3; l++) {
      bool any = false;
      for (int i = 0; i < BOUGHT; i++) any |= !w->now.bought[u][i].spent && w->now.bought[u][i].ms == lengths[l];
      if (any) expected[count++] = lengths[l];
    }
    assert_int_equal(purchases_unspent(tx, w->users[u], unspent, PURCHASE_LENGTHS, NULL), count);
    for (int i = 0; i < count; i++) assert_true(unspent[i] == expected[i]);
  }
  for (int t = 0; t < TASKS; t++) {
    struct quota_entry entry;
    int rc = quota_of_task(tx, w->tasks[t], &entry, NULL);
    assert_int_equal(rc, w->now.tasks[t].charged != NOT_CHARGED);
    if (rc == 0) continue;
    assert_string_equal(entry.source, sources[w->now.tasks[t].charged]);
    assert_int_equal(entry.given_back, w->now.tasks[t].given_back);
    if (w->now.tasks[t].charged == BY_PURCHASE)
      assert_true(entry.purchase_id == w->bought[owner(t)][w->now.tasks[t].purchase]);
  }
}

static void agrees_with_paper(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  random_begin();
  struct world w = {0};
  int rolled_back = 0;
  refused = 0;
  for (int n = 0; n < TRANSACTIONS; n++) {
    struct sql_tx *tx = begin(db);
    if (n % 30 == 0) { /* everything anew, for other users */
      memset(&w, 0, sizeof w);
      for (int u = 0; u < USERS; u++) w.users[u] = make_user(tx, n * USERS + u + 1);
      for (int t = 0; t < TASKS; t++) w.tasks[t] = make_task(tx, w.users[owner(t)]);
      for (int u = 0; u < USERS; u++)
        for (int i = 0; i < BOUGHT; i++) {
          w.now.bought[u][i].ms = lengths[rnd(3)];
          MUST(purchases_add(tx, w.users[u], w.now.bought[u][i].ms, 0, NOW, &w.bought[u][i], e));
        }
      commit(tx);
      tx = begin(db);
    }
    struct model before = w.now;
    for (int step = (int)rnd(6); step >= 0; step--) {
      int task = (int)rnd(TASKS), what = (int)rnd(10);
      if (what < 4) charge_day(tx, &w, task);
      else if (what < 6) charge_purchase(tx, &w, task);
      else if (what < 7) charge_nothing(tx, &w, task);
      else refund(tx, &w, task);
    }
    if (rnd(3) == 0) {
      sql_rollback(tx);
      w.now = before;
      rolled_back++;
    } else {
      commit(tx);
    }
    tx = begin(db);
    compare(tx, &w);
    sql_rollback(tx);
  }
  assert_true(rolled_back > TRANSACTIONS / 5 && refused > 10); /* limits were met */
  sql_close(db);
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {SCRATCH_TESTS(agrees_with_paper)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
