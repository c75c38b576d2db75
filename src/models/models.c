#include "models/models.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "config/settings.h"
#include "models/registry.h"
#include "models/store.h"

int models_load(struct err *e) {
  const struct registry *r;
  return registry_get(&r, e);
}

size_t models_count(void) {
  const struct registry *r;
  return registry_get(&r, NULL) == 0 ? r->count : 0;
}

struct model_entry models_at(size_t i) {
  const struct registry *r;
  if (registry_get(&r, NULL) < 0 || i >= r->count) return (struct model_entry){0};
  const struct registry_model *m = &r->models[i];
  _cleanup_(mem_freep) char *dir = store_find(m->name, m);
  return (struct model_entry){m->name, m->about, m->licence, m->bytes, dir != NULL};
}

static bool is_folder(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Sets *ret_model to NULL for a folder that the registry does not know. */
static int find(const char *name, char **ret_dir, const struct registry_model **ret_model, struct err *e) {
  const struct registry *r;
  int rc = registry_get(&r, e);
  if (rc < 0) return rc;
  *ret_model = NULL;
  if (strchr(name, '/')) {
    if (!is_folder(name)) return err_set(e, ERR_MODEL, "the model folder %s is not there", name);
    *ret_dir = x_strdup(name);
    return 0;
  }
  const struct registry_model *m = registry_find(r, name);
  if (!m && !registry_is_name(name))
    return err_set(e, ERR_MODEL, "\"%.100s\" is not a model's name; for a folder write its path, as ./FOLDER", name);
  *ret_dir = store_find(name, m);
  *ret_model = m;
  if (*ret_dir) return 0;
  if (!m) return err_set(e, ERR_MODEL, "no model is called \"%.100s\"; `titr models list` shows those there are", name);
  return err_set(e, ERR_MODEL, "the model %s is not here; get it with: titr models pull %s", m->name, m->name);
}

int models_locate(const char *name, char **ret_dir, struct err *e) {
  const struct registry_model *m;
  _cleanup_(mem_freep) char *dir = NULL;
  int rc = find(name, &dir, &m, e);
  if (rc < 0) return rc;
  if (!m && !store_has_weights(dir))
    return err_set(e, ERR_MODEL, "%s holds no model: neither model.bin nor model.safetensors is in it", dir);
  *ret_dir = TAKE(dir);
  return 0;
}

int models_folder(const char *name, char **ret_dir, struct err *e) {
  const struct registry_model *m;
  return find(name, ret_dir, &m, e);
}

int models_locate_file(const char *name, const char *file, char **ret_path, struct err *e) {
  const struct registry_model *m;
  _cleanup_(mem_freep) char *dir = NULL;
  int rc = find(name, &dir, &m, e);
  if (rc < 0) return rc;
  _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, file);
  if (file_size(path) < 0) return err_set(e, ERR_MODEL, "the model in %s has no %s", dir, file);
  *ret_path = TAKE(path);
  return 0;
}

int models_verify(const char *name, const atomic_bool *cancel, struct err *e) {
  const struct registry_model *m;
  _cleanup_(mem_freep) char *dir = NULL;
  int rc = find(name, &dir, &m, e);
  if (rc < 0) return rc;
  if (!m) return err_set(e, ERR_MODEL, "%s: no hashes are recorded for it", dir);
  for (size_t i = 0; i < m->file_count; i++) {
    struct file_facts facts = store_registry_facts(&m->files[i]);
    store_recorded_facts(dir, m->files[i].name, &facts);
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir, m->files[i].name);
    if (!facts.sha256[0]) return err_set(e, ERR_MODEL, "%s: no hash is recorded for it", path);
    rc = store_check(path, &facts, cancel, e);
    if (rc < 0) return rc;
  }
  return 0;
}

int models_remove(const char *name, struct err *e) {
  const struct registry *r;
  int rc = registry_get(&r, e);
  if (rc < 0) return rc;
  if (!registry_is_name(name)) return err_set(e, ERR_MODEL, "\"%.100s\" is not a model's name", name);
  const struct registry_model *m = registry_find(r, name);
  if (m) name = m->name;
  int lock_fd;
  rc = store_lock(name, NULL, &lock_fd, e);
  if (rc < 0) return rc;
  _cleanup_(mem_freep) char *dir = store_folder(name), *part = store_part_folder(name);
  bool there = is_folder(dir) || is_folder(part);
  store_remove(dir);
  store_remove(part);
  if (is_folder(dir) || is_folder(part)) rc = err_set(e, ERR_IO, "cannot remove all of %s", dir);
  else if (!there)
    rc = err_set(e, ERR_MODEL, "the model %s is not in %s/.models", name, settings_text(SET_STORAGE_PATH));
  store_unlock(name, lock_fd);
  return rc;
}
