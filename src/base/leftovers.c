/*
 * DESIGN. A handler may not take a lock, and what it reads must not be half-written; so those who change the table hold,
 * and a handler shuts the door (no one begins to hold any more) and waits until no one holds. It would wait for ever for
 * the very thread that it interrupted: hence the blocked signals. The names are copies in one static table, because the
 * callers' strings are freed at some time. Folders are read by the system call itself: opendir() takes memory.
 */
#include "base/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 10, WAITS = 1000, PASSES = 8 };

static char names[LEFTOVERS_MOST][PATH_MAX]; /* "": free */
static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int holding;
static atomic_bool shut;
static _Thread_local int depth;
static _Thread_local sigset_t mask_before;

__attribute__((noreturn)) static void wait_for_the_end(void) {
  for (;;) pause();
}

void leftovers_hold(void) {
  if (depth++) return;
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &ending, &mask_before);
  atomic_fetch_add(&holding, 1); /* before the look at the door: the handler does both the other way round */
  if (!atomic_load(&shut)) return;
  atomic_fetch_sub(&holding, 1);
  wait_for_the_end();
}

void leftovers_let_go(void) {
  if (--depth) return;
  atomic_fetch_sub(&holding, 1);
  pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
}

static void replace(const char *old, const char *new) {
  leftovers_hold();
  pthread_mutex_lock(&names_lock);
  for (int i = 0; i < LEFTOVERS_MOST; i++) {
    if (strcmp(names[i], old) != 0) continue;
    memcpy(names[i], new, strlen(new) + 1);
    break;
  }
  pthread_mutex_unlock(&names_lock);
  leftovers_let_go();
}

void leftovers_add(const char *path) {
  if (strlen(path) < PATH_MAX) replace("", path);
}

void leftovers_forget(const char *path) {
  if (*path) replace(path, "");
}

/* ---- in the handler ---- */

struct entry { /* of getdents64(2) */
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

static void empty_folder(int fd) {
  _Alignas(struct entry) char block[4096];
  long n;
  while ((n = syscall(SYS_getdents64, fd, block, sizeof block)) > 0)
    for (long at = 0; at < n;) {
      const struct entry *e = (const void *)(block + at);
      unlinkat(fd, e->name, 0); /* "." and ".." are folders: they stay */
      at += e->length;
    }
}

static void remove_one(const char *name) {
  if (unlink(name) == 0) return;
  int fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  /* what is removed while it is listed may hide others: hence again, until the folder goes */
  for (int pass = 0; pass < PASSES; pass++) {
    lseek(fd, 0, SEEK_SET);
    empty_folder(fd);
    if (rmdir(name) == 0) break;
  }
  close(fd);
}

void leftovers_remove(void) {
  if (atomic_exchange(&shut, true)) wait_for_the_end(); /* another thread is at it, and ends the process */
  const struct timespec while_ = {.tv_nsec = WAIT_MS * 1000000L};
  for (int i = 0; atomic_load(&holding) > 0 && i < WAITS; i++) nanosleep(&while_, NULL);
  for (int i = 0; i < LEFTOVERS_MOST; i++)
    if (names[i][0]) remove_one(names[i]);
}
