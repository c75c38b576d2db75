/* Streams over a real Redis, which is emptied, hung and killed meanwhile. */
#include "redis_server.h"

#include <pthread.h>

#include "base/log.h"
#include "queue/streams.h"
#include "support/proxy.h"

#define MUST(call)                                                                                                     \
  __extension__({                                                                                                      \
    struct err e_ = {0}, *e = &e_;                                                                                     \
    int rc_ = (call);                                                                                                  \
    if (rc_ < 0) fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, e_.msg);                                         \
    rc_;                                                                                                               \
  })

enum { IDLE_MS = 60000 };
static const int by_priority[] = {1, 2, 3};
static struct redis_server *server;

static struct streams *open_as(const char *consumer) {
  struct streams *s = NULL;
  struct queue_redis where = {.host = "127.0.0.1", .port = server->port, .password = server->password};
  MUST(streams_open(&where, consumer, &s, e));
  return s;
}

static int read_next(struct streams *s, const int *lanes, int64_t wait_ms, struct streams_entry *entry) {
  return MUST(streams_read(s, lanes, wait_ms, IDLE_MS, NULL, entry, e));
}

static void expect(struct streams *s, const int *lanes, int lane, const char *task) {
  struct streams_entry entry = {0};
  assert_int_equal(read_next(s, lanes, 0, &entry), 1);
  assert_string_equal(entry.task, task);
  assert_int_equal(entry.lane, lane);
  MUST(streams_remove(s, &entry, e));
}

static int64_t length(struct streams *s, int lane) {
  int64_t n = -1;
  MUST(streams_length(s, lane, &n, e));
  return n;
}

static void in_the_order_of_the_lanes(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  MUST(streams_offer(s, 3, "third", e));
  MUST(streams_offer(s, 1, "first", e));
  MUST(streams_offer(s, 2, "second", e));
  MUST(streams_offer(s, 1, "first too", e));
  assert_int_equal(length(s, 1), 2);
  expect(s, by_priority, 1, "first");
  expect(s, (const int[]){3, 2, 1}, 3, "third");
  expect(s, by_priority, 1, "first too");
  expect(s, by_priority, 2, "second");
  struct streams_entry entry;
  assert_int_equal(read_next(s, by_priority, 0, &entry), 0);
  for (int lane = 1; lane <= 3; lane++) assert_int_equal(length(s, lane), 0);
  streams_close(s);
}

static void nothing_read_is_forgotten(void **state) {
  (void)state;
  struct streams *s = open_as("a"), *other = open_as("b");
  for (int lane = 1; lane <= 3; lane++) MUST(streams_offer(s, lane, "task", e));
  struct streams_entry entry;
  assert_int_equal(read_next(s, by_priority, 1000, &entry), 1);
  assert_int_equal(entry.lane, 1);
  expect(other, by_priority, 2, "task"); /* the first consumer holds one entry and no more */
  expect(other, by_priority, 3, "task");
  MUST(streams_remove(s, &entry, e));
  streams_close(s);
  streams_close(other);
}

struct share {
  struct streams *s;
  int got;
  atomic_int *seen;
};

static void *take_share(void *ctx) {
  struct share *share = ctx;
  struct streams_entry entry;
  while (streams_read(share->s, by_priority, 200, IDLE_MS, NULL, &entry, NULL) == 1) {
    atomic_fetch_add(&share->seen[strtol(entry.task, NULL, 10)], 1);
    share->got++;
    if (streams_remove(share->s, &entry, NULL) < 0) break;
  }
  return NULL;
}

static void several_consumers_share_without_duplicates(void **state) {
  (void)state;
  enum { TASKS = 1000, THREADS = 4 };
  static atomic_int seen[TASKS];
  struct streams *s[] = {open_as("a"), open_as("b")};
  struct share shares[THREADS] = {0};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    shares[i] = (struct share){s[i % 2], 0, seen};
    pthread_create(&threads[i], NULL, take_share, &shares[i]);
  }
  for (int i = 0; i < TASKS; i++) {
    char task[16];
    snprintf(task, sizeof task, "%d", i);
    MUST(streams_offer(s[0], 1 + i % 3, task, e));
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < TASKS; i++) assert_int_equal(atomic_load(&seen[i]), 1);
  for (int i = 0; i < THREADS; i++) assert_true(shares[i].got > 0);
  for (int lane = 1; lane <= 3; lane++) assert_int_equal(length(s[0], lane), 0);
  streams_close(s[0]);
  streams_close(s[1]);
}

