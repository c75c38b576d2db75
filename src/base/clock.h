/* Time, by the monotonic clock. */
#ifndef TITR_BASE_CLOCK_H
#define TITR_BASE_CLOCK_H

double clock_now(void); /* seconds since some fixed moment; never goes back */
void clock_sleep(double seconds);

#endif
