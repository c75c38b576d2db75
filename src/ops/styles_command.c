/* `titr styles`: what captions can look like. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "caption/style.h"
#include "media/media.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "ops/signals.h"

static const struct option_row options[] = {
    {"preview", 0, "DIR", NULL, "render a picture of each style into this folder, as NAME.png"},
    {"vertical", 0, NULL, NULL, "previews of 1080x1920"},
    {"text", 0, "TEXT", NULL, "the text to show in the previews"},
    {0}};

/* A cue of which the third word is being said at the moment of the picture. */
static void sample(struct cue_list *l, const char *text) {
  struct cue *c = cue_list_add(l, 0, 4000, text);
  size_t n = 0, cap = 0;
  for (size_t i = 0; text[i];) {
    size_t len = strcspn(text + i, " \n");
    x_grow(&c->words, &cap, n + 1, sizeof *c->words);
    c->words[n] = (struct cue_word){
        .offset = i, .length = len, .start_ms = (int64_t)n * 500, .end_ms = (int64_t)n * 500 + 500, .probability = 1};
    n++;
    i += len;
    while (text[i] == ' ' || text[i] == '\n') i++;
  }
  c->word_count = n;
}

static int preview(const struct arguments *a, const char *folder, struct err *e) {
  int width = argument_flag(a, "vertical") ? 1080 : 1920, height = argument_flag(a, "vertical") ? 1920 : 1080;
  int rc = file_make_dirs(folder, e);
  _cleanup_(mem_freep) char *work = NULL;
  if (rc == 0) rc = file_temp_dir(&work, e);
  if (rc < 0) return rc;
  _cleanup_(mem_freep) char *script = x_asprintf("%s/style.ass", work);
  _cleanup_(cue_list_release) struct cue_list l = {0};
  sample(&l, argument_text(a, "text", "Good captions are read\nwithout being noticed"));
  const struct caption_style *s;
  const atomic_bool *cancel = signals_cancel_flag();
  for (size_t i = 0; rc == 0 && (s = caption_style_at(i)); i++) {
    _cleanup_(buf_release) struct buf b = BUF_INIT;
    _cleanup_(mem_freep) char *png = x_asprintf("%s/%s.png", folder, caption_style_name(s));
    caption_style_script(s, &l, width, height, CAPTION_BOTTOM, &b);
    rc = file_write(script, buf_str(&b), b.len, 1, e);
    if (rc == 0) rc = media_preview(script, 1.25, width, height, png, e);
    if (rc == 0) printf("%s\n", png);
    if (rc == 0 && atomic_load(cancel)) rc = err_set(e, ERR_CANCELLED, "cancelled");
  }
  file_remove_tree(work);
  return rc;
}

static int run(const struct arguments *a) {
  const char *folder = argument_text(a, "preview", NULL);
  struct err e = {0};
  if (folder) return preview(a, folder, &e) < 0 ? cli_fail(&e) : 0;
  const struct caption_style *s;
  for (size_t i = 0; (s = caption_style_at(i)); i++)
    printf("%-16s %s\n", caption_style_name(s), caption_style_about(s));
  return 0;
}

const struct command command_styles = {.name = "styles",
                                       .about = "list the styles, or render a picture of each",
                                       .examples = "titr styles --preview pictures\tpictures/NAME.png for every style",
                                       .options = options,
                                       .run = run};
