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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
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

struct event {
  int64_t start, end;
  int layer;
  bool flat; /* of a box */
  double x, y;
  const char *text; /* to the line's end */
  size_t n;
};

static bool next_event(const char **s, struct event *e) {
  const char *at = strstr(*s, "\nDialogue: ");
  if (!at) return false;
  at += strlen("\nDialogue: ");
  e->layer = (int)strtol(at, NULL, 10);
  const char *comma = strchr(at, ',');
  e->start = centiseconds(comma + 1);
  comma = strchr(comma + 1, ',');
  e->end = centiseconds(comma + 1);
  comma = strchr(comma + 1, ',');
  e->flat = strncmp(comma, ",Flat,", 6) == 0;
  for (int i = 0; i < 6; i++) comma = strchr(comma + 1, ',');
  e->text = comma + 1;
  e->n = strcspn(e->text, "\n");
  assert_int_equal(sscanf(e->text, "{\\pos(%lf,%lf)", &e->x, &e->y), 2);
  *s = e->text;
  return true;
}

/* Without codes, and without the strut that each line begins with. */
static char *plain(const struct event *e) {
  struct buf b = BUF_INIT;
  for (size_t k = 0; k < e->n; k++) {
    if (e->text[k] == '{') k = (size_t)((const char *)memchr(e->text + k, '}', e->n - k) - e->text);
    else buf_addc(&b, e->text[k]);
  }
  assert_true(strncmp(buf_str(&b), "\u00a0", 2) == 0);
  char *rest = x_strdup(b.data + 2);
  buf_release(&b);
  return rest;
}

/* Each coat shows every line of a cue as long as the cue lasts; what is timed inside an event happens in it, in order. */
static void moments(void **state) {
  (void)state;
  static const struct {
    int64_t start, end;
    const char *lines[3];
  } cues[] = {{100, 400, {"one two", "three four"}}, {408, 600, {"no times"}}, {700, 730, {"late words end"}}};
  for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
    struct cue_list l = {0};
    add(&l, 1000, 4000, "one two\nthree four", true);
    add(&l, 4080, 6000, "no times", false);
    add(&l, 7000, 7300, "late words end", true); /* more words than time */
    char *all = script(expected[i], &l, 1920, 1080, CAPTION_BOTTOM);
    const char *s = all;
    struct event e;
    size_t seen[3][3] = {0};
    while (next_event(&s, &e)) {
      _cleanup_(mem_freep) char *text = plain(&e);
      size_t c = 0, line = 0;
      while (c < 2 && cues[c].start != e.start) c++;
      assert_true(e.start == cues[c].start && e.end == cues[c].end);
      while (line < 2 && cues[c].lines[line] && strcmp(cues[c].lines[line], text) != 0) line++;
      if (!cues[c].lines[line]) fail_msg("%s: a line [%s]", expected[i], text);
      seen[c][line]++;
      long before = 0;
      for (const char *t = e.text; (t = strstr(t, "\\t(")) && t < e.text + e.n; t++) {
        char *after;
        long from = strtol(t + 3, &after, 10), to = strtol(after + 1, NULL, 10);
        assert_true(from >= 0 && to >= from && from <= (e.end - e.start) * 10);
        if (e.flat) assert_true(from >= before); /* boxes come one after another */
        before = from;
      }
    }
    for (size_t c = 0; c < 3; c++)
      for (size_t line = 0; cues[c].lines[line]; line++) assert_true(seen[c][line] > 0 && seen[0][0] >= seen[c][line]);
    free(all);
    cue_list_release(&l);
  }
}

