/*
 * The memory that this process and its children may use: the machine's, or less where a control group (a container, a
 * systemd unit with MemoryMax, version 1 or 2) sets a limit; the tightest of the groups it is in counts.
 *
 * Sources: proc_meminfo(5), cgroups(7), the kernel's admin-guide/cgroup-v1/memory and cgroup-v2.
 */
#ifndef TITR_BASE_MACHINE_H
#define TITR_BASE_MACHINE_H

#include <stdint.h>

/* Bytes. What is cached of files counts as left: it gives way. */
struct machine_memory {
  int64_t all, left; /* -1: not known */
};
struct machine_memory machine_memory(void);

/* The same of another root than "": a folder with proc/ and sys/ in it, for tests. */
struct machine_memory machine_memory_at(const char *root);

#endif
