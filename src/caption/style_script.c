/*
 * DESIGN. Every line of a cue is placed by itself (style_layout.c says why) and painted once for each coat of its style.
 * How words follow the voice is told to libass in the same events, as timed codes before and behind each word, so that
 * the text, its shaping and its direction are the same at every moment; codes stand between words only.
 *
 * Three devices that ASS has no words for:
 * - A strut. libass places a line by the descent of the largest font in it. Each line begins with a no-break space of
 *   no width, larger than all others, so that baselines stand where they should whatever the fonts, and a word that
 *   grows does not lift its line.
 * - A flat line: the text at no height, with a wide outline, is a bar exactly as wide as the text, with round ends. A few
 *   of them over each other, narrow ones at head and foot, make a box with round corners around a line or word whose
 *   width only libass knows.
 * - A gradient: the letters painted in slices, each cut out by \clip and of another colour. The first and last slice
 *   reach to the picture's borders, so that no letter is lost if a line stands elsewhere than was thought.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "caption/ass_text.h"
#include "caption/style_parts.h"

/* Of the picture's width or height: title-safe; upright, phones lay their controls over the foot and the right. */
#define SAFE         0.05
#define UPRIGHT_SIDE 0.08
#define UPRIGHT_FOOT 0.20
#define UPRIGHT_HEAD 0.11
#define MOST_HEIGHT  0.6 /* for the lines of one cue */

/* ems */
#define PAD_X      0.26 /* of a line's box */
#define PAD_Y      0.12
#define WORD_PAD_X 0.16 /* of a word's box: a little more than half of a space */
#define WORD_PAD_Y 0.06
#define CORNER     0.20
#define STRUT      4.0 /* times the size: more than any font's descent in these sizes */
#define FLAT       0.1 /* percent of its height */
#define GROWN      1.10
#define MOST_GIVEN 0.11 /* less than half a space */
#define GROWN_MOST 1.16

#define SMALLEST   0.8 /* of its size a style may have for a whole film */

#define RICH                                                                                                           \
  (64 << 20) /* bytes; what comes behind them in a script is painted in one coat, so that files made to be
                          large do not become a hundred times larger */

#define HIDDEN "\\1a&HFF&\\3a&HFF&"
#define SHOWN  "\\1a&H00&\\3a&H00&"

/* Milliseconds. */
#define TURN 70  /* a colour turns into another */
#define REST 500 /* in a longer pause no word is being said */

struct script {
  const struct caption_style *s;
  const struct cue_list *l;
  const char *language;
  enum font_face face;
  int width, height;
  double em; /* of the style, pixels */
  enum caption_position position;
  struct buf *out;
};

/* Lines of a cue that are still shown when another begins: files from elsewhere overlap. */
struct shown {
  int64_t until;
  int place;       /* 1 foot, 2 middle, 3 head */
  double from, to; /* pixels away from the edge, or from the middle */
};

/* One cue being written. */
struct painting {
  const struct script *k;
  const struct cue *c;
  struct style_layout layout;
  int64_t start, end; /* as the script says them: to centiseconds */
  int place;
  double away; /* pixels by which it is moved because of others */
  size_t line;
  const char *family; /* where the event stands */
  bool flat;
};

/* ---- head ---- */

static void put_head(const struct script *k) {
  struct font f = font_find(k->face, SCRIPT_LATIN, k->language);
  buf_addf(k->out,
           "[Script Info]\nScriptType: v4.00+\nPlayResX: %d\nPlayResY: %d\nWrapStyle: 2\nScaledBorderAndShadow: "
           "yes\nYCbCr Matrix: TV.709\n\n[V4+ Styles]\n",
           k->width, k->height);
  buf_adds(k->out,
           "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, "
           "Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, "
           "MarginR, MarginV, Encoding\n");
  /* Encoding -1, libass: the direction of a line is that of its first letter that has one. */
  for (int flat = 0; flat < 2; flat++)
    buf_addf(k->out, "Style: %s,%s,%.2f,&H%s,&H%s,&H00000000,&HFF000000,%d,%d,%d,0,100,%g,%.2f,0,1,0,0,2,0,0,0,-1\n",
             flat ? "Flat" : "Text", f.family, k->em * f.scale * f.line, flat ? "FF000000" : "00FFFFFF",
             flat ? "FF000000" : "00FFFFFF", k->s->bold ? -1 : 0, k->s->italic ? -1 : 0, flat ? -1 : 0,
             flat ? FLAT : 100.0, k->s->spacing * k->em);
  buf_adds(k->out, "\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n");
}

