/* The client: what Telegram's answers mean, what is refused before it is sent, files in both directions, no token anywhere. */
#include "unit/bot/telegram.h"

#include <sys/stat.h>

#include "bot/bot.h"

static const char *code; /* that a fetch gave last */
static void answers(void **state) {
  (void)state;
  static const struct {
    int http;
    const char *body;
    int rc;
    enum api_problem_kind kind;
    int retry_after;
  } cases[] = {
      {200, "{\"ok\":true,\"result\":true}", 0, API_FINE, 0},
      {200, "{\"ok\":true}", ERR_NETWORK, API_NETWORK, 0},
      {400, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message is not modified: specified new\"}",
       0, API_FINE, 0},
      {429,
       "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests\",\"parameters\":{\"retry_after\":17}}",
       ERR_NETWORK, API_TOO_MANY, 17},
      {429, "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests\"}", ERR_NETWORK, API_TOO_MANY, 1},
      {429, "{\"ok\":false,\"error_code\":429,\"parameters\":{\"retry_after\":-4}}", ERR_NETWORK, API_TOO_MANY, 1},
      {403, "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: bot was blocked by the user\"}", ERR_FAIL,
       API_BLOCKED, 0},
      {403, "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: user is deactivated\"}", ERR_FAIL,
       API_BLOCKED, 0},
      {401, "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}", ERR_USAGE, API_UNAUTHORIZED, 0},
      {404, "{\"ok\":false,\"error_code\":404,\"description\":\"Not Found\"}", ERR_USAGE, API_UNAUTHORIZED, 0},
      {409, "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict: terminated by other getUpdates request\"}",
       ERR_FAIL, API_CONFLICT, 0},
      {400, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message to edit not found\"}", ERR_INPUT,
       API_GONE, 0},
      {400, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: file is too big\"}", ERR_INPUT,
       API_TOO_LARGE, 0},
      {413, "{\"ok\":false,\"error_code\":413,\"description\":\"Request Entity Too Large\"}", ERR_INPUT, API_TOO_LARGE,
       0},
      {502, "{\"ok\":false,\"error_code\":502,\"description\":\"Bad Gateway\"}", ERR_NETWORK, API_NETWORK, 0},
      {502, "<html>nginx</html>", ERR_NETWORK, API_NETWORK, 0},
      {400, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: something new\"}", ERR_FAIL, API_REFUSED,
       0},
      {500, "", ERR_NETWORK, API_NETWORK, 0},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct js *root = NULL;
    struct api_problem p;
    struct err e = {0};
    int rc = api_read_answer("m", cases[i].http, cases[i].body, strlen(cases[i].body), &root, &p, &e);
    if (rc != cases[i].rc || p.kind != cases[i].kind || p.retry_after_s != cases[i].retry_after ||
        (rc < 0 && !e.msg[0]))
      fail_msg("%s: %d, kind %d, after %d: %s", cases[i].body, rc, (int)p.kind, p.retry_after_s, e.msg);
    assert_true((rc == 0) == (root != NULL));
    js_free(root);
  }
}

static void lengths_as_telegram_counts(void **state) {
  (void)state;
  assert_int_equal(api_units(""), 0);
  assert_int_equal(api_units("abc"), 3);
  assert_int_equal(api_units("ёж"), 2);
  assert_int_equal(api_units("😀"), 2);
  assert_int_equal(api_units("\xFF"), 1);
}

static char *emoji(size_t n) {
  char *s = x_malloc(4 * n + 1);
  for (size_t i = 0; i < n; i++) memcpy(s + 4 * i, "😀", 4);
  s[4 * n] = '\0';
  return s;
}

/* At the border Telegram takes it; one more is not even sent. */
static void limits(void **state) {
  (void)state;
  _cleanup_(api_freep) struct bot_api *a = telegram_api();
  telegram_tell("text", "{\"user\": 1, \"text\": \"hi\"}");
  _cleanup_(mem_freep) char *fits = emoji(2048), *over = emoji(2049);
  struct api_problem p;
  struct err e = {0};
  int64_t message = 0;
  assert_int_equal(api_send_text(a, &(struct api_text){.chat = 1, .text = fits}, &message, &p, &e), 0);
  assert_true(message > 0);
  assert_int_equal(api_send_text(a, &(struct api_text){.chat = 1, .text = over}, &message, &p, &e), ERR_INPUT);
  assert_int_equal(p.kind, API_OVER_LIMIT);
  assert_int_equal(api_send_text(a, &(struct api_text){.chat = 1, .text = ""}, &message, &p, &e), ERR_INPUT);
  char data[66] = "";
  memset(data, 'x', 64);
  struct api_button button = {"go", data};
  clock_sleep(1.05);
  struct api_text with = {.chat = 1, .text = "x", .buttons = &button, .button_count = 1};
  assert_int_equal(api_send_text(a, &with, &message, &p, &e), 0);
  data[64] = 'x';
  assert_int_equal(api_send_text(a, &with, &message, &p, &e), ERR_INPUT);
  assert_int_equal(telegram_logged("violation", NULL), 0);
}

