/*
 * Presets: options that a user has saved under names of his own, to choose from when he sends a file.
 *
 *   rc = presets_save(tx, user, "Shorts", "{\"style\": \"modern_bold\"}", now_ms, &outcome, &id, e);
 *   rc = presets_list(tx, user, &list, e);       … preset_list_release(&list);
 *
 * A name is the user's own only once, and he has at most LIMIT_PRESETS. Every function takes the user and reaches none but his:
 * another's preset is as one that is not there. All inside the caller's transaction; moments in milliseconds since the epoch, UTC.
 *
 * ERR_INPUT, with nothing changed: no such user; a name that is empty (spaces around it are taken off), longer than
 * LIMIT_PRESET_CHARACTERS, not UTF-8 or with control characters in it; options that are no JSON object or longer than
 * LIMIT_PRESET_BYTES. What the options say is whoever asks's to know: they are those of a task (tasks.h).
 */
#ifndef TITR_STORE_PRESETS_H
#define TITR_STORE_PRESETS_H

#include <stddef.h>
#include <stdint.h>

#include "store/sql.h"

struct preset {
  int64_t id;
  char *name;
  char *options; /* JSON */
  int64_t created_ms;
};
void preset_release(struct preset *p); /* also the cleanup function; leaves it empty */

struct preset_list {
  struct preset *presets;
  size_t count;
};
void preset_list_release(struct preset_list *l);

enum preset_outcome { PRESET_DONE, PRESET_NAME_TAKEN, PRESET_TOO_MANY, PRESET_NOT_THERE };

/* *ret_id is written when it is done. */
int presets_save(struct sql_tx *tx, int64_t user_id, const char *name, const char *options, int64_t now_ms,
                 enum preset_outcome *ret, int64_t *ret_id, struct err *e);
/* To the name that it has: done. */
int presets_rename(struct sql_tx *tx, int64_t user_id, int64_t id, const char *name, int64_t now_ms,
                   enum preset_outcome *ret, struct err *e);
int presets_edit(struct sql_tx *tx, int64_t user_id, int64_t id, const char *options, enum preset_outcome *ret,
                 struct err *e);
int presets_delete(struct sql_tx *tx, int64_t user_id, int64_t id, enum preset_outcome *ret, struct err *e);

/* 1, or 0 when he has none of that id (`ret` is left alone). `ret` must be empty ({0}) or hold a preset, which is released. */
int presets_get(struct sql_tx *tx, int64_t user_id, int64_t id, struct preset *ret, struct err *e);
/* All of his, the oldest first. */
int presets_list(struct sql_tx *tx, int64_t user_id, struct preset_list *ret, struct err *e);

#endif
