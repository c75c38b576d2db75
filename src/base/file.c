/*
 * DESIGN. A result never appears under its name before it is whole: it is written beside its place under a
 * name that starts with a dot, fsynced, then renamed (or linked, where an existing file must survive: link(2)
 * fails when the name is taken, without a race).
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/leftovers.h"
#include "base/mem.h"

/* The kernel's limit on a name is 255 bytes; the name inside is for a person who looks, and for file_sweep_beside(). */
#define TEMP_NAME  ".%.200s.titr-%s"
#define TEMP_CHARS "XXXXXX"

int file_read(const char *path, size_t ceiling, struct buf *b, struct err *e) {
  int is_stdin = strcmp(path, "-") == 0;
  _cleanup_(fd_closep) int opened = -1;
  int fd = STDIN_FILENO;
  if (!is_stdin) {
    opened = fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return err_errno(e, ERR_INPUT, errno, "cannot read %s", path);
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) return err_set(e, ERR_INPUT, "%s is a folder, not a file", path);
  }
  char chunk[65536];
  size_t total = 0;
  for (;;) {
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return err_errno(e, ERR_INPUT, errno, "cannot read %s", path);
    if (n == 0) return 0;
    total += (size_t)n;
    if (total > ceiling) return err_set(e, ERR_INPUT, "%s is larger than the limit of %zu bytes", path, ceiling);
    buf_add(b, chunk, (size_t)n);
  }
}

int file_write_fd(int fd, const void *bytes, size_t n) {
  const char *p = bytes;
  while (n > 0) {
    ssize_t done = write(fd, p, n);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return -1;
    p += done;
    n -= (size_t)done;
  }
  return 0;
}

int file_write(const char *path, const void *bytes, size_t n, int replace, struct err *e) {
  if (strcmp(path, "-") == 0) {
    if (file_write_fd(STDOUT_FILENO, bytes, n) < 0)
      return err_errno(e, ERR_IO, errno, "cannot write to standard output");
    return 0;
  }
  _cleanup_(mem_freep) char *tmp = NULL;
  int rc = file_temp_beside(path, &tmp, e);
  if (rc < 0) return rc;
  int fd = open(tmp, O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0 || file_write_fd(fd, bytes, n) < 0) {
    rc = err_errno(e, ERR_IO, errno, "cannot write %s", path);
  }
  if (fd >= 0 && close(fd) < 0 && rc == 0) rc = err_errno(e, ERR_IO, errno, "cannot write %s", path);
  if (rc == 0) rc = file_commit(tmp, path, replace, e);
  if (rc < 0) file_discard(tmp);
  return rc;
}

int file_temp_beside(const char *path, char **ret_tmp, struct err *e) {
  const char *name = file_name(path);
  if (!*name) return err_set(e, ERR_USAGE, "%s is not a file name", path);
  char *tmp = x_asprintf("%.*s" TEMP_NAME, (int)(name - path), path, name, TEMP_CHARS);
  leftovers_hold();
  int fd = mkostemp(tmp, O_CLOEXEC), errnum = errno;
  if (fd >= 0) leftovers_add(tmp);
  leftovers_let_go();
  if (fd < 0) {
    free(tmp);
    return err_errno(e, ERR_IO, errnum, "cannot write in the folder of %s", path);
  }
  close(fd);
  *ret_tmp = tmp;
  return 0;
}

static void sync_folder(const char *path) {
  _cleanup_(mem_freep) char *dir = x_strndup(path, (size_t)(file_name(path) - path));
  int fd = open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

static int commit(const char *tmp, const char *path, int replace, struct err *e) {
  int fd = open(tmp, O_RDWR | O_CLOEXEC);
  if (fd < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", path);
  mode_t mask = umask(0);
  umask(mask);
  int failed = fsync(fd) < 0 || fchmod(fd, 0666 & ~mask) < 0;
  int errnum = errno;
  close(fd);
  if (failed) return err_errno(e, ERR_IO, errnum, "cannot write %s", path);
  if (replace) {
    if (rename(tmp, path) < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", path);
  } else if (link(tmp, path) == 0) {
    unlink(tmp);
  } else if (errno == EEXIST) {
    return err_set(e, ERR_USAGE, "%s exists; --force replaces it", path);
  } else { /* a file system without hard links */
    if (access(path, F_OK) == 0) return err_set(e, ERR_USAGE, "%s exists; --force replaces it", path);
    if (rename(tmp, path) < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", path);
  }
  sync_folder(path);
  return 0;
}

int file_commit(const char *tmp, const char *path, int replace, struct err *e) {
  leftovers_hold();
  int rc = commit(tmp, path, replace, e);
  if (rc == 0) leftovers_forget(tmp);
  leftovers_let_go();
  return rc;
}

void file_discard(const char *tmp) {
  if (!tmp) return;
  unlink(tmp);
  leftovers_forget(tmp);
}

void file_sweep_beside(const char *path) {
  _cleanup_(mem_freep) char *dir = x_strndup(path, (size_t)(file_name(path) - path));
  _cleanup_(mem_freep) char *begin = x_asprintf(TEMP_NAME, file_name(path), "");
  DIR *d = opendir(*dir ? dir : ".");
  if (!d) return;
  size_t n = strlen(begin);
  for (struct dirent *entry; (entry = readdir(d));)
    if (strncmp(entry->d_name, begin, n) == 0 && strlen(entry->d_name) == n + sizeof TEMP_CHARS - 1)
      unlinkat(dirfd(d), entry->d_name, 0);
  closedir(d);
}

int file_temp_dir(char **ret_dir, struct err *e) {
  const char *base = getenv("TMPDIR");
  char *dir = x_asprintf("%s/titr-XXXXXX", base && *base ? base : "/tmp");
  leftovers_hold();
  bool made = mkdtemp(dir) != NULL;
  int errnum = errno;
  if (made) leftovers_add(dir);
  leftovers_let_go();
  if (!made) {
    free(dir);
    return err_errno(e, ERR_IO, errnum, "cannot make a temporary folder in %s", base && *base ? base : "/tmp");
  }
  *ret_dir = dir;
  return 0;
}

static void remove_tree(const char *dir) {
  DIR *d = opendir(dir);
  if (!d) return;
  for (struct dirent *entry; (entry = readdir(d));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, entry->d_name);
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) remove_tree(path);
    else unlink(path);
  }
  closedir(d);
  rmdir(dir);
}

void file_remove_tree(const char *dir) {
  remove_tree(dir);
  leftovers_forget(dir);
}

const char *file_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

char *file_with_suffix(const char *path, const char *suffix) {
  const char *name = file_name(path);
  const char *dot = strrchr(name, '.');
  size_t stem = dot && dot > name ? (size_t)(dot - path) : strlen(path);
  return x_asprintf("%.*s%s", (int)stem, path, suffix);
}

int64_t file_size(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

int file_make_dirs(const char *dir, struct err *e) {
  _cleanup_(mem_freep) char *path = x_strdup(dir);
  for (char *p = path + 1;; p++) {
    if (*p != '/' && *p != '\0') continue;
    char old = *p;
    *p = '\0';
    if (mkdir(path, 0755) < 0 && errno != EEXIST) return err_errno(e, ERR_IO, errno, "cannot make the folder %s", path);
    *p = old;
    if (old == '\0') return 0;
  }
}
