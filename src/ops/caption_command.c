/* `titr caption`: the main job, from the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/caption_request.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "ops/progress_line.h"
#include "ops/signals.h"

static int caption_one(const struct caption_request *r, enum progress_kind kind, const atomic_bool *cancel) {
  struct err e = {0};
  struct progress_line line;
  progress_begin(&line, kind);
  const struct job_events events = {.progress = progress_show, .notice = progress_notice, .ctx = &line};
  struct job_result result;
  int rc = job_run(&r->job, &events, cancel, &result, &e);
  if (rc == 0 || rc == ERR_NO_SPEECH) progress_summary(&line, &result);
  if (rc < 0) progress_error(&line, &e);
  return err_exit_code(rc);
}

/* Everything that can be refused is refused before the first file is begun. */
static int read_all(const struct arguments *a, const char *const *inputs, size_t n, struct caption_request *requests,
                    struct err *e) {
  for (size_t i = 0; i < n; i++) {
    int rc = caption_request_read(a, inputs[i], n, &requests[i], e);
    if (rc == 0) rc = job_check(&requests[i].job, e);
    if (rc < 0) return rc;
    for (size_t j = 0; j < i; j++) {
      const char *one = requests[i].job.video ? requests[i].video : requests[i].srt;
      const char *other = requests[j].job.video ? requests[j].video : requests[j].srt;
      if (one && other && strcmp(one, other) == 0)
        return err_set(e, ERR_USAGE, "%s and %s would both make %s; caption them one at a time with --output",
                       inputs[j], inputs[i], one);
    }
  }
  return 0;
}

static int run_all(const struct arguments *a, const char *const *inputs, size_t n,
                   const struct caption_request *requests) {
  enum progress_kind kind = (enum progress_kind)argument_choice(a, "progress", PROGRESS_AUTO);
  const int no_speech = err_exit_code(ERR_NO_SPEECH), interrupted = err_exit_code(ERR_CANCELLED);
  int worst = 0;
  for (size_t i = 0; i < n; i++) {
    if (n > 1 && kind != PROGRESS_NONE && kind != PROGRESS_JSON)
      fprintf(stderr, "%s (%zu of %zu)\n", inputs[i], i + 1, n);
    int status = caption_one(&requests[i], kind, signals_cancel_flag());
    if (status == interrupted) return status;
    if (status && (!worst || worst == no_speech)) worst = status;
  }
  return worst;
}

static int run(const struct arguments *a) {
  const char *const *inputs;
  size_t n = argument_operands(a, &inputs);
  struct err e = {0};
  if (n == 0) {
    err_set(&e, ERR_USAGE, "name a video or a sound: titr caption talk.mp4 (`titr help caption` shows all options)");
    return cli_fail(&e);
  }
  struct caption_request *requests = NEW_ARRAY(struct caption_request, n);
  int rc = read_all(a, inputs, n, requests, &e);
  int status;
  if (rc < 0) {
    status = cli_fail(&e);
  } else {
    cli_start_again_with_short_spins();
    status = run_all(a, inputs, n, requests);
  }
  for (size_t i = 0; i < n; i++) caption_request_release(&requests[i]);
  free(requests);
  return status;
}

const struct command command_caption = {
    .name = "caption",
    .operands = "IN...",
    .about = "recognize speech and make a captioned video",
    .text = "IN is a video, or a sound such as a voice message. A video gives NAME.titr.mp4, with the captions in the "
            "picture, "
            "and NAME.srt, in the folder of IN; a sound gives NAME.srt. Nothing leaves this machine. Ctrl-C stops the "
            "work and "
            "leaves nothing half-written.",
    .examples =
        "titr caption talk.mp4\ttalk.titr.mp4 and talk.srt\n"
        "titr caption --vertical --style karaoke_box --profile social talk.mp4\tfor phones, the spoken word in a box\n"
        "titr caption --lang ru --task translate lecture.mkv -o lecture.en.mp4\tRussian speech, English captions\n"
        "titr caption --no-video --json - voice.ogg\twords with times, to standard output\n"
        "titr caption --subs talk.srt talk.mp4\tcaptions that were corrected by hand\n"
        "titr caption --soft talk.mp4\tcaptions that the player can switch off; the picture is not touched\n"
        "titr caption --background waveform voice.ogg\ta video from a voice message",
    .options = caption_options,
    .run = run};