static void edits_and_refusals(void **state) {
  (void)state;
  _cleanup_(api_freep) struct bot_api *a = telegram_api();
  struct api_problem p;
  struct err e = {0};
  int64_t message = 0;
  telegram_tell("text", "{\"user\": 2, \"text\": \"hi\"}");
  struct api_text t = {.chat = 2, .text = "one"};
  assert_int_equal(api_send_text(a, &t, &message, &p, &e), 0);
  /* at once again: 429, told with its time */
  assert_true(api_edit_text(a, &t, message, &p, &e) < 0);
  assert_int_equal(p.kind, API_TOO_MANY);
  assert_int_equal(p.retry_after_s, 1);
  clock_sleep(1.05);
  assert_int_equal(api_edit_text(a, &t, message, &p, &e), 0); /* not modified: success */
  assert_int_equal(p.kind, API_FINE);
  clock_sleep(1.05);
  assert_int_equal(api_edit_text(a, &t, 99999, &p, &e), ERR_INPUT);
  assert_int_equal(p.kind, API_GONE);
  assert_int_equal(api_send_text(a, &(struct api_text){.chat = 31337, .text = "x"}, &message, &p, &e), ERR_INPUT);
  assert_int_equal(p.kind, API_GONE);
  telegram_tell("block", "{\"user\": 2}");
  assert_int_equal(api_send_text(a, &t, &message, &p, &e), ERR_FAIL);
  assert_int_equal(p.kind, API_BLOCKED);
}

static char *path_in(const char *name) {
  return x_asprintf("%s/%s", telegram.dir, name);
}

static void make_file(const char *path, size_t bytes) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  for (size_t i = 0; i < bytes && i < 4096; i++) fputc((int)(i * 7 % 251), f);
  fclose(f);
  if (bytes > 4096) assert_int_equal(truncate(path, (off_t)bytes), 0);
}

