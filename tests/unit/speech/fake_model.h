/* Model folders made up for tests: a vocabulary of all bytes, a few joined tokens and fillers; model.bin files written
 * tensor by tensor, with holes in place of numbers where only shapes matter. */
#ifndef TITR_TESTS_FAKE_MODEL_H
#define TITR_TESTS_FAKE_MODEL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/utf8.h"
#include "speech/tokenizer.h"

enum { FAKE_VOCABULARY = 51865 };

static inline char *fake_path(const char *dir, const char *name) {
  return x_asprintf("%s/%s", dir, name);
}

static inline void fake_file(const char *dir, const char *name, const void *bytes, size_t n) {
  char *path = fake_path(dir, name);
  if (file_write(path, bytes, n, 1, NULL) < 0) abort();
  free(path);
}

static inline char *fake_folder(void) {
  char *dir = NULL;
  if (file_temp_dir(&dir, NULL) < 0) abort();
  return dir;
}

/* GPT-2's order: the bytes that print, then the others; 256 and on are joined tokens in the order of their merges. */
static inline void fake_vocabulary_lines(struct buf *b, int vocab) {
  static const char *const joined[] = {"Ġt", "Ġth", "Ġthe", "Ġc", "Ġca", "Ġcat", "Ġ\"", "Ã©", "Ð¶"};
  int id = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int byte = 0, other = 0; byte < 256; byte++) {
      int prints = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      char utf8[4];
      if (prints != (pass == 0)) continue;
      buf_add(b, utf8, utf8_put(prints ? (uint32_t)byte : (uint32_t)(0x100 + other++), utf8));
      buf_addc(b, '\n');
      id++;
    }
  for (size_t i = 0; i < sizeof joined / sizeof *joined; i++, id++) buf_addf(b, "%s\n", joined[i]);
  for (; id < vocab; id++) buf_addf(b, "<filler%d>\n", id);
}

static inline int fake_tokenizer(int vocab, struct tokenizer **ret) {
  char *dir = fake_folder();
  struct buf b = BUF_INIT;
  struct err e = {0};
  fake_vocabulary_lines(&b, vocab);
  fake_file(dir, "vocabulary.txt", b.data, b.len);
  int rc = tokenizer_open(dir, vocab, ret, &e);
  if (rc < 0) fprintf(stderr, "%s\n", e.msg);
  buf_release(&b);
  file_remove_tree(dir);
  free(dir);
  return rc;
}

#endif
