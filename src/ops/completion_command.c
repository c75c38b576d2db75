/*
 * `titr completion`: scripts for shells. Each is complete by itself (it does not call titr while one types); names of
 * styles and models are those of the program that printed it.
 */
#include <stdio.h>
#include <string.h>

#include "caption/style.h"
#include "models/models.h"
#include "ops/cli.h"
#include "ops/commands.h"

static void add_word(struct buf *b, const char *word) {
  buf_addf(b, "%s%s", b->len ? " " : "", word);
}

static void add_models(struct buf *b, bool recognizers_only) {
  for (size_t i = 0; i < models_count(); i++) {
    struct model_entry m = models_at(i);
    if (!recognizers_only || strcmp(m.name, MODELS_VAD) != 0) add_word(b, m.name);
  }
}

/* Values that an option's argument may have, separated by spaces; empty: anything, such as a file. */
static void values(const struct option_row *o, struct buf *b) {
  for (const char *const *v = o->choices; v && *v; v++) add_word(b, *v);
  if (strcmp(o->name, "model") == 0) add_models(b, true);
  const struct caption_style *s;
  if (strcmp(o->name, "style") == 0)
    for (size_t i = 0; (s = caption_style_at(i)); i++) add_word(b, caption_style_name(s));
}

static bool takes_file(const struct option_row *o) {
  return o->argument && (strstr(o->argument, "FILE") || strstr(o->argument, "DIR") || strstr(o->argument, "PNG"));
}

/* What the first operand may be; empty: a file. */
static void words(const struct command *c, struct buf *b) {
  for (const char *const *w = c->words; w && *w; w++) add_word(b, *w);
  if (strcmp(c->name, "models") == 0) add_models(b, false);
  if (strcmp(c->name, "help") == 0)
    for (const struct command *const *other = cli_commands(); *other; other++)
      if (!(*other)->hidden) add_word(b, (*other)->name);
}

/* ---- bash ---- */

static void bash_command(const struct command *c) {
  _cleanup_(buf_release) struct buf operands = BUF_INIT;
  words(c, &operands);
  printf("    %s)\n      case $prev in\n", c->name);
  for (const struct option_row *o = c->options; o && o->help; o++) {
    _cleanup_(buf_release) struct buf v = BUF_INIT;
    if (!o->name || !o->argument) continue;
    values(o, &v);
    printf("        --%s", o->name);
    if (o->letter) printf("|-%c", o->letter);
    if (v.len) printf(") words='%s' files=;;\n", buf_str(&v));
    else printf(") words= files=%s;;\n", takes_file(o) ? "1" : "");
  }
  printf("        *)\n          if [[ $cur == -* ]]; then words='");
  for (const struct option_row *o = c->options; o && o->help; o++)
    if (o->name) printf("--%s ", o->name);
  printf("--help' files=; else words='%s' files=%s; fi;;\n      esac;;\n", buf_str(&operands),
         c->operands && !operands.len ? "1" : "");
}

static void bash(void) {
  printf("# bash completion of titr %s\n_titr() {\n  local cur=${COMP_WORDS[COMP_CWORD]} "
         "prev=${COMP_WORDS[COMP_CWORD-1]} words= files=\n  COMPREPLY=()\n"
         "  if [ \"$COMP_CWORD\" = 1 ]; then words='",
         TITR_VERSION);
  for (const struct command *const *c = cli_commands(); *c; c++)
    if (!(*c)->hidden) printf("%s ", (*c)->name);
  printf("--help --version'\n  else case ${COMP_WORDS[1]} in\n");
  for (const struct command *const *c = cli_commands(); *c; c++)
    if (!(*c)->hidden) bash_command(*c);
  printf("  esac; fi\n  [ -z \"$words\" ] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
         "  if [ -n \"$files\" ]; then compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); fi\n}\n"
         "complete -F _titr titr\n");
}

/* ---- zsh and fish ---- */

/* Inside single quotes; brackets and colons mean something to zsh there. */
static void quoted(const char *s, bool zsh) {
  for (; *s; s++) {
    if (*s == '\'') fputs("'\\''", stdout);
    else if (zsh && strchr("[]:", *s)) printf("\\%c", *s);
    else putchar(*s);
  }
}

