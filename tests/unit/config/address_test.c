#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/address.h"

static void splitting(void **state) {
  (void)state;
  static const struct {
    const char *text, *host; /* NULL: refused */
    int port;
  } rows[] = {
      {"127.0.0.1:8080", "127.0.0.1", 8080},
      {"[::1]:80", "::1", 80},
      {"localhost:1", "localhost", 1},
      {"0.0.0.0:65535", "0.0.0.0", 65535},
      {"h:", NULL, 0},
      {"h", NULL, 0},
      {"[::1]", NULL, 0},
      {"[::1:80", NULL, 0},
      {"[]:80", NULL, 0},
      {"h:+1", NULL, 0},
      {"h:000080", NULL, 0},
      {"h:00080", "h", 80},
      {"h:99999", NULL, 0},
      {"a/b:80", NULL, 0},
      {"", NULL, 0},
      {"h :80", NULL, 0},
      {"[127.0.0.1]:80", NULL, 0},
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    _cleanup_(mem_freep) char *host = NULL;
    int port = -1;
    bool fits = address_split(rows[i].text, &host, &port);
    if (fits != (rows[i].host != NULL)) fail_msg("%s: %d", rows[i].text, fits);
    if (fits) {
      assert_string_equal(host, rows[i].host);
      assert_int_equal(port, rows[i].port);
    } else {
      assert_null(host);
      assert_int_equal(port, -1);
    }
  }
}

static void postgres(void **state) {
  (void)state;
  static const struct {
    struct address_postgres p;
    const char *expected;
  } rows[] = {
      {{"db", 5432, "autosub", "autosub", "autosub_password"}, "postgresql://autosub:autosub_password@db:5432/autosub"},
      {{"db", 1, "n", "u", NULL}, "postgresql://u@db:1/n"},
      {{"::1", 5432, "n", "u", "p"}, "postgresql://u:p@[::1]:5432/n"},
      {{"/run/postgresql", 5432, "n", "u", NULL}, "postgresql://u@%2Frun%2Fpostgresql:5432/n"},
      {{"db", 5432, "a b/c?d", "me@home", "p:a/s@s?w#o%r d"},
       "postgresql://me%40home:p%3Aa%2Fs%40s%3Fw%23o%25r%20d@db:5432/a%20b%2Fc%3Fd"},
      {{"db", 5432, "n", "u", "\xD1\x8B"}, "postgresql://u:%D1%8B@db:5432/n"},
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    _cleanup_(mem_freep) char *url = address_of_postgres(&rows[i].p);
    assert_string_equal(url, rows[i].expected);
  }
}

static void showing(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"postgresql://u:s3cret@h:5432/n?sslmode=require", "postgresql://u@h:5432/n"},
      {"postgresql://u@h/n", "postgresql://u@h/n"},
      {"postgresql://:s3cret@h/n", "postgresql://h/n"},
      {"postgresql://u:s3@cr/et@h/n", "postgresql://u@h/n"}, /* not encoded: still nothing of it */
      {"postgresql://h/n?password=s3cret", "postgresql://h/n"},
      {"postgresql:///n?host=/run&password=s3cret", "postgresql:///n"},
      {"https://h/x#s3cret", "https://h/x"},
      {"sqlite:/a/b.db", "sqlite:/a/b.db"},
      {"/a folder", "/a folder"},
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    _cleanup_(mem_freep) char *shown = address_display(rows[i][0]);
    assert_string_equal(shown, rows[i][1]);
  }
}

static void loopback(void **state) {
  (void)state;
  static const char *const near[] = {"127.0.0.1", "127.9.9.9", "localhost", "LocalHost", "::1"};
  static const char *const far[] = {"0.0.0.0", "10.0.0.1", "::", "localhost.example.org", "127.0.0.1.example.org", ""};
  for (size_t i = 0; i < ARRAY_LEN(near); i++) assert_true(address_is_loopback(near[i]));
  for (size_t i = 0; i < ARRAY_LEN(far); i++) assert_false(address_is_loopback(far[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(splitting), cmocka_unit_test(postgres), cmocka_unit_test(showing),
                                     cmocka_unit_test(loopback)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
