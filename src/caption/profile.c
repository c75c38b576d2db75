/*
 * DESIGN. One table of what differs by language and one function per profile that binds it. The profiles
 * agree on the languages' widths and speeds (Netflix publishes them for each language, the BBC only for
 * English), so BBC and social scale the same table.
 *
 * Sources
 *   [N]   Netflix Timed Text Style Guide, General Requirements: two lines, 5/6 s to 7 s.
 *   [NT]  Netflix Timed Text Style Guide, Subtitle Timing Guidelines: two frames between cues at every frame
 *         rate; gaps of 3 to 11 frames closed, written for 24 fps where 12 frames are half a second, and other
 *         rates adapt to half a second; the out-time up to half a second past the speech.
 *   [NL]  Netflix's language pages ("Russian Timed Text Style Guide" …): characters a line and a second.
 *   [BBC] BBC Subtitle Guidelines: line length, timing ("160-180 words per minute", 0.33-0.375 s a word),
 *         gaps, synchronisation.
 */
#include "caption/profile.h"

#include <string.h>

struct language_numbers {
  const char *code;
  int line;    /* columns a line */
  int upright; /* columns a line in vertical video */
  double cps;
  bool half;
};

/* [NL]: 42 characters and 17 a second for adults unless a page says otherwise. Vertical: 25 of 42 columns
 * (ours: what stays legible across a phone), the others in proportion to the width of their letters. */
static const struct language_numbers usual = {"", 42, 25, 17, false};
static const struct language_numbers languages[] = {
    {"en", 42, 25, 20, false}, /* English (USA): 20 */
    {"ru", 39, 25, 17, false}, /* Russian: 39 characters */
    {"es", 42, 25, 17, false}, {"fr", 42, 25, 17, false}, {"de", 42, 25, 17, false},
    {"it", 42, 25, 17, false}, {"th", 35, 21, 17, false}, /* Thai: 35 characters */
    {"hi", 42, 25, 22, false},                            /* Hindi: 22 */
    {"ar", 42, 25, 20, false},                            /* Arabic: 20 */
    {"zh", 16, 11, 9, true},  /* Chinese, simplified and traditional: 16 characters, 9 a second */
    {"ja", 13, 11, 4, true},  /* Japanese: 13 full-width characters, 4 a second; 11 where the picture is narrow */
    {"ko", 16, 12, 12, true}, /* Korean: 16 characters, 12 a second; Latin, spaces and punctuation are halves */
};

static const struct language_numbers *numbers_of(const char *language) {
  if (language && strcmp(language, "yue") == 0) language = "zh";
  for (size_t i = 0; language && i < sizeof languages / sizeof *languages; i++)
    if (strcmp(languages[i].code, language) == 0) return &languages[i];
  return &usual;
}

static void bind_netflix(struct caption_profile *p, const struct language_numbers *l, bool vertical) {
  p->max_lines = 2; /* [N] */
  p->max_line_chars = vertical ? l->upright : l->line;
  p->max_cps = l->cps;
  p->min_ms = 834; /* [N] 5/6 s, rounded up to whole milliseconds */
  p->max_ms = 7000;
  p->min_gap_frames = 2; /* [NT] */
  /* [NT] below half a second: 11 frames at 24 and 25 fps, 14 at 30. */
  p->close_gap_frames = (int)(p->fps / 2 + 0.3) - 1;
  p->linger_ms = 500; /* [NT] */
}

static void bind_bbc(struct caption_profile *p, const struct language_numbers *l, bool vertical) {
  p->max_lines = 2; /* [BBC] 3.3: three are for exceptions */
  /* [BBC] 3.1: 37 characters of a fixed-width line. */
  p->max_line_chars = vertical ? l->upright : l->line < 37 ? l->line : 37;
  /* [BBC] 4.1: 160-180 words a minute. At 170 and six characters a word with its space: 17 a second. For other
   * languages, whose words are of other lengths, Netflix's number where it is lower. */
  p->max_cps = l->cps < 17 ? l->cps : 17;
  p->min_ms = 1000; /* [BBC] 4.1: 0.3 s a word, and nothing readable flashes by: three words */
  p->max_ms = 7000; /* two full lines at that speed (74 characters: 4.4 s), slow speech allowed for */
  /* [BBC] 4.5: cues follow each other without a gap; a gap is at least a second. */
  p->min_gap_frames = 0;
  p->close_gap_frames = (int)(p->fps + 0.5) - 1;
  p->linger_ms = 1500; /* [BBC] 5.2: at most 1.5 s on screen after speech has stopped */
}

/* Ours: the big words of short vertical clips, which follow the voice rather than the reading speed. */
static void bind_social(struct caption_profile *p, const struct language_numbers *l, bool vertical) {
  p->max_lines = 2;
  p->max_line_chars = (vertical ? l->line * 4 : l->line * 5) / 8; /* 21 or 26 of 42: a long word fits */
  p->max_cps = l->cps * 1.5;                                      /* a glance takes in four words */
  p->min_ms = 400;                                                /* one spoken word at a lively 150 words a minute */
  p->max_ms = 3000;
  p->min_gap_frames = 0;
  p->close_gap_frames = (int)(p->fps / 2 + 0.3) - 1; /* no flicker between words of one breath */
  p->linger_ms = 300;
  p->max_words = 4;
}

static const struct {
  const char *name;
  void (*bind)(struct caption_profile *p, const struct language_numbers *l, bool vertical);
} profiles[] = {{"netflix", bind_netflix}, {"bbc", bind_bbc}, {"social", bind_social}};

int caption_profile_find(const char *name, const char *language, bool vertical, double fps, struct caption_profile *ret,
                         struct err *e) {
  for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
    if (strcmp(profiles[i].name, name) != 0) continue;
    const struct language_numbers *l = numbers_of(language);
    /* A slide show's rate would make gaps of seconds, and beyond 1000 a "rate" is a container's time base. */
    struct caption_profile p = {.name = profiles[i].name, .fps = fps >= 10 && fps <= 1000 ? fps : 25};
    p.half_columns = l->half;
    profiles[i].bind(&p, l, vertical);
    *ret = p;
    return 0;
  }
  return err_set(e, ERR_USAGE, "no caption profile \"%s\" (there are: netflix, bbc, social)", name);
}

const char *const *caption_profile_names(void) {
  static const char *const names[] = {"netflix", "bbc", "social", NULL};
  return names;
}
