#include "service/storage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define TASKS "tasks"

struct storage {
  char *root;
};

int storage_open(const char *root, struct storage **ret, struct err *e) {
  _cleanup_(mem_freep) char *tasks = x_asprintf("%s/%s", root, TASKS);
  int rc = file_make_dirs(tasks, e);
  if (rc < 0) return rc;
  char *whole = realpath(root, NULL);
  if (!whole) return err_errno(e, ERR_IO, errno, "%s", root);
  *ret = NEW(struct storage);
  (*ret)->root = whole;
  return 0;
}

void storage_free(struct storage *s) {
  if (!s) return;
  free(s->root);
  free(s);
}

const char *storage_root(const struct storage *s) {
  return s->root;
}

/* No "..", no absolute path: rows may come from another program's database. */
static bool stays_inside(const char *relative) {
  if (!*relative || *relative == '/') return false;
  for (const char *p = relative; p; p = strchr(p, '/')) {
    while (*p == '/') p++;
    if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || !p[2])) return false;
  }
  return true;
}

int storage_path(const struct storage *s, const char *relative, char **ret, struct err *e) {
  if (!stays_inside(relative)) return err_set(e, ERR_INPUT, "%s is not a path inside the storage", relative);
  *ret = x_asprintf("%s/%s", s->root, relative);
  return 0;
}

char *storage_task_path(const char *public_id, const char *file) {
  return x_asprintf(TASKS "/%s%s%s", public_id, *file ? "/" : "", file);
}

/* ---- holding ---- */

static int lock_folder(const char *folder) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -1;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  int why = errno;
  close(fd);
  errno = why;
  return -1;
}

int storage_hold(const struct storage *s, const char *public_id, struct storage_hold *ret, struct err *e) {
  _cleanup_(mem_freep) char *relative = storage_task_path(public_id, "");
  _cleanup_(mem_freep) char *folder = NULL;
  int rc = storage_path(s, relative, &folder, e);
  if (rc < 0) return rc;
  for (int tries = 0; tries < 5; tries++) {
    if (mkdir(folder, 0700) < 0 && errno != EEXIST) return err_errno(e, ERR_IO, errno, "%s", folder);
    int fd = lock_folder(folder);
    if (fd < 0 && errno == ENOENT) continue; /* cleaned in this very moment */
    if (fd < 0 && errno == EWOULDBLOCK) return err_set(e, ERR_IO, "%s is in use by another worker", folder);
    if (fd < 0) return err_errno(e, ERR_IO, errno, "%s", folder);
    struct stat held, named;
    if (fstat(fd, &held) == 0 && stat(folder, &named) == 0 && held.st_ino == named.st_ino) {
      *ret = (struct storage_hold){TAKE(folder), fd};
      return 0;
    }
    close(fd); /* it was removed between the two calls */
  }
  return err_set(e, ERR_IO, "%s is removed as often as it is made", folder);
}

void storage_let_go(struct storage_hold *h) {
  if (h->lock >= 0) close(h->lock);
  free(h->folder);
  *h = (struct storage_hold)STORAGE_HOLD_NONE;
}

/* ---- cleaning ---- */

int64_t storage_free_bytes(const struct storage *s) {
  struct statvfs v;
  if (statvfs(s->root, &v) < 0) return -1;
  return (int64_t)v.f_bavail * (int64_t)v.f_frsize;
}

static _Thread_local int64_t counted; /* nftw() passes no context */

static int count_one(const char *path, const struct stat *st, int type, struct FTW *at) {
  (void)path;
  (void)at;
  if (type == FTW_F) counted += (int64_t)st->st_blocks * 512;
  return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
  (void)st;
  (void)type;
  (void)at;
  return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int storage_remove_task(const struct storage *s, const char *public_id, bool dry, int64_t *ret_bytes, struct err *e) {
  _cleanup_(mem_freep) char *relative = storage_task_path(public_id, "");
  _cleanup_(mem_freep) char *folder = NULL;
  *ret_bytes = 0;
  int rc = storage_path(s, relative, &folder, e);
  if (rc < 0) return rc;
  int fd = lock_folder(folder);
  if (fd < 0) return errno == ENOENT || errno == EWOULDBLOCK ? 0 : err_errno(e, ERR_IO, errno, "%s", folder);
  counted = 0;
  nftw(folder, count_one, 16, FTW_PHYS);
  *ret_bytes = counted;
  rc = 1;
  if (!dry && nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
    rc = err_errno(e, ERR_IO, errno, "%s cannot be removed", folder);
  close(fd);
  return rc;
}

int storage_each_task(const struct storage *s, int (*fn)(void *ctx, const char *public_id, double age), void *ctx,
                      struct err *e) {
  _cleanup_(mem_freep) char *folder = x_asprintf("%s/%s", s->root, TASKS);
  DIR *d = opendir(folder);
  if (!d) return err_errno(e, ERR_IO, errno, "%s", folder);
  int rc = 0;
  for (struct dirent *entry; rc == 0 && (entry = readdir(d));) {
    struct stat st;
    if (entry->d_name[0] == '.' || fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) continue;
    if (S_ISDIR(st.st_mode)) rc = fn(ctx, entry->d_name, difftime(time(NULL), st.st_mtime));
  }
  closedir(d);
  return rc;
}