static void what_a_dead_consumer_left_is_taken_over(void **state) {
  (void)state;
  struct streams *dead = open_as("dead"), *s = open_as("alive");
  MUST(streams_offer(dead, 2, "left", e));
  struct streams_entry entry, again;
  assert_int_equal(read_next(dead, by_priority, 0, &entry), 1);
  streams_close(dead);
  assert_int_equal(MUST(streams_read(s, by_priority, 0, 400, NULL, &again, e)), 0); /* too early */
  MUST(streams_offer(s, 1, "new", e));
  clock_sleep(0.5);
  assert_int_equal(MUST(streams_read(s, by_priority, 0, 400, NULL, &again, e)), 1);
  assert_string_equal(again.task, "left"); /* before what is new in a higher lane */
  assert_string_equal(again.id, entry.id);
  MUST(streams_remove(s, &again, e));
  expect(s, by_priority, 1, "new");
  assert_int_equal(length(s, 2), 0);
  streams_close(s);
}

/* Somebody waits already when the entry becomes old enough; and his own forgotten ones come back too. */
static void is_taken_over_while_waiting(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  MUST(streams_offer(s, 3, "own", e));
  struct streams_entry entry, again;
  assert_int_equal(read_next(s, by_priority, 0, &entry), 1);
  double begun = clock_now();
  assert_int_equal(MUST(streams_read(s, by_priority, 5000, 600, NULL, &again, e)), 1);
  assert_string_equal(again.id, entry.id);
  assert_true(clock_now() - begun < 2);
  MUST(streams_remove(s, &again, e));
  streams_close(s);
}

struct waiter {
  struct streams *s;
  int64_t wait_ms;
  atomic_bool cancel;
  int rc;
  struct streams_entry entry;
  double returned;
};

static void *wait_for_one(void *ctx) {
  struct waiter *w = ctx;
  w->rc = streams_read(w->s, by_priority, w->wait_ms, IDLE_MS, &w->cancel, &w->entry, NULL);
  w->returned = clock_now();
  return NULL;
}

static void a_waiting_one_is_woken(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  double worst = 0;
  for (int i = 0; i < 10; i++) {
    struct waiter w = {.s = s, .wait_ms = 5000};
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_one, &w);
    clock_sleep(0.03 * i);
    double offered = clock_now();
    MUST(streams_offer(s, 1 + i % 3, "woken", e));
    pthread_join(thread, NULL);
    assert_int_equal(w.rc, 1);
    assert_int_equal(w.entry.lane, 1 + i % 3);
    if (w.returned - offered > worst) worst = w.returned - offered;
    MUST(streams_remove(s, &w.entry, e));
  }
  if (worst > 0.5) fail_msg("woken after %.3f s", worst);
  streams_close(s);
}

static void cancelling_ends_the_wait(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  struct waiter w = {.s = s, .wait_ms = 20000};
  pthread_t thread;
  pthread_create(&thread, NULL, wait_for_one, &w);
  clock_sleep(0.25);
  double asked = clock_now();
  atomic_store(&w.cancel, true);
  pthread_join(thread, NULL);
  assert_int_equal(w.rc, 0);
  if (w.returned - asked > 0.3) fail_msg("cancelled after %.3f s", w.returned - asked);
  streams_close(s);
}

static void waits_no_longer_than_asked(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  struct streams_entry entry;
  double begun = clock_now();
  assert_int_equal(read_next(s, by_priority, 350, &entry), 0);
  double took = clock_now() - begun;
  if (took < 0.34 || took > 0.8) fail_msg("waited %.3f s", took);
  streams_close(s);
}

static void goes_on_after_flushall(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  MUST(streams_offer(s, 1, "lost", e));
  struct streams_entry entry;
  assert_int_equal(read_next(s, by_priority, 0, &entry), 1);
  redis_order(server, "FLUSHALL");
  MUST(streams_remove(s, &entry, e)); /* it is not there: fine */
  assert_int_equal(read_next(s, by_priority, 0, &entry), 0);
  MUST(streams_offer(s, 2, "after", e));
  expect(s, by_priority, 2, "after");

  redis_order(server, "FLUSHALL"); /* offered before anybody has made the groups again */
  MUST(streams_offer(s, 3, "early", e));
  expect(s, by_priority, 3, "early");

  struct waiter w = {.s = s, .wait_ms = 5000}; /* and while one waits */
  pthread_t thread;
  pthread_create(&thread, NULL, wait_for_one, &w);
  clock_sleep(0.3);
  redis_order(server, "FLUSHALL");
  MUST(streams_offer(s, 1, "waited for", e));
  pthread_join(thread, NULL);
  assert_int_equal(w.rc, 1);
  assert_string_equal(w.entry.task, "waited for");
  MUST(streams_remove(s, &w.entry, e));
  streams_close(s);
}

