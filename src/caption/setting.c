/*
 * DESIGN. best[j] is the least cost of setting the first j atoms; a cue [i, j) costs how it breaks off before j,
 * how its lines break, what is awkward inside it (pauses, ends of sentences, shot changes), how fast it must be
 * read and how short it would be shown. i and j are never more than a cue's worth apart, so the search is linear
 * in the length of the speech. A cue's times depend on its own words and on the start of the next (setting_time.c),
 * which is known when its cost is asked.
 *
 * Then one pass gives the times, in which a cue that must stay its minimum makes the next wait. That happens only
 * where more words are said in a moment than fit one cue; the costs see to it.
 *
 * Costs are relative: 100 is about what a subtitler would give for not breaking a phrase in two.
 */
#include "caption/setting.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "caption/icu.h"
#include "caption/setting_parts.h"

static const int break_cost[BREAK_KINDS] = {
    [BREAK_SENTENCE] = 0,      [BREAK_CLAUSE] = 25,
    [BREAK_COMMA] = 40,        [BREAK_CONJUNCTION] = 75,
    [BREAK_COORDINATION] = 90, [BREAK_PREPOSITION] = 110,
    [BREAK_PHRASE] = 180,      [BREAK_PLAIN] = 205,
    [BREAK_WEAK] = 380,        [BREAK_NAME] = 1200,
    [BREAK_LOOSE] = 2200,      [BREAK_FUNCTION] = 3000,
    [BREAK_INSIDE] = 4000,     [BREAK_NEVER] = 2 * COST_NEVER,
};

#define CUE_COST          60  /* of a cue as such: fewer flashes */
#define SENTENCE_INSIDE   120 /* a sentence ends inside a cue */
#define FRAGMENT_COST     120 /* a cue far shorter than a line that is no whole sentence */
#define SEGMENT_BONUS     15  /* a break where the recognizer heard a new utterance */
#define SHOT_COST         150 /* a shot change inside a cue */
#define FAST_COST         150 /* twice as fast as it should be read */
#define FAST_MOST         600
#define BRIEF_COST        300  /* shown too short, and … */
#define BRIEF_COST_PER_MS 3    /* … for each millisecond that the next cue has to wait */
#define UNCLOSED_COST     200  /* a gap that can only be closed by showing the next cue early */
#define PAUSE_FROM        200  /* ms: a pause inside a cue is felt from here … */
#define PAUSE_COST        300  /* … to a second, where it costs this, and beyond it … */
#define PAUSE_FULL        700  /* ms: a break at such a pause and longer costs a fifth */
#define LONG_PAUSE_COST   1200 /* … this at once, as a second of silence should end a cue, … */
#define LONG_PAUSE_PER_S  400  /* … and this for each further second */
#define UNREACHED         (INT64_MAX / 4)

struct setter {
  const struct caption_profile *p;
  struct atoms atoms;
  struct clock clock;
  int64_t *inside;  /* inside[i]: cost of the pauses and sentence ends before the atoms up to i, when not broken */
  int64_t last_end; /* of the media, or 0 */
};

static int64_t pause_before(const struct atoms *a, size_t i) {
  int64_t pause = a->list[i].start - a->list[i - 1].end;
  return pause > 0 ? pause : 0;
}

static int64_t pause_cost(int64_t pause) {
  if (pause <= PAUSE_FROM) return 0;
  if (pause < 1000) return PAUSE_COST * (pause - PAUSE_FROM) / (1000 - PAUSE_FROM);
  return LONG_PAUSE_COST + LONG_PAUSE_PER_S * (pause - 1000) / 1000;
}

/* A pause makes up for much of a bad break, but not for an article torn from its noun. */
static int64_t cue_break_cost(const struct setter *s, size_t at) {
  if (at == s->atoms.count) return 0;
  const struct atom *x = &s->atoms.list[at];
  int64_t pause = pause_before(&s->atoms, at), cost = break_cost[x->kind];
  if (pause > PAUSE_FULL) pause = PAUSE_FULL;
  if (x->kind < BREAK_NAME) cost -= cost * 8 / 10 * pause / PAUSE_FULL;
  return x->starts_segment && cost > SEGMENT_BONUS ? cost - SEGMENT_BONUS : cost;
}

static int64_t next_start(const struct setter *s, size_t at) {
  return at < s->atoms.count ? s->atoms.list[at].cue_start : CLOCK_NO_NEXT;
}

