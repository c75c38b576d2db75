/* A .env file with any bytes: it is refused, or every name is a name and every value stays under the ceiling. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "config/dotenv.h"
#include "config/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct dotenv d = {0};
  struct err e = {0};
  if (dotenv_parse((const char *)data, size, "fuzz", &d, &e) < 0) {
    if (!e.msg[0] || d.count) abort();
    return 0;
  }
  size_t total = 0;
  for (size_t i = 0; i < d.count; i++) {
    if (!d.entries[i].name[0] || strpbrk(d.entries[i].name, " =\n\"'")) abort();
    total += strlen(d.entries[i].value);
    /* The same bytes as a value of every setting there is. */
    for (int id = 0; d.entries[i].value[0] && id < SETTINGS_COUNT; id++) {
      struct setting_value v = {0};
      if (setting_value_parse(settings_declaration((enum setting_id)id), d.entries[i].value, &v, NULL) == 0 && !v.set)
        abort();
      setting_value_release(&v);
    }
  }
  if (total > LIMIT_ENV_BYTES) abort();
  dotenv_release(&d);
  return 0;
}
