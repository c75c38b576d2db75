/*
 * What the queue costs when the jobs cost nothing (bench/queue.sh runs it over each kind of store).
 *
 *   bench_queue --database URL [--redis PORT] --jobs N --threads N      an empty database; prints one line of JSON
 *
 * Three measurements, each of N jobs: making them (a task and its charge, one transaction each, by one thread), working them off (taken and
 * ended by a process with so many threads, all waiting at the beginning), and from commit to start (N / 10 jobs, one
 * every 10 to 30 ms, into an empty queue: made by this process, taken by another one, and by this one).
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "queue/queue.h"
#include "store/migrate.h"
#include "store/quota.h"

enum { MOST_THREADS = 16, MOST_JOBS = 1000000 };

static struct {
  const char *database;
  int redis_port, jobs, threads;
} args;

static struct shared { /* between the processes; moments by the monotonic clock, which they have in common */
  atomic_int taken;
  atomic_bool stop;
  double committed[MOST_JOBS], started[MOST_JOBS];
} * shared;

static void must(int rc, const struct err *e) {
  if (rc >= 0) return;
  fprintf(stderr, "bench_queue: %s\n", e->msg);
  exit(1);
}

struct end {
  struct sql *db;
  struct queue *q;
};

static struct end open_end(const char *role) {
  struct end x = {0};
  struct err e = {0};
  struct queue_options o = queue_default_options();
  struct sql_options s = sql_default_options();
  char owner[64];
  s.connections = args.threads + 1;
  snprintf(owner, sizeof owner, "%s:bench:%d", role, (int)getpid());
  o.owner = owner;
  if (args.redis_port) o.redis = (struct queue_redis){.host = "127.0.0.1", .port = args.redis_port};
  must(sql_open(args.database, &s, &x.db, &e), &e);
  must(queue_open(x.db, &o, &x.q, &e), &e);
  return x;
}

static void close_end(struct end *x) {
  queue_close(x->q);
  sql_close(x->db);
}

/* ---- making ---- */

static int make(struct sql_tx *tx, void *ctx, struct err *e) {
  struct task *t = ctx;
  struct task_new n = {
      .user_id = 1, .lane = 1 + rand() % TASK_LANES, .input_kind = "path", .input = "{}", .media_ms = -1};
  int rc = tasks_create(tx, &n, clock_utc_ms(), t, e);
  return rc < 0 ? rc : quota_charge(tx, 1, "2026-11-24", 1 << 30, t->id, clock_utc_ms(), e);
}

static void make_one(struct end *x, struct task *t) {
  struct err e = {0};
  must(sql_transact(x->db, SQL_WRITE, make, t, &e), &e);
  shared->committed[t->id] = clock_now();
  queue_wake(x->q, t->public_id, t->lane);
}

/* ---- working ---- */

static void *work(void *arg) {
  struct end *x = arg;
  struct task t = {0};
  struct err e = {0};
  while (!atomic_load(&shared->stop)) {
    int rc = queue_take(x->q, 1000, &shared->stop, &t, &e);
    must(rc, &e);
    if (rc == 0) continue;
    shared->started[t.id] = clock_now();
    must(queue_end(x->q, &t, &(struct queue_end){.outcome = QUEUE_DONE}, &e), &e);
    atomic_fetch_add(&shared->taken, 1);
  }
  task_release(&t);
  return NULL;
}

static void work_with_threads(struct end *x, pthread_t *threads) {
  for (int i = 0; i < args.threads; i++)
    if (pthread_create(&threads[i], NULL, work, x) != 0) abort();
}

static pid_t start_worker(void) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  pthread_t threads[MOST_THREADS];
  struct end x = open_end("worker");
  work_with_threads(&x, threads);
  for (int i = 0; i < args.threads; i++) pthread_join(threads[i], NULL);
  close_end(&x);
  _exit(0);
}

static void wait_for(int count) {
  for (double end = clock_now() + 600; atomic_load(&shared->taken) < count && clock_now() < end;) clock_sleep(0.001);
  if (atomic_load(&shared->taken) != count) {
    fprintf(stderr, "bench_queue: %d jobs were worked on, not %d\n", atomic_load(&shared->taken), count);
    exit(1);
  }
}

