#include "media/abilities.h"

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>

#include "media/subtitle_burn.h"

bool media_has(enum media_part part, const char *name) {
  const AVCodecDescriptor *codec;
  switch (part) {
  case MEDIA_DECODER: return (codec = avcodec_descriptor_get_by_name(name)) && avcodec_find_decoder(codec->id);
  case MEDIA_ENCODER: return avcodec_find_encoder_by_name(name) != NULL;
  case MEDIA_DEMUXER: return av_find_input_format(name) != NULL;
  case MEDIA_MUXER: return av_guess_format(name, NULL, NULL) != NULL;
  case MEDIA_FILTER: return avfilter_get_by_name(name) != NULL;
  }
  return false;
}

int media_draws_text(struct err *e) {
  static const char script[] = "[Script Info]\nScriptType: v4.00+\nPlayResX: 64\nPlayResY: 64\n\n[V4+ Styles]\n"
                               "Format: Name, Fontname, Fontsize, PrimaryColour\nStyle: A,Noto Sans,40,&H00FFFFFF\n\n"
                               "[Events]\nFormat: Start, End, Style, Text\nDialogue: 0:00:00.00,0:00:01.00,A,A\n";
  _cleanup_(subtitle_burn_freep) struct subtitle_burn *b = NULL;
  struct err why = {0};
  if (subtitle_burn_open(script, sizeof script - 1, 64, 64, &b, &why) < 0)
    return err_set(e, ERR_UNSUPPORTED, "%s", why.msg);
  if (!subtitle_burn_at(b, 0.5, NULL)->w) return err_set(e, ERR_UNSUPPORTED, "libass draws no letter: it has no font");
  return 0;
}
