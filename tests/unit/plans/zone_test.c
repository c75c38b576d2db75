/* Days, against the calendar as people know it: changes of the clock at midnight, left-out dates, leap days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/file.h"
#include "plans/zone.h"

static int64_t ms_of(const char *utc) {
  struct tm tm = {0};
  const char *end = strptime(utc, "%Y-%m-%d %H:%M:%S", &tm);
  assert_true(end && !*end);
  return (int64_t)timegm(&tm) * 1000;
}

static void text_of(int64_t ms, char ret[40]) {
  time_t s = (time_t)(ms / 1000);
  struct tm tm;
  assert_non_null(gmtime_r(&s, &tm));
  assert_true(strftime(ret, 40, "%Y-%m-%d %H:%M:%S", &tm) > 0);
}

static const struct {
  const char *zone, *at, *date, *starts, *ends; /* all but the date in UTC */
} days[] = {
    {"UTC", "2026-11-24 00:00:00", "2026-11-24", "2026-11-24 00:00:00", "2026-11-25 00:00:00"},
    {"UTC", "2026-11-24 23:59:59", "2026-11-24", "2026-11-24 00:00:00", "2026-11-25 00:00:00"},
    {"UTC", "2028-02-28 12:00:00", "2028-02-28", "2028-02-28 00:00:00", "2028-02-29 00:00:00"},
    {"UTC", "2028-02-29 12:00:00", "2028-02-29", "2028-02-29 00:00:00", "2028-03-01 00:00:00"},
    {"UTC", "2100-02-28 12:00:00", "2100-02-28", "2100-02-28 00:00:00", "2100-03-01 00:00:00"},
    {"UTC", "2000-02-29 12:00:00", "2000-02-29", "2000-02-29 00:00:00", "2000-03-01 00:00:00"},
    {"UTC", "1969-12-31 23:59:59", "1969-12-31", "1969-12-31 00:00:00", "1970-01-01 00:00:00"},
    {"Europe/Moscow", "2026-11-24 20:59:59", "2026-11-24", "2026-11-23 21:00:00", "2026-11-24 21:00:00"},
    {"Europe/Moscow", "2026-11-24 21:00:00", "2026-11-25", "2026-11-24 21:00:00", "2026-11-25 21:00:00"},
    {"Europe/Moscow", "2011-03-27 12:00:00", "2011-03-27", "2011-03-26 21:00:00", "2011-03-27 20:00:00"}, /* 23 h */
    {"Europe/Moscow", "2014-10-26 12:00:00", "2014-10-26", "2014-10-25 20:00:00", "2014-10-26 21:00:00"}, /* 25 h */
    {"Europe/Berlin", "2026-03-29 12:00:00", "2026-03-29", "2026-03-28 23:00:00", "2026-03-29 22:00:00"}, /* 23 h */
    {"Europe/Berlin", "2026-10-25 12:00:00", "2026-10-25", "2026-10-24 22:00:00", "2026-10-25 23:00:00"}, /* 25 h */
    {"Europe/Berlin", "2099-03-29 12:00:00", "2099-03-29", "2099-03-28 23:00:00", "2099-03-29 22:00:00"}, /* by rule */
    {"America/New_York", "2026-03-08 12:00:00", "2026-03-08", "2026-03-08 05:00:00", "2026-03-09 04:00:00"},
    {"Australia/Lord_Howe", "2026-04-05 00:00:00", "2026-04-05", "2026-04-04 13:00:00", "2026-04-05 13:30:00"},
    {"Asia/Kathmandu", "2026-11-24 18:14:59", "2026-11-24", "2026-11-23 18:15:00", "2026-11-24 18:15:00"},
    /* Midnight does not exist: the clock goes from 23:59:59 to 01:00. */
    {"America/Sao_Paulo", "2018-11-04 12:00:00", "2018-11-04", "2018-11-04 03:00:00", "2018-11-05 02:00:00"},
    {"Asia/Beirut", "2030-03-31 12:00:00", "2030-03-31", "2030-03-30 22:00:00", "2030-03-31 21:00:00"},
    /* 23:00 to 24:00 comes twice. */
    {"America/Sao_Paulo", "2018-02-18 02:30:00", "2018-02-17", "2018-02-17 02:00:00", "2018-02-18 03:00:00"},
    {"America/Nuuk", "2030-10-27 00:30:00", "2030-10-26", "2030-10-26 01:00:00", "2030-10-27 02:00:00"},
    /* At 00:01 the clock goes back to 23:01 of the day before: the new day has begun and goes on. */
    {"America/St_Johns", "2006-10-29 02:30:30", "2006-10-29", "2006-10-29 02:30:00", "2006-10-30 03:30:00"},
    {"America/St_Johns", "2006-10-29 02:40:00", "2006-10-29", "2006-10-29 02:30:00", "2006-10-30 03:30:00"},
    /* Samoa left out 30 December 2011. */
    {"Pacific/Apia", "2011-12-30 09:59:59", "2011-12-29", "2011-12-29 10:00:00", "2011-12-30 10:00:00"},
    {"Pacific/Apia", "2011-12-30 10:00:00", "2011-12-31", "2011-12-30 10:00:00", "2011-12-31 10:00:00"},
    {"Pacific/Kiritimati", "2026-11-24 10:00:00", "2026-11-25", "2026-11-24 10:00:00", "2026-11-25 10:00:00"},
    /* Summer time that is winter's, a rule of several hours past midnight, and one before it. */
    {"Europe/Dublin", "2040-10-28 12:00:00", "2040-10-28", "2040-10-27 23:00:00", "2040-10-29 00:00:00"},
    {"Asia/Gaza", "2090-07-01 12:00:00", "2090-07-01", "2090-06-30 21:00:00", "2090-07-01 21:00:00"},
    {"Africa/Casablanca", "2100-06-01 12:00:00", "2100-06-01", "2100-05-31 23:00:00", "2100-06-01 23:00:00"},
    {"Asia/Tehran", "2026-11-24 12:00:00", "2026-11-24", "2026-11-23 20:30:00", "2026-11-24 20:30:00"},
};

