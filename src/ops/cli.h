/* The command line: which commands there are (the table in cli.c) and what to do with one. */
#ifndef TITR_OPS_CLI_H
#define TITR_OPS_CLI_H

#include "ops/options.h"

int cli_main(int argc, char **argv); /* returns the exit code */

const struct command *const *cli_commands(void);     /* NULL-terminated, in the order of the help */
const struct command *cli_command(const char *name); /* NULL */

/* Says that there is no such command, with the nearest one; returns the exit code. */
int cli_unknown_command(const char *name);

/* libgomp's threads spin while they wait for each other. On a machine that does something else besides, long spinning
 * costs more than it saves; how long is read from the environment when the library is loaded, so the program starts
 * itself once more, unless the environment says it already. Before anything else is begun. */
void cli_start_again_with_short_spins(void);

/* "titr: message" on standard error; returns the exit code for the error. */
int cli_fail(const struct err *e);

#endif