static void outlives_the_server(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  MUST(streams_offer(s, 1, "kept", e));
  assert_true(streams_work(s));
  redis_kill(server);
  struct err why = {0};
  assert_int_equal(streams_offer(s, 1, "refused", &why), ERR_NETWORK);
  assert_non_null(strstr(why.msg, "127.0.0.1"));
  double begun = clock_now();
  for (int i = 0; i < 1000; i++) assert_int_equal(streams_offer(s, 1, "refused", &why), ERR_NETWORK);
  assert_true(clock_now() - begun < 0.2); /* at once */
  assert_false(streams_work(s));
  struct streams_entry entry;
  begun = clock_now();
  assert_int_equal(streams_read(s, by_priority, 2000, IDLE_MS, NULL, &entry, &why), ERR_NETWORK);
  assert_true(clock_now() - begun < 1);
  clock_sleep(1);
  redis_again(server);
  begun = clock_now();
  while (!streams_work(s) && clock_now() - begun < 10) clock_sleep(0.05);
  if (clock_now() - begun > 5.5) fail_msg("back after %.1f s", clock_now() - begun);
  expect(s, by_priority, 1, "kept");
  assert_int_equal(length(s, 1), 0);
  streams_close(s);
}

/* Killed and back between two commands: nobody notices. */
static void a_dead_connection_is_replaced(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  for (int i = 0; i < 3; i++) {
    MUST(streams_offer(s, 1, "one", e));
    redis_kill(server);
    redis_again(server);
    expect(s, by_priority, 1, "one");
    redis_kill(server);
    redis_again(server);
    assert_true(streams_work(s));
  }
  streams_close(s);
}

static void a_waiting_one_sees_the_server_die(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  struct waiter w = {.s = s, .wait_ms = 20000};
  pthread_t thread;
  pthread_create(&thread, NULL, wait_for_one, &w);
  clock_sleep(0.3);
  double killed = clock_now();
  redis_kill(server);
  pthread_join(thread, NULL);
  redis_again(server);
  assert_int_equal(w.rc, ERR_NETWORK);
  assert_true(w.returned - killed < 2);
  streams_close(s);
}

static void a_hung_server_is_given_up(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  assert_true(streams_work(s));
  kill(server->pid, SIGSTOP);
  double begun = clock_now();
  bool works = streams_work(s);
  double took = clock_now() - begun;
  begun = clock_now();
  int rc = streams_offer(s, 1, "refused", NULL);
  double next = clock_now() - begun;
  kill(server->pid, SIGCONT);
  assert_false(works);
  if (took > 1) fail_msg("asked for %.2f s", took);
  assert_int_equal(rc, ERR_NETWORK);
  if (next > 0.1) fail_msg("the next one waited %.2f s", next);
  begun = clock_now();
  while (!streams_work(s) && clock_now() - begun < 10) clock_sleep(0.05);
  assert_true(clock_now() - begun < 5.5);
  streams_close(s);
}

static void the_server_may_be_away_at_first(void **state) {
  (void)state;
  redis_kill(server);
  struct streams *s = open_as("a");
  assert_false(streams_work(s));
  redis_again(server);
  clock_sleep(0.5);
  MUST(streams_offer(s, 1, "late", e));
  expect(s, by_priority, 1, "late");
  streams_close(s);
}

static void passwords(void **state) {
  (void)state;
  struct redis_server *shared = server;
  server = redis_start("right-secret");
  struct streams *s = open_as("a");
  MUST(streams_offer(s, 1, "task", e));
  expect(s, by_priority, 1, "task");
  streams_close(s);
  static const char *const wrong[] = {"wrong-secret", "", NULL};
  for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
    struct queue_redis where = {.host = "127.0.0.1", .port = server->port, .password = wrong[i]};
    struct err why = {0};
    MUST(streams_open(&where, "a", &s, e));
    assert_int_equal(streams_offer(s, 1, "task", &why), ERR_NETWORK);
    assert_null(strstr(why.msg, "secret"));
    assert_non_null(strstr(why.msg, wrong[i] && *wrong[i] ? "WRONGPASS" : "NOAUTH"));
    assert_false(streams_work(s));
    streams_close(s);
  }
  redis_stop(server);
  server = shared;

  struct queue_redis where = {.host = "127.0.0.1", .port = server->port, .password = "for nothing"};
  struct err why = {0};
  MUST(streams_open(&where, "a", &s, e));
  assert_int_equal(streams_offer(s, 1, "task", &why),
                   ERR_NETWORK); /* a server without one is not the one that was meant */
  assert_null(strstr(why.msg, "for nothing"));
  streams_close(s);
}

