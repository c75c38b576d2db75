/*
 * What every script must hold whatever the style, the text and the picture: events inside their cues, words one after
 * another, nothing of the text that libass could take for a code, sizes that follow the picture. How it looks is
 * for the pictures in tests/golden/styles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caption/fonts.h"
#include "caption/style.h"

static const char *const expected[] = {"modern_bold",   "neon_glow",   "clean_minimal", "gaming_style",
                                       "elegant_serif", "retro_wave",  "social_media",  "cinematic",
                                       "karaoke_color", "karaoke_box", "karaoke_pop",   "karaoke_states"};

static void table(void **state) {
  (void)state;
  const struct caption_style *s;
  size_t following = 0;
  for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
    assert_int_equal(caption_style_find(expected[i], &s, NULL), 0);
    assert_string_equal(caption_style_name(s), expected[i]);
    assert_true(strlen(caption_style_about(s)) > 10);
    assert_ptr_equal(caption_style_at(i), s);
    following += caption_style_follows_words(s);
  }
  assert_int_equal(following, 4);
  assert_null(caption_style_at(ARRAY_LEN(expected)));
  assert_int_equal(caption_style_find(CAPTION_STYLE_DEFAULT, &s, NULL), 0);
  struct err e = {0};
  assert_int_equal(caption_style_find("neon", &s, &e), ERR_USAGE);
  assert_non_null(strstr(e.msg, "neon_glow"));
  assert_int_equal(caption_style_find("zzz", &s, &e), ERR_USAGE);
}

static char *script(const char *style, const struct cue_list *l, int width, int height, enum caption_position at) {
  const struct caption_style *s;
  struct buf b = BUF_INIT;
  assert_int_equal(caption_style_find(style, &s, NULL), 0);
  caption_style_script(s, l, width, height, at, &b);
  return buf_take(&b);
}

static void add(struct cue_list *l, int64_t start, int64_t end, const char *text, bool words) {
  struct cue *c = cue_list_add(l, start, end, text);
  size_t cap = 0;
  for (size_t i = 0; words && text[i]; i += strspn(text + i, " \n")) {
    size_t n = strcspn(text + i, " \n");
    x_grow(&c->words, &cap, c->word_count + 1, sizeof *c->words);
    int64_t from = start + 100 + (int64_t)c->word_count * 400;
    c->words[c->word_count++] = (struct cue_word){i, n, from, from + 300, 1};
    i += n;
  }
}

static int64_t centiseconds(const char *s) {
  int h, m, sec, cs;
  assert_int_equal(sscanf(s, "%d:%d:%d.%d", &h, &m, &sec, &cs), 4);
  return ((h * 60LL + m) * 60 + sec) * 100 + cs;
}

/* The next event after *s: its times, layer and text (to the line's end). */
static bool next_event(const char **s, int64_t *start, int64_t *end, int *layer, const char **text, size_t *n) {
  const char *at = strstr(*s, "\nDialogue: ");
  if (!at) return false;
  at += strlen("\nDialogue: ");
  *layer = atoi(at);
  const char *comma = strchr(at, ',');
  *start = centiseconds(comma + 1);
  comma = strchr(comma + 1, ',');
  *end = centiseconds(comma + 1);
  for (int i = 0; i < 7; i++) comma = strchr(comma + 1, ',');
  *text = comma + 1;
  *n = strcspn(*text, "\n");
  *s = *text;
  return true;
}

/* Every moment of a cue is shown once on the upper layer, and each time its whole text. */
static void moments(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
    struct cue_list l = {0};
    add(&l, 1000, 4000, "one two\nthree four", true);
    add(&l, 4080, 6000, "no times", false);
    add(&l, 7000, 7300, "late words end", true); /* more words than time */
    char *all = script(expected[i], &l, 1920, 1080, CAPTION_BOTTOM);
    const char *s = all, *text;
    int64_t start, end, at = 100, covered = 0;
    size_t n;
    int layer;
    while (next_event(&s, &start, &end, &layer, &text, &n)) {
      if (layer == 0) continue;
      assert_true(start < end && start >= at);
      covered += end - start;
      at = end;
      _cleanup_(buf_release) struct buf plain = BUF_INIT;
      for (size_t k = 0; k < n; k++) {
        if (text[k] == '{') k = (size_t)((const char *)memchr(text + k, '}', n - k) - text);
        else buf_addc(&plain, text[k]);
      }
      assert_string_equal(buf_str(&plain), start < 400   ? "one two\\Nthree four"
                                           : start < 600 ? "no times"
                                                         : "late words end");
    }
    assert_int_equal(at, 730);
    assert_int_equal(covered, 300 + 192 + 30);
    free(all);
    cue_list_release(&l);
  }
}

