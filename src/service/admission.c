#include "service/admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MB (1024LL * 1024)

static const int64_t render_bytes = 450 * MB;      /* a job's own peak: decoder, filters, x264's lookahead */
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

bool admission_room(int running) {
  if (running == 0) return true;
  FILE *f = fopen("/proc/meminfo", "re");
  if (!f) return true;
  static const char key[] = "MemAvailable:";
  char line[128];
  long long kb = -1;
  while (kb < 0 && fgets(line, sizeof line, f))
    if (strncmp(line, key, sizeof key - 1) == 0) kb = strtoll(line + sizeof key - 1, NULL, 10);
  fclose(f);
  return kb < 0 || kb * 1024 >= render_bytes;
}
