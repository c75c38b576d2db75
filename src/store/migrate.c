/*
 * DESIGN. One loop serves up and down: take the lock, read the table, look that the history is ours, and if the
 * database is not where it should be, do the next step, write its row, commit, and start over. Nothing is remembered from
 * one transaction to the next, so that several processes may run the loop at once.
 */
#include "store/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum { WAIT_S = 600, BASE = -1 };

static const struct migrations *steps_of(const struct migrate_options *o) {
  return o && o->migrations ? o->migrations : &migrations_embedded;
}

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void migrate_checksum(const struct migration *m, enum sql_dialect dialect, char out[HASH_HEX_SIZE]) {
  struct hash *h = hash_new(HASH_SHA256);
  hash_add(h, m->up[dialect], strlen(m->up[dialect]));
  hash_hex(h, out);
  hash_free(h);
}

/* ---- the table ---- */

void migrate_state_release(struct migrate_state *s) {
  for (size_t i = 0; i < s->count; i++) {
    free(s->rows[i].revision);
    free(s->rows[i].name);
  }
  free(s->rows);
  *s = (struct migrate_state){0};
}

static int read_state(struct sql_tx *tx, void *ctx, struct err *e) {
  struct migrate_state *s = ctx;
  migrate_state_release(s);
  const char *find =
      sql_pick(tx, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'titr_migrations'",
               "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('titr_migrations')");
  _cleanup_(sql_rows_freep) struct sql_rows *found = NULL, *rows = NULL;
  int rc = sql_query(tx, find, SQL_NO_ARGS, &found, e);
  if (rc < 0 || sql_get_int(found, 0, 0) == 0) return rc;
  rc = sql_query(tx, "SELECT revision, name, checksum, applied_at FROM titr_migrations ORDER BY revision", SQL_NO_ARGS,
                 &rows, e);
  if (rc < 0) return rc;
  s->count = sql_count(rows);
  s->rows = NEW_ARRAY(struct migrate_row, s->count + 1);
  for (size_t i = 0; i < s->count; i++) {
    s->rows[i].revision = x_strdup(sql_get_text(rows, i, 0));
    s->rows[i].name = x_strdup(sql_get_text(rows, i, 1));
    snprintf(s->rows[i].checksum, sizeof s->rows[i].checksum, "%s", sql_get_text(rows, i, 2));
    s->rows[i].applied_at = sql_get_int(rows, i, 3);
  }
  return 0;
}

int migrate_read(struct sql *db, struct migrate_state *ret, struct err *e) {
  struct migrate_state s = {0};
  int rc = sql_transact(db, SQL_READ, read_state, &s, e);
  if (rc < 0) migrate_state_release(&s);
  else *ret = s;
  return rc;
}

static int make_table(struct sql_tx *tx, struct err *e) {
  return sql_run(tx,
                 "CREATE TABLE IF NOT EXISTS titr_migrations (revision TEXT PRIMARY KEY, name TEXT NOT NULL, "
                 "checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
                 SQL_NO_ARGS, NULL, e);
}

