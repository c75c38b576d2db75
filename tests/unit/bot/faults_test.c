/*
 * Every call to Telegram fails in turn, in every way of base/http_fault.h, while jobs go through the whole bot (life.h). A clean life
 * says which calls there are; then each of them fails in a life of its own, which must end as the clean one did: a job is neither
 * lost nor charged twice, everything is delivered, once where the server had not got the call, and where only its answer was lost nothing comes twice
 * but the message that was under way.
 *
 * A life waits most of its seconds for Telegram's pace, so many are lived at once, each by this program started again:
 *
 *   faults_test --life WHAT NTH WAY DATABASE      WHAT "none", or what follows "Telegram's "; WAY a number of enum http_fault
 *
 * TITR_FAULTS=long takes every way of every call over SQLite and PostgreSQL; else, SQLite, and under a sanitizer one way for each call.
 */
#include "unit/bot/life.h"

#include "base/log.h"
#include "base/subprocess.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

enum { WAYS = HTTP_FAULT_CUT + 1, AT_ONCE = 110, AT_ONCE_POSTGRES = 12 };
static const char *const ways[WAYS] = {"refused", "answered 502", "answer lost", "answer cut"};

/* Calls of a life, by what they are called after "Telegram's ". */
static const char *const calls[] = {"getMe",           "setMyCommands", "getUpdates",         "sendMessage",
                                    "editMessageText", "sendVideo",     "sendDocument",       "sendChatAction",
                                    "getFile",         "file",          "answerCallbackQuery"};
#define CALLS ARRAY_LEN(calls)

/* ---- one life ---- */

static struct {
  const char *what;
  int64_t nth;
  enum http_fault way;
} fault;

static bool is(const char *what) {
  return strcmp(fault.what, what) == 0;
}

static void one_life(void **state) {
  struct life l;
  life_begin(&l, SCRATCH(state));
  _cleanup_(mem_freep) char *shown = x_asprintf("Telegram's %s", fault.what);
  if (!is("none")) http_fault_arm(shown, fault.nth, fault.way);
  life_start_bot(&l);
  life_live(&l);
  life_end(&l);
  bool came = http_fault_disarm(), arrives = fault.way == HTTP_FAULT_LOST || fault.way == HTTP_FAULT_CUT;
  int extra = came && arrives;
  struct life_chat spare = {extra && is("sendMessage"), extra && is("sendVideo"), extra && is("sendDocument")};
  /* a download that breaks off goes on by itself; what else fails of fetching costs the attempt */
  bool fetched_twice = came && (is("getFile") || (is("file") && fault.way == HTTP_FAULT_REFUSED));
  life_check_rows(&l, fetched_twice);
  life_check_chats(&l, spare);
  printf("came %d", came);
  for (size_t i = 0; i < CALLS; i++) {
    bool download = strcmp(calls[i], "file") == 0;
    _cleanup_(mem_freep) char *method = x_asprintf("\"method\": \"%s\"", download ? "download" : calls[i]);
    printf(" %s=%d", calls[i], telegram_logged(method, NULL));
  }
  printf("\n");
  life_release(&l);
}

static int live(char **words) {
  fault.what = words[0];
  fault.nth = strtoll(words[1], NULL, 10);
  fault.way = (enum http_fault)strtol(words[2], NULL, 10);
  log_set(LOG_DEBUG, LOG_PLAIN);
  const struct CMUnitTest sqlite[] = {SCRATCH_SQLITE_TEST(one_life)}, postgres[] = {SCRATCH_POSTGRES_TEST(one_life)};
  return strcmp(words[3], "sqlite") == 0 ? cmocka_run_group_tests(sqlite, NULL, NULL)
                                         : cmocka_run_group_tests(postgres, NULL, NULL);
}

/* ---- many lives ---- */

struct task_of_life {
  const char *what, *database;
  int nth, way;
  bool ok, came;
  struct buf said;
};