/* ---- from commit to start ---- */

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_latencies(const char *name, int64_t first, int count) {
  double *ms = NEW_ARRAY(double, (size_t)count);
  for (int i = 0; i < count; i++) {
    ms[i] = (shared->started[first + i] - shared->committed[first + i]) * 1000;
    if (ms[i] < 0) ms[i] = 0; /* found before its maker knew that it was committed */
  }
  qsort(ms, (size_t)count, sizeof *ms, by_size);
  printf(", \"%s_p50_ms\": %.2f, \"%s_p99_ms\": %.2f", name, ms[count / 2], name, ms[count * 99 / 100]);
  free(ms);
}

static void trickle(struct end *x, int count, const char *name) {
  int64_t first = 0;
  atomic_store(&shared->taken, 0);
  clock_sleep(0.5); /* who takes is there, and idle */
  for (int i = 0; i < count; i++) {
    struct task t = {0};
    make_one(x, &t);
    if (i == 0) first = t.id;
    task_release(&t);
    clock_sleep(0.010 + 0.020 * (rand() / (double)RAND_MAX));
  }
  wait_for(count);
  print_latencies(name, first, count);
}

static void stop_worker(pid_t pid) {
  atomic_store(&shared->stop, true);
  waitpid(pid, NULL, 0);
  atomic_store(&shared->stop, false);
}

/* ---- the run ---- */

static int add_user(struct sql_tx *tx, void *ctx, struct err *e) {
  (void)ctx;
  return sql_run(tx, "INSERT INTO users (id, telegram_id, created_at, updated_at) VALUES (1, 1, 0, 0)", SQL_NO_ARGS,
                 NULL, e);
}

static void prepare(void) {
  struct err e = {0};
  struct sql *db = NULL;
  must(sql_open(args.database, NULL, &db, &e), &e);
  must(migrate_upgrade(db, "head", NULL, &e), &e);
  must(sql_transact(db, SQL_WRITE, add_user, NULL, &e), &e);
  sql_close(db);
}

static double measure_making(void) {
  struct end x = open_end("maker");
  double began = clock_now();
  for (int i = 0; i < args.jobs; i++) {
    struct task t = {0};
    make_one(&x, &t);
    task_release(&t);
  }
  double took = clock_now() - began;
  close_end(&x);
  return args.jobs / took;
}

static double measure_working(void) {
  double began = clock_now();
  pid_t pid = start_worker();
  wait_for(args.jobs);
  double took = clock_now() - began;
  stop_worker(pid);
  return args.jobs / took;
}

static void measure_latencies(void) {
  int count = args.jobs / 10;
  pid_t pid = start_worker();
  struct end x = open_end("maker");
  trickle(&x, count, "other_process");
  stop_worker(pid);
  pthread_t threads[MOST_THREADS];
  work_with_threads(&x, threads);
  trickle(&x, count, "same_process");
  atomic_store(&shared->stop, true);
  for (int i = 0; i < args.threads; i++) pthread_join(threads[i], NULL);
  close_end(&x);
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"database", 1, NULL, 'd'}, {"redis", 1, NULL, 'r'}, {"jobs", 1, NULL, 'j'}, {"threads", 1, NULL, 't'}, {0}};
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    int n = optarg ? (int)strtol(optarg, NULL, 10) : 0;
    if (o == 'd') args.database = optarg;
    else if (o == 'r') args.redis_port = n;
    else if (o == 'j') args.jobs = n;
    else if (o == 't') args.threads = n;
    else return 2;
  }
  if (!args.database || args.jobs < 100 || args.jobs > MOST_JOBS / 2 || args.threads < 1 ||
      args.threads > MOST_THREADS) {
    fprintf(stderr, "bench_queue --database URL [--redis PORT] --jobs N --threads N\n");
    return 2;
  }
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) abort();
  prepare();
  double made = measure_making(), worked = measure_working();
  printf("{\"jobs\": %d, \"threads\": %d, \"made_per_s\": %.0f, \"worked_per_s\": %.0f", args.jobs, args.threads, made,
         worked);
  measure_latencies();
  printf("}\n");
  return 0;
}