static int write_row(struct sql_tx *tx, const struct migration *m, struct err *e) {
  char checksum[HASH_HEX_SIZE];
  migrate_checksum(m, sql_dialect(sql_tx_db(tx)), checksum);
  const struct sql_arg args[] = {sql_text(m->revision), sql_text(m->name), sql_text(checksum), sql_int(now_ms())};
  return sql_run(tx, "INSERT INTO titr_migrations (revision, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                 SQL_ARGS(args), NULL, e);
}

static int remove_row(struct sql_tx *tx, const struct migration *m, struct err *e) {
  const struct sql_arg args[] = {sql_text(m->revision)};
  return sql_run(tx, "DELETE FROM titr_migrations WHERE revision = $1", SQL_ARGS(args), NULL, e);
}

/* Is the history in the table the beginning of ours? */
static int history_ok(const struct migrate_state *s, const struct migrations *steps, enum sql_dialect dialect,
                      struct err *e) {
  for (size_t i = 0; i < s->count; i++) {
    const struct migrate_row *row = &s->rows[i];
    const struct migration *known = NULL;
    for (size_t j = 0; j < steps->count && !known; j++)
      if (strcmp(steps->all[j].revision, row->revision) == 0) known = &steps->all[j];
    if (!known)
      return err_set(
          e, ERR_FAIL,
          "the database has migration %s_%s, which this program does not know: a newer titr has been at work; "
          "use that one, or let it downgrade the database first",
          row->revision, row->name);
    if (known != &steps->all[i])
      return err_set(e, ERR_FAIL, "the database has migration %s_%s but not %s_%s, which comes before it",
                     row->revision, row->name, steps->all[i].revision, steps->all[i].name);
    char checksum[HASH_HEX_SIZE];
    migrate_checksum(known, dialect, checksum);
    if (strcmp(checksum, row->checksum) != 0)
      return err_set(e, ERR_FAIL,
                     "migration %s_%s was applied to the database with another text (%.12s…) than this program's "
                     "(%.12s…); if both come to the same, `titr migrate stamp %s` says so",
                     row->revision, row->name, row->checksum, checksum, s->rows[s->count - 1].revision);
  }
  return 0;
}

/* ---- targets ---- */

/* "-N" and "+N", counted from where the database is. */
static int count_steps(const struct migrations *steps, const char *target, int current, int *ret, struct err *e) {
  bool back = target[0] == '-';
  long room = back ? current + 1 : (long)steps->count - 1 - current, n = 0;
  if (target[1] && target[1 + strspn(target + 1, "0123456789")] == '\0') n = strtol(target + 1, NULL, 10);
  if (n < 1 || n > room)
    return err_set(e, ERR_USAGE, "%s: the database has had %d of %zu migrations; from 1 to %ld steps %s are to be had",
                   target, current + 1, steps->count, room, back ? "back" : "forward");
  *ret = back ? current - (int)n : current + (int)n;
  return 0;
}

/* The index of the step a target names, BASE for "base"; `current` is where the database is. */
static int find_target(const struct migrations *steps, const char *target, int current, int *ret, struct err *e) {
  if (target[0] == '-' || target[0] == '+') return count_steps(steps, target, current, ret, e);
  if (strcmp(target, "base") == 0) *ret = BASE;
  else if (strcmp(target, "head") == 0) *ret = (int)steps->count - 1;
  else {
    for (size_t i = 0; i < steps->count; i++) {
      const struct migration *m = &steps->all[i];
      size_t n = strlen(m->revision);
      bool full = strncmp(target, m->revision, n) == 0 && target[n] == '_' && strcmp(target + n + 1, m->name) == 0;
      if (full || strcmp(target, m->revision) == 0) {
        *ret = (int)i;
        return 0;
      }
    }
    return err_set(e, ERR_USAGE, "there is no migration \"%s\"; `titr migrate history` lists them", target);
  }
  return 0;
}

/* ---- the loop ---- */

struct walk {
  struct sql *db;
  const struct migrations *steps;
  const struct migrate_options *options;
  bool down;
  int from, to; /* indices of steps, or BASE */
};

/* A transaction that holds the lock. In READ COMMITTED: the snapshot of REPEATABLE READ would be older than the lock. */
static int begin_locked(struct sql *db, struct sql_tx **ret, struct err *e) {
  double give_up = clock_now() + WAIT_S;
  struct sql_tx *tx;
  int rc;
  do rc = sql_begin(db, SQL_WRITE, &tx, e); /* of SQLite this is the lock; it waits for some seconds only */
  while (rc == ERR_TIMEOUT && clock_now() < give_up);
  if (rc < 0) return rc;
  if (sql_dialect(db) == SQL_POSTGRES)
    rc = sql_script(tx,
                    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '600s';"
                    "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(1953068146)",
                    e);
  if (rc < 0) sql_rollback(tx);
  else *ret = tx;
  return rc;
}

/* SQLite has no way to say this in a migration: PostgreSQL's first one looks by itself, for it takes AutoSub's tables over. */
static int must_be_empty(struct sql_tx *tx, struct err *e) {
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx,
                     "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
                     "AND name <> 'titr_migrations' ORDER BY name LIMIT 1",
                     SQL_NO_ARGS, &rows, e);
  if (rc < 0 || sql_count(rows) == 0) return rc;
  return err_set(e, ERR_FAIL,
                 "%s holds tables already (%s, …); titr needs a database of its own (if the tables are titr's, `titr "
                 "migrate stamp` says how far they are)",
                 sql_display(sql_tx_db(tx)), sql_get_text(rows, 0, 0));
}

static int one_step(struct sql_tx *tx, const struct walk *w, const struct migration *m, struct err *e) {
  enum sql_dialect dialect = sql_dialect(w->db);
  int rc = sql_script(tx, (w->down ? m->down : m->up)[dialect], e);
  if (rc == 0) rc = w->down ? remove_row(tx, m, e) : write_row(tx, m, e);
  return rc < 0 ? err_prefix(e, "migration %s_%s, %s", m->revision, m->name, w->down ? "down" : "up") : 0;
}

/* Where is the database, and where should it go? The first time round a target like "-1" becomes a fixed one. */
static int look(struct sql_tx *tx, struct walk *w, const char *target, bool first, struct err *e) {
  struct migrate_state s = {0};
  int rc = read_state(tx, &s, e);
  if (rc == 0) rc = history_ok(&s, w->steps, sql_dialect(w->db), e);
  w->from = (int)s.count - 1;
  migrate_state_release(&s);
  if (rc < 0 || !first) return rc;
  return find_target(w->steps, target, w->from, &w->to, e);
}

