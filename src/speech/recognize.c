/*
 * DESIGN. One loop: read PCM and look for speech while the batch has room and no window is ready; put ready windows in;
 * take a step; collect what ended. Windows end in any order, so their words wait in a list sorted by the windows'
 * place in time; it is joined at the end.
 *
 * A window whose text stops well before its speech does (the model ended early) is heard again from where the text
 * stopped, as the sequential reference does when it seeks to the last timestamp.
 */
#include "speech/speech.h"

#include <math.h>
#include <omp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "speech/batch.h"
#include "speech/mel.h"
#include "speech/tokenizer.h"
#include "speech/vad.h"
#include "speech/weights.h"
#include "speech/whisper.h"
#include "speech/windows.h"

enum { READ_SAMPLES = SPEECH_SAMPLE_RATE }; /* at a time: a second */

struct speech_model {
  struct gemm *gemm;
  struct whisper *whisper;
  struct tokenizer *tokenizer;
  struct mel *mel;
  char *vad_file;
  double load_seconds;
  atomic_bool busy;
};

struct speech_model_options speech_default_model_options(void) {
  return (struct speech_model_options){.threads = 0, .use_pack_cache = true};
}

struct speech_options speech_default_options(void) {
  return (struct speech_options){.task = SPEECH_TRANSCRIBE, .beam = 5, .batch = 8, .vad = true};
}

static int usable_processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return omp_get_num_procs();
}

int speech_model_open(const char *dir, const char *vad_file, const struct speech_model_options *o,
                      struct speech_model **ret, struct err *e) {
  double began = clock_now();
  _cleanup_(speech_model_freep) struct speech_model *m = NEW(struct speech_model);
  _cleanup_(weights_freep) struct weights *weights = NULL;
  struct whisper_config config;
  int rc = weights_open(dir, &weights, e);
  if (rc == 0) rc = whisper_config_read(dir, weights, &config, e);
  if (rc == 0) rc = tokenizer_open(dir, config.vocab, &m->tokenizer, e);
  if (rc == 0) rc = gemm_new(o->threads > 0 ? o->threads : usable_processors(), &m->gemm, e);
  if (rc == 0) rc = whisper_load(weights, &config, m->gemm, &m->whisper, e);
  if (rc < 0) return rc;
  TAKE(weights);
  m->mel = mel_new(config.n_mels);
  m->vad_file = vad_file ? x_strdup(vad_file) : NULL;
  m->load_seconds = clock_now() - began;
  *ret = TAKE(m);
  return 0;
}

void speech_model_free(struct speech_model *m) {
  if (!m) return;
  whisper_free(m->whisper);
  tokenizer_free(m->tokenizer);
  mel_free(m->mel);
  gemm_free(m->gemm);
  free(m->vad_file);
  free(m);
}

bool speech_model_multilingual(const struct speech_model *m) {
  return m->whisper->config.multilingual;
}
