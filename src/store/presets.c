/*
 * DESIGN. How many a user has, and whether a name is taken, is looked at before it is written. So that two of his requests at once
 * cannot both find room, whoever adds or renames first writes the user's row: SQLite has one writer anyway, and PostgreSQL sends the
 * second of two round again (sql_transact()), who then sees what the first did.
 */
#include "store/presets.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

void preset_release(struct preset *p) {
  free(p->name);
  free(p->options);
  *p = (struct preset){0};
}

void preset_list_release(struct preset_list *l) {
  for (size_t i = 0; i < l->count; i++) preset_release(&l->presets[i]);
  free(l->presets);
  *l = (struct preset_list){0};
}

/* ---- what comes from outside ---- */

/* The name without the spaces around it; ERR_INPUT: it is none. Caller frees. */
static int clean_name(const char *name, char **ret, struct err *e) {
  name += strspn(name, " ");
  size_t length = strlen(name);
  while (length > 0 && name[length - 1] == ' ') length--;
  if (length == 0) return err_set(e, ERR_INPUT, "a preset needs a name");
  if (!utf8_valid(name, length)) return err_set(e, ERR_INPUT, "the preset's name is not UTF-8");
  _cleanup_(mem_freep) char *clean = x_strndup(name, length);
  size_t characters = utf8_count(clean), n;
  if (characters > LIMIT_PRESET_CHARACTERS)
    return err_set(e, ERR_INPUT, "the preset's name has %zu characters; at most %d are kept", characters,
                   LIMIT_PRESET_CHARACTERS);
  for (const char *s = clean; *s; s += n) {
    uint32_t c = utf8_next(s, &n);
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
      return err_set(e, ERR_INPUT, "the preset's name has control characters in it");
  }
  *ret = TAKE(clean);
  return 0;
}

static int check_options(const char *options, struct err *e) {
  size_t length = strlen(options);
  if (length > LIMIT_PRESET_BYTES)
    return err_set(e, ERR_INPUT, "the preset's options have %zu bytes; at most %d are kept", length,
                   LIMIT_PRESET_BYTES);
  _cleanup_(js_freep) struct js *v = NULL;
  int rc = js_parse(options, length, "the preset's options", &v, e);
  if (rc == 0 && !js_is_object(v)) rc = err_set(e, ERR_INPUT, "the preset's options are no JSON object");
  return rc;
}

/* ---- changes ---- */

/* Nobody else adds or renames one of this user's until the transaction has ended. */
static int begin_change(struct sql_tx *tx, int64_t user_id, int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_int(now_ms)};
  int64_t changed;
  int rc = sql_run(tx, "UPDATE users SET updated_at = $2 WHERE id = $1", SQL_ARGS(args), &changed, e);
  if (rc == 0 && changed == 0) return err_set(e, ERR_INPUT, "there is no user %lld", (long long)user_id);
  return rc;
}

static int number(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count, int64_t *ret,
                  struct err *e) {
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, text, args, count, &rows, e);
  if (rc == 0) *ret = sql_get_int(rows, 0, 0);
  return rc;
}

/* Another one than `id` has this name. */
static int name_taken(struct sql_tx *tx, int64_t user_id, const char *name, int64_t id, int64_t *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_text(name), sql_int(id)};
  return number(tx, "SELECT COUNT(*) FROM presets WHERE user_id = $1 AND name = $2 AND id <> $3", SQL_ARGS(args), ret,
                e);
}

static int insert(struct sql_tx *tx, int64_t user_id, const char *name, const char *options, int64_t now_ms,
                  enum preset_outcome *ret, int64_t *ret_id, struct err *e) {
  const struct sql_arg user[] = {sql_int(user_id)};
  int64_t taken = 0, has = 0;
  int rc = name_taken(tx, user_id, name, 0, &taken, e);
  if (rc == 0) rc = number(tx, "SELECT COUNT(*) FROM presets WHERE user_id = $1", SQL_ARGS(user), &has, e);
  if (rc < 0) return rc;
  if (taken || has >= LIMIT_PRESETS) {
    *ret = taken ? PRESET_NAME_TAKEN : PRESET_TOO_MANY;
    return 0;
  }
  const struct sql_arg args[] = {sql_int(user_id), sql_text(name), sql_text(options), sql_int(now_ms)};
  rc = number(tx, "INSERT INTO presets (user_id, name, options, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
              SQL_ARGS(args), ret_id, e);
  if (rc == 0) *ret = PRESET_DONE;
  return rc;
}

