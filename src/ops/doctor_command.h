/* `titr doctor`: what this machine has and lacks for the job, one line each, and how to mend it. argv[0] is "doctor";
 * returns the exit code: 0, or 1 when something stands in the way. */
#ifndef TITR_OPS_DOCTOR_COMMAND_H
#define TITR_OPS_DOCTOR_COMMAND_H

int doctor_command(int argc, char **argv);

#endif
