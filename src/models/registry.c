#include "models/registry.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "config/settings.h"

/* Made from models/registry.json by the build. */
extern const unsigned char models_registry_json[];
extern const size_t models_registry_json_size;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct registry *loaded;

bool registry_is_name(const char *s) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  size_t n = strlen(s);
  return n > 0 && n <= 128 && strspn(s, allowed) == n && s[0] != '.' && s[0] != '-';
}

static int get_name(struct js *v, const char *path, const char **ret, struct err *e) {
  int rc = js_get_string(v, path, ret, e);
  if (rc == 0 && !registry_is_name(*ret)) rc = err_set(e, ERR_INPUT, "%s: \"%.100s\" is not a name", path, *ret);
  return rc;
}

/* Becomes part of an address or an argument of pip, so it is held to a plain alphabet. */
static int get_plain(struct js *v, const char *path, const char *extra, const char **ret, struct err *e) {
  int rc = js_get_string(v, path, ret, e);
  if (rc < 0) return rc;
  for (const char *p = *ret; *p; p++) {
    bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
                 strchr("._-", *p) || strchr(extra, *p);
    if (!plain) return err_set(e, ERR_INPUT, "%s: a character that is not allowed", path);
  }
  if (**ret == '-' || !**ret || strstr(*ret, "..")) return err_set(e, ERR_INPUT, "%s: not allowed", path);
  return 0;
}

static int read_part(struct js *v, struct registry_part *p, struct err *e) {
  int rc = get_plain(v, "package", "=", &p->package, e);
  if (rc == 0) rc = get_plain(v, "entry", "/", &p->entry, e);
  return rc;
}

static int read_file_entry(struct js *v, struct registry_file *f, struct err *e) {
  int rc = get_name(v, "name", &f->name, e);
  if (rc < 0) return rc;
  f->bytes = -1;
  if (js_at(v, "bytes")) rc = js_get_int(v, "bytes", 0, LIMIT_MODEL_BYTES, &f->bytes, e);
  if (rc == 0 && js_at(v, "sha256")) {
    rc = js_get_string(v, "sha256", &f->sha256, e);
    if (rc == 0 && !hash_is_hex(f->sha256, HASH_SHA256)) rc = err_set(e, ERR_INPUT, "sha256: not a SHA-256");
  }
  struct js *parts;
  if (rc == 0 && js_at(v, "wheel")) {
    rc = js_get_array(v, "wheel", &parts, &f->part_count, e);
    if (rc == 0) f->parts = NEW_ARRAY(struct registry_part, f->part_count);
    for (size_t i = 0; rc == 0 && i < f->part_count; i++) rc = read_part(js_item(parts, i), &f->parts[i], e);
  }
  return rc;
}

static int read_model(struct js *v, struct registry_model *m, struct err *e) {
  int rc = get_name(v, "name", &m->name, e);
  if (rc == 0) rc = js_get_string(v, "about", &m->about, e);
  if (rc == 0) rc = js_get_string(v, "licence", &m->licence, e);
  if (rc == 0 && js_at(v, "repository")) {
    rc = get_plain(v, "repository", "/", &m->repository, e);
    if (rc == 0) rc = get_plain(v, "revision", "", &m->revision, e);
  }
  struct js *list;
  size_t n;
  if (rc == 0 && js_at(v, "also")) {
    rc = js_get_array(v, "also", &list, &n, e);
    if (rc == 0 && n >= ARRAY_LEN(m->also)) rc = err_set(e, ERR_INPUT, "also: too many names");
    for (size_t i = 0; rc == 0 && i < n; i++) rc = get_name(js_item(list, i), "", &m->also[i], e);
  }
  if (rc == 0) rc = js_get_array(v, "files", &list, &n, e);
  if (rc == 0 && n == 0) rc = err_set(e, ERR_INPUT, "files: none");
  if (rc < 0) return rc;
  m->files = NEW_ARRAY(struct registry_file, n);
  m->file_count = n;
  for (size_t i = 0; i < n; i++) {
    rc = read_file_entry(js_item(list, i), &m->files[i], e);
    if (rc < 0) return err_prefix(e, "files[%zu]", i);
    if (m->files[i].bytes > 0) m->bytes += m->files[i].bytes;
  }
  return 0;
}

static void registry_free(struct registry *r) {
  for (size_t i = 0; i < r->count; i++) {
    for (size_t k = 0; k < r->models[i].file_count; k++) free(r->models[i].files[k].parts);
    free(r->models[i].files);
  }
  free(r->models);
  free(r->wheels);
  free(r);
}
DEFINE_FREEP(struct registry, registry_free)

/* On success the registry keeps `root`. */
static int read_registry(struct js *root, struct registry **ret, struct err *e) {
  _cleanup_(registry_freep) struct registry *r = NEW(struct registry);
  struct js *list;
  size_t n;
  int rc = js_get_array(root, "models", &list, &n, e);
  if (rc < 0) return rc;
  r->models = NEW_ARRAY(struct registry_model, n);
  r->count = n;
  for (size_t i = 0; i < n; i++) {
    rc = read_model(js_item(list, i), &r->models[i], e);
    if (rc < 0) return err_prefix(e, "models[%zu]", i);
  }
  if (js_at(root, "wheels")) {
    rc = js_get_array(root, "wheels", &list, &n, e);
    if (rc < 0) return rc;
    r->wheels = NEW_ARRAY(struct registry_wheel, n);
    r->wheel_count = n;
    for (size_t i = 0; i < n; i++) {
      struct js *v = js_item(list, i);
      rc = get_plain(v, "package", "=", &r->wheels[i].package, e);
      if (rc == 0) rc = js_get_int(v, "bytes", 0, LIMIT_MODEL_BYTES, &r->wheels[i].bytes, e);
      if (rc < 0) return err_prefix(e, "wheels[%zu]", i);
    }
  }
  r->text = root;
  *ret = TAKE(r);
  return 0;
}

static int load(struct registry **ret, struct err *e) {
  int rc = 0;
  const char *path = settings_text(SET_TITR_MODEL_REGISTRY);
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  if (path) rc = file_read(path, LIMIT_MODEL_LIST_BYTES, &text, e);
  else buf_add(&text, models_registry_json, models_registry_json_size);
  struct js *root = NULL;
  if (rc == 0) rc = js_parse(buf_str(&text), text.len, "the list of models", &root, e);
  if (rc == 0) rc = read_registry(root, ret, e);
  if (rc == 0) return 0;
  js_free(root);
  if (!path) return rc;
  err_prefix(e, "TITR_MODEL_REGISTRY %s", path);
  if (e) e->code = ERR_USAGE;
  return ERR_USAGE;
}

int registry_get(const struct registry **ret, struct err *e) {
  int rc = settings_load(e);
  if (rc < 0) return rc;
  pthread_mutex_lock(&lock);
  if (!loaded) rc = load(&loaded, e);
  if (rc == 0) *ret = loaded;
  pthread_mutex_unlock(&lock);
  return rc;
}

const struct registry_model *registry_find(const struct registry *r, const char *name) {
  for (size_t i = 0; i < r->count; i++) {
    const struct registry_model *m = &r->models[i];
    if (strcmp(m->name, name) == 0) return m;
    for (size_t k = 0; m->also[k]; k++)
      if (strcmp(m->also[k], name) == 0) return m;
  }
  return NULL;
}
