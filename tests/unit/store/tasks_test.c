/* Tasks: every arrow of the picture in tasks.h, and that there are no others. */
#include "accounts.h"

#include <pthread.h>

#include "base/log.h"
#include "store/quota.h"
#include "store/sql_fault.h"
#include "store/tasks.h"

#define LEASE 15000LL

static struct task made(struct sql_tx *tx, int64_t user, int lane, const char *fingerprint) {
  struct task t = {0};
  struct task_new n = {.user_id = user,
                       .lane = lane,
                       .fingerprint = fingerprint,
                       .input_kind = "path",
                       .input = "{\"path\": \"/a\"}",
                       .media_ms = -1};
  MUST(tasks_create(tx, &n, NOW, &t, e));
  return t;
}

static enum task_state state_of(struct sql_tx *tx, int64_t id) {
  _cleanup_(task_release) struct task t = {0};
  assert_int_equal(tasks_get(tx, id, &t, NULL), 1);
  assert_true((t.state == TASK_RUNNING) == (t.lease_owner != NULL));
  return t.state;
}

static void a_life(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  _cleanup_(task_release) struct task t = {0}, claimed = {0};
  struct task_new n = {.user_id = user,
                       .lane = 2,
                       .fingerprint = "f",
                       .input_kind = "telegram",
                       .input = "{\"file_id\": \"x\"}",
                       .options = "{\"style\": \"bold\"}",
                       .reply = "{\"chat\": 5}",
                       .media_ms = 1234};
  assert_int_equal(tasks_create(tx, &n, NOW, &t, NULL), 1);
  assert_int_equal(strlen(t.public_id), PUBLIC_ID);
  assert_int_equal(strspn(t.public_id, "0123456789abcdefghjkmnpqrstvwxyz"), PUBLIC_ID);
  assert_true(t.state == TASK_QUEUED && t.lane == 2 && t.media_ms == 1234 && t.attempts == 0 && t.run_at_ms == NOW &&
              t.created_ms == NOW && t.started_ms == 0 && !t.cancel_requested && !t.error_code && !t.lease_owner);
  assert_string_equal(t.input_kind, "telegram");
  assert_string_equal(t.options, "{\"style\": \"bold\"}");
  assert_string_equal(t.reply, "{\"chat\": 5}");

  char first[PUBLIC_ID_SIZE] = "";
  assert_int_equal(tasks_next(tx, 1, NOW, first, NULL), 0);
  assert_int_equal(tasks_next(tx, 2, NOW - 1, first, NULL), 0); /* not yet */
  assert_int_equal(tasks_next(tx, 2, NOW, first, NULL), 1);
  assert_string_equal(first, t.public_id);
  assert_int_equal(tasks_claim(tx, t.public_id, "w1", LEASE, NOW - 1, &claimed, NULL), 0);
  assert_int_equal(tasks_claim(tx, t.public_id, "w1", LEASE, NOW + 5, &claimed, NULL), 1);
  assert_true(claimed.state == TASK_RUNNING && claimed.attempts == 1 && claimed.lease_until_ms == NOW + 5 + LEASE &&
              claimed.started_ms == NOW + 5);
  assert_string_equal(claimed.lease_owner, "w1");
  assert_int_equal(tasks_claim(tx, t.public_id, "w2", LEASE, NOW + 5, &claimed, NULL), 0);

  bool cancel = true;
  assert_int_equal(tasks_renew(tx, t.id, "w2", LEASE, "render", 1, NOW + 6, &cancel, NULL), 0);
  assert_int_equal(tasks_renew(tx, t.id, "w1", LEASE, "render", 5000, NOW + 6, &cancel, NULL), 1);
  assert_false(cancel);
  assert_int_equal(tasks_set_media(tx, t.id, "w2", 9, NULL), 0);
  assert_int_equal(tasks_set_media(tx, t.id, "w1", 60000, NULL), 1);
  assert_int_equal(tasks_get(tx, t.id, &t, NULL), 1);
  assert_true(t.progress == 1000 && t.media_ms == 60000 && t.lease_until_ms == NOW + 6 + LEASE);
  assert_string_equal(t.stage, "render");

  assert_int_equal(tasks_done(tx, t.id, "w2", "a", NULL, NOW + 9, NULL), 0);
  assert_int_equal(tasks_done(tx, t.id, "w1", "1/a.mp4", "1/a.srt", NOW + 9, NULL), 1);
  assert_int_equal(tasks_done(tx, t.id, "w1", "1/a.mp4", "1/a.srt", NOW + 9, NULL), 0);
  assert_int_equal(tasks_find(tx, first, &t, NULL), 1);
  assert_true(t.state == TASK_DONE && t.finished_ms == NOW + 9 && !t.lease_owner && t.delivered_ms == 0);
  assert_string_equal(t.result_path, "1/a.mp4");
  assert_string_equal(t.subtitles_path, "1/a.srt");
  assert_int_equal(tasks_delivered(tx, t.id, NOW + 10, NULL), 1);
  assert_int_equal(tasks_delivered(tx, t.id, NOW + 11, NULL), 0);
  int64_t mean = 0;
  MUST(tasks_mean_ms(tx, 10, &mean, e));
  assert_int_equal(mean, 4);
  assert_int_equal(tasks_find(tx, "nobody", &t, NULL), 0);
  assert_int_equal(t.delivered_ms, 0); /* `ret` is left alone: as it was read before the delivery */
  _cleanup_(user_release) struct user u = {0};
  assert_int_equal(users_get(tx, user, &u, NULL), 1);
  assert_int_equal(u.tasks_total, 1);
  commit(tx);
  sql_close(db);
}

