/* Two processes that do the same at the same moment, again and again: exactly one of them is to win each round. */
#ifndef TITR_TESTS_STORE_RACE_H
#define TITR_TESTS_STORE_RACE_H

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accounts.h"
#include "base/clock.h"

enum { RACE_MOST = 1000 };

struct race { /* shared by the two */
  pthread_barrier_t start;
  int won[2][RACE_MOST]; /* 1, 0, or an error */
};

/* What a side (0 or 1) does in a round, with a connection of its own: 1 when it has won, 0 when not, or an error. */
typedef int (*race_round)(struct sql *db, void *ctx, int side, int round);

static void race_enter(struct scratch *s, struct race *race, int side, int rounds, race_round round, void *ctx) {
  alarm(250); /* the other one may have died */
  srandom((unsigned)side);
  struct sql *db = NULL;
  if (sql_open(s->url, NULL, &db, NULL) < 0) _exit(1);
  for (int i = 0; i < rounds; i++) {
    pthread_barrier_wait(&race->start);
    /* so that now the one, now the other is ahead, by parts of a transaction */
    clock_sleep((double)(random() % 300) * 1e-6);
    race->won[side][i] = round(db, ctx, side, i);
  }
  sql_close(db);
  _exit(0);
}

/* No connection may be open: none survives a fork. Returns how it went, for race_free(). */
static struct race *race_run(struct scratch *s, int rounds, race_round round, void *ctx) {
  struct race *race = mmap(NULL, sizeof *race, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(race != MAP_FAILED && rounds <= RACE_MOST);
  pthread_barrierattr_t shared;
  pthread_barrierattr_init(&shared);
  pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
  pthread_barrier_init(&race->start, &shared, 2);
  double began = clock_now();
  pid_t children[2];
  for (int side = 0; side < 2; side++) {
    children[side] = fork();
    if (children[side] == 0) race_enter(s, race, side, rounds, round, ctx);
    assert_true(children[side] > 0);
  }
  for (int side = 0; side < 2; side++) {
    int status;
    assert_int_equal(waitpid(children[side], &status, 0), children[side]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  int wins[2] = {0, 0};
  for (int i = 0; i < rounds; i++) {
    int a = race->won[0][i], b = race->won[1][i];
    if (a < 0 || b < 0 || a + b != 1) fail_msg("round %d: %d and %d", i, a, b);
    wins[0] += a;
    wins[1] += b;
  }
  print_message("%d rounds in %.1f s: %d to %d\n", rounds, clock_now() - began, wins[0], wins[1]);
  return race;
}

static void race_free(struct race *race) {
  pthread_barrier_destroy(&race->start);
  munmap(race, sizeof *race);
}

#endif
