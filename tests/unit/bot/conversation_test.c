/* What updates do to the database and what is answered: over SQLite and PostgreSQL, against the emulated Telegram. */
#include "unit/bot/telegram.h"
#include "unit/store/accounts.h"

#include "bot/conversation.h"
#include "bot/delivery.h"
#include "bot/records.h"
#include "bot/status.h"
#include "store/outbox.h"
#include "store/quota.h"

struct world {
  struct bot b;
  struct bot_options o;
  struct sql *db;
  struct queue *queue;
  struct plan_table plans;
  atomic_bool stop;
  struct delivery *delivery;
  int64_t next_update;
};

static void open_world(struct world *w, struct scratch *s) {
  *w = (struct world){.db = open_core(s), .plans = plans_default_table(), .next_update = 1};
  struct queue_options q = queue_default_options();
  q.owner = "bot:test";
  MUST(queue_open(w->db, &q, &w->queue, e));
  MUST(text_load(e));
  w->o = (struct bot_options){.db = w->db, .queue = w->queue, .plans = &w->plans, .storage = telegram.dir};
  w->b = (struct bot){.o = &w->o, .api = telegram_api(), .stop = &w->stop};
  snprintf(w->b.me.username, sizeof w->b.me.username, "titr_test_bot");
  w->b.sender = sender_new(w->b.api, &(struct sender_events){NULL, NULL});
  w->b.status = status_start(&w->b);
}

static void close_world(struct world *w) {
  atomic_store(&w->stop, true);
  status_stop(w->b.status);
  sender_stop(w->b.sender);
  if (w->delivery) delivery_stop(w->delivery);
  sender_free(w->b.sender);
  status_free(w->b.status);
  api_free(w->b.api);
  queue_close(w->queue);
  sql_close(w->db);
  plan_table_release(&w->plans);
}

/* Each test has chats of its own: the emulated server lives through all of them. */
static int64_t new_chat(void) {
  static int64_t chat = 1000;
  _cleanup_(mem_freep) char *json = x_asprintf("{\"user\": %lld, \"text\": \"hi\"}", (long long)++chat);
  telegram_tell("text", json);
  return chat;
}

static struct update from(struct world *w, int64_t chat) {
  return (struct update){.id = w->next_update++,
                         .kind = UPDATE_MESSAGE,
                         .chat = chat,
                         .message = 7,
                         .from = chat,
                         .first_name = "Ada",
                         .language = "en",
                         .text = ""};
}

static void take(struct world *w, const struct update *u) {
  MUST(conversation_take(&w->b, u, e));
}

static void send_text(struct world *w, int64_t chat, const char *text) {
  struct update u = from(w, chat);
  u.text = text;
  take(w, &u);
}

static struct update video(struct world *w, int64_t chat, const char *unique, int64_t ms, int64_t bytes) {
  struct update u = from(w, chat);
  u.media = (struct incoming_media){
      .kind = MEDIA_VIDEO, .file_id = unique, .unique_id = unique, .name = "talk.mp4", .bytes = bytes, .ms = ms};
  return u;
}

static void send_video(struct world *w, int64_t chat, const char *unique, int64_t ms, int64_t bytes) {
  struct update u = video(w, chat, unique, ms, bytes);
  take(w, &u);
}

static void press(struct world *w, int64_t chat, const char *data) {
  struct update u = from(w, chat);
  u.kind = UPDATE_CALLBACK;
  u.callback_id = "unknown-to-the-server";
  u.data = data;
  take(w, &u);
}

static int64_t tasks(struct world *w) {
  return number(w->db, "SELECT COUNT(*) FROM tasks");
}
static int64_t used(struct world *w) {
  return number(w->db, "SELECT COALESCE(SUM(used), 0) FROM quota_days");
}

static char *only_task(struct world *w) {
  struct sql_tx *tx = NULL;
  struct sql_rows *rows = NULL;
  MUST(sql_begin(w->db, SQL_READ, &tx, e));
  MUST(sql_query(tx, "SELECT public_id FROM tasks ORDER BY id DESC LIMIT 1", SQL_NO_ARGS, &rows, e));
  assert_int_equal(sql_count(rows), 1);
  char *id = x_strdup(sql_get_text(rows, 0, 0));
  sql_rows_free(rows);
  sql_rollback(tx);
  return id;
}

