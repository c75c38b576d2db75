/*
 * Files: whole reads with a ceiling, whole writes that are either there or not. What is temporary is entered in
 * base/leftovers.h, for a signal that ends the process.
 */
#ifndef TITR_BASE_FILE_H
#define TITR_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Reads all of `path` ("-" = standard input) and appends it to `b`. More than `ceiling` bytes: ERR_INPUT. */
int file_read(const char *path, size_t ceiling, struct buf *b, struct err *e);

/* Writes `n` bytes to `path` ("-" = standard output) by way of a temporary name in the same folder, fsync
 * and rename, so that `path` is the old file or the whole new one. With `replace` false an existing `path`
 * is ERR_USAGE ("… exists; --force replaces it"). */
int file_write(const char *path, const void *bytes, size_t n, int replace, struct err *e);

/* Writes all of it to a descriptor, whatever interrupts or shortens a write(). 0, or -1 with errno. */
int file_write_fd(int fd, const void *bytes, size_t n);

/* A unique temporary name beside `path` ("DIR/.NAME.titr-XXXXXX"), created empty, mode 0600 (widened on commit
 * by the umask); for writers that need a path. file_commit() fsyncs and renames it to `path` (refusing an
 * existing one unless `replace`); file_discard() removes it. Both free nothing: *ret_tmp is the caller's. */
int file_temp_beside(const char *path, char **ret_tmp, struct err *e);
int file_commit(const char *tmp, const char *path, int replace, struct err *e);
void file_discard(const char *tmp);

/* Removes the temporary files that processes which were killed have left beside `path`: for who knows that nobody else writes
 * it just now. */
void file_sweep_beside(const char *path);

/* A private temporary folder under $TMPDIR (or /tmp), and its removal with all that is in it. */
int file_temp_dir(char **ret_dir, struct err *e);
void file_remove_tree(const char *dir);

/* "talk.mp4" + ".srt" -> "talk.srt"; the folder is kept. Caller frees. */
char *file_with_suffix(const char *path, const char *suffix);
const char *file_name(const char *path); /* the part after the last '/', inside `path` */

int64_t file_size(const char *path); /* -1 when it is not a regular file */

/* mkdir -p with mode 0755. */
int file_make_dirs(const char *dir, struct err *e);

#endif
