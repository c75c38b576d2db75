/* The sender: each chat's order, edits that grow into one, the last state that nothing overtakes, 429s, callbacks. */
#include "unit/bot/telegram.h"

#include <pthread.h>

#include "bot/sender.h"

static int64_t new_chat(void) {
  static int64_t chat = 500;
  _cleanup_(mem_freep) char *json = x_asprintf("{\"user\": %lld, \"text\": \"hi\"}", (long long)++chat);
  telegram_tell("text", json);
  return chat;
}

static struct {
  atomic_int calls, failures;
  _Atomic int64_t message, blocked;
} seen;

static void on_done(void *ctx, int rc, int64_t message) {
  (void)ctx;
  atomic_fetch_add(&seen.calls, 1);
  if (rc < 0) atomic_fetch_add(&seen.failures, 1);
  else atomic_store(&seen.message, message);
}

static void on_blocked(void *ctx, int64_t chat) {
  (void)ctx;
  atomic_store(&seen.blocked, chat);
}

struct fixture {
  struct bot_api *api;
  struct sender *s;
};

static int setup(void **state) {
  struct fixture *f = NEW(struct fixture);
  f->api = telegram_api();
  f->s = sender_new(f->api, &(struct sender_events){on_blocked, NULL});
  atomic_store(&seen.calls, 0);
  atomic_store(&seen.failures, 0);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  if (f->s) {
    sender_stop(f->s);
    sender_free(f->s);
  }
  api_free(f->api);
  free(f);
  return 0;
}

static int64_t say(struct fixture *f, int64_t chat, const char *text) {
  sender_say(f->s, &(struct api_text){.chat = chat, .text = text}, on_done, NULL);
  assert_true(sender_drain(f->s, chat, 20));
  return atomic_load(&seen.message);
}

static void order_within_a_chat(void **state) {
  struct fixture *f = *state;
  int64_t a = new_chat(), b = new_chat();
  double began = clock_now();
  for (int i = 1; i <= 3; i++) {
    char text[8];
    snprintf(text, sizeof text, "m%d", i);
    sender_say(f->s, &(struct api_text){.chat = a, .text = text}, on_done, NULL);
  }
  sender_say(f->s, &(struct api_text){.chat = b, .text = "other"}, on_done, NULL);
  telegram_expect(b, "other", 1); /* the first chat's queue is not in its way */
  assert_true(clock_now() - began < 1);
  assert_true(sender_drain(f->s, a, 10));
  assert_true(clock_now() - began > 2); /* a second between them */
  assert_int_equal(atomic_load(&seen.calls), 4);
  assert_int_equal(atomic_load(&seen.failures), 0);
  _cleanup_(mem_freep) char *json = x_asprintf("{\"user\": %lld}", (long long)a);
  _cleanup_(js_freep) struct js *root = telegram_ask("messages", json);
  assert_string_equal(js_string_or(root, "messages[1].text", ""), "m1");
  assert_string_equal(js_string_or(root, "messages[2].text", ""), "m2");
  assert_string_equal(js_string_or(root, "messages[3].text", ""), "m3");
}

static void edits_grow_into_one(void **state) {
  struct fixture *f = *state;
  int64_t chat = new_chat(), message = say(f, chat, "0");
  _cleanup_(mem_freep) char *mine = x_asprintf("\"chat_id\": %lld", (long long)chat);
  for (int i = 1; i <= 200; i++) {
    char text[8];
    snprintf(text, sizeof text, "%d", i);
    sender_edit(f->s, &(struct api_text){.chat = chat, .text = text}, message, false);
  }
  assert_true(sender_drain(f->s, chat, 10));
  telegram_expect(chat, "200", 1);
  assert_in_range(telegram_logged("editMessageText", mine), 1, 3);
  /* after the last state no other one counts, whoever was late */
  sender_edit(f->s, &(struct api_text){.chat = chat, .text = "done"}, message, true);
  sender_edit(f->s, &(struct api_text){.chat = chat, .text = "99 %"}, message, false);
  assert_true(sender_drain(f->s, chat, 10));
  telegram_expect(chat, "done", 1);
  sender_edit(f->s, &(struct api_text){.chat = chat, .text = "99 %"}, message, false);
  assert_true(sender_drain(f->s, chat, 10));
  telegram_expect(chat, "done", 1);
}

static void refused_for_a_while(void **state) {
  struct fixture *f = *state;
  int64_t slow = new_chat(), other = new_chat();
  telegram_tell("fail", "{\"method\": \"sendMessage\", \"times\": 1, \"code\": 429, \"retry_after\": 3}");
  double began = clock_now();
  sender_say(f->s, &(struct api_text){.chat = slow, .text = "late"}, on_done, NULL);
  clock_sleep(0.3);
  sender_say(f->s, &(struct api_text){.chat = other, .text = "at once"}, on_done, NULL);
  assert_true(sender_drain(f->s, other, 10));
  assert_true(clock_now() - began < 2);
  assert_true(sender_drain(f->s, slow, 10));
  assert_true(clock_now() - began >= 3);
  telegram_expect(slow, "late", 1);
  assert_int_equal(atomic_load(&seen.failures), 0);
}

