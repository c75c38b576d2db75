/*
 * DESIGN. A style is a row of numbers relative to the picture (struct caption_style); a script has two ASS styles made from it: "Text" and
 * "Under", the layer below it that glows or holds the box of the spoken word. A plain cue is one event. A cue that follows its
 * words is one event for each word, each showing the whole text with that word marked by override codes, so that
 * shaping and line breaks are the same at every moment; codes stand between words only.
 */
#include "caption/style.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "caption/ass_text.h"
#include "caption/fonts.h"

enum follow { FOLLOW_NOT, FOLLOW_COLOR, FOLLOW_BOX, FOLLOW_POP, FOLLOW_STATES };
enum border { BORDER_OUTLINE = 1, BORDER_BOX = 4 /* libass: one box around all lines */ };

struct caption_style {
  const char *name, *about;
  enum font_face face;
  bool bold, italic;
  double size;               /* of the shorter side of the picture */
  double spacing;            /* of the size */
  uint32_t text, edge, back; /* 0xAABBGGRR as ASS has it: alpha 0 is opaque */
  enum border border;
  double outline, shadow; /* of the size */
  double blur;            /* of the size: softens the outline */
  uint32_t glow;          /* colour of a wide soft edge below, or NO_GLOW */
  enum follow follow;
  uint32_t marked; /* the spoken word's colour, or its box's */
};

#define NO_GLOW              0xFFFFFFFFu
#define RGB(r, g, b)         ((uint32_t)(b) << 16 | (uint32_t)(g) << 8 | (uint32_t)(r))
#define RGBA(r, g, b, alpha) (RGB(r, g, b) | (uint32_t)(alpha) << 24)

static const struct caption_style styles[] = {
    {"modern_bold", "bold white with a strong black outline", FACE_SANS, true, false, 0.062, 0, RGB(255, 255, 255),
     RGB(0, 0, 0), RGBA(0, 0, 0, 0x60), BORDER_OUTLINE, 0.075, 0.03, 0, NO_GLOW, FOLLOW_NOT, 0},
    {"neon_glow", "pale letters in a glow of magenta and violet", FACE_SANS, true, false, 0.060, 0.01,
     RGB(255, 245, 255), RGB(214, 32, 196), RGBA(0, 0, 0, 0xFF), BORDER_OUTLINE, 0.03, 0, 0.012, RGB(236, 48, 255),
     FOLLOW_NOT, 0},
    {"clean_minimal", "white with a thin soft edge; quiet on any picture", FACE_SANS, false, false, 0.052, 0,
     RGB(255, 255, 255), RGBA(0, 0, 0, 0x10), RGBA(0, 0, 0, 0x80), BORDER_OUTLINE, 0.045, 0.025, 0.010, NO_GLOW,
     FOLLOW_NOT, 0},
    {"gaming_style", "acid green on deep violet, with a hard shadow", FACE_SANS, true, false, 0.062, 0.01,
     RGB(186, 255, 41), RGB(44, 8, 84), RGB(20, 4, 40), BORDER_OUTLINE, 0.085, 0.07, 0, NO_GLOW, FOLLOW_NOT, 0},
    {"elegant_serif", "cream serif letters with a soft shadow", FACE_SERIF, false, false, 0.056, 0.01,
     RGB(255, 248, 231), RGBA(40, 26, 13, 0x18), RGBA(0, 0, 0, 0x50), BORDER_OUTLINE, 0.035, 0.03, 0.016, NO_GLOW,
     FOLLOW_NOT, 0},
    {"retro_wave", "pink with a blue edge and an orange shadow", FACE_SANS, true, true, 0.062, 0.02, RGB(255, 113, 206),
     RGB(38, 16, 110), RGB(255, 143, 31), BORDER_OUTLINE, 0.06, 0.06, 0, NO_GLOW, FOLLOW_NOT, 0},
    {"social_media", "bold white on a dark box, as in feeds", FACE_SANS, true, false, 0.056, 0, RGB(255, 255, 255),
     RGBA(16, 16, 20, 0x28), RGBA(16, 16, 20, 0x28), BORDER_BOX, 0.22, 0, 0, NO_GLOW, FOLLOW_NOT, 0},
    {"cinematic", "small pale letters, widely set, as in a cinema", FACE_SERIF, false, false, 0.046, 0.06,
     RGB(246, 238, 212), RGBA(0, 0, 0, 0x20), RGBA(0, 0, 0, 0x60), BORDER_OUTLINE, 0.04, 0.02, 0.02, NO_GLOW,
     FOLLOW_NOT, 0},
    {"karaoke_color", "the spoken word turns yellow", FACE_SANS, true, false, 0.062, 0, RGB(255, 255, 255),
     RGB(0, 0, 0), RGBA(0, 0, 0, 0x60), BORDER_OUTLINE, 0.07, 0.02, 0, NO_GLOW, FOLLOW_COLOR, RGB(255, 220, 0)},
    {"karaoke_box", "the spoken word stands in a coloured box", FACE_SANS, true, false, 0.062, 0, RGB(255, 255, 255),
     RGB(0, 0, 0), RGBA(0, 0, 0, 0x60), BORDER_OUTLINE, 0.06, 0, 0, NO_GLOW, FOLLOW_BOX, RGB(98, 60, 234)},
    {"karaoke_pop", "the spoken word grows for a moment", FACE_SANS, true, false, 0.062, 0, RGB(255, 255, 255),
     RGB(0, 0, 0), RGBA(0, 0, 0, 0x60), BORDER_OUTLINE, 0.075, 0.02, 0, NO_GLOW, FOLLOW_POP, RGB(80, 255, 160)},
    {"karaoke_states", "three states: said, being said, still to come", FACE_SANS, true, false, 0.062, 0,
     RGB(255, 255, 255), RGB(0, 0, 0), RGBA(0, 0, 0, 0x60), BORDER_OUTLINE, 0.07, 0.02, 0, NO_GLOW, FOLLOW_STATES,
     RGB(255, 190, 60)},
};

