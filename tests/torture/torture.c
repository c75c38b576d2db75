/*
 * The crash campaign's parent (torture.h):
 *
 *   torture --database URL [--redis PORT] [--services FOLDER] --jobs N --kills N [--seed N]      at least 200 jobs
 *
 * At least so many kills; they go on until all jobs are made.
 * FOLDER is one that tests/services has started: its servers are killed too. One line of result, and what is wrong; exit 1 then.
 */
#include "torture/torture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/tasks.h"

enum { WORKERS = 3, MAINTAINERS = 2, PROCESSES = 1 + WORKERS + MAINTAINERS };
static const double KILL_EVERY_S = 0.25, FROZEN_S = LEASE_MS * 1.4 / 1000, RECOVERY_S = 15, PATIENCE_S = 240;

struct campaign {
  struct plan plan;
  const char *services;
  int kills;
  pid_t pids[PROCESSES];     /* 0: not running; the first is the creator */
  double wake_at[PROCESSES]; /* 0: not stopped */
  bool created;
  int died[3], servers_killed[2], flushed, frozen; /* by role; postgres, redis */
  double last_kill;
};

static int role_of(int i) {
  return i == 0 ? 0 : i <= WORKERS ? 1 : 2;
}

static void start(struct campaign *c, int i) {
  pid_t pid = fork();
  if (pid < 0) abort();
  if (pid > 0) {
    c->pids[i] = pid;
    return;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  srandom((unsigned)getpid());
  if (role_of(i) == 0) role_creator(&c->plan);
  if (role_of(i) == 1) role_worker(&c->plan);
  role_maintainer(&c->plan);
}

/* Who has died is started again. A worker that stopped itself goes on when its lease has ended: to a task that is somebody else's. */
static void look_after(struct campaign *c) {
  int status;
  for (int i = 0; i < PROCESSES; i++) {
    if (c->wake_at[i] > 0 && clock_now() > c->wake_at[i]) {
      kill(c->pids[i], SIGCONT);
      c->wake_at[i] = 0;
    }
    if (!c->pids[i] || waitpid(c->pids[i], &status, WNOHANG | WUNTRACED) != c->pids[i]) continue;
    if (WIFSTOPPED(status)) {
      c->wake_at[i] = clock_now() + FROZEN_S;
      c->frozen++;
      continue;
    }
    c->pids[i] = 0;
    c->wake_at[i] = 0;
    if (i == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) c->created = true;
    else {
      if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        fprintf(stderr, "a process of role %d ended by itself: status %d\n", role_of(i), status);
      c->died[role_of(i)]++;
      start(c, i);
    }
  }
}

static void run_for(struct campaign *c, double seconds) {
  for (double end = clock_now() + seconds; clock_now() < end;) {
    look_after(c);
    clock_sleep(0.01);
  }
}

/* ---- killing ---- */

static void service(const struct campaign *c, const char *what, const char *which) {
  pid_t pid = fork();
  if (pid == 0) {
    execl("tests/services", "services", what, c->services, which, (char *)NULL);
    _exit(127);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status) fprintf(stderr, "tests/services %s %s: status %d\n", what, which, status);
}

static void flush_redis(struct campaign *c) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                           .sin_port = htons((uint16_t)c->plan.redis_port)};
  char answer[8];
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 && send(fd, "FLUSHALL\r\n", 10, MSG_NOSIGNAL) == 10 &&
      recv(fd, answer, sizeof answer, 0) > 0)
    c->flushed++;
  close(fd);
}

static void kill_something(struct campaign *c, int n) {
  bool postgres = strncmp(c->plan.database, "postgres", 8) == 0;
  c->last_kill = clock_now();
  if (c->services && n % 8 == 3 && postgres) {
    service(c, "kill", "postgres");
    run_for(c, 0.5);
    service(c, "again", "postgres");
    c->servers_killed[0]++;
  } else if (c->services && n % 8 == 6 && c->plan.redis_host) {
    if (n % 16 == 6) flush_redis(c);
    service(c, "kill", "redis");
    run_for(c, 0.5);
    service(c, "again", "redis");
    c->servers_killed[1]++;
  } else {
    static const int order[] = {1, 2, 4, 3, 0, 1, 2, 5, 3, 1};
    int i = order[(int)((double)random() / RAND_MAX * 9.99)];
    if (c->pids[i]) kill(c->pids[i], SIGKILL);
  }
}

