/* Runs a fuzz target's corpus once, for builds without libFuzzer: FUZZ_PROGRAM FILE-OR-FOLDER... */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f) return 0;
  uint8_t *data = NULL;
  size_t n = 0, cap = 0;
  for (;;) {
    if (n == cap && !(data = realloc(data, cap = cap ? cap * 2 : 4096))) abort();
    size_t got = fread(data + n, 1, cap - n, f);
    if (got == 0) break;
    n += got;
  }
  fclose(f);
  LLVMFuzzerTestOneInput(data, n);
  free(data);
  return 1;
}

int main(int argc, char **argv) {
  int ran = 0;
  for (int i = 1; i < argc; i++) {
    struct stat st;
    DIR *d = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode) ? opendir(argv[i]) : NULL;
    if (!d) {
      ran += run_file(argv[i]);
      continue;
    }
    for (struct dirent *entry; (entry = readdir(d));) {
      char path[4096];
      snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
      if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) ran += run_file(path);
    }
    closedir(d);
  }
  printf("%d inputs replayed\n", ran);
  return ran > 0 ? 0 : 1;
}