static bool same_files(const char *a, const char *b) {
  _cleanup_(buf_release) struct buf x = BUF_INIT, y = BUF_INIT;
  assert_int_equal(file_read(a, 64 << 20, &x, NULL), 0);
  assert_int_equal(file_read(b, 64 << 20, &y, NULL), 0);
  return x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

static int64_t sent_bytes;
static void on_sent(void *ctx, int64_t done, int64_t total) {
  (void)ctx;
  assert_true(done <= total || total == 0);
  sent_bytes = done;
}

static void files_there_and_back(void **state) {
  (void)state;
  _cleanup_(api_freep) struct bot_api *a = telegram_api();
  _cleanup_(mem_freep) char *path = path_in("talk.mp4"), *back = path_in("back.mp4");
  make_file(path, 3 << 20);
  telegram_tell("text", "{\"user\": 3, \"text\": \"hi\"}");
  struct api_file f = {.chat = 3,
                       .video = true,
                       .path = path,
                       .file_name = "talk.mp4",
                       .type = "video/mp4",
                       .caption = "Готово",
                       .progress = on_sent};
  struct api_sent sent;
  struct api_problem p;
  struct err e = {0};
  if (api_send_file(a, &f, &sent, &p, &e) < 0) fail_msg("%s", e.msg);
  assert_true(sent.file_id[0] != '\0');
  assert_true(sent_bytes > 3 << 20);
  /* again, by its id */
  clock_sleep(1.05);
  f.file_id = sent.file_id;
  struct api_sent again;
  assert_int_equal(api_send_file(a, &f, &again, &p, &e), 0);
  assert_string_equal(again.file_id, sent.file_id);
  assert_true(again.message != sent.message);
  /* and back to a worker, also from the middle */
  _cleanup_(mem_freep) char *input = x_asprintf("{\"file_id\": \"%s\", \"bytes\": %d}", sent.file_id, 3 << 20);
  assert_int_equal(bot_fetch(a, input, back, 0, NULL, NULL, NULL, &code, &e), 0);
  assert_true(same_files(path, back));
  assert_int_equal(truncate(back, 1 << 20), 0);
  assert_int_equal(bot_fetch(a, input, back, 0, NULL, NULL, NULL, &code, &e), 0);
  assert_true(same_files(path, back));
  assert_int_equal(telegram_logged("\"download\"", "\"from\": 1048576"), 1);
  unlink(back);
  assert_int_equal(bot_fetch(a, input, back, 1 << 20, NULL, NULL, NULL, &code, &e), ERR_INPUT);
  assert_string_equal(code, "too_large");
  assert_int_equal(bot_fetch(a, "{\"file_id\": \"nobody's\"}", back, 0, NULL, NULL, NULL, &code, &e), ERR_INPUT);
  assert_string_equal(code, "gone");
  assert_int_equal(bot_fetch(a, "{}", back, 0, NULL, NULL, NULL, &code, &e), ERR_INPUT);
  assert_int_equal(bot_fetch(a, "[", back, 0, NULL, NULL, NULL, &code, &e), ERR_INPUT);
  /* what is not there, and an id that nobody knows */
  f.file_id = NULL;
  f.path = "/nonexistent/talk.mp4";
  assert_int_equal(api_send_file(a, &f, &sent, &p, &e), ERR_IO);
  clock_sleep(1.05);
  f.file_id = "nobody's";
  assert_int_equal(api_send_file(a, &f, &sent, &p, &e), ERR_INPUT);
  assert_int_equal(p.kind, API_GONE);
}

/* The emulated server is no cloud to the client, but keeps the cloud's limit of 20 MB down by itself. */
static void too_large_for_the_cloud(void **state) {
  (void)state;
  _cleanup_(api_freep) struct bot_api *a = telegram_api();
  _cleanup_(mem_freep) char *path = path_in("large.mp4"), *back = path_in("large.back");
  make_file(path, (20 << 20) + 1);
  _cleanup_(mem_freep) char *json = x_asprintf("{\"user\": 4, \"kind\": \"video\", \"path\": \"%s\"}", path);
  _cleanup_(js_freep) struct js *r = telegram_ask("media", json);
  _cleanup_(mem_freep) char *input = x_asprintf("{\"file_id\": \"%s\"}", js_string_or(r, "file_id", ""));
  struct err e = {0};
  code = NULL;
  assert_int_equal(bot_fetch(a, input, back, 0, NULL, NULL, NULL, &code, &e), ERR_INPUT);
  assert_string_equal(code, "too_large");
  assert_non_null(strstr(e.msg, "too large"));
  struct bot_api *cloud = NULL;
  assert_int_equal(api_new(&(struct api_options){.url = "https://API.telegram.org/", .token = "1:x"}, &cloud, &e), 0);
  assert_true(api_is_cloud(cloud));
  assert_int_equal(api_most_down(cloud), 20 << 20);
  assert_int_equal(api_most_up(cloud), 50 << 20);
  api_free(cloud);
  static const char *const others[] = {"http://127.0.0.1:8081", "https://api.telegram.org.example.org",
                                       "https://example.org"};
  for (size_t i = 0; i < ARRAY_LEN(others); i++) {
    struct bot_api *own = NULL;
    assert_int_equal(api_new(&(struct api_options){.url = others[i], .token = "1:x"}, &own, &e), 0);
    assert_false(api_is_cloud(own));
    api_free(own);
  }
}

static void the_token_is_told_to_nobody(void **state) {
  (void)state;
  static const char *const urls[] = {"http://127.0.0.1:1", "http://no-such-host.invalid", NULL};
  for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
    struct bot_api *a = NULL;
    struct err e = {0};
    assert_int_equal(
        api_new(&(struct api_options){.url = urls[i] ? urls[i] : telegram.url, .token = "777:secret"}, &a, &e), 0);
    struct api_me me;
    struct api_problem p;
    assert_true(api_get_me(a, &me, &p, &e) < 0);
    assert_null(strstr(e.msg, "secret"));
    assert_int_equal(p.kind, urls[i] ? API_NETWORK : API_UNAUTHORIZED);
    if (urls[i]) assert_true(p.not_sent);
    assert_true(bot_fetch(a, "{\"file_id\": \"x\"}", "/tmp/never", 0, NULL, NULL, NULL, &code, &e) < 0);
    assert_null(strstr(e.msg, "secret"));
    api_free(a);
  }
}

/* A server that was started with --local names a file on this disk. */
static void from_a_local_server(void **state) {
  (void)state;
  telegram_stop();
  telegram_start("--local");
  _cleanup_(api_freep) struct bot_api *a = telegram_api();
  _cleanup_(mem_freep) char *path = path_in("large.mp4"), *back = path_in("large.back");
  make_file(path, (20 << 20) + 1);
  _cleanup_(mem_freep) char *json = x_asprintf("{\"user\": 4, \"kind\": \"video\", \"path\": \"%s\"}", path);
  _cleanup_(js_freep) struct js *r = telegram_ask("media", json);
  _cleanup_(mem_freep) char *input = x_asprintf("{\"file_id\": \"%s\"}", js_string_or(r, "file_id", ""));
  struct err e = {0};
  if (bot_fetch(a, input, back, 0, NULL, NULL, NULL, &code, &e) < 0) fail_msg("%s", e.msg);
  assert_true(same_files(path, back));
  assert_int_equal(telegram_logged("\"download\"", NULL), 0);
  assert_int_equal(bot_fetch(a, input, back, 1 << 20, NULL, NULL, NULL, &code, &e), ERR_INPUT);
  atomic_bool stop = true;
  assert_int_equal(bot_fetch(a, input, back, 0, &stop, NULL, NULL, &code, &e), ERR_CANCELLED);
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
      cmocka_unit_test(answers),
      cmocka_unit_test(lengths_as_telegram_counts),
      cmocka_unit_test(limits),
      cmocka_unit_test(edits_and_refusals),
      cmocka_unit_test(files_there_and_back),
      cmocka_unit_test(too_large_for_the_cloud),
      cmocka_unit_test(the_token_is_told_to_nobody),
      cmocka_unit_test(from_a_local_server),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
