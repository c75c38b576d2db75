/* The rows of the command table (cli.c), each defined in NAME_command.c, and that of help in help.c. */
#ifndef TITR_OPS_COMMANDS_H
#define TITR_OPS_COMMANDS_H

#include "ops/options.h"

extern const struct command command_caption, command_check, command_convert, command_styles, command_probe,
    command_config, command_migrate, command_bot, command_queue, command_worker, command_gc, command_backup,
    command_restore, command_serve, command_web, command_health, command_smoke, command_help, command_completion;

#endif
