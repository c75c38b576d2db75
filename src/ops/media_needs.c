#include "ops/media_needs.h"

#include <string.h>

#include "base/mem.h"
#include "media/abilities.h"

static const char *const kinds[] = {[MEDIA_DECODER] = "decoder",
                                    [MEDIA_ENCODER] = "encoder",
                                    [MEDIA_DEMUXER] = "demuxer",
                                    [MEDIA_MUXER] = "muxer",
                                    [MEDIA_FILTER] = "filter"};

static const struct {
  enum media_part part;
  const char *names; /* separated by spaces */
  bool vital;
  const char *use;
} needs[] = {
    {MEDIA_DEMUXER, "mov", true, "MP4 files are opened"},
    {MEDIA_DECODER, "h264", true, "most videos are read"},
    {MEDIA_DECODER, "aac", true, "the sound of most videos is read"},
    {MEDIA_FILTER, "buffer buffersink scale crop format setsar", true, "pictures get their size"},
    {MEDIA_ENCODER, "libx264", true, "videos are made"},
    {MEDIA_ENCODER, "aac", true, "videos are made"},
    {MEDIA_MUXER, "mp4", true, "videos are made"},
    {MEDIA_DEMUXER, "matroska ogg mp3 wav flac mpegts avi flv", false, "such files are opened"},
    {MEDIA_DECODER, "hevc vp8 vp9 av1 mpeg4 mpeg2video", false, "such videos are read"},
    {MEDIA_DECODER, "opus vorbis mp3 flac ac3 pcm_s16le", false, "such sound is read"},
    {MEDIA_FILTER, "transpose hflip vflip", false, "turned videos are put upright"},
    {MEDIA_FILTER, "bwdif", false, "interlaced videos are read"},
    {MEDIA_FILTER, "zscale tonemap", false, "HDR videos are read"},
    {MEDIA_FILTER, "pad split overlay gblur lutyuv", false, "--fit pad and blur work"},
    {MEDIA_DECODER, "subrip", false, "--soft works"},
    {MEDIA_ENCODER, "mov_text", false, "--soft works"},
    {MEDIA_DECODER, "png", false, "--watermark takes a picture"},
    {MEDIA_ENCODER, "png", false, "styles --preview works"},
};

size_t media_needs_look(void (*missing)(void *ctx, bool vital, const char *kind, const char *name, const char *use),
                        void *ctx, size_t *ret_there) {
  size_t count = 0, there = 0;
  for (size_t i = 0; i < ARRAY_LEN(needs); i++)
    for (const char *at = needs[i].names; *at; at += strspn(at, " ")) {
      size_t n = strcspn(at, " ");
      _cleanup_(mem_freep) char *name = x_strndup(at, n);
      at += n;
      count++;
      if (media_has(needs[i].part, name)) there++;
      else missing(ctx, needs[i].vital, kinds[needs[i].part], name, needs[i].use);
    }
  if (ret_there) *ret_there = there;
  return count;
}
