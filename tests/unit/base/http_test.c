#include "unit/base/http_fixture.h"

#include <fcntl.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/http_fault.h"

#define BIG 400000 /* bytes of www/big */

static int setup(void **state) {
  (void)state;
  fixture_start();
  fixture_fill("www/big", BIG, 1);
  fixture_fill("www/empty", 0, 0);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  fixture_stop();
  return 0;
}

static struct http_request plain(const char *url) {
  struct http_request r = http_default_request(url);
  r.allow_plain = true;
  return r;
}

/* Downloads `path` over what dir/part holds: the first `have` bytes of www/big. */
static int download(const char *path, size_t have, int64_t expected, struct err *e) {
  _cleanup_(mem_freep) char *url = fixture_url(path), *part = fixture_path("part"), *big = fixture_path("www/big");
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  fixture_read(big, &b);
  unlink(part);
  if (have) assert_int_equal(file_write(part, b.data, have, 1, NULL), 0);
  struct http_request r = plain(url);
  return http_download(&r, part, expected, NULL, e);
}

static void assert_whole(void) {
  _cleanup_(mem_freep) char *part = fixture_path("part"), *big = fixture_path("www/big");
  char a[HASH_HEX_SIZE], b[HASH_HEX_SIZE];
  assert_int_equal(hash_file(HASH_SHA256, part, NULL, a, NULL), 0);
  assert_int_equal(hash_file(HASH_SHA256, big, NULL, b, NULL), 0);
  assert_string_equal(a, b);
}

static int64_t part_size(void) {
  _cleanup_(mem_freep) char *part = fixture_path("part");
  return file_size(part);
}

