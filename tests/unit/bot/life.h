/*
 * The life of jobs through the whole bot, in this process, against the emulated Telegram: Eve writes /start, Ada sends a
 * file and gets its result, and later asks for it again by /status CODE; Bob cancels his by the button. A worker of the test's own takes
 * Ada's, fetches it as a real one does and says that it is done. life_check() then looks that nobody can tell by what is left
 * whether a call to Telegram has failed meanwhile.
 */
#ifndef TITR_TESTS_BOT_LIFE_H
#define TITR_TESTS_BOT_LIFE_H

#include "unit/bot/telegram.h"
#include "unit/store/accounts.h"

#include <pthread.h>

#include "base/http_fault.h"
#include "bot/bot.h"
#include "bot/delivery.h"
#include "bot/records.h"
#include "store/outbox.h"

enum { ADA = 2001, BOB, EVE };
#define LIFE_PATIENCE 40.0

struct life {
  struct sql *db;
  struct queue *queue;
  struct plan_table plans;
  pthread_t bot, worker;
  atomic_bool stop_bot, stop_worker, bot_ended;
  int bot_rc;
  struct err bot_error;
};

/* What must not fail, in a thread, where a test cannot end. */
#define LIFE_MUST(call)                                                                                                \
  __extension__({                                                                                                      \
    struct err e_ = {0}, *e = &e_;                                                                                     \
    int rc_ = (call);                                                                                                  \
    if (rc_ < 0) {                                                                                                     \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, e_.msg);                                           \
      abort();                                                                                                         \
    }                                                                                                                  \
    rc_;                                                                                                               \
  })

/* ---- the worker ---- */

static int life_tell(struct sql_tx *tx, void *ctx, enum task_state ended, struct err *e) {
  const struct task *t = ctx;
  int64_t now = clock_utc_ms();
  if (ended == TASK_QUEUED) return 0;
  _cleanup_(mem_freep) char *payload = delivery_payload(t->public_id, task_state_name(ended));
  int rc = outbox_add(tx, DELIVERY_TOPIC, NULL, payload, now, now, e);
  return rc < 0 ? rc : 0;
}

static int life_hurry(struct sql_tx *tx, void *ctx, struct err *e) {
  (void)ctx;
  return sql_run(tx, "UPDATE tasks SET run_at = 0 WHERE state = 'queued'", SQL_NO_ARGS, NULL, e);
}

static void life_write(const char *name, const char *text) {
  _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", telegram.dir, name);
  LIFE_MUST(file_write(path, text, strlen(text), 1, e));
}

static void life_work(struct life *l, struct bot_api *api, struct task *t) {
  bool cancel;
  _cleanup_(mem_freep) char *input = x_asprintf("%s/input", telegram.dir),
                            *sent = x_asprintf("%s/talk.mp4", telegram.dir);
  struct err failed = {0};
  const char *code = NULL;
  int rc = bot_fetch(api, t->input, input, 0, NULL, NULL, NULL, &code, &failed);
  if (rc < 0) {
    struct queue_end again = {
        .outcome = QUEUE_AGAIN, .error_code = "network", .error_text = failed.msg, .with = life_tell, .ctx = t};
    if (rc != ERR_NETWORK || LIFE_MUST(queue_end(l->queue, t, &again, e)) != 1) abort();
    LIFE_MUST(sql_transact(l->db, SQL_WRITE, life_hurry, NULL, e)); /* not in five seconds */
    return;
  }
  if (file_size(input) != file_size(sent)) abort();
  LIFE_MUST(queue_renew(l->queue, t, "recognize", 400, &cancel, e));
  for (double until = clock_now() + 5; clock_now() < until && telegram_logged("editMessageText", "40%") == 0;)
    clock_sleep(0.1);
  life_write("result.mp4", "a video");
  life_write("result.srt", "1\n00:00:00,000 --> 00:00:01,000\nHello\n");
  struct queue_end end = {
      .outcome = QUEUE_DONE, .result_path = "result.mp4", .subtitles_path = "result.srt", .with = life_tell, .ctx = t};
  if (LIFE_MUST(queue_end(l->queue, t, &end, e)) != 1) abort();
}

static void *life_run_worker(void *arg) {
  struct life *l = arg;
  struct bot_api *api = NULL;
  LIFE_MUST(api_new(&(struct api_options){.url = telegram.url, .token = TOKEN}, &api, e));
  while (!atomic_load(&l->stop_worker)) {
    _cleanup_(task_release) struct task t = {0};
    if (LIFE_MUST(queue_take(l->queue, 200, &l->stop_worker, &t, e)) == 1) life_work(l, api, &t);
  }
  api_free(api);
  return NULL;
}

/* ---- the bot ---- */

