/*
 * JSON: the seam to jansson. No other file includes its header.
 *
 * Reading is by typed path: js_get_int(root, "video.width", &w, e) fails with a message that names the path
 * ("video.width: not a whole number"). Array elements are "streams[2].codec". Writing is a small streaming
 * writer into a buf, which escapes and never fails (invalid UTF-8 becomes U+FFFD).
 */
#ifndef TITR_BASE_JSON_H
#define TITR_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

struct js; /* a value; owned by its root */

/* Parses `n` bytes (ceilings LIMIT_JSON_*). `what` names the text in errors. Free the root with js_free(). */
int js_parse(const char *text, size_t n, const char *what, struct js **ret, struct err *e);
void js_free(struct js *root);
DEFINE_FREEP(struct js, js_free)

/* A value at `path`, or NULL. "" is the value itself. */
struct js *js_at(struct js *v, const char *path);

/* ERR_INPUT when absent or of another type. Strings are borrowed from the root. */
int js_get_string(struct js *v, const char *path, const char **ret, struct err *e);
int js_get_int(struct js *v, const char *path, int64_t lowest, int64_t highest, int64_t *ret, struct err *e);
int js_get_number(struct js *v, const char *path, double *ret, struct err *e); /* finite */
int js_get_bool(struct js *v, const char *path, bool *ret, struct err *e);
int js_get_array(struct js *v, const char *path, struct js **ret, size_t *ret_len, struct err *e);
int js_get_object(struct js *v, const char *path, struct js **ret, struct err *e);

/* The same with a default when the path is absent or null (a wrong type gives the default too). */
const char *js_string_or(struct js *v, const char *path, const char *otherwise);
int64_t js_int_or(struct js *v, const char *path, int64_t otherwise);
double js_number_or(struct js *v, const char *path, double otherwise);
bool js_bool_or(struct js *v, const char *path, bool otherwise);

size_t js_len(struct js *v);                    /* elements of an array, members of an object, else 0 */
struct js *js_item(struct js *array, size_t i); /* borrowed; NULL beyond the end */
/* Walks an object's members in their order in the text: `for (void *it = NULL; js_next(o, &it, &key, &value);)` */
bool js_next(struct js *object, void **it, const char **ret_key, struct js **ret_value);
bool js_is_string(struct js *v);
bool js_is_object(struct js *v);
bool js_is_array(struct js *v);

/* Writer. Members and items are separated as needed; the caller pairs begin and end.
 *   js_begin(&w, '{'); js_key(&w, "width"); js_int(&w, 1920); js_end(&w, '}'); */
struct js_writer {
  struct buf *out;
  bool comma;
  int indent; /* 0: one line; n: n spaces a level */
  int depth;
};
#define JS_WRITER(buf_pointer, indent_spaces)                                                                          \
  { .out = (buf_pointer), .indent = (indent_spaces) }
void js_begin(struct js_writer *w, char open);
void js_end(struct js_writer *w, char close);
void js_key(struct js_writer *w, const char *key);
void js_string(struct js_writer *w, const char *s);
void js_int(struct js_writer *w, int64_t v);
void js_double(struct js_writer *w, double v, int decimals); /* fixed point; NaN and infinities become null */
void js_bool(struct js_writer *w, bool v);
void js_null(struct js_writer *w);

#endif
