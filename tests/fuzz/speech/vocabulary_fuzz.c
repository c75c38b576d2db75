/* The first byte says under which name the rest is found as a vocabulary. One that is accepted must give back a text
 * and split it into words that are the text. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "speech/tokenizer.h"

enum { VOCABULARY = 51865 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *folder; /* on /dev/shm where there is one: a file is written for each input */

static void remove_folder(void) {
  file_remove_tree(folder);
  free(folder);
}

static void use(const struct tokenizer *t) {
  static const char text[] = " the cat's 12\xC3\xA9 \xE4\xBD\xA0!";
  int *ids = NULL;
  size_t n = 0;
  if (tokenizer_encode(t, text, &ids, &n, NULL) < 0) abort();
  char *back = tokenizer_decode(t, ids, n);
  if (strcmp(back, text) != 0) abort();
  struct token_word *words;
  size_t count = tokenizer_split(t, ids, n, "en", &words), at = 0;
  for (size_t i = 0; i < count; i++) {
    if (strncmp(back + at, words[i].text, strlen(words[i].text)) != 0) abort();
    at += strlen(words[i].text);
    free(words[i].text);
  }
  if (back[at] != '\0') abort();
  free(words);
  free(back);
  free(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const names[] = {"vocabulary.txt", "vocabulary.json", "vocab.json"};
  if (size == 0) return 0;
  if (!folder) {
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0);
    if (file_temp_dir(&folder, NULL) < 0) abort();
    atexit(remove_folder);
  }
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, names[data[0] % 3]);
  int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1)) abort();
  close(fd);
  struct tokenizer *t = NULL;
  struct err e = {0};
  if (tokenizer_open(folder, VOCABULARY, &t, &e) == 0) {
    use(t);
    tokenizer_free(t);
  }
  unlink(path);
  return 0;
}
