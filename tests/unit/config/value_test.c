#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "config/value.h"

static const struct setting a_string = {"S", SETTING_STRING, NULL, 1, 5, NULL, false, ""};
static const struct setting an_int = {"I", SETTING_INT, NULL, -3, 10, NULL, false, ""};
static const struct setting a_port = {"P", SETTING_INT, NULL, 1, INT64_MAX, NULL, false, ""};
static const struct setting a_size = {"Z", SETTING_SIZE, NULL, 1, INT64_MAX, NULL, false, ""};
static const struct setting a_bool = {"B", SETTING_BOOL, NULL, 0, 0, NULL, false, ""};
static const struct setting a_path = {"D", SETTING_PATH, NULL, 0, 0, NULL, false, ""};
static const struct setting a_url = {"U", SETTING_URL, NULL, 0, 0, NULL, false, ""};
static const struct setting a_place = {"L", SETTING_PLACE, NULL, 0, 0, NULL, false, ""};
static const struct setting an_enum = {"E", SETTING_ENUM, NULL, 0, 0, "long|lo|x", false, ""};
static const struct setting ints = {"N", SETTING_INTS, NULL, 0, 100, NULL, false, ""};
static const struct setting money = {"M", SETTING_MONEY, NULL, 100, 100000000, NULL, false, ""};
#define FORM(f)                                                                                                        \
  { .name = "F", .type = SETTING_STRING, .help = "", .form = &(f) }
static const struct setting token = FORM(form_bot_token), host = FORM(form_host), listen_at = FORM(form_listen),
                            database = FORM(form_database), proxy = FORM(form_proxy), zone = FORM(form_zone);
static const struct setting secret = {"K", SETTING_INT, NULL, 0, 5, NULL, true, ""};

