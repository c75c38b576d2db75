/*
 * The sandboxed child: this same program started again as `titr child OP`, which parses untrusted bytes.
 *
 * Parent:  child_start() -> read its data from child_data_fd() (or ignore it) while child_poll() delivers
 *          progress -> child_wait(). Or child_run(), which does all of that.
 * Child:   main.c calls child_main() with the table of operations (pipeline/child_ops.c).
 *
 * What the child may do: read the named files and folders (and fonts, where the request says so), write the
 * named ones, use CPU and memory up to the limits. No network, no other process, no exec. The layers (user +
 * network namespace, Landlock, seccomp, rlimits, no_new_privs) are applied by base/sandbox.h before the request
 * is looked at; where a kernel lacks one the others still hold, and sandbox_report() (`titr doctor`) says so.
 *
 * Wire: request = one JSON object to the child's fd 3, then end of file. Data = the child's standard output, raw.
 * Events = JSON lines on fd 4: {"progress": 0.42}, {"result": {…}}, {"error": {"code": -3, "message": "…"}}.
 * The parent validates all of it: a child is not trusted.
 */
#ifndef TITR_BASE_CHILD_H
#define TITR_BASE_CHILD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

/* ---- parent ---- */

struct child_spec {
  const char *op;                 /* "probe", "pcm", "render", … */
  const char *request;            /* a JSON object as text */
  const char *const *read_paths;  /* NULL-terminated; files or folders that may be read */
  const char *const *write_paths; /* NULL-terminated; existing files that may be written, or folders */
  bool fonts;                     /* may read the system's fonts and fontconfig's files */
  bool background;                /* lower priority: a third of what another process gets of the processor */
  double max_seconds;             /* wall clock; 0: no limit */
  uint64_t max_memory;            /* bytes of address space; 0: no limit */
  uint64_t max_file;              /* bytes of one written file; 0: no limit */
};

struct child;

/* The request of an operation that wants one file and nothing else: {"input": path}. Caller frees. */
char *child_request_input(const char *path);

int child_start(const struct child_spec *s, struct child **ret, struct err *e);
int child_data_fd(const struct child *c); /* read end of the child's standard output; closed by child_wait() */

/* Handles events that have arrived without blocking longer than `seconds`. Returns 1 while the child runs, 0 when
 * it has ended. `progress` may be NULL. */
int child_poll(struct child *c, double seconds, void (*progress)(void *ctx, double done), void *ctx);

/* Waits for the end (ends the child at its time limit, or when *cancel becomes true), frees `c` always. 0 and the
 * the event that holds the result under "result" (js_free) or the child's own error, ERR_TIMEOUT, ERR_CANCELLED,
 * or ERR_CRASH when it crashed or broke the protocol. ret_result may be NULL. */
int child_wait(struct child *c, const atomic_bool *cancel, void (*progress)(void *ctx, double done), void *ctx,
               struct js **ret_result, struct err *e);

void child_kill(struct child *c); /* SIGKILL, reap, free; accepts NULL */

/* start + wait, with the data (at most `max_data` bytes, more is ERR_INPUT) appended to `data` (NULL: discarded). */
int child_run(const struct child_spec *s, const atomic_bool *cancel, void (*progress)(void *ctx, double done),
              void *ctx, struct buf *data, size_t max_data, struct js **ret_result, struct err *e);

/* ---- child ---- */

struct child_io;
typedef int (*child_op_fn)(struct js *request, struct child_io *io, struct err *e);
struct child_op {
  const char *name;
  child_op_fn run;
};

int child_main(int argc, char **argv, const struct child_op *ops, size_t op_count); /* returns the exit status */

int child_data(struct child_io *io, const void *bytes, size_t n, struct err *e); /* ERR_IO when the parent has gone */
void child_progress(struct child_io *io, double done);                           /* 0..1; coalesced to 10 a second */
void child_result(struct child_io *io, const char *json_object);                 /* once, at the end */

#endif
