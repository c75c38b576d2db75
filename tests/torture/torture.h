/*
 * The crash campaign: small jobs, charged, worked on, counted, while everything is killed.
 *
 *   torture.c   the parent: starts creator, workers, maintainers as processes, kills them and the servers at random and starts
 *               them again, waits until all jobs have ended, and counts in the database
 *   roles.c     what these processes do
 *
 * What a job has done is a row in torture_effects, written in the transaction that ends it: none missing, none twice, and with it
 * whether the charge was to be given back.
 */
#ifndef TITR_TESTS_TORTURE_H
#define TITR_TESTS_TORTURE_H

#include <stdint.h>

#include "queue/queue.h"
#include "store/sql.h"

enum { LEASE_MS = 1500, ATTEMPTS = 3, TORTURE_USERS = 4 };
#define TORTURE_DAY "2026-11-24"

struct plan {
  const char *database;
  const char *redis_host; /* NULL: without */
  int redis_port;
  int jobs;
  double seconds; /* that the creator takes to make them */
};

/* Each ends only by a signal, but for the creator, who exits with 0 when all are made. */
void role_creator(const struct plan *p) __attribute__((noreturn));
void role_worker(const struct plan *p) __attribute__((noreturn));
void role_maintainer(const struct plan *p) __attribute__((noreturn));

/* The schema, the users, the tables of the campaign. */
int torture_prepare(struct sql *db, struct err *e);

/* Opens, however long it takes: the server may be down just now. */
struct sql *torture_open(const struct plan *p);

#endif
