/* The audit log: who did what to what, for the operator. Inside the caller's transaction, so that it tells what happened. */
#ifndef TITR_STORE_AUDIT_H
#define TITR_STORE_AUDIT_H

#include <stdint.h>

#include "store/sql.h"

/* actor: "user:ID", "admin:ID", "worker:NAME", "operator", "system". action: "task.retry" … subject: "task:PUBLIC_ID" …,
 * or NULL. detail: JSON or NULL. */
int audit_add(struct sql_tx *tx, const char *actor, const char *action, const char *subject, const char *detail,
              int64_t now_ms, struct err *e);

#endif
