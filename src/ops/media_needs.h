/* Which parts of libav the program uses, and what does not work without each: one table, for doctor, smoke and health. */
#ifndef TITR_OPS_MEDIA_NEEDS_H
#define TITR_OPS_MEDIA_NEEDS_H

#include <stdbool.h>
#include <stddef.h>

/* Calls `missing` for each part that this machine's libraries lack: kind "decoder", name "h264"; `use` goes on after "by which";
 * `vital`: without it no video is made at all. Returns how many parts were looked for; *ret_there (may be NULL) how many are
 * there. */
size_t media_needs_look(void (*missing)(void *ctx, bool vital, const char *kind, const char *name, const char *use),
                        void *ctx, size_t *ret_there);

#endif
