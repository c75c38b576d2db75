/* The web server over real sockets: what it answers, and what it does not put up with. */
#include "web_client.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/mem.h"
#include "web/server.h"

enum { BODY_MOST = 1000, ASKERS = 8, CONNECTIONS = 40 };
static struct web *server;
static int port;
static atomic_int calls, at_once, most_at_once;

static void hello(void *ctx, const struct web_request *r, struct web_reply *reply) {
  const char *sent = web_header(r, "x-sent"), *name = web_argument(r, "name");
  buf_addf(&reply->body, "%s %s %s from %s, sent %s, name %s", (const char *)ctx, r->method, r->path, r->remote,
           sent ? sent : "nothing", name ? name : "none");
}

static void echo(void *ctx, const struct web_request *r, struct web_reply *reply) {
  (void)ctx;
  atomic_fetch_add(&calls, 1);
  assert_int_equal(strlen(r->body), r->body_len);
  reply->status = 201;
  reply->type = "application/json";
  reply->header = "X-Extra";
  reply->value = "yes";
  buf_add(&reply->body, r->body, r->body_len);
}

static void slow(void *ctx, const struct web_request *r, struct web_reply *reply) {
  (void)ctx;
  (void)r;
  int now = atomic_fetch_add(&at_once, 1) + 1;
  for (int most = atomic_load(&most_at_once); now > most && !atomic_compare_exchange_weak(&most_at_once, &most, now);) {
  }
  clock_sleep(0.3);
  atomic_fetch_sub(&at_once, 1);
  buf_adds(&reply->body, "at last");
}

static char greeting[] = "hello";
static const struct web_route routes[] = {{"GET", "/hello", hello, greeting, 0},
                                          {"GET", "/both", hello, greeting, 0},
                                          {"POST", "/both", echo, NULL, BODY_MOST},
                                          {"POST", "/echo", echo, NULL, BODY_MOST},
                                          {"GET", "/slow", slow, NULL, 0}};

static struct web_options options(void) {
  struct web_options o = web_default_options();
  o.host = "127.0.0.1";
  o.routes = routes;
  o.count = ARRAY_LEN(routes);
  o.connections = CONNECTIONS;
  o.idle_seconds = 1;
  return o;
}

static void start(void) {
  struct web_options o = options();
  struct err e = {0};
  if (web_start(&o, &server, &e) < 0) fail_msg("%s", e.msg);
  port = web_port(server);
}

static int set_up(void **state) {
  (void)state;
  start();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  web_stop(server);
  return 0;
}

#define HOST "\r\nHost: x\r\n"

static void answers_by_the_table(void **state) {
  (void)state;
  static const struct {
    const char *request;
    int status;
    const char *body, *header; /* NULL: not looked at */
  } cases[] = {
      {"GET /hello HTTP/1.1" HOST "\r\n", 200, "hello GET /hello from 127.0.0.1, sent nothing, name none",
       "Content-Type: text/plain; charset=utf-8"},
      {"GET /hello?name=a%20b&x HTTP/1.1" HOST "X-SENT: this\r\n\r\n", 200,
       "hello GET /hello from 127.0.0.1, sent this, name a b", "Cache-Control: no-store"},
      {"GET /%68ello HTTP/1.1" HOST "\r\n", 200, NULL, NULL},
      {"HEAD /hello HTTP/1.1" HOST "\r\n", 200, "", "Content-Length: 57"},
      {"POST /echo HTTP/1.1" HOST "Content-Length: 5\r\n\r\n{\"a\"}", 201, "{\"a\"}", "X-Extra: yes"},
      {"POST /echo HTTP/1.1" HOST "Content-Length: 0\r\n\r\n", 201, "", "Content-Type: application/json"},
      {"POST /echo HTTP/1.1" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 201, "abcde",
       NULL},
      {"POST /both HTTP/1.1" HOST "Content-Length: 1\r\n\r\nx", 201, "x", NULL},
      {"GET /both HTTP/1.1" HOST "\r\n", 200, NULL, NULL},
      {"GET / HTTP/1.1" HOST "\r\n", 404, "Not Found\n", NULL},
      {"GET /hello/ HTTP/1.1" HOST "\r\n", 404, NULL, NULL},
      {"GET /../etc/passwd HTTP/1.1" HOST "\r\n", 404, NULL, NULL},
      {"GET /hello%00x HTTP/1.1" HOST "\r\n", 404, NULL, NULL},
      {"POST /hello HTTP/1.1" HOST "Content-Length: 1\r\n\r\nx", 405, "Method Not Allowed\n", "Allow: GET, HEAD"},
      {"DELETE /both HTTP/1.1" HOST "\r\n", 405, NULL, "Allow: GET, HEAD, POST"},
      {"HEAD /echo HTTP/1.1" HOST "\r\n", 405, NULL, "Allow: POST"},
      {"BREW /hello HTTP/1.1" HOST "\r\n", 405, NULL, NULL},
      {"GET /hello HTTP/1.1" HOST "Content-Length: 1\r\n\r\nx", 413, NULL, NULL},
      {"POST /echo HTTP/1.1" HOST "Content-Length: 1001\r\n\r\n", 413, NULL, NULL}, /* before it is sent */
      {"POST /echo HTTP/1.1" HOST "Content-Length: 99999999999999999999\r\n\r\n", 413, NULL, NULL},
      {"POST /echo HTTP/1.1" HOST "Content-Length: -1\r\n\r\n", 400, NULL, NULL},
      {"GET /hello HTTP/1.1\r\n\r\n", 400, NULL, NULL}, /* without Host */
      {"nonsense\r\n\r\n", 0, NULL, NULL},
  };
  _cleanup_(buf_release) struct buf answer = BUF_INIT;
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    int status = client_ask(port, cases[i].request, &answer);
    if (status != cases[i].status) fail_msg("%s: %d", cases[i].request, status);
    if (cases[i].body) assert_string_equal(client_body(&answer), cases[i].body);
    if (cases[i].header && !strstr(buf_str(&answer), cases[i].header))
      fail_msg("%s: no %s in %s", cases[i].request, cases[i].header, buf_str(&answer));
  }
}

