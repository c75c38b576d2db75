#include "ops/dependencies.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "config/settings.h"
#include "media/abilities.h"
#include "models/models.h"
#include "ops/media_needs.h"
#include "queue/redis.h"
#include "speech/speech.h"
#include "speech/vad.h"
#include "store/heartbeats.h"
#include "store/migrate.h"

#define ROOM_LEAST (500LL << 20) /* bytes: some minutes of 1080p */

/* ---- database ---- */

int dependency_database(struct sql *db, struct buf *ret, struct err *e) {
  int rc = migrate_require_head(db, e);
  if (rc == 0) buf_adds(ret, sql_display(db));
  return rc;
}

/* ---- Redis ---- */

int dependency_redis(double seconds, struct buf *ret, struct err *e) {
  struct settings_redis s;
  if (!settings_redis(&s)) return err_set(e, ERR_USAGE, "REDIS_HOST is not set: the queue is embedded in the database");
  const struct queue_redis where = {s.host, s.port, s.database, s.password};
  _cleanup_(redis_freep) struct redis *c = NULL;
  _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
  static const char *const ping[] = {"PING"};
  int rc = redis_connect(&where, seconds / 2, &c, e);
  if (rc == 0) rc = redis_call(c, ping, ARRAY_LEN(ping), seconds / 2, &r, e);
  if (rc == 0) buf_addf(ret, "%s:%d, database %d", s.host, s.port, s.database);
  return rc;
}

/* ---- roles ---- */

struct role {
  const char *prefix;
  int64_t at_ms;
};

static int read_role(struct sql_tx *tx, void *ctx, struct err *e) {
  struct role *r = ctx;
  return heartbeats_latest(tx, r->prefix, &r->at_ms, e);
}

int dependency_role(struct sql *db, const char *role, bool this_host, struct buf *ret, struct err *e) {
  char host[65] = "localhost", prefix[96];
  gethostname(host, sizeof host - 1);
  if (this_host) snprintf(prefix, sizeof prefix, "%s:%s:", role, host);
  else snprintf(prefix, sizeof prefix, "%s:", role);
  struct role r = {.prefix = prefix};
  int rc = sql_transact(db, SQL_READ, read_role, &r, e);
  if (rc < 0) return err_prefix(e, "%s", sql_display(db));
  if (!r.at_ms)
    return err_set(e, ERR_FAIL, "no %s is at work%s%s", role, this_host ? " on " : "", this_host ? host : "");
  int64_t age_ms = clock_utc_ms() - r.at_ms;
  if (age_ms > DEPENDENCY_FRESH_MS)
    return err_set(e, ERR_FAIL, "the last sign of life of a %s is %lld s old", role, (long long)(age_ms / 1000));
  buf_addf(ret, "heard of %lld s ago", (long long)(age_ms < 0 ? 0 : age_ms / 1000));
  return 0;
}

/* ---- storage ---- */

int dependency_storage(struct buf *ret, struct err *e) {
  const char *folder = settings_text(SET_STORAGE_PATH);
  _cleanup_(mem_freep) char *path = x_asprintf("%s/.smoke", folder), *tmp = NULL;
  int rc = file_temp_beside(path, &tmp, e);
  if (rc < 0) return rc;
  file_discard(tmp);
  struct statvfs v;
  if (statvfs(folder, &v) < 0) return err_errno(e, ERR_IO, errno, "%s", folder);
  int64_t there = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
  if (there < ROOM_LEAST)
    return err_set(e, ERR_IO, "%s: %.0f MB free, less than the %.0f MB that jobs need", folder, (double)there / 1048576,
                   (double)ROOM_LEAST / 1048576);
  buf_addf(ret, "%s: %.1f GB free", folder, (double)there / (double)(1LL << 30));
  return 0;
}

/* ---- libav, libass ---- */

static void note_vital(void *ctx, bool vital, const char *kind, const char *name, const char *use) {
  struct err *e = ctx;
  if (vital && !e->code) err_set(e, ERR_UNSUPPORTED, "libav has no %s %s, by which %s", kind, name, use);
}

