/* Charging and giving back: once each, by whoever and however often it is tried, at once or with a database that fails. */
#include "accounts.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/log.h"
#include "fault_walk.h"
#include "race.h"
#include "store/purchases.h"
#include "store/quota.h"

static int64_t used_on(struct sql_tx *tx, int64_t user, const char *day) {
  int64_t used = -1;
  MUST(quota_used(tx, user, day, &used, e));
  return used;
}

static void charged_up_to_the_limit(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), other = make_user(tx, 2), tasks[5];
  for (size_t i = 0; i < 5; i++) tasks[i] = make_task(tx, user);
  assert_int_equal(used_on(tx, user, "2026-11-24"), 0);
  for (size_t i = 0; i < 3; i++) assert_int_equal(quota_charge(tx, user, "2026-11-24", 3, tasks[i], NOW, NULL), 1);
  assert_int_equal(quota_charge(tx, user, "2026-11-24", 3, tasks[3], NOW, NULL), 0);
  assert_int_equal(quota_charge(tx, user, "2026-11-24", 3, tasks[0], NOW, NULL), 1); /* it is charged already */
  assert_int_equal(used_on(tx, user, "2026-11-24"), 3);
  assert_int_equal(quota_charge(tx, user, "2026-11-25", 3, tasks[3], NOW, NULL), 1); /* another day */
  assert_int_equal(quota_charge(tx, user, "2026-11-24", 4, tasks[4], NOW, NULL), 1); /* a higher limit */
  assert_int_equal(quota_charge(tx, other, "2026-11-24", 0, make_task(tx, other), NOW, NULL), 0);
  assert_int_equal(used_on(tx, user, "2026-11-24"), 4);
  assert_int_equal(used_on(tx, other, "2026-11-24"), 0);
  commit(tx);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM usage_ledger WHERE kind = 'charge'"), 5);
  sql_close(db);
}

static void given_back_once_to_where_it_came_from(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), bought, of_day = make_task(tx, user), paid = make_task(tx, user),
          unlimited = make_task(tx, user), never = make_task(tx, user);
  MUST(purchases_add(tx, user, 600000, 0, NOW, &bought, e));
  assert_int_equal(quota_charge(tx, user, "2026-11-24", 1, of_day, NOW, NULL), 1);
  assert_int_equal(quota_charge_purchase(tx, user, 600001, paid, NOW, NULL), 0); /* none so long */
  assert_int_equal(quota_charge_purchase(tx, user, 600000, paid, NOW, NULL), 1);
  assert_int_equal(quota_charge_purchase(tx, user, 600000, paid, NOW, NULL), 1); /* charged already */
  assert_int_equal(quota_charge_nothing(tx, user, unlimited, NOW, NULL), 1);
  assert_int_equal(quota_charge_nothing(tx, user, unlimited, NOW, NULL), 1);

  struct quota_entry entry;
  assert_int_equal(quota_of_task(tx, of_day, &entry, NULL), 1);
  assert_string_equal(entry.source, "quota");
  assert_string_equal(entry.day, "2026-11-24");
  assert_true(entry.purchase_id == 0 && !entry.given_back);
  assert_int_equal(quota_of_task(tx, paid, &entry, NULL), 1);
  assert_string_equal(entry.source, "purchase");
  assert_string_equal(entry.day, "");
  assert_true(entry.purchase_id == bought);
  assert_int_equal(quota_of_task(tx, unlimited, &entry, NULL), 1);
  assert_string_equal(entry.source, "unlimited");
  assert_int_equal(quota_of_task(tx, never, &entry, NULL), 0);
  commit(tx);

  for (int i = 0; i < 3; i++) { /* by several, in transactions of their own */
    tx = begin(db);
    assert_int_equal(quota_refund(tx, of_day, "failed", NOW + 2 * DAY, NULL), i == 0);
    assert_int_equal(quota_refund(tx, paid, "cancelled", NOW + 2 * DAY, NULL), i == 0);
    assert_int_equal(quota_refund(tx, unlimited, "failed", NOW + 2 * DAY, NULL), i == 0);
    assert_int_equal(quota_refund(tx, never, "failed", NOW + 2 * DAY, NULL), 0);
    commit(tx);
  }
  tx = begin(db);
  assert_int_equal(used_on(tx, user, "2026-11-24"), 0);
  assert_int_equal(used_on(tx, user, "2026-11-26"), 0);
  assert_int_equal(quota_of_task(tx, paid, &entry, NULL), 1);
  assert_true(entry.given_back);
  /* what came back can be used by another task; the one that was given back is not charged again */
  assert_int_equal(quota_charge(tx, user, "2026-11-24", 1, of_day, NOW, NULL), 1);
  assert_int_equal(used_on(tx, user, "2026-11-24"), 0);
  assert_int_equal(quota_charge(tx, user, "2026-11-24", 1, never, NOW, NULL), 1);
  assert_int_equal(quota_charge_purchase(tx, user, 1, make_task(tx, user), NOW, NULL), 1);
  commit(tx);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM usage_ledger WHERE kind = 'refund' AND reason <> ''"), 3);
  sql_close(db);
}

