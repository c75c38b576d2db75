/*
 * DESIGN. Two sources that give plain files: a mirror (an address or a folder, NAME/FILE below it) and the hub
 * (REPOSITORY/resolve/REVISION/FILE). Both first learn what the registry does not record: the hub from its list of
 * the repository, the mirror from its titr-model.json. A mirror that records nothing is taken at its word, since
 * the operator chose it; a hub that does not list a file is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/settings.h"
#include "models/pull.h"

static bool all_recorded(const struct pull *p) {
  for (size_t i = 0; i < p->model->file_count; i++)
    if (!p->wants[i].have && !p->wants[i].facts.sha256[0]) return false;
  return true;
}

static void learn(struct pull *p, const struct buf *record) {
  for (size_t i = 0; i < p->model->file_count; i++) {
    struct pull_want *w = &p->wants[i];
    if (w->have || w->facts.sha256[0]) continue;
    if (!store_record_facts(buf_str(record), record->len, w->file->name, &w->facts))
      log_info("models", "%s: nobody tells the hash of %s; the mirror is trusted", p->model->name, w->file->name);
  }
}

/* ---- a folder ---- */

static int copy_file(struct pull *p, struct pull_want *w, const char *from, struct err *e) {
  _cleanup_(mem_freep) char *part = pull_path(p, w, ".part");
  _cleanup_(fd_closep) int in = open(from, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (in < 0) return err_errno(e, ERR_INPUT, errno, "%s", from);
  if (file_size(from) < 0) return err_set(e, ERR_INPUT, "%s is not a file", from);
  _cleanup_(fd_closep) int out = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (out < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", part);
  enum { CHUNK = 1 << 20 };
  _cleanup_(mem_freep) char *chunk = x_malloc(CHUNK);
  p->now = w->file->name;
  for (int64_t done = 0;;) {
    if (p->cancel && atomic_load(p->cancel)) return err_set(e, ERR_CANCELLED, "cancelled");
    ssize_t n = read(in, chunk, CHUNK);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return err_errno(e, ERR_INPUT, errno, "cannot read %s", from);
    if (n == 0) break;
    if (file_write_fd(out, chunk, (size_t)n) < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", part);
    done += n;
    if (done > LIMIT_MODEL_BYTES) return err_set(e, ERR_INPUT, "%s is too large for a model", from);
    pull_progress(p, done);
  }
  int rc = pull_accept(p, w, e);
  if (rc == 0) p->before += w->facts.bytes;
  return rc;
}

static int mirror_folder(struct pull *p, const char *folder, struct err *e) {
  _cleanup_(mem_freep) char *dir = x_asprintf("%s/%s", folder, p->model->name);
  if (access(dir, X_OK) < 0) return err_errno(e, ERR_MODEL, errno, "%s", dir);
  if (!all_recorded(p)) {
    _cleanup_(mem_freep) char *path = x_asprintf("%s/" STORE_RECORD, dir);
    _cleanup_(buf_release) struct buf record = BUF_INIT;
    file_read(path, LIMIT_MODEL_RECORD_BYTES, &record, NULL);
    learn(p, &record);
  }
  pull_begin(p, pull_missing_bytes(p));
  for (size_t i = 0; i < p->model->file_count; i++) {
    struct pull_want *w = &p->wants[i];
    _cleanup_(mem_freep) char *from = x_asprintf("%s/%s", dir, w->file->name);
    int rc = w->have ? 0 : copy_file(p, w, from, e);
    if (rc < 0) return rc;
  }
  return 0;
}

/* ---- an address ---- */

static bool is_plain(const char *url) {
  return strncasecmp(url, "http://", 7) == 0;
}

static int mirror_address(struct pull *p, const char *base, struct err *e) {
  bool plain = is_plain(base); /* the operator's own choice; https must not be led away to http */
  if (!all_recorded(p)) {
    _cleanup_(mem_freep) char *url = x_asprintf("%s/%s/" STORE_RECORD, base, p->model->name);
    _cleanup_(buf_release) struct buf record = BUF_INIT;
    struct http_request r = http_default_request(url);
    r.allow_plain = plain;
    r.cancel = p->cancel;
    r.max_bytes = LIMIT_MODEL_RECORD_BYTES;
    int status;
    int rc = http_get(&r, &record, &status, e);
    if (rc < 0 && status < 400) return rc; /* not there is fine, not reachable is not */
    learn(p, &record);
  }
  pull_begin(p, pull_missing_bytes(p));
  for (size_t i = 0; i < p->model->file_count; i++) {
    struct pull_want *w = &p->wants[i];
    _cleanup_(mem_freep) char *url = x_asprintf("%s/%s/%s", base, p->model->name, w->file->name);
    int rc = w->have ? 0 : pull_from_url(p, w, url, NULL, plain, e);
    if (rc < 0) return rc;
  }
  return 0;
}

int source_mirror(struct pull *p, struct err *e) {
  const char *mirror = settings_text(SET_TITR_MODEL_MIRROR);
  if (!mirror) return PULL_NOT_HERE;
  return http_is_url(mirror) ? mirror_address(p, mirror, e) : mirror_folder(p, mirror, e);
}

/* ---- the hub ---- */

/* GET /api/models/REPOSITORY/tree/REVISION: [{"type": "file", "path", "size", "oid", "lfs"?: {"oid", "size"}}, …];
 * "oid" is git's SHA-1 of the file (of the pointer, when it is in LFS), lfs.oid its SHA-256. */
static int learn_from_listing(struct pull *p, const struct buf *listing, struct err *e) {
  _cleanup_(js_freep) struct js *root = NULL;
  struct js *list;
  size_t n;
  int rc = js_parse(buf_str(listing), listing->len, "the hub's list of files", &root, e);
  if (rc == 0) rc = js_get_array(root, "", &list, &n, e);
  if (rc < 0) return rc;
  for (size_t i = 0; i < p->model->file_count; i++) {
    struct pull_want *w = &p->wants[i];
    if (w->have || w->facts.sha256[0]) continue;
    struct js *entry = NULL;
    for (size_t k = 0; k < n && !entry; k++)
      if (strcmp(js_string_or(js_item(list, k), "path", ""), w->file->name) == 0) entry = js_item(list, k);
    const char *sha256 = js_string_or(entry, "lfs.oid", ""), *sha1 = js_string_or(entry, "oid", "");
    int64_t bytes;
    rc = entry ? js_get_int(entry, "size", 0, LIMIT_MODEL_BYTES, &bytes, e)
               : err_set(e, ERR_MODEL, "the repository has no %s", w->file->name);
    if (rc < 0) return rc;
    if (hash_is_hex(sha256, HASH_SHA256)) memcpy(w->facts.sha256, sha256, strlen(sha256) + 1);
    else if (hash_is_hex(sha1, HASH_SHA1)) memcpy(w->facts.git_sha1, sha1, strlen(sha1) + 1);
    else return err_set(e, ERR_MODEL, "the hub does not tell the hash of %s", w->file->name);
    if (w->facts.bytes < 0) w->facts.bytes = bytes;
  }
  return 0;
}

int source_hub(struct pull *p, struct err *e) {
  const struct registry_model *m = p->model;
  if (!m->repository) return PULL_NOT_HERE;
  const char *base = settings_text(SET_HF_ENDPOINT);
  bool plain = is_plain(base);
  const char *token = plain ? NULL : settings_text(SET_HUGGINGFACE_TOKEN);
  if (!all_recorded(p)) {
    _cleanup_(mem_freep) char *url = x_asprintf("%s/api/models/%s/tree/%s", base, m->repository, m->revision);
    _cleanup_(buf_release) struct buf listing = BUF_INIT;
    struct http_request r = http_default_request(url);
    r.bearer = token;
    r.allow_plain = plain;
    r.cancel = p->cancel;
    r.max_bytes = LIMIT_MODEL_LIST_BYTES;
    int rc = http_get(&r, &listing, NULL, e);
    if (rc == 0) rc = learn_from_listing(p, &listing, e);
    if (rc < 0) return rc;
  }
  pull_begin(p, pull_missing_bytes(p));
  for (size_t i = 0; i < m->file_count; i++) {
    struct pull_want *w = &p->wants[i];
    _cleanup_(mem_freep) char *url = x_asprintf("%s/%s/resolve/%s/%s", base, m->repository, m->revision, w->file->name);
    int rc = w->have ? 0 : pull_from_url(p, w, url, token, plain, e);
    if (rc < 0) return rc;
  }
  return 0;
}