/* Codes are only those that the styles write. */
static bool known_code(const char *s, size_t n) {
  static const char *const codes[] = {"blur", "alpha&H", "1c&H",  "1a&H",  "3a&H",  "t(0,",   "fscx",
                                      "fscy", "xbord",   "ybord", "xshad", "yshad", "fnNoto", "fs",
                                      "i1",   "i0",      "b1",    "b0",    "an8"};
  while (n > 0) {
    if (*s != '\\') return false;
    size_t i = 0;
    while (i < ARRAY_LEN(codes) && strncmp(s + 1, codes[i], strlen(codes[i])) != 0) i++;
    if (i == ARRAY_LEN(codes)) return false;
    size_t length = s[1] == 't' ? (size_t)(strchr(s, ')') - s) + 1 : 1 + strcspn(s + 1, "\\}");
    s += length;
    n -= length;
  }
  return true;
}

static void nothing_is_injected(void **state) {
  (void)state;
  static const char *const texts[] = {"{\\b1}x",
                                      "{\\fs400}{\\pos(0,0)}x",
                                      "a\\Nb\\nc\\hd",
                                      "\\{\\i1}",
                                      "{",
                                      "}",
                                      "{}",
                                      "\\",
                                      "x\\\n{\\c&H0000FF&}",
                                      "{\\an8}{\\an10}{\\p1}m 0 0",
                                      "a\rDialogue: 0,0:00:00.00,0:00:09.00,Text,,0,0,0,,b",
                                      "<i>a</i>{\\an8}",
                                      "\x01\x1b[31m",
                                      "\\\u2060{\\b1}",
                                      "<b>{\\r}</b>\\"};
  for (size_t i = 0; i < ARRAY_LEN(texts); i++)
    for (size_t k = 0; k < 2 * ARRAY_LEN(expected); k++) {
      struct cue_list l = {0};
      add(&l, 0, 5000, texts[i], k % 2);
      char *all = script(expected[k / 2], &l, 1920, 1080, CAPTION_BOTTOM);
      const char *s = all, *text;
      int64_t start, end;
      size_t n;
      int layer;
      while (next_event(&s, &start, &end, &layer, &text, &n)) {
        assert_true(end <= 500);
        for (size_t p = 0; p < n; p++) {
          assert_true((unsigned char)text[p] >= 0x20);
          if (text[p] == '\\') { /* an escape, or shown as it is */
            p++;
            if (p >= n || !(text[p] == 'N' || text[p] == '{' || text[p] == '}' || strncmp(text + p, "\u2060", 3) == 0))
              fail_msg("%s: [%s] made %.*s", expected[k / 2], texts[i], (int)n, text);
          } else if (text[p] == '{') {
            const char *close = memchr(text + p, '}', n - p);
            if (!close || !known_code(text + p + 1, (size_t)(close - text) - p - 1))
              fail_msg("%s: [%s] made %.*s", expected[k / 2], texts[i], (int)n, text);
            p = (size_t)(close - text);
          } else {
            assert_true(text[p] != '}');
          }
        }
      }
      free(all);
      cue_list_release(&l);
    }
}

/* Font size, margin and alignment of the style "Text". */
static void layout_of(const char *all, double *size, int *alignment, int *side, int *vertical) {
  char font[64], rest[256];
  const char *s = strstr(all, "\nStyle: Text,");
  assert_non_null(s);
  assert_int_equal(sscanf(s, "\nStyle: Text,%63[^,],%lf,%255[^\n]", font, size, rest), 3);
  const char *field = rest;
  for (int i = 0; i < 15; i++) field = strchr(field, ',') + 1; /* Colours … Shadow */
  assert_int_equal(sscanf(field, "%d,%d,%*d,%d", alignment, side, vertical), 3);
}