/* What each function does to a task in each state; -1: it stays as it is, and 0 is returned. */
enum { NONE = -1 };
static int do_renew(struct sql_tx *tx, int64_t id, const char *owner) {
  bool cancel;
  return tasks_renew(tx, id, owner, LEASE, "", 0, NOW, &cancel, NULL);
}
static int do_done(struct sql_tx *tx, int64_t id, const char *owner) {
  return tasks_done(tx, id, owner, NULL, NULL, NOW, NULL);
}
static int do_fail(struct sql_tx *tx, int64_t id, const char *owner) {
  return tasks_fail(tx, id, owner, "c", "t", NOW, NULL);
}
static int do_retry(struct sql_tx *tx, int64_t id, const char *owner) {
  return tasks_retry(tx, id, owner, "c", "t", NOW, NULL);
}
static int do_park(struct sql_tx *tx, int64_t id, const char *owner) {
  return tasks_park(tx, id, owner, "c", "t", NOW, NULL);
}
static int do_hand_back(struct sql_tx *tx, int64_t id, const char *owner) {
  return tasks_hand_back(tx, id, owner, NULL);
}
static int do_cancelled(struct sql_tx *tx, int64_t id, const char *owner) {
  return tasks_cancelled(tx, id, owner, NOW, NULL);
}
static int do_claim(struct sql_tx *tx, int64_t id, const char *owner) {
  _cleanup_(task_release) struct task t = {0}, ignored = {0};
  assert_int_equal(tasks_get(tx, id, &t, NULL), 1);
  return tasks_claim(tx, t.public_id, owner, LEASE, NOW, &ignored, NULL);
}
static int do_cancel(struct sql_tx *tx, int64_t id, const char *owner) {
  (void)owner;
  enum task_cancel how = TASK_CANCEL_TOO_LATE;
  MUST(tasks_cancel(tx, id, NOW, &how, e));
  return how == TASK_CANCEL_NOW;
}
static int do_revive(struct sql_tx *tx, int64_t id, const char *owner) {
  (void)owner;
  return tasks_revive(tx, id, NOW, NULL);
}
static int do_drop(struct sql_tx *tx, int64_t id, const char *owner) {
  (void)owner;
  return tasks_drop(tx, id, NOW, NULL);
}