static void downloads_that_succeed(void **state) {
  (void)state;
  static const struct {
    const char *path;
    size_t have;
    int64_t expected;
    const char *asked; /* must be in the server's log */
  } cases[] = {
      {"/files/big", 0, BIG, "/files/big - -"},
      {"/files/big", 0, -1, "/files/big - -"},
      {"/files/big", 12345, BIG, "bytes=12345-"},
      {"/files/big", 12345, -1, "bytes=12345-"},
      {"/norange/big", 12345, BIG, "bytes=12345-"},         /* gets the whole again */
      {"/misplaced/big", 12345, BIG, "/misplaced/big - -"}, /* asks again, for the whole */
      {"/cut/150000/big", 0, BIG, "bytes=150000-"},         /* goes on where it was cut */
      {"/busy/1/big", 0, BIG, "/busy/1/big"},
      {"/away/files/big", 7, BIG, "/files/big bytes=7-"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    free(fixture_log());
    struct err e = {0};
    int rc = download(cases[i].path, cases[i].have, cases[i].expected, &e);
    if (rc < 0) fail_msg("%s: %s", cases[i].path, e.msg);
    assert_whole();
    _cleanup_(mem_freep) char *log = fixture_log();
    if (!strstr(log, cases[i].asked)) fail_msg("%s: the server was asked\n%s", cases[i].path, log);
  }
}

static void a_complete_file_is_not_asked_for(void **state) {
  (void)state;
  free(fixture_log());
  assert_int_equal(download("/status/500", BIG, BIG, NULL), 0);
  _cleanup_(mem_freep) char *log = fixture_log();
  assert_null(strstr(log, "/status"));
}

static void an_empty_file_comes(void **state) {
  (void)state;
  assert_int_equal(download("/files/empty", 0, -1, NULL), 0);
  assert_int_equal(part_size(), 0);
  /* and empties what is there, when the server knows no ranges */
  assert_int_equal(download("/norange/empty", 5, -1, NULL), 0);
  assert_int_equal(part_size(), 0);
}

static void downloads_that_fail(void **state) {
  (void)state;
  static const struct {
    const char *path;
    size_t have;
    int64_t expected;
    int code;
    const char *says;
  } cases[] = {
      {"/files/none", 0, -1, ERR_NETWORK, "404"},
      {"/status/403", 0, -1, ERR_NETWORK, "access refused"},
      {"/loop/x", 0, -1, ERR_NETWORK, "too many redirects"},
      {"/tofile/x", 0, -1, ERR_NETWORK, "may not be fetched"},
      {"/files/big", 0, BIG - 1, ERR_INPUT, "larger than"},
      {"/files/big", 0, BIG + 1, ERR_NETWORK, "bytes came instead of"},
      {"/files/big", BIG, BIG + 5, ERR_NETWORK, "bytes came instead of"}, /* 416, then the whole, still too short */
      {"/away/status/404", 0, -1, ERR_NETWORK, "/away/status/404"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct err e = {0};
    int rc = download(cases[i].path, cases[i].have, cases[i].expected, &e);
    if (rc != cases[i].code || !strstr(e.msg, cases[i].says))
      fail_msg("%s: %d, \"%s\" instead of \"%s\"", cases[i].path, rc, e.msg, cases[i].says);
    assert_null(strstr(e.msg, "hidden")); /* part of the address that a redirect led to */
  }
}

static void a_bad_line_keeps_what_came(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *url = fixture_url("/cut/1000/big"), *part = fixture_path("part");
  unlink(part);
  struct http_request r = plain(url);
  r.tries = 2;
  struct err e = {0};
  assert_int_equal(http_download(&r, part, BIG, NULL, &e), ERR_NETWORK);
  assert_int_equal(part_size(), 2000); /* two tries of 1000 bytes */
}

static void a_full_disk_is_told(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *url = fixture_url("/files/big");
  struct http_request r = plain(url);
  struct err e = {0};
  assert_int_equal(http_download(&r, "/dev/full", -1, NULL, &e), ERR_IO);
  assert_non_null(strstr(e.msg, "No space left"));
}

static atomic_bool stop;
static int64_t seen;
static void stop_half_way(void *ctx, int64_t done, int64_t total) {
  (void)ctx;
  assert_int_equal(total, BIG);
  assert_true(done >= seen);
  seen = done;
  if (done > BIG / 4) atomic_store(&stop, true);
}

static void cancel_leaves_the_part(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *url = fixture_url("/slow/big"), *part = fixture_path("part");
  unlink(part);
  struct http_request r = plain(url);
  r.cancel = &stop;
  r.progress = stop_half_way;
  assert_int_equal(http_download(&r, part, BIG, NULL, NULL), ERR_CANCELLED);
  assert_in_range(part_size(), BIG / 4, BIG - 1);
}

static void get_and_its_ceiling(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *url = fixture_url("/files/big");
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct http_request r = plain(url);
  int status = 0;
  assert_int_equal(http_get(&r, &b, &status, NULL), 0);
  assert_int_equal(b.len, BIG);
  assert_int_equal(status, 200);
  r.max_bytes = BIG - 1;
  buf_clear(&b);
  assert_int_equal(http_get(&r, &b, &status, NULL), ERR_INPUT);
  assert_int_equal(b.len, 0);
}

static void any_status_is_an_answer_where_it_is_asked_for(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *url = fixture_url("/files/none");
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct http_request r = plain(url);
  r.any_status = true;
  int status = 0;
  assert_int_equal(http_get(&r, &b, &status, NULL), 0);
  assert_int_equal(status, 404);
}

static void a_token_stays_with_its_host(void **state) {
  (void)state;
  static const struct { const char *path, *expected; } cases[] = {{"/auth/", "Bearer s3cret"}, {"/away/auth/", "none"}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(mem_freep) char *url = fixture_url(cases[i].path);
    _cleanup_(buf_release) struct buf b = BUF_INIT;
    struct http_request r = plain(url);
    r.bearer = "s3cret";
    assert_int_equal(http_get(&r, &b, NULL, NULL), 0);
    assert_string_equal(buf_str(&b), cases[i].expected);
  }
}

static void what_cannot_be_reached_fails_fast(void **state) {
  (void)state;
  static const char *const urls[] = {"http://127.0.0.1:1/x", "http://no-such-host.invalid/x",
                                     "http://192.0.2.1/x" /* TEST-NET */};
  for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
    struct http_request r = plain(urls[i]);
    r.connect_seconds = 2;
    struct buf b = BUF_INIT;
    struct err e = {0};
    double start = clock_now();
    assert_int_equal(http_get(&r, &b, NULL, &e), ERR_NETWORK);
    assert_true(clock_now() - start < 4);
  }
}

static void only_https_unless_asked(void **state) {
  (void)state;
  static const char *const urls[] = {
      "http://example.org/", "file:///etc/passwd", "ftp://example.org/", "https:///x", "x", ""};
  for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
    struct http_request r = http_default_request(urls[i]);
    struct buf b = BUF_INIT;
    assert_int_equal(http_get(&r, &b, NULL, NULL), ERR_USAGE);
  }
}

