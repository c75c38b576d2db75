/* Time. Durations come from the monotonic clock; only what is shown or stored uses the calendar (UTC). */
#ifndef TITR_BASE_CLOCK_H
#define TITR_BASE_CLOCK_H

#include <stdint.h>

double clock_now(void);      /* seconds since some fixed moment; never goes back */
int64_t clock_unix_ms(void); /* milliseconds since 1970-01-01 UTC */
void clock_sleep(double seconds);

#endif
