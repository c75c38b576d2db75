/* Updates as Telegram sends them, and as nobody should; commands; what a document is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "bot/update.h"

#define FROM                                                                                                           \
  "\"from\":{\"id\":42,\"is_bot\":false,\"first_name\":\"Ada\",\"username\":\"ada\",\"language_code\":\"en\"}"
#define CHAT "\"chat\":{\"id\":42,\"type\":\"private\"}"

static int read_json(const char *json, struct js **root, struct update *u) {
  assert_int_equal(js_parse(json, strlen(json), "test", root, NULL), 0);
  return update_read(*root, u, NULL);
}

static void kinds(void **state) {
  (void)state;
  static const struct {
    const char *json;
    enum update_kind kind;
    enum media_kind media;
  } cases[] = {
      {"{\"update_id\":1,\"message\":{\"message_id\":5," FROM "," CHAT ",\"text\":\"hello\"}}", UPDATE_MESSAGE,
       MEDIA_NONE},
      {"{\"update_id\":1,\"message\":{\"message_id\":5," FROM "," CHAT
       ",\"video\":{\"file_id\":\"a\",\"file_unique_id\":\"b\",\"duration\":7,\"file_size\":9}}}",
       UPDATE_MESSAGE, MEDIA_VIDEO},
      {"{\"update_id\":1,\"message\":{\"message_id\":5," FROM "," CHAT
       ",\"video_note\":{\"file_id\":\"a\",\"file_unique_id\":\"b\"}}}",
       UPDATE_MESSAGE, MEDIA_VIDEO},
      {"{\"update_id\":1,\"message\":{\"message_id\":5," FROM "," CHAT
       ",\"voice\":{\"file_id\":\"a\",\"file_unique_id\":\"b\",\"mime_type\":\"audio/ogg\"}}}",
       UPDATE_MESSAGE, MEDIA_VOICE},
      {"{\"update_id\":1,\"message\":{\"message_id\":5," FROM "," CHAT
       ",\"document\":{\"file_id\":\"a\",\"file_unique_id\":\"b\",\"file_name\":\"x.MKV\"}}}",
       UPDATE_MESSAGE, MEDIA_VIDEO},
      {"{\"update_id\":1,\"message\":{\"message_id\":5," FROM "," CHAT
       ",\"document\":{\"file_id\":\"a\",\"file_unique_id\":\"b\",\"mime_type\":\"application/pdf\"}}}",
       UPDATE_MESSAGE, MEDIA_OTHER},
      {"{\"update_id\":1,\"message\":{\"message_id\":5," FROM "," CHAT ",\"photo\":[]}}", UPDATE_MESSAGE, MEDIA_OTHER},
      {"{\"update_id\":1,\"message\":{\"message_id\":5," FROM "," CHAT ",\"pinned_message\":{}}}", UPDATE_OTHER,
       MEDIA_NONE},
      /* a file without its ids is none */
      {"{\"update_id\":1,\"message\":{\"message_id\":5," FROM "," CHAT ",\"video\":{\"duration\":7}}}", UPDATE_MESSAGE,
       MEDIA_OTHER},
      {"{\"update_id\":1,\"callback_query\":{\"id\":\"9\"," FROM
       ",\"data\":\"cancel:x\",\"message\":{\"message_id\":5," CHAT "}}}",
       UPDATE_CALLBACK, MEDIA_NONE},
      {"{\"update_id\":1,\"callback_query\":{\"id\":\"9\"," FROM ",\"message\":{\"message_id\":5," CHAT "}}}",
       UPDATE_OTHER, MEDIA_NONE},
      {"{\"update_id\":1,\"my_chat_member\":{" FROM "," CHAT ",\"new_chat_member\":{\"status\":\"kicked\"}}}",
       UPDATE_BLOCKED, MEDIA_NONE},
      {"{\"update_id\":1,\"my_chat_member\":{" FROM "," CHAT ",\"new_chat_member\":{\"status\":\"member\"}}}",
       UPDATE_UNBLOCKED, MEDIA_NONE},
      /* groups, bots and what is not known only count */
      {"{\"update_id\":1,\"message\":{\"message_id\":5," FROM
       ",\"chat\":{\"id\":-7,\"type\":\"group\"},\"text\":\"x\"}}",
       UPDATE_OTHER, MEDIA_NONE},
      {"{\"update_id\":1,\"message\":{\"message_id\":5,\"from\":{\"id\":42,\"is_bot\":true}," CHAT ",\"text\":\"x\"}}",
       UPDATE_OTHER, MEDIA_NONE},
      {"{\"update_id\":1,\"poll\":{}}", UPDATE_OTHER, MEDIA_NONE},
      {"{\"update_id\":1,\"message\":[]}", UPDATE_OTHER, MEDIA_NONE},
      {"{\"update_id\":1,\"message\":{\"message_id\":0," FROM "," CHAT ",\"text\":\"x\"}}", UPDATE_OTHER, MEDIA_NONE},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(js_freep) struct js *root = NULL;
    struct update u;
    assert_int_equal(read_json(cases[i].json, &root, &u), 0);
    if (u.id != 1 || u.kind != cases[i].kind || (u.kind == UPDATE_MESSAGE && u.media.kind != cases[i].media))
      fail_msg("case %zu: kind %d, media %d", i, (int)u.kind, (int)u.media.kind);
  }
  static const char *const none[] = {"{}", "[]", "{\"update_id\":\"1\"}", "{\"update_id\":-1}", "7"};
  for (size_t i = 0; i < ARRAY_LEN(none); i++) {
    _cleanup_(js_freep) struct js *root = NULL;
    struct update u;
    assert_int_equal(read_json(none[i], &root, &u), ERR_INPUT);
  }
}