static void a_file_is_taken_once(void **state) {
  struct world w;
  open_world(&w, SCRATCH(state));
  int64_t chat = new_chat();
  struct update u = video(&w, chat, "v1", 5000, 100000);
  take(&w, &u);
  take(&w, &u); /* the same update again */
  assert_int_equal(tasks(&w), 1);
  assert_int_equal(used(&w), 1);
  telegram_expect(chat, "talk.mp4\nGot it, yours is next", 10);
  _cleanup_(mem_freep) char *id = only_task(&w);
  send_video(&w, chat, "v1", 5000, 100000); /* the same file again */
  telegram_expect(chat, id, 10);
  telegram_expect(chat, "being worked on already", 10);
  assert_int_equal(tasks(&w), 1);
  assert_int_equal(used(&w), 1);
  assert_int_equal(number(w.db, "SELECT COUNT(*) FROM usage_ledger"), 1);
  /* its status message is known to the row */
  struct sql_tx *tx = begin(w.db);
  _cleanup_(task_release) struct task t = {0};
  struct reply r;
  assert_int_equal(tasks_find(tx, id, &t, NULL), 1);
  commit(tx);
  reply_read(t.reply, &r);
  assert_int_equal(r.chat, chat);
  assert_true(r.message > 0);
  assert_int_equal(r.origin, 7);
  assert_string_equal(r.title, "talk.mp4");
  assert_int_equal(t.lane, 3);
  assert_non_null(strstr(t.options, "\"watermark\": \"@titr_test_bot\""));
  assert_non_null(strstr(t.options, "\"max_ms\": 60000"));
  assert_non_null(strstr(t.options, "\"quality\": \"720p\""));
  close_world(&w);
}

static void refusals_have_numbers_and_cost_nothing(void **state) {
  static const struct {
    int64_t ms, bytes;
    const char *says;
  } cases[] = {
      {61000, 1000, "1 min 1 s, and up to 1 min"},
      {5000, 501LL << 20, "501 MB, and up to 500 MB"},
      {3600000, 501LL << 20, "501 MB, and up to 500 MB"},
  };
  struct world w;
  open_world(&w, SCRATCH(state));
  int64_t chat = new_chat();
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    send_video(&w, chat, "large", cases[i].ms, cases[i].bytes);
    telegram_expect(chat, cases[i].says, 10);
  }
  assert_int_equal(tasks(&w), 0);
  assert_int_equal(used(&w), 0);
  close_world(&w);
}

/* The cloud's limit is its own, whatever the plan says; nothing is sent to the real one here, the answer stays in the turn. */
static void the_clouds_limit(void **state) {
  struct world w;
  open_world(&w, SCRATCH(state));
  struct bot_api *own = w.b.api, *cloud = NULL;
  MUST(api_new(&(struct api_options){.url = "https://api.telegram.org", .token = TOKEN}, &cloud, e));
  w.b.api = cloud;
  struct update u = video(&w, 5, "v", 5000, (20 << 20) + 1);
  struct turn t = {.b = &w.b, .u = &u, .now_ms = NOW, .language = TEXT_RU};
  struct sql_tx *tx = begin(w.db);
  MUST(intake_media(tx, &t, e));
  assert_non_null(strstr(t.text, "21 МБ"));
  assert_non_null(strstr(t.text, "до 20 МБ"));
  assert_false(t.made);
  commit(tx);
  free(t.text);
  w.b.api = own;
  api_free(cloud);
  close_world(&w);
}

static void the_day_ends(void **state) {
  struct world w;
  open_world(&w, SCRATCH(state));
  int64_t chat = new_chat();
  static const char *const names[] = {"a", "b", "c"};
  for (size_t i = 0; i < 3; i++) send_video(&w, chat, names[i], 5000, 1000);
  assert_int_equal(used(&w), 3);
  send_video(&w, chat, "d", 5000, 1000);
  telegram_expect(chat, "all for today: 3 files have been taken", 15);
  telegram_expect(chat, "at 00:00 (UTC)", 1);
  assert_int_equal(tasks(&w), 3);
  assert_int_equal(used(&w), 3);
  /* cancelling one that waits gives it back, and there is room for another */
  _cleanup_(mem_freep) char *id = only_task(&w);
  _cleanup_(mem_freep) char *command = x_asprintf("/cancel %s", id);
  send_text(&w, chat, command);
  assert_int_equal(used(&w), 2);
  send_text(&w, chat, command); /* twice is once */
  assert_int_equal(used(&w), 2);
  assert_int_equal(number(w.db, "SELECT COUNT(*) FROM outbox WHERE topic = 'telegram'"), 1);
  send_video(&w, chat, "d", 5000, 1000);
  assert_int_equal(tasks(&w), 4);
  assert_int_equal(used(&w), 3);
  close_world(&w);
}

