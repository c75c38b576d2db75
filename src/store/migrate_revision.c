/* The next step's folder in the source tree: `titr migrate revision -m "…"`. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "store/migrate.h"

enum { SLUG_MOST = 40, LAST = 9999 };

static void slug(const char *message, char out[SLUG_MOST + 1]) {
  size_t n = 0;
  for (const unsigned char *p = (const unsigned char *)message; *p && n < SLUG_MOST; p++) {
    bool word = *p < 128 && isalnum(*p);
    if (word) out[n++] = (char)tolower(*p);
    else if (n && out[n - 1] != '_') out[n++] = '_';
  }
  while (n && out[n - 1] == '_') n--;
  out[n] = '\0';
}

/* The highest number in the folder, 0 when it holds no step; ERR_USAGE when there is no such folder. */
static int highest(const char *folder, struct err *e) {
  DIR *d = opendir(folder);
  if (!d)
    return err_errno(e, ERR_USAGE, errno,
                     "a new migration is made in titr's source tree, and there is no folder %s here", folder);
  int most = 0;
  for (struct dirent *entry; (entry = readdir(d));) {
    char *end;
    long n = strtol(entry->d_name, &end, 10);
    if (end == entry->d_name + 4 && *end == '_' && n > most) most = (int)n;
  }
  closedir(d);
  return most;
}

int migrate_revision(const char *folder, const char *message, char **ret_path, struct err *e) {
  static const struct {
    const char *file, *text;
  } files[] = {
      {"up.sqlite.sql", "-- %s\n"},
      {"up.postgres.sql", "-- %s\n"},
      {"down.sqlite.sql",
       "-- drops data\n-- Undoes: %s. The first line makes `titr migrate downgrade` ask; without it, it does not.\n"},
      {"down.postgres.sql",
       "-- drops data\n-- Undoes: %s. The first line makes `titr migrate downgrade` ask; without it, it does not.\n"}};
  char name[SLUG_MOST + 1];
  slug(message, name);
  if (!*name) return err_set(e, ERR_USAGE, "the message names the folder: it needs letters (a-z) or digits");
  int last = highest(folder, e);
  if (last < 0) return last;
  if (last >= LAST) return err_set(e, ERR_FAIL, "%s has migration %d already, the last number there is", folder, LAST);
  _cleanup_(mem_freep) char *path = x_asprintf("%s/%04d_%s", folder, last + 1, name);
  if (mkdir(path, 0755) < 0) return err_errno(e, ERR_IO, errno, "cannot make %s", path);
  _cleanup_(mem_freep) char *line = x_strdup(message); /* a comment ends with its line */
  for (char *p = line; *p; p++)
    if (iscntrl((unsigned char)*p)) *p = ' ';
  for (size_t i = 0; i < ARRAY_LEN(files); i++) {
    _cleanup_(mem_freep) char *file = x_asprintf("%s/%s", path, files[i].file);
    _cleanup_(buf_release) struct buf text = BUF_INIT;
    const char *at = strstr(files[i].text, "%s");
    buf_add(&text, files[i].text, (size_t)(at - files[i].text));
    buf_adds(&text, line);
    buf_adds(&text, at + 2);
    int rc = file_write(file, buf_str(&text), text.len, 0, e);
    if (rc < 0) return rc;
  }
  *ret_path = TAKE(path);
  return 0;
}