static void put_time(struct buf *out, int64_t ms) {
  int64_t cs = ms / 10;
  buf_addf(out, "%" PRId64 ":%02" PRId64 ":%02" PRId64 ".%02" PRId64, cs / 360000, cs / 6000 % 60, cs / 100 % 60,
           cs % 100);
}

static void put_colour(struct buf *out, int which, uint32_t colour) {
  buf_addf(out, "\\%dc&H%06X&\\%da&H%02X&", which, (unsigned)(colour & 0xFFFFFF), which, (unsigned)(colour >> 24));
}

/* ---- text ---- */

static double spacing_of(const struct painting *p, enum font_script script) {
  return font_script_joins(script) ? 0 : p->k->s->spacing * p->layout.em;
}

static void put_font(struct painting *p, enum font_script script) {
  struct font f = font_find(p->k->face, script, p->k->language);
  if (p->family && strcmp(p->family, f.family) == 0) return;
  struct buf *out = p->k->out;
  buf_addf(out, "{\\fn%s\\fs%.2f\\fsp%.2f", f.family, p->layout.em * f.scale * f.line, spacing_of(p, script));
  if (p->k->s->italic) buf_addf(out, "\\i%d", script == SCRIPT_LATIN);
  buf_addc(out, '}');
  p->family = f.family;
}

/* Closing gives back what the style has. */
static void put_markup(struct painting *p, const struct markup *m) {
  static const char codes[] = {
      [MARKUP_ITALIC] = 'i', [MARKUP_BOLD] = 'b', [MARKUP_UNDERLINE] = 'u', [MARKUP_STRIKE] = 's'};
  if (m->kind >= MARKUP_PLACE) return;
  if (p->flat && m->kind > MARKUP_BOLD) return;
  buf_addf(p->k->out, m->closes ? "{\\%c}" : "{\\%c1}", codes[m->kind]);
}

static void put_text(struct painting *p, size_t from, size_t to, enum font_script *script) {
  struct style_run run;
  for (size_t at = from; style_run_next(p->c->text, at, to, script, &run); at = run.to) {
    if (run.is_markup) {
      put_markup(p, &run.markup);
      continue;
    }
    put_font(p, run.script);
    ass_text_put(p->k->out, p->c->text + run.from, run.to - run.from);
  }
}

/* ---- words ---- */

/* When word `i` is being said, in milliseconds of the event; false when it never is. */
static bool said(const struct painting *p, size_t i, int64_t *ret_from, int64_t *ret_to) {
  const struct cue *c = p->c;
  const struct cue_word *w = &c->words[i];
  int64_t from = i == 0 || w->start_ms > c->words[i - 1].start_ms ? w->start_ms : c->words[i - 1].start_ms;
  int64_t next = i + 1 < c->word_count ? c->words[i + 1].start_ms : w->end_ms;
  int64_t to = next - w->end_ms > REST || next < w->end_ms ? w->end_ms : next;
  if (next < to && next > from) to = next;
  *ret_from = (from > c->start_ms ? from : c->start_ms) - p->start;
  *ret_to = (to < c->end_ms ? to : c->end_ms) - p->start;
  if (*ret_from < 0) *ret_from = 0;
  return *ret_to > *ret_from;
}

static void put_turn(struct buf *out, int64_t at, int64_t lasts, const char *codes) {
  buf_addf(out, "\\t(%" PRId64 ",%" PRId64 ",%s)", at, at + lasts, codes);
}

static char *colour_code(uint32_t colour) {
  return x_asprintf("\\1c&H%06X&", (unsigned)(colour & 0xFFFFFF));
}

static void put_colours(struct painting *p, size_t i, uint32_t before, uint32_t after) {
  int64_t from, to;
  _cleanup_(mem_freep) char *now = colour_code(p->k->s->now), *then = colour_code(after);
  buf_addf(p->k->out, "{\\1c&H%06X&", (unsigned)(before & 0xFFFFFF));
  if (said(p, i, &from, &to)) {
    put_turn(p->k->out, from, TURN, now);
    put_turn(p->k->out, to, TURN, then);
  }
  buf_addc(p->k->out, '}');
}

/* The space beside a growing word gives what the word takes, so that the others stay where they are. */
static void put_give(struct painting *p, size_t i, double base) {
  int64_t from, to;
  const struct cue_word *w = &p->c->words[i];
  double width = style_width(p->c->text, w->offset, w->offset + w->length, p->k->face, p->k->s->spacing);
  if (!said(p, i, &from, &to)) return;
  double give = fmin(width * (GROWN - 1) / 2, MOST_GIVEN) / (GROWN - 1) * p->layout.em;
  _cleanup_(mem_freep) char *most = x_asprintf("\\fsp%.2f", base - give * (GROWN_MOST - 1)),
                            *grown = x_asprintf("\\fsp%.2f", base - give * (GROWN - 1)),
                            *back = x_asprintf("\\fsp%.2f", base);
  put_turn(p->k->out, from, TURN, most);
  put_turn(p->k->out, from + TURN, TURN, grown);
  put_turn(p->k->out, to, TURN, back);
}

