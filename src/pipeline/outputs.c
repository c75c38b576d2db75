#include "pipeline/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/leftovers.h"
#include "base/mem.h"

enum { COPY_BYTES = 1 << 20 };

int outputs_reserve(struct outputs *o, const char *path, const char **ret_tmp, struct err *e) {
  if (o->count == OUTPUTS_MOST) return err_set(e, ERR_FAIL, "more than %d results", OUTPUTS_MOST);
  struct output *item = &o->items[o->count];
  int rc = file_temp_beside(path, &item->tmp, e);
  if (rc < 0) return rc;
  item->path = path;
  item->is_new = access(path, F_OK) < 0;
  o->count++;
  *ret_tmp = item->tmp;
  return 0;
}

int outputs_text(struct outputs *o, const char *path, const char *text, size_t n, struct err *e) {
  if (strcmp(path, "-") == 0) {
    buf_add(&o->standard, text, n);
    return 0;
  }
  const char *tmp = NULL;
  int rc = outputs_reserve(o, path, &tmp, e);
  if (rc < 0) return rc;
  int fd = open(tmp, O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", path);
  int failed = file_write_fd(fd, text, n) < 0 ? errno : 0;
  if (close(fd) < 0 && !failed) failed = errno;
  return failed ? err_errno(e, ERR_IO, failed, "cannot write %s", path) : 0;
}

static int copy(const char *from, const char *to, const char *shown, const atomic_bool *cancel, struct err *e) {
  _cleanup_(fd_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
  _cleanup_(fd_closep) int out = open(to, O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (in < 0 || out < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", shown);
  _cleanup_(mem_freep) char *block = x_malloc(COPY_BYTES);
  for (;;) {
    if (cancel && atomic_load(cancel)) return err_set(e, ERR_CANCELLED, "cancelled");
    ssize_t n = read(in, block, COPY_BYTES);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return err_errno(e, ERR_IO, errno, "cannot read %s", from);
    if (n == 0) return 0;
    if (file_write_fd(out, block, (size_t)n) < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", shown);
  }
}

int outputs_copy(struct outputs *o, const char *path, const char *file, const atomic_bool *cancel, struct err *e) {
  const char *tmp = NULL;
  int rc = outputs_reserve(o, path, &tmp, e);
  return rc < 0 ? rc : copy(file, tmp, path, cancel, e);
}

int outputs_commit(struct outputs *o, struct err *e) {
  int rc = 0;
  /* what is written to a pipe cannot be taken back, but a pipe that nobody reads is found out before the files are there */
  if (o->standard.len) rc = file_write("-", buf_str(&o->standard), o->standard.len, 1, e);
  leftovers_hold(); /* whoever ends the program now gets all of them */
  for (size_t i = 0; rc == 0 && i < o->count; i++) {
    struct output *item = &o->items[i];
    rc = file_commit(item->tmp, item->path, o->replace, e);
    item->committed = rc == 0;
  }
  for (size_t i = 0; rc < 0 && i < o->count; i++)
    if (o->items[i].committed && o->items[i].is_new) unlink(o->items[i].path);
  leftovers_let_go();
  return rc;
}

void outputs_release(struct outputs *o) {
  for (size_t i = 0; i < o->count; i++) {
    if (!o->items[i].committed) file_discard(o->items[i].tmp);
    free(o->items[i].tmp);
  }
  buf_release(&o->standard);
  memset(o, 0, sizeof *o);
}