static void addresses_are_shown_without_secrets(void **state) {
  (void)state;
  static const struct {
    const char *url, *shown;
  } cases[] = {
      {"https://example.org/a/b", "https://example.org/a/b"},
      {"https://me:pass@example.org/a?key=1#x", "https://example.org/a"},
      {"https://me:p@ss@example.org:8080", "https://example.org:8080"},
      {"https://example.org/a@b", "https://example.org/a@b"},
      {"https://example.org?key=1", "https://example.org"},
      {"nonsense", "nonsense"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(mem_freep) char *shown = http_display_url(cases[i].url);
    assert_string_equal(shown, cases[i].shown);
  }
  _cleanup_(mem_freep) char *url = x_asprintf("http://me:pass@127.0.0.1:%d/status/404?key=1", fixture.port);
  struct http_request r = plain(url);
  struct buf b = BUF_INIT;
  struct err e = {0};
  assert_int_equal(http_get(&r, &b, NULL, &e), ERR_NETWORK);
  assert_null(strstr(e.msg, "pass"));
  assert_null(strstr(e.msg, "key"));
}

/* ---- posting ---- */

static void json_is_posted_and_every_answer_is_one(void **state) {
  (void)state;
  static const struct {
    const char *path, *answer;
    int status;
  } cases[] = {
      {"/echo/", "application/json\n{\"a\": 1}", 200},
      {"/refuse/429", "because", 429},
      {"/refuse/500", "because", 500},
      {"/away/", "elsewhere", 302}, /* followed nowhere: what is posted is for one address */
  };
  struct http_session *session = http_session_new();
  for (int kept = 0; kept < 2; kept++)
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
      _cleanup_(mem_freep) char *url = fixture_url(cases[i].path);
      _cleanup_(buf_release) struct buf b = BUF_INIT;
      struct http_request r = plain(url);
      if (kept) r.session = session;
      int status = 0;
      assert_int_equal(http_post_json(&r, "{\"a\": 1}", &b, &status, NULL), 0);
      assert_int_equal(status, cases[i].status);
      assert_string_equal(buf_str(&b), cases[i].answer);
    }
  http_session_free(session);
}

static int64_t sent, sent_total;
static void on_sent(void *ctx, int64_t done, int64_t total) {
  (void)ctx;
  assert_true(done >= sent);
  sent = done;
  sent_total = total;
}

