/*
 * What a driver gives sql.c. Only sql.c and the drivers include this.
 *
 * A connection is in one transaction from begin() to commit() or rollback(), which also give it back (to the driver's
 * own pool, or closed when it is of no use any more). Each call returns 0 or ERR_*, and on failure says through
 * *fate what the failure means for the transaction; after one, sql.c only calls rollback().
 */
#ifndef TITR_STORE_SQL_DRIVER_H
#define TITR_STORE_SQL_DRIVER_H

#include "store/sql.h"

enum sql_fate {
  FATE_FINAL, /* it would fail again */
  FATE_AGAIN, /* another transaction was in the way: the same may succeed now */
  FATE_LOST   /* the connection is gone, and nothing was committed */
};

struct sql_conn;  /* a driver's connection */
struct sql_place; /* a driver's idea of the database */

struct sql_driver {
  int (*open)(const char *url, const struct sql_options *o, struct sql_place **ret, char **ret_display, struct err *e);
  void (*close)(struct sql_place *place);
  int (*begin)(struct sql_place *place, enum sql_mode mode, struct sql_conn **ret, enum sql_fate *fate, struct err *e);
  /* `rows` (made by sql.c, may be NULL: rows are not wanted) and *ret_changed are filled on success. */
  int (*exec)(struct sql_conn *c, const char *text, const struct sql_arg *args, size_t count, struct sql_rows *rows,
              int64_t *ret_changed, enum sql_fate *fate, struct err *e);
  int (*script)(struct sql_conn *c, const char *script, enum sql_fate *fate, struct err *e);
  int (*commit)(struct sql_conn *c, enum sql_fate *fate, struct err *e); /* ends it, also when it fails */
  void (*rollback)(struct sql_conn *c, bool lost /* the connection is not to be used again */);
};

extern const struct sql_driver sql_sqlite_driver, sql_postgres_driver;

/* Rows under construction. row_begin() fails beyond LIMIT_SQL_ROWS or LIMIT_SQL_BYTES; then `columns` puts follow. */
int sql_rows_begin(struct sql_rows *r, size_t columns, struct err *e);
void sql_rows_put(struct sql_rows *r, const char *text /* NULL */, size_t n);

#endif
