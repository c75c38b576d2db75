/*
 * Random cues of hostile texts, written and read back: what a format can hold comes back the same, and what was read
 * once is written and read again without any change, whatever the bytes were.
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
#include "caption/format.h"
#include "caption/markup.h"

static uint64_t seed;

static uint32_t rnd(uint32_t below) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 33) % below;
}

/* Whatever means something to one of the formats, and scripts of all kinds. */
static const char *const bits[] = {"word",
                                   "Дом",
                                   "的",
                                   "ไทย",
                                   "שלום",
                                   "مرحبا",
                                   "👩‍👩‍👧",
                                   "e\u0301",
                                   " ",
                                   "  ",
                                   "\n",
                                   "\n\n",
                                   "\t",
                                   "-->",
                                   "--",
                                   ">",
                                   "<",
                                   "&",
                                   "&lt;",
                                   "&amp;",
                                   "&nbsp;",
                                   "&lt;i&gt;",
                                   "<i>",
                                   "</i>",
                                   "<b>",
                                   "</b>",
                                   "<foo>",
                                   "<v Ann>",
                                   "<c.loud>",
                                   "<",
                                   "</",
                                   "i>",
                                   "{",
                                   "}",
                                   "\\",
                                   "\\N",
                                   "\\n",
                                   "\\h",
                                   "{\\an8}",
                                   "{\\b1}",
                                   "\\{",
                                   "1",
                                   "42",
                                   "00:00:01,000 --> 00:00:02,000",
                                   "00:00:01.000",
                                   "<00:00:01.000>",
                                   ":",
                                   ",",
                                   "\"",
                                   "NOTE",
                                   "STYLE",
                                   "WEBVTT",
                                   "[Events]",
                                   "Dialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,,x",
                                   "Format: Text",
                                   "\u200f",
                                   "\u2060",
                                   "\u00a0",
                                   "\ufffd",
                                   ".",
                                   "é",
                                   "{\\p1}",
                                   "-",
                                   "\"cues\"",
                                   "#"};

static char *random_text(unsigned pieces, bool plain) {
  struct buf b = BUF_INIT;
  for (unsigned i = 0; i < pieces; i++) buf_adds(&b, plain ? bits[rnd(8)] : bits[rnd(sizeof bits / sizeof *bits)]);
  buf_adds(&b, "");
  return buf_take(&b);
}

/* Words of the text between its blanks, in order, each later than the one before. */
static void add_words(struct cue *c) {
  size_t n = 0, cap = 0;
  int64_t at = c->start_ms + rnd(2) * rnd(20);
  for (size_t i = 0; c->text[i];) {
    i += strspn(c->text + i, " \n\t");
    size_t length = strcspn(c->text + i, " \n\t");
    if (length == 0) break;
    int64_t until = at + 1 + rnd(200);
    if (until >= c->end_ms) break;
    x_grow(&c->words, &cap, n + 1, sizeof *c->words);
    c->words[n++] = (struct cue_word){i, length, at, until, (float)rnd(10001) / 10000.0F};
    i += length;
    at = until + rnd(2) * rnd(100);
  }
  c->word_count = n;
}

static void random_cues(struct cue_list *l, enum caption_format f) {
  int64_t at = rnd(3) ? 0 : rnd(40000000);
  unsigned count = rnd(6);
  for (unsigned i = 0; i < count; i++) {
    at += rnd(4) * rnd(900);
    int64_t start = f == CAPTION_ASS ? at / 10 * 10 : at, length = 1 + rnd(5000);
    if (f == CAPTION_ASS) length = length / 10 * 10 + 10;
    char *text = random_text(rnd(9), rnd(3) == 0);
    struct cue *c = cue_list_add(l, start, start + length, text);
    free(text);
    if (rnd(3) == 0) c->id = x_asprintf("%s %u", (const char *const[]){"NOTE", "Ann", "STYLE"}[rnd(3)], i);
    if (rnd(3) == 0)
      c->settings = x_strdup(f == CAPTION_ASS ? "Big one,1,2,33,Banner;5" : "align:start position:10%,center");
    if (rnd(2)) add_words(c);
    at = start + 1;
  }
  snprintf(l->language, sizeof l->language, "%s", rnd(2) ? "ru" : "");
}

