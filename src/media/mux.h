/*
 * The MP4 that is being written. The file exists already and is written in place through one descriptor: also the
 * pass at the end that moves the index to the front (faststart) reads through it, so that nothing is opened by name
 * again and a sandbox needs to allow one file only.
 *
 *   mux_open -> mux_add for each stream -> mux_start -> mux_write … -> mux_finish -> mux_free
 *
 * Packets may come in any order between streams; they are interleaved here. Times are the output's own timeline.
 * Errors: ERR_IO for a full disk and other trouble with the file, ERR_INPUT when MP4 cannot hold what it is given.
 * One thread at a time.
 */
#ifndef TITR_MEDIA_MUX_H
#define TITR_MEDIA_MUX_H

#include <libavcodec/avcodec.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

struct mux;

int mux_open(const char *path, struct mux **ret, struct err *e);
void mux_free(struct mux *m); /* without mux_finish() the file is left unusable: the caller removes it */
DEFINE_FREEP(struct mux, mux_free)

/* The format's own limits: whether MP4 can hold a copied stream of this codec. */
bool mux_can_hold(enum AVCodecID codec);

/* `p` is copied. `rotation`: display matrix to carry over (9 integers) or NULL. `language` ISO 639 or NULL.
 * *ret_index is for mux_write(). */
int mux_add(struct mux *m, const AVCodecParameters *p, AVRational time_base, AVRational frame_rate,
            const int32_t *rotation, const char *language, int *ret_index, struct err *e);
int mux_start(struct mux *m, struct err *e);

/* Takes the packet's data (it is blank afterwards). Its times are in `time_base`. */
int mux_write(struct mux *m, int index, AVPacket *packet, AVRational time_base, struct err *e);
int mux_finish(struct mux *m, struct err *e);

#endif
