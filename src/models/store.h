/*
 * Where models lie on this machine, and what is recorded about them. Inside the models module only.
 *
 *   STORAGE_PATH/.models/NAME/            a whole model, with titr-model.json (what it is made of)
 *   STORAGE_PATH/.models/.NAME.part/      an unfinished pull: verified FILEs, FILE.part, wheels/, tmp/
 *   STORAGE_PATH/.models/.NAME.lock       held (flock) by whoever changes NAME
 */
#ifndef TITR_MODELS_STORE_H
#define TITR_MODELS_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "models/registry.h"

#define STORE_RECORD "titr-model.json"

char *store_root(void); /* STORAGE_PATH/.models; caller frees, as with the next two */
char *store_folder(const char *name);
char *store_part_folder(const char *name);

/* Takes the lock on `name`, waiting for its holder; *ret_fd is closed by store_unlock(). ERR_CANCELLED, ERR_IO. */
int store_lock(const char *name, const atomic_bool *cancel, int *ret_fd, struct err *e);
void store_unlock(const char *name, int fd);

/* What is known of a file: from the registry, a titr-model.json or the hub. */
struct file_facts {
  int64_t bytes;                /* -1: not known */
  char sha256[HASH_HEX_SIZE];   /* "": not known */
  char git_sha1[HASH_HEX_SIZE]; /* the hub's name of a small file; "": not known */
};
struct file_facts store_registry_facts(const struct registry_file *f);

/* Fills what `facts` does not know yet from a titr-model.json text: false when it says nothing about `file`. */
bool store_record_facts(const char *json, size_t n, const char *file, struct file_facts *facts);
bool store_recorded_facts(const char *dir, const char *file, struct file_facts *facts); /* of a model's folder */

/* 0 when the file is what `facts` say; ERR_MODEL with what is wrong. The SHA-256 that was found is put into `facts`. */
int store_check(const char *path, struct file_facts *facts, const atomic_bool *cancel, struct err *e);

/* Whether `dir` holds all of the model's files, by name and size. */
bool store_has_all(const char *dir, const struct registry_model *m);

/* The folder that holds the model (m may be NULL: any folder of that name with weights in it); NULL when none.
 * Caller frees. */
char *store_find(const char *name, const struct registry_model *m);
bool store_has_weights(const char *dir);

/* A model's folder and all in it; of a link to a folder elsewhere only the link. */
void store_remove(const char *dir);

#endif