static void layout(void **state) {
  (void)state;
  struct cue_list l = {0};
  add(&l, 0, 1000, "short", false);
  double hd, small, upright, crowded;
  int alignment, side, vertical;
  char *all = script("modern_bold", &l, 1920, 1080, CAPTION_BOTTOM);
  assert_non_null(strstr(all, "\nPlayResX: 1920\nPlayResY: 1080\n"));
  layout_of(all, &hd, &alignment, &side, &vertical);
  assert_true(alignment == 2 && side == 96 && vertical >= 54);
  free(all);
  all = script("modern_bold", &l, 640, 360, CAPTION_TOP);
  layout_of(all, &small, &alignment, &side, &vertical);
  assert_true(alignment == 8 && side == 32 && vertical >= 18 && small > hd / 3 - 0.2 && small < hd / 3 + 0.2);
  free(all);
  all = script("modern_bold", &l, 1080, 1920, CAPTION_MIDDLE);
  layout_of(all, &upright, &alignment, &side, &vertical);
  assert_true(alignment == 5 && side == 54 && upright == hd);
  free(all);
  all = script("modern_bold", &l, 1080, 1920, CAPTION_BOTTOM);
  layout_of(all, &upright, &alignment, &side, &vertical);
  assert_true(vertical >= 384); /* clear of the lowest fifth */
  free(all);
  add(&l, 1000, 2000, "a line of so many wide words that it needs smaller letters", false);
  all = script("modern_bold", &l, 1080, 1920, CAPTION_BOTTOM);
  layout_of(all, &crowded, &alignment, &side, &vertical);
  assert_true(crowded < upright && crowded >= 0.69 * upright);
  free(all);
  cue_list_release(&l);
}

static void fonts(void **state) {
  (void)state;
  static const struct {
    const char *text, *language, *family;
  } cases[] = {
      {"Hello", "", "Noto Sans"},
      {"Привет, world", "ru", "Noto Sans"},
      {"你好", "zh", "Noto Sans CJK SC"},
      {"你好", "zh-TW", "Noto Sans CJK TC"},
      {"你好", "yue", "Noto Sans CJK HK"},
      {"東京", "ja", "Noto Sans CJK JP"},
      {"東京です", "", "Noto Sans CJK JP"},
      {"한국어 漢字", "", "Noto Sans CJK KR"},
      {"مرحبا", "ar", "Noto Sans Arabic"},
      {"שלום", "he", "Noto Sans Hebrew"},
      {"नमस्ते", "hi", "Noto Sans Devanagari"},
      {"নমস্কার", "bn", "Noto Sans Bengali"},
      {"สวัสดี", "th", "Noto Sans Thai"},
      {"", "ja", "Noto Sans"},
      {"42 … !", "he", "Noto Sans"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++)
    assert_string_equal(font_for(cases[i].text, cases[i].language, FACE_SANS)->family, cases[i].family);
  assert_string_equal(font_for("abc", "", FACE_SERIF)->family, "Noto Serif");
  const struct font *japanese = font_for("東京です", "ja", FACE_SANS), *hebrew = font_for("שלום", "he", FACE_SANS);
  assert_ptr_equal(font_of('a', japanese, FACE_SANS), japanese);
  assert_ptr_equal(font_of(0xAC00, japanese, FACE_SANS), japanese);
  assert_string_equal(font_of('?', hebrew, FACE_SANS)->family, "Noto Sans"); /* which Noto Sans Hebrew lacks */
  assert_null(font_of(' ', hebrew, FACE_SANS));
  struct cue_list l = {0};
  add(&l, 0, 1000, "Hello там مرحبا", false);
  char *all = script("cinematic", &l, 1920, 1080, CAPTION_BOTTOM);
  const char *run = strstr(all, "{\\fnNoto Naskh Arabic\\fs");
  assert_true(run && strstr(run, "\\fsp0.00}\u0645")); /* letters that join are not spaced out */
  free(all);
  cue_list_release(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(moments),
                                     cmocka_unit_test(nothing_is_injected), cmocka_unit_test(layout),
                                     cmocka_unit_test(fonts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