const struct caption_style *caption_style_at(size_t i) {
  return i < ARRAY_LEN(styles) ? &styles[i] : NULL;
}

const char *caption_style_name(const struct caption_style *s) {
  return s->name;
}

const char *caption_style_about(const struct caption_style *s) {
  return s->about;
}

bool caption_style_follows_words(const struct caption_style *s) {
  return s->follow != FOLLOW_NOT;
}

/* How many letters two names have in common at their start, or how many a part of one has with the other's. */
static size_t likeness(const char *wrong, const char *name) {
  size_t same = 0;
  while (wrong[same] && wrong[same] == name[same]) same++;
  if (strlen(wrong) > 2 && strstr(name, wrong)) same += strlen(wrong);
  return same;
}

int caption_style_find(const char *name, const struct caption_style **ret, struct err *e) {
  const struct caption_style *near = NULL;
  size_t most = 2;
  for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
    if (strcmp(styles[i].name, name) == 0) {
      *ret = &styles[i];
      return 0;
    }
    size_t like = likeness(name, styles[i].name);
    if (like > most) {
      most = like;
      near = &styles[i];
    }
  }
  if (near)
    return err_set(e, ERR_USAGE, "there is no style \"%s\"; did you mean %s? (`titr styles` lists them)", name,
                   near->name);
  return err_set(e, ERR_USAGE, "there is no style \"%s\"; `titr styles` lists them", name);
}

/* ---- script ---- */

struct script {
  const struct caption_style *s;
  const struct cue_list *l;
  int width, height;
  double size; /* pixels */
  struct buf *out;
};

static void put_style(const struct script *k, const char *name, const char *font, uint32_t text, uint32_t edge,
                      uint32_t back, int border, double outline, double shadow, int alignment, int side, int vertical) {
  const struct caption_style *s = k->s;
  buf_addf(k->out,
           "Style: %s,%s,%.1f,&H%08X,&H%08X,&H%08X,&H%08X,%d,%d,0,0,100,100,%.2f,0,%d,%.2f,%.2f,%d,%d,%d,%d,1\n", name,
           font, k->size, text, text, edge, back, s->bold ? -1 : 0, s->italic ? -1 : 0, s->spacing * k->size, border,
           outline, shadow, alignment, side, side, vertical);
}

