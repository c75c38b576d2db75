/* Texts made from the tables of cli.c. */
#ifndef TITR_OPS_HELP_H
#define TITR_OPS_HELP_H

#include "ops/options.h"

int help_overview(void);                   /* `titr --help`; returns 0 */
int help_command(const struct command *c); /* `titr help caption`; returns 0 */
int help_man(void);                        /* `titr help --man`: roff of titr(1); returns 0 */
int help_completion(const char *shell);    /* bash, zsh, fish; returns the exit code */

extern const struct command command_help, command_completion;

#endif