static void test_days(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(days); i++) {
    _cleanup_(zone_freep) struct zone *z = NULL;
    struct err e = {0};
    if (zone_open(days[i].zone, &z, &e) < 0) fail_msg("%s", e.msg);
    struct zone_day d = zone_day_at(z, ms_of(days[i].at));
    char got[160], expected[160], starts[40], ends[40];
    text_of(d.starts_ms, starts);
    text_of(d.ends_ms, ends);
    snprintf(got, sizeof got, "%s %s: %s, %s to %s", days[i].zone, days[i].at, d.date, starts, ends);
    snprintf(expected, sizeof expected, "%s %s: %s, %s to %s", days[i].zone, days[i].at, days[i].date, days[i].starts,
             days[i].ends);
    assert_string_equal(got, expected);
  }
}

static void test_no_zone_is_utc(void **state) {
  (void)state;
  assert_string_equal(zone_day_at(NULL, 0).date, "1970-01-01");
  assert_string_equal(zone_day_at(NULL, -1).date, "1969-12-31");
  assert_int_equal(zone_offset_at(NULL, 0), 0);
}

static void test_ends_of_time(void **state) {
  (void)state;
  assert_string_equal(zone_day_at(NULL, INT64_MIN).date, "0002-01-01");
  assert_string_equal(zone_day_at(NULL, INT64_MAX).date, "9998-12-31");
  _cleanup_(zone_freep) struct zone *z = NULL;
  assert_int_equal(zone_open("Europe/Berlin", &z, NULL), 0);
  assert_string_equal(zone_day_at(z, INT64_MAX).date, "9999-01-01");
  assert_int_equal(strlen(zone_day_at(z, INT64_MIN).date), 10);
}

