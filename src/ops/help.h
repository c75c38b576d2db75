/* What the tables of cli.c say to a person: the overview, a command's help, and `titr help` itself. */
#ifndef TITR_OPS_HELP_H
#define TITR_OPS_HELP_H

#include "ops/options.h"

struct exit_code {
  int code;
  const char *meaning;
};
extern const struct exit_code help_exit_codes[]; /* ends with a meaning of NULL */

int help_overview(void);                   /* `titr --help`; returns 0 */
int help_command(const struct command *c); /* `titr help caption`; returns 0 */

/* Examples of a command, one after the other: `*at` starts as c->examples; false at the end. */
bool help_example(const char **at, const char **ret_line, int *ret_line_len, const char **ret_about,
                  int *ret_about_len);

#endif
