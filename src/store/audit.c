#include "store/audit.h"

int audit_add(struct sql_tx *tx, const char *actor, const char *action, const char *subject, const char *detail,
              int64_t now_ms, struct err *e) {
  const struct sql_arg args[] = {sql_int(now_ms), sql_text(actor), sql_text(action), sql_text(subject ? subject : ""),
                                 sql_text(detail ? detail : "{}")};
  return sql_run(tx, "INSERT INTO audit_log (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)",
                 SQL_ARGS(args), NULL, e);
}
