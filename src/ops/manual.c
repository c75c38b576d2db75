#include "ops/manual.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/settings.h"
#include "ops/cli.h"
#include "ops/help.h"

static const char description[] =
    "titr recognizes what is said in a video or a sound, sets it as captions and burns them into the picture, on this "
    "machine and without a network once a model is there. Files are opened only in a child process that may read its "
    "input, write its output, and reach neither the network nor anything else.";

/* ---- man page ---- */

static void roff_n(const char *s, int n) {
  if (n && (*s == '.' || *s == '\'')) fputs("\\&", stdout);
  for (; n > 0; s++, n--) {
    if (*s == '-') fputs("\\-", stdout);
    else if (*s == '\\') fputs("\\e", stdout);
    else putchar(*s);
  }
}

static void roff(const char *s) {
  roff_n(s, (int)strlen(s));
}

static void man_term(const char *term, const char *text) {
  printf(".TP\n.B ");
  roff(term);
  printf("\n");
  roff(text);
  printf("\n");
}

static void man_command(const struct command *c) {
  printf(".SS \"titr %s %s\"\n", c->name, c->operands ? c->operands : "");
  roff(c->about);
  printf(".\n");
  if (c->text) {
    printf(".PP\n");
    roff(c->text);
    printf("\n");
  }
  for (const struct option_row *o = c->options; o && o->help; o++) {
    if (!o->name) {
      printf(".PP\n.I ");
      roff(o->help);
      printf("\n");
      continue;
    }
    _cleanup_(buf_release) struct buf head = BUF_INIT, text = BUF_INIT;
    option_head(o, &head);
    option_text(o, &text);
    man_term(buf_str(&head), buf_str(&text));
  }
}

static void man_examples(void) {
  const char *line, *about;
  int line_len, about_len;
  for (const struct command *const *c = cli_commands(); *c; c++)
    for (const char *at = (*c)->hidden ? NULL : (*c)->examples;
         help_example(&at, &line, &line_len, &about, &about_len);) {
      printf(".TP\n.B ");
      roff_n(line, line_len);
      printf("\n");
      roff_n(about, about_len);
      printf("\n");
    }
}

int manual_man(void) {
  printf(".TH TITR 1 \"\" \"titr %s\" \"User Commands\"\n.SH NAME\ntitr \\- captions for videos and voice messages\n",
         TITR_VERSION);
  printf(".SH SYNOPSIS\n.B titr\n.I command\n[options] [files]\n.SH DESCRIPTION\n");
  roff(description);
  printf("\n.SH COMMANDS\n");
  for (const struct command *const *c = cli_commands(); *c; c++)
    if (!(*c)->hidden) man_command(*c);
  printf(".SH EXAMPLES\n");
  man_examples();
  printf(".SH EXIT STATUS\n");
  for (const struct exit_code *x = help_exit_codes; x->meaning; x++) {
    char code[16];
    snprintf(code, sizeof code, "%d", x->code);
    man_term(code, x->meaning);
  }
  printf(".SH ENVIRONMENT\nThese are read from the environment, or from a file .env in the current folder (or the one "
         "that TITR_ENV_FILE names).\n");
  for (int id = 0; id < SETTINGS_COUNT; id++) {
    const struct setting *s = settings_declaration((enum setting_id)id);
    const char *note = settings_use_note(s->use);
    _cleanup_(mem_freep) char *text = note ? x_asprintf("%s (%s)", s->help, note) : x_strdup(s->help);
    man_term(s->name, text);
  }
  man_term("TMPDIR", "where working files go while a job runs (/tmp)");
  return 0;
}

/* ---- Markdown ---- */

/* Angle brackets and the bars of tables would be taken for markup. */
static void cell(const char *s) {
  for (; *s; s++) {
    if (*s == '|' || *s == '<' || *s == '>' || *s == '*') putchar('\\');
    putchar(*s);
  }
}

static void code_cell(const char *s) {
  putchar('`');
  for (; *s; s++) fputs(*s == '|' ? "\\|" : (const char[]){*s, '\0'}, stdout);
  putchar('`');
}

static void markdown_command(const struct command *c) {
  const char *line, *about;
  int line_len, about_len;
  printf("\n## titr %s\n\n`titr %s%s%s%s`: %s.\n", c->name, c->name, c->options && c->options->help ? " [OPTIONS]" : "",
         c->operands ? " " : "", c->operands ? c->operands : "", c->about);
  if (c->text) printf("\n%s\n", c->text);
  if (c->examples) printf("\n| example | |\n|---|---|\n");
  for (const char *at = c->examples; help_example(&at, &line, &line_len, &about, &about_len);) {
    _cleanup_(mem_freep) char *example = x_strndup(line, (size_t)line_len), *text = x_strndup(about, (size_t)about_len);
    printf("| ");
    code_cell(example);
    printf(" | ");
    cell(text);
    printf(" |\n");
  }
  bool table = false;
  for (const struct option_row *o = c->options; o && o->help; o++) {
    if (!o->name || !table) printf("\n| %s | |\n|---|---|\n", o->name ? "option" : o->help);
    table = true;
    if (!o->name) continue;
    _cleanup_(buf_release) struct buf head = BUF_INIT, text = BUF_INIT;
    option_head(o, &head);
    option_text(o, &text);
    printf("| ");
    code_cell(buf_str(&head));
    printf(" | ");
    cell(buf_str(&text));
    printf(" |\n");
  }
}

int manual_markdown(void) {
  printf("# The command line\n\nThis page is printed by `titr help --markdown`; the tables it comes from are in "
         "`src/ops/`.\n\n%s\n",
         description);
  for (const struct command *const *c = cli_commands(); *c; c++)
    if (!(*c)->hidden) markdown_command(*c);
  printf("\n## Exit codes\n\n| code | |\n|---|---|\n");
  for (const struct exit_code *x = help_exit_codes; x->meaning; x++) printf("| %d | %s |\n", x->code, x->meaning);
  printf("\n## Settings\n\nFrom the environment, or from a file `.env` in the current folder (or the one that "
         "`TITR_ENV_FILE` names). These are the ones that every command reads; [settings.md](settings.md) has all.\n\n"
         "| name | |\n|---|---|\n");
  for (int id = 0; id < SETTINGS_COUNT; id++) {
    const struct setting *s = settings_declaration((enum setting_id)id);
    if (s->use != SETTING_ALWAYS) continue;
    printf("| `%s` | ", s->name);
    cell(s->help);
    printf(" |\n");
  }
  printf("\n## Progress for programs\n\n`titr caption --progress json` writes one JSON object a line to standard "
         "error:\n\n"
         "| line | when |\n|---|---|\n"
         "| `{\"stage\", \"stage_done\", \"done\", \"remaining_s\"}` | twice a second at most, and at each new stage: "
         "probe, model, recognize, shots, render, save. `done` is 0 to 1 and never goes back; `remaining_s` is null "
         "while it is not known |\n"
         "| `{\"notice\"}` | something a person should know |\n"
         "| `{\"stage\": \"done\", \"files\", \"language\", \"cues\", \"media_s\", \"seconds\", \"resumed\"}` | the "
         "files have their names |\n"
         "| `{\"error\", \"exit\"}` | it failed; with exit 5 (no speech) after the line before |\n");
  return 0;
}