/* `expected`: the value as text, or the message when it begins with '!' (a part of it). */
static const struct {
  const struct setting *s;
  const char *text, *expected;
} cases[] = {
    {&a_string, "abcde", "abcde"},
    {&a_string, "abcdef", "!S: \"abcdef\" is not a text with a length from 1 to 5"},
    {&a_string, "a\nb", "!S: \"…\" is not one line"},
    {&an_int, "-3", "-3"},
    {&an_int, "10", "10"},
    {&an_int, " 7 ", "7"},
    {&an_int, "11", "!I: \"11\" is not a whole number from -3 to 10"},
    {&an_int, "-4", "!from -3"},
    {&an_int, "1x", "!\"1x\""},
    {&an_int, "1.0", "!whole"},
    {&an_int, "99999999999999999999", "!whole"},
    {&a_port, "0", "!P: \"0\" is not a whole number of 1 or more"},
    {&a_size, "1", "1"},
    {&a_size, "500M", "524288000"},
    {&a_size, "2 GiB", "2147483648"},
    {&a_size, "10kb", "10240"},
    {&a_size, "12 B", "12"},
    {&a_size, "1T", "1099511627776"},
    {&a_size, "0", "!size"},
    {&a_size, "-1K", "!size"},
    {&a_size, "1Q", "!size"},
    {&a_size, "1MM", "!size"},
    {&a_size, "9000000000T", "!size"},
    {&a_bool, "1", "1"},
    {&a_bool, "True", "1"},
    {&a_bool, "yes", "1"},
    {&a_bool, "ON", "1"},
    {&a_bool, "0", "0"},
    {&a_bool, "false", "0"},
    {&a_bool, "off", "0"},
    {&a_bool, "2", "!B: \"2\" is not true or false"},
    {&a_path, "/a/b//", "/a/b"},
    {&a_path, "a b", "a b"},
    {&a_path, "~/x", "/home/me/x"},
    {&a_path, "~", "/home/me"},
    {&a_path, "~x", "~x"},
    {&a_path, "/", "/"},
    {&a_url, "https://example.org/x/", "https://example.org/x"},
    {&a_url, "http://h", "http://h"},
    {&a_url, "ftp://h", "!U: \"ftp://h\" is not an http:// or https:// address"},
    {&a_url, "https://", "!address"},
    {&a_url, "https://a b", "!address"},
    {&a_place, "https://h/x", "https://h/x"},
    {&a_place, "/srv/models/", "/srv/models"},
    {&a_place, "file:///srv/models", "/srv/models"},
    {&a_place, "s3://h/x", "!folder"},
    {&an_enum, "LO", "lo"},
    {&an_enum, "long", "long"},
    {&an_enum, "l", "!E: \"l\" is not one of long, lo, x"},
    {&ints, "1, 2,3", "1 2 3"},
    {&ints, "[1, 2]", "1 2"},
    {&ints, "[]", ""},
    {&ints, "7", "7"},
    {&ints, "[1", "!list"},
    {&ints, "1,2,", "1 2"},
    {&ints, "1;2", "!list"},
    {&ints, "1,200", "!from 0 to 100"},
    {&ints, "1]", "!list"},
    {&money, "299", "29900"},
    {&money, "299.00", "29900"},
    {&money, "299.9", "29990"},
    {&money, "19.99", "1999"},
    {&money, " 1 ", "100"},
    {&money, "0001.10", "110"},
    {&money, "1000000.00", "100000000"},
    {&money, "1000000.01", "!M: \"1000000.01\" is not an amount with at most two decimals from 1.00 to 1000000.00"},
    {&money, "0.99", "!from 1.00"},
    {&money, "299.999", "!two decimals"},
    {&money, "299.", "!two decimals"},
    {&money, ".50", "!two decimals"},
    {&money, "-5", "!two decimals"},
    {&money, "1,50", "!two decimals"},
    {&money, "1.5.0", "!two decimals"},
    {&money, "3e2", "!two decimals"},
    {&money, "9223372036854775807", "!two decimals"},
    {&money, "99999999999999999999999999", "!two decimals"},
    {&money, "29 RUB", "!two decimals"},
    {&token, "123456:AAg-_9", "123456:AAg-_9"},
    {&token, "your_token", "!@BotFather"},
    {&token, "123:", "!@BotFather"},
    {&token, "123:a/b", "!@BotFather"},
    {&token, ":abc", "!@BotFather"},
    {&host, "postgres", "postgres"},
    {&host, "db-1.example.org", "db-1.example.org"},
    {&host, "10.0.0.7", "10.0.0.7"},
    {&host, "::1", "::1"},
    {&host, "/run/postgresql", "/run/postgresql"},
    {&host, "db:5432", "!host name"},
    {&host, "a b", "!host name"},
    {&host, "postgres://h", "!host name"},
    {&listen_at, "127.0.0.1:8080", "127.0.0.1:8080"},
    {&listen_at, "[::]:80", "[::]:80"},
    {&listen_at, "localhost:65535", "localhost:65535"},
    {&listen_at, "8080", "!F: \"8080\" is not an address to listen at: host:port"},
    {&listen_at, "::1:80", "!listen"},
    {&listen_at, "h:0", "!listen"},
    {&listen_at, "h:65536", "!listen"},
    {&listen_at, "h:80x", "!listen"},
    {&listen_at, ":80", "!listen"},
    {&listen_at, "[x]:80", "!listen"},
    {&database, "sqlite:/var/lib/titr/titr.db", "sqlite:/var/lib/titr/titr.db"},
    {&database, "sqlite:", "!sqlite:PATH"},
    {&database, "postgresql://u:p@h/n", "postgresql://u:p@h/n"},
    {&database, "postgres://h", "postgres://h"},
    {&database, "postgresql://", "!sqlite:PATH or postgresql"},
    {&database, "postgresql://u:p@h:65535/n", "postgresql://u:p@h:65535/n"},
    {&database, "postgresql://u:p:9@[::1]:5432?x=:", "postgresql://u:p:9@[::1]:5432?x=:"},
    {&database, "postgresql://a:1,b:2/n", "postgresql://a:1,b:2/n"}, /* several servers: libpq looks */
    {&database, "postgresql://u:p@h:/n", "postgresql://u:p@h:/n"},
    {&database, "postgresql://u:p@h:65536/n", "!sqlite:PATH or postgresql"},
    {&database, "postgresql://h:0", "!sqlite:PATH or postgresql"},
    {&database, "postgresql://[::1]:5432x/n", "!sqlite:PATH or postgresql"},
    {&database, "mysql://u:s3cret@h/n", "!F: what is set is not sqlite"}, /* an address with a password is not shown */
    {&proxy, "socks5://u:p@h:1080", "socks5://u:p@h:1080"},
    {&proxy, "http://h:3128", "http://h:3128"},
    {&proxy, "ftp://h", "!proxy"},
    {&proxy, "h:3128", "!proxy"},
    {&proxy, "http://", "!proxy"},
    {&zone, "UTC", "UTC"},
    {&zone, "Europe/Moscow", "Europe/Moscow"},
    {&zone, "America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"},
    {&zone, "Etc/GMT+3", "Etc/GMT+3"},
    {&zone, "Europe/Atlantis", "!F: \"Europe/Atlantis\" is not a time zone that this machine knows"},
    {&zone, "Europe", "!time zone"},
    {&zone, "zone.tab", "!time zone"},
    {&zone, "../../../etc/passwd", "!time zone"},
    {&zone, "/etc/localtime", "!time zone"},
    {&secret, "1234567", "!K: what is set is not a whole number from 0 to 5"},
};