static void members(void **state) {
  (void)state;
  _cleanup_(js_freep) struct js *root = NULL;
  struct update u;
  assert_int_equal(read_json("{\"update_id\":77,\"message\":{\"message_id\":5," FROM "," CHAT
                             ",\"video\":{\"file_id\":\"id\",\"file_unique_id\":\"unique\",\"duration\":7,"
                             "\"file_size\":1048576,\"file_name\":\"talk.mp4\",\"mime_type\":\"video/mp4\"}}}",
                             &root, &u),
                   0);
  assert_int_equal(u.id, 77);
  assert_int_equal(u.chat, 42);
  assert_int_equal(u.message, 5);
  assert_string_equal(u.first_name, "Ada");
  assert_string_equal(u.language, "en");
  assert_string_equal(u.media.file_id, "id");
  assert_string_equal(u.media.unique_id, "unique");
  assert_string_equal(u.media.name, "talk.mp4");
  assert_int_equal(u.media.ms, 7000);
  assert_int_equal(u.media.bytes, 1048576);
  /* what is absent, negative or of another type is not told */
  _cleanup_(js_freep) struct js *other = NULL;
  assert_int_equal(read_json("{\"update_id\":78,\"message\":{\"message_id\":5," FROM "," CHAT
                             ",\"audio\":{\"file_id\":\"id\",\"file_unique_id\":\"unique\",\"duration\":-7,"
                             "\"file_size\":\"large\",\"file_name\":\"\"}}}",
                             &other, &u),
                   0);
  assert_int_equal(u.media.ms, -1);
  assert_int_equal(u.media.bytes, -1);
  assert_null(u.media.name);
}

static void documents(void **state) {
  (void)state;
  static const struct {
    const char *mime, *name;
    enum media_kind kind;
  } cases[] = {
      {"video/mp4", NULL, MEDIA_VIDEO},
      {"VIDEO/webm", "x", MEDIA_VIDEO},
      {"audio/flac", "x.pdf", MEDIA_AUDIO},
      {"application/octet-stream", "talk.mov", MEDIA_VIDEO},
      {NULL, "voice.OGG", MEDIA_AUDIO},
      {"application/ogg", "voice.ogg", MEDIA_AUDIO},
      {"application/pdf", "talk.mp4", MEDIA_OTHER},
      {"application/octet-stream", "mp4", MEDIA_OTHER},
      {NULL, NULL, MEDIA_OTHER},
      {NULL, "talk.mp4.exe", MEDIA_OTHER},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++)
    assert_int_equal(media_kind_of(cases[i].mime, cases[i].name), cases[i].kind);
}

static void commands(void **state) {
  (void)state;
  static const struct {
    const char *text, *name, *argument; /* name NULL: none */
  } cases[] = {
      {"/start", "start", ""},
      {"/START", "start", ""},
      {"/status abc", "status", "abc"},
      {"/status   ABC  more", "status", "abc"},
      {"/status_0abc9", "status", "0abc9"},
      {"/status@titr_bot abc", "status", "abc"},
      {"/status@TITR_BOT", "status", ""},
      {"/status_abc@titr_bot", "status", "abc"},
      {"/status@other_bot", NULL, NULL},
      {"/status\nabc", "status", "abc"},
      {"/", NULL, NULL},
      {"/ start", NULL, NULL},
      {"/start!", NULL, NULL},
      {"start", NULL, NULL},
      {"", NULL, NULL},
      {"/abcdefghijklmnopqrstuvwxyzabcdefgh", NULL, NULL},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct command_words w;
    bool is = command_read(cases[i].text, "titr_bot", &w);
    if (is != (cases[i].name != NULL)) fail_msg("\"%s\"", cases[i].text);
    if (!is) continue;
    assert_string_equal(w.name, cases[i].name);
    assert_string_equal(w.argument, cases[i].argument);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(kinds), cmocka_unit_test(members), cmocka_unit_test(documents),
                                     cmocka_unit_test(commands)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
