#include "ops/caption_request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/settings.h"

static const char *const tasks[] = {"transcribe", "translate", NULL};
static const char *const positions[] = {"top", "middle", "bottom", NULL};
static const char *const fits[] = {"crop", "pad", "blur", NULL};
static const char *const qualities[] = {"source", "720p", "1080p", NULL};
static const char *const backgrounds[] = {"plain", "waveform", NULL};
static const char *const progresses[] = {"auto", "plain", "json", "none", NULL};
static const char *const profiles[] = {"netflix", "bbc", "social", NULL};
static const char *const caption_names[JOB_FORMATS] = {
    [CAPTION_SRT] = "srt", [CAPTION_VTT] = "vtt", [CAPTION_ASS] = "ass", [CAPTION_JSON] = "json"};

const struct option_row caption_options[] = {
    {NULL, 0, NULL, NULL, "What to make"},
    {"output", 'o', "FILE", NULL, "the video to make, an .mp4 (default: NAME.titr.mp4 beside IN)"},
    {"srt", 0, "FILE", NULL,
     "write SubRip captions; - is standard output (default: named after the video or IN, unless another format is "
     "asked "
     "for)"},
    {"vtt", 0, "FILE", NULL, "write WebVTT captions"},
    {"ass", 0, "FILE", NULL, "write ASS captions, for editing elsewhere"},
    {"json", 0, "FILE", NULL, "write JSON: cues, words with times and probabilities, and how the work went"},
    {"no-video", 0, NULL, NULL, "captions only"},
    {"background", 0, "KIND", backgrounds, "make a video from a sound, over a {choices} background"},
    {"force", 'f', NULL, NULL, "replace files that exist"},
    {NULL, 0, NULL, NULL, "What is said"},
    {"lang", 'l', "CODE", NULL, "the language spoken: auto, or a code such as en, ru, es (default: auto)"},
    {"task", 0, "TASK", tasks, "{choices} (into English; default: transcribe)"},
    {"model", 'm', "NAME", NULL,
     "the speech model: a name from `titr models list`, or a folder (default: WHISPER_MODEL, else base)"},
    {"prompt", 0, "TEXT", NULL, "names and words to expect, for their spelling"},
    {"beam", 0, "N", NULL, "hypotheses followed at a time, 1 to 16 (default: 5)"},
    {"no-vad", 0, NULL, NULL, "listen to everything, not only to where a voice is found"},
    {"subs", 0, "FILE", NULL,
     "use the captions of this SRT, VTT, ASS or JSON file instead of recognizing speech; an ASS file is burned in as "
     "it "
     "is, unless --style or --position is given"},
    {NULL, 0, NULL, NULL, "How it looks"},
    {"style", 's', "NAME", NULL, "one of `titr styles` (default: " CAPTION_STYLE_DEFAULT ")"},
    {"position", 0, "PLACE", positions, "captions at the {choices} of the picture (default: bottom)"},
    {"profile", 0, "NAME", profiles,
     "rules for line length, reading speed and durations: {choices} (default: netflix)"},
    {"vertical", 0, NULL, NULL, "a picture of 1080x1920 for phones"},
    {"fit", 0, "HOW", fits, "with --vertical: {choices} (default: crop)"},
    {"quality", 0, "SIZE", qualities, "{choices}: the most the shorter side may have (default: source)"},
    {"watermark", 0, "TEXT|PNG", NULL,
     "a text, or a .png picture, in the top right corner; with --position top in the bottom right one, unless the "
     "picture is upright"},
    {"soft", 0, NULL, NULL, "add the captions as a track that can be switched off, and copy the picture as it is"},
    {NULL, 0, NULL, NULL, "The work"},
    {"threads", 't', "N", NULL, "processors to use (default: TITR_THREADS, else all)"},
    {"work", 0, "DIR", NULL,
     "keep the files of the stages in this folder; the same command after an interruption goes on from there"},
    {"progress", 0, "KIND", progresses,
     "{choices}: a bar on a terminal and lines elsewhere, lines, JSON lines on standard error, or nothing (default: "
     "auto)"},
    {0}};

void caption_request_release(struct caption_request *r) {
  free(r->video);
  free(r->srt);
}

static bool given(const struct arguments *a, const char *name) {
  return argument_text(a, name, NULL) != NULL;
}

