/*
 * DESIGN. Times are worked out for one cue from its own speech and the start of the next, so that the search for
 * breaks can ask what a cue would get before the others are known. Sources: Netflix Subtitle Timing Guidelines;
 * its frame counts are written for 24 fps, where 12 are half a second, and are kept as times.
 */
#include "caption/setting_parts.h"

#include <math.h>

#define FRAMES_24(n) ((int64_t)((n)*1000 / 24))
#define HALF_SECOND  500

struct clock clock_of(const struct caption_profile *p, const int64_t *shots, size_t shot_count) {
  double frame = 1000 / p->fps;
  return (struct clock){
      .gap = (int64_t)ceil(p->min_gap_frames * frame - 1e-6),
      .close = (int64_t)ceil((p->close_gap_frames + 1) * frame - 1e-6),
      .min = p->min_ms,
      .max = p->max_ms,
      .linger = p->linger_ms,
      .late = FRAMES_24(7),              /* speech up to 7 frames before a shot: the cue waits for the shot */
      .early = FRAMES_24(12),            /* speech less than half a second after a shot: the cue comes with it */
      .clear = (int64_t)ceil(2 * frame), /* a cue goes two frames before a shot */
      .half_columns_per_ms = 2 * p->max_cps / 1000,
      .shots = shots,
      .shot_count = shot_count,
  };
}

static size_t first_shot_from(const struct clock *c, int64_t at) {
  size_t low = 0, high = c->shot_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (c->shots[middle] < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

size_t clock_shots_within(const struct clock *c, int64_t start, int64_t end) {
  return c->shot_count ? first_shot_from(c, end) - first_shot_from(c, start + 1) : 0;
}

int64_t clock_start(const struct clock *c, int64_t start, int64_t previous_end) {
  if (c->shot_count == 0) return start;
  size_t next = first_shot_from(c, start);
  int64_t to_next = next < c->shot_count ? c->shots[next] - start : INT64_MAX;
  int64_t since_last = next > 0 ? start - c->shots[next - 1] : INT64_MAX;
  if (to_next <= c->late && to_next <= since_last) return c->shots[next];
  /* Earlier only when what was said before is over by then. */
  if (since_last < c->early && previous_end <= c->shots[next - 1] + c->clear) return c->shots[next - 1];
  if (to_next < c->early && previous_end <= start - (c->early - to_next)) return c->shots[next] - c->early;
  return start;
}

int64_t clock_end(const struct clock *c, int64_t start, int64_t speech, int64_t next, int width) {
  int64_t read = start + (int64_t)ceil(width / c->half_columns_per_ms);
  if (speech < start) speech = start; /* it had to wait for the cue before it */
  int64_t end = speech;
  if (read > end) end = read < speech + c->linger ? read : speech + c->linger;
  if (end < start + c->min) end = start + c->min;
  int64_t latest = next - c->gap < start + c->max ? next - c->gap : start + c->max;
  if (c->shot_count) {
    /* The first shot at which the cue can go: it has been there long enough, and hardly any speech is lost. */
    int64_t earliest = start + c->min > speech - c->late ? start + c->min : speech - c->late;
    size_t i = first_shot_from(c, earliest + c->clear);
    int64_t cut = i < c->shot_count ? c->shots[i] - c->clear : INT64_MAX;
    if (cut < end + HALF_SECOND && cut <= latest && cut > start) end = cut;
  }
  if (end > latest) end = latest;
  if (end < start + c->min) end = start + c->min;
  if (next - end > c->gap && next - end < c->close && latest > end) end = latest;
  return end;
}
