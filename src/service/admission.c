#include "service/admission.h"

#include "base/machine.h"

#define MB (1024LL * 1024)

static const int64_t render_bytes = 550 * MB;      /* a job's own peak: decoder, filters, x264's lookahead */
static const int64_t recognition_bytes = 300 * MB; /* beside the weights: windows and beams under way, the libraries */

int64_t admission_estimate(int jobs, int64_t model_bytes) {
  /* the file stays mapped, and its packed form is about as large again */
  return 2 * model_bytes + recognition_bytes + jobs * render_bytes;
}

int admission_most(int wish, int64_t model_bytes, int64_t budget) {
  int n = wish;
  while (n > 1 && admission_estimate(n, model_bytes) > budget) n--;
  return n < 1 ? 1 : n;
}

bool admission_room_of(int running, int growing, int64_t left) {
  return running == 0 || left < 0 || left >= (growing + 1) * render_bytes;
}

bool admission_room(int running, int growing) {
  return running == 0 || admission_room_of(running, growing, machine_memory().left);
}
