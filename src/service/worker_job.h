/*
 * One task, done by a worker: its input is fetched, captioned (pipeline/job.h), and the results are left in its folder.
 *
 *   tasks/PUBLIC_ID/  input (fetched)  ->  work/ (the pipeline's stages)  ->  result.mp4, result.srt, result.json
 *
 * What is there already from an earlier attempt is used again. Knows no queue and no lease: those are worker.h's.
 */
#ifndef TITR_SERVICE_WORKER_JOB_H
#define TITR_SERVICE_WORKER_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "pipeline/job.h"
#include "service/storage.h"
#include "store/tasks.h"

/* Gets a task's input (tasks.h: `input`, of one kind) into the file `to`, going on from what an earlier attempt left
 * there. More than max_bytes
 * (0: no limit) is ERR_INPUT. Network trouble is ERR_NETWORK, a file that is gone ERR_INPUT; *ret_code then may be made "too_large" or
 * "gone". Called from the job's thread. */
struct worker_fetch {
  const char *kind;
  int (*fetch)(void *ctx, const char *input, const char *to, int64_t max_bytes, const atomic_bool *cancel,
               void (*progress)(void *ctx, double done), void *progress_ctx, const char **ret_code, struct err *e);
  void *ctx;
};

struct worker_job {
  const struct storage *storage;
  const struct task *task;
  const struct worker_fetch *fetches; /* ends with .kind = NULL */
  struct model_keeper *keeper;
  const char *model; /* name or folder */
  int threads;
  const atomic_bool *cancel;
  /* From the job's thread, at most some 10 times a second; never NULL. stage: "fetch", or job_stage_name(). */
  void (*progress)(void *ctx, const char *stage, double done);
  void (*probed)(void *ctx, double media_seconds);
  void *ctx;
};

struct worker_result {
  char *video, *subtitles; /* relative to the storage; NULL: not made */
  bool worked;             /* recognition had begun: from here on work was done for it */
  struct job_result job;
};
void worker_result_release(struct worker_result *r);

/* 0, or ERR_*. Beyond the pipeline's: ERR_INPUT when the input is longer or larger than its options allow
 * (*ret_code is then "too_long" or "too_large"), or the task's JSON is not what tasks.h says. *ret_code names what
 * happened in the database's words, always set on failure: input, too_long, too_large, gone, no_speech, crash, model,
 * storage, network, timeout, cancelled, internal. */
int worker_job_run(const struct worker_job *j, struct worker_result *ret, const char **ret_code, struct err *e);

#endif