/* What a proxy does: one connection, many requests. */
static void keeps_a_connection(void **state) {
  (void)state;
  static const char get[] = "GET /hello HTTP/1.1" HOST "\r\n",
                    post[] = "POST /echo HTTP/1.1" HOST "Content-Length: 3\r\n\r\nabc",
                    head[] = "HEAD /hello HTTP/1.1" HOST "\r\n", none[] = "GET /none HTTP/1.1" HOST "\r\n";
  _cleanup_(buf_release) struct buf answer = BUF_INIT;
  int fd = client_open(port);
  for (int i = 0; i < 50; i++) {
    assert_true(client_send(fd, get, sizeof get - 1));
    assert_int_equal(client_read(fd, false, &answer), 200);
    assert_true(client_send(fd, post, sizeof post - 1));
    assert_int_equal(client_read(fd, false, &answer), 201);
    assert_string_equal(client_body(&answer), "abc");
    assert_true(client_send(fd, head, sizeof head - 1));
    assert_int_equal(client_read(fd, true, &answer), 200);
    assert_true(client_send(fd, none, sizeof none - 1));
    assert_int_equal(client_read(fd, false, &answer), 404);
  }
  close(fd);
}

struct asker {
  const char *request;
  int status;
};

static void *ask_once(void *ctx) {
  struct asker *a = ctx;
  _cleanup_(buf_release) struct buf answer = BUF_INIT;
  a->status = client_ask(port, a->request, &answer);
  return NULL;
}

static void serves_several_at_once(void **state) {
  (void)state;
  struct asker askers[ASKERS];
  pthread_t threads[ASKERS];
  atomic_store(&most_at_once, 0);
  for (int i = 0; i < ASKERS; i++) {
    askers[i] = (struct asker){"GET /slow HTTP/1.1" HOST "\r\n", 0};
    pthread_create(&threads[i], NULL, ask_once, &askers[i]);
  }
  for (int i = 0; i < ASKERS; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(askers[i].status, 200);
  }
  assert_int_equal(atomic_load(&most_at_once), ASKERS); /* one that waits keeps nobody else waiting */
}

static void a_body_in_endless_chunks_is_cut_off(void **state) {
  (void)state;
  static const char begin[] = "POST /echo HTTP/1.1" HOST "Transfer-Encoding: chunked\r\n\r\n";
  char chunk[106] = "64\r\n";
  memset(chunk + 4, 'x', 100);
  memcpy(chunk + 104, "\r\n", 2);
  int before = atomic_load(&calls), fd = client_open(port);
  assert_true(client_send(fd, begin, sizeof begin - 1));
  int sent = 0;
  while (sent < 100000 && client_send(fd, chunk, sizeof chunk)) sent++;
  assert_true(sent < 100000); /* it hung up */
  close(fd);
  assert_int_equal(atomic_load(&calls), before);
}