/* Codes are only those that the styles write. */
static bool known_code(const char *s, size_t n) {
  static const char *const codes[] = {"pos(", "clip(", "t(", "blur",   "bord",      "xbord",  "ybord",      "fscx",
                                      "fscy", "fsp",   "fs", "1c&H",   "1a&H",      "3c&H",   "3a&H",       "i",
                                      "b",    "u",     "s",  "fnNoto", "fnManrope", "fnPlay", "fnComfortaa"};
  while (n > 0) {
    if (*s != '\\') return false;
    size_t i = 0;
    while (i < ARRAY_LEN(codes) && strncmp(s + 1, codes[i], strlen(codes[i])) != 0) i++;
    if (i == ARRAY_LEN(codes)) return false;
    size_t length = strchr(codes[i], '(') ? (size_t)(strchr(s, ')') - s) + 1 : 1 + strcspn(s + 1, "\\}");
    if (strlen(codes[i]) == 1 && length > 3) return false;
    if (strcmp(codes[i], "pos(") == 0 && s[-1] != '{') return false;
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
      const char *s = all;
      struct event e;
      while (next_event(&s, &e)) {
        const char *text = e.text;
        size_t n = e.n;
        assert_true(e.end <= 500);
        for (size_t p = 0; p < n; p++) {
          assert_true((unsigned char)text[p] >= 0x20);
          if (text[p] == '\\') { /* an escape, or shown as it is */
            p++;
            if (p >= n || !(text[p] == '{' || text[p] == '}' || strncmp(text + p, "\u2060", 3) == 0))
              fail_msg("%s: [%s] made %.*s", expected[k / 2], texts[i], (int)n, text);
          } else if (text[p] == '{') {
            const char *close = memchr(text + p, '}', n - p);
            if (!close || !known_code(text + p + 1, (size_t)(close - text) - p - 1))
              fail_msg("%s: [%s] made %.*s", expected[k / 2], texts[i], (int)n, text);
            if (p > 0 && memmem(text + p, (size_t)(close - text) - p, "\\pos(", 5))
              fail_msg("moved: %.*s", (int)n, text);
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

/* The letters' events, in the script's order. */
static size_t letters(const char *all, struct event *ret, size_t most) {
  size_t n = 0;
  struct event e;
  for (const char *s = all; next_event(&s, &e);)
    if (!e.flat && n < most) ret[n++] = e;
  return n;
}

static double size_of(const char *all) {
  double size = 0;
  assert_int_equal(sscanf(strstr(all, "\nStyle: Text,"), "\nStyle: Text,%*[^,],%lf,", &size), 1);
  return size;
}

static void layout(void **state) {
  (void)state;
  struct event e[64];
  struct cue_list l = {0};
  add(&l, 0, 1000, "first\nsecond", false);
  char *all = script("clean_minimal", &l, 1920, 1080, CAPTION_BOTTOM);
  assert_non_null(strstr(all, "\nPlayResX: 1920\nPlayResY: 1080\n"));
  double hd = size_of(all);
  assert_int_equal(letters(all, e, 64), 4); /* two coats of two lines */
  assert_true(e[1].x == 960 && e[1].y > 800 && e[3].y - e[1].y > hd * 0.7 && e[3].y - e[1].y < hd * 1.3);
  free(all);
  all = script("clean_minimal", &l, 640, 360, CAPTION_TOP);
  assert_float_equal(size_of(all), hd / 3, 0.1); /* everything follows the picture */
  letters(all, e, 64);
  assert_true(e[1].x == 320 && e[1].y < 180);
  free(all);
  all = script("clean_minimal", &l, 1080, 1920, CAPTION_MIDDLE);
  assert_true(size_of(all) == hd && letters(all, e, 64) == 4 && e[1].x == 540);
  free(all);
  cue_list_release(&l);

  add(&l, 0, 1000, "a line of so many wide words that it cannot be shown in one line of an upright picture", false);
  all = script("clean_minimal", &l, 1080, 1920, CAPTION_BOTTOM);
  size_t lines = letters(all, e, 64) / 2;
  assert_true(lines == 3 || lines == 4);
  size_t shortest = 1000, longest = 0;
  for (size_t i = 1; i < 2 * lines; i += 2) {
    _cleanup_(mem_freep) char *text = plain(&e[i]);
    size_t n = strlen(text);
    assert_true(text[0] != ' ' && text[n - 1] != ' ');
    shortest = n < shortest ? n : shortest;
    longest = n > longest ? n : longest;
  }
  assert_true(longest < 2 * shortest); /* even */
  free(all);
  cue_list_release(&l);
}

/* Cues of other files overlap: they stand over each other, and the place is free again afterwards. */
static void overlapping_cues(void **state) {
  (void)state;
  struct event e[64];
  struct cue_list l = {0};
  add(&l, 0, 3000, "one", false);
  add(&l, 1000, 4000, "two\nlines", false);
  add(&l, 2000, 5000, "{\\an8}head", false);
  add(&l, 3500, 5000, "four", false);
  add(&l, 6000, 7000, "five", false);
  char *all = script("clean_minimal", &l, 1920, 1080, CAPTION_BOTTOM);
  assert_int_equal(letters(all, e, 64), 12);
  double one = e[1].y, two = e[3].y, lines = e[5].y, head = e[7].y, four = e[9].y, five = e[11].y;
  assert_true(lines < one - 40 && two < lines - 40 && head < 400);
  assert_true(four == one && five == one);
  free(all);
  cue_list_release(&l);
}

static const char *family(const char *text, const char *language, enum font_face face) {
  enum font_script script = SCRIPT_COUNT;
  for (size_t n; *text && script == SCRIPT_COUNT; text += n) script = font_script_of(utf8_next(text, &n), script);
  return font_find(face, script, language).family;
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
      {"です", "", "Noto Sans CJK JP"},
      {"한국어", "", "Noto Sans CJK KR"},
      {"مرحبا", "ar", "Noto Sans Arabic"},
      {"שלום", "he", "Noto Sans Hebrew"},
      {"नमस्ते", "hi", "Noto Sans Devanagari"},
      {"নমস্কার", "bn", "Noto Sans Bengali"},
      {"สวัสดี", "th", "Noto Sans Thai"},
      {"«…» שלום", "he", "Noto Sans Hebrew"},
      {"", "ja", "Noto Sans"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++)
    assert_string_equal(family(cases[i].text, cases[i].language, FACE_SANS), cases[i].family);
  assert_string_equal(family("abc", "", FACE_ROUND), "Comfortaa");
  assert_string_equal(family("שלום", "he", FACE_SERIF), "Noto Serif Hebrew");
  assert_string_equal(family("ગુજરાતી", "gu", FACE_SERIF), "Noto Sans Gujarati"); /* no serif: the sans */
  assert_int_equal(font_script_of('?', SCRIPT_HAN), SCRIPT_HAN);
  assert_int_equal(font_script_of('?', SCRIPT_HEBREW), SCRIPT_LATIN); /* which Noto Sans Hebrew lacks */
  assert_int_equal(font_script_of(' ', SCRIPT_HEBREW), SCRIPT_HEBREW);
  for (int s = 0; s < SCRIPT_COUNT; s++)
    for (int f = 0; f < FACE_COUNT; f++) {
      struct font font = font_find((enum font_face)f, (enum font_script)s, "");
      assert_true(font.family && font.line > 1 && font.descent < font.line && font.pitch >= font.rise + font.drop);
    }
}

static void letters_of_other_scripts(void **state) {
  (void)state;
  struct cue_list l = {0};
  add(&l, 0, 1000, "Hello там مرحبا", false);
  char *all = script("elegant_serif", &l, 1920, 1080, CAPTION_BOTTOM);
  const char *run = strstr(all, "{\\fnNoto Naskh Arabic\\fs");
  assert_true(run && strstr(run, "\\fsp0.00}\u0645")); /* letters that join are not spaced out */
  free(all);
  cue_list_release(&l);
  add(&l, 0, 1000, "one", false);
  all = script("neon_glow", &l, 1920, 1080, CAPTION_BOTTOM);
  assert_non_null(strstr(all, "Style: Text,Comfortaa,"));
  free(all);
  add(&l, 2000, 3000, "mệt", false); /* which Comfortaa lacks: the whole film is set in one face */
  all = script("neon_glow", &l, 1920, 1080, CAPTION_BOTTOM);
  assert_non_null(strstr(all, "Style: Text,Noto Sans,"));
  assert_null(strstr(all, "Comfortaa"));
  free(all);
  cue_list_release(&l);
}

/* Lines are events of their own: what one opens and does not close goes on in the next. */
static void markup_goes_on(void **state) {
  (void)state;
  struct event e[64];
  struct cue_list l = {0};
  add(&l, 0, 1000, "<i>one\ntwo</i>\nthree", false);
  add(&l, 2000, 3000,
      "a <font color=\"#ff0000\" size=\"12\">line of so many</font> words that it cannot be shown in one line, <b>not "
      "even in a picture that lies on its side</b>",
      false);
  char *all = script("clean_minimal", &l, 1920, 1080, CAPTION_BOTTOM);
  size_t n = letters(all, e, 64);
  assert_true(n >= 10);
  for (size_t i = 0; i < n; i++) {
    _cleanup_(mem_freep) char *code = x_strndup(e[i].text, e[i].n), *text = plain(&e[i]);
    assert_null(strpbrk(text, "<>"));
    if (e[i].start == 0) assert_true(!strstr(code, "{\\i1}") == !strcmp(text, "three"));
  }
  _cleanup_(mem_freep) char *last = x_strndup(e[n - 1].text, e[n - 1].n);
  assert_non_null(strstr(last, "{\\b1}"));
  free(all);
  cue_list_release(&l);
}

/* Each font that a style asks for can be told where to get, and emoji's. */
static void fonts_have_sources(void **state) {
  (void)state;
  struct font_source source;
  for (int face = 0; face <= FACE_COUNT; face++) {
    const char *family = face == FACE_COUNT ? "Symbola" : font_find((enum font_face)face, SCRIPT_LATIN, "").family;
    bool found = false;
    for (size_t i = 0; font_source_at(i, &source); i++)
      found = found || (strcmp(source.family, family) == 0 && strncmp(source.package, "fonts-", 6) == 0);
    if (!found) fail_msg("%s", family);
  }
  assert_false(font_source_at(1000, &source));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(table),
                                     cmocka_unit_test(moments),
                                     cmocka_unit_test(nothing_is_injected),
                                     cmocka_unit_test(layout),
                                     cmocka_unit_test(overlapping_cues),
                                     cmocka_unit_test(fonts),
                                     cmocka_unit_test(fonts_have_sources),
                                     cmocka_unit_test(letters_of_other_scripts),
                                     cmocka_unit_test(markup_goes_on)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
