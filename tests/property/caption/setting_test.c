/*
 * Random transcripts in every language, profile and shape: what must hold of their cues whatever was said.
 * "Speech" is made of the language's own function words and some content words at a talker's pace; "noise" is
 * anything: words of a thousand bytes, no time at all, overlaps, white space, emoji, cut UTF-8.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "caption/icu.h"
#include "caption/language.h"
#include "caption/setting.h"

static uint64_t seed;

static uint32_t rnd(uint32_t below) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 33) % below;
}

static const struct {
  const char *code;
  const char *content;
} vocabularies[] = {
    {"en", "house river remembered Wednesday extraordinary blue cat understanding music wrote people"},
    {"ru", "дом река вспоминает среда необыкновенно синий кот понимание музыка писатель люди"},
    {"es", "casa río recuerda miércoles extraordinario azul gato entendimiento música escribe gente"},
    {"fr", "maison rivière mercredi extraordinaire bleu chat compréhension musique écrit gens"},
    {"de", "Haus Fluss erinnert Mittwoch außergewöhnlich blau Katze Verständnis Musik schreibt Menschen"},
    {"it", "casa fiume ricorda mercoledì straordinario azzurro gatto comprensione musica scrive gente"},
    {"ko", "집 강물 기억합니다 수요일 특별한 고양이 음악을 사람들이"},
    {"ar", "بيت نهر الأربعاء استثنائي أزرق قطة موسيقى الناس"},
    {"he", "בית נהר זוכר רביעי יוצא כחול חתול מוזיקה אנשים"},
    {"hi", "घर नदी याद बुधवार असाधारण नीला बिल्ली संगीत लोग"},
    {"pt", "casa rio lembra quarta extraordinário azul gato música gente"},
    {"ja", "東京 本屋 子供たち 行きました とても 美しい 音楽 です"},
    {"zh", "我们 人工智能 故事 分享 医院 工作 音乐 的 很多人"},
    {"th", "วันนี้ อากาศ ดีมาก เดินทาง ประเทศไทย ดนตรี"},
    {"", "foo bar baz quux"},
};

static size_t pick(const char *words, char *out, size_t size) {
  size_t count = 1;
  for (const char *s = words; *s; s++) count += *s == ' ';
  for (size_t skip = rnd((uint32_t)count); skip > 0; words++) skip -= *words == ' ';
  size_t n = strcspn(words, " ");
  snprintf(out, size, "%.*s", (int)n, words);
  return n;
}

/* At most two function words in a row, then a content word: so that a good break is never far. */
static void speak(struct transcript *t, size_t v, size_t count) {
  const struct language_table *table = language_table_find(vocabularies[v].code);
  bool unspaced = table && table->unspaced;
  double now = rnd(3000) / 1000.0;
  unsigned functions = 0;
  for (size_t i = 0; i < count; i++) {
    char word[160];
    unsigned rows = 0;
    while (table && table->words && table->words[rows].words) rows++;
    const struct language_words *row = rows ? &table->words[rnd(rows)] : NULL;
    bool function = row && row->classes & WORD_FUNCTION && functions < 2 && i + 1 < count && rnd(2);
    functions = function ? functions + 1 : 0;
    size_t n = pick(function ? row->words : vocabularies[v].content, word, sizeof word - 2);
    if (!function && rnd(5) == 0) snprintf(word + n, 2, "%c", ",.?;.,"[rnd(6)]);
    double length = 0.12 + 0.06 * (double)utf8_count(word) * (0.8 + rnd(400) / 1000.0);
    transcript_add(t, word, now, now + length, 0.9F, !unspaced && i > 0, rnd(30) == 0);
    now += length + (ispunct((unsigned char)word[strlen(word) - 1]) ? rnd(700) / 1000.0 : rnd(30) == 0 ? 0.5 : 0);
  }
  t->duration = rnd(2) ? now + rnd(2000) / 1000.0 : 0;
}

static void babble(struct transcript *t, size_t count) {
  static const char *const bits[] = {
      "a",    "word",       "Дом",  "的",   "カ",    "ไทย",   "शब्द", "👩‍👩‍👧",
      "é",    "—",          "-",    "«",    "»",     "(",     ".",   "…",
      "\xff", "\n",         " ",    "\t",   "1",     "IP-",   "l'",  "--",
      "?!",   "ab\xe2\x82", "🙂", "שלום", "مرحبا", "\u200f"};
  double now = rnd(2) ? 0 : rnd(100000) / 10.0;
  unsigned pace = rnd(4);
  for (size_t i = 0; i < count; i++) {
    struct buf word = BUF_INIT;
    unsigned pieces = rnd(20) == 0 ? rnd(200) : rnd(4);
    for (unsigned k = 0; k < pieces && word.len < 900; k++) buf_adds(&word, bits[rnd(sizeof bits / sizeof *bits)]);
    double length = pace == 0 ? 0 : rnd(pace == 1 ? 50 : 1000) / 1000.0;
    if (rnd(50) == 0) length = rnd(20);
    transcript_add(t, buf_str(&word), now, now + length, 1, rnd(4) != 0, rnd(10) == 0);
    buf_release(&word);
    now += rnd(5) == 0 ? length / 2 : length; /* overlaps */
    if (rnd(20) == 0) now += rnd(5000) / 1000.0;
  }
  t->duration = rnd(3) ? now : 0;
}

