#include "pipeline/child_ops.h"

#include "base/child.h"
#include "media/child_ops.h"
#include "pipeline/subtitles.h"

static const struct child_op ops[] = {
    {"probe", media_child_probe},   {"pcm", media_child_pcm},         {"shots", media_child_shots},
    {"render", media_child_render}, {"preview", media_child_preview}, {"subtitles", subtitles_child},
};

int child_ops_main(int argc, char **argv) {
  return child_main(argc, argv, ops, ARRAY_LEN(ops));
}