static const struct {
  const char *name;
  int (*act)(struct sql_tx *tx, int64_t id, const char *owner);
  bool his; /* only the lease's owner may */
  enum task_state from;
  int to;
} arrows[] = {
    {"claim", do_claim, false, TASK_QUEUED, TASK_RUNNING},
    {"renew", do_renew, true, TASK_RUNNING, TASK_RUNNING},
    {"done", do_done, true, TASK_RUNNING, TASK_DONE},
    {"fail", do_fail, true, TASK_RUNNING, TASK_FAILED},
    {"retry", do_retry, true, TASK_RUNNING, TASK_QUEUED},
    {"park", do_park, true, TASK_RUNNING, TASK_PARKED},
    {"back", do_hand_back, true, TASK_RUNNING, TASK_QUEUED},
    {"cancelled", do_cancelled, true, TASK_RUNNING, TASK_CANCELLED},
    {"cancel", do_cancel, false, TASK_QUEUED, TASK_CANCELLED},
    {"revive", do_revive, false, TASK_PARKED, TASK_QUEUED},
    {"drop", do_drop, false, TASK_PARKED, TASK_FAILED},
};

static int64_t task_in(struct sql_tx *tx, int64_t user, enum task_state s) {
  _cleanup_(task_release) struct task t = made(tx, user, 1, NULL);
  if (s == TASK_QUEUED) return t.id;
  assert_int_equal(do_claim(tx, t.id, "w"), 1);
  if (s == TASK_DONE) assert_int_equal(do_done(tx, t.id, "w"), 1);
  if (s == TASK_FAILED) assert_int_equal(do_fail(tx, t.id, "w"), 1);
  if (s == TASK_CANCELLED) assert_int_equal(do_cancelled(tx, t.id, "w"), 1);
  if (s == TASK_PARKED) assert_int_equal(do_park(tx, t.id, "w"), 1);
  return t.id;
}

static void every_arrow_and_no_other(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  for (size_t a = 0; a < ARRAY_LEN(arrows); a++)
    for (enum task_state from = TASK_QUEUED; from <= TASK_PARKED; from++) {
      int64_t id = task_in(tx, user, from);
      assert_int_equal(state_of(tx, id), from);
      if (arrows[a].his) { /* somebody else, whose lease has passed */
        assert_int_equal(arrows[a].act(tx, id, "another"), 0);
        assert_int_equal(state_of(tx, id), from);
      }
      bool may = from == arrows[a].from;
      int did = arrows[a].act(tx, id, "w");
      int to = (int)state_of(tx, id);
      if (did != may || to != (may ? arrows[a].to : (int)from))
        fail_msg("%s of a %s task: %d, %s", arrows[a].name, task_state_name(from), did,
                 task_state_name((enum task_state)to));
    }
  commit(tx);
  sql_close(db);
}

static void attempts_and_errors(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  _cleanup_(task_release) struct task t = made(tx, user, 1, NULL);
  assert_int_equal(do_claim(tx, t.id, "w"), 1);
  assert_int_equal(tasks_hand_back(tx, t.id, "w", NULL), 1);
  assert_int_equal(tasks_get(tx, t.id, &t, NULL), 1);
  assert_true(t.attempts == 0 && t.run_at_ms == NOW && t.started_ms == 0);
  assert_int_equal(do_claim(tx, t.id, "w"), 1);
  assert_int_equal(tasks_retry(tx, t.id, "w", "engine", "it fell over", NOW + 5000, NULL), 1);
  assert_int_equal(tasks_get(tx, t.id, &t, NULL), 1);
  assert_true(t.attempts == 1 && t.run_at_ms == NOW + 5000 && t.started_ms == NOW && t.finished_ms == 0);
  assert_string_equal(t.error_code, "engine");
  assert_string_equal(t.error_text, "it fell over");
  char ids[1][PUBLIC_ID_SIZE];
  assert_int_equal(tasks_next(tx, 1, NOW + 4999, ids[0], NULL), 0);
  _cleanup_(task_release) struct task again = {0};
  assert_int_equal(tasks_claim(tx, t.public_id, "w", LEASE, NOW + 4999, &again, NULL), 0);
  assert_int_equal(tasks_claim(tx, t.public_id, "w", LEASE, NOW + 5000, &again, NULL), 1);
  assert_int_equal(again.attempts, 2);
  assert_int_equal(tasks_hand_back(tx, t.id, "w", NULL), 1);
  assert_int_equal(tasks_claim_first(tx, 1, "w", LEASE, NOW + 5000, &again, NULL), 1);
  assert_true(again.attempts == 2 && again.started_ms == NOW);
  assert_int_equal(tasks_done(tx, t.id, "w", NULL, NULL, NOW + 6000, NULL), 1);
  assert_int_equal(tasks_get(tx, t.id, &t, NULL), 1);
  assert_true(!t.error_code && !t.error_text);
  commit(tx);
  sql_close(db);
}

