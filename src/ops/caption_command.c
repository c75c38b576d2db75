/* `titr caption`: from the command line to job_run() and its outcome back to a person. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "config/settings.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "ops/progress_line.h"
#include "ops/signals.h"
#include "pipeline/job.h"

static const char *const tasks[] = {"transcribe", "translate", NULL};
static const char *const positions[] = {"top", "middle", "bottom", NULL};
static const char *const fits[] = {"crop", "pad", "blur", NULL};
static const char *const qualities[] = {"source", "720p", "1080p", NULL};
static const char *const backgrounds[] = {"plain", "waveform", NULL};
static const char *const progresses[] = {"auto", "plain", "json", "none", NULL};
static const char *const profiles[] = {"netflix", "bbc", "social", NULL};

static const struct option_row options[] = {
    {NULL, 0, NULL, NULL, "What to make"},
    {"output", 'o', "FILE", NULL, "the video to make (default: beside IN, as NAME.titr.mp4)"},
    {"srt", 0, "FILE", NULL,
     "write SubRip captions; - is standard output (default: NAME.srt, unless another format is asked for)"},
    {"vtt", 0, "FILE", NULL, "write WebVTT captions, with the words' times"},
    {"ass", 0, "FILE", NULL, "write ASS captions, for editing elsewhere"},
    {"json", 0, "FILE", NULL, "write JSON: cues, words with times and probabilities, and how the work went"},
    {"no-video", 0, NULL, NULL, "captions only"},
    {"background", 0, "KIND", backgrounds, "make a video from a sound, over a {choices} background"},
    {"force", 0, NULL, NULL, "replace files that exist"},
    {NULL, 0, NULL, NULL, "What is said"},
    {"lang", 'l', "CODE", NULL, "the language spoken: auto, or a code such as en, ru, es (default: auto)"},
    {"task", 0, "TASK", tasks, "{choices} (into English; default: transcribe)"},
    {"model", 'm', "NAME", NULL,
     "the speech model: a name from `titr models list`, or a folder (default: base, or WHISPER_MODEL)"},
    {"prompt", 0, "TEXT", NULL, "names and words to expect, for their spelling"},
    {"beam", 0, "N", NULL, "hypotheses followed at a time, 1 to 16 (default: 5)"},
    {"no-vad", 0, NULL, NULL, "listen to everything, not only to where a voice is found"},
    {"subs", 0, "FILE", NULL, "use the captions of this SRT, VTT, ASS or JSON file instead of recognizing speech"},
    {NULL, 0, NULL, NULL, "How it looks"},
    {"style", 's', "NAME", NULL, "one of `titr styles` (default: " CAPTION_STYLE_DEFAULT ")"},
    {"position", 0, "PLACE", positions, "captions at the {choices} of the picture (default: bottom)"},
    {"profile", 0, "NAME", profiles,
     "rules for line length, reading speed and durations: {choices} (default: netflix)"},
    {"vertical", 0, NULL, NULL, "a picture of 1080x1920 for phones"},
    {"fit", 0, "HOW", fits, "with --vertical: {choices} (default: crop)"},
    {"quality", 0, "SIZE", qualities, "{choices}: the most the shorter side may have (default: source)"},
    {"watermark", 0, "TEXT|PNG", NULL, "a text, or a .png picture, in a corner"},
    {"soft", 0, NULL, NULL, "add the captions as a track that can be switched off, and copy the picture as it is"},
    {NULL, 0, NULL, NULL, "The work"},
    {"threads", 't', "N", NULL, "processors to use (default: all)"},
    {"progress", 0, "KIND", progresses,
     "{choices}: a bar on a terminal, lines, JSON lines on standard error, or nothing (default: auto)"},
    {0}};

/* Everything a run needs that must live as long as it does. */
struct request {
  struct job_options o;
  char *video, *srt;
  bool sound_only; /* no video was asked for by name: a sound gives captions only */
};

static void request_release(struct request *r) {
  free(r->video);
  free(r->srt);
}

/* Suffixes of sounds: for these no video is made unless it is asked for. */
static bool names_a_sound(const char *path) {
  static const char *const suffixes[] = {".mp3", ".wav", ".ogg",  ".oga", ".opus", ".m4a", ".flac",
                                         ".aac", ".amr", ".aiff", ".wma", ".caf",  ".mka"};
  const char *dot = strrchr(file_name(path), '.');
  for (size_t i = 0; dot && i < ARRAY_LEN(suffixes); i++)
    if (strcasecmp(dot, suffixes[i]) == 0) return true;
  return false;
}