int dependency_media(struct buf *ret, struct err *e) {
  struct err own = {0};
  size_t there, count = media_needs_look(note_vital, &own, &there);
  if (own.code) return err_set(e, own.code, "%s", own.msg);
  int rc = media_draws_text(e);
  if (rc == 0) buf_addf(ret, "%zu of %zu parts of libav, libass draws letters", there, count);
  return rc;
}

/* ---- the engine ---- */

int dependency_engine(struct buf *ret, struct err *e) {
  const char *name = settings_text(SET_WHISPER_MODEL);
  _cleanup_(mem_freep) char *folder = NULL, *file = NULL;
  int rc = models_locate(name, &folder, e);
  if (rc == 0) rc = models_locate_file(MODELS_VAD, MODELS_VAD_FILE, &file, e);
  if (rc < 0) return rc;
  _cleanup_(gemm_freep) struct gemm *gemm = NULL;
  _cleanup_(vad_freep) struct vad *vad = NULL;
  rc = gemm_new(1, &gemm, e);
  if (rc == 0) rc = vad_open(file, gemm, &vad, e);
  if (rc < 0) return rc;
  enum { CHUNKS = SPEECH_SAMPLE_RATE / VAD_CHUNK };
  _cleanup_(mem_freep) float *pcm = NEW_ARRAY(float, CHUNKS *VAD_CHUNK), *heard = NEW_ARRAY(float, CHUNKS);
  vad_feed(vad, pcm, CHUNKS, heard);
  for (int i = 0; i < CHUNKS; i++)
    if (!(heard[i] >= 0 && heard[i] < 0.5F)) /* NaN too */
      return err_set(e, ERR_FAIL, "the engine hears speech with probability %g in silence", (double)heard[i]);
  buf_addf(ret, "model %s is here, the engine computes", name);
  return 0;
}

/* ---- a limit of time ---- */

struct question {
  pthread_mutex_t lock;
  pthread_cond_t answered;
  int (*ask)(void *ctx, struct buf *ret, struct err *e);
  void *ctx;
  bool done;
  int rc;
  struct buf words;
  struct err e;
};

static void *ask_it(void *ctx) {
  struct question *q = ctx;
  int rc = q->ask(q->ctx, &q->words, &q->e);
  pthread_mutex_lock(&q->lock);
  q->rc = rc;
  q->done = true;
  pthread_cond_signal(&q->answered);
  pthread_mutex_unlock(&q->lock);
  return NULL;
}

int asked_in_time(int (*ask)(void *ctx, struct buf *ret, struct err *e), void *ctx, double seconds, struct buf *ret,
                  struct err *e) {
  struct question *q = NEW(struct question);
  q->ask = ask;
  q->ctx = ctx;
  pthread_mutex_init(&q->lock, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&q->answered, &monotonic);
  pthread_condattr_destroy(&monotonic);
  pthread_t thread;
  if (pthread_create(&thread, NULL, ask_it, q) != 0) abort(); /* no memory */
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  double end = (double)until.tv_sec + (double)until.tv_nsec / 1e9 + seconds;
  until = (struct timespec){.tv_sec = (time_t)end, .tv_nsec = (long)((end - floor(end)) * 1e9)};
  pthread_mutex_lock(&q->lock);
  while (!q->done && pthread_cond_timedwait(&q->answered, &q->lock, &until) == 0) {
  }
  bool done = q->done;
  pthread_mutex_unlock(&q->lock);
  if (!done) { /* the thread keeps what it uses */
    pthread_detach(thread);
    return err_set(e, ERR_TIMEOUT, "no answer within %g s", seconds);
  }
  pthread_join(thread, NULL);
  int rc = q->rc;
  if (rc < 0 && e) *e = q->e;
  if (rc >= 0) buf_adds(ret, buf_str(&q->words));
  buf_release(&q->words);
  pthread_cond_destroy(&q->answered);
  pthread_mutex_destroy(&q->lock);
  free(q);
  return rc;
}
