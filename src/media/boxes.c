/*
 * DESIGN. A recursive walk that enters only the boxes on the way to stsd and dref and steps over all others by their
 * size, so that it reads a few hundred bytes of a file of any size. What does not add up ends the walk of that box:
 * libavformat judges damage, not we.
 */
#include "media/boxes.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { DEEPEST = 8, MOST_BOXES = 4096, MOST_ENTRIES = 64 };

struct walk {
  int fd;
  int boxes; /* seen so far */
  struct boxes_findings found;
};

struct box {
  char kind[5];
  int64_t body, end; /* positions in the file */
};

static uint32_t be32(const unsigned char *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool fetch(const struct walk *w, int64_t at, unsigned char *to, size_t n) {
  return pread(w->fd, to, n, at) == (ssize_t)n;
}

/* The box that begins at `at` and lies before `limit`. */
static bool read_box(struct walk *w, int64_t at, int64_t limit, struct box *b) {
  unsigned char head[16];
  if (++w->boxes > MOST_BOXES || limit - at < 8 || !fetch(w, at, head, 8)) return false;
  int64_t size = be32(head);
  b->body = at + 8;
  if (size == 1) {
    if (!fetch(w, at + 8, head + 8, 8) || head[8] & 0x80) return false;
    size = (int64_t)be32(head + 8) << 32 | be32(head + 12);
    b->body = at + 16;
  } else if (size == 0) {
    size = limit - at; /* up to the end */
  }
  if (size < b->body - at || size > limit - at) return false;
  memcpy(b->kind, head + 4, 4);
  b->kind[4] = '\0';
  b->end = at + size;
  return true;
}

static bool is_one_of(const char *kind, const char *list) {
  for (; *list; list += 4)
    if (memcmp(kind, list, 4) == 0) return true;
  return false;
}

/* A list of boxes after 4 bytes of version and flags and 4 of count. */
static void read_entries(struct walk *w, const struct box *list) {
  bool references = strcmp(list->kind, "dref") == 0;
  struct box entry;
  int n = 0;
  for (int64_t at = list->body + 8; n < MOST_ENTRIES && read_box(w, at, list->end, &entry); at = entry.end, n++) {
    unsigned char flags[5];
    if (!references) {
      if (is_one_of(entry.kind, "encvencadrmsdrmi")) w->found.encrypted = true;
    } else if (entry.end - entry.body > 4 && fetch(w, entry.body, flags, 5)) {
      /* flag 1: the samples are in this file. Without it, and with a name: in another. */
      if (!(flags[3] & 1) && (flags[4] || strcmp(entry.kind, "alis") == 0)) w->found.elsewhere = true;
    }
  }
}

static void walk(struct walk *w, int64_t at, int64_t limit, int depth) {
  struct box b;
  for (; depth < DEEPEST && read_box(w, at, limit, &b); at = b.end) {
    if (is_one_of(b.kind, "stsddref")) read_entries(w, &b);
    else if (is_one_of(b.kind, "moovtrakmdiaminfdinfstbl")) walk(w, b.body, b.end, depth + 1);
  }
}

struct boxes_findings boxes_look(int fd) {
  struct walk w = {.fd = fd};
  unsigned char head[8];
  off_t size = lseek(fd, 0, SEEK_END);
  lseek(fd, 0, SEEK_SET);
  if (size > 0 && fetch(&w, 0, head, sizeof head) &&
      is_one_of((const char *)head + 4, "ftypmoovmdatfreeskipwidepnotuuidstyp"))
    walk(&w, 0, size, 0);
  return w.found;
}
