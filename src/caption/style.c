/*
 * DESIGN. A style is a row of numbers (style_parts.h); style_script.c paints what they say. What is legible on any
 * picture needs light and dark in itself: pale letters have a dark edge or stand on a box, and a glow has a shade below.
 */
#include "caption/style.h"

#include <string.h>

#include "caption/style_parts.h"

#define WHITE        RGB(255, 255, 255)
#define BLACK        RGB(0, 0, 0)
#define SHADE(alpha) RGBA(0, 0, 0, alpha)

/* Letters that a mark is put on as they are spoken: the same in all four, so that the mark is what differs. */
#define FOLLOWING                                                                                                      \
  .face = FACE_GEOMETRIC, .bold = true, .size = 0.062,                                                                 \
  .coats = {{.fill = SHADE(0x60), .edge = SHADE(0x60), .outline = 0.08, .blur = 0.07, .dy = 0.05},                     \
            {.fill = WHITE, .edge = BLACK, .outline = 0.075}},                                                         \
  .coat_count = 2

static const struct caption_style styles[] = {
    {.name = "modern_bold",
     .about = "heavy white letters with a strong black outline",
     .face = FACE_GEOMETRIC,
     .bold = true,
     .size = 0.064,
     .coats = {{.fill = SHADE(0x50), .edge = SHADE(0x50), .outline = 0.10, .blur = 0.05, .dx = 0.03, .dy = 0.07},
               {.fill = WHITE, .edge = BLACK, .outline = 0.095}},
     .coat_count = 2},
    {.name = "neon_glow",
     .about = "round letters that glow like a magenta tube",
     .face = FACE_ROUND,
     .bold = true,
     .size = 0.061,
     .spacing = 0.02,
     .coats = {{.fill = CLEAR, .edge = RGBA(18, 0, 30, 0x30), .outline = 0.20, .blur = 0.16},
               {.fill = CLEAR, .edge = RGBA(190, 20, 255, 0x18), .outline = 0.11, .blur = 0.12},
               {.fill = RGB(255, 240, 252), .edge = RGB(255, 45, 190), .outline = 0.05, .blur = 0.02}},
     .coat_count = 3},
    {.name = "clean_minimal",
     .about = "plain white with a soft dark edge; quiet on any picture",
     .face = FACE_SANS,
     .size = 0.052,
     .coats = {{.fill = SHADE(0x40), .edge = SHADE(0x40), .outline = 0.05, .blur = 0.09, .dy = 0.03},
               {.fill = WHITE, .edge = SHADE(0x18), .outline = 0.05, .blur = 0.014}},
     .coat_count = 2},
    {.name = "gaming_style",
     .about = "squarish acid green with a hard violet shadow",
     .face = FACE_TECHNICAL,
     .bold = true,
     .size = 0.064,
     .spacing = 0.02,
     .coats = {{.fill = RGB(118, 40, 255), .edge = RGB(118, 40, 255), .outline = 0.09, .dx = 0.07, .dy = 0.07},
               {.fill = RGB(196, 255, 54), .edge = RGB(22, 8, 44), .outline = 0.09}},
     .coat_count = 2},
    {.name = "elegant_serif",
     .about = "ivory serif letters, golden at their feet",
     .face = FACE_SERIF,
     .size = 0.057,
     .spacing = 0.01,
     .coats =
         {{.fill = RGBA(20, 10, 0, 0x38), .edge = RGBA(20, 10, 0, 0x38), .outline = 0.06, .blur = 0.09, .dy = 0.03},
          {.fill = RGB(255, 252, 240), .edge = RGBA(36, 22, 8, 0x10), .outline = 0.045, .blur = 0.012}},
     .coat_count = 2,
     .gradient = true,
     .foot = RGB(244, 212, 148)},
    {.name = "retro_wave",
     .about = "slanted, sunset yellow to magenta, over electric blue",
     .face = FACE_CONDENSED,
     .bold = true,
     .italic = true,
     .size = 0.066,
     .spacing = 0.015,
     .coats = {{.fill = RGB(0, 214, 255), .edge = RGB(0, 214, 255), .outline = 0.05, .dx = -0.055, .dy = 0.055},
               {.fill = RGB(255, 214, 74), .edge = RGB(40, 8, 84), .outline = 0.085}},
     .coat_count = 2,
     .gradient = true,
     .foot = RGB(255, 36, 172)},
    {.name = "social_media",
     .about = "black on white labels with round corners, as in feeds",
     .face = FACE_GEOMETRIC,
     .bold = true,
     .size = 0.056,
     .coats = {{.fill = RGB(17, 17, 20), .edge = CLEAR}},
     .coat_count = 1,
     .boxed = true,
     .box = WHITE},
    {.name = "cinematic",
     .about = "small warm letters, widely set, as in a cinema",
     .face = FACE_SERIF,
     .italic = true,
     .size = 0.046,
     .spacing = 0.05,
     .coats = {{.fill = SHADE(0x48), .edge = SHADE(0x48), .outline = 0.05, .blur = 0.10, .dy = 0.02},
               {.fill = RGB(250, 238, 190), .edge = SHADE(0x20), .outline = 0.045, .blur = 0.014}},
     .coat_count = 2},
    {.name = "karaoke_color",
     .about = "the spoken word turns yellow",
     FOLLOWING,
     .follow = FOLLOW_COLOR,
     .now = RGB(255, 214, 10)},
    {.name = "karaoke_box",
     .about = "the spoken word stands on a coloured box",
     FOLLOWING,
     .follow = FOLLOW_BOX,
     .now = WHITE,
     .box = RGB(112, 56, 255)},
    {.name = "karaoke_pop",
     .about = "the spoken word grows and turns green for a moment",
     FOLLOWING,
     .follow = FOLLOW_POP,
     .now = RGB(72, 255, 128)},
    {.name = "karaoke_states",
     .about = "three states: said, being said, still to come",
     FOLLOWING,
     .follow = FOLLOW_STATES,
     .now = RGB(255, 160, 40),
     .to_come = RGB(150, 154, 164)},
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
