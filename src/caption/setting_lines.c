/*
 * DESIGN. For a run of atoms that is wider than a line, the lines are chosen together: the cost of the break
 * between two lines (by its kind) plus the cost of the shape, which is the squared distance of each line from
 * the mean and a slight preference for a longer bottom line (the pyramid that hides less of the picture). A good
 * break outweighs shape. Text that fits one line stays on one.
 */
#include "caption/setting_parts.h"

#include <limits.h>
#include <string.h>

static const int break_cost[BREAK_KINDS] = {
    [BREAK_SENTENCE] = 0,      [BREAK_CLAUSE] = 6,         [BREAK_COMMA] = 10,   [BREAK_CONJUNCTION] = 22,
    [BREAK_COORDINATION] = 32, [BREAK_PREPOSITION] = 34,   [BREAK_PHRASE] = 48,  [BREAK_PLAIN] = 60,
    [BREAK_WEAK] = 150,        [BREAK_NAME] = 600,         [BREAK_LOOSE] = 1100, [BREAK_FUNCTION] = 1500,
    [BREAK_INSIDE] = 2500,     [BREAK_NEVER] = COST_NEVER,
};

#define SHAPE_COST   180 /* of a line that is a whole line's length from the mean */
#define PYRAMID_COST 12  /* of a top line that is a whole line longer */
#define UNREACHED    (INT_MAX / 2)

static int line_cost(const struct atoms *a, int limit, int mean, size_t lines, size_t line, size_t from, size_t to) {
  int width = atoms_width(a, from, to);
  int off = width - mean;
  int cost = (int)((int64_t)SHAPE_COST * off * off / ((int64_t)limit * limit));
  return cost +
         PYRAMID_COST * width * ((int)lines - 1 - 2 * (int)line) / (limit * ((int)lines > 1 ? (int)lines - 1 : 1));
}

/* Exactly `lines` lines. The rows of the table are lines; only the last row's last cell is of interest. */
static int fit_exactly(const struct atoms *a, int limit, size_t lines, size_t from, size_t to, size_t ret[CUE_LINES]) {
  int cost[CUE_LINES + 1][CUE_ATOMS + 1];
  uint8_t back[CUE_LINES + 1][CUE_ATOMS + 1];
  size_t m = to - from;
  if (m < lines) return -1;
  cost[lines][m] = UNREACHED;
  int mean = atoms_width(a, from, to) / (int)lines;
  for (size_t row = 1; row <= lines; row++)
    for (size_t end = row == lines ? m : row; end <= m; end++) {
      int best = UNREACHED;
      size_t best_at = 0;
      for (size_t at = end; at-- > (row == 1 ? 0 : row - 1);) {
        if (atoms_width(a, from + at, from + end) > limit) break;
        if (row == 1 && at > 0) continue;
        int sum = line_cost(a, limit, mean, lines, row - 1, from + at, from + end);
        if (row > 1) {
          if (cost[row - 1][at] >= UNREACHED) continue;
          sum += cost[row - 1][at] + break_cost[a->list[from + at].kind];
        }
        if (sum < best) {
          best = sum;
          best_at = at;
        }
      }
      cost[row][end] = best;
      back[row][end] = (uint8_t)best_at;
    }
  if (cost[lines][m] >= UNREACHED) return -1;
  size_t end = m;
  for (size_t row = lines; row > 1; row--) {
    end = back[row][end];
    ret[row - 2] = from + end;
  }
  return cost[lines][m] > 0 ? cost[lines][m] : 0;
}

int lines_fit(const struct atoms *a, const struct caption_profile *p, size_t from, size_t to, size_t ret[CUE_LINES],
              size_t *ret_count) {
  int limit = 2 * p->max_line_chars, best = -1, width = atoms_width(a, from, to);
  size_t count = 0;
  if (to - from > CUE_ATOMS) return -1;
  if (width <= limit) {
    if (ret_count) *ret_count = 0;
    return 0;
  }
  /* The space at a break is in `width` but on no line. */
  int space = p->half_columns ? 1 : 2;
  for (size_t lines = (size_t)((width + limit + 2 * space - 1) / (limit + space));
       lines <= (size_t)p->max_lines && lines <= CUE_LINES; lines++) {
    size_t at[CUE_LINES];
    int cost = fit_exactly(a, limit, lines, from, to, at);
    if (cost < 0 || (best >= 0 && cost >= best)) continue;
    best = cost;
    count = lines - 1;
    if (ret) memcpy(ret, at, sizeof at);
    if (best < COST_NEVER) break; /* more lines than needed only where these would tear a word */
  }
  if (ret_count && best >= 0) *ret_count = count;
  return best;
}
