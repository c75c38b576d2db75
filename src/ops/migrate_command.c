/* `titr migrate`: the database's schema, step by step (store/migrate.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "ops/backend.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "store/migrate.h"

struct job {
  const struct arguments *arguments;
  const char *target; /* the word after the action, or NULL */
  struct sql *db;     /* open; NULL for `revision` */
};

static void say_step(void *ctx, const struct migration *m, bool down) {
  ++*(int *)ctx;
  printf("%s_%s %s\n", m->revision, m->name, down ? "undone" : "applied");
  fflush(stdout); /* a long one may follow */
}

static int upgrade(const struct job *j, struct err *e) {
  int steps = 0;
  struct migrate_options saying = {.done = say_step, .ctx = &steps};
  int rc = migrate_upgrade(j->db, j->target ? j->target : "head", &saying, e);
  if (rc == 0 && !steps) printf("nothing to apply\n");
  return rc;
}

static bool asks_and_hears_yes(const char *question) {
  char answer[8];
  if (!isatty(STDIN_FILENO)) return false;
  fprintf(stderr, "%s [y/N] ", question);
  return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int downgrade(const struct job *j, struct err *e) {
  if (!j->target) return err_set(e, ERR_USAGE, "downgrade to where? `titr migrate downgrade -1` is one step back");
  bool drops;
  int rc = migrate_drops_data(j->db, j->target, NULL, &drops, e);
  if (rc < 0) return rc;
  if (drops && !argument_flag(j->arguments, "yes")) {
    _cleanup_(mem_freep) char *question =
        x_asprintf("titr: this drops tables of %s with all that is in them. Go on?", sql_display(j->db));
    if (!asks_and_hears_yes(question))
      return err_set(e, ERR_USAGE, "this would drop tables of %s with all that is in them; --yes does it",
                     sql_display(j->db));
  }
  int steps = 0;
  struct migrate_options saying = {.done = say_step, .ctx = &steps};
  rc = migrate_downgrade(j->db, j->target, &saying, e);
  if (rc == 0 && !steps) printf("nothing to undo\n");
  return rc;
}

static int check(const struct job *j, struct err *e) {
  int rc = migrate_require_head(j->db, e);
  if (rc == 0) printf("up to date\n");
  return rc;
}

static void print_time(int64_t ms) {
  time_t seconds = (time_t)(ms / 1000);
  struct tm utc;
  char text[32] = "?";
  if (gmtime_r(&seconds, &utc)) strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &utc);
  fputs(text, stdout);
}

static int current(const struct job *j, struct err *e) {
  struct migrate_state s = {0};
  int rc = migrate_read(j->db, &s, e);
  if (rc < 0) return rc;
  if (s.count == 0) printf("base\n");
  else printf("%s_%s\n", s.rows[s.count - 1].revision, s.rows[s.count - 1].name);
  migrate_state_release(&s);
  return 0;
}

static int stamp(const struct job *j, struct err *e) {
  if (!j->target) return err_set(e, ERR_USAGE, "stamp as what? `titr migrate history` lists the revisions");
  int rc = migrate_stamp(j->db, j->target, NULL, e);
  return rc < 0 ? rc : current(j, e);
}

static int history(const struct job *j, struct err *e) {
  struct migrate_state s = {0};
  int rc = migrate_read(j->db, &s, e);
  if (rc < 0) return rc;
  for (size_t i = 0; i < migrations_embedded.count; i++) {
    const struct migration *m = &migrations_embedded.all[i];
    printf("%s_%s  ", m->revision, m->name);
    const struct migrate_row *row = NULL;
    for (size_t k = 0; k < s.count && !row; k++)
      if (strcmp(s.rows[k].revision, m->revision) == 0) row = &s.rows[k];
    if (!row) printf("not applied");
    else print_time(row->applied_at);
    printf("%s\n", row && row == &s.rows[s.count - 1] ? "  (current)" : "");
  }
  for (size_t k = 0; k < s.count; k++) {
    bool known = false;
    for (size_t i = 0; i < migrations_embedded.count; i++)
      known = known || strcmp(s.rows[k].revision, migrations_embedded.all[i].revision) == 0;
    if (!known) printf("%s_%s  not known to this program\n", s.rows[k].revision, s.rows[k].name);
  }
  migrate_state_release(&s);
  return 0;
}

