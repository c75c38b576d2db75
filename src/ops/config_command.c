/* `titr config`: the settings as a person sees them. It reads them by itself, so that wrong ones do not stop it. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/address.h"
#include "config/pages.h"
#include "config/settings.h"
#include "ops/cli.h"
#include "ops/commands.h"

static int check(void) {
  settings_survey();
  const struct settings_problems *p = settings_problems();
  size_t errors = 0;
  for (int pass = 0; pass < 2; pass++) /* what is wrong, then what is odd */
    for (size_t i = 0; i < p->count; i++) {
      if (p->items[i].error != (pass == 0)) continue;
      printf("%s: %s\n", pass == 0 ? "error" : "warning", p->items[i].text);
      errors += pass == 0;
    }
  return errors ? err_exit_code(ERR_USAGE) : 0;
}

static void show_setting(enum setting_id id, const struct setting *s) {
  _cleanup_(buf_release) struct buf value = BUF_INIT;
  struct setting_origin o = settings_origin(id);
  setting_value_show(s, settings_value(id), &value);
  bool nowhere = o.from == SETTING_FROM_NOWHERE;
  printf("%-26s  %-*s%s", s->name, nowhere ? 0 : 32, buf_str(&value), nowhere ? "" : "  ");
  const char *wrong = o.wrong ? " (wrong: `titr config check`)" : "";
  switch (o.from) {
  case SETTING_FROM_NOWHERE: break;
  case SETTING_FROM_DEFAULT: printf("default%s", wrong); break;
  case SETTING_FROM_FILE: printf("%s:%d%s", settings_file(), o.line, wrong); break;
  case SETTING_FROM_ENVIRONMENT: printf("environment%s", wrong); break;
  }
  printf("\n");
}

static int show(void) {
  settings_survey();
  for (int id = 0, group = -1; id < SETTINGS_COUNT; id++) {
    const struct setting *s = settings_declaration((enum setting_id)id);
    if ((int)s->group != group) printf("%s# %s\n", group < 0 ? "" : "\n", settings_group_title(s->group));
    group = (int)s->group;
    show_setting((enum setting_id)id, s);
  }
  struct settings_redis r;
  const char *url = settings_database_url();
  _cleanup_(mem_freep) char *database = url ? address_display(url) : x_strdup("not known: a setting is wrong");
  printf("\n# So\ndatabase  %s\n", database);
  if (settings_origin(SET_REDIS_HOST).wrong) printf("queue     not known: a setting is wrong\n");
  else if (settings_redis(&r)) printf("queue     Redis at %s, port %d, database %d\n", r.host, r.port, r.database);
  else printf("queue     embedded in the database\n");
  return 0;
}

static int page(void (*print)(struct buf *)) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  print(&b);
  fputs(buf_str(&b), stdout);
  return 0;
}

static const char *const words[] = {"check", "show", "example", "docs", NULL};

static int run(const struct arguments *a) {
  const char *const *names;
  struct err e;
  if (argument_operands(a, &names) != 1) {
    err_set(&e, ERR_USAGE, "say what to do: titr config check, show, example or docs");
    return cli_fail(&e);
  }
  if (strcmp(names[0], "check") == 0) return check();
  if (strcmp(names[0], "show") == 0) return show();
  if (strcmp(names[0], "example") == 0) return page(settings_example_page);
  if (strcmp(names[0], "docs") == 0) return page(settings_docs_page);
  const char *near = nearest_name(names[0], words);
  err_set(&e, ERR_USAGE, "titr config takes check, show, example or docs, not \"%s\"%s%s%s", names[0],
          near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
  return cli_fail(&e);
}

static const struct option_row options[] = {{0}};
const struct command command_config = {
    .name = "config",
    .operands = "check|show|example|docs",
    .about = "check and show the settings",
    .text = "check reads the environment and .env, prints a line for each fault and each oddity, and exits with 2 when "
            "anything is wrong; show prints every setting, its value (not a secret's) and where it comes from; example "
            "and docs print .env.example and docs/settings.md.",
    .examples = "titr config check\tbefore the service is started\n"
                "titr config show\tvalues, and where they come from\n"
                "titr config example > .env\ta file to fill in",
    .options = options,
    .run = run,
    .words = words,
    .no_settings = true};
