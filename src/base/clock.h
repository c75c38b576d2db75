/* Time: by the monotonic clock, and of day. */
#ifndef TITR_BASE_CLOCK_H
#define TITR_BASE_CLOCK_H

#include <stdint.h>

double clock_now(void); /* seconds since some fixed moment; never goes back */
void clock_sleep(double seconds);
int64_t clock_utc_ms(void); /* milliseconds since the epoch; may be set back */

#endif
