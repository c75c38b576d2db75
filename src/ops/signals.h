/* Ctrl-C, SIGTERM and SIGHUP: the first asks the work to stop, the second ends the program at once. Neither leaves a
 * temporary file. */
#ifndef TITR_OPS_SIGNALS_H
#define TITR_OPS_SIGNALS_H

#include <stdatomic.h>

/* Installs the handlers (and ignores SIGPIPE); the flag becomes true at the first signal. */
const atomic_bool *signals_cancel_flag(void);

#endif
