/*
 * DESIGN. A catalogue is checked against the table when it is loaded and kept as an array of texts by id, so that
 * making a text looks nothing up and cannot fail. What the check refuses: a missing or unknown key, a missing or unknown plural
 * form, a placeholder that the table does not name, one of the table's that a form lacks, an empty text.
 */
#include "bot/text.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/utf8.h"

extern const unsigned char locale_ru_json[], locale_en_json[];
extern const size_t locale_ru_json_size, locale_en_json_size;

#define TEXT_ROW(id, key, values) {key, values},
static const struct { const char *key, *values; } rows[TEXT_COUNT] = {TEXT_TABLE(TEXT_ROW)};

enum form { FORM_ONE, FORM_FEW, FORM_MANY, FORM_OTHER, FORMS };
static const char *const form_names[FORMS] = {"one", "few", "many", "other"};

static enum form form_ru(int64_t n) {
  int64_t tens = n % 100, ones = n % 10;
  if (ones == 1 && tens != 11) return FORM_ONE;
  if (ones >= 2 && ones <= 4 && (tens < 12 || tens > 14)) return FORM_FEW;
  return FORM_MANY;
}

static enum form form_en(int64_t n) {
  return n == 1 ? FORM_ONE : FORM_OTHER;
}

static const struct language {
  const char *code;
  const unsigned char *json;
  const size_t *size;
  enum form (*form)(int64_t n);
  bool has[FORMS];
} languages[TEXT_LANGUAGES] = {
    [TEXT_RU] = {"ru", locale_ru_json, &locale_ru_json_size, form_ru, {true, true, true, false}},
    [TEXT_EN] = {"en", locale_en_json, &locale_en_json_size, form_en, {true, false, false, true}},
};

struct text {
  bool plural;
  char *forms[FORMS]; /* not plural: the first */
};
struct catalogue {
  struct text texts[TEXT_COUNT];
};
static struct catalogue loaded[TEXT_LANGUAGES];
static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_loaded;

static void catalogue_release(struct catalogue *c) {
  for (size_t i = 0; i < TEXT_COUNT; i++)
    for (int f = 0; f < FORMS; f++) free(c->texts[i].forms[f]);
}

/* ---- checking and loading ---- */

/* Whether `name` is one of the words of a list. */
static bool lists(const char *words, const char *name, size_t length) {
  for (const char *w = words; *w;) {
    size_t n = strcspn(w, " ");
    if (n == length && strncmp(w, name, n) == 0) return true;
    w += n + (w[n] == ' ');
  }
  return false;
}

static bool has_placeholder(const char *text, const char *name, size_t length) {
  for (const char *p = text; (p = strchr(p, '{')); p++)
    if (strncmp(p + 1, name, length) == 0 && p[1 + length] == '}') return true;
  return false;
}

static int check_text(const char *text, const char *values, const char *where, struct err *e) {
  if (!*text) return err_set(e, ERR_FAIL, "%s: empty", where);
  for (const char *p = text; (p = strchr(p, '{')); p++) {
    size_t n = strcspn(p + 1, "{}");
    if (p[1 + n] != '}') return err_set(e, ERR_FAIL, "%s: a brace that does not close", where);
    if (!lists(values, p + 1, n)) return err_set(e, ERR_FAIL, "%s: {%.*s} is none of its values", where, (int)n, p + 1);
  }
  for (const char *w = values; *w;) {
    size_t n = strcspn(w, " ");
    if (!has_placeholder(text, w, n)) return err_set(e, ERR_FAIL, "%s: {%.*s} is missing", where, (int)n, w);
    w += n + (w[n] == ' ');
  }
  return 0;
}

static int load_plural(const struct language *l, struct js *value, const char *values, const char *where,
                       struct text *t, struct err *e) {
  size_t wanted = 0;
  t->plural = true;
  if (!lists(values, "n", 1)) return err_set(e, ERR_FAIL, "%s: plural forms, but no {n}", where);
  for (int f = 0; f < FORMS; f++) {
    if (!l->has[f]) continue;
    wanted++;
    _cleanup_(mem_freep) char *place = x_asprintf("%s.%s", where, form_names[f]);
    const char *text;
    if (js_get_string(value, form_names[f], &text, NULL) < 0) return err_set(e, ERR_FAIL, "%s: missing", place);
    int rc = check_text(text, values, place, e);
    if (rc < 0) return rc;
    t->forms[f] = x_strdup(text);
  }
  return js_len(value) == wanted ? 0 : err_set(e, ERR_FAIL, "%s: a form that the language does not have", where);
}

static int find_row(const char *key) {
  for (int i = 0; i < TEXT_COUNT; i++)
    if (strcmp(rows[i].key, key) == 0) return i;
  return -1;
}

static int load(enum text_language which, const char *json, size_t n, struct catalogue *c, struct err *e) {
  const struct language *l = &languages[which];
  _cleanup_(js_freep) struct js *root = NULL;
  _cleanup_(mem_freep) char *name = x_asprintf("locale/%s.json", l->code);
  if (js_parse(json, n, name, &root, e) < 0) return ERR_FAIL;
  if (!js_is_object(root)) return err_set(e, ERR_FAIL, "%s: not an object", name);
  const char *key;
  struct js *value;
  for (void *it = NULL; js_next(root, &it, &key, &value);) {
    _cleanup_(mem_freep) char *where = x_asprintf("%s: %s", name, key);
    int row = find_row(key), rc;
    if (row < 0) return err_set(e, ERR_FAIL, "%s: there is no such text", where);
    struct text *t = &c->texts[row];
    const char *text;
    if (js_is_object(value)) rc = load_plural(l, value, rows[row].values, where, t, e);
    else if (js_get_string(value, "", &text, NULL) < 0) rc = err_set(e, ERR_FAIL, "%s: not a text", where);
    else {
      rc = check_text(text, rows[row].values, where, e);
      t->forms[0] = x_strdup(text);
    }
    if (rc < 0) return rc;
  }
  for (int i = 0; i < TEXT_COUNT; i++)
    if (!c->texts[i].plural && !c->texts[i].forms[0]) return err_set(e, ERR_FAIL, "%s: %s: missing", name, rows[i].key);
  return 0;
}

