/* `titr backup` and `titr restore`: the embedded database (store/backup.h). */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ops/backend.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "store/backup.h"
#include "store/heartbeats.h"
#include "store/migrate.h"
#include "store/sql.h"

static const struct option_row options[] = {
    BACKEND_DATABASE_OPTION,
    {"force", 'f', NULL, NULL, "replace a file that is there"},
    {0},
};

static int one_file(const struct arguments *a, const char *what, const char **ret, struct err *e) {
  const char *const *files;
  if (argument_operands(a, &files) != 1) return err_set(e, ERR_USAGE, "name one file: titr %s titr.backup", what);
  *ret = files[0];
  return 0;
}

static int backup(const struct arguments *a) {
  struct err e = {0};
  const char *file = NULL, *url = NULL;
  int rc = one_file(a, "backup", &file, &e);
  if (rc == 0) rc = backend_database_url(a, &url, &e);
  if (rc == 0) rc = backup_make(url, file, argument_flag(a, "force"), &e);
  if (rc < 0) return cli_fail(&e);
  printf("%s\n", file);
  return 0;
}

static int count_alive(struct sql_tx *tx, void *ctx, struct err *e) {
  return heartbeats_alive(tx, "", clock_utc_ms() - 90000, ctx, e);
}

/* A database that nobody can read is no reason not to restore one. */
static int nobody_uses(const char *url, struct err *e) {
  struct sql *db;
  int64_t alive = 0;
  if (strncmp(url, "sqlite:", 7) != 0 || sql_open(url, NULL, &db, NULL) < 0) return 0;
  if (sql_transact(db, SQL_READ, count_alive, &alive, NULL) < 0) alive = 0;
  sql_close(db);
  if (alive == 0) return 0;
  return err_set(
      e, ERR_USAGE,
      "%lld process%s of the service use this database, or did within the last 90 seconds: stop the service first",
      (long long)alive, alive == 1 ? "" : "es");
}

/* Is it one of titr's? Its history must be one that this program knows. */
static int check_history(const char *url, struct err *e) {
  _cleanup_(sql_closep) struct sql *db = NULL;
  size_t behind;
  int rc = sql_open(url, NULL, &db, e);
  return rc < 0 ? rc : migrate_check(db, NULL, &behind, e);
}

static int restore(const struct arguments *a) {
  struct err e = {0};
  const char *file = NULL, *url = NULL;
  int rc = one_file(a, "restore", &file, &e);
  if (rc == 0) rc = backend_database_url(a, &url, &e);
  if (rc == 0) rc = nobody_uses(url, &e);
  if (rc == 0) rc = backup_restore(file, url, argument_flag(a, "force"), check_history, &e);
  if (rc < 0) return cli_fail(&e);
  printf("restored; `titr migrate upgrade` brings it up to date if it is older\n");
  return 0;
}

const struct command command_backup = {.name = "backup",
                                       .operands = "FILE",
                                       .about = "copy the embedded database while it is in use",
                                       .text = "Writes a sound copy of the SQLite database to FILE, whole or not at "
                                               "all. Files in STORAGE_PATH are not in it. For "
                                               "PostgreSQL use pg_dump.",
                                       .examples = "titr backup /var/backups/titr-$(date +%F).db\ta copy for every day",
                                       .options = options,
                                       .run = backup};

const struct command command_restore = {
    .name = "restore",
    .operands = "FILE",
    .about = "put a copy in the embedded database's place",
    .text =
        "FILE is what `titr backup` wrote. Stop the service first. The database that is there goes only with --force.",
    .examples = "titr restore --force /var/backups/titr-2026-11-24.db\tback to that day",
    .options = options,
    .run = restore};