static void a_rollback_leaves_nothing(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), bought, task = make_task(tx, user);
  MUST(purchases_add(tx, user, 600000, 0, NOW, &bought, e));
  assert_int_equal(quota_charge(tx, user, "2026-11-24", 3, task, NOW, NULL), 1);
  commit(tx);
  tx = begin(db);
  assert_int_equal(quota_charge(tx, user, "2026-11-24", 3, make_task(tx, user), NOW, NULL), 1);
  assert_int_equal(quota_charge_purchase(tx, user, 1, make_task(tx, user), NOW, NULL), 1);
  assert_int_equal(quota_refund(tx, task, "failed", NOW, NULL), 1);
  sql_rollback(tx);
  assert_int_equal(number(db, "SELECT used FROM quota_days"), 1);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM usage_ledger"), 1);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM tasks"), 1);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM purchases WHERE task_id IS NULL"), 1);
  sql_close(db);
}

/* The process dies by SIGKILL with the task made and charged, but not committed. */
static void a_crash_leaves_nothing(void **state) {
  struct scratch *s = SCRATCH(state);
  struct sql *db = open_core(s);
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), bought;
  MUST(purchases_add(tx, user, 600000, 0, NOW, &bought, e));
  commit(tx);
  sql_close(db);
  pid_t child = fork();
  if (child == 0) {
    int64_t task = 0;
    if (sql_open(s->url, NULL, &db, NULL) < 0 || sql_begin(db, SQL_WRITE, &tx, NULL) < 0 ||
        try_task(tx, user, &task, NULL) < 0 || quota_charge(tx, user, "2026-11-24", 3, task, NOW, NULL) != 1 ||
        try_task(tx, user, &task, NULL) < 0 || quota_charge_purchase(tx, user, 1, task, NOW, NULL) != 1)
      _exit(1);
    raise(SIGKILL);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  MUST(sql_open(s->url, NULL, &db, e));
  assert_int_equal(number(db, "SELECT COUNT(*) FROM tasks"), 0);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM usage_ledger"), 0);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM quota_days"), 0);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM purchases WHERE task_id IS NULL"), 1);
  tx = begin(db); /* and nothing is left locked */
  assert_int_equal(quota_charge(tx, user, "2026-11-24", 1, make_task(tx, user), NOW, NULL), 1);
  commit(tx);
  sql_close(db);
}

/* ---- two at once ---- */

enum { ROUNDS = 1000 };

struct entrant {
  int64_t user;
  char day[24];
  bool purchase; /* the last purchase of user + round, and not the last job of a day of user */
};

/* As the bot does it: the task and what it costs in one transaction; refused, and there is no task either. */
static int create(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct entrant *r = ctx;
  int64_t task;
  int rc = try_task(tx, r->user, &task, e);
  if (rc < 0) return rc;
  rc = r->purchase ? quota_charge_purchase(tx, r->user, 1, task, NOW, e)
                   : quota_charge(tx, r->user, r->day, 3, task, NOW, e);
  return rc == 0 ? ERR_USAGE : rc; /* no code of a database: refused */
}

static int enter(struct sql *db, void *ctx, int side, int round) {
  (void)side;
  struct entrant r = *(const struct entrant *)ctx;
  snprintf(r.day, sizeof r.day, "round-%d", round);
  if (r.purchase) r.user += round;
  int rc = sql_transact(db, SQL_WRITE, create, &r, NULL);
  return rc == ERR_USAGE ? 0 : rc;
}

/* Two processes create a task for one user who has one left: exactly one succeeds, a thousand times. */
static void run_race(struct scratch *s, bool purchase) {
  struct sql *db = open_core(s);
  struct sql_tx *tx = begin(db);
  struct entrant r = {.user = make_user(tx, 1), .purchase = purchase};
  for (int i = 1; i < ROUNDS; i++) assert_true(make_user(tx, i + 1) == r.user + i);
  for (int i = 0; i < ROUNDS; i++) {
    int64_t ignored;
    snprintf(r.day, sizeof r.day, "round-%d", i);
    const struct sql_arg args[] = {sql_int(r.user), sql_text(r.day)};
    if (purchase) MUST(purchases_add(tx, r.user + i, 60000, 0, NOW, &ignored, e));
    else MUST(sql_run(tx, "INSERT INTO quota_days (user_id, day, used) VALUES ($1, $2, 2)", SQL_ARGS(args), NULL, e));
  }
  commit(tx);
  sql_close(db);

  race_free(race_run(s, ROUNDS, enter, &r));
  MUST(sql_open(s->url, NULL, &db, e));
  assert_int_equal(number(db, "SELECT COUNT(*) FROM tasks"), ROUNDS);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM usage_ledger"), ROUNDS);
  assert_int_equal(number(db, purchase ? "SELECT COUNT(DISTINCT task_id) FROM purchases"
                                       : "SELECT COUNT(*) FROM quota_days WHERE used = 3"),
                   ROUNDS);
  sql_close(db);
}