static int revision(const struct job *j, struct err *e) {
  const char *message = argument_text(j->arguments, "message", NULL);
  if (!message) return err_set(e, ERR_USAGE, "what is it for? titr migrate revision -m \"add invoices\"");
  _cleanup_(mem_freep) char *path = NULL;
  int rc = migrate_revision("migrations", message, &path, e);
  if (rc == 0) printf("%s\n", path);
  return rc;
}

static const struct {
  const char *name;
  int (*run)(const struct job *j, struct err *e);
  bool database, takes_target;
} actions[] = {
    {"upgrade", upgrade, true, true},  {"downgrade", downgrade, true, true}, {"revision", revision, false, false},
    {"current", current, true, false}, {"history", history, true, false},    {"stamp", stamp, true, true},
    {"check", check, true, false},
};
static const char *const words[] = {"upgrade", "downgrade", "revision", "current", "history", "stamp", "check", NULL};

static int run(const struct arguments *a, struct err *e) {
  const char *const *operands;
  size_t n = argument_operands(a, &operands), which = 0;
  if (n == 0) return err_set(e, ERR_USAGE, "titr migrate needs a word more: `titr help migrate` lists them");
  while (which < ARRAY_LEN(actions) && strcmp(actions[which].name, operands[0]) != 0) which++;
  if (which == ARRAY_LEN(actions)) {
    const char *near = nearest_name(operands[0], words);
    return err_set(e, ERR_USAGE, "there is no `titr migrate %s`%s%s", operands[0], near ? "; did you mean " : "",
                   near ? near : "");
  }
  if (n > 1 + (size_t)actions[which].takes_target)
    return err_set(e, ERR_USAGE, "titr migrate %s: \"%s\" is too much", operands[0], operands[n - 1]);
  _cleanup_(sql_closep) struct sql *db = NULL;
  struct job j = {.arguments = a, .target = n > 1 ? operands[1] : NULL};
  if (actions[which].database) {
    int rc = backend_database(a, &db, e);
    if (rc < 0) return rc;
    j.db = db;
  }
  return actions[which].run(&j, e);
}

/* "-1" is a place to go to and no option: it is moved behind a "--". */
static int raw(int argc, char **argv) {
  struct err e = {0};
  char **ordered = NEW_ARRAY(char *, (size_t)argc + 2);
  static char end[] = "--";
  char *steps = NULL;
  int n = 0;
  bool options_end = false;
  for (int i = 0; i < argc; i++) {
    options_end = options_end || strcmp(argv[i], "--") == 0;
    bool is_steps =
        !options_end && argv[i][0] == '-' && argv[i][1] && argv[i][1 + strspn(argv[i] + 1, "0123456789")] == '\0';
    if (is_steps && !steps) steps = argv[i];
    else ordered[n++] = argv[i];
  }
  if (steps) {
    ordered[n++] = end;
    ordered[n++] = steps;
  }
  struct arguments *a = NULL;
  int rc = arguments_parse(&command_migrate, n, ordered, &a, &e);
  if (rc == 0) rc = run(a, &e);
  arguments_free(a);
  free(ordered);
  return rc < 0 ? cli_fail(&e) : 0;
}

static const struct option_row options[] = {
    BACKEND_DATABASE_OPTION,
    {"yes", 0, NULL, NULL, "with downgrade: drop what is in the tables without asking"},
    {"message", 'm', "TEXT", NULL, "with revision: what the new migration is for"},
    {0}};
const struct command command_migrate = {
    .name = "migrate",
    .operands = "upgrade|downgrade|revision|current|history|stamp|check [REVISION]",
    .about = "bring the database to the program's schema",
    .text =
        "upgrade applies what is missing, up to a revision or +N steps, each migration in a transaction of its own; "
        "downgrade undoes down to a revision, to base, or -N steps back; current and history show where the database "
        "is; check exits with 1 when it is "
        "behind; stamp writes down a revision without running anything; revision makes the files of a new "
        "migration in a source tree. "
        "A database that a newer program or altered files have been at is refused.",
    .examples = "titr migrate upgrade\tapply all that is missing\n"
                "titr migrate downgrade -1\tone step back\n"
                "titr migrate check --database sqlite:titr.db\texit code 1: it is behind",
    .options = options,
    .raw = raw,
    .words = words};