static void *life_run_bot(void *arg) {
  struct life *l = arg;
  struct bot_options o = {.db = l->db,
                          .queue = l->queue,
                          .plans = &l->plans,
                          .api_url = telegram.url,
                          .token = TOKEN,
                          .storage = telegram.dir};
  l->bot_rc = bot_run(&o, &l->stop_bot, &l->bot_error);
  atomic_store(&l->bot_ended, true);
  return NULL;
}

static void life_await(struct life *l, const char *query, int64_t value) {
  for (double end = clock_now() + LIFE_PATIENCE; number(l->db, query) != value; clock_sleep(0.05)) {
    if (atomic_load(&l->bot_ended)) fail_msg("the bot has ended: %s", l->bot_error.msg);
    if (clock_now() > end) fail_msg("%s: %lld", query, (long long)number(l->db, query));
  }
}

/* ---- the users ---- */

static void life_send_file(int64_t user, const char *first_name) {
  _cleanup_(mem_freep) char *json =
      x_asprintf("{\"user\": %lld, \"first_name\": \"%s\", \"language_code\": \"en\", \"kind\": \"video\", \"path\": "
                 "\"%s/talk.mp4\", \"name\": \"talk.mp4\", \"duration\": 5}",
                 (long long)user, first_name, telegram.dir);
  telegram_tell("media", json);
}

static void life_send_text(int64_t user, const char *first_name, const char *text) {
  _cleanup_(mem_freep) char *json =
      x_asprintf("{\"user\": %lld, \"first_name\": \"%s\", \"language_code\": \"en\", \"text\": \"%s\"}",
                 (long long)user, first_name, text);
  telegram_tell("text", json);
}

static void life_task(struct life *l, int64_t user, struct task *ret, struct reply *ret_reply) {
  struct sql_tx *tx = NULL;
  struct sql_rows *rows = NULL;
  const struct sql_arg args[] = {sql_int(user)};
  MUST(sql_begin(l->db, SQL_READ, &tx, e));
  MUST(sql_query(tx, "SELECT t.id FROM tasks t JOIN users u ON u.id = t.user_id WHERE u.telegram_id = $1",
                 SQL_ARGS(args), &rows, e));
  assert_int_equal(sql_count(rows), 1);
  task_release(ret);
  assert_int_equal(tasks_get(tx, sql_get_int(rows, 0, 0), ret, NULL), 1);
  reply_read(ret->reply, ret_reply);
  sql_rows_free(rows);
  sql_rollback(tx);
}

static void life_cancel_bobs(struct life *l) {
  _cleanup_(task_release) struct task t = {0};
  struct reply r = {0};
  for (double end = clock_now() + LIFE_PATIENCE; !r.message; clock_sleep(0.05)) {
    life_task(l, BOB, &t, &r);
    if (clock_now() > end) fail_msg("there is no status message");
  }
  _cleanup_(mem_freep) char *json =
      x_asprintf("{\"user\": %d, \"message\": %lld, \"data\": \"cancel:%s\"}", BOB, (long long)r.message, t.public_id);
  telegram_tell("press", json);
}

#define LIFE_SEEN "SELECT COUNT(*) FROM seen_updates"
#define LIFE_SENT "SELECT COUNT(*) FROM outbox WHERE sent_at IS NOT NULL"

static void life_live(struct life *l) {
  life_send_file(ADA, "Ada");
  life_await(l, LIFE_SEEN, 1);
  life_send_file(BOB, "Bob");
  life_await(l, LIFE_SEEN, 2);
  life_send_text(EVE, "Eve", "/start");
  life_await(l, LIFE_SEEN, 3);
  life_cancel_bobs(l);
  life_await(l, LIFE_SEEN, 4);
  assert_int_equal(pthread_create(&l->worker, NULL, life_run_worker, l), 0);
  life_await(l, LIFE_SENT, 2);
  _cleanup_(task_release) struct task t = {0};
  struct reply r;
  life_task(l, ADA, &t, &r);
  _cleanup_(mem_freep) char *command = x_asprintf("/status %s", t.public_id);
  life_send_text(ADA, "Ada", command);
  life_await(l, LIFE_SEEN, 5);
  life_await(l, LIFE_SENT, 3);
}

/* ---- what is left ---- */

struct life_chat {
  int texts, videos, documents;
};

static struct life_chat life_chat(int64_t user, int64_t message, const char *says) {
  struct life_chat c = {0};
  bool said = false;
  _cleanup_(mem_freep) char *json = x_asprintf("{\"user\": %lld}", (long long)user);
  _cleanup_(js_freep) struct js *root = telegram_ask("messages", json);
  struct js *list = js_at(root, "messages");
  for (size_t i = 0; i < js_len(list); i++) {
    struct js *m = js_item(list, i);
    if (!js_bool_or(m, "by_bot", false)) continue;
    const char *text = js_string_or(m, "text", NULL);
    if (js_at(m, "video")) c.videos++;
    else if (js_at(m, "document")) c.documents++;
    else if (text) c.texts++;
    if (text && strstr(text, says) && (!message || js_int_or(m, "message_id", 0) == message)) said = true;
  }
  if (!said) fail_msg("nothing says \"%s\" to %lld", says, (long long)user);
  return c;
}