static void a_form_carries_a_file(void **state) {
  (void)state;
  fixture_fill("www/up", BIG, 9);
  _cleanup_(mem_freep) char *url = fixture_url("/echo/"), *file = fixture_path("www/up");
  const struct http_part parts[] = {
      {.name = "chat_id", .text = "42"},
      {.name = "video", .file = file, .file_name = "t\"alk.mp4", .type = "video/mp4"},
  };
  _cleanup_(buf_release) struct buf b = BUF_INIT, bytes = BUF_INIT;
  struct http_request r = plain(url);
  r.progress = on_sent;
  assert_int_equal(http_post_form(&r, parts, 2, &b, NULL, NULL), 0);
  fixture_read(file, &bytes);
  assert_int_equal(strncmp(b.data, "multipart/form-data\n", 20), 0);
  assert_non_null(strstr(b.data, "name=\"chat_id\"\r\n\r\n42\r\n"));
  assert_non_null(strstr(b.data, "filename=\"t%22alk.mp4\""));
  assert_non_null(memmem(b.data, b.len, bytes.data, bytes.len));
  assert_true(sent > BIG && sent == sent_total);
  const struct http_part none[] = {{.name = "video", .file = "/nonexistent/file"}};
  struct err e = {0};
  int status = 0;
  assert_int_equal(http_post_form(&r, none, 1, &b, &status, &e), ERR_IO);
  assert_int_equal(status, HTTP_NOT_SENT);
  assert_non_null(strstr(e.msg, "/nonexistent/file"));
}

/* Whether it can have arrived, how long it may take, and what the address is called. */
static void posts_that_fail(void **state) {
  (void)state;
  static const struct {
    const char *path;
    int code;
    bool may_have_arrived;
  } cases[] = {{"/hang/", ERR_NETWORK, true}, {"/cut/", ERR_NETWORK, true}, {NULL, ERR_NETWORK, false}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(mem_freep) char *url = cases[i].path ? fixture_url(cases[i].path) : x_strdup("http://127.0.0.1:1/s3cret");
    _cleanup_(buf_release) struct buf b = BUF_INIT;
    struct http_request r = plain(url);
    r.shown = "the service";
    r.total_seconds = 1;
    struct err e = {0};
    int status = 0;
    double start = clock_now();
    assert_int_equal(http_post_json(&r, "{}", &b, &status, &e), cases[i].code);
    assert_true(clock_now() - start < 2.5);
    assert_int_equal(status != HTTP_NOT_SENT, cases[i].may_have_arrived);
    assert_int_equal(strncmp(e.msg, "the service: ", 13), 0);
    assert_null(strstr(e.msg, "127.0.0.1"));
  }
  atomic_bool now = true;
  _cleanup_(mem_freep) char *url = fixture_url("/hang/");
  struct buf b = BUF_INIT;
  struct http_request r = plain(url);
  r.cancel = &now;
  assert_int_equal(http_post_json(&r, "{}", &b, NULL, NULL), ERR_CANCELLED);
}

/* The server took it and hung up without a word. On a connection that was used before, libcurl would think that it had been
 * stale and post again by itself. */
static void a_post_is_sent_once_on_a_kept_connection_too(void **state) {
  (void)state;
  struct http_session *session = http_session_new();
  _cleanup_(mem_freep) char *echo = fixture_url("/echo/"), *mute = fixture_url("/mute/");
  const struct http_part part = {.name = "a", .text = "1"};
  for (int form = 0; form < 2; form++) {
    struct buf b = BUF_INIT;
    struct http_request r = plain(echo);
    r.session = session;
    assert_int_equal(http_post_json(&r, "{}", &b, NULL, NULL), 0);
    free(fixture_log());
    r.url = mute;
    int status = 0;
    buf_clear(&b);
    int rc = form ? http_post_form(&r, &part, 1, &b, &status, NULL) : http_post_json(&r, "{}", &b, &status, NULL);
    assert_int_equal(rc, ERR_NETWORK);
    assert_int_not_equal(status, HTTP_NOT_SENT);
    _cleanup_(mem_freep) char *log = fixture_log();
    char *first = strstr(log, "POST /mute/");
    assert_non_null(first);
    assert_null(strstr(first + 1, "POST /mute/"));
    buf_release(&b);
  }
  http_session_free(session);
}

/* ---- faults for tests ---- */

