/*
 * What the sandboxed child does with media files. One function an operation; each validates its own request (a JSON
 * object written by the parent's side in this folder) and runs with no network and only the paths of its child_spec.
 */
#ifndef TITR_MEDIA_CHILD_OPS_H
#define TITR_MEDIA_CHILD_OPS_H

#include "base/child.h"

int media_child_probe(struct js *request, struct child_io *io, struct err *e);
int media_child_pcm(struct js *request, struct child_io *io, struct err *e);
int media_child_shots(struct js *request, struct child_io *io, struct err *e);
int media_child_render(struct js *request, struct child_io *io, struct err *e);
int media_child_preview(struct js *request, struct child_io *io, struct err *e);

#endif