/* The C library's own idea of every offset, over two centuries in steps of about five days. */
static void test_offsets_are_those_of_the_c_library(void **state) {
  (void)state;
  static const char *const zones[] = {"Europe/Moscow",    "Europe/Berlin",       "America/St_Johns",  "Asia/Gaza",
                                      "Europe/Dublin",    "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia",
                                      "America/Santiago", "Antarctica/Troll",    "America/Nuuk",      "Asia/Tehran"};
  for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
    _cleanup_(zone_freep) struct zone *z = NULL;
    assert_int_equal(zone_open(zones[i], &z, NULL), 0);
    setenv("TZ", zones[i], 1);
    tzset();
    for (time_t t = -2000000000; t < 4200000000; t += 432017) {
      struct tm tm;
      assert_non_null(localtime_r(&t, &tm));
      if (tm.tm_gmtoff != zone_offset_at(z, (int64_t)t * 1000))
        fail_msg("%s at %lld: %d, not %ld", zones[i], (long long)t, zone_offset_at(z, (int64_t)t * 1000), tm.tm_gmtoff);
    }
  }
  unsetenv("TZ");
  tzset();
}

static void test_names(void **state) {
  (void)state;
  static const char *const bad[] = {"",          "Mars/Olympus", "../../etc/passwd", "/etc/passwd",   "Europe",
                                    "Europe/..", "A\nB",         "zone.tab",         "Europe/Moscow "};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    struct zone *z = NULL;
    struct err e = {0};
    assert_int_equal(zone_open(bad[i], &z, &e), ERR_USAGE);
    assert_null(z);
    assert_non_null(strstr(e.msg, "zone"));
  }
}

/* ---- files made here ---- */

static char *folder;

static int open_bytes(const void *bytes, size_t n, struct zone **ret) {
  _cleanup_(mem_freep) char *path = x_asprintf("%s/Made", folder);
  assert_int_equal(file_write(path, bytes, n, 1, NULL), 0);
  return zone_open("Made", ret, NULL);
}

static int make_folder(void **state) {
  (void)state;
  if (file_temp_dir(&folder, NULL) < 0) return -1;
  return setenv("TZDIR", folder, 1);
}

static int remove_folder(void **state) {
  (void)state;
  unsetenv("TZDIR");
  file_remove_tree(folder);
  free(folder);
  return 0;
}

