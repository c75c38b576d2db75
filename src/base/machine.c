/*
 * DESIGN. /proc/self/cgroup names the group, /sys/fs/cgroup holds the limits of it and of those above. In a container the name
 * may be one of the host's, which is not there: then only what is (the container's own root) is read. A version 1 group
 * without a limit shows a number larger than any machine.
 */
#include "base/machine.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

enum { FILE_MOST = 65536 };

static int read_text(const char *path, struct buf *ret) {
  buf_clear(ret);
  return file_read(path, FILE_MOST, ret, NULL);
}

/* The number behind `key` at the beginning of a line; -1 when there is none. An empty key: the first line's. */
static int64_t number_of(const char *text, const char *key) {
  size_t n = strlen(key);
  for (const char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
    if (strncmp(line, key, n) != 0) continue;
    char *end;
    errno = 0;
    long long v = strtoll(line + n, &end, 10);
    return end == line + n || errno || v < 0 ? -1 : v; /* "max" is no number */
  }
  return -1;
}

static int64_t read_number(const char *folder, const char *file, const char *key) {
  _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", folder, file);
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  return read_text(path, &b) < 0 ? -1 : number_of(buf_str(&b), key);
}

static void take_less(int64_t *value, int64_t other) {
  if (other >= 0 && (*value < 0 || other < *value)) *value = other;
}

/* ---- groups ---- */

static const struct version {
  const char *controller, *mount, *limit, *used, *cache[2];
} versions[] = {
    {"", "sys/fs/cgroup", "memory.max", "memory.current", {"inactive_file ", "active_file "}},
    {"memory",
     "sys/fs/cgroup/memory",
     "memory.limit_in_bytes",
     "memory.usage_in_bytes",
     {"total_inactive_file ", "total_active_file "}},
};

static void look_at_group(const char *folder, const struct version *v, struct machine_memory *m) {
  int64_t limit = read_number(folder, v->limit, ""), used = read_number(folder, v->used, "");
  if (limit < 0) return;
  take_less(&m->all, limit);
  if (used < 0) return;
  for (int i = 0; i < 2; i++) {
    int64_t cached = read_number(folder, "memory.stat", v->cache[i]);
    if (cached > 0) used -= cached;
  }
  if (used < 0) used = 0;
  take_less(&m->left, limit > used ? limit - used : 0);
}

/* "4:memory,hugetlb:/a/b": is one of the controllers between the colons this one? */
static bool is_of(const char *controllers, const char *which) {
  size_t n = strlen(which);
  const char *end = strchr(controllers, ':');
  if (n == 0) return end == controllers;
  for (const char *at = controllers; end && at < end; at += strcspn(at, ",:") + 1)
    if (strcspn(at, ",:") == n && strncmp(at, which, n) == 0) return true;
  return false;
}

/* Of the group and all above it. */
static void look_upwards(const char *root, const struct version *v, const char *group, struct machine_memory *m) {
  _cleanup_(mem_freep) char *at = x_asprintf("%s/%s%s", root, v->mount, group);
  size_t least = strlen(root) + 1 + strlen(v->mount);
  for (;;) {
    look_at_group(at, v, m);
    char *slash = strrchr(at, '/');
    if (!slash || (size_t)(slash - at) < least) return;
    *slash = '\0';
  }
}

static void look_at_groups(const char *root, struct machine_memory *m) {
  _cleanup_(mem_freep) char *path = x_asprintf("%s/proc/self/cgroup", root);
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  if (read_text(path, &b) < 0) return;
  char *rest = NULL;
  for (char *line = strtok_r(b.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    const char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group || group[1] != '/' || strstr(group, "/../")) continue;
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
      if (is_of(controllers + 1, versions[i].controller))
        look_upwards(root, &versions[i], group[2] ? group + 1 : "", m);
  }
}

/* ---- the machine ---- */

struct machine_memory machine_memory_at(const char *root) {
  struct machine_memory m = {-1, -1};
  _cleanup_(mem_freep) char *proc = x_asprintf("%s/proc", root);
  int64_t all_kb = read_number(proc, "meminfo", "MemTotal:"), left_kb = read_number(proc, "meminfo", "MemAvailable:");
  if (all_kb >= 0) m.all = all_kb * 1024;
  if (left_kb >= 0) m.left = left_kb * 1024;
  look_at_groups(root, &m);
  return m;
}

struct machine_memory machine_memory(void) {
  return machine_memory_at("");
}
