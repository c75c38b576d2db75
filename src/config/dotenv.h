/*
 * The `.env` format, as python-dotenv reads it (AutoSub's files must keep working):
 *
 *   # comment                            export NAME=value            NAME = value   # comment after a blank
 *   NAME="two\nlines, a \" and ${OTHER}"                              NAME='as it is, only \' and \\'
 *   NAME=${OTHER:-default}/more          NAME          (no '=': ignored)
 *
 * Quoted values may go over several lines. ${NAME} is the environment's value, else that of an earlier line, else the
 * default, else nothing. CRLF and a byte order mark are accepted. A later line wins over an earlier one.
 */
#ifndef TITR_CONFIG_DOTENV_H
#define TITR_CONFIG_DOTENV_H

#include <stddef.h>

#include "base/err.h"

struct dotenv_entry {
  char *name, *value;
  int line; /* from 1 */
};

struct dotenv {
  struct dotenv_entry *entries;
  size_t count, cap;
};

void dotenv_release(struct dotenv *d); /* also the cleanup function */

/* `d` must be empty ({0}); it is left empty on failure. `what` names the text in errors ("FILE:LINE: …"). More than
 * LIMIT_ENV_BYTES, also after ${}, or LIMIT_ENV_NAMES: ERR_USAGE, as is anything that is not of the format. Values are never put in an
 * error. */
int dotenv_parse(const char *text, size_t n, const char *what, struct dotenv *d, struct err *e);

const struct dotenv_entry *dotenv_find(const struct dotenv *d, const char *name); /* the last one, or NULL */

#endif