static void in_order(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  struct task t[4] = {made(tx, user, 1, NULL), made(tx, user, 1, NULL), made(tx, user, 3, NULL),
                      made(tx, user, 1, NULL)};
  assert_int_equal(do_claim(tx, t[0].id, "w"), 1);
  assert_int_equal(tasks_retry(tx, t[0].id, "w", "c", "t", NOW + 10, NULL), 1);
  struct task_counts c;
  MUST(tasks_count(tx, NOW + 5, &c, e));
  assert_true(c.queued[0] == 4 && c.queued[1] == 3 && c.queued[2] == 0 && c.queued[3] == 1);
  assert_true(c.oldest_ms[0] == NOW && c.oldest_ms[1] == NOW && c.oldest_ms[2] == 0 && c.running == 0 && c.parked == 0);
  int64_t due = 0, alive = 0;
  MUST(tasks_due_count(tx, 1, NOW + 9, &due, e));
  assert_int_equal(due, 2);
  MUST(tasks_due_count(tx, 1, NOW + 10, &due, e));
  assert_int_equal(due, 3);
  MUST(tasks_alive(tx, user, &alive, e));
  assert_int_equal(alive, 4);

  char ids[2][PUBLIC_ID_SIZE];
  struct task_place after = {0};
  assert_int_equal(tasks_due(tx, 1, NOW + 10, &after, ids, 2, NULL), 2);
  assert_string_equal(ids[0], t[1].public_id);
  assert_string_equal(ids[1], t[3].public_id);
  assert_int_equal(tasks_due(tx, 1, NOW + 10, &after, ids, 2, NULL), 1);
  assert_string_equal(ids[0], t[0].public_id); /* the retry, whose time comes last */
  assert_int_equal(tasks_due(tx, 1, NOW + 10, &after, ids, 2, NULL), 0);
  assert_int_equal(tasks_offered(tx, t[1].public_id, NOW, NOW + 1, NULL), 1);
  assert_int_equal(tasks_offered(tx, t[1].public_id, NOW, NOW + 2, NULL), 0); /* somebody was faster */
  assert_int_equal(tasks_offered(tx, t[1].public_id, NOW + 1, NOW + 2, NULL), 1);

  struct task claimed = {0};
  for (int i = 0; i < 3; i++) {
    static const int order[] = {1, 3, 0};
    assert_int_equal(tasks_claim_first(tx, 1, "w", LEASE + i, NOW + 20, &claimed, NULL), 1);
    assert_true(claimed.id == t[order[i]].id);
  }
  assert_int_equal(tasks_claim_first(tx, 1, "w", LEASE, NOW + 20, &claimed, NULL), 0);
  assert_int_equal(tasks_offered(tx, t[1].public_id, NOW + 99, NOW + 99, NULL), 0); /* runs */
  assert_int_equal(tasks_expired(tx, NOW + 20 + LEASE - 1, ids, 2, NULL), 0);
  assert_int_equal(tasks_expired(tx, NOW + 20 + LEASE + 1, ids, 2, NULL), 2);
  assert_string_equal(ids[0], t[1].public_id);
  assert_string_equal(ids[1], t[3].public_id);
  assert_int_equal(tasks_expired(tx, NOW + 20 + LEASE + 2, ids, 1, NULL), 1);
  MUST(tasks_count(tx, NOW + 20, &c, e));
  assert_true(c.running == 3 && c.queued[0] == 1);

  struct task_list l = {0};
  MUST(tasks_in_state(tx, TASK_RUNNING, 2, &l, e));
  assert_true(l.count == 2 && l.tasks[0].id == t[0].id && l.tasks[1].id == t[1].id);
  MUST(tasks_of_user(tx, user, 10, &l, e));
  assert_true(l.count == 4 && l.tasks[0].id == t[3].id && l.tasks[3].id == t[0].id);
  MUST(tasks_of_user(tx, user + 1, 10, &l, e));
  assert_int_equal(l.count, 0);
  task_list_release(&l);
  task_release(&claimed);
  for (int i = 0; i < 4; i++) task_release(&t[i]);
  commit(tx);
  sql_close(db);
}

