#include "ops/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/settings.h"
#include "ops/commands.h"
#include "ops/doctor_command.h"
#include "ops/help.h"
#include "ops/models_command.h"
#include "pipeline/child_ops.h"

/* These parse by themselves; their options are told here for the help, the manual and completion. */
static const char *const models_words[] = {"list", "pull", "verify", "rm", NULL};
static const struct option_row models_options[] = {
    {"json", 0, NULL, NULL, "with list: as JSON"}, {"yes", 0, NULL, NULL, "with rm: do not ask"}, {0}};
static const struct command command_models = {
    .name = "models",
    .operands = "list|pull|verify|rm [NAME...]",
    .about = "fetch and look after speech models",
    .text = "list shows what there is and what is here; pull fetches what is missing, and goes on where it was "
            "interrupted; verify checks every file against its hash; rm removes.",
    .examples = "titr models list\twhat there is, and what is here\n"
                "titr models pull base silero-vad\tfetch what captioning needs",
    .options = models_options,
    .raw = models_command,
    .words = models_words};
static const struct command command_doctor = {
    .name = "doctor",
    .about = "look at what this machine has and lacks",
    .text = "Looks at the processor, memory, settings, folders, the sandbox, models, the media libraries (the parts of "
            "libav that are used, and whether libass draws letters) and fonts, and says how to mend what is missing. "
            "Exits with 1 when captioning would fail.",
    .raw = doctor_command};
static const struct command command_child = {
    .name = "child", .about = "the sandboxed child", .raw = child_ops_main, .hidden = true};

static const struct command *const commands[] = {&command_caption,
                                                 &command_check,
                                                 &command_convert,
                                                 &command_styles,
                                                 &command_models,
                                                 &command_probe,
                                                 &command_doctor,
                                                 &command_config,
                                                 &command_migrate,
                                                 &command_bot,
                                                 &command_queue,
                                                 &command_serve,
                                                 &command_worker,
                                                 &command_web,
                                                 &command_health,
                                                 &command_smoke,
                                                 &command_gc,
                                                 &command_backup,
                                                 &command_restore,
                                                 &command_help,
                                                 &command_completion,
                                                 &command_child,
                                                 NULL};

static char **program_arguments;

void cli_start_again_with_short_spins(void) {
  if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY")) return;
  setenv("GOMP_SPINCOUNT", "2000", 1);
  if (program_arguments) execv("/proc/self/exe", program_arguments);
}

const struct command *const *cli_commands(void) {
  return commands;
}

const struct command *cli_command(const char *name) {
  for (const struct command *const *c = commands; *c; c++)
    if (strcmp((*c)->name, name) == 0) return *c;
  return NULL;
}

int cli_fail(const struct err *e) {
  fprintf(stderr, "titr: %s\n", e->msg);
  return err_exit_code(e->code);
}

int cli_unknown_command(const char *name) {
  const char *names[ARRAY_LEN(commands)];
  size_t n = 0;
  for (const struct command *const *c = commands; *c; c++)
    if (!(*c)->hidden) names[n++] = (*c)->name;
  names[n] = NULL;
  const char *near = nearest_name(name, names);
  struct err e;
  if (access(name, F_OK) == 0) err_set(&e, ERR_USAGE, "\"%s\" is a file; to caption it: titr caption %s", name, name);
  else if (near) err_set(&e, ERR_USAGE, "there is no command \"%s\"; did you mean `titr %s`?", name, near);
  else err_set(&e, ERR_USAGE, "there is no command \"%s\"; `titr --help` lists them", name);
  return cli_fail(&e);
}

/* After "--prompt" the next word is a prompt, even "-h"; but nobody is called "--help". */
static bool wants_help(int argc, char **argv) {
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], "--help") == 0) return true;
  return argc == 2 && strcmp(argv[1], "-h") == 0;
}

static int run_command(const struct command *c, int argc, char **argv) {
  struct err e = {0};
  if (c->raw) return c->raw(argc, argv);
  struct arguments *a;
  int rc = arguments_parse(c, argc, argv, &a, &e);
  if (rc < 0) return cli_fail(&e);
  int status = c->run(a);
  arguments_free(a);
  return status;
}

static int dispatch(int argc, char **argv) {
  struct err e = {0};
  if (argc < 2) {
    help_overview();
    return err_exit_code(ERR_USAGE);
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return help_overview();
  if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
    printf("titr %s\n", TITR_VERSION);
    return 0;
  }
  const struct command *c = cli_command(argv[1]);
  if (!c) return cli_unknown_command(argv[1]);
  if (wants_help(argc - 1, argv + 1)) return help_command(c); /* also when a setting is wrong */
  if (!c->no_settings && settings_load(&e) < 0) return cli_fail(&e);
  return run_command(c, argc - 1, argv + 1);
}

int cli_main(int argc, char **argv) {
  program_arguments = argv;
  if (argc >= 2 && strcmp(argv[1], "child") == 0)
    return child_ops_main(argc, argv); /* touches neither settings nor terminal */
  int status = dispatch(argc, argv);
  /* what was printed may still be in the buffer: a full disk or a closed pipe shows here */
  if ((fflush(stdout) == 0 && !ferror(stdout)) || status) return status;
  struct err e = {0};
  err_set(&e, ERR_IO, "cannot write to standard output");
  return cli_fail(&e);
}
