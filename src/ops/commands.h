/* The rows of the command table, each defined in NAME_command.c. */
#ifndef TITR_OPS_COMMANDS_H
#define TITR_OPS_COMMANDS_H

#include "ops/options.h"

extern const struct command command_caption, command_check, command_convert, command_styles, command_probe;

#endif
