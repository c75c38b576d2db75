/* Presets: a user's own, by unique names, not more than there may be. */
#include "accounts.h"

#include <pthread.h>

#include "base/limits.h"
#include "base/log.h"
#include "fault_walk.h"
#include "store/presets.h"

static enum preset_outcome save(struct sql_tx *tx, int64_t user, const char *name, const char *options,
                                int64_t *ret_id) {
  enum preset_outcome outcome = PRESET_NOT_THERE;
  int64_t ignored;
  MUST(presets_save(tx, user, name, options, NOW, &outcome, ret_id ? ret_id : &ignored, e));
  return outcome;
}

static void a_life(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), other = make_user(tx, 2), shorts = 0, quiet = 0, theirs = 0;
  enum preset_outcome outcome;
  assert_int_equal(save(tx, user, "Шортсы 😀", "{\"style\": \"modern_bold\"}", &shorts), PRESET_DONE);
  assert_int_equal(save(tx, user, "  quiet  ", "{}", &quiet), PRESET_DONE); /* the spaces around go */
  assert_int_equal(save(tx, user, "quiet", "{}", NULL), PRESET_NAME_TAKEN);
  assert_int_equal(save(tx, user, "Quiet", "{}", NULL), PRESET_DONE);
  assert_int_equal(save(tx, other, "quiet", "{\"a\": 1}", &theirs), PRESET_DONE);

  struct preset_list list = {0};
  MUST(presets_list(tx, user, &list, e));
  MUST(presets_list(tx, user, &list, e)); /* a second time: what was there is released */
  assert_int_equal(list.count, 3);
  assert_string_equal(list.presets[0].name, "Шортсы 😀");
  assert_string_equal(list.presets[0].options, "{\"style\": \"modern_bold\"}");
  assert_true(list.presets[0].id == shorts && list.presets[0].created_ms == NOW);
  assert_string_equal(list.presets[1].name, "quiet");
  preset_list_release(&list);

  MUST(presets_rename(tx, user, shorts, "quiet", NOW, &outcome, e));
  assert_int_equal(outcome, PRESET_NAME_TAKEN);
  MUST(presets_rename(tx, user, shorts, " Reels ", NOW, &outcome, e));
  assert_int_equal(outcome, PRESET_DONE);
  MUST(presets_rename(tx, user, shorts, "Reels", NOW, &outcome, e));
  assert_int_equal(outcome, PRESET_DONE);
  MUST(presets_edit(tx, user, shorts, "{\"vertical\": true}", &outcome, e));
  assert_int_equal(outcome, PRESET_DONE);
  _cleanup_(preset_release) struct preset p = {0};
  assert_int_equal(presets_get(tx, user, shorts, &p, NULL), 1);
  assert_int_equal(presets_get(tx, user, shorts, &p, NULL), 1);
  assert_string_equal(p.name, "Reels");
  assert_string_equal(p.options, "{\"vertical\": true}");

  /* another's is as one that is not there */
  assert_int_equal(presets_get(tx, user, theirs, &p, NULL), 0);
  MUST(presets_rename(tx, user, theirs, "mine now", NOW, &outcome, e));
  assert_int_equal(outcome, PRESET_NOT_THERE);
  MUST(presets_edit(tx, user, theirs, "{}", &outcome, e));
  assert_int_equal(outcome, PRESET_NOT_THERE);
  MUST(presets_delete(tx, user, theirs, &outcome, e));
  assert_int_equal(outcome, PRESET_NOT_THERE);
  assert_int_equal(presets_get(tx, other, theirs, &p, NULL), 1);
  assert_string_equal(p.name, "quiet");
  assert_string_equal(p.options, "{\"a\": 1}");

  MUST(presets_delete(tx, user, quiet, &outcome, e));
  assert_int_equal(outcome, PRESET_DONE);
  MUST(presets_delete(tx, user, quiet, &outcome, e));
  assert_int_equal(outcome, PRESET_NOT_THERE);
  assert_int_equal(save(tx, user, "quiet", "{}", NULL), PRESET_DONE); /* the name is free again */
  commit(tx);
  sql_close(db);
}

