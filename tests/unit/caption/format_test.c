/* Names, recognition from the content, encodings, refusals and what all formats share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/limits.h"
#include "subtitle_text.h"

static void names(void **state) {
  (void)state;
  static const struct {
    const char *path;
    int expected; /* -1: refused */
  } cases[] = {{"a.srt", CAPTION_SRT},
               {"b/c.VTT", CAPTION_VTT},
               {"x.y.ass", CAPTION_ASS},
               {"x.ssa", CAPTION_ASS},
               {"a.json", CAPTION_JSON},
               {"a.txt", -1},
               {"srt", -1},
               {"a.srt/b", -1},
               {"", -1}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    enum caption_format f;
    struct err e = {0};
    int rc = caption_format_of_name(cases[i].path, &f, &e);
    if (cases[i].expected < 0) assert_true(rc == ERR_USAGE && strstr(e.msg, ".srt"));
    else assert_true(rc == 0 && (int)f == cases[i].expected);
  }
  assert_string_equal(caption_format_suffix(CAPTION_VTT), ".vtt");
}

static void recognition(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    int expected; /* -1: refused */
  } cases[] = {
      {"1\n00:00:01,000 --> 00:00:02,000\nx\n", CAPTION_SRT},
      {"", CAPTION_SRT},
      {"\n \n", CAPTION_SRT},
      {"WEBVTT\n", CAPTION_VTT},
      {"\xEF\xBB\xBFWEBVTT - a title\n\n00:01.000 --> 00:02.000\nx\n", CAPTION_VTT},
      {"[Script Info]\n", CAPTION_ASS},
      {"; a comment\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,,x\n", CAPTION_ASS},
      {"1\n00:00:01,000 --> 00:00:02,000\nsee\n[Events]\n", CAPTION_SRT},
      {"{\"titr\":1,\"cues\":[]}", CAPTION_JSON},
      {"Just some text\nof two lines", -1},
      {"{\"name\":1}", -1},
      {"#EXTM3U\nhttp://example.com/\n", -1},
      {"\x1f\x8b\x08 zipped", -1},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct cue_list l = {0};
    enum caption_format f;
    struct err e = {0};
    int rc = caption_read(cases[i].bytes, strlen(cases[i].bytes), "file", &l, &f, &e);
    if (cases[i].expected < 0 ? rc != ERR_INPUT || !strstr(e.msg, "file is no")
                              : rc != 0 || (int)f != cases[i].expected)
      fail_msg("[%s]: %d %s", cases[i].bytes, rc, e.msg);
    cue_list_release(&l);
  }
}

static void encodings(void **state) {
  (void)state;
  static const char utf16le[] = "\xFF\xFE"
                                "0\0"
                                "0\0"
                                ":\0"
                                "0\0"
                                "1\0"
                                "-\0"
                                "-\0"
                                ">\0"
                                "0\0"
                                "0\0"
                                ":\0"
                                "0\0"
                                "2\0"
                                "\n\0"
                                "\x14\x04\n\0";
  static const char utf16be[] = "\xFE\xFF"
                                "\0"
                                "0"
                                "\0"
                                "0"
                                "\0"
                                ":"
                                "\0"
                                "0"
                                "\0"
                                "1"
                                "\0"
                                "-"
                                "\0"
                                "-"
                                "\0"
                                ">"
                                "\0"
                                "0"
                                "\0"
                                "0"
                                "\0"
                                ":"
                                "\0"
                                "0"
                                "\0"
                                "2"
                                "\0\n\x04\x14";
  static const struct {
    const char *bytes;
    size_t n;
    const char *expected;
  } cases[] = {{utf16le, sizeof utf16le - 1, "1000-2000 [Д]\n"},
               {utf16be, sizeof utf16be - 1, "1000-2000 [Д]\n"},
               {"00:01-->00:02\ncaf\xE9 \x93x\x94", 22, "1000-2000 [café “x”]\n"},
               {"\xEF\xBB\xBF"
                "00:01-->00:02\r\na\r\nb\rc",
                24, "1000-2000 [a\nb\nc]\n"},
               {"0\0000\0:\0000\0001\0-\0-\0>\0000\0000\0:\0000\0002\0\n\0\x3D\xD8x\0\x14", 33,
                "1000-2000 [\xEF\xBF\xBDx\xEF\xBF\xBD]\n"}}; /* no mark, half a pair, half a character */
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) expect_read(cases[i].bytes, cases[i].n, CAPTION_SRT, cases[i].expected);
}