/* ---- counting ---- */

struct question {
  const char *text;
  int64_t answer;
};

static int ask(struct sql_tx *tx, void *ctx, struct err *e) {
  struct question *q = ctx;
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  int rc = sql_query(tx, q->text, SQL_NO_ARGS, &rows, e);
  if (rc == 0) q->answer = sql_get_int(rows, 0, 0);
  return rc;
}

static int64_t count(struct sql *db, const char *text) {
  struct question q = {.text = text};
  struct err e = {0};
  for (double end = clock_now() + 30; sql_transact(db, SQL_READ, ask, &q, &e) < 0; clock_sleep(0.1))
    if (clock_now() > end) {
      fprintf(stderr, "%s\n", e.msg);
      exit(1);
    }
  return q.answer;
}

/* Each of these counts what must not be. */
static const struct {
  const char *what, *text;
} wrongs[] = {
    {"not ended", "SELECT COUNT(*) FROM tasks WHERE state IN ('queued', 'running')"},
    {"tasks of no job", "SELECT COUNT(*) FROM tasks WHERE id NOT IN (SELECT task_id FROM torture_jobs)"},
    {"lost: no effect",
     "SELECT COUNT(*) FROM tasks t WHERE NOT EXISTS (SELECT 1 FROM torture_effects f WHERE f.task_id = t.id)"},
    {"done twice in effect",
     "SELECT COUNT(*) FROM (SELECT task_id FROM torture_effects GROUP BY task_id HAVING COUNT(*) > 1) twice"},
    {"effect and row differ",
     "SELECT COUNT(*) FROM tasks t JOIN torture_effects f ON f.task_id = t.id WHERE f.state <> t.state"},
    {"not charged once", "SELECT COUNT(*) FROM tasks t WHERE 1 <> (SELECT COUNT(*) FROM usage_ledger u WHERE u.task_id "
                         "= t.id AND u.kind = 'charge')"},
    {"given back wrongly",
     "SELECT COUNT(*) FROM tasks t JOIN torture_effects f ON f.task_id = t.id WHERE f.given_back <> "
     "(SELECT COUNT(*) FROM usage_ledger u WHERE u.task_id = t.id AND u.kind = 'refund')"},
    {"parked and not given back", "SELECT COUNT(*) FROM tasks t WHERE state = 'parked' AND NOT EXISTS (SELECT 1 FROM "
                                  "usage_ledger u WHERE u.task_id = t.id "
                                  "AND u.kind = 'refund')"},
    {"days that do not add up",
     "SELECT COUNT(*) FROM quota_days d WHERE used <> (SELECT COUNT(*) FROM usage_ledger u WHERE u.user_id = d.user_id "
     "AND "
     "u.kind = 'charge') - (SELECT COUNT(*) FROM usage_ledger u WHERE u.user_id = d.user_id AND u.kind = 'refund')"},
    {"more attempts than allowed", "SELECT COUNT(*) FROM tasks WHERE attempts > 3"},
    {"poison that was done",
     "SELECT COUNT(*) FROM tasks WHERE input LIKE '%poison%' AND state NOT IN ('parked', 'cancelled')"},
};

static int judge(struct sql *db, const struct campaign *c, double recovery, double drained) {
  int bad = 0;
  int64_t made = count(db, "SELECT COUNT(*) FROM torture_jobs");
  if (made != c->plan.jobs) bad++, printf("WRONG: %lld jobs of %d were made\n", (long long)made, c->plan.jobs);
  for (size_t i = 0; i < ARRAY_LEN(wrongs); i++) {
    int64_t n = count(db, wrongs[i].text);
    if (n) bad++, printf("WRONG: %lld %s\n", (long long)n, wrongs[i].what);
  }
  if (recovery > RECOVERY_S) bad++, printf("WRONG: it took %.1f s to recover from the last kill\n", recovery);
  printf(
      "%d jobs: %lld done, %lld parked, %lld failed, %lld cancelled; killed: %d creators, %d workers, %d maintainers, "
      "%d PostgreSQL, %d Redis (%d emptied), %d workers frozen; recovered %.1f s after the last kill (lease %.1f s), "
      "all ended after %.1f "
      "s\n",
      c->plan.jobs, (long long)count(db, "SELECT COUNT(*) FROM tasks WHERE state = 'done'"),
      (long long)count(db, "SELECT COUNT(*) FROM tasks WHERE state = 'parked'"),
      (long long)count(db, "SELECT COUNT(*) FROM tasks WHERE state = 'failed'"),
      (long long)count(db, "SELECT COUNT(*) FROM tasks WHERE state = 'cancelled'"), c->died[0], c->died[1], c->died[2],
      c->servers_killed[0], c->servers_killed[1], c->flushed, c->frozen, recovery, LEASE_MS / 1000.0, drained);
  return bad;
}