/* Of all cues together: one face for the whole film. */
static const char *font_of(const struct script *k) {
  struct buf all = BUF_INIT;
  for (size_t i = 0; i < k->l->count && all.len < 4096; i++) buf_adds(&all, k->l->cues[i].text);
  const char *font = font_family(buf_str(&all), k->l->language, k->s->face);
  buf_release(&all);
  return font;
}

static void put_head(const struct script *k, enum caption_position position) {
  const struct caption_style *s = k->s;
  bool upright = k->height > k->width;
  /* title-safe 5 %; an upright picture keeps clear of what phones lay over its foot */
  int side = (int)(k->width * 0.05 + 0.5);
  double foot = upright ? 0.20 : 0.06, head = upright ? 0.12 : 0.06;
  int vertical = (int)(k->height * (position == CAPTION_TOP ? head : position == CAPTION_BOTTOM ? foot : 0) + 0.5);
  int alignment = position == CAPTION_TOP ? 8 : position == CAPTION_MIDDLE ? 5 : 2;
  const char *font = font_of(k);
  buf_addf(k->out,
           "[Script Info]\nScriptType: v4.00+\nPlayResX: %d\nPlayResY: %d\nWrapStyle: 0\nScaledBorderAndShadow: "
           "yes\nYCbCr Matrix: TV.709\n\n",
           k->width, k->height);
  buf_adds(
      k->out,
      "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
      "Bold, Italic, Underline, StrikeOut, "
      "ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n");
  put_style(k, "Text", font, s->text, s->edge, s->back, s->border, s->outline * k->size, s->shadow * k->size, alignment,
            side, vertical);
  if (s->glow != NO_GLOW)
    put_style(k, "Under", font, s->glow, s->glow, RGBA(0, 0, 0, 0xFF), BORDER_OUTLINE, 0.10 * k->size, 0, alignment,
              side, vertical);
  if (s->follow == FOLLOW_BOX) /* border 3: a box behind each run of letters, in the outline's colour */
    put_style(k, "Under", font, RGBA(0, 0, 0, 0xFF), s->marked, RGBA(0, 0, 0, 0xFF), 3, 0.16 * k->size, 0, alignment,
              side, vertical);
  buf_adds(k->out, "\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n");
}

static void put_time(struct buf *out, int64_t ms) {
  int64_t cs = (ms + 5) / 10;
  buf_addf(out, "%" PRId64 ":%02" PRId64 ":%02" PRId64 ".%02" PRId64, cs / 360000, cs / 6000 % 60, cs / 100 % 60,
           cs % 100);
}

static void begin_event(const struct script *k, int layer, const char *style, int64_t start, int64_t end) {
  buf_addf(k->out, "Dialogue: %d,", layer);
  put_time(k->out, start);
  buf_addc(k->out, ',');
  put_time(k->out, end);
  buf_addf(k->out, ",%s,,0,0,0,,", style);
}

static void put_blur(const struct script *k) {
  if (k->s->blur > 0) buf_addf(k->out, "{\\blur%.2f}", k->s->blur * k->size);
}

static void put_plain(const struct script *k, const struct cue *c) {
  if (k->s->glow != NO_GLOW) {
    begin_event(k, 0, "Under", c->start_ms, c->end_ms);
    buf_addf(k->out, "{\\blur%.2f\\alpha&H30&}", 0.13 * k->size);
    ass_text_put(k->out, c->text, strlen(c->text));
    buf_addc(k->out, '\n');
  }
  begin_event(k, 1, "Text", c->start_ms, c->end_ms);
  put_blur(k);
  ass_text_put(k->out, c->text, strlen(c->text));
  buf_addc(k->out, '\n');
}

