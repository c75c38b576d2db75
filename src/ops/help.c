#include "ops/help.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "ops/manual.h"

enum { COLUMN = 26, WIDTH = 96 };

const struct exit_code help_exit_codes[] = {
    {0, "done"},
    {1, "something failed (the message says what), or `titr check` found a breach"},
    {2, "the command line or a setting is wrong"},
    {3, "the input cannot be used"},
    {4, "a model is not here or cannot be fetched"},
    {5, "no speech was found, or --subs holds no captions (the files are written, the video without captions)"},
    {130, "interrupted (Ctrl-C)"},
    {0, NULL}};

/* Wraps at WIDTH, lines after the first indented; `at` is the column where the text starts. */
static void wrap(const char *text, int indent, int at) {
  bool space = false;
  while (*text) {
    int n = (int)strcspn(text, " ");
    if (at + n + space > WIDTH && at > indent) {
      printf("\n%*s", indent, "");
      at = indent;
    } else if (space) {
      putchar(' ');
      at++;
    }
    printf("%.*s", n, text);
    at += n;
    text += n;
    space = *text == ' ';
    if (space) text++;
  }
  putchar('\n');
}

static void print_options(const struct option_row *options) {
  if (options->help && options->name) printf("\nOptions:\n");
  for (const struct option_row *o = options; o->help; o++) {
    if (!o->name) {
      printf("\n%s:\n", o->help);
      continue;
    }
    _cleanup_(buf_release) struct buf head = BUF_INIT, text = BUF_INIT;
    option_head(o, &head);
    option_text(o, &text);
    if (head.len + 2 < COLUMN - 1) printf("  %-*s", COLUMN - 2, buf_str(&head));
    else printf("  %s\n%*s", buf_str(&head), COLUMN, "");
    wrap(buf_str(&text), COLUMN, COLUMN);
  }
}

bool help_example(const char **at, const char **ret_line, int *ret_line_len, const char **ret_about,
                  int *ret_about_len) {
  if (!*at || !**at) return false;
  const char *tab = strchr(*at, '\t');
  *ret_line = *at;
  *ret_line_len = (int)(tab - *at);
  *ret_about = tab + 1;
  *ret_about_len = (int)strcspn(tab + 1, "\n");
  *at = tab + 1 + *ret_about_len;
  if (**at) (*at)++;
  return true;
}

static void print_examples(const char *at) {
  const char *line, *about;
  int line_len, about_len;
  printf("\nExamples:\n");
  while (help_example(&at, &line, &line_len, &about, &about_len))
    printf("  %.*s\n      %.*s\n", line_len, line, about_len, about);
}

int help_overview(void) {
  printf("titr %s: captions for videos and voice messages, made on this machine.\n\n", TITR_VERSION);
  printf("  titr caption talk.mp4        makes talk.titr.mp4, with captions in the picture, and talk.srt\n");
  printf("  titr caption voice.ogg       makes voice.srt\n\nCommands:\n");
  for (const struct command *const *c = cli_commands(); *c; c++)
    if (!(*c)->hidden) printf("  %-12s %s\n", (*c)->name, (*c)->about);
  printf("\n`titr help COMMAND` shows a command's examples and options. `titr --version` shows the version.\n\n"
         "Exit codes:\n");
  for (const struct exit_code *x = help_exit_codes; x->meaning; x++) printf("  %3d  %s\n", x->code, x->meaning);
  return 0;
}

int help_command(const struct command *c) {
  bool options = c->options && c->options->help;
  printf("titr %s: %s\n\nUsage: titr %s%s%s%s\n", c->name, c->about, c->name, options ? " [OPTIONS]" : "",
         c->operands ? " " : "", c->operands ? c->operands : "");
  if (c->examples) print_examples(c->examples);
  if (c->text) {
    printf("\n");
    wrap(c->text, 0, 0);
  }
  if (options) print_options(c->options);
  return 0;
}

static int run(const struct arguments *a) {
  const char *const *names;
  size_t n = argument_operands(a, &names);
  if (argument_flag(a, "man")) return manual_man();
  if (argument_flag(a, "markdown")) return manual_markdown();
  if (n == 0) return help_overview();
  const struct command *c = cli_command(names[0]);
  return c ? help_command(c) : cli_unknown_command(names[0]);
}

static const struct option_row options[] = {{"man", 0, NULL, NULL, "print the manual page: titr help --man | man -l -"},
                                            {"markdown", 0, NULL, NULL, "print the same as Markdown (docs/cli.md)"},
                                            {0}};
const struct command command_help = {.name = "help",
                                     .operands = "[COMMAND]",
                                     .about = "explain a command",
                                     .examples = "titr help caption\tall options of captioning\n"
                                                 "titr help --man | man -l -\tthe manual page",
                                     .options = options,
                                     .run = run,
                                     .no_settings = true};
