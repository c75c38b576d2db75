#include "config/pages.h"

#include <string.h>

#include "base/mem.h"
#include "config/settings.h"

enum { WIDTH = 100 };

/* ---- .env.example ---- */

static void comment(struct buf *out, const char *text) {
  size_t column = 0;
  while (*text) {
    size_t n = strcspn(text, " ");
    if (column && column + 1 + n > WIDTH) {
      buf_addc(out, '\n');
      column = 0;
    }
    buf_adds(out, column ? " " : "# ");
    column += column ? 1 : 2;
    buf_add(out, text, n);
    column += n;
    text += n;
    text += *text == ' ';
  }
  buf_addc(out, '\n');
}

void settings_example_page(struct buf *out) {
  buf_adds(out, "# Settings of titr. Printed by `titr config example`; docs/settings.md has them as a table.\n"
                "# Copy this file to .env and fill in BOT_TOKEN: all else has a default, which is shown.\n"
                "# `titr config check` tells what is wrong with it.\n");
  for (int id = 0, group = -1; id < SETTINGS_COUNT; id++) {
    const struct setting *s = settings_declaration((enum setting_id)id);
    if ((int)s->group != group) buf_addf(out, "\n# ---- %s ----\n", settings_group_title(s->group));
    group = (int)s->group;
    _cleanup_(buf_release) struct buf help = BUF_INIT, accepted = BUF_INIT;
    buf_adds(&help, s->help);
    if (settings_use_note(s->use)) buf_addf(&help, " (%s)", settings_use_note(s->use));
    buf_adds(&accepted, "Accepted: ");
    setting_accepts(s, &accepted);
    buf_addc(out, '\n');
    comment(out, buf_str(&help));
    comment(out, buf_str(&accepted));
    buf_addf(out, "%s%s=%s\n", id == SET_BOT_TOKEN ? "" : "#", s->name, s->otherwise ? s->otherwise : "");
  }
}

/* ---- docs/settings.md ---- */

/* Inside a cell of a table a bar is escaped, and markup is not wanted. */
static void cell(struct buf *out, const char *text) {
  for (; *text; text++) {
    if (strchr("|<>*", *text)) buf_addc(out, '\\');
    buf_addc(out, *text);
  }
}

static void docs_row(struct buf *out, const struct setting *s) {
  _cleanup_(buf_release) struct buf accepts = BUF_INIT;
  setting_accepts(s, &accepts);
  buf_addf(out, "| `%s` | ", s->name);
  cell(out, s->help);
  if (settings_use_note(s->use)) buf_addf(out, " (%s)", settings_use_note(s->use));
  buf_adds(out, " | ");
  cell(out, buf_str(&accepts));
  buf_adds(out, s->secret ? "; secret | " : " | ");
  if (s->otherwise && *s->otherwise) buf_addf(out, "`%s`", s->otherwise);
  buf_adds(out, " |\n");
}

void settings_docs_page(struct buf *out) {
  buf_adds(
      out,
      "# Settings\n\nThis page is printed by `titr config docs`; the table it comes from is `src/config/table.c`. "
      "After a "
      "change there, `make settings` writes this page and `.env.example` anew.\n\n"
      "Settings come from the environment, or from a file `.env` in the current folder (or the one that "
      "`TITR_ENV_FILE` "
      "names). The environment wins; a name that is set to nothing is not set. The file's format is python-dotenv's, "
      "so "
      "an AutoSub operator's `.env` works as it is: every name of his is accepted.\n\n"
      "- `titr config check` tells all that is wrong or odd, and exits with 2 when anything is wrong.\n"
      "- `titr config show` shows every setting, its value and where it comes from. Secrets are shown as set or not "
      "set, "
      "and appear in no message.\n"
      "- A name in the file that titr does not know is warned about, with the one that was probably meant.\n"
      "- A wrong value stops the service's commands. `titr caption` and the other commands for one file are stopped "
      "only "
      "by those of the groups General and Speech, which they read.\n\n"
      "With nothing set but `BOT_TOKEN`, the database is SQLite and the queue is embedded in it, in `STORAGE_PATH`. "
      "`DATABASE_URL` or `DB_HOST` chooses PostgreSQL, `REDIS_HOST` Redis.\n");
  for (int id = 0, group = -1; id < SETTINGS_COUNT; id++) {
    const struct setting *s = settings_declaration((enum setting_id)id);
    if ((int)s->group != group)
      buf_addf(out, "\n## %s\n\n| name | what it does | accepted | default |\n|---|---|---|---|\n",
               settings_group_title(s->group));
    group = (int)s->group;
    docs_row(out, s);
  }
}