static char *dump(const struct cue_list *l, bool words, bool names, bool ends) {
  struct buf b = BUF_INIT;
  for (size_t i = 0; i < l->count; i++) {
    const struct cue *c = &l->cues[i];
    buf_addf(&b, "%lld %lld [%s]\n", (long long)c->start_ms, (long long)c->end_ms, c->text);
    if (names) buf_addf(&b, "id %s settings %s\n", c->id ? c->id : "", c->settings ? c->settings : "");
    for (size_t w = 0; words && w < c->word_count; w++) {
      buf_addf(&b, "%zu+%zu %lld", c->words[w].offset, c->words[w].length, (long long)c->words[w].start_ms);
      if (ends) buf_addf(&b, "-%lld %.4f", (long long)c->words[w].end_ms, (double)c->words[w].probability);
      buf_addc(&b, '\n');
    }
  }
  buf_adds(&b, "");
  return buf_take(&b);
}

static void read_back(const struct cue_list *l, enum caption_format f, struct cue_list *ret) {
  struct buf b = BUF_INIT;
  struct err e = {0};
  enum caption_format was;
  caption_write(l, f, &b);
  assert_true(utf8_valid(buf_str(&b), b.len));
  if (caption_read(buf_str(&b), b.len, "test", ret, &was, &e) < 0) fail_msg("%s in:\n%s", e.msg, b.data);
  assert_int_equal(was, f);
  buf_release(&b);
}

/* A text as the format can hold it: see format.h. */
static void reduce(char *text, enum caption_format f) {
  char *to = text;
  for (char *line = text;; line++) {
    size_t n = strcspn(line, "\n");
    bool blank = f == CAPTION_SRT && strspn(line, " \t") == n;
    bool marked = n == 2 && memcmp(line, "\u00a0", 2) == 0 && (f == CAPTION_SRT || f == CAPTION_VTT);
    if (!blank && !marked) {
      memmove(to, line, n);
      to += n;
    }
    line += n;
    if (!*line) break;
    *to++ = '\n';
  }
  *to = '\0';
}

/* ASS has no tags for voices and classes. */
static bool without_other_tags(char *text) {
  bool found = false;
  for (char *s = text; *s;) {
    struct markup m;
    if (markup_at(s, strlen(s), &m) && m.kind == MARKUP_OTHER) {
      memmove(s, s + m.length, strlen(s + m.length) + 1);
      s = text; /* what is left and right of it may make another */
      found = true;
    } else {
      s++;
    }
  }
  return found;
}

static void a_list_comes_back(enum caption_format f, bool words, bool names, bool ends) {
  for (unsigned round = 0; round < 6000; round++) {
    seed = 0x9E3779B97F4A7C15ULL * (round + 1) + f;
    for (int warm = 0; warm < 4; warm++) rnd(2);
    struct cue_list l = {0}, back = {0};
    random_cues(&l, f);
    for (size_t i = 0; i < l.count; i++) {
      if (f == CAPTION_ASS && without_other_tags(l.cues[i].text)) l.cues[i].word_count = 0;
      reduce(l.cues[i].text, f);
      if (f == CAPTION_JSON) continue;
      /* Offsets hold for the text as it was made; word times in a text that changed or that has tags are another test's. */
      if (f == CAPTION_VTT && strpbrk(l.cues[i].text, "<{\u00a0")) l.cues[i].word_count = 0;
    }
    read_back(&l, f, &back);
    char *before = dump(&l, words && f != CAPTION_VTT, names, ends),
         *after = dump(&back, words && f != CAPTION_VTT, names, ends);
    assert_string_equal(before, after);
    free(before);
    free(after);
    if (f == CAPTION_VTT || f == CAPTION_JSON) assert_string_equal(l.language, back.language);
    cue_list_release(&l);
    cue_list_release(&back);
  }
}