static void life_is(struct life *l, const char *query, int64_t value) {
  int64_t is = number(l->db, query);
  if (is != value) fail_msg("%s: %lld instead of %lld", query, (long long)is, (long long)value);
}

static void life_check_rows(struct life *l, bool fetched_twice) {
  life_is(l, "SELECT COUNT(*) FROM users WHERE blocked = 0", 3);
  life_is(l, "SELECT COUNT(*) FROM tasks", 2);
  life_is(l, "SELECT COUNT(*) FROM tasks WHERE state = 'done' AND delivered_at IS NOT NULL AND lease_owner IS NULL", 1);
  life_is(l, "SELECT COUNT(*) FROM tasks WHERE state = 'cancelled' AND attempts = 0", 1);
  life_is(l, "SELECT attempts FROM tasks WHERE state = 'done'", fetched_twice ? 2 : 1);
  life_is(l, "SELECT COUNT(*) FROM usage_ledger WHERE kind = 'charge' AND source = 'quota'", 2);
  life_is(l, "SELECT COUNT(*) FROM usage_ledger WHERE kind = 'refund'", 1);
  life_is(l,
          "SELECT COUNT(*) FROM usage_ledger g JOIN tasks t ON t.id = g.task_id WHERE g.kind = 'refund' AND t.state = "
          "'cancelled'",
          1);
  life_is(l, "SELECT SUM(used) FROM quota_days", 1);
  life_is(l, "SELECT COUNT(*) FROM outbox", 3);
  life_is(l, LIFE_SENT, 3);
  life_is(l, LIFE_SEEN, 5);
}

/* `spare`: how many of which kind may have come twice. */
static void life_check_chats(struct life *l, struct life_chat spare) {
  _cleanup_(task_release) struct task t = {0};
  struct reply r;
  life_task(l, ADA, &t, &r);
  struct life_chat c = life_chat(ADA, r.message, "Done."), sum = c;
  assert_true(c.texts >= 2 && c.videos >= 2 && c.documents >= 2);
  life_task(l, BOB, &t, &r);
  c = life_chat(BOB, r.message, "Stopped.");
  assert_true(c.texts >= 1);
  sum.texts += c.texts, sum.videos += c.videos, sum.documents += c.documents;
  c = life_chat(EVE, 0, "Hi, Eve!");
  assert_true(c.texts >= 1);
  sum.texts += c.texts, sum.videos += c.videos, sum.documents += c.documents;
  if (sum.texts > 4 + spare.texts || sum.videos > 2 + spare.videos || sum.documents > 2 + spare.documents)
    fail_msg("too much: %d texts, %d videos, %d documents", sum.texts, sum.videos, sum.documents);
  /* what can be repeated without harm: the toast for the button once, the menu in every language */
  assert_int_equal(telegram_logged("answerCallbackQuery", "\"answer\": true"), 1);
  assert_true(telegram_logged("setMyCommands", "\"language_code\": \"ru\"") >= 1);
  assert_true(telegram_logged("setMyCommands", "\"language_code\": \"en\"") >= 1);
  assert_true(telegram_logged("setMyCommands", NULL) >= 3);
  assert_int_equal(telegram_logged("violation", NULL), 0);
}

/* ---- beginning and end ---- */

static void life_begin(struct life *l, struct scratch *s) {
  telegram_start(NULL);
  _cleanup_(mem_freep) char *talk = x_asprintf("%s/talk.mp4", telegram.dir), *bytes = x_calloc(1, 100000);
  MUST(file_write(talk, bytes, 100000, 1, e));
  *l = (struct life){.db = open_core(s), .plans = plans_default_table()};
  struct queue_options q = queue_default_options();
  q.owner = "life";
  MUST(queue_open(l->db, &q, &l->queue, e));
}

static void life_start_bot(struct life *l) {
  assert_int_equal(pthread_create(&l->bot, NULL, life_run_bot, l), 0);
}

/* What still waits to be sent has a moment: bot_run() gives it three seconds. */
static void life_end(struct life *l) {
  if (atomic_load(&l->bot_ended)) fail_msg("the bot has ended: %s", l->bot_error.msg);
  atomic_store(&l->stop_bot, true);
  atomic_store(&l->stop_worker, true);
  pthread_join(l->worker, NULL);
  pthread_join(l->bot, NULL);
  if (l->bot_rc != 0) fail_msg("the bot: %s", l->bot_error.msg);
}

static void life_release(struct life *l) {
  queue_close(l->queue);
  sql_close(l->db);
  plan_table_release(&l->plans);
  telegram_stop();
}

#endif