static void headers_without_end_are_refused(void **state) {
  (void)state;
  _cleanup_(buf_release) struct buf request = BUF_INIT, answer = BUF_INIT;
  buf_adds(&request, "GET /hello HTTP/1.1" HOST);
  for (int i = 0; i < 4000; i++) buf_addf(&request, "X-%d: 0123456789\r\n", i);
  int fd = client_open(port);
  client_send(fd, request.data, request.len);
  int status = client_read(fd, false, &answer);
  if (status != 431 && status != 0) fail_msg("%d", status); /* 0: it hung up on what was still being sent */
  close(fd);
  assert_int_equal(client_ask(port, "GET /hello HTTP/1.1" HOST "\r\n", &answer), 200);
}

/* Connections that send nothing, or half a request, do not keep others out for longer than idle_seconds. */
static void slow_clients_are_dropped(void **state) {
  (void)state;
  static const char *const halves[] = {
      "", "GET /hel", "GET /hello HTTP/1.1\r\nHost:", "POST /echo HTTP/1.1" HOST "Content-Length: 10\r\n\r\nabc"};
  int fds[CONNECTIONS];
  for (int i = 0; i < CONNECTIONS; i++) {
    fds[i] = client_open(port);
    assert_true(fds[i] >= 0);
    const char *half = halves[i % 4];
    assert_true(client_send(fds[i], half, strlen(half)));
  }
  _cleanup_(buf_release) struct buf answer = BUF_INIT;
  struct asker a = {"GET /hello HTTP/1.1" HOST "\r\n", 0};
  ask_once(&a);
  assert_int_equal(a.status, 0); /* full */
  double begun = clock_now();
  while (a.status != 200 && clock_now() - begun < 10) {
    clock_sleep(0.1);
    ask_once(&a);
  }
  if (clock_now() - begun > 4) fail_msg("kept out for %.1f s", clock_now() - begun);
  char c;
  for (int i = 0; i < CONNECTIONS; i++) {
    while (recv(fds[i], &c, 1, 0) > 0) {
    } /* 408, perhaps */
    close(fds[i]);
  }
}

static void a_client_that_leaves_does_no_harm(void **state) {
  (void)state;
  static const char *const requests[] = {"GET /slow HTTP/1.1" HOST "\r\n",
                                         "POST /echo HTTP/1.1" HOST "Content-Length: 900\r\n\r\nabc"};
  for (int i = 0; i < 10; i++) {
    int fd = client_open(port);
    assert_true(client_send(fd, requests[i % 2], strlen(requests[i % 2])));
    struct linger hard = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard); /* a reset, not an end */
    close(fd);
  }
  _cleanup_(buf_release) struct buf answer = BUF_INIT;
  assert_int_equal(client_ask(port, "GET /hello HTTP/1.1" HOST "\r\n", &answer), 200);
}

static void stopping_answers_what_is_under_way(void **state) {
  (void)state;
  struct asker a = {"GET /slow HTTP/1.1" HOST "\r\n", 0};
  pthread_t thread;
  pthread_create(&thread, NULL, ask_once, &a);
  int idle = client_open(port);
  clock_sleep(0.1);
  double begun = clock_now();
  web_stop(server);
  server = NULL;
  assert_true(clock_now() - begun < 2);
  pthread_join(thread, NULL);
  assert_int_equal(a.status, 200);
  int late = client_open(port);
  assert_int_equal(late, -1);
  close(idle);
}

static void the_port_must_be_free(void **state) {
  (void)state;
  struct web_options o = options();
  struct web *second = NULL;
  struct err e = {0};
  o.port = port;
  assert_int_equal(web_start(&o, &second, &e), ERR_IO);
  assert_non_null(strstr(e.msg, "in use"));
  o.host = "no such host";
  assert_int_equal(web_start(&o, &second, &e), ERR_USAGE);
  o.host = "192.0.2.1"; /* of nobody */
  assert_int_equal(web_start(&o, &second, &e), ERR_IO);
  assert_null(second);
  web_stop(server); /* and is free at once when it was given back, whatever connections had been there */
  server = NULL;
  o.host = "localhost";
  if (web_start(&o, &server, &e) < 0) fail_msg("%s", e.msg);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void) {
  const struct CMUnitTest tests[] = {TEST(answers_by_the_table),
                                     TEST(keeps_a_connection),
                                     TEST(serves_several_at_once),
                                     TEST(a_body_in_endless_chunks_is_cut_off),
                                     TEST(headers_without_end_are_refused),
                                     TEST(slow_clients_are_dropped),
                                     TEST(a_client_that_leaves_does_no_harm),
                                     TEST(stopping_answers_what_is_under_way),
                                     TEST(the_port_must_be_free)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
