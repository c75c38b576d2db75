#include "config/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void settings_problems_release(struct settings_problems *p) {
  for (size_t i = 0; i < p->count; i++) free(p->items[i].text);
  free(p->items);
  memset(p, 0, sizeof *p);
}

void settings_problem_add(struct settings_problems *p, enum problem_kind kind, const char *fmt, ...) {
  char text[2048]; /* messages are an error's (1024 bytes) and what is put around it */
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  x_grow(&p->items, &p->cap, p->count + 1, sizeof *p->items);
  p->items[p->count++] = (struct settings_problem){.error = kind == PROBLEM_ERROR || kind == PROBLEM_SERVICE_ERROR,
                                                   .service = kind >= PROBLEM_SERVICE_ERROR,
                                                   .text = x_strdup(text)};
}
