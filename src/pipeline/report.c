#include "pipeline/report.h"

#include "base/json.h"

void report_append(struct buf *json_object, const struct job_result *r) {
  while (json_object->len && json_object->data[json_object->len - 1] != '}') json_object->len--;
  if (!json_object->len) return;
  json_object->len--;
  while (json_object->len &&
         (json_object->data[json_object->len - 1] == '\n' || json_object->data[json_object->len - 1] == ' '))
    json_object->len--;
  const struct speech_report *s = &r->speech;
  const struct {
    const char *name;
    double value;
  } seconds[] = {{"load", s->load},     {"read", s->read},           {"vad", s->vad},
                 {"mel", s->mel},       {"encode", s->encode},       {"decode", s->decode},
                 {"align", s->align},   {"recognize", s->total},     {"shots_wait", r->shots_wait},
                 {"render", r->render}, {"audio", s->audio_seconds}, {"speech", s->speech_seconds}};
  struct js_writer w = JS_WRITER(json_object, 0);
  buf_adds(json_object, ",\n  \"report\": ");
  js_begin(&w, '{');
  js_key(&w, "language_probability");
  js_double(&w, (double)r->language_probability, 3);
  js_key(&w, "seconds");
  js_begin(&w, '{');
  for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
    js_key(&w, seconds[i].name);
    js_double(&w, seconds[i].value, 3);
  }
  js_end(&w, '}');
  const struct {
    const char *name;
    size_t value;
  } counts[] = {{"windows", s->windows}, {"tokens", s->tokens}, {"fallbacks", s->fallbacks}, {"dropped", s->dropped}};
  for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
    js_key(&w, counts[i].name);
    js_int(&w, (int64_t)counts[i].value);
  }
  js_end(&w, '}');
  buf_adds(json_object, "\n}\n");
}