static void somebody_elses_task(void **state) {
  struct world w;
  open_world(&w, SCRATCH(state));
  int64_t chat = new_chat(), other = new_chat();
  send_video(&w, chat, "v", 5000, 1000);
  _cleanup_(mem_freep) char *id = only_task(&w);
  _cleanup_(mem_freep) char *status = x_asprintf("/status %s", id);
  _cleanup_(mem_freep) char *cancel = x_asprintf("/cancel_%s", id);
  _cleanup_(mem_freep) char *data = x_asprintf("cancel:%s", id);
  send_text(&w, other, status);
  telegram_expect(other, "no file of that code", 10);
  send_text(&w, other, cancel);
  press(&w, other, data);
  assert_int_equal(number(w.db, "SELECT COUNT(*) FROM tasks WHERE state = 'queued'"), 1);
  press(&w, chat, "cancel:nonsense");
  press(&w, chat, "unheard-of");
  assert_int_equal(number(w.db, "SELECT COUNT(*) FROM tasks WHERE state = 'queued'"), 1);
  press(&w, chat, data);
  assert_int_equal(number(w.db, "SELECT COUNT(*) FROM tasks WHERE state = 'cancelled'"), 1);
  close_world(&w);
}

static void blocked_and_back(void **state) {
  struct world w;
  open_world(&w, SCRATCH(state));
  int64_t chat = new_chat();
  send_text(&w, chat, "/start");
  struct update u = from(&w, chat);
  u.kind = UPDATE_BLOCKED;
  take(&w, &u);
  assert_int_equal(number(w.db, "SELECT blocked FROM users"), 1);
  send_text(&w, chat, "/start");
  assert_int_equal(number(w.db, "SELECT blocked FROM users"), 0);
  close_world(&w);
}

/* ---- delivery: the row is made done by hand ---- */

struct finish {
  const char *id, *video, *srt;
};

static int finish(struct sql_tx *tx, void *ctx, struct err *e) {
  const struct finish *f = ctx;
  struct task t = {0};
  int64_t now = clock_utc_ms();
  int rc = tasks_claim(tx, f->id, "worker:test", 60000, now, &t, e);
  if (rc > 0) rc = tasks_done(tx, t.id, "worker:test", f->video, f->srt, now, e);
  _cleanup_(mem_freep) char *payload = delivery_payload(f->id, "done");
  if (rc > 0) rc = outbox_add(tx, DELIVERY_TOPIC, NULL, payload, now, now, e);
  task_release(&t);
  return rc;
}

static void make_result(const char *name, size_t bytes) {
  _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", telegram.dir, name);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  fputs("a result", f);
  fclose(f);
  if (bytes) assert_int_equal(truncate(path, (off_t)bytes), 0);
}

static void wait_for(struct world *w, const char *text, int64_t value) {
  for (double end = clock_now() + 20;;) {
    int64_t is = number(w->db, text);
    if (is == value) return;
    if (clock_now() > end) fail_msg("%s: %lld", text, (long long)is);
    clock_sleep(0.1);
  }
}

#define UNSENT "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL"

static void results_are_delivered_part_by_part(void **state) {
  struct world w;
  open_world(&w, SCRATCH(state));
  int64_t chat = new_chat();
  make_result("result.mp4", 0);
  make_result("result.srt", 0);
  send_video(&w, chat, "v", 5000, 1000);
  _cleanup_(mem_freep) char *id = only_task(&w);
  struct finish f = {id, "result.mp4", "result.srt"};
  MUST(sql_transact(w.db, SQL_WRITE, finish, &f, e));
  _cleanup_(mem_freep) char *mine = x_asprintf("\"chat_id\": %lld", (long long)chat);
  /* the subtitles fail for good the first time: the video, which was noted, must not come twice */
  telegram_tell("fail",
                "{\"method\": \"sendDocument\", \"times\": 1, \"code\": 400, \"description\": \"Bad Request: odd\"}");
  w.delivery = delivery_start(&w.b);
  wait_for(&w, UNSENT, 0);
  assert_int_equal(telegram_logged("sendVideo", mine), 1);
  assert_int_equal(telegram_logged("sendDocument", mine), 2);
  assert_int_equal(number(w.db, "SELECT COUNT(*) FROM tasks WHERE delivered_at IS NOT NULL"), 1);
  telegram_expect(chat, "", 1);
  /* told once more, as a sender that died would: nothing is sent a second time */
  assert_true(sender_drain(w.b.sender, chat, 10));
  struct sql_tx *tx = begin(w.db);
  MUST(sql_run(tx, "UPDATE outbox SET sent_at = NULL", SQL_NO_ARGS, NULL, e));
  commit(tx);
  wait_for(&w, UNSENT, 0);
  assert_int_equal(telegram_logged("sendVideo", mine), 1);
  assert_int_equal(telegram_logged("sendDocument", mine), 2);
  /* the user asks again: by the ids */
  _cleanup_(mem_freep) char *status = x_asprintf("/status %s", id);
  send_text(&w, chat, status);
  wait_for(&w, "SELECT COUNT(*) FROM outbox WHERE sent_at IS NOT NULL", 2);
  assert_int_equal(telegram_logged("sendVideo", mine), 2);
  assert_int_equal(telegram_logged("sendDocument", mine), 3);
  /* and once more, when it breaks off after the video: that does not come a third time */
  telegram_tell("fail", "{\"method\": \"sendDocument\", \"times\": 1, \"drop\": true}");
  send_text(&w, chat, status);
  wait_for(&w, "SELECT COUNT(*) FROM outbox WHERE sent_at IS NOT NULL", 3);
  assert_int_equal(telegram_logged("sendVideo", mine), 3);
  assert_int_equal(telegram_logged("sendDocument", mine), 5);
  assert_int_equal(telegram_logged("violation", NULL), 0);
  close_world(&w);
}

