#include "pipeline/meter.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

#define INTERVAL       0.1 /* seconds between two reports */
#define SMOOTHING      3.0 /* seconds in which a new estimate takes over */
#define TRUSTED_PART   0.03
#define TRUSTED_TIME   0.5
#define TRUSTED_WEIGHT 0.2  /* what is over in no time says nothing about the pace */
#define OVERRUN        0.25 /* of the time spent: how much longer a silent stage takes that is late already */
#define UNKNOWN_LENGTH 60.0 /* seconds of media, while the file does not tell */

/* Seconds of work for a second of media, on two cores of a 2020s server. */
#define RECOGNIZE_RATE   0.04 /* base */
#define RENDER_PIXELS    6e7  /* a second, encoded */
#define SHOT_FRAMES      400  /* a second, decoded and compared, while recognition runs */
#define SOFT_RATE        0.001
#define BACKGROUND_RATE  25 /* frames a second of media without a picture */
#define BACKGROUND_BLANK 4  /* such frames are that much cheaper */

void meter_init(struct meter *m, const struct job_events *events) {
  memset(m, 0, sizeof *m);
  m->now = clock_now;
  m->began = m->stage_began = m->now();
  m->remaining = -1;
  m->pace = 1;
  m->events = events;
}

/* How much more than base. A folder or an unknown name counts as base: its own pace will tell. */
static double model_factor(const char *model) {
  static const struct {
    const char *part;
    double factor;
  } sizes[] = {{"tiny", 0.5}, {"base", 1}, {"small", 3}, {"medium", 9}, {"turbo", 10}, {"large", 18}};
  for (size_t i = 0; model && i < ARRAY_LEN(sizes); i++)
    if (strstr(model, sizes[i].part)) return sizes[i].factor;
  return 1;
}

void meter_plan(struct meter *m, const struct job_options *o, const struct media_info *info) {
  bool picture = info && info->has_video;
  double pixels = o->vertical ? 1080.0 * 1920 : picture ? (double)info->width * info->height : 1920.0 * 1080;
  double fps = picture && info->fps > 0 ? info->fps : BACKGROUND_RATE;
  memset(m->weight, 0, sizeof m->weight);
  m->weight[JOB_PROBE] = 0.1;
  m->weight[JOB_SAVE] = 0.1;
  if (!o->subtitles) m->weight[JOB_MODEL] = 0.5 * model_factor(o->model);
  m->render_rate = !o->video ? 0
                   : o->soft ? SOFT_RATE
                   : picture ? fps * pixels / RENDER_PIXELS
                             : fps * pixels / RENDER_PIXELS / BACKGROUND_BLANK;
  m->shots_rate = o->video && !o->subtitles && picture ? fps / SHOT_FRAMES : 0;
  m->weight[JOB_RECOGNIZE] = o->subtitles ? 0 : RECOGNIZE_RATE * model_factor(o->model);
  double seconds = info && info->duration > 0 ? info->duration : UNKNOWN_LENGTH;
  m->weight[JOB_RECOGNIZE] *= seconds;
  meter_duration(m, seconds);
}

void meter_duration(struct meter *m, double seconds) {
  m->media_seconds = seconds;
  m->weight[JOB_RENDER] = m->render_rate * seconds;
  /* shots are looked for while speech is recognized: only what is longer counts */
  double shots = m->shots_rate * seconds - m->weight[JOB_RECOGNIZE];
  m->weight[JOB_SHOTS] = shots > 0 ? shots : 0;
}

void meter_skip(struct meter *m, enum job_stage s) {
  m->weight[s] = 0;
  if (s == JOB_RENDER) m->render_rate = 0;
  if (s == JOB_SHOTS) m->shots_rate = 0;
}

static void report(struct meter *m) {
  struct job_progress p = {m->stage, m->stage_done, m->done, m->remaining};
  if (m->events && m->events->progress) m->events->progress(m->events->ctx, &p);
}

/* This stage takes `seconds`: so will the others be slower or faster than guessed, within reason. */
static void learn_pace(struct meter *m, double seconds) {
  double weight = m->weight[m->stage];
  if (weight < TRUSTED_WEIGHT || m->stage == JOB_SHOTS) return; /* shots: how long it was waited for tells nothing */
  double pace = seconds / weight;
  m->pace = pace < 0.5 ? 0.5 : pace > 4 ? 4 : pace;
}

/* Seconds left by what is known now; < 0 while that is nothing. */
static double estimate(struct meter *m, double now) {
  double spent = now - m->stage_began, after = 0, weight = m->weight[m->stage];
  for (int s = (int)m->stage + 1; s < JOB_STAGES; s++) after += m->weight[s];
  /* as long as the stage says nothing itself: the guess, and when that is used up, some more */
  double left = weight * m->pace - spent;
  if (left < spent * OVERRUN) left = spent * OVERRUN;
  if (m->stage_done > TRUSTED_PART && spent > TRUSTED_TIME) {
    left = spent * (1 - m->stage_done) / m->stage_done;
    learn_pace(m, spent + left);
  } else if (now - m->began < 2) {
    return -1; /* only guesses so far: better to say nothing */
  }
  return left + after * m->pace;
}

static void update(struct meter *m, double now) {
  double guess = estimate(m, now), dt = now - m->told;
  if (guess >= 0) {
    double keep = m->remaining < 0 ? 0 : exp(-dt / SMOOTHING);
    double expected = m->remaining - dt;
    m->remaining = keep * (expected > 0 ? expected : 0) + (1 - keep) * guess;
  }
  double elapsed = now - m->began, done = 0, total = 0;
  if (m->remaining >= 0) {
    done = elapsed / (elapsed + m->remaining + 0.01);
  } else {
    for (int s = 0; s < JOB_STAGES; s++) {
      total += m->weight[s];
      done += s < (int)m->stage ? m->weight[s] : s == (int)m->stage ? m->stage_done * m->weight[s] : 0;
    }
    done = total > 0 ? done / total : 0;
  }
  if (done > 0.99) done = 0.99;
  if (done > m->done) m->done = done;
}

void meter_stage(struct meter *m, enum job_stage s) {
  double now = m->now();
  if (s != m->stage) learn_pace(m, now - m->stage_began);
  m->stage = s;
  m->stage_began = now;
  m->stage_done = 0;
  update(m, now);
  m->told = now;
  report(m);
}

void meter_tell(struct meter *m, double stage_done) {
  double now = m->now();
  if (now - m->told < INTERVAL) return;
  if (!(stage_done > m->stage_done)) stage_done = m->stage_done;
  m->stage_done = stage_done > 1 ? 1 : stage_done;
  update(m, now);
  m->told = now;
  report(m);
}

void meter_finish(struct meter *m) {
  m->stage_done = m->done = 1;
  m->remaining = 0;
  report(m);
}