static void put_growth(struct painting *p, size_t i) {
  int64_t from, to;
  if (!said(p, i, &from, &to)) return;
  _cleanup_(mem_freep) char *most = x_asprintf("\\fscx%.0f\\fscy%.0f", 100 * GROWN_MOST, 100 * GROWN_MOST),
                            *grown = x_asprintf("\\fscx%.0f\\fscy%.0f", 100 * GROWN, 100 * GROWN);
  buf_addc(p->k->out, '{');
  put_turn(p->k->out, from, TURN, most);
  put_turn(p->k->out, from + TURN, TURN, grown);
  put_turn(p->k->out, to, TURN, "\\fscx100\\fscy100");
  buf_addc(p->k->out, '}');
}

/* The codes before a word and behind it. `letters`: the coat on top. */
static void begin_word(struct painting *p, size_t i, const struct style_coat *coat, bool letters) {
  const struct caption_style *s = p->k->s;
  int64_t from, to;
  if (p->flat) {
    buf_adds(p->k->out, "{" HIDDEN);
    if (said(p, i, &from, &to)) {
      put_turn(p->k->out, from, 0, SHOWN);
      put_turn(p->k->out, to, 0, HIDDEN);
    }
    buf_addc(p->k->out, '}');
    return;
  }
  if (s->follow == FOLLOW_POP) put_growth(p, i);
  if (letters) put_colours(p, i, s->follow == FOLLOW_STATES ? s->to_come : coat->fill, coat->fill);
}

static void end_word(struct painting *p, const struct style_coat *coat, bool letters) {
  if (p->flat) {
    buf_adds(p->k->out, "{" HIDDEN "}");
    return;
  }
  if (p->k->s->follow == FOLLOW_POP) buf_adds(p->k->out, "{\\fscx100\\fscy100}");
  if (letters) buf_addf(p->k->out, "{\\1c&H%06X&}", (unsigned)(coat->fill & 0xFFFFFF));
}

/* What stands between word `next - 1` and word `next`. */
static void put_between(struct painting *p, size_t from, size_t to, size_t next, enum font_script *script) {
  const struct cue *c = p->c;
  bool one_space = to == from + 1 && c->text[from] == ' ';
  if (p->k->s->follow != FOLLOW_POP || !one_space) {
    put_text(p, from, to, script);
    return;
  }
  double base = spacing_of(p, *script == SCRIPT_COUNT ? SCRIPT_LATIN : *script);
  buf_addc(p->k->out, '{');
  if (next > 0) put_give(p, next - 1, base);
  if (next < c->word_count) put_give(p, next, base);
  buf_adds(p->k->out, "} ");
  buf_addf(p->k->out, "{\\fsp%.2f}", base);
}

static void put_line(struct painting *p, const struct style_coat *coat, bool letters) {
  const struct style_line *line = &p->layout.lines[p->line];
  const struct cue *c = p->c;
  enum font_script script = SCRIPT_COUNT;
  size_t at = line->from, i = 0;
  for (int kind = 0; kind < MARKUP_PLACE; kind++)
    if (line->open & 1U << kind) put_markup(p, &(struct markup){.kind = (enum markup_kind)kind});
  bool follow = p->k->s->follow != FOLLOW_NOT && (p->flat || p->k->s->follow != FOLLOW_BOX);
  for (; follow && i < c->word_count; i++) {
    size_t from = c->words[i].offset, to = from + c->words[i].length;
    if (from < at || to > line->to) {
      if (from >= line->to) break;
      if (to <= at) continue; /* of an earlier line */
      from = from < at ? at : from;
      to = to > line->to ? line->to : to;
    }
    if (from > at) put_between(p, at, from, i, &script);
    begin_word(p, i, coat, letters);
    put_text(p, from, to, &script);
    end_word(p, coat, letters);
    at = to;
  }
  put_text(p, at, line->to, &script);
}

/* ---- events ---- */

