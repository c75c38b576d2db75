#include "ops/backend.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/settings.h"
#include "store/migrate.h"

int backend_database_url(const struct arguments *a, const char **ret, struct err *e) {
  *ret = argument_text(a, "database", NULL);
  if (*ret) return 0;
  int rc = settings_load_service(e);
  if (rc < 0) return rc;
  *ret = settings_database_url();
  /* where nothing has run yet there is no folder for the embedded one */
  return strncmp(*ret, "sqlite:", 7) == 0 ? file_make_dirs(settings_text(SET_STORAGE_PATH), e) : 0;
}

int backend_database(const struct arguments *a, struct sql **ret, struct err *e) {
  const char *url = NULL;
  int rc = backend_database_url(a, &url, e);
  return rc < 0 ? rc : sql_open(url, NULL, ret, e);
}

static char *process_name(const char *role) {
  char host[65] = "localhost";
  gethostname(host, sizeof host - 1);
  return x_asprintf("%s:%s:%d", role, host, (int)getpid());
}

static int look_at_schema(struct backend *b, unsigned flags, struct err *e) {
  return flags & BACKEND_MIGRATE ? migrate_upgrade(b->db, "head", NULL, e) : migrate_require_head(b->db, e);
}

static int open_queue(struct backend *b, struct err *e) {
  struct queue_options o = queue_default_options();
  struct settings_redis redis;
  o.owner = b->name;
  o.lease_ms = b->lease_ms;
  o.attempts = (int)settings_number(SET_TASK_ATTEMPTS);
  if (settings_redis(&redis)) o.redis = (struct queue_redis){redis.host, redis.port, redis.database, redis.password};
  return queue_open(b->db, &o, &b->queue, e);
}

int backend_open(struct backend *b, const char *role, unsigned flags, struct err *e) {
  int rc = settings_load_service(e);
  if (rc == 0) rc = plans_from_settings(&b->plans, e);
  if (rc == 0) rc = storage_open(settings_text(SET_STORAGE_PATH), &b->storage, e);
  if (rc == 0) rc = sql_open(settings_database_url(), NULL, &b->db, e);
  if (rc == 0) rc = look_at_schema(b, flags, e);
  if (rc < 0) return rc;
  b->name = process_name(role);
  b->lease_ms = settings_number(SET_LEASE_SECONDS) * 1000;
  return flags & BACKEND_QUEUE ? open_queue(b, e) : 0;
}

void backend_close(struct backend *b) {
  queue_close(b->queue);
  sql_close(b->db);
  storage_free(b->storage);
  plan_table_release(&b->plans);
  free(b->name);
  memset(b, 0, sizeof *b);
}
