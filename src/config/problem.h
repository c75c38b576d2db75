/* What is wrong or odd about the settings, one line each. Owned by the list. */
#ifndef TITR_CONFIG_PROBLEM_H
#define TITR_CONFIG_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

struct settings_problem {
  bool error;   /* else a warning */
  bool service; /* concerns the service only: not the commands for one file */
  char *text;   /* begins with the place or the name; holds no secret */
};

struct settings_problems {
  struct settings_problem *items;
  size_t count, cap;
};

void settings_problems_release(struct settings_problems *p); /* also the cleanup function */

enum problem_kind { PROBLEM_ERROR, PROBLEM_WARNING, PROBLEM_SERVICE_ERROR, PROBLEM_SERVICE_WARNING };
void settings_problem_add(struct settings_problems *p, enum problem_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