static void refused_for_good(void **state) {
  struct fixture *f = *state;
  int64_t chat = new_chat();
  _cleanup_(mem_freep) char *json = x_asprintf("{\"user\": %lld, \"tell\": false}", (long long)chat);
  telegram_tell("block", json);
  say(f, chat, "hello?");
  assert_int_equal(atomic_load(&seen.calls), 1);
  assert_int_equal(atomic_load(&seen.failures), 1);
  assert_int_equal(atomic_load(&seen.blocked), chat);
  say(f, 424242, "nobody"); /* a chat that is not there */
  assert_int_equal(atomic_load(&seen.failures), 2);
}

static void a_broken_line(void **state) {
  struct fixture *f = *state;
  int64_t chat = new_chat();
  telegram_tell("fail", "{\"method\": \"sendMessage\", \"times\": 2, \"drop\": true}");
  say(f, chat, "through");
  telegram_expect(chat, "through", 1);
  assert_int_equal(atomic_load(&seen.failures), 0);
}

/* Presses a button; the id that the answer wants. Caller frees. */
static char *press(struct fixture *f, int64_t chat) {
  _cleanup_(mem_freep) char *json = x_asprintf("{\"user\": %lld, \"message\": 1, \"data\": \"x\"}", (long long)chat);
  telegram_tell("press", json);
  _cleanup_(js_freep) struct js *updates = NULL;
  assert_int_equal(api_get_updates(f->api, 0, 0, &updates, NULL, NULL), 0);
  struct js *list = js_at(updates, "result");
  return x_strdup(js_string_or(js_item(list, js_len(list) - 1), "callback_query.id", ""));
}

/* What a pressed button is answered: tried again when the line breaks, and at the time that a 429 names. */
static void answers_to_buttons(void **state) {
  struct fixture *f = *state;
  static const struct {
    const char *failure;
    double seconds;
  } cases[] = {{"\"drop\": true", 1}, {"\"code\": 429, \"retry_after\": 2", 2}};
  int64_t chat = new_chat();
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(mem_freep) char *id = press(f, chat);
    _cleanup_(mem_freep) char *fail =
        x_asprintf("{\"method\": \"answerCallbackQuery\", \"times\": 1, %s}", cases[i].failure);
    telegram_tell("fail", fail);
    int before = telegram_logged("answerCallbackQuery", NULL);
    double began = clock_now();
    sender_answer(f->s, id, "Noted");
    while (sender_waiting(f->s) && clock_now() - began < 10) clock_sleep(0.05);
    assert_int_equal(telegram_logged("answerCallbackQuery", "\"answer\": true"), (int)i + 1);
    assert_int_equal(telegram_logged("answerCallbackQuery", NULL) - before, 2);
    assert_true(clock_now() - began >= cases[i].seconds - 0.1);
  }
}

/* Whatever waits when it ends is dropped, and told so once each. */
static void ending(void **state) {
  struct fixture *f = *state;
  int64_t chat = new_chat();
  for (int i = 0; i < 20; i++) sender_say(f->s, &(struct api_text){.chat = chat, .text = "x"}, on_done, NULL);
  clock_sleep(0.2);
  sender_stop(f->s);
  assert_int_equal(atomic_load(&seen.calls), 20);
  assert_in_range(atomic_load(&seen.failures), 18, 20);
  sender_free(f->s);
  f->s = NULL;
}

static void turns_are_shared_with_messages(void **state) {
  struct fixture *f = *state;
  int64_t chat = new_chat();
  atomic_bool stop = false;
  say(f, chat, "first");
  double began = clock_now();
  assert_true(sender_turn(f->s, chat, &stop));
  assert_true(clock_now() - began > 0.5);
  atomic_store(&stop, true);
  assert_false(sender_turn(f->s, chat, &stop));
}

static int begin_all(void **state) {
  (void)state;
  telegram_start(NULL);
  return 0;
}

static int end_all(void **state) {
  (void)state;
  assert_int_equal(telegram_logged("violation", NULL), 0);
  telegram_stop();
  return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(order_within_a_chat),
      TEST(edits_grow_into_one),
      TEST(refused_for_a_while),
      TEST(refused_for_good),
      TEST(a_broken_line),
      TEST(answers_to_buttons),
      TEST(ending),
      TEST(turns_are_shared_with_messages),
  };
  return cmocka_run_group_tests(tests, begin_all, end_all);
}
