/*
 * Opening a media file inside the sandboxed child. libav* never opens anything by itself: the file is a descriptor behind
 * our own I/O, no protocol is allowed, only formats of the list in input.c are tried, and whatever a file refers
 * to elsewhere (playlists, external tracks) is refused with a sentence that says so.
 */
#ifndef TITR_MEDIA_INPUT_H
#define TITR_MEDIA_INPUT_H

#include <libavformat/avformat.h>

#include "base/err.h"

/* Opens and finds the streams. Checks size, number of streams, dimensions, encryption. On success the caller owns *ret and
 * gives it back to input_close(). ERR_INPUT with one line: what is wrong, to which file, what to do. */
int input_open(const char *path, AVFormatContext **ret, struct err *e);
void input_close(AVFormatContext **f); /* accepts NULL inside */

/* The stream to show, or to hear: the default one, else the largest or the one with most channels. -1: none. A cover picture
 * is no video. */
int input_video(const AVFormatContext *f);
int input_audio(const AVFormatContext *f);

/* Packets of the other streams are not even read. */
void input_only(AVFormatContext *f, int stream);

/* Where time 0 of our timeline lies on the file's own, in AV_TIME_BASE units: the start of the earliest of the two streams. */
int64_t input_origin(const AVFormatContext *f);

#endif
