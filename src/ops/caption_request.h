/*
 * `titr caption`'s options, and what they ask of a job. Here are the rules about which options go together; what can
 * be known only from the file system is job_check()'s.
 */
#ifndef TITR_OPS_CAPTION_REQUEST_H
#define TITR_OPS_CAPTION_REQUEST_H

#include "ops/options.h"
#include "pipeline/job.h"

extern const struct option_row caption_options[];

/* A job's options and the names made for its results: they live as long as the request. */
struct caption_request {
  struct job_options job;
  char *video, *srt;
};

/* `inputs` is how many files the command names: the results of several are named after them. ERR_USAGE, ERR_INPUT. */
int caption_request_read(const struct arguments *a, const char *input, size_t inputs, struct caption_request *ret,
                         struct err *e);
void caption_request_release(struct caption_request *r);

#endif
