#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

struct hash {
  EVP_MD_CTX *ctx;
};

/* The digests below exist in every OpenSSL; a failure here is a broken installation or no memory. */
static void must(int ok) {
  if (ok) return;
  fputs("titr: OpenSSL cannot compute a digest\n", stderr);
  abort();
}

struct hash *hash_new(enum hash_kind kind) {
  struct hash *h = NEW(struct hash);
  h->ctx = EVP_MD_CTX_new();
  must(h->ctx != NULL);
  must(EVP_DigestInit_ex(h->ctx, kind == HASH_SHA1 ? EVP_sha1() : EVP_sha256(), NULL));
  return h;
}

void hash_free(struct hash *h) {
  if (!h) return;
  EVP_MD_CTX_free(h->ctx);
  free(h);
}

void hash_add(struct hash *h, const void *bytes, size_t n) {
  must(EVP_DigestUpdate(h->ctx, bytes, n));
}

void hash_hex(struct hash *h, char out[HASH_HEX_SIZE]) {
  unsigned char raw[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  must(EVP_DigestFinal_ex(h->ctx, raw, &n));
  for (unsigned i = 0; i < n; i++) snprintf(out + 2 * i, 3, "%02x", raw[i]);
}

static int add_file(struct hash *h, const char *path, const atomic_bool *cancel, struct err *e) {
  _cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return err_errno(e, ERR_INPUT, errno, "cannot read %s", path);
  enum { CHUNK = 1 << 20 };
  _cleanup_(mem_freep) char *chunk = x_malloc(CHUNK);
  for (;;) {
    if (cancel && atomic_load(cancel)) return err_set(e, ERR_CANCELLED, "cancelled");
    ssize_t n = read(fd, chunk, CHUNK);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return err_errno(e, ERR_INPUT, errno, "cannot read %s", path);
    if (n == 0) return 0;
    hash_add(h, chunk, (size_t)n);
  }
}

int hash_file(enum hash_kind kind, const char *path, const atomic_bool *cancel, char out[HASH_HEX_SIZE],
              struct err *e) {
  _cleanup_(hash_freep) struct hash *h = hash_new(kind);
  int rc = add_file(h, path, cancel, e);
  if (rc == 0) hash_hex(h, out);
  return rc;
}

int hash_git_blob(const char *path, char out[HASH_HEX_SIZE], struct err *e) {
  int64_t size = file_size(path);
  if (size < 0) return err_set(e, ERR_INPUT, "%s is not a file", path);
  char head[32];
  int n = snprintf(head, sizeof head, "blob %lld", (long long)size);
  _cleanup_(hash_freep) struct hash *h = hash_new(HASH_SHA1);
  hash_add(h, head, (size_t)n + 1); /* with its NUL */
  int rc = add_file(h, path, NULL, e);
  if (rc == 0) hash_hex(h, out);
  return rc;
}

bool hash_is_hex(const char *s, enum hash_kind kind) {
  return strlen(s) == (kind == HASH_SHA1 ? 40 : 64) && strspn(s, "0123456789abcdef") == strlen(s);
}