static void values(void **state) {
  (void)state;
  setenv("HOME", "/home/me", 1);
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(setting_value_release) struct setting_value v = {0};
    struct err e = {0};
    int rc = setting_value_parse(cases[i].s, cases[i].text, &v, &e);
    if (cases[i].expected[0] == '!') {
      if (rc != ERR_USAGE || !strstr(e.msg, cases[i].expected + 1)) fail_msg("%s: %d %s", cases[i].text, rc, e.msg);
      assert_false(v.set);
      continue;
    }
    if (rc < 0) fail_msg("%s: %s", cases[i].text, e.msg);
    assert_true(v.set);
    _cleanup_(buf_release) struct buf found = BUF_INIT;
    if (v.text) buf_adds(&found, v.text);
    else if (cases[i].s->type != SETTING_INTS) buf_addf(&found, "%lld", (long long)v.number);
    for (size_t k = 0; k < v.count; k++) buf_addf(&found, "%s%lld", k ? " " : "", (long long)v.numbers[k]);
    assert_string_equal(buf_str(&found), cases[i].expected);
  }
}

static void a_secret_is_never_shown(void **state) {
  (void)state;
  static const char *const texts[] = {"s3cret", "12\x01s3cret", "s3cret s3cret"};
  for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
    struct setting_value v;
    struct err e = {0};
    assert_int_equal(setting_value_parse(&secret, texts[i], &v, &e), ERR_USAGE);
    assert_null(strstr(e.msg, "s3cret"));
  }
}

/* Long values are cut at a whole character. */
static void long_values(void **state) {
  (void)state;
  struct err e = {0};
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  for (int i = 0; i < 40; i++) buf_adds(&text, i == 0 ? "x" : "ы");
  struct setting_value v;
  assert_int_equal(setting_value_parse(&an_int, buf_str(&text), &v, &e), ERR_USAGE);
  assert_non_null(strstr(e.msg, "ы…\" is not"));
  assert_true(utf8_valid(e.msg, strlen(e.msg)));
}

/* What is printed is read as the same; what is shown gives nothing away. */
static void printing(void **state) {
  (void)state;
  static const struct setting hidden = {"K", SETTING_STRING, NULL, 1, 50, NULL, true, ""};
  static const struct {
    const struct setting *s;
    const char *text, *printed, *shown;
  } rows[] = {
      {&an_int, " 7 ", "7", "7"},
      {&a_size, "2 KiB", "2048", "2048"},
      {&a_bool, "on", "true", "true"},
      {&a_bool, "0", "false", "false"},
      {&ints, "[1, 2]", "1,2", "1,2"},
      {&ints, "[]", "[]", "[]"},
      {&money, "19.9", "19.90", "19.90"},
      {&an_enum, "LO", "lo", "lo"},
      {&a_place, "file:///a/x://y", "file:///a/x://y", "/a/x://y"},
      {&a_place, "https://me:s3cret@mirror/x?k=s3cret", "https://me:s3cret@mirror/x?k=s3cret", "https://me@mirror/x"},
      {&a_url, "https://me:s3cret@h/", "https://me:s3cret@h", "https://me@h"},
      {&hidden, "s3cret", "s3cret", "(set)"},
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    _cleanup_(setting_value_release) struct setting_value v = {0};
    _cleanup_(buf_release) struct buf printed = BUF_INIT, shown = BUF_INIT;
    assert_int_equal(setting_value_parse(rows[i].s, rows[i].text, &v, NULL), 0);
    setting_value_print(rows[i].s, &v, &printed);
    setting_value_show(rows[i].s, &v, &shown);
    assert_string_equal(buf_str(&printed), rows[i].printed);
    assert_string_equal(buf_str(&shown), rows[i].shown);
  }
  struct setting_value unset = {0};
  _cleanup_(buf_release) struct buf shown = BUF_INIT;
  setting_value_show(&hidden, &unset, &shown);
  assert_string_equal(buf_str(&shown), "(not set)");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(a_secret_is_never_shown),
                                     cmocka_unit_test(long_values), cmocka_unit_test(printing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