static void zsh_option(const struct option_row *o) {
  _cleanup_(buf_release) struct buf v = BUF_INIT, text = BUF_INIT;
  values(o, &v);
  option_text(o, &text);
  if (o->letter) printf(" \\\n      '(-%c --%s)'{-%c,--%s}'[", o->letter, o->name, o->letter, o->name);
  else printf(" \\\n      '--%s[", o->name);
  quoted(buf_str(&text), true);
  printf("]");
  if (v.len) printf(":value:(%s)", buf_str(&v));
  else if (o->argument) printf(":value:%s", takes_file(o) ? "_files" : " ");
  printf("'");
}

static void zsh(void) {
  printf("#compdef titr\n# zsh completion of titr %s\n_titr() {\n  if (( CURRENT == 2 )); then\n    local -a "
         "commands=(",
         TITR_VERSION);
  for (const struct command *const *c = cli_commands(); *c; c++) {
    if ((*c)->hidden) continue;
    printf("\n      '%s:", (*c)->name);
    quoted((*c)->about, true);
    printf("'");
  }
  printf(
      ")\n    _describe command commands\n    return\n  fi\n  local command=$words[2]\n  shift words\n  (( CURRENT-- "
      "))\n  case $command in\n");
  for (const struct command *const *c = cli_commands(); *c; c++) {
    _cleanup_(buf_release) struct buf operands = BUF_INIT;
    if ((*c)->hidden) continue;
    words(*c, &operands);
    printf("    %s) _arguments -s", (*c)->name);
    for (const struct option_row *o = (*c)->options; o && o->help; o++)
      if (o->name) zsh_option(o);
    printf(" \\\n      '--help[explain this command]'");
    if (operands.len) printf(" \\\n      '*:word:(%s)'", buf_str(&operands));
    else if ((*c)->operands) printf(" \\\n      '*:file:_files'");
    printf(";;\n");
  }
  printf("  esac\n}\n_titr \"$@\"\n");
}

static void fish_option(const struct command *c, const struct option_row *o) {
  _cleanup_(buf_release) struct buf v = BUF_INIT, text = BUF_INIT;
  values(o, &v);
  option_text(o, &text);
  printf("complete -c titr -n '__fish_seen_subcommand_from %s' -l %s", c->name, o->name);
  if (o->letter) printf(" -s %c", o->letter);
  if (o->argument) printf(takes_file(o) ? " -r -F" : " -x");
  if (v.len) printf(" -a '%s'", buf_str(&v));
  printf(" -d '");
  quoted(buf_str(&text), false);
  printf("'\n");
}

static void fish(void) {
  printf("# fish completion of titr %s\ncomplete -c titr -n __fish_use_subcommand -f\n"
         "complete -c titr -n __fish_use_subcommand -l help -d 'explain titr'\n"
         "complete -c titr -n __fish_use_subcommand -l version -d 'show the version'\n",
         TITR_VERSION);
  for (const struct command *const *c = cli_commands(); *c; c++) {
    _cleanup_(buf_release) struct buf operands = BUF_INIT;
    if ((*c)->hidden) continue;
    printf("complete -c titr -n __fish_use_subcommand -a %s -d '", (*c)->name);
    quoted((*c)->about, false);
    printf("'\n");
    words(*c, &operands);
    if (operands.len)
      printf("complete -c titr -n '__fish_seen_subcommand_from %s' -f -a '%s'\n", (*c)->name, buf_str(&operands));
    for (const struct option_row *o = (*c)->options; o && o->help; o++)
      if (o->name) fish_option(*c, o);
  }
}

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

static int run(const struct arguments *a) {
  const char *const *names;
  struct err e;
  if (argument_operands(a, &names) != 1) {
    err_set(&e, ERR_USAGE, "name the shell: titr completion bash, zsh or fish");
    return cli_fail(&e);
  }
  if (models_load(&e) < 0) return cli_fail(&e);
  if (strcmp(names[0], "bash") == 0) bash();
  else if (strcmp(names[0], "zsh") == 0) zsh();
  else if (strcmp(names[0], "fish") == 0) fish();
  else {
    err_set(&e, ERR_USAGE, "completion is for bash, zsh or fish, not \"%s\"", names[0]);
    return cli_fail(&e);
  }
  return 0;
}

static const struct option_row options[] = {{0}};
const struct command command_completion = {.name = "completion",
                                           .operands = "bash|zsh|fish",
                                           .about = "print shell completion",
                                           .examples =
                                               "source <(titr completion bash)\tfor this shell\n"
                                               "titr completion bash > /etc/bash_completion.d/titr\tfor all users",
                                           .options = options,
                                           .run = run,
                                           .words = shells};
