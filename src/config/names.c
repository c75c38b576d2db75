#include "config/names.h"

#include <ctype.h>
#include <string.h>

#include "config/settings.h"

enum { MOST_WARNINGS = 20 };

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Changes of one character (insert, delete, replace, swap of neighbours) that turn a into b, up to 63 bytes long. Case
 * does not count. */
static size_t distance(const char *a, const char *b) {
  enum { MAX = 64 };
  size_t n = strlen(a), m = strlen(b);
  if (n >= MAX || m >= MAX) return MAX;
  size_t before[MAX] = {0}, row[MAX], next[MAX];
  for (size_t j = 0; j <= m; j++) row[j] = j;
  for (size_t i = 1; i <= n; i++) {
    next[0] = i;
    for (size_t j = 1; j <= m; j++) {
      bool same = toupper((unsigned char)a[i - 1]) == b[j - 1];
      next[j] = least(least(row[j] + 1, next[j - 1] + 1), row[j - 1] + !same);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) next[j] = least(next[j], before[j - 2] + 1);
    }
    memcpy(before, row, sizeof row);
    memcpy(row, next, sizeof next);
  }
  return row[m];
}

static const char *nearest(const char *name) {
  const char *near = NULL;
  size_t best = strlen(name) >= 8 ? 3 : 2; /* one change in a short name, two in a long one */
  for (int id = 0; id < SETTINGS_COUNT; id++) {
    size_t d = distance(name, settings_declaration((enum setting_id)id)->name);
    if (d >= best) continue;
    best = d;
    near = settings_declaration((enum setting_id)id)->name;
  }
  return near;
}

static int find(const char *name) {
  for (int id = 0; id < SETTINGS_COUNT; id++)
    if (strcmp(name, settings_declaration((enum setting_id)id)->name) == 0) return id;
  return -1;
}

void names_check(const struct dotenv *d, const char *file, struct settings_problems *p) {
  int lines[SETTINGS_COUNT] = {0};
  size_t warnings = 0;
  for (size_t i = 0; i < d->count; i++) {
    const struct dotenv_entry *entry = &d->entries[i];
    int id = find(entry->name);
    if (id >= 0 && !lines[id]) {
      lines[id] = entry->line;
      continue;
    }
    if (++warnings > MOST_WARNINGS) continue;
    if (id >= 0) {
      settings_problem_add(p, PROBLEM_SERVICE_WARNING, "%s:%d: %s is set again; line %d has no effect", file,
                           entry->line, entry->name, lines[id]);
      lines[id] = entry->line;
      continue;
    }
    const char *near = nearest(entry->name);
    bool ours = strncmp(entry->name, "TITR_", 5) == 0;
    if (near)
      settings_problem_add(p, PROBLEM_WARNING, "%s:%d: %.64s is not a setting; is %s meant?", file, entry->line,
                           entry->name, near);
    else
      settings_problem_add(p, ours ? PROBLEM_WARNING : PROBLEM_SERVICE_WARNING, "%s:%d: %.64s is not a setting of titr",
                           file, entry->line, entry->name);
  }
  if (warnings > MOST_WARNINGS)
    settings_problem_add(p, PROBLEM_SERVICE_WARNING, "%s: and %zu more lines of that kind", file,
                         warnings - MOST_WARNINGS);
}
