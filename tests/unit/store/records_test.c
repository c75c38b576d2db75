/* Heartbeats, updates taken in, the audit log. */
#include "accounts.h"

#include "store/audit.h"
#include "store/heartbeats.h"
#include "store/updates.h"

static int64_t alive(struct sql_tx *tx, const char *prefix, int64_t since) {
  int64_t n = -1;
  MUST(heartbeats_alive(tx, prefix, since, &n, e));
  return n;
}
static int64_t slots(struct sql_tx *tx, const char *prefix, int64_t since) {
  int64_t n = -1;
  MUST(heartbeats_slots(tx, prefix, since, &n, e));
  return n;
}

static void who_is_alive(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t latest = -1, gone = -1;
  assert_int_equal(alive(tx, "worker:", 0), 0);
  assert_int_equal(slots(tx, "worker:", 0), 0);
  MUST(heartbeats_latest(tx, "worker:", &latest, e));
  assert_int_equal(latest, 0);
  MUST(heartbeats_beat(tx, "worker:a:1", "{\"slots\": 3}", NOW, e));
  MUST(heartbeats_beat(tx, "worker:b:2", NULL, NOW + 10, e));
  MUST(heartbeats_beat(tx, "worker:c:3", "{\"slots\": -5}", NOW + 10, e));
  MUST(heartbeats_beat(tx, "worker:d:4", "no JSON", NOW + 10, e));
  MUST(heartbeats_beat(tx, "workerbee", "{\"slots\": 3}", NOW + 99, e));
  MUST(heartbeats_beat(tx, "WORKER:x", "{\"slots\": 3}", NOW + 99, e));
  assert_int_equal(alive(tx, "worker:", NOW), 4);
  assert_int_equal(alive(tx, "worker:", NOW + 1), 3);
  assert_int_equal(alive(tx, "worker%", NOW), 0); /* no pattern */
  assert_int_equal(slots(tx, "worker:", NOW), 3 + 1 + 0 + 1);
  MUST(heartbeats_beat(tx, "worker:a:1", "{\"slots\": 2}", NOW + 20, e));
  assert_int_equal(alive(tx, "worker:", NOW + 11), 1);
  assert_int_equal(slots(tx, "worker:", NOW + 11), 2);
  MUST(heartbeats_latest(tx, "worker:", &latest, e));
  assert_int_equal(latest, NOW + 20);
  MUST(heartbeats_forget(tx, "worker:a:1", e));
  MUST(heartbeats_forget(tx, "worker:a:1", e));
  assert_int_equal(alive(tx, "worker:", NOW), 3);
  MUST(heartbeats_clean(tx, NOW + 50, &gone, e));
  assert_int_equal(gone, 3);
  commit(tx);
  sql_close(db);
}

static void an_update_once(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t last = -1, gone = -1;
  MUST(updates_last(tx, &last, e));
  assert_int_equal(last, 0);
  assert_int_equal(updates_seen(tx, 7001, NOW, NULL), 1);
  assert_int_equal(updates_seen(tx, 7001, NOW + 1, NULL), 0);
  assert_int_equal(updates_seen(tx, 7000, NOW + 2, NULL), 1); /* in whatever order */
  MUST(updates_last(tx, &last, e));
  assert_int_equal(last, 7001);
  MUST(updates_clean(tx, NOW + UPDATES_KEPT_MS, &gone, e));
  assert_int_equal(gone, 0);
  MUST(updates_clean(tx, NOW + UPDATES_KEPT_MS + 1, &gone, e));
  assert_int_equal(gone, 1);
  assert_int_equal(updates_seen(tx, 7000, NOW + 3, NULL), 0);
  commit(tx);
  sql_close(db);
}

/* The same update in two transactions at once: it is taken in by one. */
static void an_update_raced_for(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *late = NULL;
  MUST(sql_begin(db, SQL_WRITE, &late, e));
  int64_t last;
  MUST(updates_last(late, &last, e)); /* its view of the database begins here */
  struct sql_tx *tx = begin(db);
  assert_int_equal(updates_seen(tx, 7001, NOW, NULL), 1);
  commit(tx);
  assert_true(updates_seen(late, 7001, NOW, NULL) < 0); /* it is not believed to be new: the transaction starts again */
  sql_rollback(late);
  tx = begin(db);
  assert_int_equal(updates_seen(tx, 7001, NOW, NULL), 0);
  commit(tx);
  sql_close(db);
}

static void what_was_done(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  MUST(audit_add(tx, "operator", "task.retry", "task:abc", "{\"from\": \"parked\"}", NOW, e));
  MUST(audit_add(tx, "system", "start", NULL, NULL, NOW, e));
  commit(tx);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM audit_log WHERE subject = 'task:abc' AND actor = 'operator'"), 1);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM audit_log WHERE subject = '' AND detail = '{}'"), 1);
  sql_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {SCRATCH_TESTS(who_is_alive), SCRATCH_TESTS(an_update_once),
                                     SCRATCH_POSTGRES_TEST(an_update_raced_for), SCRATCH_TESTS(what_was_done)};
  return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