/* What is being worked on, by the living or the dead. */
static int note_held(struct sql_tx *tx, void *ctx, struct err *e) {
  (void)ctx;
  return sql_run(
      tx, "INSERT INTO torture_held (task_id, lease_owner) SELECT id, lease_owner FROM tasks WHERE state = 'running'",
      SQL_NO_ARGS, NULL, e);
}

/* Until everything that was held at the last kill has been ended or taken anew: returns the seconds since that kill. */
static double wait_for_recovery(struct campaign *c, struct sql *db) {
  while (sql_transact(db, SQL_WRITE, note_held, NULL, NULL) < 0) run_for(c, 0.05); /* noted twice is as good */
  for (double end = clock_now() + PATIENCE_S; clock_now() < end; run_for(c, 0.05))
    if (count(
            db,
            "SELECT COUNT(*) FROM tasks t JOIN torture_held h ON h.task_id = t.id AND h.lease_owner = t.lease_owner") ==
        0)
      break;
  return clock_now() - c->last_kill;
}

static double wait_for_the_end(struct campaign *c, struct sql *db) {
  for (double end = clock_now() + PATIENCE_S; clock_now() < end; run_for(c, 0.1))
    if (c->created && count(db, wrongs[0].text) == 0) break;
  return clock_now() - c->last_kill;
}

/* ---- the command line ---- */

static void read_arguments(int argc, char **argv, struct campaign *c, unsigned *seed) {
  static const struct option options[] = {{"database", 1, NULL, 'd'},
                                          {"redis", 1, NULL, 'r'},
                                          {"services", 1, NULL, 's'},
                                          {"jobs", 1, NULL, 'j'},
                                          {"kills", 1, NULL, 'k'},
                                          {"seed", 1, NULL, 'e'},
                                          {0}};
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    int n = optarg ? (int)strtol(optarg, NULL, 10) : 0;
    switch (o) {
    case 'd': c->plan.database = optarg; break;
    case 'r': c->plan.redis_host = "127.0.0.1", c->plan.redis_port = n; break;
    case 's': c->services = optarg; break;
    case 'j': c->plan.jobs = n; break;
    case 'k': c->kills = n; break;
    case 'e': *seed = (unsigned)n; break;
    default: exit(2);
    }
  }
  if (!c->plan.database || c->plan.jobs < 200 || c->kills < 1) {
    fprintf(stderr, "torture --database URL [--redis PORT] [--services FOLDER] --jobs N --kills N [--seed N]\n");
    exit(2);
  }
}

int main(int argc, char **argv) {
  struct campaign c = {0};
  unsigned seed = (unsigned)clock_utc_ms();
  read_arguments(argc, argv, &c, &seed);
  srandom(seed);
  printf("seed %u\n", seed);
  fflush(stdout); /* or each child would say it too */
  log_set(getenv("TORTURE_LOUD") ? LOG_INFO : LOG_SILENT, LOG_PLAIN);
  c.plan.seconds = c.kills * KILL_EVERY_S;
  struct err e = {0};
  struct sql *db = torture_open(&c.plan);
  if (torture_prepare(db, &e) < 0) {
    fprintf(stderr, "%s\n", e.msg);
    return 1;
  }
  sql_close(db); /* the children have connections of their own */
  for (int i = 0; i < PROCESSES; i++) start(&c, i);
  for (int n = 0; n < c.kills || !c.created; n++) {
    run_for(&c, KILL_EVERY_S * 2 * (double)random() / RAND_MAX);
    kill_something(&c, n);
  }
  db = torture_open(&c.plan);
  double recovery = wait_for_recovery(&c, db), drained = wait_for_the_end(&c, db);
  for (int i = 0; i < PROCESSES; i++)
    if (c.pids[i]) kill(c.pids[i], SIGKILL);
  while (wait(NULL) > 0) {
  }
  int bad = judge(db, &c, recovery, drained);
  sql_close(db);
  return bad ? 1 : 0;
}
