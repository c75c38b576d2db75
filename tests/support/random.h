/*
 * Numbers for tests over made-up cases: the same ones each time, so that nothing fails by chance. TITR_SEED=N in the environment
 * gives other cases, TITR_SEED=random new ones at each run, with a line that says which.
 *
 *   random_begin();         at the start of a test
 *   … rnd(6) …              0 … 5
 */
#ifndef TITR_TESTS_SUPPORT_RANDOM_H
#define TITR_TESTS_SUPPORT_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint64_t random_state;

/* Marsaglia's xorshift; its high bits. */
__attribute__((unused)) static int64_t rnd(int64_t below) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (int64_t)((random_state >> 11) % (uint64_t)below);
}

__attribute__((unused)) static void random_begin(void) {
  const char *given = getenv("TITR_SEED");
  random_state = given && *given ? strtoull(given, NULL, 10) : 0x9E3779B97F4A7C15u;
  if (given && strcmp(given, "random") == 0 &&
      getrandom(&random_state, sizeof random_state, 0) == (ssize_t)sizeof random_state)
    printf("TITR_SEED=%llu\n", (unsigned long long)random_state);
  if (random_state == 0) random_state = 1; /* of zero the generator makes nothing but zeroes */
}

#endif