static double baseline(const struct painting *p) {
  const struct script *k = p->k;
  const struct style_layout *l = &p->layout;
  bool upright = k->height > k->width;
  const struct style_line *first = &l->lines[0], *last = &l->lines[l->count - 1];
  double pad = k->s->boxed ? PAD_Y : 0.08, height = l->pitch * (double)(l->count - 1);
  double top = k->height * (upright ? UPRIGHT_HEAD : SAFE) + (first->rise + pad) * l->em;
  double bottom = k->height * (1 - (upright ? UPRIGHT_FOOT : SAFE)) - (last->drop + pad) * l->em;
  double middle = (k->height - height + (first->rise - last->drop) * l->em) / 2;
  double y = p->place == 3 ? top + p->away : p->place == 1 ? bottom - height - p->away : middle + p->away;
  return y + l->pitch * (double)p->line;
}

static void begin_event(struct painting *p, int layer, double x, double y, const char *style) {
  const struct script *k = p->k;
  struct font f = font_find(k->face, SCRIPT_LATIN, k->language);
  double size = p->layout.em * f.scale * f.line;
  buf_addf(k->out, "Dialogue: %d,", layer);
  put_time(k->out, p->start);
  buf_addc(k->out, ',');
  put_time(k->out, p->end);
  buf_addf(k->out, ",%s,,0,0,0,,", style);
  p->family = NULL;
  p->flat = style[0] == 'F';
  /* The strut; a flat one has no descent to speak of. */
  double descent = p->flat ? 0 : STRUT * f.descent * f.scale * p->layout.em;
  buf_addf(k->out, "{\\pos(%.2f,%.2f)\\fs%.2f\\fscx0\\fsp0\\u0\\bord0}\xC2\xA0{\\fscx100%s", x, y + descent,
           size * (p->flat ? 1 : STRUT), p->flat ? "\\u1" : "");
}

static void put_coat(struct painting *p, int layer, const struct style_coat *coat, bool letters) {
  const struct script *k = p->k;
  const struct style_layout *l = &p->layout;
  double y = baseline(p), em = l->em;
  bool sliced = letters && k->s->gradient && k->out->len < RICH;
  const struct style_line *line = &l->lines[p->line];
  double head = y - fmin(line->rise, 0.78) * em, step = (y + 0.1 * em - head) / STYLE_BANDS;
  for (int slice = 0; slice < (sliced ? STYLE_BANDS : 1); slice++) {
    uint32_t fill = coat->fill;
    begin_event(p, layer, k->width / 2.0 + coat->dx * em, y + coat->dy * em, "Text");
    if (sliced) {
      double from = slice == 0 ? 0 : head + step * slice;
      double to = slice == STYLE_BANDS - 1 ? k->height : head + step * (slice + 1);
      double t = slice / (STYLE_BANDS - 1.0);
      fill = 0;
      for (int shift = 0; shift < 24; shift += 8)
        fill |= (uint32_t)lround((coat->fill >> shift & 0xFF) * (1 - t) + (k->s->foot >> shift & 0xFF) * t) << shift;
      buf_addf(k->out, "\\clip(0,%.0f,%d,%.0f)", from, k->width, to);
    }
    put_colour(k->out, 1, fill);
    put_colour(k->out, 3, coat->edge);
    buf_addf(k->out, "\\bord%.2f\\blur%.2f}", coat->outline * em, coat->blur * em);
    put_line(p, coat, letters);
    buf_addc(k->out, '\n');
  }
}

/* A box with round corners around the line, or with FOLLOW_BOX around its words as they are said. */
static void put_box(struct painting *p, int layer, uint32_t colour, double pad_x, double pad_y) {
  const struct script *k = p->k;
  const struct style_line *line = &p->layout.lines[p->line];
  double em = p->layout.em, half = ((line->rise + line->drop) / 2 + pad_y) * em, corner = fmin(CORNER * em, half);
  double middle = baseline(p) - (line->rise - line->drop) / 2 * em;
  const double bars[][2] = {/* middle, half height */
                            {corner - half, corner},
                            {-0.4 * half, 0.6 * half},
                            {0, half},
                            {0.4 * half, 0.6 * half},
                            {half - corner, corner}};
  for (size_t i = 0; i < ARRAY_LEN(bars); i++) {
    begin_event(p, layer, k->width / 2.0, middle + bars[i][0], "Flat");
    put_colour(k->out, 1, colour);
    put_colour(k->out, 3, colour);
    buf_addf(k->out, "%s\\xbord%.2f\\ybord%.2f}", k->s->follow == FOLLOW_BOX ? HIDDEN : "", pad_x * em, bars[i][1]);
    put_line(p, NULL, false);
    buf_addc(k->out, '\n');
  }
}

#define MOST_SHOWN 8 /* at one moment; more lie over each other */