/* A file of version 2 with one offset and the rule. */
static int open_rule(const char *rule, struct zone **ret) {
  static const char one[] = {0, 0, 0, 0, 0, 0, 0, 0}; /* offset, summer, name, and the name itself */
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  for (int i = 0; i < 2; i++) {
    static const char counts[24] = {[19] = 1, [23] = 2};
    buf_add(&b, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    buf_add(&b, counts, 24);
    buf_add(&b, one, 8);
  }
  buf_addf(&b, "\n%s\n", rule);
  return open_bytes(b.data, b.len, ret);
}

static void test_rules(void **state) {
  (void)state;
  static const struct {
    const char *rule, *at;
    int offset; /* 1: refused */
  } cases[] = {
      {"", "2026-01-01 00:00:00", 0},
      {"UTC0", "2026-01-01 00:00:00", 0},
      {"<+0530>-5:30", "2026-01-01 00:00:00", 19800},
      {"XXX+4:30:15", "2026-01-01 00:00:00", -16215},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29 00:59:59", 3600},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29 01:00:00", 7200},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25 00:59:59", 7200},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25 01:00:00", 3600},
      {"AAA0BBB,J60,J300", "2028-03-01 01:59:59", 0}, /* J60 is 1 March in every year */
      {"AAA0BBB,J60,J300", "2028-03-01 02:00:00", 3600},
      {"AAA0BBB,J60,J300", "2027-03-01 02:00:00", 3600},
      {"AAA0BBB,59,299", "2028-02-29 02:00:00", 3600}, /* the 60th day */
      {"AAA0BBB,59,299", "2027-03-01 01:59:59", 0},
      {"AAA0BBB,M1.1.0/-24,M6.1.0", "2022-12-30 23:59:59", 0}, /* 1 January 2023 is a Sunday: in the year before */
      {"AAA0BBB,M1.1.0/-24,M6.1.0", "2022-12-31 00:00:00", 3600},
      {"AAA0BBB,M1.1.0/-25,M6.1.0", "2022-12-30 23:00:00", 3600},
      {"AAA0BBB-2,M3.2.4/50,M9.1.1", "2026-03-14 02:00:00", 7200}, /* Thursday the 12th and 50 hours */
      {"EST5EDT,0/0,J365/25", "2026-01-01 05:00:00", -14400},      /* summer without end */
      {"EST5EDT,0/0,J365/25", "2026-12-31 23:59:59", -14400},
      {"E5", "", 1},
      {"EST", "", 1},
      {"EST25", "", 1},
      {"EST5x", "", 1},
      {"<EST5", "", 1},
      {"EST5EDT", "", 1},
      {"EST5EDT,M3.2.0", "", 1},
      {"EST5EDT,M0.2.0,M11.1.0", "", 1},
      {"EST5EDT,M13.2.0,M11.1.0", "", 1},
      {"EST5EDT,M3.6.0,M11.1.0", "", 1},
      {"EST5EDT,M3.2.7,M11.1.0", "", 1},
      {"EST5EDT,J0,J365", "", 1},
      {"EST5EDT,366,1", "", 1},
      {"EST5EDT,M3.2.0/168,M11.1.0", "", 1},
      {"EST5:60", "", 1},
      {"EST5EDT,M3.2.0,M11.1.0,", "", 1},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(zone_freep) struct zone *z = NULL;
    int rc = open_rule(cases[i].rule, &z);
    if (cases[i].offset == 1) {
      if (rc != ERR_USAGE) fail_msg("\"%s\" was taken", cases[i].rule);
      continue;
    }
    if (rc < 0) fail_msg("\"%s\" was refused", cases[i].rule);
    int got = zone_offset_at(z, ms_of(cases[i].at));
    if (got != cases[i].offset) fail_msg("\"%s\" at %s: %d", cases[i].rule, cases[i].at, got);
  }
}

/* Every shortened file, and every byte of one turned round: refused or used, never read beyond its end (sanitizers look). */
static void test_damaged_files(void **state) {
  (void)state;
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  assert_int_equal(file_read("/usr/share/zoneinfo/Asia/Kathmandu", 1 << 16, &b, NULL), 0);
  struct zone *whole = NULL;
  assert_int_equal(open_bytes(b.data, b.len, &whole), 0);
  zone_free(whole);
  for (size_t n = 0; n < b.len; n++) {
    _cleanup_(zone_freep) struct zone *z = NULL;
    if (open_bytes(b.data, n, &z) == 0) fail_msg("%zu of %zu bytes were taken for the whole", n, b.len);
  }
  size_t refused = 0;
  for (size_t i = 0; i < b.len; i++) {
    _cleanup_(zone_freep) struct zone *z = NULL;
    b.data[i] = (char)~b.data[i];
    if (open_bytes(b.data, b.len, &z) == 0)
      assert_int_equal(strlen(zone_day_at(z, ms_of("2026-11-24 00:00:00")).date), 10);
    else refused++;
    b.data[i] = (char)~b.data[i];
  }
  assert_true(refused > 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_days),
      cmocka_unit_test(test_no_zone_is_utc),
      cmocka_unit_test(test_ends_of_time),
      cmocka_unit_test(test_offsets_are_those_of_the_c_library),
      cmocka_unit_test(test_names),
      cmocka_unit_test_setup_teardown(test_rules, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(test_damaged_files, make_folder, remove_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
