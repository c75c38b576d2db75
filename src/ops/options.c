#include "ops/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { MOST_OPTIONS = 64 };

struct arguments {
  const struct command *command;
  const char *values[MOST_OPTIONS]; /* by row; "" for a flag that is set */
  const char **operands;
  size_t count;
};

static size_t distance(const char *a, const char *b) {
  size_t n = strlen(a), m = strlen(b);
  if (n > 40 || m > 40) return 99;
  size_t row[42];
  for (size_t j = 0; j <= m; j++) row[j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
      if (above + 1 < best) best = above + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
      diagonal = above;
    }
  }
  return row[m];
}

const char *nearest_name(const char *word, const char *const *names) {
  const char *best = NULL;
  size_t least = strlen(word) / 3 + 2;
  for (; *names; names++) {
    size_t d = strncmp(*names, word, strlen(word)) == 0 && strlen(word) > 1 ? 1 : distance(word, *names);
    if (d < least) {
      least = d;
      best = *names;
    }
  }
  return best;
}

void option_head(const struct option_row *o, struct buf *b) {
  if (o->letter) buf_addf(b, "-%c, ", o->letter);
  buf_addf(b, "--%s", o->name);
  if (o->argument) buf_addf(b, " %s", o->argument);
}

void option_text(const struct option_row *o, struct buf *b) {
  const char *mark = strstr(o->help, "{choices}");
  if (!mark) {
    buf_adds(b, o->help);
    return;
  }
  buf_add(b, o->help, (size_t)(mark - o->help));
  for (const char *const *c = o->choices; c && *c; c++)
    buf_addf(b, "%s%s", c == o->choices ? "" : c[1] ? ", " : " or ", *c);
  buf_adds(b, mark + strlen("{choices}"));
}

static int unknown(const struct command *c, const char *shown, const char *name, struct err *e) {
  const char *names[MOST_OPTIONS + 1];
  size_t n = 0;
  for (const struct option_row *o = c->options; o->help && n < MOST_OPTIONS; o++)
    if (o->name) names[n++] = o->name;
  names[n] = NULL;
  const char *near = nearest_name(name, names);
  if (near) return err_set(e, ERR_USAGE, "there is no option %s; did you mean --%s?", shown, near);
  return err_set(e, ERR_USAGE, "there is no option %s; `titr help %s` lists them", shown, c->name);
}

static bool is_option(const struct command *c, const char *word) {
  if (strncmp(word, "--", 2) != 0) return false;
  for (const struct option_row *o = c->options; o->help; o++)
    if (o->name && strcmp(o->name, word + 2) == 0) return true;
  return false;
}

static int set_value(struct arguments *a, size_t row, const char *value, struct err *e) {
  const struct option_row *o = &a->command->options[row];
  if (o->choices) {
    bool found = false;
    for (const char *const *c = o->choices; *c; c++) found = found || strcmp(*c, value) == 0;
    if (!found) {
      char list[256] = "";
      size_t len = 0;
      for (const char *const *c = o->choices; *c && len < sizeof list; c++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "", *c);
      return err_set(e, ERR_USAGE, "--%s is one of %s, not \"%s\"", o->name, list, value);
    }
  }
  a->values[row] = value;
  return 0;
}

/* argv[*i] is an option; moves *i over its value. */
static int take_option(struct arguments *a, int argc, char **argv, int *i, struct err *e) {
  const struct command *c = a->command;
  char *arg = argv[*i];
  bool is_long = arg[1] == '-';
  const char *name = arg + (is_long ? 2 : 1);
  const char *equals = is_long ? strchr(name, '=') : NULL;
  size_t len = equals ? (size_t)(equals - name) : strlen(name);
  for (size_t row = 0; c->options[row].help; row++) {
    const struct option_row *o = &c->options[row];
    if (!o->name) continue;
    bool hit = is_long ? strlen(o->name) == len && strncmp(o->name, name, len) == 0 : o->letter && o->letter == name[0];
    if (!hit) continue;
    if (!o->argument) {
      if (equals) return err_set(e, ERR_USAGE, "--%s takes no value", o->name);
      a->values[row] = "";
      if (is_long || !name[1]) return 0;
      return err_set(e, ERR_USAGE, "write -%c by itself", name[0]);
    }
    const char *value = equals ? equals + 1 : !is_long && name[1] ? name + 1 : NULL;
    if (!value) {
      if (*i + 1 >= argc || is_option(c, argv[*i + 1]))
        return err_set(e, ERR_USAGE, "--%s needs a value: --%s %s", o->name, o->name, o->argument);
      value = argv[++*i];
    }
    return set_value(a, row, value, e);
  }
  _cleanup_(mem_freep) char *bare = x_strndup(name, len);
  return unknown(c, arg, bare, e);
}

int arguments_parse(const struct command *c, int argc, char **argv, struct arguments **ret, struct err *e) {
  struct arguments *a = NEW(struct arguments);
  a->command = c;
  a->operands = NEW_ARRAY(const char *, (size_t)argc + 1);
  bool options = true;
  int rc = 0;
  for (int i = 1; rc == 0 && i < argc; i++) {
    if (options && strcmp(argv[i], "--") == 0) options = false;
    else if (options && argv[i][0] == '-' && argv[i][1]) rc = take_option(a, argc, argv, &i, e);
    else a->operands[a->count++] = argv[i];
  }
  if (rc == 0 && a->count && !c->operands)
    rc = err_set(e, ERR_USAGE, "titr %s takes options only, but got \"%s\"", c->name, a->operands[0]);
  if (rc < 0) {
    arguments_free(a);
    return rc;
  }
  *ret = a;
  return 0;
}

void arguments_free(struct arguments *a) {
  if (!a) return;
  free(a->operands);
  free(a);
}

static size_t row_of(const struct arguments *a, const char *name) {
  for (size_t row = 0; a->command->options[row].help; row++)
    if (a->command->options[row].name && strcmp(a->command->options[row].name, name) == 0) return row;
  fprintf(stderr, "titr: the table of %s has no option %s\n", a->command->name, name);
  abort();
}

bool argument_flag(const struct arguments *a, const char *name) {
  return a->values[row_of(a, name)] != NULL;
}

const char *argument_text(const struct arguments *a, const char *name, const char *otherwise) {
  const char *v = a->values[row_of(a, name)];
  return v ? v : otherwise;
}

int argument_choice(const struct arguments *a, const char *name, int otherwise) {
  size_t row = row_of(a, name);
  const char *const *choices = a->command->options[row].choices;
  for (int i = 0; a->values[row] && choices[i]; i++)
    if (strcmp(choices[i], a->values[row]) == 0) return i;
  return otherwise;
}

int argument_number(const struct arguments *a, const char *name, long least, long most, long *value, struct err *e) {
  const char *v = a->values[row_of(a, name)];
  if (!v) return 0;
  char *end;
  errno = 0;
  long n = strtol(v, &end, 10);
  if (errno || end == v || *end || n < least || n > most)
    return err_set(e, ERR_USAGE, "--%s is a number from %ld to %ld, not \"%s\"", name, least, most, v);
  *value = n;
  return 0;
}

size_t argument_operands(const struct arguments *a, const char *const **ret) {
  *ret = a->operands;
  return a->count;
}
