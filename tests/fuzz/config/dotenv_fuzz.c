/*
 * A .env file with any bytes: it is refused, or every name is a name and every value stays under the ceiling. Each value is
 * tried on every setting there is: what one takes, it prints so that it is read as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "config/dotenv.h"
#include "config/names.h"
#include "config/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_value(const struct setting *s, const char *text) {
  _cleanup_(setting_value_release) struct setting_value v = {0}, again = {0};
  _cleanup_(buf_release) struct buf printed = BUF_INIT, twice = BUF_INIT, shown = BUF_INIT;
  struct err e = {0};
  if (setting_value_parse(s, text, &v, &e) < 0) {
    if (e.code != ERR_USAGE || strncmp(e.msg, s->name, strlen(s->name)) != 0 || v.set) abort();
    return;
  }
  setting_value_print(s, &v, &printed);
  setting_value_show(s, &v, &shown);
  if (s->secret && strcmp(buf_str(&shown), "(set)") != 0) abort();
  if (!v.set || setting_value_parse(s, buf_str(&printed), &again, NULL) < 0) abort();
  setting_value_print(s, &again, &twice);
  if (strcmp(buf_str(&printed), buf_str(&twice)) != 0 || v.number != again.number) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  _cleanup_(dotenv_release) struct dotenv d = {0};
  _cleanup_(settings_problems_release) struct settings_problems problems = {0};
  struct err e = {0};
  if (dotenv_parse((const char *)data, size, "fuzz", &d, &e) < 0) {
    if (!e.msg[0] || d.count) abort();
    return 0;
  }
  size_t total = 0;
  for (size_t i = 0; i < d.count; i++) {
    if (!d.entries[i].name[0] || strpbrk(d.entries[i].name, " =\n\"'")) abort();
    total += strlen(d.entries[i].value);
    for (int id = 0; d.entries[i].value[0] && id < SETTINGS_COUNT; id++)
      try_value(settings_declaration((enum setting_id)id), d.entries[i].value);
  }
  if (total > LIMIT_ENV_BYTES || d.count > LIMIT_ENV_NAMES) abort();
  names_check(&d, "fuzz", &problems);
  if (problems.count > d.count) abort();
  return 0;
}