static void two_processes_at_the_last_of_a_day(void **state) {
  run_race(SCRATCH(state), false);
}

static void two_processes_at_the_last_purchase(void **state) {
  run_race(SCRATCH(state), true);
}

struct giver {
  struct sql *db;
  int64_t task;
  int given;
};

static int give_back(struct sql_tx *tx, void *ctx, struct err *e) {
  struct giver *g = ctx;
  return g->given = quota_refund(tx, g->task, "failed", NOW, e);
}

static void *give_back_thread(void *ctx) {
  struct giver *g = ctx;
  if (sql_transact(g->db, SQL_WRITE, give_back, g, NULL) < 0) g->given = -1;
  return NULL;
}

static void two_give_the_same_back(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  MUST(quota_charge(tx, user, "2026-11-24", 999, make_task(tx, user), NOW, e));
  commit(tx);
  for (int i = 0; i < 100; i++) {
    tx = begin(db);
    struct giver givers[2] = {{db, make_task(tx, user), 0}};
    givers[1] = givers[0];
    MUST(quota_charge(tx, user, "2026-11-24", 999, givers[0].task, NOW, e));
    commit(tx);
    pthread_t threads[2];
    for (int t = 0; t < 2; t++) assert_int_equal(pthread_create(&threads[t], NULL, give_back_thread, &givers[t]), 0);
    for (int t = 0; t < 2; t++) pthread_join(threads[t], NULL);
    assert_true(givers[0].given >= 0 && givers[1].given >= 0);
    assert_int_equal(givers[0].given + givers[1].given, 1);
  }
  assert_int_equal(number(db, "SELECT used FROM quota_days"), 1);
  sql_close(db);
}

/* ---- a database that fails ---- */

static int create_both_and_refund(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct entrant *r = ctx;
  int64_t first = 0, second = 0;
  int rc = try_task(tx, r->user, &first, e);
  if (rc == 0) rc = try_task(tx, r->user, &second, e);
  if (rc == 0) rc = quota_charge(tx, r->user, r->day, 1000, first, NOW, e);
  if (rc > 0) rc = quota_charge_purchase(tx, r->user, 1, second, NOW, e);
  if (rc > 0) rc = quota_refund(tx, first, "failed", NOW, e);
  return rc;
}

static void refunds_agree(struct sql *db, int64_t done) {
  assert_int_equal(number(db, "SELECT COUNT(*) FROM tasks"), 2 * done);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM usage_ledger WHERE kind = 'charge'"), 2 * done);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM purchases WHERE task_id IS NOT NULL"), done);
  assert_int_equal(number(db, "SELECT COALESCE(SUM(used), 0) FROM quota_days"), 0);
}

/* Each call of the database fails in turn, in each way: all of it is there or nothing, and the answer says which. */
static void every_call_fails_in_turn(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  struct entrant r = {.user = make_user(tx, 1), .day = "2026-11-24"};
  for (int i = 0; i < 200; i++) {
    int64_t ignored;
    MUST(purchases_add(tx, r.user, 60000, 0, NOW, &ignored, e));
  }
  commit(tx);
  const struct fault_walk w = {create_both_and_refund, &r, "SELECT COUNT(*) FROM usage_ledger WHERE kind = 'refund'",
                               refunds_agree, 10};
  assert_int_equal(fault_walk_all(db, &w), 2); /* the commits that a connection was lost over */
  sql_close(db);
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {
      SCRATCH_TESTS(charged_up_to_the_limit),
      SCRATCH_TESTS(given_back_once_to_where_it_came_from),
      SCRATCH_TESTS(a_rollback_leaves_nothing),
      SCRATCH_TESTS(a_crash_leaves_nothing),
      SCRATCH_TESTS(two_processes_at_the_last_of_a_day),
      SCRATCH_TESTS(two_processes_at_the_last_purchase),
      SCRATCH_TESTS(two_give_the_same_back),
      SCRATCH_TESTS(every_call_fails_in_turn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
