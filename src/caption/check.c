/*
 * DESIGN. Each rule is a function over one cue and its neighbours that reports through breach(). Nothing is shared with setting.c, not
 * even the word lists: these here are short and only hold what may never end a line.
 *
 * Reading speed: a cue that is read too fast counts as a breach when it could have stayed long enough: as far as the next cue
 * allows and, where the file tells when its last word ends, no longer than linger_ms past that. A file
 * without word times (SRT) is taken at its word that the cue lingers already, unless the next cue leaves it more than twice
 * linger_ms.
 *
 * Line ends: a line that ends in an article, preposition or conjunction is a breach when the word would have fitted on the next
 * line; at a cue's end, where nobody can tell whether the next cue had room, it is a remark.
 */
#include "caption/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct checking {
  const struct cue_list *l;
  const struct caption_profile *p;
  size_t at; /* index of the cue */
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

/* ---- columns ---- */

static bool full_width(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF && c != 0x303F) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x20000 && c <= 0x3FFFD);
}

static bool no_width(uint32_t c) {
  return (c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x2069) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF || (c >= 0x591 && c <= 0x5BD) ||
         (c >= 0x5BF && c <= 0x5C7 && c != 0x5C0 && c != 0x5C3 && c != 0x5C6) || (c >= 0x610 && c <= 0x61A) ||
         (c >= 0x64B && c <= 0x65F) || c == 0x670 || c == 0x0E31 || (c >= 0x0E34 && c <= 0x0E3A) ||
         (c >= 0x0E47 && c <= 0x0E4E) || /* Thai marks */
         (c >= 0x0900 && c <= 0x0902) || c == 0x093C || (c >= 0x0941 && c <= 0x0948) || c == 0x094D;
}

static double columns(const struct caption_profile *p, const char *s, size_t n) {
  double sum = 0;
  for (size_t i = 0, len; i < n; i += len) {
    uint32_t c = utf8_next(s + i, &len);
    if (c == '\n' || no_width(c)) continue;
    sum += p->half_columns && !full_width(c) ? 0.5 : 1;
  }
  return sum;
}

/* ---- line ends ---- */

static const struct {
  const char *language, *words; /* space-separated */
} bound[] = {
    {"en", " a an the of to in on at by for from with and or but if that into my your his its our their "},
    {"ru", " в во на с со к ко у о об от до из за по под над при для без через и а но или что чтобы если не ни "},
    {"es", " el la los las un una unos unas de del a al en con por para sin sobre y e o u pero que si mi tu su no "},
    {"fr", " le la les un une des du de à au aux en dans avec par pour sans sur et ou mais que qui si mon ma mes ton "
           "ta tes son sa ses ne "},
    {"de", " der die das den dem des ein eine einen einem einer in im an am auf aus bei mit nach von vom zu zum zur "
           "für und oder aber dass weil wenn mein dein sein "},
    {"it", " il lo la i gli le un uno una di del della a al alla da in nel con per su tra fra e o ma che se mio tuo "
           "suo non "},
};

static const char *last_word(const char *line, size_t n, size_t *ret_len) {
  size_t from = n;
  while (from > 0 && line[from - 1] != ' ') from--;
  *ret_len = n - from;
  return line + from;
}

static bool is_bound(const char *language, const char *word, size_t n) {
  char key[32] = " ";
  if (n == 0 || n + 3 > sizeof key) return false;
  memcpy(key + 1, word, n);
  key[n + 1] = ' ';
  if (key[1] >= 'A' && key[1] <= 'Z') key[1] = (char)(key[1] + 32);
  for (size_t i = 0; i < ARRAY_LEN(bound); i++)
    if (strcmp(bound[i].language, language) == 0) return strstr(bound[i].words, key) != NULL;
  return false;
}

/* ---- rules ---- */

static void check_lines(struct checking *k) {
  const struct caption_profile *p = k->p;
  const struct cue *c = &k->l->cues[k->at];
  int lines = 0;
  for (const char *s = c->text;;) {
    size_t n = strcspn(s, "\n");
    lines++;
    double wide = columns(p, s, n);
    if (wide > p->max_line_chars + 0.01)
      breach(k, RULE_LINE_LENGTH, true, "a line of %g characters, at most %d", wide, p->max_line_chars);
    if (!s[n]) break;
    size_t word_len;
    const char *word = last_word(s, n, &word_len);
    const char *next = s + n + 1;
    double moved = columns(p, next, strcspn(next, "\n")) + columns(p, word, word_len) + 1;
    if (is_bound(k->l->language, word, word_len) && word_len < n && moved <= p->max_line_chars)
      breach(k, RULE_LINE_END, true, "a line ends in \"%.*s\", which belongs to the next", (int)word_len, word);
    s = next;
  }
  if (lines > p->max_lines) breach(k, RULE_LINES, true, "%d lines, at most %d", lines, p->max_lines);
}

