/*
 * Days in a time zone: which day a moment belongs to, and when that day ends.
 *
 *   struct zone *moscow;
 *   rc = zone_open("Europe/Moscow", &moscow, &e);
 *   struct zone_day today = zone_day_at(moscow, now_ms);     // today.date "2026-11-24", today.ends_ms
 *
 * Moments are milliseconds since the epoch, UTC. The zone is read once from the system's files ($TZDIR, else
 * /usr/share/zoneinfo; RFC 9636) and does not change afterwards. "UTC" needs no file; a NULL zone is UTC.
 *
 * A day begins when its date is first shown by a clock there, and lasts until another begins. So days follow each other without
 * gap or overlap, also where a clock is put forward over midnight, or back over it (the repeated hour then belongs to the
 * later day). A date that is left out (Samoa's 30 December 2011) has no day.
 *
 * Threads: a zone is read-only after zone_open(); all functions are safe.
 */
#ifndef TITR_PLANS_ZONE_H
#define TITR_PLANS_ZONE_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct zone;

/* ERR_USAGE: no such zone ("… is not a time zone …"), or a file that is not of the format. */
int zone_open(const char *name, struct zone **ret, struct err *e);
void zone_free(struct zone *z);
DEFINE_FREEP(struct zone, zone_free)

struct zone_day {
  char date[12]; /* YYYY-MM-DD */
  int64_t starts_ms, ends_ms;
};
/* Moments before year 2 or after 9998 count as the first or last of these. */
struct zone_day zone_day_at(const struct zone *z, int64_t at_ms);

int zone_offset_at(const struct zone *z, int64_t at_ms); /* seconds east of UTC, for showing a moment */

#endif