/* -1: not as one cue. */
static int64_t cue_cost(const struct setter *s, size_t from, size_t to) {
  const struct atoms *a = &s->atoms;
  const struct clock *c = &s->clock;
  int64_t start = a->list[from].cue_start, speech = a->list[to - 1].end, next = next_start(s, to);
  if (to - from > 1 && a->list[to - 1].start - start >= c->max) return -1;
  int lines = lines_fit(a, s->p, from, to, NULL, NULL);
  if (lines < 0) return -1;
  int width = atoms_width(a, from, to), limit = 2 * s->p->max_line_chars;
  int64_t end = clock_end(c, start, speech, next, width);
  int64_t cost = CUE_COST + lines + s->inside[to - 1] - s->inside[from] + cue_break_cost(s, to);
  if (end + c->gap > next) cost += BRIEF_COST + BRIEF_COST_PER_MS * (end + c->gap - next);
  else if (next - end > c->gap && next - end < c->close) cost += UNCLOSED_COST;
  if (speech > start + c->max && to - from > 1) cost += BRIEF_COST + BRIEF_COST_PER_MS * (speech - start - c->max);
  double fast = width / (c->half_columns_per_ms * (double)(end - start)) - 1;
  if (fast > 0) cost += fast * FAST_COST < FAST_MOST ? (int64_t)(fast * FAST_COST) : FAST_MOST;
  bool whole = a->list[from].kind == BREAK_SENTENCE && (to == a->count || a->list[to].kind == BREAK_SENTENCE);
  if (!whole && width < limit && s->p->max_words == 0) {
    int64_t missing = limit - width;
    cost += FRAGMENT_COST * missing * missing / ((int64_t)limit * limit);
  }
  return cost + SHOT_COST * (int64_t)clock_shots_within(c, start, end);
}

/* ret[k] is the atom after the k-th cue; returns how many cues. */
static size_t choose_breaks(const struct setter *s, size_t *ret) {
  size_t n = s->atoms.count, count = 0;
  _cleanup_(mem_freep) int64_t *best = NEW_ARRAY(int64_t, n + 1);
  _cleanup_(mem_freep) size_t *back = NEW_ARRAY(size_t, n + 1);
  size_t most = s->p->max_words > 0 && s->p->max_words < CUE_ATOMS ? (size_t)s->p->max_words : CUE_ATOMS;
  int room = 2 * s->p->max_line_chars * s->p->max_lines + 2 * s->p->max_lines; /* spaces at the breaks */
  for (size_t j = 1; j <= n; j++) best[j] = UNREACHED;
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j <= n && j - i <= most && atoms_width(&s->atoms, i, j) <= room; j++) {
      int64_t cost = cue_cost(s, i, j);
      if (cost < 0 || best[i] + cost >= best[j]) continue;
      best[j] = best[i] + cost;
      back[j] = i;
    }
  for (size_t j = n; j > 0; j = back[j]) ret[count++] = j;
  for (size_t k = 0; k < count / 2; k++) {
    size_t other = ret[k];
    ret[k] = ret[count - 1 - k];
    ret[count - 1 - k] = other;
  }
  return count;
}

static void add_cue(const struct setter *s, size_t from, size_t to, struct cue_list *ret) {
  const struct atoms *a = &s->atoms;
  size_t lines[CUE_LINES], line_count = 0, line = 0;
  lines_fit(a, s->p, from, to, lines, &line_count);
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  struct cue_word *words = NEW_ARRAY(struct cue_word, to - from);
  for (size_t i = from; i < to; i++) {
    const struct atom *x = &a->list[i];
    if (line < line_count && lines[line] == i) {
      buf_addc(&text, '\n');
      line++;
    } else if (i > from && x->space) buf_addc(&text, ' ');
    words[i - from] = (struct cue_word){text.len, x->length, x->start, x->end, x->probability};
    buf_add(&text, a->text + x->offset, x->length);
  }
  struct cue *c = cue_list_add(ret, a->list[from].cue_start, a->list[to - 1].end, buf_str(&text));
  c->words = words;
  c->word_count = to - from;
}

/* Line breaks count in full, though in Chinese there may have been no space. */
static int reading_width(const struct setter *s, const struct cue *c, size_t from, size_t to) {
  int width = atoms_width(&s->atoms, from, to);
  for (const char *b = strchr(c->text, '\n'); b; b = strchr(b + 1, '\n')) width += s->p->half_columns ? 1 : 2;
  return width;
}

/* A cue that would outlast the media comes earlier instead, as far as the one before it allows. */
static void end_with_media(const struct setter *s, struct cue *c, int64_t previous_end) {
  if (s->last_end <= 0 || c->end_ms <= s->last_end) return;
  const struct clock *k = &s->clock;
  int64_t start = s->last_end - k->min;
  if (start >= c->start_ms) {
    c->end_ms = s->last_end;
    return;
  }
  if (start < previous_end + k->close) start = previous_end + k->gap;
  if (start < 0) start = 0;
  if (start < c->start_ms) c->start_ms = start;
  c->end_ms = c->start_ms + k->min > s->last_end ? c->start_ms + k->min : s->last_end;
}