int presets_save(struct sql_tx *tx, int64_t user_id, const char *name, const char *options, int64_t now_ms,
                 enum preset_outcome *ret, int64_t *ret_id, struct err *e) {
  _cleanup_(mem_freep) char *clean = NULL;
  int rc = clean_name(name, &clean, e);
  if (rc == 0) rc = check_options(options, e);
  if (rc == 0) rc = begin_change(tx, user_id, now_ms, e);
  return rc < 0 ? rc : insert(tx, user_id, clean, options, now_ms, ret, ret_id, e);
}

static int change(struct sql_tx *tx, const char *text, const struct sql_arg *args, size_t count,
                  enum preset_outcome *ret, struct err *e) {
  int64_t changed;
  int rc = sql_run(tx, text, args, count, &changed, e);
  if (rc == 0) *ret = changed ? PRESET_DONE : PRESET_NOT_THERE;
  return rc;
}

int presets_rename(struct sql_tx *tx, int64_t user_id, int64_t id, const char *name, int64_t now_ms,
                   enum preset_outcome *ret, struct err *e) {
  _cleanup_(mem_freep) char *clean = NULL;
  int64_t taken = 0;
  int rc = clean_name(name, &clean, e);
  if (rc == 0) rc = begin_change(tx, user_id, now_ms, e);
  if (rc == 0) rc = name_taken(tx, user_id, clean, id, &taken, e);
  if (rc < 0) return rc;
  if (taken) {
    *ret = PRESET_NAME_TAKEN;
    return 0;
  }
  const struct sql_arg args[] = {sql_int(user_id), sql_int(id), sql_text(clean)};
  return change(tx, "UPDATE presets SET name = $3 WHERE user_id = $1 AND id = $2", SQL_ARGS(args), ret, e);
}

int presets_edit(struct sql_tx *tx, int64_t user_id, int64_t id, const char *options, enum preset_outcome *ret,
                 struct err *e) {
  int rc = check_options(options, e);
  if (rc < 0) return rc;
  const struct sql_arg args[] = {sql_int(user_id), sql_int(id), sql_text(options)};
  return change(tx, "UPDATE presets SET options = $3 WHERE user_id = $1 AND id = $2", SQL_ARGS(args), ret, e);
}

int presets_delete(struct sql_tx *tx, int64_t user_id, int64_t id, enum preset_outcome *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_int(id)};
  return change(tx, "DELETE FROM presets WHERE user_id = $1 AND id = $2", SQL_ARGS(args), ret, e);
}

/* ---- reading ---- */

static struct preset read_preset(const struct sql_rows *r, size_t i) {
  return (struct preset){.id = sql_get_int(r, i, 0),
                         .name = x_strdup(sql_get_text(r, i, 1)),
                         .options = x_strdup(sql_get_text(r, i, 2)),
                         .created_ms = sql_get_int(r, i, 3)};
}

int presets_get(struct sql_tx *tx, int64_t user_id, int64_t id, struct preset *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_int(id)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, "SELECT id, name, options, created_at FROM presets WHERE user_id = $1 AND id = $2",
                     SQL_ARGS(args), &rows, e);
  if (rc < 0 || sql_count(rows) == 0) return rc;
  preset_release(ret); /* of a try before */
  *ret = read_preset(rows, 0);
  return 1;
}

int presets_list(struct sql_tx *tx, int64_t user_id, struct preset_list *ret, struct err *e) {
  const struct sql_arg args[] = {sql_int(user_id), sql_int(LIMIT_PRESETS)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, "SELECT id, name, options, created_at FROM presets WHERE user_id = $1 ORDER BY id LIMIT $2",
                     SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  preset_list_release(ret); /* of a try before */
  ret->count = sql_count(rows);
  ret->presets = NEW_ARRAY(struct preset, ret->count);
  for (size_t i = 0; i < ret->count; i++) ret->presets[i] = read_preset(rows, i);
  return 0;
}