static int count_up(void *ctx, const struct streams_entry *entry) {
  int64_t *next = ctx;
  assert_int_equal(strtol(entry->task, NULL, 10), *next);
  assert_int_equal(entry->lane, 2);
  ++*next;
  return *next == 2222;
}

static void thousands_are_paged(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  int64_t next = 0;
  MUST(streams_each(s, 2, count_up, &next, e));
  assert_int_equal(next, 0);
  for (int i = 0; i < 3000; i++) {
    char task[16];
    snprintf(task, sizeof task, "%d", i);
    MUST(streams_offer(s, 2, task, e));
    if (i == 1499) {
      MUST(streams_each(s, 2, count_up, &next, e)); /* a multiple of the page's size */
      assert_int_equal(next, 1500);
      next = 0;
    }
  }
  assert_int_equal(length(s, 2), 3000);
  MUST(streams_each(s, 2, count_up, &next, e));
  assert_int_equal(next, 2222); /* stopped by the function */
  redis_order(server, "FLUSHALL");
  streams_close(s);
}

/* Written by who knows whom: nobody stumbles over it twice. */
static void what_is_no_task_is_removed(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  static const char *const foreign[] = {"job x", "task \"\"",
                                        "task 0123456789012345678901234567890123456789012345678901234567890"};
  for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
    char order[128];
    snprintf(order, sizeof order, "XADD titr:lane:1 * %s", foreign[i]);
    redis_order(server, order);
    MUST(streams_offer(s, 1, "0", e));
    assert_int_equal(length(s, 1), 2);
    expect(s, by_priority, 1, "0");
    assert_int_equal(length(s, 1), 0);
  }
  streams_close(s);
}

static void a_key_of_another_kind_is_an_error(void **state) {
  (void)state;
  struct streams *s = open_as("a");
  redis_order(server, "SET titr:lane:1 text");
  struct err why = {0};
  struct streams_entry entry = {.lane = 1, .id = "1-1"};
  assert_int_equal(streams_read(s, by_priority, 0, IDLE_MS, NULL, &entry, &why), ERR_NETWORK);
  assert_non_null(strstr(why.msg, "WRONGTYPE"));
  clock_sleep(0.25);
  assert_int_equal(streams_remove(s, &entry, &why), ERR_NETWORK);
  redis_order(server, "DEL titr:lane:1");
  clock_sleep(1);
  MUST(streams_offer(s, 1, "task", e)); /* answers and questions still belong together */
  expect(s, by_priority, 1, "task");
  streams_close(s);
}

/* Each process is a consumer of its own; those that are gone do not gather, unless they left something. */
static void consumers_that_are_gone_are_forgotten(void **state) {
  (void)state;
  struct streams *gone = open_as("gone"), *left = open_as("left"), *s = open_as("alive");
  struct streams_entry entry;
  MUST(streams_sweep(s, 0, e)); /* where there are no groups yet */
  MUST(streams_offer(s, 1, "one", e));
  expect(gone, by_priority, 1, "one");
  MUST(streams_offer(s, 1, "two", e));
  assert_int_equal(read_next(left, by_priority, 0, &entry), 1);
  streams_close(gone);
  streams_close(left);
  MUST(streams_sweep(s, 60000, e)); /* both were heard of lately */
  clock_sleep(0.3);
  MUST(streams_offer(s, 1, "three", e));
  expect(s, by_priority, 1, "three");
  MUST(streams_sweep(s, 250, e));
  assert_int_equal(redis_order(server, "XGROUP CREATECONSUMER titr:lane:1 workers gone"), 1); /* it was not there */
  assert_int_equal(redis_order(server, "XGROUP CREATECONSUMER titr:lane:1 workers left"), 0); /* these are */
  assert_int_equal(redis_order(server, "XGROUP CREATECONSUMER titr:lane:1 workers alive"), 0);
  assert_int_equal(MUST(streams_read(s, by_priority, 2000, 100, NULL, &entry, e)), 1);
  assert_string_equal(entry.task, "two");
  MUST(streams_remove(s, &entry, e));
  streams_close(s);
}