static void one_of_a_kind_while_alive(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  _cleanup_(task_release) struct task a = made(tx, user, 1, "same"), b = {0}, c = {0};
  struct task_new n = {.user_id = user, .lane = 3, .fingerprint = "same", .input_kind = "path", .input = "{}"};
  assert_int_equal(tasks_create(tx, &n, NOW, &b, NULL), 0);
  assert_true(b.id == a.id && b.lane == 1);
  assert_int_equal(do_claim(tx, a.id, "w"), 1);
  assert_int_equal(tasks_create(tx, &n, NOW, &b, NULL), 0);
  assert_true(b.id == a.id && b.state == TASK_RUNNING);
  assert_int_equal(do_park(tx, a.id, "w"), 1);
  assert_int_equal(tasks_create(tx, &n, NOW, &b, NULL), 1); /* a parked one is not alive */
  assert_true(b.id != a.id);
  assert_int_equal(tasks_revive(tx, a.id, NOW, NULL), 0); /* nor revived beside it */
  assert_int_equal(state_of(tx, a.id), TASK_PARKED);
  assert_int_equal(do_cancel(tx, b.id, ""), 1);
  assert_int_equal(tasks_revive(tx, a.id, NOW + 7, NULL), 1);
  assert_int_equal(tasks_get(tx, a.id, &a, NULL), 1);
  assert_true(a.attempts == 0 && a.run_at_ms == NOW + 7 && a.finished_ms == 0);
  n.fingerprint = NULL;
  assert_int_equal(tasks_create(tx, &n, NOW, &b, NULL), 1);
  assert_int_equal(tasks_create(tx, &n, NOW, &c, NULL), 1);
  commit(tx);
  assert_int_equal(number(db, "SELECT tasks_total FROM users"), 4);
  sql_close(db);
}

static void asked_to_stop(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), id = task_in(tx, user, TASK_RUNNING);
  enum task_cancel how;
  bool cancel = false;
  MUST(tasks_cancel(tx, id, NOW, &how, e));
  assert_int_equal(how, TASK_CANCEL_ASKED);
  assert_int_equal(tasks_renew(tx, id, "w", LEASE, "mux", 900, NOW, &cancel, NULL), 1);
  assert_true(cancel);
  assert_int_equal(do_cancelled(tx, id, "w"), 1);
  MUST(tasks_cancel(tx, id, NOW, &how, e));
  assert_int_equal(how, TASK_CANCEL_TOO_LATE);
  MUST(tasks_cancel(tx, 999999, NOW, &how, e));
  assert_int_equal(how, TASK_CANCEL_TOO_LATE);
  commit(tx);
  sql_close(db);
}

/* ---- several at once ---- */

enum { TAKERS = 4, JOBS = 60 };
struct taker {
  struct sql *db;
  int64_t got[JOBS];
  size_t count;
  char owner[16];
  int rc;
};
struct claiming {
  const struct taker *taker;
  struct task task;
};
static int claim_one(struct sql_tx *tx, void *ctx, struct err *e) {
  struct claiming *c = ctx;
  return tasks_claim_first(tx, 1, c->taker->owner, LEASE, NOW, &c->task, e);
}
static void *take_all(void *arg) {
  struct taker *t = arg;
  struct claiming c = {.taker = t};
  while ((t->rc = sql_transact(t->db, SQL_WRITE, claim_one, &c, NULL)) == 1 && t->count < JOBS)
    t->got[t->count++] = c.task.id;
  task_release(&c.task);
  return NULL;
}

