/*
 * Running another program: fork and exec, no shell, its output collected, bounded in time and size.
 * (Untrusted bytes go to base/child.h instead, which is this same program in a sandbox.)
 *
 *   struct subprocess s = {.argv = (const char *const[]){"python3", "--version", NULL}, .timeout = 10};
 *   int status; struct buf out = BUF_INIT;
 *   int rc = subprocess_run(&s, &out, NULL, &status, &e);
 *
 * The program gets no standard input and is ended, with everything it has started, when the time is up, when
 * *cancel becomes true or when this process dies. Threads: safe.
 */
#ifndef TITR_BASE_SUBPROCESS_H
#define TITR_BASE_SUBPROCESS_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct subprocess {
  const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH unless it has a '/' */
  const char *const *env;  /* NULL-terminated "NAME=value" put over this process's environment, or NULL */
  const char *cwd;         /* folder it starts in, or NULL: this one */
  double timeout;          /* seconds, 0: none */
  const atomic_bool *cancel;
  size_t max_output;       /* of each stream; what comes after is read and dropped. 0: LIMIT_PROGRAM_OUTPUT */
  void (*tick)(void *ctx); /* about 5 times a second while it runs, from this thread; may be NULL */
  void *tick_ctx;
};

/* Appends to `out` and `err` (NULL: dropped). *ret_status is the exit status, or 128 + the signal that ended it.
 * ERR_UNSUPPORTED when the program is not there or cannot be run, ERR_TIMEOUT, ERR_CANCELLED, ERR_FAIL. A status
 * other than 0 is not an error of this function. */
int subprocess_run(const struct subprocess *s, struct buf *out, struct buf *err, int *ret_status, struct err *e);

#endif