static int read_numbers(const struct arguments *a, struct job_options *o, struct err *e) {
  long threads = (long)settings_number(SET_TITR_THREADS), beam = o->beam;
  int rc = argument_number(a, "threads", 1, 256, &threads, e);
  if (rc == 0) rc = argument_number(a, "beam", 1, 16, &beam, e);
  o->threads = (int)threads;
  o->beam = (int)beam;
  return rc;
}

static void name_results(const struct arguments *a, struct request *r) {
  struct job_options *o = &r->o;
  const char *output = argument_text(a, "output", NULL);
  r->sound_only = names_a_sound(o->input) && !output && o->background == MEDIA_NO_BACKGROUND;
  if (!argument_flag(a, "no-video") && !r->sound_only) {
    r->video = output ? x_strdup(output) : file_with_suffix(o->input, ".titr.mp4");
    o->video = r->video;
  }
  static const char *const names[JOB_FORMATS] = {
      [CAPTION_SRT] = "srt", [CAPTION_VTT] = "vtt", [CAPTION_ASS] = "ass", [CAPTION_JSON] = "json"};
  bool any = false;
  for (int f = 0; f < JOB_FORMATS; f++) {
    o->captions[f] = argument_text(a, names[f], NULL);
    any = any || o->captions[f];
  }
  if (any || o->subtitles) return;
  r->srt = file_with_suffix(output ? output : o->input, ".srt");
  o->captions[CAPTION_SRT] = r->srt;
}

static int read_request(const struct arguments *a, const char *input, struct request *r, struct err *e) {
  struct job_options *o = &r->o;
  *r = (struct request){.o = job_default_options()};
  o->input = input;
  const char *language = argument_text(a, "lang", "auto");
  o->language = strcmp(language, "auto") == 0 ? NULL : language;
  o->task = argument_choice(a, "task", SPEECH_TRANSCRIBE);
  const char *model = settings_text(SET_WHISPER_MODEL);
  o->model = argument_text(a, "model", model ? model : o->model);
  o->prompt = argument_text(a, "prompt", NULL);
  o->vad = !argument_flag(a, "no-vad");
  o->subtitles = argument_text(a, "subs", NULL);
  o->style = argument_text(a, "style", o->style);
  o->position = argument_choice(a, "position", CAPTION_BOTTOM);
  o->profile = argument_text(a, "profile", o->profile);
  o->vertical = argument_flag(a, "vertical");
  o->fit = argument_choice(a, "fit", MEDIA_CROP);
  o->quality = argument_choice(a, "quality", MEDIA_SOURCE);
  o->background = (enum media_background)(argument_choice(a, "background", -1) + 1);
  o->watermark = argument_text(a, "watermark", NULL);
  o->soft = argument_flag(a, "soft");
  o->replace = argument_flag(a, "force");
  if (argument_flag(a, "no-video") && argument_text(a, "output", NULL))
    return err_set(e, ERR_USAGE, "--no-video and --output contradict each other");
  if (argument_text(a, "fit", NULL) && !o->vertical) return err_set(e, ERR_USAGE, "--fit goes with --vertical");
  int rc = read_numbers(a, o, e);
  if (rc < 0) return rc;
  name_results(a, r);
  if (!o->video &&
      (o->soft || o->vertical || o->watermark || argument_text(a, "style", NULL) || argument_text(a, "position", NULL)))
    return err_set(e, ERR_USAGE, "no video is made here, so options for the picture make no sense%s",
                   r->sound_only ? "; --background plain or waveform makes one from a sound" : "");
  if (!o->video && o->subtitles && !o->captions[0] && !o->captions[1] && !o->captions[2] && !o->captions[3])
    return err_set(e, ERR_USAGE,
                   "nothing to make: with --subs and without a video, name a file with --srt, --vtt, --ass or --json");
  return 0;
}

