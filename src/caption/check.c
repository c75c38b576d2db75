/*
 * DESIGN. Each rule is a function over one cue and its neighbours that reports through breach(). Nothing is shared with
 * setting.c but what a character is (icu.h): not even the word lists, which here are short and hold only what hardly
 * ever ends a phrase. Texts are stripped of their tags once, before.
 */
#include "caption/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "caption/icu.h"
#include "caption/markup.h"

#define TOLERANCE_MS   1.0
#define FASTEST_SPEECH 1.75 /* of max_cps; see check.h */
#define NEIGHBOUR_MS   500
#define LONGEST_BOUND  24 /* bytes of a word in the lists */

struct checking {
  const struct cue_list *l;
  const struct caption_profile *p;
  char **texts; /* of the cues, without tags */
  size_t at;    /* index of the cue */
  struct caption_breach *found;
  size_t count, cap, counting;
};

const char *caption_rule_name(enum caption_rule r) {
  static const char *const names[RULE_COUNT] = {"lines", "line-length", "cps",   "min-duration", "max-duration",
                                                "gap",   "overlap",     "empty", "line-end",     "words"};
  return names[r];
}

__attribute__((format(printf, 4, 5))) static void breach(struct checking *k, enum caption_rule rule, bool counts,
                                                         const char *fmt, ...) {
  x_grow(&k->found, &k->cap, k->count + 1, sizeof *k->found);
  struct caption_breach *b = &k->found[k->count++];
  *b = (struct caption_breach){.cue = k->at, .rule = rule, .counts = counts};
  int64_t t = k->l->cues[k->at].start_ms;
  int n = snprintf(b->text, sizeof b->text,
                   "cue %zu (%02" PRId64 ":%02" PRId64 ":%02" PRId64 ",%03" PRId64 "): ", k->at + 1, t / 3600000,
                   t / 60000 % 60, t / 1000 % 60, t % 1000);
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(b->text + n, sizeof b->text - (size_t)n, fmt, ap);
  va_end(ap);
  k->counting += counts;
}

/* ---- columns (profile.h) ---- */

static double columns(const struct caption_profile *p, const char *s, size_t n) {
  double sum = 0;
  for (size_t i = 0, len; i < n; i += len) {
    uint32_t c = utf8_next(s + i, &len);
    int width = c == '\n' ? 1 : icu_width(c); /* a line break counts as a space */
    sum += p->half_columns ? width / 2.0 : width;
  }
  return sum;
}

static double all_columns(const struct caption_profile *p, const char *s) {
  return columns(p, s, strlen(s));
}

/* ---- line ends ---- */

/* Words between spaces: `bound` to the next one, and `leaning`: often so, but they also end phrases ("in", "mit"); a line
 * that would then end in one of these is no better. */
static const struct {
  const char *language, *bound, *leaning;
} tables[] = {
    {"en", " a an the of at from with and or but if because into my your our their ",
     " in on to by for as than that this these those his her its no not is are was were be been will would can could "
     "very so more who what which when where i you he she it we they "},
    {"ru", " в во на с со к ко у о об от до из за по под над при для без через и а но или что чтобы если не ни ",
     " как это этот эта эти мой моя твой его её их наш ваш свой очень бы же ли я ты он она мы вы они который "},
    {"es", " el la los las un una unos unas de del al en con por para sin sobre y e o u pero que si mi tu su ",
     " a no se me te le lo nos les es son fue ha he muy más como cuando este esta ese esa sus mis tus yo él ella "},
    {"fr",
     " le la les un une des du de à au aux en dans avec pour sans sur et ou mais que qui si mon ma mes ton ta tes "
     "son sa ses ne ",
     " pas se me te lui y plus très est sont a ont être par comme quand ce cet cette ces je tu il elle on nous vous "
     "ils "},
    {"de",
     " der die das den dem des ein eine einen einem einer im am beim vom zum zur für und oder aber dass weil wenn mein "
     "dein sein ",
     " in an auf aus bei mit nach von zu um vor über unter bis als wie nicht kein keine sehr ist sind war hat haben "
     "wird "
     "ich du er sie es wir ihr sich meine seine ihre diese dieser "},
    {"it",
     " il lo la i gli le un uno una di del della dei delle al alla da dal dalla nel nella con per su tra fra e o ma "
     "che "
     "se mio tuo suo non ",
     " a in è sono ha ho hanno si mi ti ci vi più molto come quando questo questa io tu lui lei noi voi loro mia sua "},
};

