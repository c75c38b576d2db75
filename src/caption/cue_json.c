/* titr's own schema: everything a cue list holds. Members that are not known are passed over, so that others may be added. */
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "caption/formats.h"

#define LEAST_FPS 0.01 /* what is outside is no rate */
#define MOST_FPS  1000

static const int64_t latest = 1000LL * LIMIT_INPUT_SECONDS * 100;

/* Neither a word's start nor its end may cut a character in two. */
static bool is_border(const char *text, size_t at) {
  return ((unsigned char)text[at] & 0xC0) != 0x80;
}

static int read_word(struct js *v, const struct cue *c, struct cue_word *w, struct err *e) {
  int64_t offset, length;
  double probability;
  size_t n = strlen(c->text);
  int rc = js_get_int(v, "offset", 0, (int64_t)n, &offset, e);
  if (rc == 0) rc = js_get_int(v, "length", 0, (int64_t)n - offset, &length, e);
  if (rc == 0) rc = js_get_int(v, "start", 0, latest, &w->start_ms, e);
  if (rc == 0) rc = js_get_int(v, "end", w->start_ms, latest, &w->end_ms, e);
  if (rc == 0) rc = js_get_number(v, "probability", &probability, e);
  if (rc < 0) return rc;
  w->offset = (size_t)offset;
  w->length = (size_t)length;
  if (!is_border(c->text, w->offset) || !is_border(c->text, w->offset + w->length))
    return err_set(e, ERR_INPUT, "offset, length: inside a character");
  w->probability = (float)(probability < 0 ? 0 : probability > 1 ? 1 : probability);
  return 0;
}

static int read_cue(struct js *v, size_t index, const char *what, struct cue_list *ret, struct err *e) {
  int64_t start, end;
  const char *text;
  struct js *words;
  size_t count;
  int rc = js_get_int(v, "start", 0, latest, &start, e);
  if (rc == 0) rc = js_get_int(v, "end", start, latest, &end, e);
  if (rc == 0) rc = js_get_string(v, "text", &text, e);
  if (rc < 0) return err_prefix(e, "%s, cue %zu", what, index + 1);
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  for (; *text; text++)
    if (*text != '\r') buf_addc(&b, *text); /* line ends are '\n' */
  rc = formats_add(ret, start, end, &b, what, index + 1, e);
  if (rc < 0) return rc;
  struct cue *c = &ret->cues[ret->count - 1];
  const char *id = js_string_or(v, "id", NULL), *settings = js_string_or(v, "settings", NULL);
  if (id) c->id = x_strdup(id);
  if (settings) c->settings = x_strdup(settings);
  if (js_get_array(v, "words", &words, &count, NULL) < 0 || count == 0) return 0;
  if (count > LIMIT_CUE_BYTES)
    return err_set(e, ERR_INPUT, "%s, cue %zu: more than %d words", what, index + 1, LIMIT_CUE_BYTES);
  c->words = NEW_ARRAY(struct cue_word, count);
  for (size_t i = 0; i < count; i++) {
    rc = read_word(js_item(words, i), c, &c->words[i], e);
    if (rc < 0) return err_prefix(e, "%s, cue %zu, word %zu", what, index + 1, i + 1);
    c->word_count++;
  }
  return 0;
}

int cue_json_read(const char *text, size_t n, const char *what, struct cue_list *ret, struct err *e) {
  _cleanup_(js_freep) struct js *root = NULL;
  struct js *cues;
  size_t count;
  int64_t schema;
  int rc = js_parse(text, n, what, &root, e);
  if (rc < 0) return rc;
  rc = js_get_int(root, "titr", 1, 1, &schema, e);
  if (rc == 0) rc = js_get_array(root, "cues", &cues, &count, e);
  if (rc < 0) return err_prefix(e, "%s", what);
  const char *language = js_string_or(root, "language", "");
  if (strlen(language) < sizeof ret->language) memcpy(ret->language, language, strlen(language) + 1);
  double fps = js_number_or(root, "fps", 0);
  ret->fps = fps >= LEAST_FPS && fps <= MOST_FPS ? fps : 0;
  for (size_t i = 0; rc == 0 && i < count; i++) rc = read_cue(js_item(cues, i), i, what, ret, e);
  return rc;
}

static void write_words(const struct cue *c, struct js_writer *w) {
  js_key(w, "words");
  js_begin(w, '[');
  for (size_t i = 0; i < c->word_count; i++) {
    const struct cue_word *word = &c->words[i];
    struct js_writer flat = JS_WRITER(w->out, 0); /* a word a line */
    if (w->comma) buf_addc(w->out, ',');
    buf_adds(w->out, "\n     ");
    js_begin(&flat, '{');
    js_key(&flat, "offset");
    js_int(&flat, (int64_t)word->offset);
    js_key(&flat, "length");
    js_int(&flat, (int64_t)word->length);
    js_key(&flat, "start");
    js_int(&flat, word->start_ms);
    js_key(&flat, "end");
    js_int(&flat, word->end_ms);
    js_key(&flat, "probability");
    js_double(&flat, (double)word->probability, 4);
    js_end(&flat, '}');
    w->comma = true;
  }
  js_end(w, ']');
}

void cue_json_write(const struct cue_list *l, struct buf *out) {
  struct js_writer w = JS_WRITER(out, 1);
  js_begin(&w, '{');
  js_key(&w, "titr");
  js_int(&w, 1);
  js_key(&w, "language");
  js_string(&w, l->language);
  if (l->fps > 0) {
    js_key(&w, "fps");
    js_double(&w, l->fps, 5);
  }
  js_key(&w, "cues");
  js_begin(&w, '[');
  for (size_t i = 0; i < l->count; i++) {
    const struct cue *c = &l->cues[i];
    js_begin(&w, '{');
    js_key(&w, "start");
    js_int(&w, c->start_ms);
    js_key(&w, "end");
    js_int(&w, c->end_ms);
    js_key(&w, "text");
    js_string(&w, c->text);
    if (c->id) {
      js_key(&w, "id");
      js_string(&w, c->id);
    }
    if (c->settings) {
      js_key(&w, "settings");
      js_string(&w, c->settings);
    }
    if (c->word_count) write_words(c, &w);
    js_end(&w, '}');
  }
  js_end(&w, ']');
  js_end(&w, '}');
  buf_addc(out, '\n');
}
