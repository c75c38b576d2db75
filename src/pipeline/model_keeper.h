/*
 * One speech model for the jobs of a long-running process: loaded when the first job wants it, used by one job at a time
 * (a recognition takes all processors anyway), kept for the next, and let go after a while without any.
 *
 *   struct model_keeper *k = model_keeper_new(900);
 *   job.keeper = k;                                  // instead of a model of its own
 *   … every few seconds: model_keeper_tidy(k);
 *
 * Threads: safe. A keeper must outlive the jobs that use it.
 */
#ifndef TITR_PIPELINE_MODEL_KEEPER_H
#define TITR_PIPELINE_MODEL_KEEPER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "speech/speech.h"

struct model_keeper;
struct model_keeper *model_keeper_new(double idle_seconds);
void model_keeper_free(struct model_keeper *k);
DEFINE_FREEP(struct model_keeper, model_keeper_free)

/* What to open: a name or folder (models/models.h), with the voice detector or without, for a number of threads. */
struct model_wish {
  const char *name;
  bool vad;
  int threads; /* 0: all */
};

/* Waits until no other job has the model; loads it when it is not there or another one was wished for before. ERR_MODEL, or
 * ERR_CANCELLED when *cancel became true while waiting. To be given back by whoever took it. */
int model_keeper_take(struct model_keeper *k, const struct model_wish *w, const atomic_bool *cancel,
                      struct speech_model **ret, struct err *e);
void model_keeper_give(struct model_keeper *k);

void model_keeper_tidy(struct model_keeper *k); /* frees a model that was idle for long */
bool model_keeper_loaded(struct model_keeper *k);

/* Opening without a keeper. Free with speech_model_free(). */
int model_open(const struct model_wish *w, struct speech_model **ret, struct err *e);

#endif