static void so_many_and_no_more(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), other = make_user(tx, 2), last = 0;
  enum preset_outcome outcome;
  for (int i = 0; i < LIMIT_PRESETS; i++) {
    char name[16];
    snprintf(name, sizeof name, "n%d", i);
    assert_int_equal(save(tx, user, name, "{}", &last), PRESET_DONE);
  }
  assert_int_equal(save(tx, user, "more", "{}", NULL), PRESET_TOO_MANY);
  assert_int_equal(save(tx, user, "n3", "{}", NULL), PRESET_NAME_TAKEN);
  assert_int_equal(save(tx, other, "more", "{}", NULL), PRESET_DONE);
  MUST(presets_delete(tx, user, last, &outcome, e));
  assert_int_equal(save(tx, user, "more", "{}", NULL), PRESET_DONE);
  struct preset_list list = {0};
  MUST(presets_list(tx, user, &list, e));
  assert_int_equal(list.count, LIMIT_PRESETS);
  preset_list_release(&list);
  commit(tx);
  sql_close(db);
}

static void what_is_refused(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  struct sql_tx *tx = begin(db);
  int64_t user = make_user(tx, 1), id = 0;
  char longest[LIMIT_PRESET_CHARACTERS * 2 + 3] = "", options[LIMIT_PRESET_BYTES + 2] = "";
  for (int i = 0; i < LIMIT_PRESET_CHARACTERS; i++) memcpy(longest + 2 * i, "ж", 3);
  assert_int_equal(save(tx, user, longest, "{}", &id), PRESET_DONE);
  memcpy(longest + sizeof longest - 3, "ж", 3);
  snprintf(options, sizeof options, "{\"a\": \"%0*d\"}", LIMIT_PRESET_BYTES - 9, 0);
  assert_int_equal(strlen(options), LIMIT_PRESET_BYTES);
  assert_int_equal(save(tx, user, "large", options, NULL), PRESET_DONE);
  snprintf(options, sizeof options, "{\"a\": \"%0*d\"}", LIMIT_PRESET_BYTES - 8, 0);
  const struct {
    const char *name, *options, *says;
  } rows[] = {{"", "{}", "name"},        {"   ", "{}", "name"},         {longest, "{}", "65 characters"},
              {"a\nb", "{}", "control"}, {"a\x7f", "{}", "control"},    {"a\xc2\x85", "{}", "control"},
              {"a\xff", "{}", "UTF-8"},  {"a", "", "options"},          {"a", "[]", "no JSON object"},
              {"a", "3", "options"},     {"a", "{\"a\": }", "options"}, {"a", options, "4097 bytes"}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct err e = {0};
    enum preset_outcome outcome;
    assert_int_equal(presets_save(tx, user, rows[i].name, rows[i].options, NOW, &outcome, &id, &e), ERR_INPUT);
    if (!strstr(e.msg, rows[i].says)) fail_msg("row %zu: %s", i, e.msg);
    bool of_name = strcmp(rows[i].options, "{}") == 0;
    assert_int_equal(of_name ? presets_rename(tx, user, id, rows[i].name, NOW, &outcome, &e)
                             : presets_edit(tx, user, id, rows[i].options, &outcome, &e),
                     ERR_INPUT);
  }
  enum preset_outcome outcome;
  assert_int_equal(presets_save(tx, user + 99, "a", "{}", NOW, &outcome, &id, NULL), ERR_INPUT);
  commit(tx); /* nothing of it has hurt the transaction */
  assert_int_equal(number(db, "SELECT COUNT(*) FROM presets"), 2);
  sql_close(db);
}

/* ---- two at once ---- */

struct saver {
  struct sql *db;
  int64_t user;
  const char *name;
  enum preset_outcome outcome;
  int rc;
};

