#include "subtitle_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return try_subtitles(data, size, CAPTION_JSON);
}
