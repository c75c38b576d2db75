/* Time: by the monotonic clock, and of day. */
#ifndef TITR_BASE_CLOCK_H
#define TITR_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

double clock_now(void); /* seconds since some fixed moment; never goes back */
void clock_sleep(double seconds);
int64_t clock_utc_ms(void); /* milliseconds since the epoch; may be set back */

/* The moment `ms` from now by a clock of the kernel's: what pthread_cond_timedwait() and pthread_timedjoin_np() wait for. */
struct timespec clock_until(clockid_t clock, int64_t ms);

#endif
