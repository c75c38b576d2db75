/* `titr models list|pull|verify|rm`. argv[0] is "models"; returns the exit code. */
#ifndef TITR_OPS_MODELS_COMMAND_H
#define TITR_OPS_MODELS_COMMAND_H

int models_command(int argc, char **argv);

#endif
