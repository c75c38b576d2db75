#include "pipeline/subtitles.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"

enum { READ_SECONDS = 30 };
#define READ_MEMORY (2ULL << 30)

int subtitles_child(struct js *request, struct child_io *io, struct err *e) {
  const char *path;
  _cleanup_(buf_release) struct buf bytes = BUF_INIT, json = BUF_INIT, result = BUF_INIT;
  _cleanup_(cue_list_release) struct cue_list l = {0};
  enum caption_format format;
  int rc = js_get_string(request, "input", &path, e);
  if (rc == 0) rc = file_read(path, LIMIT_SUBTITLE_BYTES, &bytes, e);
  if (rc == 0)
    rc = caption_read(buf_str(&bytes), bytes.len, js_string_or(request, "shown", file_name(path)), &l, &format, e);
  if (rc < 0) return rc;
  caption_write(&l, CAPTION_JSON, &json);
  rc = child_data(io, buf_str(&json), json.len, e);
  buf_addf(&result, "{\"format\":%d}", (int)format);
  if (rc == 0) child_result(io, buf_str(&result));
  return rc;
}

/* `shown` is what errors call it. */
static int load(const char *path, const char *shown, struct cue_list *ret, enum caption_format *ret_format,
                struct err *e) {
  struct stat st;
  /* opening a pipe would wait for whoever may never come */
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
    return err_set(e, ERR_INPUT, "%s is no regular file (a pipe or a device); - reads standard input", shown);
  _cleanup_(buf_release) struct buf request = BUF_INIT, json = BUF_INIT;
  struct js_writer w = JS_WRITER(&request, 0);
  js_begin(&w, '{');
  js_key(&w, "input");
  js_string(&w, path);
  js_key(&w, "shown");
  js_string(&w, shown);
  js_end(&w, '}');
  const char *const reads[] = {path, NULL};
  const struct child_spec spec = {.op = "subtitles",
                                  .request = buf_str(&request),
                                  .read_paths = reads,
                                  .max_seconds = READ_SECONDS,
                                  .max_memory = READ_MEMORY};
  _cleanup_(js_freep) struct js *event = NULL;
  int64_t format;
  int rc = child_run(&spec, NULL, NULL, NULL, &json, LIMIT_JSON_BYTES, &event, e);
  if (rc == 0) rc = js_get_int(event, "result.format", CAPTION_SRT, CAPTION_JSON, &format, e);
  if (rc == 0) rc = caption_read(buf_str(&json), json.len, shown, ret, NULL, e);
  if (rc < 0) return rc;
  if (ret_format) *ret_format = (enum caption_format)format;
  return 0;
}

const char *subtitles_name(const char *path) {
  return strcmp(path, "-") == 0 ? "standard input" : file_name(path);
}

/* The child has no standard input: what comes that way is put, unread, into a file first. */
static int load_standard_input(struct cue_list *ret, enum caption_format *ret_format, struct err *e) {
  _cleanup_(buf_release) struct buf bytes = BUF_INIT;
  _cleanup_(mem_freep) char *folder = NULL;
  int rc = file_read("-", LIMIT_SUBTITLE_BYTES, &bytes, e);
  if (rc == 0) rc = file_temp_dir(&folder, e);
  if (rc < 0) return rc;
  _cleanup_(mem_freep) char *path = x_asprintf("%s/subtitles", folder);
  rc = file_write(path, buf_str(&bytes), bytes.len, 1, e);
  if (rc == 0) rc = load(path, subtitles_name("-"), ret, ret_format, e);
  file_remove_tree(folder);
  return rc;
}

int subtitles_load(const char *path, struct cue_list *ret, enum caption_format *ret_format, struct err *e) {
  if (strcmp(path, "-") == 0) return load_standard_input(ret, ret_format, e);
  return load(path, subtitles_name(path), ret, ret_format, e);
}
