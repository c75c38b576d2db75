/* titr's own schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "subtitle_text.h"

#define CUES(inside) "{\"titr\":1,\"language\":\"en\",\"cues\":[" inside "]}"

static void reading(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } cases[] = {
      {CUES(""), ""},
      {CUES("{\"start\":1,\"end\":2,\"text\":\"a\\r\\nb\"}"), "1-2 [a\nb]\n"},
      {CUES("{\"start\":1,\"end\":2,\"text\":\"x\",\"id\":\"7\",\"settings\":\"line:0\",\"words\":[]}"),
       "1-2 [x] #7 (line:0)\n"},
      {"{\"report\":{\"cues\":1},\"cues\":[{\"start\":1,\"end\":2,\"text\":\"x\",\"new\":[1]}],\"titr\":1}",
       "1-2 [x]\n"},
      {CUES("{\"start\":1,\"end\":9,\"text\":\"да "
            "ну\",\"words\":[{\"offset\":0,\"length\":4,\"start\":1,\"end\":2,\"probability\":0.5},"
            "{\"offset\":5,\"length\":4,\"start\":3,\"end\":3,\"probability\":7}]}"),
       "1-9 [да ну] да@1-2 ну@3-3\n"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++)
    expect_read(cases[i].text, strlen(cases[i].text), CAPTION_JSON, cases[i].expected);
}

/* A rate that cannot be one is not known; the rest of the file is sound. */
static void rates(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double expected;
  } cases[] = {{"25", 25}, {"23.976", 23.976}, {"0.5", 0.5}, {"0", 0}, {"-25", 0}, {"90000", 0}, {"\"25\"", 0}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct cue_list l = {0};
    struct buf b = BUF_INIT;
    buf_addf(&b, "{\"titr\":1,\"fps\":%s,\"cues\":[]}", cases[i].text);
    assert_int_equal(caption_read(b.data, b.len, "file", &l, NULL, NULL), 0);
    if (l.fps != cases[i].expected) fail_msg("%s: %g", cases[i].text, l.fps);
    buf_release(&b);
    cue_list_release(&l);
  }
}

static void refusals(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"{\"cues\":[]}", "file: titr"},
      {"{\"titr\":2,\"cues\":[]}", "titr"},
      {"{\"titr\":1,\"cues\":{}}", "cues"},
      {"{\"titr\":1,\"cues\":[", "file"},
      {CUES("{\"end\":2,\"text\":\"x\"}"), "file, cue 1: start"},
      {CUES("{\"start\":3,\"end\":2,\"text\":\"x\"}"), "cue 1: end"},
      {CUES("{\"start\":-1,\"end\":2,\"text\":\"x\"}"), "start"},
      {CUES("{\"start\":1,\"end\":2,\"text\":\"x\"},{\"start\":1,\"end\":2}"), "cue 2: text"},
      {CUES("7"), "cue 1"},
      {CUES("{\"start\":1,\"end\":9,\"text\":\"x\",\"words\":[{\"offset\":2,\"length\":0,\"start\":1,\"end\":2,"
            "\"probability\":1}]}"),
       "word 1: offset"},
      {CUES("{\"start\":1,\"end\":9,\"text\":\"x\",\"words\":[{\"offset\":0,\"length\":2,\"start\":1,\"end\":2,"
            "\"probability\":1}]}"),
       "word 1: length"},
      {CUES("{\"start\":1,\"end\":9,\"text\":\"да\",\"words\":[{\"offset\":1,\"length\":2,\"start\":1,\"end\":2,"
            "\"probability\":1}]}"),
       "inside a character"},
      {CUES("{\"start\":1,\"end\":9,\"text\":\"x\",\"words\":[{\"offset\":0,\"length\":1,\"start\":3,\"end\":2,"
            "\"probability\":1}]}"),
       "word 1: end"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) expect_refused(cases[i].text, cases[i].message);
}

static void writing(void **state) {
  (void)state;
  struct cue_list l = {.language = "ru", .fps = 29.97003}, back = {0};
  struct cue *c = cue_list_add(&l, 1000, 2000, "\"a\"\\\n\tб");
  c->words = NEW_ARRAY(struct cue_word, 1);
  c->words[0] = (struct cue_word){0, 3, 1000, 1500, 0.12346F};
  c->word_count = 1;
  struct buf b = BUF_INIT;
  caption_write(&l, CAPTION_JSON, &b);
  assert_int_equal(caption_read(b.data, b.len, "file", &back, NULL, NULL), 0);
  assert_string_equal(back.language, "ru");
  assert_true(back.fps > 29.97002 && back.fps < 29.97004);
  assert_string_equal(back.cues[0].text, c->text);
  assert_null(back.cues[0].id);
  assert_true(back.cues[0].word_count == 1 && back.cues[0].words[0].probability > 0.12344F &&
              back.cues[0].words[0].probability < 0.12356F);
  buf_release(&b);
  cue_list_release(&l);
  cue_list_release(&back);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reading), cmocka_unit_test(rates), cmocka_unit_test(refusals),
                                     cmocka_unit_test(writing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
