#include "pipeline/model_keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "models/models.h"

struct model_keeper {
  double idle_seconds;
  pthread_mutex_t lock;
  pthread_cond_t free_again;
  bool taken;
  struct speech_model *model;
  char *name; /* of the model, as it was wished for */
  bool vad;
  int threads;
  double idle_since;
};

int model_open(const struct model_wish *w, struct speech_model **ret, struct err *e) {
  _cleanup_(mem_freep) char *dir = NULL, *vad = NULL;
  struct speech_model_options o = speech_default_model_options();
  o.threads = w->threads;
  int rc = models_locate(w->name, &dir, e);
  if (rc == 0 && w->vad) rc = models_locate_file(MODELS_VAD, MODELS_VAD_FILE, &vad, e);
  return rc < 0 ? rc : speech_model_open(dir, vad, &o, ret, e);
}

struct model_keeper *model_keeper_new(double idle_seconds) {
  struct model_keeper *k = NEW(struct model_keeper);
  k->idle_seconds = idle_seconds;
  pthread_mutex_init(&k->lock, NULL);
  pthread_cond_init(&k->free_again, NULL);
  return k;
}

static void drop(struct model_keeper *k) {
  speech_model_free(k->model);
  free(k->name);
  k->model = NULL;
  k->name = NULL;
}

void model_keeper_free(struct model_keeper *k) {
  if (!k) return;
  drop(k);
  pthread_cond_destroy(&k->free_again);
  pthread_mutex_destroy(&k->lock);
  free(k);
}

static bool cancelled(const atomic_bool *cancel) {
  return cancel && atomic_load(cancel);
}

/* Waits for the turn; looks at *cancel five times a second. */
static bool wait_turn(struct model_keeper *k, const atomic_bool *cancel) {
  pthread_mutex_lock(&k->lock);
  while (k->taken && !cancelled(cancel)) {
    struct timespec until = clock_until(CLOCK_REALTIME, 200);
    pthread_cond_timedwait(&k->free_again, &k->lock, &until);
  }
  bool mine = !k->taken && !cancelled(cancel);
  if (mine) k->taken = true;
  pthread_mutex_unlock(&k->lock);
  return mine;
}

int model_keeper_take(struct model_keeper *k, const struct model_wish *w, const atomic_bool *cancel,
                      struct speech_model **ret, struct err *e) {
  if (!wait_turn(k, cancel)) return err_set(e, ERR_CANCELLED, "cancelled");
  /* from here on the keeper's model is this thread's alone */
  if (k->model && (strcmp(k->name, w->name) != 0 || k->vad != w->vad || k->threads != w->threads)) drop(k);
  if (!k->model) {
    int rc = model_open(w, &k->model, e);
    if (rc < 0) {
      model_keeper_give(k);
      return rc;
    }
    k->name = x_strdup(w->name);
    k->vad = w->vad;
    k->threads = w->threads;
  }
  *ret = k->model;
  return 0;
}

void model_keeper_give(struct model_keeper *k) {
  pthread_mutex_lock(&k->lock);
  k->taken = false;
  k->idle_since = clock_now();
  pthread_cond_signal(&k->free_again);
  pthread_mutex_unlock(&k->lock);
}

void model_keeper_tidy(struct model_keeper *k) {
  pthread_mutex_lock(&k->lock);
  if (!k->taken && k->model && clock_now() - k->idle_since > k->idle_seconds) drop(k);
  pthread_mutex_unlock(&k->lock);
}

bool model_keeper_loaded(struct model_keeper *k) {
  pthread_mutex_lock(&k->lock);
  bool is = k->model || k->taken;
  pthread_mutex_unlock(&k->lock);
  return is;
}
