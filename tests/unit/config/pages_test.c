#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/dotenv.h"
#include "config/pages.h"
#include "config/settings.h"

static void the_example(void **state) {
  (void)state;
  _cleanup_(buf_release) struct buf page = BUF_INIT, uncommented = BUF_INIT;
  settings_example_page(&page);
  /* as it is: nothing is set */
  _cleanup_(dotenv_release) struct dotenv d = {0}, all = {0};
  assert_int_equal(dotenv_parse(page.data, page.len, "page", &d, NULL), 0);
  assert_int_equal(d.count, 1);
  assert_string_equal(d.entries[0].name, "BOT_TOKEN");
  assert_string_equal(d.entries[0].value, "");
  /* with the settings uncommented: every one is there once, in order, with its default */
  for (const char *line = page.data, *end; *line; line = end) {
    end = strchr(line, '\n') + 1;
    assert_true(end - line <= 101);
    if (line[0] == '#' && line[1] >= 'A' && line[1] <= 'Z') line++;
    buf_add(&uncommented, line, (size_t)(end - line));
  }
  assert_int_equal(dotenv_parse(uncommented.data, uncommented.len, "page", &all, NULL), 0);
  assert_int_equal(all.count, SETTINGS_COUNT);
  for (int id = 0; id < SETTINGS_COUNT; id++) {
    const struct setting *s = settings_declaration((enum setting_id)id);
    assert_string_equal(all.entries[id].name, s->name);
    assert_string_equal(all.entries[id].value, s->otherwise ? s->otherwise : "");
  }
}

static void the_docs(void **state) {
  (void)state;
  _cleanup_(buf_release) struct buf page = BUF_INIT;
  settings_docs_page(&page);
  for (int id = 0; id < SETTINGS_COUNT; id++) {
    const struct setting *s = settings_declaration((enum setting_id)id);
    _cleanup_(mem_freep) char *start = x_asprintf("\n| `%s` | ", s->name);
    const char *row = strstr(page.data, start);
    if (!row) fail_msg("%s is not in the page", s->name);
    assert_null(strstr(row + 1, start));
    _cleanup_(mem_freep) char *line = x_strndup(row + 1, strcspn(row + 1, "\n"));
    if ((strstr(line, "; secret |") != NULL) != s->secret) fail_msg("%s", line);
    if ((strstr(line, "not used") != NULL) != (s->use == SETTING_LATER || s->use == SETTING_KEPT)) fail_msg("%s", line);
    size_t bars = 0;
    for (const char *c = line; *c; c++) bars += *c == '|' && (c == line || c[-1] != '\\');
    assert_int_equal(bars, 5);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_example), cmocka_unit_test(the_docs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