static void no_texts(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
  } cases[] = {{"\0", 1},
               {"\0\0\0\0\0\0", 6},
               {"00:01 --> 00:02\nx\0", 18},
               {"WEBVTT\n\n00:01.000 --> 00:02.000\na\0b\n", 37},
               {"{\"titr\":1,\"cues\":[]}\0", 22},
               {"\xFF\xFE\0\0", 4}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct cue_list l = {0};
    struct err e = {0};
    int rc = caption_read(cases[i].bytes, cases[i].n, "file", &l, NULL, &e);
    if (rc != ERR_INPUT || !strstr(e.msg, "file is no SRT")) fail_msg("case %zu: %d %s", i, rc, e.msg);
  }
}

static void order_and_length(void **state) {
  (void)state;
  static const char text[] = "00:05 --> 00:06\nthird\n\n00:03 --> 00:02\nsecond\n\n00:01 --> 00:01\nfirst\n\n"
                             "00:05 --> 00:05.5\nfourth: the file's order\n";
  expect_read(text, sizeof text - 1, CAPTION_SRT,
              "1000-1001 [first]\n2000-3000 [second]\n5000-6000 [third]\n5000-5500 [fourth: the file's order]\n");
}

static void ceilings(void **state) {
  (void)state;
  struct buf b = BUF_INIT;
  struct cue_list l = {0};
  struct err e = {0};
  buf_adds(&b, "1\n00:00:01,000 --> 00:00:02,000\n");
  for (int i = 0; i < LIMIT_CUE_BYTES; i++) buf_addc(&b, 'x');
  assert_int_equal(caption_read(b.data, b.len, "file", &l, NULL, &e), 0);
  cue_list_release(&l);
  buf_addc(&b, 'x');
  assert_int_equal(caption_read(b.data, b.len, "file", &l, NULL, &e), ERR_INPUT);
  assert_non_null(strstr(e.msg, "file, line 2"));
  buf_clear(&b);
  for (int i = 0; i <= LIMIT_SUBTITLE_CUES; i++) buf_adds(&b, "00:01-->00:02\n\n");
  assert_int_equal(caption_read(b.data, b.len, "file", &l, NULL, &e), ERR_INPUT);
  assert_non_null(strstr(e.msg, "more than 100000 cues"));
  assert_int_equal(caption_read("", LIMIT_SUBTITLE_BYTES + 1UL, "file", &l, NULL, &e), ERR_INPUT);
  assert_int_equal(l.count, 0);
  buf_release(&b);
}

/* One talk through all formats and back. */
static void conversion(void **state) {
  (void)state;
  static const char srt[] = "1\n00:00:01,000 --> 00:00:02,500\n<i>Tom & Jerry</i> {x} a\\b\n- 2 < 3 --> yes\n\n"
                            "2\n01:02:03,450 --> 01:02:04,000\n{\\an8}שלום 👍\n\n";
  struct cue_list l = {0};
  _cleanup_(buf_release) struct buf once = BUF_INIT;
  assert_int_equal(caption_read(srt, sizeof srt - 1, "file", &l, NULL, NULL), 0);
  caption_write(&l, CAPTION_SRT, &once);
  for (int f = CAPTION_VTT; f <= CAPTION_JSON; f++) {
    struct cue_list back = {0};
    _cleanup_(buf_release) struct buf b = BUF_INIT;
    enum caption_format found;
    caption_write(&l, (enum caption_format)f, &b);
    assert_int_equal(caption_read(b.data, b.len, "file", &back, &found, NULL), 0);
    assert_int_equal(found, f);
    expect_written(&back, CAPTION_SRT, once.data);
    cue_list_release(&back);
  }
  cue_list_release(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),     cmocka_unit_test(recognition),      cmocka_unit_test(encodings),
      cmocka_unit_test(no_texts),  cmocka_unit_test(order_and_length), cmocka_unit_test(ceilings),
      cmocka_unit_test(conversion)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
