#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "config/settings.h"
#include "models/models.h"
#include "models/registry.h"

static const struct registry *built_in(void) {
  unsetenv("TITR_MODEL_REGISTRY");
  setenv("TITR_ENV_FILE", "/dev/null", 1);
  const struct registry *r = NULL;
  struct err e = {0};
  if (registry_get(&r, &e) < 0) fail_msg("%s", e.msg);
  return r;
}

/* Runs first: a registry that was read stays. */
static void refused_registries(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      "[]",
      "{\"models\": [{}]}",
#define ONE(name, file)                                                                                                \
  "{\"models\": [{\"name\": \"" name "\", \"about\": \"\", \"licence\": \"\", \"files\": [" file "]}]}"
      ONE("a", ""),
      ONE("../a", "{\"name\": \"f\"}"),
      ONE(".a", "{\"name\": \"f\"}"),
      ONE("a", "{\"name\": \"x/f\"}"),
      ONE("a", "{\"name\": \"..\"}"),
      ONE("a", "{\"name\": \"f\", \"bytes\": -1}"),
      ONE("a", "{\"name\": \"f\", \"sha256\": \"abc\"}"),
      ONE("a", "{\"name\": \"f\", \"wheel\": [{\"package\": \"--index-url=x\", \"entry\": \"e\"}]}"),
      ONE("a", "{\"name\": \"f\", \"wheel\": [{\"package\": \"p;x\", \"entry\": \"e\"}]}"),
  };
  _cleanup_(mem_freep) char *dir = NULL;
  assert_int_equal(file_temp_dir(&dir, NULL), 0);
  _cleanup_(mem_freep) char *path = x_asprintf("%s/r.json", dir);
  setenv("TITR_MODEL_REGISTRY", path, 1);
  setenv("TITR_ENV_FILE", "/dev/null", 1);
  for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
    assert_int_equal(file_write(path, texts[i], strlen(texts[i]), 1, NULL), 0);
    settings_forget();
    struct err e = {0};
    if (models_load(&e) != ERR_USAGE) fail_msg("accepted: %s", texts[i]);
    assert_non_null(strstr(e.msg, "TITR_MODEL_REGISTRY"));
    assert_int_equal(models_count(), 0);
  }
  file_remove_tree(dir);
  unsetenv("TITR_MODEL_REGISTRY");
  settings_forget();
}

static void what_is_built_in(void **state) {
  (void)state;
  const struct registry *r = built_in();
  static const char *const names[] = {
      "tiny",
      "base",
      "small",
      "medium",
      "large-v1",
      "large-v2",
      "large-v3",
      "tiny.en",
      "base.en",
      "small.en",
      "medium.en",
      "large-v3-turbo",
      "turbo",
      "distil-small.en",
      "distil-medium.en",
      "distil-large-v2",
      "distil-large-v3",
      "large",
      MODELS_VAD,
  };
  for (size_t i = 0; i < ARRAY_LEN(names); i++)
    if (!registry_find(r, names[i])) fail_msg("%s is not there", names[i]);
  assert_null(registry_find(r, "nothing"));

  for (size_t i = 0; i < r->count; i++) {
    const struct registry_model *m = &r->models[i];
    assert_ptr_equal(registry_find(r, m->name), m); /* no name twice */
    bool weights = false;
    for (size_t k = 0; k < m->file_count; k++) {
      const struct registry_file *f = &m->files[k];
      weights |= strcmp(f->name, "model.bin") == 0 || strcmp(f->name, MODELS_VAD_FILE) == 0;
      /* what cannot come from the hub, which tells hashes itself, must have one */
      if (!m->repository) assert_non_null(f->sha256);
      for (size_t j = 0; j < f->part_count; j++) {
        bool listed = false;
        for (size_t w = 0; w < r->wheel_count; w++) listed |= strcmp(r->wheels[w].package, f->parts[j].package) == 0;
        assert_true(listed);
      }
    }
    assert_true(weights);
  }
}

/* The two that a first run needs come without the hub, and their hashes are these. */
static void the_first_two(void **state) {
  (void)state;
  const struct registry *r = built_in();
  static const struct {
    const char *name, *sha256;
  } cases[] = {{"base", "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"},
               {MODELS_VAD, "c59271c284ae9c8335d795d60e0bfdb71aaaceec578d9bd9ffc1b8153c319ea1"}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    const struct registry_model *m = registry_find(r, cases[i].name);
    assert_string_equal(m->files[0].sha256, cases[i].sha256);
    for (size_t k = 0; k < m->file_count; k++) {
      assert_non_null(m->files[k].sha256);
      assert_true(m->files[k].part_count > 0);
    }
  }
}

static void names(void **state) {
  (void)state;
  assert_true(registry_is_name("large-v3.5_x"));
  static const char *const bad[] = {"", ".", "..", ".x", "-x", "a/b", "a b", "a\n", "é", "a\\b"};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(registry_is_name(bad[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(refused_registries), cmocka_unit_test(what_is_built_in),
                                     cmocka_unit_test(the_first_two), cmocka_unit_test(names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
