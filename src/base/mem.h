/*
 * Memory. Out of memory aborts with a message (a worker is a process; its job is retried), so nothing
 * here returns NULL. Sizes are multiplied with an overflow check, which aborts too.
 */
#ifndef TITR_BASE_MEM_H
#define TITR_BASE_MEM_H

#include <stddef.h>

void *x_malloc(size_t size) __attribute__((malloc, returns_nonnull));
void *x_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *x_realloc_array(void *p, size_t count, size_t size) __attribute__((returns_nonnull));
char *x_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *x_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *x_asprintf(const char *fmt, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* 64-byte aligned, for tensors; freed with free(). Contents are undefined. */
void *x_aligned(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Makes room for `need` elements in a growing array: *p of *cap elements of `size` bytes each. */
void x_grow(void *p_to_pointer, size_t *cap, size_t need, size_t size);

/* Gives back to the system what free() keeps for later: after a piece of work that took much. */
void mem_trim(void);

#define NEW(type)          ((type *)x_calloc(1, sizeof(type)))
#define NEW_ARRAY(type, n) ((type *)x_calloc((n), sizeof(type)))
#define ARRAY_LEN(a)       (sizeof(a) / sizeof *(a))

/* Cleanup at the end of the scope: `_cleanup_(buf_freep) …`. One `x_freep(T **)` or `x_releasep(T *)` a type. */
#define _cleanup_(f) __attribute__((cleanup(f)))
#define DEFINE_FREEP(type, free_fn)                                                                                    \
  static inline void free_fn##p(type **p) {                                                                            \
    if (*p) free_fn(*p);                                                                                               \
  }
void mem_freep(void *p_to_pointer); /* for char * and plain arrays: `_cleanup_(mem_freep) char *s` */
void fd_closep(int *fd);            /* closes fd >= 0, keeps errno */

/* Takes the value out of a pointer that would otherwise be freed at the end of the scope. */
#define TAKE(p)                                                                                                        \
  __extension__({                                                                                                      \
    __typeof__(p) taken_ = (p);                                                                                        \
    (p) = NULL;                                                                                                        \
    taken_;                                                                                                            \
  })

#endif
