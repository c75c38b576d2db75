#include "store/heartbeats_each.h"

int heartbeats_each(struct sql_tx *tx, int64_t since_ms, int (*fn)(void *ctx, const char *name, const char *detail),
                    void *ctx, struct err *e) {
  const struct sql_arg args[] = {sql_int(since_ms), sql_int(HEARTBEATS_MOST)};
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, "SELECT name, detail FROM heartbeats WHERE at >= $1 ORDER BY at DESC, name LIMIT $2",
                     SQL_ARGS(args), &rows, e);
  if (rc < 0) return rc;
  for (size_t i = 0; i < sql_count(rows) && rc == 0; i++)
    rc = fn(ctx, sql_get_text(rows, i, 0), sql_get_text(rows, i, 1));
  return rc;
}