static void faults_of_posts(void **state) {
  (void)state;
  static const struct {
    enum http_fault kind;
    int code, status;
    const char *answer;
    bool arrives;
  } cases[] = {
      {HTTP_FAULT_REFUSED, ERR_NETWORK, HTTP_NOT_SENT, "", false},
      {HTTP_FAULT_GATEWAY, 0, 502, "<html>502 Bad Gateway</html>", false},
      {HTTP_FAULT_LOST, ERR_NETWORK, 0, "", true},
      {HTTP_FAULT_CUT, 0, 200, "application/j", true}, /* half of 26 bytes */
  };
  _cleanup_(mem_freep) char *url = fixture_url("/echo/");
  struct http_session *session = http_session_new();
  for (int kept = 0; kept < 2; kept++)
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
      struct http_request r = plain(url);
      r.shown = "the service";
      if (kept) r.session = session;
      free(fixture_log());
      http_fault_arm("the service", 2, cases[i].kind);
      for (int call = 1; call <= 3; call++) {
        _cleanup_(buf_release) struct buf b = BUF_INIT;
        int status = 0, rc = http_post_json(&r, "{\"a\": 12}", &b, &status, NULL);
        assert_int_equal(rc, call == 2 ? cases[i].code : 0);
        assert_int_equal(status, call == 2 ? cases[i].status : 200);
        assert_string_equal(buf_str(&b), call == 2 ? cases[i].answer : "application/json\n{\"a\": 12}");
      }
      assert_true(http_fault_disarm());
      _cleanup_(mem_freep) char *log = fixture_log();
      int posts = 0;
      for (const char *at = log; (at = strstr(at, "POST /echo/")); at++) posts++;
      assert_int_equal(posts, cases[i].arrives ? 3 : 2);
    }
  http_session_free(session);
  struct http_request other = plain(url);
  struct buf b = BUF_INIT;
  http_fault_arm("the service", 1, HTTP_FAULT_REFUSED);
  assert_int_equal(http_post_json(&other, "{}", &b, NULL, NULL), 0);
  assert_false(http_fault_disarm());
  buf_release(&b);
}

static void faults_of_downloads(void **state) {
  (void)state;
  static const struct {
    enum http_fault kind;
    int code;
    const char *asked; /* after it */
  } cases[] = {
      {HTTP_FAULT_REFUSED, ERR_NETWORK, ""}, /* who does not answer at all is not asked again */
      {HTTP_FAULT_GATEWAY, 0, "/files/big - -"},
      {HTTP_FAULT_LOST, 0, "/files/big - -"},
      {HTTP_FAULT_CUT, 0, "/files/big bytes=200000-"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct err e = {0};
    free(fixture_log());
    http_fault_arm(NULL, 1, cases[i].kind);
    int rc = download("/files/big", 0, BIG, &e);
    assert_true(http_fault_disarm());
    if (rc != cases[i].code) fail_msg("%d: %s", rc, e.msg);
    if (rc == 0) assert_whole();
    _cleanup_(mem_freep) char *log = fixture_log();
    if (!strstr(log, cases[i].asked)) fail_msg("%s instead of %s", log, cases[i].asked);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(downloads_that_succeed),
      cmocka_unit_test(a_complete_file_is_not_asked_for),
      cmocka_unit_test(an_empty_file_comes),
      cmocka_unit_test(downloads_that_fail),
      cmocka_unit_test(a_bad_line_keeps_what_came),
      cmocka_unit_test(a_full_disk_is_told),
      cmocka_unit_test(cancel_leaves_the_part),
      cmocka_unit_test(get_and_its_ceiling),
      cmocka_unit_test(any_status_is_an_answer_where_it_is_asked_for),
      cmocka_unit_test(a_token_stays_with_its_host),
      cmocka_unit_test(what_cannot_be_reached_fails_fast),
      cmocka_unit_test(only_https_unless_asked),
      cmocka_unit_test(addresses_are_shown_without_secrets),
      cmocka_unit_test(json_is_posted_and_every_answer_is_one),
      cmocka_unit_test(a_form_carries_a_file),
      cmocka_unit_test(posts_that_fail),
      cmocka_unit_test(a_post_is_sent_once_on_a_kept_connection_too),
      cmocka_unit_test(faults_of_posts),
      cmocka_unit_test(faults_of_downloads),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