static void set_times(const struct setter *s, const size_t *breaks, struct cue_list *l) {
  const struct clock *k = &s->clock;
  int64_t previous_end = -k->close, pulled = -1; /* pulled: an earlier start that closes a gap */
  for (size_t i = 0; i < l->count; i++) {
    struct cue *c = &l->cues[i];
    if (pulled >= 0) c->start_ms = pulled;
    if (c->start_ms < previous_end + k->gap) c->start_ms = previous_end + k->gap;
    if (c->start_ms < 0) c->start_ms = 0;
    size_t from = i ? breaks[i - 1] : 0, to = breaks[i];
    int64_t next = i + 1 < l->count ? l->cues[i + 1].start_ms : CLOCK_NO_NEXT;
    c->end_ms = clock_end(k, c->start_ms, c->end_ms, next, reading_width(s, c, from, to));
    if (next == CLOCK_NO_NEXT) end_with_media(s, c, previous_end);
    pulled = next - c->end_ms > k->gap && next - c->end_ms < k->close ? c->end_ms + k->gap : -1;
    previous_end = c->end_ms;
    for (size_t w = 0; w < c->word_count; w++) { /* words are never outside their cue */
      struct cue_word *x = &c->words[w];
      if (x->start_ms < c->start_ms) x->start_ms = c->start_ms;
      if (x->start_ms > c->end_ms) x->start_ms = c->end_ms;
      if (x->end_ms < x->start_ms) x->end_ms = x->start_ms;
      if (x->end_ms > c->end_ms) x->end_ms = c->end_ms;
    }
  }
}

void caption_set(const struct transcript *t, const struct caption_profile *p, const double *shots, size_t shot_count,
                 struct cue_list *ret) {
  snprintf(ret->language, sizeof ret->language, "%s", t->language);
  struct setter s = {.p = p};
  atoms_make(t, t->language, p, &s.atoms);
  size_t n = s.atoms.count;
  _cleanup_(mem_freep) int64_t *shots_ms = NEW_ARRAY(int64_t, shot_count + 1);
  for (size_t i = 0; i < shot_count; i++) shots_ms[i] = llround(shots[i] * 1000);
  s.clock = clock_of(p, shots_ms, shot_count);
  s.last_end = t->duration > 0 ? (int64_t)(t->duration * 1000) : 0;
  _cleanup_(mem_freep) int64_t *inside = NEW_ARRAY(int64_t, n + 1);
  _cleanup_(mem_freep) size_t *breaks = NEW_ARRAY(size_t, n + 1);
  for (size_t i = 0; i < n; i++) {
    struct atom *x = &s.atoms.list[i];
    x->cue_start = clock_start(&s.clock, x->start, i ? s.atoms.list[i - 1].end : INT64_MIN / 4);
    if (i)
      inside[i] =
          inside[i - 1] + pause_cost(pause_before(&s.atoms, i)) + (x->kind == BREAK_SENTENCE ? SENTENCE_INSIDE : 0);
  }
  s.inside = inside;
  size_t count = choose_breaks(&s, breaks);
  for (size_t i = 0; i < count; i++) add_cue(&s, i ? breaks[i - 1] : 0, breaks[i], ret);
  set_times(&s, breaks, ret);
  atoms_release(&s.atoms);
}

/* As many lines as it takes: each as full as good breaks allow. */
static void break_freely(const struct atoms *a, const struct caption_profile *p, bool *ret) {
  size_t n = a->count;
  int limit = 2 * p->max_line_chars;
  _cleanup_(mem_freep) int64_t *best = NEW_ARRAY(int64_t, n + 1);
  _cleanup_(mem_freep) size_t *back = NEW_ARRAY(size_t, n + 1);
  for (size_t j = 1; j <= n; j++) best[j] = UNREACHED;
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j <= n && atoms_width(a, i, j) <= limit; j++) {
      int64_t missing = limit - atoms_width(a, i, j);
      int64_t cost = best[i] + 300 + 300 * missing * missing / ((int64_t)limit * limit);
      if (j < n) cost += break_cost[a->list[j].kind];
      if (cost >= best[j]) continue;
      best[j] = cost;
      back[j] = i;
    }
  for (size_t j = n; j > 0; j = back[j]) ret[back[j]] = true;
}

char *caption_break_lines(const char *text, const char *language, const struct caption_profile *p) {
  struct word whole = {.text = x_strdup(text)};
  struct transcript t = {.words = &whole, .count = 1};
  struct atoms a = {0};
  atoms_make(&t, language, p, &a);
  free(whole.text);
  _cleanup_(mem_freep) bool *starts_line = NEW_ARRAY(bool, a.count + 1);
  size_t lines[CUE_LINES], count = 0;
  if (a.count > 0) {
    int cost = lines_fit(&a, p, 0, a.count, lines, &count);
    if (cost < 0 || cost >= COST_NEVER) break_freely(&a, p, starts_line);
    else
      for (size_t i = 0; i < count; i++) starts_line[lines[i]] = true;
  }
  struct buf out = BUF_INIT;
  for (size_t i = 0; i < a.count; i++) {
    if (i > 0 && starts_line[i]) buf_addc(&out, '\n');
    else if (i > 0 && a.list[i].space) buf_addc(&out, ' ');
    buf_add(&out, a.text + a.list[i].offset, a.list[i].length);
  }
  atoms_release(&a);
  if (out.len == 0) return x_strdup("");
  return buf_take(&out);
}