static void nobody_gets_what_another_has(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1);
  for (int i = 0; i < JOBS; i++) {
    struct task t = made(tx, user, 1, NULL);
    task_release(&t);
  }
  commit(tx);
  struct taker takers[TAKERS];
  pthread_t threads[TAKERS];
  for (int i = 0; i < TAKERS; i++) {
    takers[i] = (struct taker){.db = db};
    snprintf(takers[i].owner, sizeof takers[i].owner, "w%d", i);
    assert_int_equal(pthread_create(&threads[i], NULL, take_all, &takers[i]), 0);
  }
  size_t all = 0;
  for (int i = 0; i < TAKERS; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(takers[i].rc, 0);
    for (size_t k = 0; k < takers[i].count; k++)
      for (int j = 0; j < i; j++)
        for (size_t m = 0; m < takers[j].count; m++) assert_true(takers[i].got[k] != takers[j].got[m]);
    all += takers[i].count;
  }
  assert_int_equal(all, JOBS);
  assert_int_equal(number(db, "SELECT COUNT(*) FROM tasks WHERE state = 'running' AND attempts = 1"), JOBS);
  sql_close(db);
}

/* ---- a database that fails ---- */

struct making {
  int64_t user;
  struct task task;
};
static int make_and_charge(struct sql_tx *tx, void *ctx, struct err *e) {
  struct making *m = ctx;
  struct task_new n = {.user_id = m->user, .lane = 1, .fingerprint = "f", .input_kind = "path", .input = "{}"};
  int rc = tasks_create(tx, &n, NOW, &m->task, e);
  return rc == 1 ? quota_charge(tx, m->user, "2026-11-24", 9, m->task.id, NOW, e) : rc;
}

/* Each call fails in turn, in each way: the task is there and charged once, or nothing is. */
static void every_call_fails_once(void **state) {
  for (int kind = SQL_FAULT_IO; kind <= SQL_FAULT_LOST_AFTER; kind++) {
    struct scratch *s = SCRATCH(state);
    bool sqlite = s->dialect == SQL_SQLITE;
    struct sql *db = open_core(s);
    struct sql_tx *tx = begin(db);
    struct making m = {.user = make_user(tx, 1)};
    commit(tx);
    int faults = 0;
    for (int64_t n = 1;; n++) {
      sql_fault_arm(db, n, (enum sql_fault)kind);
      struct err e = {0};
      int rc = sql_transact(db, SQL_WRITE, make_and_charge, &m, &e);
      bool came = sql_fault_disarm(db);
      int64_t there = number(db, "SELECT COUNT(*) FROM tasks WHERE state = 'queued'");
      assert_int_equal(number(db, "SELECT COALESCE(MAX(used), 0) FROM quota_days") -
                           number(db, "SELECT COUNT(*) FROM tasks WHERE state <> 'queued'"),
                       there);
      if (rc >= 0) assert_int_equal(there, 1);
      else if (rc != ERR_UNSURE) assert_int_equal(there, 0);
      if (!came) break;
      faults++;
      if (there) { /* out of the way of the next one's fingerprint */
        tx = begin(db);
        enum task_cancel how;
        MUST(tasks_cancel(tx, m.task.id, NOW, &how, e));
        assert_int_equal(how, TASK_CANCEL_NOW); /* what was unsure can be found by its id */
        commit(tx);
      }
    }
    assert_true(faults >= 6);
    task_release(&m.task);
    sql_close(db);
    scratch_drop(state);
    assert_int_equal(sqlite ? scratch_sqlite(state) : scratch_postgres(state), 0);
  }
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN); /* each fault would be told */
  const struct CMUnitTest tests[] = {
      SCRATCH_TESTS(a_life),
      SCRATCH_TESTS(every_arrow_and_no_other),
      SCRATCH_TESTS(attempts_and_errors),
      SCRATCH_TESTS(in_order),
      SCRATCH_TESTS(one_of_a_kind_while_alive),
      SCRATCH_TESTS(asked_to_stop),
      SCRATCH_TESTS(nobody_gets_what_another_has),
      SCRATCH_TESTS(every_call_fails_once),
  };
  return cmocka_run_group_tests_name("tasks", tests, NULL, NULL);
}
