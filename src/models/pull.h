/*
 * One pull of one model: what it wants, and the sources that try to give it. Inside the models module only.
 *
 * A source is called with the pull and gives what it can of the files that are not there yet: it leaves FILE.part in
 * the part folder and calls pull_accept(), which checks it and gives it its name. It returns 0 when nothing is
 * missing any more, PULL_NOT_HERE (no error set) when it is not a source of this model, or an error that says why it
 * could not; ERR_IO and ERR_CANCELLED end the pull, any other lets the next source try.
 */
#ifndef TITR_MODELS_PULL_H
#define TITR_MODELS_PULL_H

#include "base/http.h"
#include "models/models.h"
#include "models/registry.h"
#include "models/store.h"

#define PULL_NOT_HERE 1

struct pull_want {
  const struct registry_file *file;
  struct file_facts facts;
  bool have; /* in the part folder, checked */
};

struct pull {
  const struct registry *registry;
  const struct registry_model *model;
  char *folder; /* the part folder */
  struct pull_want *wants;
  const atomic_bool *cancel;
  void (*progress)(void *ctx, const struct model_progress *p);
  void *progress_ctx;
  const char *now;      /* what is being fetched, for pull_progress() */
  const char *reported; /* the last report's `now`, and when it was made */
  double reported_at;
  int64_t before, total; /* bytes of this source: of the files before, of all */
};

char *pull_path(const struct pull *p, const struct pull_want *w, const char *suffix); /* in the part folder */

/* FILE.part is whole: checked, synced, renamed to FILE. On ERR_MODEL it has been removed. */
int pull_accept(struct pull *p, struct pull_want *w, struct err *e);

/* Fetches a wanted file from an address; resumes. A resumed file that turns out wrong is fetched once more, whole. */
int pull_from_url(struct pull *p, struct pull_want *w, const char *url, const char *bearer, bool allow_plain,
                  struct err *e);

void pull_begin(struct pull *p, int64_t total);   /* counts from 0 again, for this source */
void pull_progress(struct pull *p, int64_t done); /* of what is being fetched now */
int64_t pull_missing_bytes(const struct pull *p); /* 0 when one of the sizes is not known */

/* Whether the disk has room for what is missing and `more` bytes: ERR_IO when not. */
int pull_room(const struct pull *p, int64_t more, struct err *e);

int source_mirror(struct pull *p, struct err *e); /* source_web.c */
int source_hub(struct pull *p, struct err *e);
int source_wheel(struct pull *p, struct err *e); /* source_wheel.c */

#endif