/* The connection breaks before a command arrives, or before its answer does: an entry may come twice, but is never lost, and none
 * is left behind. */
static void a_broken_connection_loses_nothing(void **state) {
  (void)state;
  static const char *const words[] = {"XADD", "XREADGROUP", "XAUTOCLAIM", "XREVRANGE", "XREAD\r", "XDEL", "PING"};
  static const enum proxy_trick tricks[] = {PROXY_CUT_BEFORE, PROXY_CUT_AFTER};
  struct proxy *proxy = proxy_new(server->port);
  for (size_t i = 0; i < ARRAY_LEN(words) * ARRAY_LEN(tricks); i++) {
    struct streams *s = NULL;
    struct queue_redis where = {.host = "127.0.0.1", .port = proxy->port};
    MUST(streams_open(&where, "a", &s, e));
    assert_true(streams_work(s)); /* a connection that waits, and is then broken */
    proxy_play(proxy, tricks[i % 2], words[i / 2]);
    MUST(streams_offer(s, 2, "kept", e));
    struct streams_entry entry;
    int seen = 0, rc;
    while ((rc = MUST(streams_read(s, by_priority, 600, 300, NULL, &entry, e))) == 1) {
      assert_string_equal(entry.task, "kept");
      seen++;
      MUST(streams_remove(s, &entry, e));
      assert_true(streams_work(s));
    }
    bool sent_twice = tricks[i % 2] == PROXY_CUT_AFTER && strcmp(words[i / 2], "XADD") == 0;
    if (seen != 1 + sent_twice) fail_msg("%s, trick %d: seen %d times", words[i / 2], (int)tricks[i % 2], seen);
    assert_int_equal(atomic_load(&proxy->done), 1);
    assert_int_equal(length(s, 2), 0);
    streams_close(s);
  }
  proxy_free(proxy);
}

static void the_database_is_the_chosen_one(void **state) {
  (void)state;
  struct streams *zero = open_as("a"), *two = NULL;
  struct queue_redis where = {.host = "localhost", .port = server->port, .db = 2};
  MUST(streams_open(&where, "a", &two, e));
  MUST(streams_offer(two, 1, "in two", e));
  assert_int_equal(length(zero, 1), 0);
  expect(two, by_priority, 1, "in two");
  streams_close(two);
  where.db = 9999;
  MUST(streams_open(&where, "a", &two, e));
  struct err why = {0};
  assert_int_equal(streams_offer(two, 1, "nowhere", &why), ERR_NETWORK);
  assert_non_null(strstr(why.msg, "out of range"));
  streams_close(two);
  streams_close(zero);
}

static int start_server(void **state) {
  (void)state;
  log_set(LOG_SILENT, LOG_PLAIN);
  if (redis_installed()) server = redis_start(NULL);
  return 0;
}

static int stop_server(void **state) {
  (void)state;
  if (server) redis_stop(server);
  return 0;
}

static int empty(void **state) {
  (void)state;
  if (!server) skip();
  redis_order(server, "FLUSHALL");
  return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, empty)
int main(void) {
  const struct CMUnitTest tests[] = {TEST(in_the_order_of_the_lanes),
                                     TEST(nothing_read_is_forgotten),
                                     TEST(several_consumers_share_without_duplicates),
                                     TEST(what_a_dead_consumer_left_is_taken_over),
                                     TEST(is_taken_over_while_waiting),
                                     TEST(a_waiting_one_is_woken),
                                     TEST(cancelling_ends_the_wait),
                                     TEST(waits_no_longer_than_asked),
                                     TEST(goes_on_after_flushall),
                                     TEST(outlives_the_server),
                                     TEST(a_dead_connection_is_replaced),
                                     TEST(a_waiting_one_sees_the_server_die),
                                     TEST(a_hung_server_is_given_up),
                                     TEST(the_server_may_be_away_at_first),
                                     TEST(passwords),
                                     TEST(thousands_are_paged),
                                     TEST(what_is_no_task_is_removed),
                                     TEST(a_key_of_another_kind_is_an_error),
                                     TEST(consumers_that_are_gone_are_forgotten),
                                     TEST(a_broken_connection_loses_nothing),
                                     TEST(the_database_is_the_chosen_one)};
  return cmocka_run_group_tests(tests, start_server, stop_server);
}
