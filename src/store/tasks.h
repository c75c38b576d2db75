/*
 * Tasks: the jobs users asked for. The row is the truth about a job; a queue only carries its public id.
 *
 *                                    tasks_cancel
 *          ┌──────────────────────────────────────────────────────────> CANCELLED
 *   QUEUED ── tasks_claim ──> RUNNING ── tasks_done ─────────────────> DONE
 *     ^                        │  │ └── tasks_fail (not worth trying) > FAILED
 *     └── tasks_retry, ────────┘  └──── tasks_park (tried enough) ───> PARKED ── tasks_revive ──> QUEUED
 *         tasks_hand_back
 *
 * Every function works inside the caller's transaction, so that a charge, a message in the outbox and the change of
 * state succeed or fail together. Those that a worker calls take the lease's owner and change nothing when he has lost it:
 * they return 1 when they did it and 0 when the task is no longer his (somebody else has it, or it has ended) — so
 * whatever he does in the same transaction must depend on that. Moments are milliseconds since the epoch, UTC.
 *
 * The JSON of a task (read by the worker, ops/worker_job.h; unknown members are ignored):
 *   input    kind "telegram": {"file_id": "…", "name": "talk.mp4", "bytes": 123456}    kind "path": {"path": "/…/talk.mp4"}
 *   options  {"language": "en" (absent: detected), "style": "modern_bold", "position": "top|middle|bottom", "vertical": false,
 *             "fit": "crop|pad|blur", "quality": "720p|1080p|source", "watermark": "text" (absent: none),
 *             "video": true, "background": "waveform|plain|none" (of sound without a picture; none: no video is made),
 *             "max_ms": 60000 (longer input is refused as too long), "max_bytes": …}
 *   reply    {"chat": 123, "message": 456 (the status message), "language": "ru"}
 *
 * Errors are those of sql.h. tasks_get() and tasks_find() return 1, or 0 when there is none (`ret` is left alone).
 */
#ifndef TITR_STORE_TASKS_H
#define TITR_STORE_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/public_id.h"
#include "store/sql.h"

enum task_state { TASK_QUEUED, TASK_RUNNING, TASK_DONE, TASK_FAILED, TASK_CANCELLED, TASK_PARKED };
const char *task_state_name(enum task_state s); /* as stored: "queued" … */

enum { TASK_LANES = 3 };

struct task {
  int64_t id;
  char public_id[PUBLIC_ID_SIZE];
  int64_t user_id;
  enum task_state state;
  int lane;                                   /* 1 is served first */
  char *input_kind, *input, *options, *reply; /* input, options, reply: JSON, see task_new */
  int64_t media_ms;                           /* -1: not known yet */
  char *stage;
  int progress; /* of 1000 */
  int attempts; /* begun */
  int64_t run_at_ms;
  char *lease_owner; /* RUNNING only, else NULL */
  int64_t lease_until_ms;
  bool cancel_requested;
  char *error_code, *error_text;                                            /* NULL: none */
  char *result_path, *subtitles_path;                                       /* relative to STORAGE_PATH; NULL: none */
  int64_t delivered_ms, files_gone_ms, created_ms, started_ms, finished_ms; /* 0: not yet */
};
void task_release(struct task *t); /* also the cleanup function; leaves it empty */

struct task_new {
  int64_t user_id;
  int lane;
  const char *fingerprint; /* of user, file and options; NULL: as often as asked */
  const char *input_kind;  /* "telegram", "path" */
  const char *input;       /* JSON: how to get at the file; whoever takes the task in knows how */
  const char *options;     /* JSON: what to make of it */
  const char *reply;       /* JSON: where the answer goes; read by who asked, opaque here */
  int64_t media_ms;        /* -1: not known */
};

/* Makes a task (QUEUED) and counts it among the user's. 1: made. 0: one with the same fingerprint is still alive,
 * and *ret is that one. Charging it (quota.h) belongs in the same transaction. */
int tasks_create(struct sql_tx *tx, const struct task_new *n, int64_t now_ms, struct task *ret, struct err *e);

int tasks_get(struct sql_tx *tx, int64_t id, struct task *ret, struct err *e);
int tasks_find(struct sql_tx *tx, const char *public_id, struct task *ret, struct err *e);

/* ---- the queue's side ---- */

/* The first task of a lane whose time has come: QUEUED, run_at <= now, earliest first. 1 with its public id, or 0. */
int tasks_next(struct sql_tx *tx, int lane, int64_t now_ms, char ret_public_id[PUBLIC_ID_SIZE], struct err *e);
/* QUEUED -> RUNNING with a lease for `owner`; attempts is one more. 1 with the task, 0: it is not to be had. */
int tasks_claim(struct sql_tx *tx, const char *public_id, const char *owner, int64_t lease_ms, int64_t now_ms,
                struct task *ret, struct err *e);
/* The same with the first of a lane, in one statement; PostgreSQL passes over those that others are claiming just now. */
int tasks_claim_first(struct sql_tx *tx, int lane, const char *owner, int64_t lease_ms, int64_t now_ms,
                      struct task *ret, struct err *e);
/* For the queue that offers tasks elsewhere: up to `room` QUEUED tasks of a lane whose time had come by due_ms, in the order of
 * (run_at, id) after those of *after (start with {0}); moves *after on and returns how many, 0 at the end. */