/* Finds the place of a cue beside those that are still shown. */
static void find_place(struct painting *p, struct shown *others) {
  const struct script *k = p->k;
  int named = p->layout.place;
  p->place = named ? (named + 2) / 3 : k->position == CAPTION_TOP ? 3 : k->position == CAPTION_MIDDLE ? 2 : 1;
  double height = p->layout.pitch * (double)p->layout.count;
  bool moved = true;
  while (moved) {
    moved = false;
    for (int i = 0; i < MOST_SHOWN; i++) {
      const struct shown *o = &others[i];
      if (o->until <= p->start || o->place != p->place || o->to <= p->away || o->from >= p->away + height) continue;
      p->away = o->to;
      moved = true;
    }
  }
  if (p->away + height > k->height * MOST_HEIGHT) p->away = 0; /* no room left */
  struct shown *oldest = others;
  for (int i = 1; i < MOST_SHOWN; i++)
    if (others[i].until < oldest->until) oldest = &others[i];
  *oldest = (struct shown){p->end, p->place, p->away, p->away + height};
}

/* For a line, in pixels. */
static double room(const struct script *k) {
  double sides = 2 * (k->height > k->width ? UPRIGHT_SIDE : SAFE);
  return k->width * (1 - sides) - (k->s->boxed ? 2 * PAD_X : 0.2) * k->em;
}

static void put_cue(const struct script *k, const struct cue *c, struct shown *others) {
  const struct caption_style *s = k->s;
  struct painting p = {.k = k, .c = c, .start = (c->start_ms + 5) / 10 * 10, .end = (c->end_ms + 5) / 10 * 10};
  double least = s->boxed ? 0.76 + 0.22 + 2 * PAD_Y - 0.04 : 0;
  style_layout_make(c, k->language, k->face, s->spacing, k->em, least, room(k), k->height * MOST_HEIGHT, &p.layout);
  find_place(&p, others);
  bool rich = k->out->len < RICH;
  for (p.line = 0; p.line < p.layout.count; p.line++) {
    if (s->boxed) put_box(&p, 0, s->box, PAD_X, PAD_Y);
    for (int i = rich ? 0 : s->coat_count - 1; i < s->coat_count; i++) {
      bool letters = i == s->coat_count - 1;
      put_coat(&p, 1 + 2 * i, &s->coats[i], letters);
      /* Above the shadows, below the letters. */
      if (s->follow == FOLLOW_BOX && c->word_count && i == s->coat_count - 2)
        put_box(&p, 2 + 2 * i, s->box, WORD_PAD_X, WORD_PAD_Y);
    }
  }
  style_layout_release(&p.layout);
}

/* ---- script ---- */

/* The face that has all letters of all cues, and the language that Chinese characters are drawn for. */
static void look_over(struct script *k) {
  bool kana = false, hangul = false;
  for (size_t i = 0; i < k->l->count; i++)
    for (const char *s = k->l->cues[i].text; *s;) {
      size_t n;
      uint32_t c = utf8_next(s, &n);
      s += n;
      enum font_script script = font_script_of(c, SCRIPT_LATIN);
      kana |= script == SCRIPT_KANA;
      hangul |= script == SCRIPT_HANGUL;
      if (script == SCRIPT_LATIN && !font_covers(k->face, c)) k->face = font_plain_face(k->face);
    }
  k->language = k->l->language[0] ? k->l->language : kana ? "ja" : hangul ? "ko" : "";
}

/* One size for all cues: lines a little too wide make it smaller, the rest is broken or made smaller by itself. */
static void fit(struct script *k) {
  double most = room(k) / k->em, widest = most;
  for (size_t i = 0; i < k->l->count; i++)
    for (const char *text = k->l->cues[i].text, *line = text;; line++) {
      size_t n = strcspn(line, "\n"), from = (size_t)(line - text);
      double width = style_width(text, from, from + n, k->face, k->s->spacing);
      if (width > widest && width <= most / SMALLEST) widest = width;
      line += n;
      if (!*line) break;
    }
  k->em *= most / widest;
}

void caption_style_script(const struct caption_style *s, const struct cue_list *l, int width, int height,
                          enum caption_position position, struct buf *out) {
  struct script k = {
      .s = s, .l = l, .face = s->face, .width = width, .height = height, .position = position, .out = out};
  k.em = (width < height ? width : height) * s->size;
  look_over(&k);
  fit(&k);
  put_head(&k);
  struct shown others[MOST_SHOWN] = {0};
  for (size_t i = 0; i < l->count; i++) put_cue(&k, &l->cues[i], others);
}