/* Options that make no sense together, as sentences. */
static int check_together(const struct arguments *a, size_t inputs, struct err *e) {
  static const struct {
    const char *one, *other, *why;
  } rules[] = {
      {"no-video", "output", "--no-video makes no video, so it needs no --output"},
      {"no-video", "background", "--no-video and --background contradict each other"},
      {"no-video", "soft", "--soft puts a track into a video; leave out --no-video, or write a file with --srt"},
      {"no-video", "style", "--style is about the picture; leave out --no-video"},
      {"no-video", "position", "--position is about the picture; leave out --no-video"},
      {"no-video", "watermark", "--watermark is about the picture; leave out --no-video"},
      {"no-video", "quality", "--quality is about the picture; leave out --no-video"},
      {"no-video", "fit", "--fit is about the picture; leave out --no-video"},
      {"soft", "style", "the player decides how a --soft track looks; leave out --style"},
      {"soft", "position", "the player decides where a --soft track stands; leave out --position"},
      {"soft", "background", "--soft copies a picture; with --background the captions are burned in"},
      {"subs", "task", "with --subs nothing is recognized, so leave out --task"},
      {"subs", "model", "with --subs nothing is recognized, so leave out --model"},
      {"subs", "prompt", "with --subs nothing is recognized, so leave out --prompt"},
      {"subs", "beam", "with --subs nothing is recognized, so leave out --beam"},
      {"subs", "no-vad", "with --subs nothing is recognized, so leave out --no-vad"},
      {"subs", "profile", "with --subs the captions stay as they are, so leave out --profile"},
  };
  static const char *const single[] = {"output", "srt", "vtt", "ass", "json", "subs", "work"};
  for (size_t i = 0; i < ARRAY_LEN(rules); i++)
    if (given(a, rules[i].one) && given(a, rules[i].other)) return err_set(e, ERR_USAGE, "%s", rules[i].why);
  if (given(a, "fit") && !given(a, "vertical")) return err_set(e, ERR_USAGE, "--fit goes with --vertical");
  for (size_t i = 0; inputs > 1 && i < ARRAY_LEN(single); i++)
    if (given(a, single[i]))
      return err_set(e, ERR_USAGE, "with several inputs the results are named after them; leave out --%s", single[i]);
  return 0;
}

static int read_numbers(const struct arguments *a, struct job_options *o, struct err *e) {
  long threads = (long)settings_number(SET_TITR_THREADS), beam = o->beam;
  int rc = argument_number(a, "threads", 1, 256, &threads, e);
  if (rc == 0) rc = argument_number(a, "beam", 1, 16, &beam, e);
  o->threads = (int)threads;
  o->beam = (int)beam;
  return rc;
}

/* Who asks for one of these wants a video, of a sound too. */
static const char *const about_picture[] = {"style", "position", "vertical", "quality", "watermark", "soft"};

static void name_results(const struct arguments *a, struct caption_request *r) {
  struct job_options *o = &r->job;
  const char *output = argument_text(a, "output", NULL);
  if (!argument_flag(a, "no-video")) {
    r->video = output ? x_strdup(output) : file_with_suffix(o->input, ".titr.mp4");
    o->video = r->video;
    o->video_if_picture = !output && !o->background;
    for (size_t i = 0; i < ARRAY_LEN(about_picture); i++)
      if (given(a, about_picture[i])) o->video_if_picture = false;
  }
  bool any = false;
  for (int f = 0; f < JOB_FORMATS; f++) {
    o->captions[f] = argument_text(a, caption_names[f], NULL);
    any = any || o->captions[f];
  }
  if (any || o->subtitles) return;
  r->srt = file_with_suffix(output ? output : o->input, ".srt");
  o->captions[CAPTION_SRT] = r->srt;
}

static int check_input_name(const char *input, struct err *e) {
  if (strcmp(input, "-") == 0)
    return err_set(e, ERR_USAGE, "standard input cannot be captioned; save it to a file first");
  const char *scheme = strstr(input, "://");
  if (scheme && access(input, F_OK) < 0)
    return err_set(e, ERR_USAGE, "%s is a link; download it first, then name the file", input);
  return 0;
}

int caption_request_read(const struct arguments *a, const char *input, size_t inputs, struct caption_request *r,
                         struct err *e) {
  *r = (struct caption_request){.job = job_default_options()};
  struct job_options *o = &r->job;
  int rc = check_input_name(input, e);
  if (rc == 0) rc = check_together(a, inputs, e);
  if (rc == 0) rc = read_numbers(a, o, e);
  if (rc < 0) return rc;
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
  o->restyle = given(a, "style") || given(a, "position");
  o->profile = argument_text(a, "profile", o->profile);
  o->vertical = argument_flag(a, "vertical");
  o->fit = argument_choice(a, "fit", MEDIA_CROP);
  o->quality = argument_choice(a, "quality", MEDIA_SOURCE);
  o->background = (enum media_background)(argument_choice(a, "background", -1) + 1);
  o->watermark = argument_text(a, "watermark", NULL);
  o->soft = argument_flag(a, "soft");
  o->replace = argument_flag(a, "force");
  o->work = argument_text(a, "work", NULL);
  name_results(a, r);
  return 0;
}
