/*
 * DESIGN. The C library knows one zone for each process, and switching TZ is not safe beside other threads; so the zone files are
 * read here. A zone is a list of moments at which the offset from UTC changes, then a rule for all later years (a POSIX
 * TZ text at the file's end). offset_at() answers "which offset, and until when" from both, and the days are found by
 * walking from one change to the next: no case of its own for skipped or repeated midnights.
 */
#include "plans/zone.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"

enum {
  DAY = 86400,
  MOST_OFFSET = 26 * 3600,    /* RFC 9636, 3.2: offsets stay below that */
  MOST_BYTES = 1 << 20,       /* of a zone file; the largest have 4 KB */
  MOST_CHANGES = 1 << 16,     /* in it */
  MOST_RULE_TIME = 167 * 3600 /* RFC 9636, 3.3.1: a rule's time of day */
};
/* 0002-01-01 and 9998-12-31: dates keep four digits, and arithmetic stays far from its limits. */
#define FIRST_MOMENT (-62104060800LL)
#define LAST_MOMENT  253370764799LL

struct yearly { /* when in a year the offset changes, by the clock before the change */
  char kind;    /* 'M': month.week.weekday, 'J': day 1..365 without 29 February, 'N': day 0..365 */
  int month, week, day;
  int time;
};

struct zone {
  size_t count;
  int64_t *at;     /* moments of change, in seconds, rising */
  int32_t *offset; /* count + 1: offset[i] holds until at[i], the last one from then on */
  bool ruled;      /* the rule below holds from the last change on */
  int32_t standard, summer;
  bool has_summer;
  struct yearly begin, end;
};

/* ---- the calendar ---- */

static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0);
}

