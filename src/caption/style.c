/*
 * DESIGN. A style is a row of numbers relative to the picture (struct caption_style); a script has two ASS styles made
 * from it: "Text", and "Under", the layer below it that glows or holds the box of the spoken word. A plain cue is one
 * event. A cue that follows its words is one event for each word, each showing the whole text with that word marked by
 * override codes, so that shaping and line breaks are the same at every moment; codes stand between words only, and
 * between scripts, which are set in their own fonts.
 */
#include "caption/style.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "caption/ass_text.h"
#include "caption/fonts.h"
#include "caption/icu.h"
#include "caption/markup.h"

enum follow { FOLLOW_NOT, FOLLOW_COLOR, FOLLOW_BOX, FOLLOW_POP, FOLLOW_STATES };
enum border { /* of libass */
              BORDER_OUTLINE = 1,
              BORDER_RUNS = 3, /* a box behind each run of letters, in the outline's colour */
              BORDER_BOX = 4   /* one box behind all lines, in the colour of the back */
};

struct caption_style {
  const char *name, *about;
  enum font_face face;
  bool bold, italic;
  double em;                 /* of the shorter side of the picture; what follows is in em */
  double spacing;            /* between letters */
  uint32_t text, edge, back; /* 0xAABBGGRR as ASS has it: alpha 0 is opaque */
  enum border border;
  double outline, shadow; /* of a box: nothing, and how far it reaches beyond the text */
  double blur;            /* softens the outline */
  uint32_t glow;          /* colour of a wide soft edge below, or 0 */
  enum follow follow;
  uint32_t marked; /* the spoken word's colour, or its box's */
};

#define RGBA(r, g, b, alpha) ((uint32_t)(alpha) << 24 | (uint32_t)(b) << 16 | (uint32_t)(g) << 8 | (uint32_t)(r))
#define RGB(r, g, b)         RGBA(r, g, b, 0)
#define WHITE                RGB(255, 255, 255)
#define BLACK                RGB(0, 0, 0)
#define SHADE(alpha)         RGBA(0, 0, 0, alpha)
#define NOTHING              SHADE(0xFF)

/* The ones that follow the words look alike but for the mark. */
#define FOLLOWING                                                                                                      \
  .bold = true, .em = 0.062, .text = WHITE, .edge = BLACK, .back = SHADE(0x60), .border = BORDER_OUTLINE,              \
  .outline = 0.10, .shadow = 0.03