struct task_place {
  int64_t run_at_ms, id;
};
int tasks_due(struct sql_tx *tx, int lane, int64_t due_ms, struct task_place *after, char (*ret)[PUBLIC_ID_SIZE],
              size_t room, struct err *e);
int tasks_any_due(struct sql_tx *tx, int64_t due_ms, bool *ret, struct err *e); /* in any lane */
int tasks_due_count(struct sql_tx *tx, int lane, int64_t due_ms, int64_t *ret, struct err *e);
/* How many tasks of its lane come before a QUEUED one by (run_at, id). */
int tasks_ahead(struct sql_tx *tx, const struct task *t, int64_t *ret, struct err *e);
/* Notes that a QUEUED task is being offered: 1, or 0 when it is QUEUED no more or somebody noted it after before_ms. */
int tasks_offered(struct sql_tx *tx, const char *public_id, int64_t before_ms, int64_t now_ms, struct err *e);
/* RUNNING tasks whose lease has ended, up to `room` public ids, longest ended first; returns how many. */
int tasks_expired(struct sql_tx *tx, int64_t now_ms, char (*ret)[PUBLIC_ID_SIZE], size_t room, struct err *e);

/* ---- the worker's side: 1 done, 0 no longer his ---- */

/* The heartbeat: the lease lasts until now + lease_ms, the row shows stage and progress. *ret_cancel: the user wants it stopped. */
int tasks_renew(struct sql_tx *tx, int64_t id, const char *owner, int64_t lease_ms, const char *stage, int progress,
                int64_t now_ms, bool *ret_cancel, struct err *e);
int tasks_set_media(struct sql_tx *tx, int64_t id, const char *owner, int64_t media_ms, struct err *e);
int tasks_done(struct sql_tx *tx, int64_t id, const char *owner, const char *result_path, const char *subtitles_path,
               int64_t now_ms, struct err *e);
int tasks_fail(struct sql_tx *tx, int64_t id, const char *owner, const char *code, const char *text, int64_t now_ms,
               struct err *e);
/* Again at run_at_ms, with what went wrong this time kept in the row. */
int tasks_retry(struct sql_tx *tx, int64_t id, const char *owner, const char *code, const char *text, int64_t run_at_ms,
                struct err *e);
int tasks_park(struct sql_tx *tx, int64_t id, const char *owner, const char *code, const char *text, int64_t now_ms,
               struct err *e);
/* A worker that stops: back at once where it stood, and the attempt does not count. */
int tasks_hand_back(struct sql_tx *tx, int64_t id, const char *owner, struct err *e);
/* A running task whose worker saw that it is to be stopped. */
int tasks_cancelled(struct sql_tx *tx, int64_t id, const char *owner, int64_t now_ms, struct err *e);

/* ---- the user's and the operator's side ---- */

enum task_cancel {
  TASK_CANCEL_TOO_LATE,
  TASK_CANCEL_NOW,
  TASK_CANCEL_ASKED
}; /* NOW: it was QUEUED; give the charge back */
int tasks_cancel(struct sql_tx *tx, int64_t id, int64_t now_ms, enum task_cancel *ret, struct err *e);
/* PARKED -> QUEUED with all attempts again / PARKED -> FAILED. 1, or 0 when it is not parked. What was given back is not
 * charged again. Not revived either (0) while another task with its fingerprint is alive. */
int tasks_revive(struct sql_tx *tx, int64_t id, int64_t now_ms, struct err *e);
int tasks_drop(struct sql_tx *tx, int64_t id, int64_t now_ms, struct err *e);
/* Where the answer goes, and what of it has gone. */
int tasks_set_reply(struct sql_tx *tx, int64_t id, const char *reply, struct err *e);
/* The result reached the user. 1 the first time, then 0. */
int tasks_delivered(struct sql_tx *tx, int64_t id, int64_t now_ms, struct err *e);

/* How many a user has alive (QUEUED or RUNNING). */
int tasks_alive(struct sql_tx *tx, int64_t user_id, int64_t *ret, struct err *e);

struct task_list {
  struct task *tasks;
  size_t count;
};
void task_list_release(struct task_list *l);
/* In a state (oldest first), at most `most`; or of a user (newest first), user_id > 0. */
int tasks_in_state(struct sql_tx *tx, enum task_state s, size_t most, struct task_list *ret, struct err *e);
int tasks_of_user(struct sql_tx *tx, int64_t user_id, size_t most, struct task_list *ret, struct err *e);

/* Numbers for positions, health and metrics. */
struct task_counts {
  int64_t queued[TASK_LANES + 1];    /* by lane, [0] all; those that wait for a retry's time too */
  int64_t oldest_ms[TASK_LANES + 1]; /* moment since which the longest waiting one waits; 0: none waits */
  int64_t running, parked;
};
int tasks_count(struct sql_tx *tx, int64_t now_ms, struct task_counts *ret, struct err *e);
/* Mean time from start to end of the last `of` tasks that were done at the first attempt, milliseconds; 0: none yet. */
int tasks_mean_ms(struct sql_tx *tx, int of, int64_t *ret, struct err *e);

#endif
