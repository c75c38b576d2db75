/* The emulated Telegram (tests/telegram/server.py) as a child process, and what tests ask of it. */
#ifndef TITR_TESTS_BOT_TELEGRAM_H
#define TITR_TESTS_BOT_TELEGRAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/http.h"
#include "base/json.h"
#include "base/mem.h"
#include "bot/api.h"

#define TOKEN "123456:test-token"

static struct {
  char *dir, *url;
  int port, stdin_fd;
  pid_t pid;
} telegram;

/* mode: NULL, "--local" or "--duplicates" */
__attribute__((unused)) static void telegram_start(const char *mode) {
  assert_int_equal(file_temp_dir(&telegram.dir, NULL), 0);
  int in[2], out[2];
  assert_int_equal(pipe(in), 0);
  assert_int_equal(pipe(out), 0);
  telegram.pid = fork();
  assert_true(telegram.pid >= 0);
  if (telegram.pid == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    close(in[1]);
    close(out[0]);
    execlp("python3", "python3", "tests/telegram/server.py", telegram.dir, mode, (char *)NULL);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  telegram.stdin_fd = in[1];
  FILE *f = fdopen(out[0], "r");
  assert_int_equal(fscanf(f, "%d", &telegram.port), 1);
  fclose(f);
  telegram.url = x_asprintf("http://127.0.0.1:%d", telegram.port);
}

__attribute__((unused)) static void telegram_stop(void) {
  close(telegram.stdin_fd);
  waitpid(telegram.pid, NULL, 0);
  file_remove_tree(telegram.dir);
  free(telegram.dir);
  free(telegram.url);
}

/* Asks /test/WHAT; the answer is the caller's (js_free). */
__attribute__((unused)) static struct js *telegram_ask(const char *what, const char *json) {
  _cleanup_(mem_freep) char *url = x_asprintf("%s/test/%s", telegram.url, what);
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  struct http_request r = http_default_request(url);
  r.allow_plain = true;
  struct err e = {0};
  struct js *root = NULL;
  int status = 0;
  if (http_post_json(&r, json, &b, &status, &e) < 0 || js_parse(b.data, b.len, what, &root, &e) < 0)
    fail_msg("%s: %s", what, e.msg);
  return root;
}

__attribute__((unused)) static void telegram_tell(const char *what, const char *json) {
  js_free(telegram_ask(what, json));
}

/* How many lines of the server's log contain all of the words (NULL-terminated). */
__attribute__((unused)) static int telegram_logged(const char *first, const char *second) {
  _cleanup_(mem_freep) char *path = x_asprintf("%s/log.jsonl", telegram.dir);
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  assert_int_equal(file_read(path, 64 << 20, &b, NULL), 0);
  int count = 0;
  for (char *line = b.data, *end; line && *line; line = end ? end + 1 : NULL) {
    end = strchr(line, '\n');
    if (end) *end = '\0';
    count += strstr(line, first) && (!second || strstr(line, second));
  }
  return count;
}

/* The text of the last message of the bot in a chat, or "". Caller frees. */
__attribute__((unused)) static char *telegram_last(int64_t chat, int64_t *ret_message) {
  _cleanup_(mem_freep) char *json = x_asprintf("{\"user\": %lld}", (long long)chat);
  _cleanup_(js_freep) struct js *root = telegram_ask("messages", json);
  struct js *list = js_at(root, "messages");
  for (size_t i = js_len(list); i-- > 0;) {
    struct js *m = js_item(list, i);
    if (!js_bool_or(m, "by_bot", false)) continue;
    if (ret_message) *ret_message = js_int_or(m, "message_id", 0);
    return x_strdup(js_string_or(m, "text", ""));
  }
  return x_strdup("");
}

/* Until the last message of the bot in the chat holds the words. */
__attribute__((unused)) static void telegram_expect(int64_t chat, const char *words, double seconds) {
  for (double end = clock_now() + seconds;;) {
    _cleanup_(mem_freep) char *last = telegram_last(chat, NULL);
    if (strstr(last, words)) return;
    if (clock_now() > end) fail_msg("\"%s\" instead of \"%s\"", last, words);
    clock_sleep(0.1);
  }
}

__attribute__((unused)) static struct bot_api *telegram_api(void) {
  struct bot_api *a = NULL;
  struct err e = {0};
  if (api_new(&(struct api_options){.url = telegram.url, .token = TOKEN}, &a, &e) < 0) fail_msg("%s", e.msg);
  return a;
}

#endif