static bool is_leap(int64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 1970-01-01 of a year's first day (Gregorian, years above 0). */
static int64_t year_start(int64_t year) {
  int64_t y = year - 1;
  return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

static int month_length(int64_t year, int month) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return lengths[month - 1] + (month == 2 && is_leap(year));
}

static int64_t year_of(int64_t day) {
  int64_t year = 1970 + floor_div(day, 366); /* too late before 1970, too early after it */
  while (year_start(year) > day) year--;
  while (year_start(year + 1) <= day) year++;
  return year;
}

static void write_date(int64_t day, char ret[12]) {
  int64_t year = year_of(day);
  int month = 1, left = (int)(day - year_start(year));
  for (; left >= month_length(year, month); month++) left -= month_length(year, month);
  snprintf(ret, 12, "%04u-%02u-%02u", (unsigned)year % 10000, (unsigned)month % 100, (unsigned)(left + 1) % 100);
}

/* ---- the yearly rule ---- */

/* The moment of a change in a year, in seconds; `offset` is that of the clock before it. */
static int64_t yearly_moment(const struct yearly *y, int64_t year, int32_t offset) {
  int64_t day = year_start(year);
  if (y->kind == 'J') {
    day += y->day - 1 + (is_leap(year) && y->day >= 60);
  } else if (y->kind == 'N') {
    day += y->day;
  } else {
    for (int m = 1; m < y->month; m++) day += month_length(year, m);
    int64_t weekday = (day % 7 + 7 + 4) % 7; /* 1970-01-01 was a Thursday */
    int64_t in_month = (y->day - weekday + 7) % 7 + (y->week - 1) * 7;
    while (in_month >= month_length(year, y->month)) in_month -= 7; /* week 5 is the last one */
    day += in_month;
  }
  return day * DAY + y->time - offset;
}

static int32_t rule_offset_at(const struct zone *z, int64_t at, int64_t *ret_until) {
  *ret_until = INT64_MAX;
  if (!z->has_summer) return z->standard;
  int32_t offset = z->standard;
  int64_t year = year_of(floor_div(at, DAY)), since = INT64_MIN;
  for (int64_t y = year - 2; y <= year + 2; y++) { /* a change may lie a week outside its year */
    int64_t end = yearly_moment(&z->end, y, z->summer), begin = yearly_moment(&z->begin, y, z->standard);
    if (end <= at && end >= since) since = end, offset = z->standard;
    if (begin <= at && begin >= since) since = begin, offset = z->summer; /* both at once: summer without end */
    if (end > at && end < *ret_until) *ret_until = end;
    if (begin > at && begin < *ret_until) *ret_until = begin;
  }
  return offset;
}

static bool read_number(const char **s, int most, int *ret) {
  int n = 0;
  if (!isdigit((unsigned char)**s)) return false;
  for (; isdigit((unsigned char)**s); (*s)++)
    if ((n = n * 10 + (**s - '0')) > most) return false;
  *ret = n;
  return true;
}

static bool read_time(const char **s, int most, int *ret) { /* [+-]h[h[h]][:mm[:ss]] */
  int hours, minutes = 0, seconds = 0;
  bool minus = **s == '-';
  if (**s == '-' || **s == '+') (*s)++;
  if (!read_number(s, most / 3600, &hours)) return false;
  if (**s == ':' && (++*s, !read_number(s, 59, &minutes))) return false;
  if (**s == ':' && (++*s, !read_number(s, 59, &seconds))) return false;
  *ret = (minus ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
  return true;
}

static bool skip_name(const char **s) { /* letters, or anything in <> */
  const char *from = *s;
  if (**s == '<') {
    *s = strchr(*s, '>');
    return *s && *++*s;
  }
  while (isalpha((unsigned char)**s)) (*s)++;
  return *s - from >= 3;
}

static bool read_yearly(const char **s, struct yearly *ret) {
  struct yearly y = {.kind = 'N', .time = 2 * 3600};
  if (*(*s)++ != ',') return false;
  if (**s == 'M') {
    y.kind = *(*s)++;
    if (!read_number(s, 12, &y.month) || y.month < 1 || *(*s)++ != '.') return false;
    if (!read_number(s, 5, &y.week) || y.week < 1 || *(*s)++ != '.') return false;
    if (!read_number(s, 6, &y.day)) return false;
  } else {
    if (**s == 'J') y.kind = *(*s)++;
    if (!read_number(s, 365, &y.day) || (y.kind == 'J' && y.day < 1)) return false;
  }
  if (**s == '/' && (++*s, !read_time(s, MOST_RULE_TIME, &y.time))) return false;
  *ret = y;
  return true;
}

/* "CET-1CEST,M3.5.0,M10.5.0/3": the signs are POSIX's, west is positive. */
static bool read_rule(const char *s, struct zone *z) {
  int west;
  if (!skip_name(&s) || !read_time(&s, 24 * 3600, &west)) return false;
  z->standard = -west;
  z->ruled = true;
  if (!*s) return true;
  z->has_summer = true;
  z->summer = z->standard + 3600;
  if (!skip_name(&s)) return false;
  if (*s != ',') {
    if (!read_time(&s, 24 * 3600, &west)) return false;
    z->summer = -west;
  }
  return read_yearly(&s, &z->begin) && read_yearly(&s, &z->end) && !*s;
}

/* ---- the file (RFC 9636) ---- */

static int64_t big_endian(const unsigned char *p, size_t width) {
  uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;
  for (size_t i = 0; i < width; i++) v = v << 8 | p[i];
  return (int64_t)v;
}

enum { HEADER = 44, LEAPS = 2, TIMES = 3, TYPES = 4, CHARS = 5 };

/* The counts of a block whose times have `width` bytes, and its length; 0 when it is not one that fits into n bytes. */
static size_t read_header(const unsigned char *p, size_t n, size_t width, uint32_t counts[6]) {
  if (n < HEADER || memcmp(p, "TZif", 4) != 0) return 0;
  for (size_t i = 0; i < 6; i++) {
    counts[i] = (uint32_t)big_endian(p + 20 + i * 4, 4);
    if (counts[i] > MOST_CHANGES) return 0;
  }
  size_t length = HEADER + counts[TIMES] * (width + 1) + counts[TYPES] * 6 + counts[CHARS] +
                  counts[LEAPS] * (width + 4) + counts[1] + counts[0];
  return length <= n ? length : 0;
}

static bool read_block(const unsigned char *p, const uint32_t counts[6], size_t width, struct zone *z) {
  const unsigned char *times = p + HEADER, *types_of = times + counts[TIMES] * width;
  const unsigned char *types = types_of + counts[TIMES];
  if (counts[TYPES] < 1 || counts[LEAPS] > 0) return false; /* leap seconds: not the time that we are given */
  z->count = counts[TIMES];
  z->at = NEW_ARRAY(int64_t, z->count + 1);
  z->offset = NEW_ARRAY(int32_t, z->count + 1);
  for (size_t i = 0; i <= z->count; i++) {
    size_t type = i == 0 ? 0 : types_of[i - 1]; /* 3.2: before the first change it is type 0 */
    if (type >= counts[TYPES]) return false;
    z->offset[i] = (int32_t)big_endian(types + type * 6, 4);
    if (z->offset[i] <= -MOST_OFFSET || z->offset[i] >= MOST_OFFSET) return false;
    if (i == z->count) break;
    z->at[i] = big_endian(times + i * width, width);
    if (i > 0 && z->at[i] <= z->at[i - 1]) return false;
  }
  return true;
}

static bool read_zone(const struct buf *b, struct zone *z) {
  const unsigned char *p = (const unsigned char *)buf_str(b);
  size_t n = b->len;
  uint32_t counts[6];
  size_t length = read_header(p, n, 4, counts);
  if (length == 0) return false;
  if (p[4] < '2') return read_block(p, counts, 4, z);
  p += length, n -= length; /* the same once more, with times of 64 bits */
  length = read_header(p, n, 8, counts);
  if (length == 0 || !read_block(p, counts, 8, z)) return false;
  p += length, n -= length;
  const char *footer = (const char *)p; /* "\nRULE\n"; the buffer ends with a NUL */
  const char *last = n > 1 && footer[0] == '\n' ? memchr(footer + 1, '\n', n - 1) : NULL;
  if (!last) return false;
  if (last == footer + 1) return true; /* no rule: the last offset stays */
  _cleanup_(mem_freep) char *rule = x_strndup(footer + 1, (size_t)(last - footer - 1));
  return read_rule(rule, z);
}

static bool is_zone_name(const char *name) {
  if (!*name || *name == '/' || strlen(name) > 100 || strstr(name, "..")) return false;
  return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")] == '\0';
}

int zone_open(const char *name, struct zone **ret, struct err *e) {
  if (!is_zone_name(name)) return err_set(e, ERR_USAGE, "\"%.100s\" is not a time zone (Europe/Moscow, UTC, …)", name);
  _cleanup_(zone_freep) struct zone *z = NEW(struct zone);
  if (strcmp(name, "UTC") == 0) {
    z->ruled = true;
  } else {
    const char *folder = getenv("TZDIR");
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", folder && *folder ? folder : "/usr/share/zoneinfo", name);
    _cleanup_(buf_release) struct buf b = BUF_INIT;
    if (file_size(path) < 0) /* also a folder */
      return err_set(e, ERR_USAGE, "%s is not a time zone that this system knows (there is no file %s)", name, path);
    if (file_read(path, MOST_BYTES, &b, e) < 0) return err_prefix(e, "time zone %s", name);
    if (!read_zone(&b, z)) return err_set(e, ERR_USAGE, "%s: %s is not a zone file that can be used", name, path);
  }
  *ret = TAKE(z);
  return 0;
}

void zone_free(struct zone *z) {
  if (!z) return;
  free(z->at);
  free(z->offset);
  free(z);
}

/* ---- moments ---- */

/* The offset at a moment (seconds), which holds until *ret_until. */
static int32_t offset_at(const struct zone *z, int64_t at, int64_t *ret_until) {
  *ret_until = INT64_MAX;
  if (!z) return 0;
  if (z->count > 0 && at < z->at[z->count - 1]) {
    size_t low = 0, high = z->count - 1; /* the first change after `at` */
    while (low < high) {
      size_t middle = (low + high) / 2;
      if (z->at[middle] > at) high = middle;
      else low = middle + 1;
    }
    *ret_until = z->at[low];
    return z->offset[low];
  }
  return z->ruled ? rule_offset_at(z, at, ret_until) : z->offset[z->count];
}

/* The first moment at which a clock shows the day (days since 1970-01-01), or a later one where it is left out. */
static int64_t day_start(const struct zone *z, int64_t day) {
  int64_t at = day * DAY - MOST_OFFSET - 1;
  for (;;) {
    int64_t until, begins = day * DAY - offset_at(z, at, &until);
    if (begins < at) begins = at; /* a change made the clock jump over midnight */
    if (begins < until) return begins;
    at = until;
  }
}

static int64_t seconds_of(int64_t ms) {
  int64_t s = floor_div(ms, 1000);
  return s < FIRST_MOMENT ? FIRST_MOMENT : s > LAST_MOMENT ? LAST_MOMENT : s;
}

int zone_offset_at(const struct zone *z, int64_t at_ms) {
  int64_t until;
  return offset_at(z, seconds_of(at_ms), &until);
}

struct zone_day zone_day_at(const struct zone *z, int64_t at_ms) {
  struct zone_day r;
  int64_t until, at = seconds_of(at_ms);
  int64_t day = floor_div(at + offset_at(z, at, &until), DAY);
  int64_t next;
  while ((next = day_start(z, day + 1)) <= at) day++; /* the clock was put back into the day before */
  write_date(day, r.date);
  r.starts_ms = day_start(z, day) * 1000;
  r.ends_ms = next * 1000;
  return r;
}
