/*
 * The work folder of a job: what each stage leaves for the next one, and for a run that comes after a crash.
 *
 *   job.json         what each stage's result depends on; written first
 *   transcript.json  words with times, or none where nothing was said
 *   cues.json        captions (caption/format.h's JSON)
 *   captions.ass     the script that is burned in (captions.srt: the subtitle track)
 *   render.mp4       the finished video; render.part.mp4 while it is made
 *
 * A stage's file is used again only while everything it depends on is the same: the input's path, size and time of
 * change, and the options of that stage and of those before it. work_open() removes the others. Files are written
 * whole or not at all (base/file.h); what a run that was killed had begun to write, work_open() removes too.
 *
 * A folder serves one job at a time: a second one gets ERR_USAGE.
 */
#ifndef TITR_PIPELINE_WORK_H
#define TITR_PIPELINE_WORK_H

#include "base/transcript.h"
#include "caption/cue.h"
#include "pipeline/job.h"

enum work_stage { WORK_TRANSCRIPT, WORK_CUES, WORK_RENDER, WORK_STAGES };

struct work {
  char *folder; /* NULL: not open */
  bool temporary;
  int lock; /* file descriptor of the folder, locked */
};
#define WORK_CLOSED                                                                                                    \
  { NULL, false, -1 }

int work_open(struct work *w, const struct job_options *o, struct err *e);
void work_close(struct work *w); /* a temporary folder goes, with all that is in it */

char *work_path(const struct work *w, const char *name); /* caller frees */
bool work_has(const struct work *w, enum work_stage s);
const char *work_file(enum work_stage s); /* "render.mp4" */

int work_write(const struct work *w, const char *name, const char *text, size_t n, struct err *e);
int work_save_transcript(const struct work *w, const struct transcript *t, struct err *e);
int work_load_transcript(const struct work *w, struct transcript *ret, struct err *e); /* `ret` is empty */
int work_save_cues(const struct work *w, const struct cue_list *l, struct err *e);
int work_load_cues(const struct work *w, struct cue_list *ret, struct err *e);

#endif
