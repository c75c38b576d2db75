/* The memory of machines and control groups, as their files say it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/machine.h"
#include "base/mem.h"

#define GB (1LL << 30)
#define MB (1LL << 20)

struct given {
  const char *path, *text;
};

#define MEMINFO                                                                                                        \
  { "proc/meminfo", "MemTotal:        8388608 kB\nMemFree:  12 kB\nMemAvailable:    6291456 kB\n" }
#define V2 "sys/fs/cgroup/"
#define V1 "sys/fs/cgroup/memory/"

static const struct {
  const char *name;
  struct given files[12];
  int64_t all, left;
} cases[] = {
    {"nothing to be read", {{0}}, -1, -1},
    {"a machine", {MEMINFO}, 8 * GB, 6 * GB},
    {"no limit, version 2",
     {MEMINFO, {"proc/self/cgroup", "0::/a\n"}, {V2 "a/memory.max", "max\n"}, {V2 "a/memory.current", "5\n"}},
     8 * GB,
     6 * GB},
    {"a container, version 2",
     {MEMINFO,
      {"proc/self/cgroup", "0::/\n"},
      {V2 "memory.max", "4294967296\n"},
      {V2 "memory.current", "3221225472\n"},
      {V2 "memory.stat", "anon 1073741824\nfile 2147483648\nactive_file 1073741824\ninactive_file 536870912\n"}},
     4 * GB,
     2560 * MB},
    {"a unit in a slice whose limit is tighter",
     {MEMINFO,
      {"proc/self/cgroup", "0::/system.slice/titr.service\n"},
      {V2 "system.slice/titr.service/memory.max", "4294967296\n"},
      {V2 "system.slice/titr.service/memory.current", "1073741824\n"},
      {V2 "system.slice/memory.max", "2147483648\n"},
      {V2 "system.slice/memory.current", "2147483648\n"}},
     2 * GB,
     0},
    {"version 1 beside others, the root without a limit",
     {MEMINFO,
      {"proc/self/cgroup", "8:pids:/x\n5:cpu,memory:/titr\n4:devices:/y\n0::/\n"},
      {V1 "memory.limit_in_bytes", "9223372036854771712\n"},
      {V1 "memory.usage_in_bytes", "1\n"},
      {V1 "titr/memory.limit_in_bytes", "2147483648\n"},
      {V1 "titr/memory.usage_in_bytes", "1073741824\n"},
      {V1 "titr/memory.stat", "cache 5\ninactive_file 7\ntotal_active_file 0\ntotal_inactive_file 536870912\n"}},
     2 * GB,
     1536 * MB},
    {"a container whose group has the host's name",
     {MEMINFO,
      {"proc/self/cgroup", "4:memory:/docker/0123\n"},
      {V1 "memory.limit_in_bytes", "1073741824\n"},
      {V1 "memory.usage_in_bytes", "0\n"}},
     GB,
     GB},
    {"a limit above the machine",
     {MEMINFO,
      {"proc/self/cgroup", "0::/\n"},
      {V2 "memory.max", "42949672960\n"},
      {V2 "memory.current", "1073741824\n"}},
     8 * GB,
     6 * GB},
    {"nonsense", {MEMINFO, {"proc/self/cgroup", "0\n::\n0::\n0::../..\n"}, {V2 "memory.max", "-7\n"}}, 8 * GB, 6 * GB},
};

static void as_the_files_say(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(mem_freep) char *root = NULL;
    assert_int_equal(file_temp_dir(&root, NULL), 0);
    for (const struct given *f = cases[i].files; f->path; f++) {
      _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", root, f->path);
      _cleanup_(mem_freep) char *folder = x_strndup(path, (size_t)(file_name(path) - path - 1));
      assert_int_equal(file_make_dirs(folder, NULL), 0);
      assert_int_equal(file_write(path, f->text, strlen(f->text), 1, NULL), 0);
    }
    struct machine_memory m = machine_memory_at(root);
    file_remove_tree(root);
    if (m.all != cases[i].all || m.left != cases[i].left)
      fail_msg("%s: %lld of %lld", cases[i].name, (long long)m.left, (long long)m.all);
  }
}

static void this_machine(void **state) {
  (void)state;
  struct machine_memory m = machine_memory();
  assert_true(m.all > 64 * MB);
  assert_true(m.all <= (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
  assert_true(m.left > 0 && m.left <= m.all);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_files_say), cmocka_unit_test(this_machine)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