static void live_one(struct task_of_life *t) {
  char program[4096] = "", nth[16], way[16];
  if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) abort();
  snprintf(nth, sizeof nth, "%d", t->nth);
  snprintf(way, sizeof way, "%d", t->way);
  const char *const words[] = {program, "--life", t->what, nth, way, t->database, NULL};
  struct subprocess s = {.argv = words, .timeout = 200};
  struct err e = {0};
  int status = -1, rc = subprocess_run(&s, &t->said, &t->said, &status, &e);
  if (rc < 0) buf_adds(&t->said, e.msg);
  bool told = t->said.len && memmem(t->said.data, t->said.len, "test-token", 10);
  if (told) buf_adds(&t->said, "\nthe token is in the log\n");
  t->ok = rc == 0 && status == 0 && !told;
  t->came = strstr(buf_str(&t->said), "came 1") != NULL;
}

static struct {
  struct task_of_life *tasks;
  size_t count;
  atomic_size_t next;
} plan;

static void *run_lives(void *arg) {
  (void)arg;
  for (size_t i; (i = atomic_fetch_add(&plan.next, 1)) < plan.count;) live_one(&plan.tasks[i]);
  return NULL;
}

static int call_count(const char *said, const char *what) {
  _cleanup_(mem_freep) char *word = x_asprintf(" %s=", what);
  const char *line = strstr(said, "came "), *at = line ? strstr(line, word) : NULL;
  return at ? atoi(at + strlen(word)) : 0;
}

/* Makes the list of lives from what a clean one called; all in one way each, turn by turn, or in all. */
static void make_plan(const char *clean, const char *database, bool all_ways) {
  plan.tasks = NULL;
  plan.count = 0;
  atomic_store(&plan.next, 0);
  size_t cap = 0;
  int turn = 0;
  for (size_t c = 0; c < CALLS; c++) {
    int made = call_count(clean, calls[c]);
    if (made == 0) fail_msg("a clean life never called %s", calls[c]);
    for (int n = 1; n <= made; n++, turn++)
      for (int way = 0; way < WAYS; way++) {
        if (!all_ways && way != turn % WAYS) continue;
        x_grow(&plan.tasks, &cap, plan.count + 1, sizeof *plan.tasks);
        plan.tasks[plan.count++] = (struct task_of_life){.what = calls[c], .database = database, .nth = n, .way = way};
      }
  }
}

static void every_call_fails_in_turn(const char *database, bool all_ways, int at_once) {
  struct task_of_life clean = {.what = "none", .database = database};
  live_one(&clean);
  if (!clean.ok) fail_msg("a clean life fails:\n%s", buf_str(&clean.said));
  make_plan(buf_str(&clean.said), database, all_ways);
  buf_release(&clean.said);
  pthread_t threads[AT_ONCE];
  for (int i = 0; i < at_once; i++) assert_int_equal(pthread_create(&threads[i], NULL, run_lives, NULL), 0);
  for (int i = 0; i < at_once; i++) pthread_join(threads[i], NULL);
  size_t bad = 0, missed = 0;
  for (size_t i = 0; i < plan.count; i++) {
    struct task_of_life *t = &plan.tasks[i];
    /* how many edits of one message grow into one is a matter of moments */
    bool missing = t->ok && !t->came;
    if (missing && strcmp(t->what, "editMessageText") == 0) missed++;
    else if (!t->ok || missing) {
      bad++;
      print_message("%s, call %d of %s%s:\n%s\n", ways[t->way], t->nth, t->what, missing ? " did not come to pass" : "",
                    buf_str(&t->said));
    }
    buf_release(&t->said);
  }
  print_message("%zu lives over %s, a fault in each but %zu\n", plan.count, database, missed);
  free(plan.tasks);
  if (bad) fail_msg("%zu of %zu lives did not end as they should", bad, plan.count);
  assert_true(plan.count > 20 && missed <= WAYS);
}

static bool is_long(void) {
  const char *kind = getenv("TITR_FAULTS");
  return kind && strcmp(kind, "long") == 0;
}

static void over_sqlite(void **state) {
  (void)state;
  every_call_fails_in_turn("sqlite", is_long() || !SANITIZED, AT_ONCE);
}

static void over_postgres(void **state) {
  (void)state;
  if (!is_long() || !scratch_has_postgres()) skip();
  every_call_fails_in_turn("postgres", true, AT_ONCE_POSTGRES);
}

int main(int argc, char **argv) {
  if (argc == 6 && strcmp(argv[1], "--life") == 0) return live(argv + 2);
  const struct CMUnitTest tests[] = {cmocka_unit_test(over_sqlite), cmocka_unit_test(over_postgres)};
  return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