int text_check(enum text_language l, const char *json, size_t n, struct err *e) {
  struct catalogue c = {0};
  int rc = load(l, json, n, &c, e);
  catalogue_release(&c);
  return rc;
}

int text_load(struct err *e) {
  int rc = 0;
  pthread_mutex_lock(&load_lock);
  for (int l = 0; l < TEXT_LANGUAGES && !is_loaded && rc == 0; l++) {
    rc = load((enum text_language)l, (const char *)languages[l].json, *languages[l].size, &loaded[l], e);
    if (rc == 0 && l == TEXT_LANGUAGES - 1) is_loaded = true;
  }
  pthread_mutex_unlock(&load_lock);
  return rc;
}

/* ---- making ---- */

enum text_language text_language(const char *code) {
  if (!code || !*code) return TEXT_RU;
  size_t n = strcspn(code, "-_");
  for (int l = 0; l < TEXT_LANGUAGES; l++)
    if (strlen(languages[l].code) == n && strncasecmp(code, languages[l].code, n) == 0) return (enum text_language)l;
  return TEXT_EN;
}

const char *text_language_code(enum text_language l) {
  return languages[l].code;
}

static enum text_id named(const char *prefix, const char *name, enum text_id otherwise) {
  char key[64];
  if (!name || snprintf(key, sizeof key, "%s.%s", prefix, name) >= (int)sizeof key) return otherwise;
  int row = find_row(key);
  return row < 0 ? otherwise : (enum text_id)row;
}

enum text_id text_of_stage(const char *name) {
  return named("stage", name && *name ? name : "fetch", TEXT_STAGE_OTHER); /* none: it has just been taken */
}

enum text_id text_of_error(const char *name) {
  return named("error", name, TEXT_ERROR_OTHER);
}

static const struct text_value *value_of(const struct text_value *values, size_t count, const char *name, size_t n) {
  for (size_t i = 0; i < count; i++)
    if (strlen(values[i].name) == n && strncmp(values[i].name, name, n) == 0) return &values[i];
  fprintf(stderr, "titr: a text lacks its value %.*s\n", (int)n, name);
  abort();
}

char *text_make(enum text_language l, enum text_id id, const struct text_value *values, size_t count) {
  const struct text *t = &loaded[l].texts[id];
  const char *p = t->forms[t->plural ? languages[l].form(value_of(values, count, "n", 1)->number) : 0];
  struct buf b = BUF_INIT;
  while (*p) {
    size_t plain = strcspn(p, "{");
    buf_add(&b, p, plain);
    p += plain;
    if (!*p) break;
    size_t n = strcspn(p + 1, "}");
    const struct text_value *v = value_of(values, count, p + 1, n);
    if (v->text) buf_adds(&b, v->text);
    else buf_addf(&b, "%lld", (long long)v->number);
    p += n + 2;
  }
  return buf_take(&b);
}

static char *two_units(enum text_language l, enum text_id large, int64_t a, enum text_id small, int64_t b) {
  _cleanup_(mem_freep) char *first = text_make(l, large, TEXT_VALUES(text_n("n", a)));
  if (b == 0) return TAKE(first);
  _cleanup_(mem_freep) char *second = text_make(l, small, TEXT_VALUES(text_n("n", b)));
  return x_asprintf("%s %s", first, second);
}

char *text_length(enum text_language l, int64_t ms) {
  int64_t s = ms < 0 ? 0 : ms / 1000;
  if (s < 60) return text_make(l, TEXT_SECONDS, TEXT_VALUES(text_n("n", s)));
  if (s < 3600) return two_units(l, TEXT_MINUTES, s / 60, TEXT_SECONDS, s % 60);
  return two_units(l, TEXT_HOURS, s / 3600, TEXT_MINUTES, s % 3600 / 60);
}

char *text_wait(enum text_language l, int64_t ms) {
  int64_t s = ms <= 0 ? 1 : (ms + 999) / 1000;
  s = s <= 50 ? (s + 9) / 10 * 10 : (s + 59) / 60 * 60;
  return text_length(l, s * 1000);
}

char *text_size(enum text_language l, int64_t bytes) {
  return text_make(l, TEXT_MEGABYTES, TEXT_VALUES(text_n("n", (bytes + (1 << 20) - 1) >> 20)));
}

char *text_short_name(const char *name, size_t most) {
  _cleanup_(buf_release) struct buf clean = BUF_INIT;
  size_t n;
  for (const char *p = name; *p; p += n) {
    uint32_t c = utf8_next(p, &n);
    bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
    bool direction = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); /* would turn what follows around */
    if (c == 0xFFFD || control || direction) buf_addc(&clean, '_');
    else buf_add(&clean, p, n);
  }
  size_t count = utf8_count(buf_str(&clean));
  if (count <= most) return buf_take(&clean);
  size_t tail = most / 3, head = most - tail - 1, i = 0;
  struct buf b = BUF_INIT;
  for (const char *p = buf_str(&clean); *p; p += n, i++) {
    utf8_next(p, &n);
    if (i == head) buf_adds(&b, "…");
    if (i < head || i >= count - tail) buf_add(&b, p, n);
  }
  return buf_take(&b);
}