static const struct caption_style styles[] = {
    {.name = "modern_bold",
     .about = "bold white with a strong black outline",
     .bold = true,
     .em = 0.062,
     .text = WHITE,
     .edge = BLACK,
     .back = SHADE(0x60),
     .border = BORDER_OUTLINE,
     .outline = 0.105,
     .shadow = 0.04},
    {.name = "neon_glow",
     .about = "pale letters in a glow of magenta and violet",
     .bold = true,
     .em = 0.060,
     .spacing = 0.014,
     .text = RGB(255, 245, 255),
     .edge = RGB(214, 32, 196),
     .back = NOTHING,
     .border = BORDER_OUTLINE,
     .outline = 0.045,
     .blur = 0.018,
     .glow = RGB(236, 48, 255)},
    {.name = "clean_minimal",
     .about = "white with a thin soft edge; quiet on any picture",
     .em = 0.054,
     .text = WHITE,
     .edge = SHADE(0x08),
     .back = SHADE(0x70),
     .border = BORDER_OUTLINE,
     .outline = 0.07,
     .shadow = 0.035,
     .blur = 0.016},
    {.name = "gaming_style",
     .about = "acid green on deep violet, with a hard shadow",
     .bold = true,
     .em = 0.062,
     .spacing = 0.014,
     .text = RGB(186, 255, 41),
     .edge = RGB(44, 8, 84),
     .back = RGB(20, 4, 40),
     .border = BORDER_OUTLINE,
     .outline = 0.115,
     .shadow = 0.095},
    {.name = "elegant_serif",
     .about = "cream serif letters with a soft shadow",
     .face = FACE_SERIF,
     .em = 0.058,
     .spacing = 0.012,
     .text = RGB(255, 248, 231),
     .edge = RGBA(40, 26, 13, 0x08),
     .back = SHADE(0x50),
     .border = BORDER_OUTLINE,
     .outline = 0.065,
     .shadow = 0.045,
     .blur = 0.022},
    {.name = "retro_wave",
     .about = "pink with a blue edge and an orange shadow",
     .bold = true,
     .italic = true,
     .em = 0.062,
     .spacing = 0.026,
     .text = RGB(255, 113, 206),
     .edge = RGB(38, 16, 110),
     .back = RGB(255, 143, 31),
     .border = BORDER_OUTLINE,
     .outline = 0.08,
     .shadow = 0.08},
    {.name = "social_media",
     .about = "bold white on a dark box, as in feeds",
     .bold = true,
     .em = 0.056,
     .text = WHITE,
     .edge = NOTHING,
     .back = RGBA(16, 16, 20, 0x30),
     .border = BORDER_BOX,
     .shadow = 0.36},
    {.name = "cinematic",
     .about = "small pale letters, widely set, as in a cinema",
     .face = FACE_SERIF,
     .em = 0.048,
     .spacing = 0.07,
     .text = RGB(248, 241, 219),
     .edge = SHADE(0x10),
     .back = SHADE(0x60),
     .border = BORDER_OUTLINE,
     .outline = 0.07,
     .shadow = 0.035,
     .blur = 0.025},
    {.name = "karaoke_color",
     .about = "the spoken word turns yellow",
     FOLLOWING,
     .follow = FOLLOW_COLOR,
     .marked = RGB(255, 220, 0)},
    {.name = "karaoke_box",
     .about = "the spoken word stands in a coloured box",
     FOLLOWING,
     .follow = FOLLOW_BOX,
     .marked = RGB(98, 60, 234)},
    {.name = "karaoke_pop",
     .about = "the spoken word grows for a moment",
     FOLLOWING,
     .follow = FOLLOW_POP,
     .marked = RGB(80, 255, 160)},
    {.name = "karaoke_states",
     .about = "three states: said, being said, still to come",
     FOLLOWING,
     .follow = FOLLOW_STATES,
     .marked = RGB(255, 190, 60)},
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

#define SIDE     0.05 /* of the width is left free on either side */
#define SMALLEST 0.7  /* of a style's size */

struct script {
  const struct caption_style *s;
  const struct cue_list *l;
  int width, height;
  double em; /* pixels */
  struct buf *out;
  const struct font *font; /* of the film */
  const struct font *now;  /* of the event's text so far */
};

static double spacing(const struct script *k, const struct font *font) {
  return font->joined ? 0 : k->s->spacing * k->em;
}

/* The box of a spoken word: a line is high already, a space narrow. */
#define BOX_WIDER        0.14
#define BOX_HIGHER       0.02

#define ENCODING_BY_TEXT (-1) /* libass: a line's direction is that of its first letter with one */

static void put_style(struct script *k, const char *name, uint32_t text, uint32_t edge, uint32_t back, int border,
                      double outline, double shadow, int alignment, int side, int vertical) {
  const struct caption_style *s = k->s;
  buf_addf(k->out,
           "Style: %s,%s,%.1f,&H%08X,&H%08X,&H%08X,&H%08X,%d,%d,0,0,100,100,%.2f,0,%d,%.2f,%.2f,%d,%d,%d,%d,%d\n", name,
           k->font->family, k->em * k->font->line, text, text, edge, back, s->bold ? -1 : 0, s->italic ? -1 : 0,
           spacing(k, k->font), border, outline, shadow, alignment, side, side, vertical, ENCODING_BY_TEXT);
}

/* Of all cues together: one face for the whole film. */
static const struct font *film_font(const struct script *k) {
  _cleanup_(buf_release) struct buf all = BUF_INIT;
  for (size_t i = 0; i < k->l->count && all.len < 65536; i++)
    markup_strip(k->l->cues[i].text, strlen(k->l->cues[i].text), &all);
  return font_for(buf_str(&all), k->l->language, k->s->face);
}

static void put_head(struct script *k, enum caption_position position) {
  const struct caption_style *s = k->s;
  bool upright = k->height > k->width;
  /* title-safe 5 %; an upright picture keeps clear of what phones lay over its foot */
  int side = (int)(k->width * SIDE + 0.5);
  double foot = upright ? 0.20 : 0.06, head = upright ? 0.12 : 0.06;
  int vertical = (int)(k->height * (position == CAPTION_TOP ? head : position == CAPTION_BOTTOM ? foot : 0) + 0.5);
  int alignment = position == CAPTION_TOP ? 8 : position == CAPTION_MIDDLE ? 5 : 2;
  buf_addf(k->out,
           "[Script Info]\nScriptType: v4.00+\nPlayResX: %d\nPlayResY: %d\nWrapStyle: 0\nScaledBorderAndShadow: "
           "yes\nYCbCr Matrix: TV.709\n\n",
           k->width, k->height);
  buf_adds(
      k->out,
      "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
      "Bold, Italic, Underline, StrikeOut, "
      "ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n");
  put_style(k, "Text", s->text, s->edge, s->back, s->border, s->outline * k->em, s->shadow * k->em, alignment, side,
            vertical);
  if (s->glow)
    put_style(k, "Under", s->glow, s->glow, NOTHING, BORDER_OUTLINE, 0.14 * k->em, 0, alignment, side, vertical);
  if (s->follow == FOLLOW_BOX)
    put_style(k, "Under", NOTHING, s->marked, NOTHING, BORDER_RUNS, BOX_WIDER * k->em, 0, alignment, side, vertical);
  buf_adds(k->out, "\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n");
}

static void put_time(struct buf *out, int64_t ms) {
  int64_t cs = (ms + 5) / 10;
  buf_addf(out, "%" PRId64 ":%02" PRId64 ":%02" PRId64 ".%02" PRId64, cs / 360000, cs / 6000 % 60, cs / 100 % 60,
           cs % 100);
}

static void begin_event(struct script *k, int layer, const char *style, int64_t start, int64_t end) {
  buf_addf(k->out, "Dialogue: %d,", layer);
  put_time(k->out, start);
  buf_addc(k->out, ',');
  put_time(k->out, end);
  buf_addf(k->out, ",%s,,0,0,0,,", style);
  k->now = k->font;
}

/* Part of an event's text. Other scripts than the film's are set in their own fonts. */
static void put_piece(struct script *k, const char *s, size_t n) {
  const char *from = s, *end = s + n;
  while (s < end) {
    struct markup m;
    if (markup_at(s, (size_t)(end - s), &m)) {
      s += m.length;
      continue;
    }
    size_t length;
    const struct font *font = font_of(utf8_next(s, &length), k->font, k->s->face);
    if (font && font != k->now) {
      ass_text_put(k->out, from, (size_t)(s - from));
      buf_addf(k->out, "{\\fn%s\\fs%.1f\\fsp%.2f}", font->family, k->em * font->line, spacing(k, font));
      k->now = font;
      from = s;
    }
    s += length;
  }
  ass_text_put(k->out, from, (size_t)(end - from));
}

static void put_edge(struct script *k) {
  if (k->s->blur > 0) buf_addf(k->out, "{\\blur%.2f}", k->s->blur * k->em);
  if (k->s->border == BORDER_BOX) /* a line is high already */
    buf_addf(k->out, "{\\xshad%.2f\\yshad%.2f}", k->s->shadow * k->em, k->s->shadow * k->em / 3);
}

static void put_plain(struct script *k, const struct cue *c) {
  if (k->s->glow) {
    begin_event(k, 0, "Under", c->start_ms, c->end_ms);
    buf_addf(k->out, "{\\blur%.2f\\alpha&H30&}", 0.18 * k->em);
    put_piece(k, c->text, strlen(c->text));
    buf_addc(k->out, '\n');
  }
  begin_event(k, 1, "Text", c->start_ms, c->end_ms);
  put_edge(k);
  put_piece(k, c->text, strlen(c->text));
  buf_addc(k->out, '\n');
}

/* The codes before word `i` while word `now` is said (now == word_count: none yet or any more). */
static void put_mark(struct script *k, size_t i, size_t now, size_t said) {
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
static void put_text(struct script *k, const struct cue *c, size_t now, size_t said) {
  size_t at = 0;
  for (size_t i = 0; i < c->word_count; i++) {
    const struct cue_word *w = &c->words[i];
    if (w->offset < at) continue;
    put_piece(k, c->text + at, w->offset - at);
    if (i == 0 || i == now || i == now + 1 || i == said) put_mark(k, i, now, said);
    put_piece(k, c->text + w->offset, w->length);
    at = w->offset + w->length;
    if (i == now) put_mark(k, c->word_count + 1, now, said > i ? c->word_count + 2 : said);
  }
  put_piece(k, c->text + at, strlen(c->text + at));
}

static void put_moment(struct script *k, const struct cue *c, int64_t start, int64_t end, size_t now, size_t said) {
  if (end <= start) return;
  if (k->s->follow == FOLLOW_BOX) {
    if (now < c->word_count) {
      begin_event(k, 0, "Under", start, end);
      buf_addf(k->out, "{\\xbord%.2f\\ybord%.2f}", BOX_WIDER * k->em, BOX_HIGHER * k->em);
      put_text(k, c, now, said);
      buf_addc(k->out, '\n');
    }
    begin_event(k, 1, "Text", start, end);
    put_piece(k, c->text, strlen(c->text));
  } else {
    begin_event(k, 1, "Text", start, end);
    put_edge(k);
    put_text(k, c, now, said);
  }
  buf_addc(k->out, '\n');
}

/* A word counts as being said until the next one starts, but not through a pause of more than half a second. */
static void put_followed(struct script *k, const struct cue *c) {
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

/* In em, of Noto Sans Bold and a little more; the other faces are narrower. */
static double letter_width(uint32_t c) {
  static const char narrow[] = " iljtfrI.,:;!'|()[]-", wide[] = "mwMWшщжюыфмШЩЖЮЫФМ@%—…";
  char bytes[5] = {0};
  if (icu_width(c) != 1) return icu_width(c) / 2.0;
  bytes[utf8_put(c, bytes)] = '\0';
  return strstr(narrow, bytes) ? 0.45 : strstr(wide, bytes) ? 0.97 : icu_is_upper(c) ? 0.74 : 0.64;
}

static double longest_line(const struct script *k) {
  double longest = 0;
  for (size_t i = 0; i < k->l->count; i++) {
    _cleanup_(buf_release) struct buf b = BUF_INIT;
    markup_strip(k->l->cues[i].text, strlen(k->l->cues[i].text), &b);
    double wide = 0;
    size_t n;
    for (const char *s = buf_str(&b); *s; s += n) {
      uint32_t c = utf8_next(s, &n);
      wide = c == '\n' ? 0 : wide + letter_width(c) + k->s->spacing;
      longest = wide > longest ? wide : longest;
    }
  }
  return longest;
}

/* As large as the style wants it, or smaller when a line would not fit; beyond SMALLEST libass wraps it. */
static double em_of(const struct script *k) {
  double em = k->s->em * (k->width < k->height ? k->width : k->height);
  double fits = k->width * (1 - 2 * SIDE) / longest_line(k);
  return fits >= em ? em : fits > SMALLEST * em ? fits : SMALLEST * em;
}

void caption_style_script(const struct caption_style *s, const struct cue_list *l, int width, int height,
                          enum caption_position position, struct buf *out) {
  struct script k = {.s = s, .l = l, .width = width, .height = height, .out = out};
  k.font = film_font(&k);
  k.em = em_of(&k);
  put_head(&k, position);
  for (size_t i = 0; i < l->count; i++) {
    const struct cue *c = &l->cues[i];
    if (s->follow != FOLLOW_NOT && c->word_count) put_followed(&k, c);
    else put_plain(&k, c);
  }
}
