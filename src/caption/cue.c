#include "caption/cue.h"

#include <stdlib.h>
#include <string.h>

void cue_list_release(struct cue_list *l) {
  for (size_t i = 0; i < l->count; i++) {
    free(l->cues[i].text);
    free(l->cues[i].words);
    free(l->cues[i].id);
    free(l->cues[i].settings);
  }
  free(l->cues);
  memset(l, 0, sizeof *l);
}

struct cue *cue_list_add(struct cue_list *l, int64_t start_ms, int64_t end_ms, const char *text) {
  x_grow(&l->cues, &l->cap, l->count + 1, sizeof *l->cues);
  struct cue *c = &l->cues[l->count++];
  *c = (struct cue){.start_ms = start_ms, .end_ms = end_ms, .text = x_strdup(text)};
  return c;
}