/* For "%.*s". */
#define LAST_WORD(line, n) (int)((n)-last_word(line, n)), (line) + last_word(line, n)
static size_t last_word(const char *line, size_t n) {
  while (n > 0 && line[n - 1] != ' ') n--;
  return n;
}

enum binding { FREE, LEANING, BOUND };

static enum binding binding_of(const char *language, const char *word, size_t n) {
  if (n == 0 || n > LONGEST_BOUND) return FREE;
  char key[4 * LONGEST_BOUND + 3] = " ";
  size_t at = 1;
  for (size_t i = 0, len; i < n; i += len) at += utf8_put(icu_lower(utf8_next(word + i, &len)), key + at);
  key[at] = ' ';
  key[at + 1] = '\0';
  for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
    if (strcmp(tables[i].language, language) != 0) continue;
    return strstr(tables[i].bound, key) ? BOUND : strstr(tables[i].leaning, key) ? LEANING : FREE;
  }
  return FREE;
}

/* Where the bound words begin that end this line; n when there are none. `ret_better`: would a break before them be better?
 * Not when it is the line's start or behind a leaning word. */
static size_t bound_tail(const char *language, const char *line, size_t n, bool *ret_better) {
  size_t tail = n;
  *ret_better = false;
  for (size_t end = n; end > 0;) {
    size_t from = last_word(line, end);
    enum binding binding = binding_of(language, line + from, end - from);
    if (binding != BOUND) {
      *ret_better = binding == FREE;
      break;
    }
    tail = from;
    end = from > 0 ? from - 1 : 0;
  }
  return tail;
}

/* ---- rules ---- */

static double frame_ms(const struct checking *k) {
  return 1000.0 / k->p->fps;
}

static void check_lines(struct checking *k) {
  const struct caption_profile *p = k->p;
  int lines = 0;
  for (const char *s = k->texts[k->at];; s++) {
    size_t n = strcspn(s, "\n");
    lines++;
    double wide = columns(p, s, n);
    if (wide > p->max_line_chars)
      breach(k, RULE_LINE_LENGTH, true, "a line of %g characters, at most %d", wide, p->max_line_chars);
    if (!s[n]) break;
    bool better;
    size_t tail = bound_tail(k->l->language, s, n, &better);
    const char *next = s + n + 1;
    bool fits = columns(p, s + tail, n - tail) + 1 + columns(p, next, strcspn(next, "\n")) <= p->max_line_chars;
    if (tail < n)
      breach(k, RULE_LINE_END, better && fits, "a line ends in \"%.*s\", which belongs to the next", LAST_WORD(s, n));
    s += n;
  }
  if (lines > p->max_lines) breach(k, RULE_LINES, true, "%d lines, at most %d", lines, p->max_lines);
}

static int words_of(const char *s) {
  int words = 0;
  for (;; words++) {
    s += strspn(s, " \n");
    if (!*s) return words;
    s += strcspn(s, " \n");
  }
}

/* When the word at the end of the cue's text that has `tail` of `all` columns begins: as the file tells, or its share of the cue. */
static double tail_start(const struct cue *c, int words, double tail, double all) {
  if (c->word_count > (size_t)words) return (double)c->words[c->word_count - (size_t)words].start_ms;
  return (double)c->end_ms - (double)(c->end_ms - c->start_ms) * tail / all;
}

/* Could the next cue have begun with these words? */
static bool next_can_take(const struct checking *k, const char *tail) {
  const struct caption_profile *p = k->p;
  const struct cue *c = &k->l->cues[k->at];
  const char *next = k->texts[k->at + 1];
  double added = all_columns(p, tail) + (p->half_columns ? 0.5 : 1);
  int words = words_of(tail);
  double start = tail_start(c, words, added, all_columns(p, k->texts[k->at])), lasts = (double)c[1].end_ms - start;
  return added + columns(p, next, strcspn(next, "\n")) <= p->max_line_chars && lasts <= p->max_ms &&
         (p->max_cps <= 0 || (added + all_columns(p, next)) * 1000 <= p->max_cps * lasts) &&
         (p->max_words == 0 || words + words_of(next) <= p->max_words) &&
         start - (double)c->start_ms >= p->min_ms + p->min_gap_frames * frame_ms(k);
}

