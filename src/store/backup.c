/*
 * DESIGN. Both directions are the same copy through SQLite's online backup: pages are taken under a read lock, a file
 * that changes meanwhile is begun again by SQLite, and what lies in the -wal file is part of it.
 */
#include "store/backup.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum { PAGES_AT_ONCE = 4096, BUSY_MS = 10000 };

static int path_of(const char *url, const char **ret, struct err *e) {
  if (strncmp(url, "sqlite:", 7) != 0)
    return err_set(e, ERR_UNSUPPORTED, "this is for the embedded database; use pg_dump and pg_restore for PostgreSQL");
  const char *path = url + 7;
  *ret = strncmp(path, "///", 3) == 0 ? path + 2 : path;
  return 0;
}

static int lite_error(sqlite3 *db, int code, int err, const char *path, struct err *e) {
  return err_set(e, (code & 0xff) == SQLITE_BUSY ? ERR_TIMEOUT : err, "%s: %s", path,
                 db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

static int open_lite(const char *path, int flags, int err, sqlite3 **ret, struct err *e) {
  _cleanup_(mem_freep) char *plain = *path == '/' ? x_strdup(path) : x_asprintf("./%s", path); /* never an URI */
  int code = sqlite3_open_v2(plain, ret, flags, NULL);
  if (code == SQLITE_OK) code = sqlite3_busy_timeout(*ret, BUSY_MS);
  return code == SQLITE_OK ? 0 : lite_error(*ret, code, err, path, e);
}

static int copy_pages(sqlite3 *from, const char *from_path, sqlite3 *to, const char *to_path, struct err *e) {
  sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
  if (!b) return lite_error(to, sqlite3_errcode(to), ERR_IO, to_path, e);
  int code;
  do code = sqlite3_backup_step(b, PAGES_AT_ONCE);
  while (code == SQLITE_OK);
  sqlite3_backup_finish(b);
  if (code != SQLITE_DONE)
    return err_set(e, (code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT ? ERR_INPUT : ERR_IO, "%s: %s",
                   from_path, sqlite3_errstr(code));
  return 0;
}

static int is_sound(void *ctx, int columns, char **values, char **names) {
  (void)names;
  bool *sound = ctx;
  *sound = columns > 0 && values[0] && strcmp(values[0], "ok") == 0;
  return 0;
}

/* journal_mode DELETE: one file, without a -wal beside it that could be forgotten. */
static int finish_copy(sqlite3 *db, const char *path, struct err *e) {
  bool sound = false;
  int code = sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
  if (code == SQLITE_OK) code = sqlite3_exec(db, "PRAGMA integrity_check(1)", is_sound, &sound, NULL);
  if (code != SQLITE_OK) return lite_error(db, code, ERR_INPUT, path, e);
  return sound ? 0 : err_set(e, ERR_INPUT, "%s is damaged: the copy was not kept", path);
}

static int copy(const char *from, int from_error, const char *to, bool replace, struct err *e) {
  if (access(from, F_OK) < 0) return err_set(e, from_error, "%s is not there", from);
  if (!replace && access(to, F_OK) == 0) return err_set(e, ERR_USAGE, "%s exists; --force replaces it", to);
  _cleanup_(mem_freep) char *tmp = NULL;
  int rc = file_temp_beside(to, &tmp, e);
  if (rc < 0) return rc;
  sqlite3 *source = NULL, *target = NULL;
  rc = open_lite(from, SQLITE_OPEN_READONLY, from_error, &source, e);
  if (rc == 0) rc = open_lite(tmp, SQLITE_OPEN_READWRITE, ERR_IO, &target, e);
  if (rc == 0) rc = copy_pages(source, from, target, to, e);
  if (rc == 0) rc = finish_copy(target, from, e);
  sqlite3_close(target);
  sqlite3_close(source);
  if (rc == 0) rc = file_commit(tmp, to, replace, e);
  if (rc < 0) file_discard(tmp);
  return rc;
}

int backup_make(const char *url, const char *to, bool replace, struct err *e) {
  const char *path;
  int rc = path_of(url, &path, e);
  return rc < 0 ? rc : copy(path, ERR_IO, to, replace, e);
}

/* What a database that was killed has left beside it belongs to that one, and would be read into the new one. */
static void remove_logs(const char *path) {
  static const char *const suffixes[] = {"-wal", "-shm"};
  for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
    _cleanup_(mem_freep) char *name = x_asprintf("%s%s", path, suffixes[i]);
    unlink(name);
  }
}

int backup_restore(const char *from, const char *url, bool replace, int (*check)(const char *url, struct err *e),
                   struct err *e) {
  const char *path;
  int rc = path_of(url, &path, e);
  if (rc < 0) return rc;
  if (!replace && access(path, F_OK) == 0) return err_set(e, ERR_USAGE, "%s exists; --force replaces it", path);
  /* checked before the logs go: a restore that fails must leave the old database as it was */
  _cleanup_(mem_freep) char *fresh = x_asprintf("%s.restoring", path);
  _cleanup_(mem_freep) char *fresh_url = x_asprintf("sqlite:%s", fresh);
  remove_logs(fresh);
  rc = copy(from, ERR_INPUT, fresh, true, e);
  if (rc == 0 && check) rc = check(fresh_url, e);
  if (rc == 0) {
    remove_logs(path);
    rc = file_commit(fresh, path, 1, e);
  }
  if (rc < 0) unlink(fresh);
  remove_logs(fresh);
  return rc;
}