static char *without_blanks(const char *s, size_t n, struct buf *out) {
  for (size_t i = 0, len; i < n; i += len)
    if (!icu_is_blank(utf8_next(s + i, &len))) buf_add(out, s + i, len);
  return out->data;
}

static double columns(const struct caption_profile *p, const char *s, size_t n) {
  double sum = 0;
  for (size_t i = 0, len; i < n; i += len) sum += icu_width(utf8_next(s + i, &len)) * (p->half_columns ? 0.5 : 1);
  return sum;
}

static const char *context = "";

#define HOLDS(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) fail_msg("%s: cue %zu [%s]: %s", context, k, c->text, #condition);                               \
  } while (0)

static void check_text(const struct caption_profile *p, const struct cue *c, size_t k, struct buf *said) {
  int lines = 1;
  for (const char *s = c->text; *s;) {
    size_t n = strcspn(s, "\n");
    HOLDS(n > 0 && s[0] != ' ' && s[n - 1] != ' ');
    HOLDS(columns(p, s, n) <= p->max_line_chars);
    s += n;
    if (*s == '\n') {
      lines++;
      HOLDS(*++s);
    }
  }
  HOLDS(lines <= p->max_lines);
  HOLDS(c->word_count > 0 && c->words);
  HOLDS(p->max_words == 0 || c->word_count <= (size_t)p->max_words);
  size_t at = 0, length = strlen(c->text);
  for (size_t w = 0; w < c->word_count; w++) {
    const struct cue_word *x = &c->words[w];
    HOLDS(x->offset >= at && x->offset - at <= 1 && x->length > 0 && x->offset + x->length <= length);
    if (x->offset > at) HOLDS(w > 0 && (c->text[at] == ' ' || c->text[at] == '\n'));
    buf_add(said, c->text + x->offset, x->length);
    at = x->offset + x->length;
    HOLDS(x->start_ms >= c->start_ms && x->end_ms <= c->end_ms && x->start_ms <= x->end_ms);
    HOLDS(w == 0 || x->start_ms >= c->words[w - 1].start_ms);
  }
  HOLDS(at == length);
}

static void check_times(const struct caption_profile *p, const struct cue_list *l, size_t k, bool shots,
                        double duration) {
  const struct cue *c = &l->cues[k], *next = k + 1 < l->count ? c + 1 : NULL;
  int64_t length = c->end_ms - c->start_ms;
  HOLDS(c->start_ms >= 0 && length >= p->min_ms && length <= p->max_ms);
  double frame = 1000 / p->fps, gap = next ? (double)(next->start_ms - c->end_ms) : 1e9;
  HOLDS(gap >= p->min_gap_frames * frame - 1e-6);
  HOLDS(gap <= ceil(p->min_gap_frames * frame) + 1e-6 || gap >= (p->close_gap_frames + 1) * frame - 1e-6);
  double read = columns(p, c->text, strlen(c->text)) / (double)length * 1000;
  if (read <= p->max_cps + 0.01 || shots || (!next && duration > 0)) return;
  /* Too fast: then it stays as long as the speech and the next cue allow. */
  HOLDS(gap <= ceil(p->min_gap_frames * frame) + 1 || length == p->max_ms ||
        c->end_ms - c->words[c->word_count - 1].end_ms >= p->linger_ms);
}

struct shown { /* one word of all cues */
  const struct cue *cue;
  const struct cue_word *word;
  bool last_of_line;
};

static enum break_kind kind_after(const struct language *language, const struct shown *x) {
  struct word_facts a, b;
  language_describe(language, x[0].cue->text + x[0].word->offset, x[0].word->length, &a);
  language_describe(language, x[1].cue->text + x[1].word->offset, x[1].word->length, &b);
  return language_break(language, &a, &b, false);
}

/* No function word ends a line, unless the words that must stay together are more than a line or a cue holds. */
static void check_ends(const struct language *language, const struct caption_profile *p, const struct cue_list *l) {
  size_t count = 0, at = 0;
  for (size_t k = 0; k < l->count; k++) count += l->cues[k].word_count;
  struct shown *all = calloc(count + 1, sizeof *all);
  for (size_t k = 0; k < l->count; k++)
    for (size_t w = 0; w < l->cues[k].word_count; w++) {
      const struct cue *c = &l->cues[k];
      const struct cue_word *x = &c->words[w];
      all[at++] = (struct shown){c, x, c->text[x->offset + x->length] != ' '};
    }
  for (size_t i = 0; i + 1 < count; i++) {
    if (!all[i].last_of_line || kind_after(language, &all[i]) < BREAK_LOOSE) continue;
    size_t from = i, to = i + 1;
    while (from > 0 && kind_after(language, &all[from - 1]) >= BREAK_NAME) from--;
    while (to + 1 < count && kind_after(language, &all[to]) >= BREAK_NAME) to++;
    double width = (double)(to - from);
    for (size_t w = from; w <= to; w++)
      width += columns(p, all[w].cue->text + all[w].word->offset, all[w].word->length);
    const struct cue *c = all[i].cue;
    size_t k = (size_t)(c - l->cues);
    HOLDS(width > p->max_line_chars || (p->max_words && to - from + 1 > (size_t)p->max_words));
  }
  free(all);
}

