#include "base/mem.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noreturn)) static void out_of_memory(size_t size) {
  char line[96];
  int n = snprintf(line, sizeof line, "titr: out of memory (%zu bytes wanted)\n", size);
  if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0) { /* nothing more can be done */
  }
  abort();
}

static size_t times(size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) out_of_memory(SIZE_MAX);
  return total;
}

void *x_malloc(size_t size) {
  void *p = malloc(size ? size : 1);
  if (!p) out_of_memory(size);
  return p;
}

void *x_calloc(size_t count, size_t size) {
  size_t total = times(count, size);
  void *p = calloc(1, total ? total : 1);
  if (!p) out_of_memory(total);
  return p;
}

void *x_realloc_array(void *old, size_t count, size_t size) {
  size_t total = times(count, size);
  void *p = realloc(old, total ? total : 1);
  if (!p) out_of_memory(total);
  return p;
}

char *x_strdup(const char *s) {
  return x_strndup(s, strlen(s));
}

char *x_strndup(const char *s, size_t n) {
  n = strnlen(s, n);
  char *p = x_malloc(n + 1);
  memcpy(p, s, n);
  p[n] = '\0';
  return p;
}

char *x_asprintf(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  char *p = NULL;
  int n = vasprintf(&p, fmt, ap);
  va_end(ap);
  if (n < 0 || !p) out_of_memory(0);
  return p;
}

void *x_aligned(size_t count, size_t size) {
  size_t total = times(count, size);
  if (total > SIZE_MAX - 64) out_of_memory(total);
  total = (total + 63) / 64 * 64;
  void *p = aligned_alloc(64, total ? total : 64);
  if (!p) out_of_memory(total);
  return p;
}

void x_grow(void *p_to_pointer, size_t *cap, size_t need, size_t size) {
  if (need <= *cap) return;
  size_t wanted = *cap ? *cap : 8;
  while (wanted < need) wanted = wanted > SIZE_MAX / 2 ? need : wanted * 2;
  void *p;
  memcpy(&p, p_to_pointer, sizeof p);
  p = x_realloc_array(p, wanted, size);
  memcpy(p_to_pointer, &p, sizeof p);
  *cap = wanted;
}

void mem_trim(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

void mem_freep(void *p_to_pointer) {
  void *p;
  memcpy(&p, p_to_pointer, sizeof p);
  free(p);
}

void fd_closep(int *fd) {
  int saved = errno;
  if (*fd >= 0) close(*fd);
  *fd = -1;
  errno = saved;
}