/* The codes before word `i` while word `now` is said (now == word_count: none yet or any more). */
static void put_mark(const struct script *k, size_t i, size_t now, size_t said) {
  const struct caption_style *s = k->s;
  uint32_t text = s->text & 0xFFFFFF, marked = s->marked & 0xFFFFFF;
  switch (s->follow) {
  case FOLLOW_NOT: break;
  case FOLLOW_COLOR: buf_addf(k->out, "{\\1c&H%06X&}", i == now ? marked : text); break;
  case FOLLOW_POP:
    if (i == now) buf_addf(k->out, "{\\1c&H%06X&\\t(0,90,\\fscx112\\fscy112)}", marked);
    else buf_addf(k->out, "{\\1c&H%06X&\\fscx100\\fscy100}", text);
    break;
  case FOLLOW_STATES:
    if (i == now) buf_addf(k->out, "{\\1c&H%06X&\\1a&H00&}", marked);
    else buf_addf(k->out, "{\\1c&H%06X&\\1a&H%s&}", text, i < said ? "00" : "90");
    break;
  case FOLLOW_BOX: buf_addf(k->out, "{\\3a&H%s&}", i == now ? "00" : "FF"); break;
  }
}

/* What is between words gets the codes of an unmarked word, so that a box ends with its word. */
static void put_text(const struct script *k, const struct cue *c, size_t now, size_t said) {
  size_t at = 0;
  for (size_t i = 0; i < c->word_count; i++) {
    const struct cue_word *w = &c->words[i];
    if (w->offset < at) continue;
    ass_text_put(k->out, c->text + at, w->offset - at);
    if (i == 0 || i == now || i == now + 1 || i == said) put_mark(k, i, now, said);
    ass_text_put(k->out, c->text + w->offset, w->length);
    at = w->offset + w->length;
    if (i == now) put_mark(k, c->word_count + 1, now, said > i ? c->word_count + 2 : said);
  }
  ass_text_put(k->out, c->text + at, strlen(c->text + at));
}

static void put_moment(const struct script *k, const struct cue *c, int64_t start, int64_t end, size_t now,
                       size_t said) {
  if (end <= start) return;
  if (k->s->follow == FOLLOW_BOX) {
    if (now < c->word_count) {
      begin_event(k, 0, "Under", start, end);
      put_text(k, c, now, said);
      buf_addc(k->out, '\n');
    }
    begin_event(k, 1, "Text", start, end);
    ass_text_put(k->out, c->text, strlen(c->text));
  } else {
    begin_event(k, 1, "Text", start, end);
    put_blur(k);
    put_text(k, c, now, said);
  }
  buf_addc(k->out, '\n');
}

/* A word counts as being said until the next one starts, but not through a pause of more than half a second. */
static void put_followed(const struct script *k, const struct cue *c) {
  int64_t at = c->start_ms;
  for (size_t i = 0; i < c->word_count; i++) {
    const struct cue_word *w = &c->words[i];
    int64_t from = w->start_ms > at ? w->start_ms : at;
    int64_t next = i + 1 < c->word_count ? c->words[i + 1].start_ms : c->end_ms;
    int64_t to = next - w->end_ms > 500 || i + 1 == c->word_count ? w->end_ms : next;
    if (from > c->end_ms) from = c->end_ms;
    if (to > c->end_ms) to = c->end_ms;
    put_moment(k, c, at, from, c->word_count, i);
    if (to < from) to = from;
    put_moment(k, c, from, to, i, i);
    at = to;
  }
  put_moment(k, c, at, c->end_ms, c->word_count, c->word_count);
}

void caption_style_script(const struct caption_style *s, const struct cue_list *l, int width, int height,
                          enum caption_position position, struct buf *out) {
  double side = width < height ? width : height;
  struct script k = {s, l, width, height, 0, out};
  k.size = floor(side * s->size * 1.36 + 0.5); /* ASS sizes are of the line, not of the letters */
  put_head(&k, position);
  for (size_t i = 0; i < l->count; i++) {
    const struct cue *c = &l->cues[i];
    if (s->follow != FOLLOW_NOT && c->word_count) put_followed(&k, c);
    else put_plain(&k, c);
  }
}
