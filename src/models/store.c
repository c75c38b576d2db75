#include "models/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "config/settings.h"

char *store_root(void) {
  return x_asprintf("%s/.models", settings_text(SET_STORAGE_PATH));
}

char *store_folder(const char *name) {
  return x_asprintf("%s/.models/%s", settings_text(SET_STORAGE_PATH), name);
}

char *store_part_folder(const char *name) {
  return x_asprintf("%s/.models/.%s.part", settings_text(SET_STORAGE_PATH), name);
}

/* ---- the lock ---- */

static char *lock_path(const char *name) {
  return x_asprintf("%s/.models/.%s.lock", settings_text(SET_STORAGE_PATH), name);
}

int store_lock(const char *name, const atomic_bool *cancel, int *ret_fd, struct err *e) {
  _cleanup_(mem_freep) char *root = store_root(), *path = lock_path(name);
  int rc = file_make_dirs(root, e);
  if (rc < 0) return rc;
  for (;;) {
    _cleanup_(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return err_errno(e, ERR_IO, errno, "cannot write in %s", root);
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return err_errno(e, ERR_IO, errno, "cannot lock %s", path);
      if (cancel && atomic_load(cancel)) return err_set(e, ERR_CANCELLED, "cancelled");
      clock_sleep(0.1);
    }
    /* Its last holder removed the file: then this is a lock on nothing, and a newer file may be somebody's. */
    struct stat mine, there;
    if (fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino &&
        mine.st_dev == there.st_dev) {
      *ret_fd = fd;
      fd = -1;
      return 0;
    }
  }
}

void store_unlock(const char *name, int fd) {
  _cleanup_(mem_freep) char *path = lock_path(name);
  unlink(path);
  close(fd);
}

/* ---- facts ---- */

struct file_facts store_registry_facts(const struct registry_file *f) {
  struct file_facts facts = {.bytes = f->bytes};
  if (f->sha256) memcpy(facts.sha256, f->sha256, strlen(f->sha256) + 1);
  return facts;
}

bool store_record_facts(const char *json, size_t n, const char *file, struct file_facts *facts) {
  _cleanup_(js_freep) struct js *root = NULL;
  struct js *files;
  size_t count;
  if (js_parse(json, n, STORE_RECORD, &root, NULL) < 0 || js_get_array(root, "files", &files, &count, NULL) < 0)
    return false;
  for (size_t i = 0; i < count; i++) {
    struct js *f = js_item(files, i);
    const char *sha256 = js_string_or(f, "sha256", "");
    int64_t bytes = 0;
    if (strcmp(js_string_or(f, "name", ""), file) != 0) continue;
    if (!hash_is_hex(sha256, HASH_SHA256) || js_get_int(f, "bytes", 0, LIMIT_MODEL_BYTES, &bytes, NULL) < 0)
      return false;
    if (facts->bytes < 0) facts->bytes = bytes;
    if (!facts->sha256[0]) memcpy(facts->sha256, sha256, strlen(sha256) + 1);
    return true;
  }
  return false;
}

bool store_recorded_facts(const char *dir, const char *file, struct file_facts *facts) {
  _cleanup_(mem_freep) char *path = x_asprintf("%s/" STORE_RECORD, dir);
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  if (file_read(path, LIMIT_MODEL_RECORD_BYTES, &text, NULL) < 0) return false;
  return store_record_facts(buf_str(&text), text.len, file, facts);
}

int store_check(const char *path, struct file_facts *facts, const atomic_bool *cancel, struct err *e) {
  int64_t size = file_size(path);
  if (size < 0) return err_set(e, ERR_MODEL, "%s is missing", path);
  if (facts->bytes >= 0 && size != facts->bytes)
    return err_set(e, ERR_MODEL, "%s has %lld bytes instead of %lld", path, (long long)size, (long long)facts->bytes);
  char found[HASH_HEX_SIZE];
  if (facts->git_sha1[0]) {
    int rc = hash_git_blob(path, found, e);
    if (rc < 0) return rc;
    if (strcmp(found, facts->git_sha1) != 0) return err_set(e, ERR_MODEL, "%s is damaged (its hash is wrong)", path);
  }
  int rc = hash_file(HASH_SHA256, path, cancel, found, e);
  if (rc < 0) return rc;
  if (facts->sha256[0] && strcmp(found, facts->sha256) != 0)
    return err_set(e, ERR_MODEL, "%s is damaged (its SHA-256 is wrong)", path);
  memcpy(facts->sha256, found, sizeof found);
  facts->bytes = size;
  return 0;
}

/* ---- finding ---- */

bool store_has_all(const char *dir, const struct registry_model *m) {
  for (size_t i = 0; i < m->file_count; i++) {
    struct file_facts facts = store_registry_facts(&m->files[i]);
    if (facts.bytes < 0) store_recorded_facts(dir, m->files[i].name, &facts);
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, m->files[i].name);
    int64_t size = file_size(path);
    if (size < 0 || (facts.bytes >= 0 && size != facts.bytes)) return false;
  }
  return true;
}

bool store_has_weights(const char *dir) {
  static const char *const names[] = {"model.bin", "model.safetensors"};
  for (size_t i = 0; i < ARRAY_LEN(names); i++) {
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, names[i]);
    if (file_size(path) > 0) return true;
  }
  return false;
}

static bool fits(const char *dir, const struct registry_model *m) {
  return m ? store_has_all(dir, m) : store_has_weights(dir);
}

/* faster-whisper keeps what it downloads as models--OWNER--NAME/snapshots/COMMIT/. */
static char *find_in_hub_cache(const char *cache, const struct registry_model *m) {
  if (!m->repository) return NULL;
  const char *slash = strchr(m->repository, '/');
  if (!slash) return NULL;
  _cleanup_(mem_freep) char *dir =
      x_asprintf("%s/models--%.*s--%s/snapshots", cache, (int)(slash - m->repository), m->repository, slash + 1);
  DIR *d = opendir(dir);
  if (!d) return NULL;
  char *found = NULL;
  for (struct dirent *entry; !found && (entry = readdir(d));) {
    if (entry->d_name[0] == '.') continue;
    _cleanup_(mem_freep) char *snapshot = x_asprintf("%s/%s", dir, entry->d_name);
    if (store_has_all(snapshot, m)) found = TAKE(snapshot);
  }
  closedir(d);
  return found;
}

char *store_find(const char *name, const struct registry_model *m) {
  _cleanup_(mem_freep) char *ours = store_folder(m ? m->name : name);
  if (fits(ours, m)) return TAKE(ours);
  const char *cache = settings_text(SET_WHISPER_CACHE_DIR);
  if (!cache) return NULL;
  static const char *const prefixes[] = {"", "faster-whisper-"};
  for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
    _cleanup_(mem_freep) char *dir = x_asprintf("%s/%s%s", cache, prefixes[i], m ? m->name : name);
    if (fits(dir, m)) return TAKE(dir);
  }
  return m ? find_in_hub_cache(cache, m) : NULL;
}

void store_remove(const char *dir) {
  if (unlink(dir) < 0) file_remove_tree(dir); /* unlink() refuses folders and takes links */
}
