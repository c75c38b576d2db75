/*
 * Progress on standard error: one redrawn line on a terminal, a line every tenth of the way elsewhere, JSON lines for
 * programs, or nothing (but errors).
 *
 * JSON lines, one object each: {"stage", "stage_done", "done", "remaining_s"} while the work goes on, {"notice"} for
 * what a person should know, and at the end {"stage": "done", "files", "language", "cues", "seconds", …} and/or
 * {"error", "exit"}.
 */
#ifndef TITR_OPS_PROGRESS_LINE_H
#define TITR_OPS_PROGRESS_LINE_H

#include "pipeline/job.h"

enum progress_kind { PROGRESS_AUTO, PROGRESS_PLAIN, PROGRESS_JSON, PROGRESS_NONE };

struct progress_line {
  enum progress_kind kind; /* AUTO has become a terminal's line */
  bool unicode, drawn;
  double began, told;
  int tenth;
  enum job_stage stage;
};

/* All of these write to standard error. Texts from outside (names of files) are shown with control characters blanked. */
void progress_begin(struct progress_line *p, enum progress_kind kind);
void progress_show(void *progress_line, const struct job_progress *j);      /* a job_events.progress */
void progress_notice(void *progress_line, const char *text);                /* a job_events.notice */
void progress_summary(struct progress_line *p, const struct job_result *r); /* the files made, and how it went */
void progress_error(struct progress_line *p, const struct err *e);

/* "1:02:03", "4:05", "12 s" */
void progress_time(double seconds, char to[24]);

#endif
