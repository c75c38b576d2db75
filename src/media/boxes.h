/*
 * A look of our own at the boxes of an MP4 or QuickTime file, for two things that libavformat does not tell: that the tracks are
 * encrypted (it would decode noise), and that they lie in other files (it would skip them). ISO/IEC 14496-12 (sinf, dref),
 * QuickTime File Format (alis). Runs in the sandboxed child; bounded in depth and number of boxes.
 */
#ifndef TITR_MEDIA_BOXES_H
#define TITR_MEDIA_BOXES_H

#include <stdbool.h>

struct boxes_findings {
  bool encrypted; /* a sample entry encv, enca, drms or drmi */
  bool elsewhere; /* a data reference that names another file or address */
};

/* Reads from `fd` and leaves its position at the start. A file that has no such boxes, or broken ones, gives no findings. */
struct boxes_findings boxes_look(int fd);

#endif
