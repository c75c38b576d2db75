/*
 * Hashes of files and streams: the seam to OpenSSL's digests. No other file includes its header.
 *
 *   struct hash *h = hash_new(HASH_SHA256); hash_add(h, bytes, n); hash_hex(h, hex); hash_free(h);
 *
 * Results are lower-case hexadecimal. Comparing them with strcmp() is fine: they are public, not secrets.
 */
#ifndef TITR_BASE_HASH_H
#define TITR_BASE_HASH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

enum hash_kind { HASH_SHA256, HASH_SHA1 };
#define HASH_HEX_SIZE 65 /* room for the longest, with its NUL */

struct hash;

struct hash *hash_new(enum hash_kind kind);
void hash_free(struct hash *h);
DEFINE_FREEP(struct hash, hash_free)
void hash_add(struct hash *h, const void *bytes, size_t n);
void hash_hex(struct hash *h, char out[HASH_HEX_SIZE]); /* once; after it only hash_free() */

/* Of a whole file, read once. ERR_INPUT when it cannot be read, ERR_CANCELLED (`cancel` may be NULL). */
int hash_file(enum hash_kind kind, const char *path, const atomic_bool *cancel, char out[HASH_HEX_SIZE], struct err *e);

/* Git's name of a file's content, SHA-1 of "blob SIZE\0" and the bytes: how a hub names its small files. */
int hash_git_blob(const char *path, char out[HASH_HEX_SIZE], struct err *e);

bool hash_is_hex(const char *s, enum hash_kind kind); /* right length, 0-9a-f only */

#endif