static void check_cue_end(struct checking *k) {
  const struct cue *c = &k->l->cues[k->at];
  bool follows = k->at + 1 < k->l->count && k->l->cues[k->at + 1].start_ms - c->end_ms < 500;
  const char *line = strrchr(c->text, '\n');
  line = line ? line + 1 : c->text;
  size_t n;
  const char *word = last_word(line, strlen(line), &n);
  if (follows && is_bound(k->l->language, word, n))
    breach(k, RULE_LINE_END, false, "ends in \"%.*s\", which belongs to the next cue", (int)n, word);
}

static void check_words(struct checking *k) {
  int words = 0;
  for (const char *s = k->l->cues[k->at].text; *s;) {
    s += strspn(s, " \n");
    if (!*s) break;
    words++;
    s += strcspn(s, " \n");
  }
  if (k->p->max_words && words > k->p->max_words)
    breach(k, RULE_WORDS, true, "%d words, at most %d", words, k->p->max_words);
}

static double frame_ms(const struct checking *k) {
  return 1000.0 / k->p->fps;
}

/* How much longer the cue could have stayed, in milliseconds. */
static double room(const struct checking *k) {
  const struct cue *c = &k->l->cues[k->at];
  double until = (double)c->start_ms + k->p->max_ms;
  if (k->at + 1 < k->l->count) {
    double next = (double)c[1].start_ms - k->p->min_gap_frames * frame_ms(k);
    until = next < until ? next : until;
  }
  double left = until - (double)c->end_ms;
  if (c->word_count) {
    double linger = (double)c->words[c->word_count - 1].end_ms + k->p->linger_ms - (double)c->end_ms;
    return linger < left ? linger : left;
  }
  return left > 2 * k->p->linger_ms ? left - 2 * k->p->linger_ms : 0;
}

static void check_times(struct checking *k) {
  const struct caption_profile *p = k->p;
  const struct cue *c = &k->l->cues[k->at];
  double lasts = (double)(c->end_ms - c->start_ms);
  if (lasts < p->min_ms - 1)
    breach(k, RULE_MIN_DURATION, true, "lasts %.3f s, at least %.3f", lasts / 1000, p->min_ms / 1000.0);
  if (lasts > p->max_ms + 1)
    breach(k, RULE_MAX_DURATION, true, "lasts %.3f s, at most %.3f", lasts / 1000, p->max_ms / 1000.0);
  double cps = columns(p, c->text, strlen(c->text)) * 1000 / (lasts > 1 ? lasts : 1);
  if (p->max_cps > 0 && cps > p->max_cps * 1.001 + 0.01)
    breach(k, RULE_CPS, room(k) > frame_ms(k) + 1, "%.1f characters a second, at most %g", cps, p->max_cps);
}

static void check_gap(struct checking *k) {
  if (k->at + 1 >= k->l->count) return;
  const struct cue *c = &k->l->cues[k->at];
  double gap = (double)(c[1].start_ms - c->end_ms), frames = gap / frame_ms(k), tolerance = 1.01 / frame_ms(k);
  if (gap < 0) breach(k, RULE_OVERLAP, true, "overlaps the next by %.3f s", -gap / 1000);
  else if (frames < k->p->min_gap_frames - tolerance)
    breach(k, RULE_GAP, true, "%.1f frames before the next, at least %d", frames, k->p->min_gap_frames);
  else if (frames > k->p->min_gap_frames + tolerance && frames < k->p->close_gap_frames + tolerance)
    breach(k, RULE_GAP, true, "%.1f frames before the next: gaps up to %d are closed to %d", frames,
           k->p->close_gap_frames, k->p->min_gap_frames);
}

size_t caption_check(const struct cue_list *l, const struct caption_profile *p, struct caption_breach **ret,
                     size_t *ret_count) {
  struct checking k = {.l = l, .p = p};
  for (k.at = 0; k.at < l->count; k.at++) {
    if (strspn(l->cues[k.at].text, " \n\t") == strlen(l->cues[k.at].text)) breach(&k, RULE_EMPTY, true, "has no text");
    check_lines(&k);
    check_cue_end(&k);
    check_words(&k);
    check_times(&k);
    check_gap(&k);
  }
  *ret = k.found;
  *ret_count = k.count;
  return k.counting;
}
