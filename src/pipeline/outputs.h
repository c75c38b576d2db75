/*
 * The results of a job: each is written under a temporary name beside its place, and all get their names together
 * at the end. A full disk therefore shows before the first of them appears.
 *
 *   struct outputs out = {.replace = force};
 *   outputs_reserve(&out, "talk.titr.mp4", &tmp, e);    // render into tmp
 *   outputs_text(&out, "talk.srt", text, n, e);         // "-": held back for standard output
 *   outputs_commit(&out, e);
 *   outputs_release(&out);                              // always; removes what was not committed
 *
 * When a commit fails half-way, those that were made new are taken back; one that replaced an old file cannot be
 * (the old one is gone), and stays, whole.
 */
#ifndef TITR_PIPELINE_OUTPUTS_H
#define TITR_PIPELINE_OUTPUTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum { OUTPUTS_MOST = 8 };

struct outputs {
  struct output {
    const char *path; /* the caller's */
    char *tmp;
    bool is_new, committed;
  } items[OUTPUTS_MOST];
  size_t count;
  struct buf standard; /* text for standard output */
  bool replace;
};

/* The path is borrowed until the release. *ret_tmp (owned by `o`) exists, empty. */
int outputs_reserve(struct outputs *o, const char *path, const char **ret_tmp, struct err *e);
int outputs_text(struct outputs *o, const char *path, const char *text, size_t n, struct err *e);
/* A file that is there already, and stays there. It is copied, not linked: what the owner of the result does to it
 * must not change the other. */
int outputs_copy(struct outputs *o, const char *path, const char *file, const atomic_bool *cancel, struct err *e);

int outputs_commit(struct outputs *o, struct err *e);
void outputs_release(struct outputs *o);

#endif
