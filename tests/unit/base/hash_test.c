#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"

/* FIPS 180-4's examples; the blob's name is what `printf 'hello\n' | git hash-object --stdin` prints. */
static void known_answers(void **state) {
  (void)state;
  static const struct {
    enum hash_kind kind;
    const char *text, *hex;
  } cases[] = {
      {HASH_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {HASH_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {HASH_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(hash_freep) struct hash *h = hash_new(cases[i].kind);
    for (const char *p = cases[i].text; *p; p++) hash_add(h, p, 1);
    char hex[HASH_HEX_SIZE];
    hash_hex(h, hex);
    assert_string_equal(hex, cases[i].hex);
    assert_true(hash_is_hex(hex, cases[i].kind));
  }
}

static void files(void **state) {
  (void)state;
  _cleanup_(mem_freep) char *dir = NULL, *path = NULL;
  assert_int_equal(file_temp_dir(&dir, NULL), 0);
  path = x_asprintf("%s/f", dir);
  assert_int_equal(file_write(path, "hello\n", 6, 0, NULL), 0);
  char hex[HASH_HEX_SIZE];
  assert_int_equal(hash_file(HASH_SHA256, path, NULL, hex, NULL), 0);
  assert_string_equal(hex, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
  assert_int_equal(hash_git_blob(path, hex, NULL), 0);
  assert_string_equal(hex, "ce013625030ba8dba906f756967f9e9ca394464a");

  atomic_bool stop = true;
  assert_int_equal(hash_file(HASH_SHA256, path, &stop, hex, NULL), ERR_CANCELLED);
  file_remove_tree(dir);
  struct err e = {0};
  assert_int_equal(hash_file(HASH_SHA256, path, NULL, hex, &e), ERR_INPUT);
  assert_non_null(strstr(e.msg, path));
}

static void hexadecimal(void **state) {
  (void)state;
  assert_false(hash_is_hex("", HASH_SHA1));
  assert_false(hash_is_hex("ce013625030ba8dba906f756967f9e9ca394464", HASH_SHA1));
  assert_false(hash_is_hex("CE013625030BA8DBA906F756967F9E9CA394464A", HASH_SHA1));
  assert_false(hash_is_hex("ce013625030ba8dba906f756967f9e9ca394464a", HASH_SHA256));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(known_answers), cmocka_unit_test(files),
                                     cmocka_unit_test(hexadecimal)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
