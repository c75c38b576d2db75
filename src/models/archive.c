#include "models/archive.h"

#include <errno.h>
#include <unistd.h>
#include <zip.h>

#include "base/file.h"
#include "base/mem.h"

DEFINE_FREEP(zip_t, zip_discard)

static void close_entry(zip_file_t *f) {
  zip_fclose(f);
}
DEFINE_FREEP(zip_file_t, close_entry)

static int copy(zip_file_t *f, const char *entry, int fd, int64_t max, const atomic_bool *cancel, struct err *e) {
  enum { CHUNK = 1 << 18 };
  _cleanup_(mem_freep) char *chunk = x_malloc(CHUNK);
  int64_t total = 0;
  for (;;) {
    if (cancel && atomic_load(cancel)) return err_set(e, ERR_CANCELLED, "cancelled");
    zip_int64_t n = zip_fread(f, chunk, CHUNK);
    if (n < 0) return err_set(e, ERR_INPUT, "%s is damaged: %s", entry, zip_file_strerror(f));
    if (n == 0) return 0;
    total += n;
    if (total > max)
      return err_set(e, ERR_INPUT, "%s is larger than the %lld bytes it may have", entry, (long long)max);
    if (file_write_fd(fd, chunk, (size_t)n) < 0)
      return err_errno(e, ERR_IO, errno, "cannot write %s", file_name(entry));
  }
}

int archive_extract(const char *path, const char *entry, int fd, int64_t max, const atomic_bool *cancel,
                    struct err *e) {
  int code = 0;
  _cleanup_(zip_discardp) zip_t *z = zip_open(path, ZIP_RDONLY, &code);
  if (!z) {
    zip_error_t why;
    zip_error_init_with_code(&why, code);
    err_set(e, ERR_INPUT, "%s cannot be opened: %s", file_name(path), zip_error_strerror(&why));
    zip_error_fini(&why);
    return ERR_INPUT;
  }
  zip_stat_t st;
  zip_stat_init(&st);
  if (zip_stat(z, entry, ZIP_FL_ENC_RAW, &st) < 0) return err_set(e, ERR_INPUT, "%s has no %s", file_name(path), entry);
  if ((st.valid & ZIP_STAT_SIZE) && st.size > (zip_uint64_t)max)
    return err_set(e, ERR_INPUT, "%s is larger than the %lld bytes it may have", entry, (long long)max);
  _cleanup_(close_entryp) zip_file_t *f = zip_fopen_index(z, st.index, 0);
  if (!f) return err_set(e, ERR_INPUT, "%s in %s cannot be read: %s", entry, file_name(path), zip_strerror(z));
  return copy(f, entry, fd, max, cancel, e);
}
