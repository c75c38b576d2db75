/*
 * The sandbox around a child that parses untrusted bytes (base/child.h). Layers, each of which holds without the others:
 *
 *   namespaces   network + IPC + UTS, and user unless root: no network interface but an unconfigured loopback
 *   privileges   no_new_privs, not dumpable, no capabilities (root keeps the one to open other users' files)
 *   landlock     only the named paths can be opened (kernel 5.13; TCP refused from 6.7, signals and abstract
 *                sockets scoped from 6.12)
 *   seccomp      an allow list of system calls; any other is answered EPERM, the dangerous ones end the process; no fork, no exec,
 *                no socket, no signal to another process
 *   limits       no core file, bounded address space, file size and open files
 *
 * Where the kernel or a container refuses a layer, the others still hold; sandbox_report() tells.
 */
#ifndef TITR_BASE_SANDBOX_H
#define TITR_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Built with a sanitizer, whose shadow is terabytes of address space (no such limit then) and whose leak checker starts a process. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

struct sandbox {
  const char *const *read_paths;  /* NULL-terminated; missing ones are skipped */
  const char *const *write_paths; /* NULL-terminated; files or folders */
  bool fonts;                     /* system and user fonts, fontconfig's configuration and cache */
  uint64_t max_memory, max_file;  /* bytes; 0: no limit */
};

/* Closes the doors of the calling process, for good. Call before any thread is started. ERR_UNSUPPORTED only when not even seccomp or
 * Landlock could be had. */
int sandbox_enter(const struct sandbox *s, struct err *e);

enum sandbox_layer {
  SANDBOX_PRIVILEGES,
  SANDBOX_NAMESPACES,
  SANDBOX_LANDLOCK,
  SANDBOX_SECCOMP,
  SANDBOX_LIMITS,
  SANDBOX_LAYERS
};
struct sandbox_layer_state {
  const char *name;
  bool holds;
  char detail[128]; /* "ABI 7", or why it does not hold */
};
/* Tries each layer in a process made for it. */
void sandbox_report(struct sandbox_layer_state ret[SANDBOX_LAYERS]);

#endif
