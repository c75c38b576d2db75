/* A piece of work in a transaction, with each call of the database failing in turn. */
#ifndef TITR_TESTS_STORE_FAULT_WALK_H
#define TITR_TESTS_STORE_FAULT_WALK_H

#include "accounts.h"
#include "store/sql_fault.h"

struct fault_walk {
  sql_fn work; /* above 0: done, and there is one more of what is counted; else nothing is changed */
  void *ctx;
  const char *count;                            /* SQL: how often it has been done */
  void (*check)(struct sql *db, int64_t count); /* that all else agrees with it */
  int64_t least;                                /* more calls than these are made: begin, the statements, commit */
};

/* All of it is there or nothing, and the answer says which; how often it could not say is returned. */
static int64_t fault_walk(struct sql *db, const struct fault_walk *w, enum sql_fault kind) {
  int64_t done = number(db, w->count), unsure = 0;
  for (int64_t n = 1;; n++) {
    sql_fault_arm(db, n, kind);
    int rc = sql_transact(db, SQL_WRITE, w->work, w->ctx, NULL);
    bool came = sql_fault_disarm(db);
    int64_t now = number(db, w->count);
    if (rc == ERR_UNSURE) unsure++;
    else assert_int_equal(now - done, rc > 0);
    done = now;
    w->check(db, done);
    if (!came) {
      assert_true(n > w->least);
      return unsure;
    }
  }
}

/* The same in every way that a call can fail. */
__attribute__((unused)) static int64_t fault_walk_all(struct sql *db, const struct fault_walk *w) {
  int64_t unsure = 0;
  for (int kind = SQL_FAULT_IO; kind <= SQL_FAULT_LOST_AFTER; kind++) unsure += fault_walk(db, w, (enum sql_fault)kind);
  return unsure;
}

#endif
