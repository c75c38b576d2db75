/*
 * What a style is made of, and how a cue is laid out before it is painted. Inside caption/style*.c only.
 *
 * Lengths are in ems of the style's size where nothing else is said, so that everything scales with the picture.
 * A style paints a line of text several times, one coat over the other: soft shadows and glows first, the letters last.
 */
#ifndef TITR_CAPTION_STYLE_PARTS_H
#define TITR_CAPTION_STYLE_PARTS_H

#include "base/mem.h"
#include "caption/cue.h"
#include "caption/fonts.h"
#include "caption/markup.h"
#include "caption/style.h"

/* 0xAABBGGRR as ASS has it: alpha 0 is opaque. */
#define RGB(r, g, b)         ((uint32_t)(b) << 16 | (uint32_t)(g) << 8 | (uint32_t)(r))
#define RGBA(r, g, b, alpha) (RGB(r, g, b) | (uint32_t)(alpha) << 24)
#define CLEAR                0xFF000000u /* not painted */

struct style_coat {
  uint32_t fill, edge; /* of the letters and of the line around them */
  double outline;
  double blur; /* of the edge, or of the fill where there is no outline */
  double dx, dy;
};

#define STYLE_COATS 4
#define STYLE_BANDS 8 /* of a colour gradient over the letters' height */

enum style_follow { FOLLOW_NOT, FOLLOW_COLOR, FOLLOW_BOX, FOLLOW_POP, FOLLOW_STATES };

struct caption_style {
  const char *name, *about;
  enum font_face face;
  bool bold, italic;
  double size;                          /* an em, of the shorter side of the picture */
  double spacing;                       /* between letters */
  struct style_coat coats[STYLE_COATS]; /* from the lowest */
  int coat_count;                       /* the last coat is the letters */
  bool gradient;                        /* the letters' fill goes over into `foot` at their feet */
  uint32_t foot;
  bool boxed; /* a box behind each line, or with FOLLOW_BOX behind the spoken word */
  uint32_t box;
  enum style_follow follow;
  uint32_t now, to_come; /* the spoken word's colour, and (FOLLOW_STATES) that of words not yet spoken */
};

/* ---- layout: style_layout.c ---- */

#define STYLE_LINES 24 /* of one cue; the rest of them could not be read anyway and is left out */

struct style_line {
  size_t from, to;          /* bytes of cue.text, without the spaces around */
  unsigned open;            /* bits by enum markup_kind: tags of earlier lines that are not closed */
  double width;             /* an estimate */
  double rise, drop, pitch; /* of the largest of its fonts */
};

struct style_layout {
  struct style_line *lines;
  size_t count, cap;
  double em;    /* pixels: the style's, or less where the text would not fit */
  double pitch; /* pixels from baseline to baseline */
  int place;    /* 1..9 where the text's markup names a place ("{\an8}"), else 0 */
};

/* A stretch of one script, or one tag. */
struct style_run {
  size_t from, to;
  enum font_script script;
  bool is_markup;
  struct markup markup;
};

/* Walks text[from..end): `run->to` is where to go on, `*script` what was before (SCRIPT_COUNT at a line's start). */
bool style_run_next(const char *text, size_t from, size_t end, enum font_script *script, struct style_run *run);

/* Lines that are wider than `room` pixels are broken where the language allows it, evenly; what is still too wide, or
 * higher than `height`, makes the letters smaller. `least_pitch` in ems. Release with style_layout_release(). */
void style_layout_make(const struct cue *c, const char *language, enum font_face face, double spacing, double em,
                       double least_pitch, double room, double height, struct style_layout *ret);
void style_layout_release(struct style_layout *l);

/* The estimated width of text[from..to). */
double style_width(const char *text, size_t from, size_t to, enum font_face face, double spacing);

#endif
