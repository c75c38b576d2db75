/*
 * Commands and their options as tables (cli.c): parsing, --help, the man page and shell completion all read the same rows.
 *
 * Parsing is GNU's: --name VALUE, --name=VALUE, -o VALUE, options and operands in any order, "--" ends the options, a lone "-"
 * is an operand. Wrong names are answered with the nearest right one.
 */
#ifndef TITR_OPS_OPTIONS_H
#define TITR_OPS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct option_row {
  const char *name;           /* without dashes; NULL: the row is a heading of the help, with the title in `help` */
  char letter;                /* short form, or 0 */
  const char *argument;       /* "FILE", or NULL for a flag */
  const char *const *choices; /* NULL-terminated values the argument may have, or NULL */
  const char *help;           /* a sentence or two; "{choices}" is replaced by them */
};

struct arguments;

struct command {
  const char *name;
  const char *operands;                  /* "IN..." for the usage line, or NULL: none are taken */
  const char *about;                     /* one line */
  const char *text;                      /* paragraphs, or NULL */
  const char *examples;                  /* lines "command\tcomment", or NULL */
  const struct option_row *options;      /* ends with {0} */
  int (*run)(const struct arguments *a); /* returns the exit code */
  int (*raw)(int argc, char **argv);     /* instead of run: parses by itself; argv[0] is the command's name */
  const char *const *words;              /* NULL-terminated: what the first operand may be; NULL: a file */
  bool hidden;
  bool no_settings; /* run without settings_load(): it reads them by itself, or needs none */
};

/* ERR_USAGE with a message that ends in what to do. Free with arguments_free(). */
int arguments_parse(const struct command *c, int argc, char **argv, struct arguments **ret, struct err *e);
void arguments_free(struct arguments *a);

bool argument_flag(const struct arguments *a, const char *name);
const char *argument_text(const struct arguments *a, const char *name, const char *otherwise);
/* Position of the value in the option's choices, or `otherwise` when it was not given. */
int argument_choice(const struct arguments *a, const char *name, int otherwise);
int argument_number(const struct arguments *a, const char *name, long least, long most, long *value,
                    struct err *e); /* value keeps its default */
size_t argument_operands(const struct arguments *a, const char *const **ret);

/* "-o, --output FILE", and the help with {choices} filled in. */
void option_head(const struct option_row *o, struct buf *b);
void option_text(const struct option_row *o, struct buf *b);

/* The nearest of `names` to a misspelt word, or NULL when none is near. */
const char *nearest_name(const char *word, const char *const *names);

#endif