static int save_one(struct sql_tx *tx, void *ctx, struct err *e) {
  struct saver *s = ctx;
  int64_t id;
  return presets_save(tx, s->user, s->name, "{}", NOW, &s->outcome, &id, e);
}

static void *save_thread(void *ctx) {
  struct saver *s = ctx;
  s->rc = sql_transact(s->db, SQL_WRITE, save_one, s, NULL);
  return NULL;
}

/* For the last place, and for the same name: one of two has it, and the other is told so. */
static void two_at_once(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  for (int round = 0; round < 60; round++) {
    bool same_name = round % 2;
    struct sql_tx *tx = begin(db);
    int64_t user = make_user(tx, 100 + round);
    for (int i = 0; i < LIMIT_PRESETS - (same_name ? 2 : 1); i++) {
      char name[16];
      snprintf(name, sizeof name, "n%d", i);
      assert_int_equal(save(tx, user, name, "{}", NULL), PRESET_DONE);
    }
    commit(tx);
    struct saver savers[2] = {{.db = db, .user = user, .name = "one"},
                              {.db = db, .user = user, .name = same_name ? "one" : "other"}};
    pthread_t threads[2];
    for (int t = 0; t < 2; t++) assert_int_equal(pthread_create(&threads[t], NULL, save_thread, &savers[t]), 0);
    for (int t = 0; t < 2; t++) pthread_join(threads[t], NULL);
    assert_true(savers[0].rc == 0 && savers[1].rc == 0);
    enum preset_outcome lost = same_name ? PRESET_NAME_TAKEN : PRESET_TOO_MANY;
    assert_true((savers[0].outcome == PRESET_DONE && savers[1].outcome == lost) ||
                (savers[1].outcome == PRESET_DONE && savers[0].outcome == lost));
  }
  sql_close(db);
}

/* ---- a database that fails ---- */

struct keeper {
  int64_t user;
  int count;
};

static int save_rename_edit(struct sql_tx *tx, void *ctx, struct err *e) {
  struct keeper *k = ctx;
  char name[32];
  snprintf(name, sizeof name, "n%d", ++k->count);
  enum preset_outcome outcome;
  int64_t id = 0;
  int rc = presets_save(tx, k->user, "new", "{}", NOW, &outcome, &id, e);
  if (rc == 0) rc = presets_rename(tx, k->user, id, name, NOW, &outcome, e);
  if (rc == 0) rc = presets_edit(tx, k->user, id, "{\"a\": 1}", &outcome, e);
  return rc < 0 ? rc : 1;
}

static void presets_agree(struct sql *db, int64_t done) {
  (void)done;
  assert_int_equal(number(db, "SELECT COUNT(*) FROM presets WHERE name = 'new' OR options = '{}'"), 0);
}

static void every_call_fails_in_turn(void **state) {
  struct sql *db = open_core(SCRATCH(state));
  for (int kind = SQL_FAULT_IO; kind <= SQL_FAULT_LOST_AFTER; kind++) {
    struct sql_tx *tx = begin(db);
    struct keeper keeper = {.user = make_user(tx, 50 + kind)};
    commit(tx);
    const struct fault_walk w = {save_rename_edit, &keeper, "SELECT COUNT(*) FROM presets", presets_agree, 8};
    assert_int_equal(fault_walk(db, &w, (enum sql_fault)kind), kind == SQL_FAULT_LOST || kind == SQL_FAULT_LOST_AFTER);
    tx = begin(db);
    MUST(sql_run(tx, "DELETE FROM presets", SQL_NO_ARGS, NULL, e));
    commit(tx);
  }
  sql_close(db);
}

int main(void) {
  log_set(LOG_SILENT, LOG_PLAIN);
  const struct CMUnitTest tests[] = {
      SCRATCH_TESTS(a_life),      SCRATCH_TESTS(so_many_and_no_more),      SCRATCH_TESTS(what_is_refused),
      SCRATCH_TESTS(two_at_once), SCRATCH_TESTS(every_call_fails_in_turn),
  };
  return cmocka_run_group_tests_name("presets", tests, NULL, NULL);
}