static void srt(void **state) {
  (void)state;
  a_list_comes_back(CAPTION_SRT, false, false, false);
}

static void vtt(void **state) {
  (void)state;
  a_list_comes_back(CAPTION_VTT, false, true, false);
}

static void ass(void **state) {
  (void)state;
  a_list_comes_back(CAPTION_ASS, false, true, false);
}

static void json(void **state) {
  (void)state;
  a_list_comes_back(CAPTION_JSON, true, true, true);
}

/* Plain words with their times: WebVTT keeps every start. */
static void vtt_words(void **state) {
  (void)state;
  for (unsigned round = 0; round < 3000; round++) {
    seed = 0xD1B54A32D192ED03ULL * (round + 1);
    struct cue_list l = {0}, back = {0};
    int64_t start = rnd(100000);
    struct buf b = BUF_INIT;
    unsigned count = 1 + rnd(8);
    for (unsigned i = 0; i < count; i++) buf_addf(&b, "%s%s", i == 0 ? "" : rnd(4) ? " " : "\n", bits[rnd(7)]);
    struct cue *c = cue_list_add(&l, start, start + 5000, b.data);
    add_words(c);
    bool whole = c->word_count == count; /* add_words() stops where the cue ends: the rest is the last word's */
    read_back(&l, CAPTION_VTT, &back);
    if (whole && (count > 1 || c->words[0].start_ms > start)) {
      char *before = dump(&l, true, true, false), *after = dump(&back, true, true, false);
      assert_string_equal(before, after);
      free(before);
      free(after);
    }
    buf_release(&b);
    cue_list_release(&l);
    cue_list_release(&back);
  }
}

/* Any text at all that is read in one of the formats. */
static void what_was_read_stays(void **state) {
  (void)state;
  static const char *const heads[] = {"", "WEBVTT\n\n", "[Script Info]\n\n[Events]\nFormat: Start, End, Text\n",
                                      "WEBVTT x\nLanguage: de\n\n"};
  static const char *const starts[] = {"1\n00:00:01,000 --> 00:00:02,500\n", "00:01.5 --> 00:02.5 align:start\n",
                                       "Dialogue: 0:00:01.00,0:00:02.00,",
                                       "\n00:00:01.000 --> 00:00:01.000\n<00:00:01.200>"};
  unsigned taken = 0;
  for (unsigned round = 0; round < 12000; round++) {
    seed = 0x94D049BB133111EBULL * (round + 1);
    for (int warm = 0; warm < 4; warm++) rnd(2);
    struct buf b = BUF_INIT;
    size_t kind = rnd(4);
    buf_adds(&b, heads[kind]);
    for (unsigned i = rnd(6); i > 0; i--) {
      char *text = random_text(rnd(8), false);
      buf_addf(&b, "%s%s%s", starts[rnd(5) ? (kind == 3 ? 1 : kind) : rnd(4)], text, rnd(5) ? "\n\n" : "\r\n");
      free(text);
    }
    buf_adds(&b, "");
    struct cue_list first = {0}, second = {0};
    enum caption_format f;
    if (caption_read(b.data, b.len, "test", &first, &f, NULL) == 0) {
      read_back(&first, f, &second);
      bool names = f == CAPTION_VTT || f == CAPTION_ASS;
      char *before = dump(&first, f == CAPTION_VTT, names, false),
           *after = dump(&second, f == CAPTION_VTT, names, false);
      if (strcmp(before, after) != 0)
        fail_msg("round %u\n%s\nread as\n%s\nand then as\n%s", round, b.data, before, after);
      free(before);
      free(after);
      taken++;
    }
    buf_release(&b);
    cue_list_release(&first);
    cue_list_release(&second);
  }
  assert_true(taken > 6000);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(srt),       cmocka_unit_test(vtt),
                                     cmocka_unit_test(ass),       cmocka_unit_test(json),
                                     cmocka_unit_test(vtt_words), cmocka_unit_test(what_was_read_stays)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