/* At a talker's pace hardly a cue waits for the one before it, nor comes early but to close a gap or because the media
 * ends. */
static void check_starts(const struct caption_profile *p, const struct transcript *t, const struct cue_list *l) {
  size_t word = 0;
  for (size_t k = 0; k < l->count; word += l->cues[k++].word_count) {
    const struct cue *c = &l->cues[k];
    assert_true(word < t->count);
    int64_t early = llround(t->words[word].start * 1000) - c->start_ms;
    HOLDS(early >= -100);
    HOLDS(early <= 0 || early <= (p->close_gap_frames + 1) * 1000 / p->fps || (k + 1 == l->count && t->duration > 0));
  }
}

static void check_all(const struct transcript *t, const struct caption_profile *p, const double *shots,
                      size_t shot_count, bool speech) {
  struct cue_list l = {0};
  caption_set(t, p, shots, shot_count, &l);
  struct buf spoken = BUF_INIT, shown = BUF_INIT;
  for (size_t i = 0; i < t->count; i++) without_blanks(t->words[i].text, strlen(t->words[i].text), &spoken);
  struct language *language = language_open(t->language);
  for (size_t k = 0; k < l.count; k++) {
    check_text(p, &l.cues[k], k, &shown);
    check_times(p, &l, k, shot_count > 0, t->duration);
  }
  if (speech && !language_is_unspaced(language)) check_ends(language, p, &l);
  if (speech && !language_is_unspaced(language) && shot_count == 0) check_starts(p, t, &l);
  assert_string_equal(buf_str(&spoken), buf_str(&shown));
  assert_string_equal(l.language, t->language);
  language_free(language);
  buf_release(&spoken);
  buf_release(&shown);
  cue_list_release(&l);
}

static void run(unsigned rounds, bool speech) {
  static const double rates[] = {23.976, 24, 25, 29.97, 30, 50, 59.94, 60, 0};
  for (unsigned round = 0; round < rounds; round++) {
    seed = 0x9E3779B97F4A7C15ULL * (round + 1) + speech;
    for (int warm = 0; warm < 4; warm++) rnd(2);
    size_t v = rnd(sizeof vocabularies / sizeof *vocabularies);
    const char *name = caption_profile_names()[rnd(3)];
    struct caption_profile p;
    assert_int_equal(0, caption_profile_find(name, vocabularies[v].code, rnd(2), rates[rnd(9)], &p, NULL));
    char title[80];
    snprintf(title, sizeof title, "round %u %s %s %s", round, speech ? "speech" : "noise", vocabularies[v].code, name);
    context = title;
    struct transcript t = {0};
    snprintf(t.language, sizeof t.language, "%s", vocabularies[v].code);
    if (speech) speak(&t, v, 1 + rnd(120));
    else babble(&t, rnd(80));
    double shots[40];
    size_t shot_count = rnd(3) ? 0 : rnd(40);
    for (size_t i = 0; i < shot_count; i++)
      shots[i] = (i ? shots[i - 1] : 0) + (rnd(4) ? rnd(6000) : rnd(300)) / 1000.0;
    check_all(&t, &p, shots, shot_count, speech);
    transcript_release(&t);
  }
}

static void test_speech(void **state) {
  (void)state;
  run(4000, true);
}

static void test_noise(void **state) {
  (void)state;
  run(4000, false);
}

static void test_lines_of_any_text(void **state) {
  (void)state;
  for (unsigned round = 0; round < 3000; round++) {
    seed = 77 + round;
    struct caption_profile p;
    size_t v = rnd(sizeof vocabularies / sizeof *vocabularies);
    caption_profile_find("netflix", vocabularies[v].code, rnd(2), 25, &p, NULL);
    struct transcript t = {0};
    babble(&t, rnd(30));
    struct buf text = BUF_INIT, before = BUF_INIT, after = BUF_INIT;
    for (size_t i = 0; i < t.count; i++) {
      if (i) buf_addc(&text, rnd(3) ? ' ' : '\n');
      buf_adds(&text, t.words[i].text);
    }
    char *lines = caption_break_lines(buf_str(&text), vocabularies[v].code, &p);
    without_blanks(buf_str(&text), text.len, &before);
    without_blanks(lines, strlen(lines), &after);
    assert_string_equal(buf_str(&before), buf_str(&after));
    double longest = 0;
    for (const char *s = lines; *s; s += *s == '\n') {
      size_t n = strcspn(s, "\n");
      double c = columns(&p, s, n);
      if (c > longest) longest = c;
      s += n;
    }
    assert_true(longest <= p.max_line_chars);
    free(lines);
    buf_release(&text);
    buf_release(&before);
    buf_release(&after);
    transcript_release(&t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_speech),
      cmocka_unit_test(test_noise),
      cmocka_unit_test(test_lines_of_any_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
