#include "pipeline/meter.h"

#include <string.h>

#include "base/clock.h"

void meter_init(struct meter *m, const struct job_options *o, const struct media_info *info,
                const struct job_events *events) {
  double s = info && info->duration > 0 ? info->duration : 60;
  memset(m, 0, sizeof *m);
  m->began = m->stage_began = clock_now();
  m->remaining = -1;
  m->events = events;
  m->weight[JOB_PROBE] = 0.1;
  m->weight[JOB_SAVE] = 0.1;
  if (!o->subtitles) {
    m->weight[JOB_MODEL] = 0.4;
    m->weight[JOB_RECOGNIZE] = s * 0.03;
  }
  if (!o->video) return;
  double pixels = o->vertical               ? 1080.0 * 1920
                  : info && info->has_video ? (double)info->width * info->height
                                            : 1920.0 * 1080;
  double fps = info && info->fps > 0 ? info->fps : 25;
  if (!o->subtitles && info && info->has_video) m->weight[JOB_SHOTS] = s * fps / 600;
  m->weight[JOB_RENDER] = o->soft ? s * 0.001 : s * fps * pixels / 9e7;
}

void meter_stage(struct meter *m, enum job_stage s) {
  m->stage = s;
  m->stage_began = clock_now();
  m->told = 0;
  meter_tell(m, 0);
}

void meter_tell(struct meter *m, double stage_done) {
  double now = clock_now();
  if (now - m->told < 0.1 && stage_done < 1) return;
  double dt = now - m->told;
  m->told = now;
  if (stage_done < 0) stage_done = 0;
  if (stage_done > 1) stage_done = 1;
  double before = 0, total = 0, after = 0;
  for (int s = 0; s < JOB_STAGES; s++) {
    total += m->weight[s];
    if (s < (int)m->stage) before += m->weight[s];
    if (s > (int)m->stage) after += m->weight[s];
  }
  double done = total > 0 ? (before + stage_done * m->weight[m->stage]) / total : 0;
  if (done > m->done) m->done = done < 1 ? done : 1;
  /* this stage's own pace is trusted once some of it is done; what comes after, as far as this machine keeps to the weights */
  double spent = now - m->stage_began;
  if (stage_done > 0.03 && spent > 0.3) {
    double left = spent * (1 - stage_done) / stage_done;
    double pace = m->weight[m->stage] > 0 ? (spent + left) / m->weight[m->stage] : 1;
    double guess = left + after * (pace < 0.3 ? 0.3 : pace > 5 ? 5 : pace);
    double keep = m->remaining < 0 || dt > 5 ? 0 : 0.8;
    m->remaining = keep * (m->remaining - dt) + (1 - keep) * guess;
    if (m->remaining < 0) m->remaining = 0;
  }
  struct job_progress p = {m->stage, stage_done, m->done, m->remaining};
  if (m->events && m->events->progress) m->events->progress(m->events->ctx, &p);
}