static void summary(const struct job_result *r) {
  char took[24], length[24];
  const char *language = r->language;
  progress_time(r->seconds, took);
  progress_time(r->info.duration, length);
  if (*language) speech_language_known(r->language, &language);
  for (size_t i = 0; i < r->file_count; i++) {
    int64_t bytes = file_size(r->files[i]);
    if (bytes >= 1000000) fprintf(stderr, "%s  %.1f MB\n", r->files[i], (double)bytes / 1e6);
    else fprintf(stderr, "%s  %.1f kB\n", r->files[i], (double)bytes / 1e3);
  }
  fprintf(stderr, "%zu cue%s", r->cues, r->cues == 1 ? "" : "s");
  if (*language) fprintf(stderr, " in %s", language);
  fprintf(stderr, ", %s of media in %s", length, took);
  if (r->speech.total > 0)
    fprintf(stderr, " (speech at %.0f times its pace)", r->speech.audio_seconds / r->speech.total);
  fputc('\n', stderr);
}

static int caption_one(const struct arguments *a, const char *input, const atomic_bool *cancel) {
  struct err e = {0};
  _cleanup_(request_release) struct request r;
  int rc = read_request(a, input, &r, &e);
  if (rc < 0) return cli_fail(&e);
  struct progress_line line;
  progress_begin(&line, (enum progress_kind)argument_choice(a, "progress", PROGRESS_AUTO));
  const struct job_events events = {.progress = progress_show, .notice = progress_notice, .ctx = &line};
  struct job_result result;
  rc = job_run(&r.o, &events, cancel, &result, &e);
  progress_end(&line);
  if ((rc == 0 || rc == ERR_NO_SPEECH) && line.kind != PROGRESS_NONE && line.kind != PROGRESS_JSON) summary(&result);
  return rc < 0 ? cli_fail(&e) : 0;
}

/* libgomp's threads spin while they wait for each other. On a machine that does something else besides, long spinning costs more than it
 * saves; how long is read from the environment when the library is loaded, so the program starts itself once more. */
static void start_again_with_short_spins(void) {
  if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY")) return;
  setenv("GOMP_SPINCOUNT", "2000", 1);
  char *const *argv = cli_arguments();
  if (argv) execv("/proc/self/exe", argv);
}

static int run(const struct arguments *a) {
  const char *const *inputs;
  size_t n = argument_operands(a, &inputs);
  struct err e = {0};
  if (n == 0) {
    err_set(&e, ERR_USAGE, "name a video or a sound: titr caption talk.mp4 (`titr help caption` shows all options)");
    return cli_fail(&e);
  }
  if (n > 1 && (argument_text(a, "output", NULL) || argument_text(a, "srt", NULL) || argument_text(a, "vtt", NULL) ||
                argument_text(a, "ass", NULL) || argument_text(a, "json", NULL) || argument_text(a, "subs", NULL))) {
    err_set(&e, ERR_USAGE,
            "with several inputs the results are named after them; leave out --output, --srt, --vtt, --ass, --json and "
            "--subs");
    return cli_fail(&e);
  }
  start_again_with_short_spins();
  const atomic_bool *cancel = signals_cancel_flag();
  int worst = 0;
  for (size_t i = 0; i < n && !atomic_load(cancel); i++) {
    if (n > 1) fprintf(stderr, "%s (%zu of %zu)\n", inputs[i], i + 1, n);
    int status = caption_one(a, inputs[i], cancel);
    if (status && (!worst || worst == err_exit_code(ERR_NO_SPEECH))) worst = status;
  }
  return atomic_load(cancel) ? err_exit_code(ERR_CANCELLED) : worst;
}

const struct command command_caption = {
    "caption",
    "IN…",
    "recognize speech and make a captioned video",
    "IN is a video, or a sound such as a voice message. A video gives IN.titr.mp4, with the captions in the picture, "
    "and IN.srt; a "
    "sound gives IN.srt. Nothing leaves this machine.",
    "titr caption talk.mp4\ttalk.titr.mp4 and talk.srt\n"
    "titr caption --vertical --style karaoke_box --profile social talk.mp4\tfor phones, the spoken word in a box\n"
    "titr caption --lang ru --task translate lecture.mkv -o lecture.en.mp4\tRussian speech, English captions\n"
    "titr caption --no-video --json - voice.ogg\twords with times, to standard output\n"
    "titr caption --subs talk.srt talk.mp4\tcaptions that were corrected by hand\n"
    "titr caption --background waveform voice.ogg\ta video from a voice message",
    options,
    run,
    NULL,
    false};
