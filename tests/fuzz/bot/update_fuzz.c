/*
 * An answer of getUpdates with any bytes: it is no answer, or every update in it is refused or within its borders, and its text
 * is no command or one with a name and argument of plain characters.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bot/api.h"
#include "bot/update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_update(struct js *v) {
  struct update u;
  struct command_words w;
  if (update_read(v, &u, NULL) < 0) return;
  if (u.id < 0) abort();
  if (u.kind == UPDATE_OTHER) return;
  if (u.chat <= 0 || u.from <= 0) abort();
  if (u.kind == UPDATE_CALLBACK && (!u.data || !u.callback_id)) abort();
  if (u.kind != UPDATE_MESSAGE) return;
  if (u.message <= 0 || u.media.bytes < -1 || u.media.ms < -1) abort();
  if (u.media.kind != MEDIA_NONE && u.media.kind != MEDIA_OTHER && (!u.media.file_id || !u.media.unique_id)) abort();
  if (!command_read(u.text, "titr_bot", &w)) return;
  for (const char *c = w.name; *c; c++)
    if (!isalnum((unsigned char)*c)) abort();
  if (!w.name[0] || strpbrk(w.argument, " \n")) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct js *root = NULL;
  struct api_problem p;
  struct err e = {0};
  if (api_read_answer("getUpdates", 200, (const char *)data, size, &root, &p, &e) < 0) {
    if (p.kind == API_FINE || !e.msg[0]) abort();
    if (p.kind == API_TOO_MANY && p.retry_after_s < 1) abort();
    return 0;
  }
  struct js *list = js_at(root, "result");
  for (size_t i = 0; i < js_len(list) && js_is_array(list); i++) try_update(js_item(list, i));
  js_free(root);
  return 0;
}
