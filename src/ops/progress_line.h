/*
 * Progress on standard error: one redrawn line on a terminal, a line every tenth of the way elsewhere, JSON lines for
 * programs, or nothing.
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

void progress_begin(struct progress_line *p, enum progress_kind kind);
void progress_show(void *progress_line, const struct job_progress *j); /* a job_events.progress */
void progress_notice(void *progress_line, const char *text);           /* a job_events.notice */
void progress_end(struct progress_line *p);                            /* clears the line */

/* "1:02:03", "4:05", "12 s" */
void progress_time(double seconds, char to[24]);

#endif