static void check_cue_end(struct checking *k) {
  const struct cue *c = &k->l->cues[k->at];
  if (k->at + 1 == k->l->count || c[1].start_ms - c->end_ms >= NEIGHBOUR_MS) return;
  const char *line = strrchr(k->texts[k->at], '\n');
  line = line ? line + 1 : k->texts[k->at];
  bool better;
  size_t tail = bound_tail(k->l->language, line, strlen(line), &better);
  if (line[tail])
    breach(k, RULE_LINE_END, better && next_can_take(k, line + tail), "ends in \"%.*s\", which belongs to the next cue",
           LAST_WORD(line, strlen(line)));
}

static void check_words(struct checking *k) {
  int words = words_of(k->texts[k->at]);
  if (k->p->max_words && words > k->p->max_words)
    breach(k, RULE_WORDS, true, "%d words, at most %d", words, k->p->max_words);
}

/* How much longer the cue could have stayed, in milliseconds. */
static double room(const struct checking *k, double wide) {
  const struct caption_profile *p = k->p;
  const struct cue *c = &k->l->cues[k->at];
  double until = (double)c->start_ms + p->max_ms, latest;
  if (k->at + 1 < k->l->count) {
    latest = (double)c[1].start_ms - p->min_gap_frames * frame_ms(k);
    until = latest < until ? latest : until;
  }
  if (c->word_count) latest = (double)c->words[c->word_count - 1].end_ms + p->linger_ms;
  else latest = (double)c->start_ms + wide * 1000 / (FASTEST_SPEECH * p->max_cps) + p->linger_ms;
  return (latest < until ? latest : until) - (double)c->end_ms;
}

static void check_times(struct checking *k) {
  const struct caption_profile *p = k->p;
  const struct cue *c = &k->l->cues[k->at];
  double lasts = (double)(c->end_ms - c->start_ms), wide = all_columns(p, k->texts[k->at]);
  if (lasts < p->min_ms - TOLERANCE_MS)
    breach(k, RULE_MIN_DURATION, true, "lasts %.3f s, at least %.3f", lasts / 1000, p->min_ms / 1000.0);
  if (lasts > p->max_ms + TOLERANCE_MS)
    breach(k, RULE_MAX_DURATION, true, "lasts %.3f s, at most %.3f", lasts / 1000, p->max_ms / 1000.0);
  if (p->max_cps > 0 && wide * 1000 > p->max_cps * (lasts + TOLERANCE_MS))
    breach(k, RULE_CPS, room(k, wide) > frame_ms(k) + TOLERANCE_MS, "%.1f characters a second, at most %g",
           wide * 1000 / (lasts > 1 ? lasts : 1), p->max_cps);
}

static void check_gap(struct checking *k) {
  if (k->at + 1 >= k->l->count) return;
  const struct cue *c = &k->l->cues[k->at];
  double gap = (double)(c[1].start_ms - c->end_ms), frames = gap / frame_ms(k),
         tolerance = 1.01 * TOLERANCE_MS / frame_ms(k);
  if (gap < 0) breach(k, RULE_OVERLAP, true, "overlaps the next by %.3f s", -gap / 1000);
  else if (frames < k->p->min_gap_frames - tolerance)
    breach(k, RULE_GAP, true, "%.1f frames before the next, at least %d", frames, k->p->min_gap_frames);
  else if (frames > k->p->min_gap_frames + tolerance && frames < k->p->close_gap_frames + tolerance)
    breach(k, RULE_GAP, true, "%.1f frames before the next: gaps up to %d are closed to %d", frames,
           k->p->close_gap_frames, k->p->min_gap_frames);
}

static char *plain(const char *text) {
  struct buf b = BUF_INIT;
  buf_adds(&b, "");
  markup_strip(text, strlen(text), &b);
  return buf_take(&b);
}

size_t caption_check(const struct cue_list *l, const struct caption_profile *p, struct caption_breach **ret,
                     size_t *ret_count) {
  struct checking k = {.l = l, .p = p, .texts = NEW_ARRAY(char *, l->count)};
  for (size_t i = 0; i < l->count; i++) k.texts[i] = plain(l->cues[i].text);
  for (k.at = 0; k.at < l->count; k.at++) {
    if (words_of(k.texts[k.at]) == 0) breach(&k, RULE_EMPTY, true, "has no text");
    check_lines(&k);
    check_cue_end(&k);
    check_words(&k);
    check_times(&k);
    check_gap(&k);
  }
  for (size_t i = 0; i < l->count; i++) free(k.texts[i]);
  free(k.texts);
  *ret = k.found;
  *ret_count = k.count;
  return k.counting;
}
