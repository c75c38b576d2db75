#include "ops/help.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ops/cli.h"

enum { COLUMN = 26, WIDTH = 96 };

static const char exit_codes[] =
    "0  done\n1  something failed (the message says what)\n2  the command line is wrong\n3  the input cannot be used\n"
    "4  a model is not here or cannot be fetched\n5  no speech was found (the files are written, the video without "
    "captions)\n"
    "130  interrupted (Ctrl-C)\n";

/* `text` with {choices} filled in. */
static void expand(const struct option_row *o, struct buf *b) {
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

/* Wraps at WIDTH, lines after the first indented. */
static void wrap(const char *text, int indent, int at) {
  while (*text) {
    const char *end = text + strcspn(text, " \n");
    int n = (int)(end - text);
    if (at + n > WIDTH && at > indent) {
      printf("\n%*s", indent, "");
      at = indent;
    }
    printf("%.*s", n, text);
    at += n;
    text = end;
    if (*text == '\n') {
      printf("\n%*s", text[1] ? indent : 0, "");
      at = indent;
      text++;
    } else if (*text == ' ') {
      text++;
      if (*text) {
        putchar(' ');
        at++;
      }
    }
  }
  putchar('\n');
}

static void option_head(const struct option_row *o, struct buf *b) {
  if (o->letter) buf_addf(b, "-%c, ", o->letter);
  buf_addf(b, "--%s", o->name);
  if (o->argument) buf_addf(b, " %s", o->argument);
}

static void print_options(const struct option_row *options) {
  for (const struct option_row *o = options; o->help; o++) {
    if (!o->name) {
      printf("\n%s:\n", o->help);
      continue;
    }
    _cleanup_(buf_release) struct buf head = BUF_INIT, text = BUF_INIT;
    option_head(o, &head);
    expand(o, &text);
    if (head.len + 2 < COLUMN - 1) printf("  %-*s", COLUMN - 2, buf_str(&head));
    else printf("  %s\n%*s", buf_str(&head), COLUMN, "");
    wrap(buf_str(&text), COLUMN, COLUMN);
  }
}

static void print_examples(const char *examples) {
  for (const char *line = examples; *line;) {
    const char *tab = strchr(line, '\t'), *end = line + strcspn(line, "\n");
    printf("  %.*s\n      %.*s\n", (int)(tab - line), line, (int)(end - tab - 1), tab + 1);
    line = *end ? end + 1 : end;
  }
}

int help_overview(void) {
  printf("titr %s: captions for videos and voice messages, made on this machine.\n\n", TITR_VERSION);
  printf("  titr caption talk.mp4        makes talk.titr.mp4, with captions in the picture, and talk.srt\n\n");
  printf("Commands:\n");
  for (const struct command *const *c = cli_commands(); *c; c++)
    if (!(*c)->hidden) printf("  %-12s %s\n", (*c)->name, (*c)->about);
  printf("\n`titr help COMMAND` shows a command's options and examples. `titr --version` shows the version.\n\nExit "
         "codes:\n");
  for (const char *line = exit_codes; *line; line += strcspn(line, "\n") + 1)
    printf("  %.*s\n", (int)strcspn(line, "\n"), line);
  return 0;
}

int help_command(const struct command *c) {
  printf("titr %s: %s\n\nUsage: titr %s%s%s%s\n", c->name, c->about, c->name,
         c->options && c->options->help ? " [OPTIONS]" : "", c->operands ? " " : "", c->operands ? c->operands : "");
  if (c->examples) {
    printf("\nExamples:\n");
    print_examples(c->examples);
  }
  if (c->text) {
    printf("\n");
    wrap(c->text, 0, 0);
  }
  if (c->options) print_options(c->options);
  return 0;
}

/* ---- man page ---- */

static void roff(const char *s) {
  if (*s == '.' || *s == '\'') fputs("\\&", stdout);
  for (; *s; s++) {
    if (*s == '-') fputs("\\-", stdout);
    else if (*s == '\\') fputs("\\e", stdout);
    else putchar(*s);
  }
}

int help_man(void) {
  printf(".TH TITR 1 \"\" \"titr %s\" \"User Commands\"\n.SH NAME\ntitr \\- captions for videos and voice messages\n",
         TITR_VERSION);
  printf(".SH SYNOPSIS\n.B titr\n.I command\n[options] [files]\n.SH DESCRIPTION\n");
  printf("titr recognizes what is said in a video or a sound, sets it as captions and burns them into the picture, on "
         "this machine "
         "and without a network once a model is there.\n.SH COMMANDS\n");
  for (const struct command *const *c = cli_commands(); *c; c++) {
    if ((*c)->hidden) continue;
    printf(".SS \"titr %s %s\"\n", (*c)->name, (*c)->operands ? (*c)->operands : "");
    roff((*c)->about);
    printf("\n");
    if ((*c)->text) {
      printf(".PP\n");
      roff((*c)->text);
      printf("\n");
    }
    for (const struct option_row *o = (*c)->options; o && o->help; o++) {
      if (!o->name) {
        printf(".PP\n.B ");
        roff(o->help);
        printf(":\n");
        continue;
      }
      _cleanup_(buf_release) struct buf head = BUF_INIT, text = BUF_INIT;
      option_head(o, &head);
      expand(o, &text);
      printf(".TP\n.B ");
      roff(buf_str(&head));
      printf("\n");
      roff(buf_str(&text));
      printf("\n");
    }
  }
  printf(".SH EXIT STATUS\n");
  for (const char *line = exit_codes; *line; line += strcspn(line, "\n") + 1) {
    const char *gap = strstr(line, "  ");
    printf(".TP\n.B %.*s\n%.*s\n", (int)(gap - line), line, (int)(strcspn(gap + 2, "\n")), gap + 2);
  }
  return 0;
}

/* ---- completion ---- */

static void bash_words(const struct command *c) {
  for (const struct option_row *o = c->options; o && o->help; o++)
    if (o->name) printf("--%s ", o->name);
}

static void bash(void) {
  printf("_titr() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
         "  if [ \"$COMP_CWORD\" = 1 ]; then words='");
  for (const struct command *const *c = cli_commands(); *c; c++)
    if (!(*c)->hidden) printf("%s ", (*c)->name);
  printf("--help --version'\n  else case ${COMP_WORDS[1]}:$prev in\n");
  for (const struct command *const *c = cli_commands(); *c; c++)
    for (const struct option_row *o = (*c)->options; o && o->help; o++) {
      if (!o->name || !o->choices) continue;
      printf("    %s:--%s) words='", (*c)->name, o->name);
      for (const char *const *v = o->choices; *v; v++) printf("%s ", *v);
      printf("';;\n");
    }
  for (const struct command *const *c = cli_commands(); *c; c++) {
    if ((*c)->hidden) continue;
    printf("    %s:*) words='", (*c)->name);
    bash_words(*c);
    printf("';;\n");
  }
  printf("  esac; fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n}\ncomplete -o filenames -F _titr "
         "titr\n");
}

static void quoted(const char *s) { /* inside single quotes */
  for (; *s && *s != '\n'; s++)
    if (*s == '\'') fputs("'\\''", stdout);
    else if (*s == '[' || *s == ']' || *s == ':') putchar(' ');
    else putchar(*s);
}

static void zsh(void) {
  printf("#compdef titr\n_titr() {\n  if (( CURRENT == 2 )); then\n    local -a commands=(");
  for (const struct command *const *c = cli_commands(); *c; c++) {
    if ((*c)->hidden) continue;
    printf("\n      '%s:", (*c)->name);
    quoted((*c)->about);
    printf("'");
  }
  printf(")\n    _describe command commands\n    return\n  fi\n  case $words[2] in\n");
  for (const struct command *const *c = cli_commands(); *c; c++) {
    if ((*c)->hidden) continue;
    printf("    %s) _arguments", (*c)->name);
    for (const struct option_row *o = (*c)->options; o && o->help; o++) {
      if (!o->name) continue;
      printf(" \\\n      '--%s[", o->name);
      quoted(o->help);
      printf("]");
      if (o->choices) {
        printf(":value:(");
        for (const char *const *v = o->choices; *v; v++) printf("%s%s", v == o->choices ? "" : " ", *v);
        printf(")");
      } else if (o->argument) {
        printf(":%s:%s", o->argument, strcmp(o->argument, "FILE") == 0 ? "_files" : " ");
      }
      printf("'");
    }
    printf(" '*:file:_files';;\n");
  }
  printf("  esac\n}\n_titr \"$@\"\n");
}

static void fish(void) {
  printf("complete -c titr -n __fish_use_subcommand -l help\ncomplete -c titr -n __fish_use_subcommand -l version\n");
  for (const struct command *const *c = cli_commands(); *c; c++) {
    if ((*c)->hidden) continue;
    printf("complete -c titr -n __fish_use_subcommand -a %s -d '", (*c)->name);
    quoted((*c)->about);
    printf("'\n");
    for (const struct option_row *o = (*c)->options; o && o->help; o++) {
      if (!o->name) continue;
      printf("complete -c titr -n '__fish_seen_subcommand_from %s' -l %s", (*c)->name, o->name);
      if (o->letter) printf(" -s %c", o->letter);
      if (o->argument) printf(" -r");
      if (o->choices) {
        printf(" -f -a '");
        for (const char *const *v = o->choices; *v; v++) printf("%s ", *v);
        printf("'");
      }
      printf(" -d '");
      quoted(o->help);
      printf("'\n");
    }
  }
}

int help_completion(const char *shell) {
  if (strcmp(shell, "bash") == 0) bash();
  else if (strcmp(shell, "zsh") == 0) zsh();
  else if (strcmp(shell, "fish") == 0) fish();
  else {
    struct err e;
    err_set(&e, ERR_USAGE, "completion is for bash, zsh or fish, not \"%s\"", shell);
    return cli_fail(&e);
  }
  return 0;
}

/* ---- the two commands ---- */

static int run_help(const struct arguments *a) {
  const char *const *names;
  size_t n = argument_operands(a, &names);
  if (argument_flag(a, "man")) return help_man();
  if (n == 0) return help_overview();
  const struct command *c = cli_command(names[0]);
  if (c) return help_command(c);
  struct err e;
  err_set(&e, ERR_USAGE, "there is no command \"%s\"; `titr --help` lists them", names[0]);
  return cli_fail(&e);
}

static int run_completion(const struct arguments *a) {
  const char *const *names;
  struct err e;
  if (argument_operands(a, &names) == 1) return help_completion(names[0]);
  err_set(&e, ERR_USAGE, "name the shell: titr completion bash, zsh or fish");
  return cli_fail(&e);
}

static const struct option_row help_options[] = {{"man", 0, NULL, NULL, "print the manual page, for `man -l`"}, {0}};
const struct command command_help = {"help",
                                     "[COMMAND]",
                                     "explain a command",
                                     NULL,
                                     "titr help caption\tall options of captioning",
                                     help_options,
                                     run_help,
                                     NULL,
                                     false};

static const struct option_row completion_options[] = {{0}};
const struct command command_completion = {"completion",
                                           "bash|zsh|fish",
                                           "print shell completion",
                                           NULL,
                                           "titr completion bash > /etc/bash_completion.d/titr\tfor all users",
                                           completion_options,
                                           run_completion,
                                           NULL,
                                           false};
