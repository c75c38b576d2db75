#include "base/transcript.h"

#include <stdlib.h>
#include <string.h>

void transcript_release(struct transcript *t) {
  for (size_t i = 0; i < t->count; i++) free(t->words[i].text);
  free(t->words);
  memset(t, 0, sizeof *t);
}

void transcript_add(struct transcript *t, const char *text, double start, double end, float probability,
                    bool space_before, bool starts_segment) {
  x_grow(&t->words, &t->cap, t->count + 1, sizeof *t->words);
  t->words[t->count++] = (struct word){x_strdup(text), start, end, probability, space_before, starts_segment};
}