/* One transaction of the loop: 1 when a step was done, 0 when there is nothing left to do. */
static int turn(struct walk *w, const char *target, bool first, struct err *e) {
  struct sql_tx *tx;
  int rc = begin_locked(w->db, &tx, e);
  if (rc < 0) return rc;
  rc = look(tx, w, target, first, e);
  bool there = w->down ? w->from <= w->to : w->from >= w->to;
  const struct migration *m = NULL;
  if (rc == 0 && !there) {
    m = &w->steps->all[w->down ? w->from : w->from + 1];
    if (w->from == BASE && sql_dialect(w->db) == SQL_SQLITE) rc = must_be_empty(tx, e);
    if (rc == 0 && !w->down) rc = make_table(tx, e);
    if (rc == 0) rc = one_step(tx, w, m, e);
  }
  if (rc < 0 || !m) {
    sql_rollback(tx);
    return rc;
  }
  rc = sql_commit(tx, e);
  if (rc < 0) return rc;
  if (w->options && w->options->done) w->options->done(w->options->ctx, m, w->down);
  return 1;
}

static int walk(struct sql *db, const char *target, bool down, const struct migrate_options *o, struct err *e) {
  if (target[0] == (down ? '+' : '-'))
    return err_set(e, ERR_USAGE, "%s is a way %s; that is what `titr migrate %s` does", target,
                   down ? "forward" : "back", down ? "upgrade" : "downgrade");
  struct walk w = {.db = db, .steps = steps_of(o), .options = o, .down = down};
  int rc = turn(&w, target, true, e);
  while (rc > 0) rc = turn(&w, target, false, e);
  return rc;
}

int migrate_upgrade(struct sql *db, const char *target, const struct migrate_options *o, struct err *e) {
  return walk(db, target, false, o, e);
}

int migrate_downgrade(struct sql *db, const char *target, const struct migrate_options *o, struct err *e) {
  return walk(db, target, true, o, e);
}

int migrate_stamp(struct sql *db, const char *target, const struct migrate_options *o, struct err *e) {
  const struct migrations *steps = steps_of(o);
  struct sql_tx *tx;
  int to, rc = begin_locked(db, &tx, e);
  if (rc < 0) return rc;
  struct migrate_state s = {0};
  rc = read_state(tx, &s, e);
  if (rc == 0) rc = find_target(steps, target, (int)s.count - 1, &to, e);
  migrate_state_release(&s);
  if (rc == 0) rc = make_table(tx, e);
  if (rc == 0) rc = sql_run(tx, "DELETE FROM titr_migrations", SQL_NO_ARGS, NULL, e);
  for (int i = 0; rc == 0 && i <= to; i++) rc = write_row(tx, &steps->all[i], e);
  if (rc == 0) return sql_commit(tx, e);
  sql_rollback(tx);
  return rc;
}

int migrate_check(struct sql *db, const struct migrate_options *o, size_t *ret_behind, struct err *e) {
  const struct migrations *steps = steps_of(o);
  struct migrate_state s = {0};
  int rc = migrate_read(db, &s, e);
  if (rc == 0) rc = history_ok(&s, steps, sql_dialect(db), e);
  if (rc == 0) *ret_behind = steps->count - s.count;
  migrate_state_release(&s);
  return rc;
}

int migrate_require_head(struct sql *db, struct err *e) {
  size_t behind;
  int rc = migrate_check(db, NULL, &behind, e);
  if (rc < 0) return err_prefix(e, "%s", sql_display(db));
  if (behind == 0) return 0;
  return err_set(e, ERR_FAIL, "%s is %zu migration%s behind this program; `titr migrate upgrade` applies %s",
                 sql_display(db), behind, behind == 1 ? "" : "s", behind == 1 ? "it" : "them");
}

int migrate_drops_data(struct sql *db, const char *target, const struct migrate_options *o, bool *ret, struct err *e) {
  static const char mark[] = "-- drops data";
  const struct migrations *steps = steps_of(o);
  struct migrate_state s = {0};
  int to, rc = migrate_read(db, &s, e);
  int current = (int)s.count - 1;
  if (rc == 0) rc = history_ok(&s, steps, sql_dialect(db), e);
  if (rc == 0) rc = find_target(steps, target, current, &to, e);
  migrate_state_release(&s);
  if (rc < 0) return rc;
  *ret = false;
  for (int i = current; i > to; i--)
    if (strncmp(steps->all[i].down[sql_dialect(db)], mark, sizeof mark - 1) == 0) *ret = true;
  return 0;
}