static void too_large_to_send_is_told(void **state) {
  struct world w;
  open_world(&w, SCRATCH(state));
  int64_t chat = new_chat();
  make_result("huge.mp4", 51 << 20);
  make_result("huge.srt", 0);
  send_video(&w, chat, "v", 5000, 1000);
  _cleanup_(mem_freep) char *id = only_task(&w);
  struct finish f = {id, "huge.mp4", "huge.srt"};
  MUST(sql_transact(w.db, SQL_WRITE, finish, &f, e));
  w.delivery = delivery_start(&w.b);
  wait_for(&w, UNSENT, 0);
  assert_int_equal(
      telegram_logged("\\\"talk.mp4\\\" is done, but the video has 51 MB, and Telegram takes up to 50 MB", NULL) > 0,
      1);
  assert_int_equal(number(w.db, "SELECT COUNT(*) FROM tasks WHERE delivered_at IS NOT NULL"), 1);
  close_world(&w);
}

static void a_blocked_users_result_is_kept(void **state) {
  struct world w;
  open_world(&w, SCRATCH(state));
  int64_t chat = new_chat();
  make_result("result.mp4", 0);
  send_video(&w, chat, "v", 5000, 1000);
  telegram_expect(chat, "talk.mp4", 10);
  _cleanup_(mem_freep) char *id = only_task(&w),
                            *json = x_asprintf("{\"user\": %lld, \"tell\": false}", (long long)chat);
  struct finish f = {id, "result.mp4", NULL};
  telegram_tell("block", json);
  MUST(sql_transact(w.db, SQL_WRITE, finish, &f, e));
  w.delivery = delivery_start(&w.b);
  wait_for(&w, "SELECT COUNT(*) FROM users WHERE blocked = 1", 1);
  wait_for(&w, "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL AND lease_until IS NULL AND attempts = 1", 1);
  assert_int_equal(number(w.db, "SELECT COUNT(*) FROM tasks WHERE delivered_at IS NOT NULL"), 0);
  /* he is back, and an hour has passed */
  _cleanup_(mem_freep) char *back =
      x_asprintf("{\"user\": %lld, \"blocked\": false, \"tell\": false}", (long long)chat);
  telegram_tell("block", back);
  send_text(&w, chat, "/start");
  struct sql_tx *tx = begin(w.db);
  MUST(sql_run(tx, "UPDATE outbox SET run_at = 0", SQL_NO_ARGS, NULL, e));
  commit(tx);
  wait_for(&w, "SELECT COUNT(*) FROM tasks WHERE delivered_at IS NOT NULL", 1);
  close_world(&w);
}

static int setup(void **state) {
  (void)state;
  telegram_start(NULL);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  telegram_stop();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SCRATCH_TESTS(a_file_is_taken_once),
      SCRATCH_TESTS(refusals_have_numbers_and_cost_nothing),
      SCRATCH_TESTS(the_clouds_limit),
      SCRATCH_TESTS(the_day_ends),
      SCRATCH_TESTS(somebody_elses_task),
      SCRATCH_TESTS(blocked_and_back),
      SCRATCH_TESTS(results_are_delivered_part_by_part),
      SCRATCH_TESTS(too_large_to_send_is_told),
      SCRATCH_TESTS(a_blocked_users_result_is_kept),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
