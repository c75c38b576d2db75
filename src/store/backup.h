/*
 * Copies of the embedded database, while it is in use. For PostgreSQL there is pg_dump (docs/database.md).
 *
 * A copy is whole or not there: it is made under a temporary name beside its place, checked (PRAGMA integrity_check) and
 * renamed. Errors: ERR_UNSUPPORTED for another database than SQLite, ERR_USAGE (there is a file of that name and not `replace`),
 * ERR_INPUT (what is to be restored is not a sound SQLite database), ERR_IO, ERR_TIMEOUT.
 */
#ifndef TITR_STORE_BACKUP_H
#define TITR_STORE_BACKUP_H

#include <stdbool.h>

#include "base/err.h"

/* url: "sqlite:PATH" of the database. */
int backup_make(const char *url, const char *to, bool replace, struct err *e);
/* Puts a copy in the database's place. Nothing may have the database open; that is the caller's to know. What was there
 * goes only with `replace`. `check` (may be NULL) looks at the new database, at a place of its own, and may refuse it. */
int backup_restore(const char *from, const char *url, bool replace, int (*check)(const char *url, struct err *e),
                   struct err *e);

#endif
