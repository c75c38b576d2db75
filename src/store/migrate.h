/*
 * Migrations in Alembic's manner: numbered steps, each with a file up and a file down for both databases
 * (migrations/NNNN_slug/{up,down}.{sqlite,postgres}.sql, embedded into the program), applied in their order. The
 * database's table titr_migrations says which have been, when, and with what text (SHA-256 of the file up); the last of
 * them is the current one.
 *
 *   rc = migrate_upgrade(db, "head", NULL, &e);
 *   rc = migrate_check(db, NULL, &behind, &e);      // 0, and behind == 0: up to date
 *
 * Each step is a transaction of its own, with its row in titr_migrations: done wholly or not at all. Processes that start
 * at once take turns: SQLite by its lock for writing, PostgreSQL by an advisory lock of the transaction; who comes second
 * finds the work done. A step is waited for up to ten minutes, and never timed out itself.
 *
 * A database is refused (ERR_FAIL, nothing changed) when it holds somebody else's tables, when it has a step this program does
 * not know (a newer program has been at it), when a step was applied with another text than the one here, or when steps are
 * missing in between.
 * migrate_stamp() is the way out for who knows better.
 *
 * A revision is named "0002", "0002_slug", or "head"; "base" is the state before the first; upwards also "+N", N steps
 * forward, downwards "-N". One that is not known is ERR_USAGE.
 */
#ifndef TITR_STORE_MIGRATE_H
#define TITR_STORE_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "store/sql.h"

struct migration {
  const char *revision, *name; /* "0001", "core" */
  const char *up[2], *down[2]; /* by enum sql_dialect */
};
struct migrations {
  const struct migration *all;
  size_t count;
};
extern const struct migrations migrations_embedded; /* made by cmake/migrations.cmake */

struct migrate_options {
  const struct migrations *migrations;                           /* NULL: the embedded ones; others are for tests */
  void (*done)(void *ctx, const struct migration *m, bool down); /* after each step has been committed; may be NULL */
  void *ctx;
};

int migrate_upgrade(struct sql *db, const char *target, const struct migrate_options *o, struct err *e);
int migrate_downgrade(struct sql *db, const char *target, const struct migrate_options *o, struct err *e);
/* Writes down that the database is at `target`, without running anything and whatever stood there before. */
int migrate_stamp(struct sql *db, const char *target, const struct migrate_options *o, struct err *e);
/* *ret_behind: steps of the program that the database has not had. */
int migrate_check(struct sql *db, const struct migrate_options *o, size_t *ret_behind, struct err *e);
/* What everybody asks who is about to use the tables: ERR_FAIL, naming the database and what to do, unless it is at the program's
 * last step. */
int migrate_require_head(struct sql *db, struct err *e);

/* Would going down to `target` drop what people have put in? Such a step's file down begins with "-- drops data". */
int migrate_drops_data(struct sql *db, const char *target, const struct migrate_options *o, bool *ret, struct err *e);

/* What titr_migrations says, oldest first, known steps or not; nothing when there is no such table. */
struct migrate_row {
  char *revision, *name;
  char checksum[HASH_HEX_SIZE];
  int64_t applied_at; /* ms since the epoch */
};
struct migrate_state {
  struct migrate_row *rows;
  size_t count;
};
int migrate_read(struct sql *db, struct migrate_state *ret, struct err *e);
void migrate_state_release(struct migrate_state *s);

void migrate_checksum(const struct migration *m, enum sql_dialect dialect, char out[HASH_HEX_SIZE]);

/* Makes the next step in the source tree: FOLDER/NNNN_slug with its four files, the slug by `message`. ERR_USAGE when there
 * is no FOLDER or the message has neither letters nor digits (ASCII). Caller frees *ret_path. */
int migrate_revision(const char *folder, const char *message, char **ret_path, struct err *e);

#endif
