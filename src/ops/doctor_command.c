/*
 * DESIGN. Each check prints its own lines and returns nothing; only the worst of them is kept. "note" is for what works
 * worse than it could, "problem" for what makes captioning a file fail.
 */
#include "ops/doctor_command.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "base/subprocess.h"
#include "caption/fonts.h"
#include "config/settings.h"
#include "media/abilities.h"
#include "models/models.h"
#include "ops/media_needs.h"

#define LITTLE_MEMORY (1LL << 30)   /* below it base still fits, bigger models do not */
#define LITTLE_DISK   (2LL << 30)   /* a few minutes of 1080p video and a small model */
#define NO_DISK       (200LL << 20) /* not even a model */

enum level { FINE, NOTE, PROBLEM };
static enum level worst;

/* `mend` (may be NULL) is what to do about it. */
__attribute__((format(printf, 4, 5))) static void say(enum level level, const char *what, const char *mend,
                                                      const char *fmt, ...) {
  static const char *const names[] = {"ok", "note", "problem"};
  if (level > worst) worst = level;
  printf("%-8s %-14s ", names[level], what);
  va_list ap;
  va_start(ap, fmt);
  vprintf(fmt, ap);
  va_end(ap);
  putchar('\n');
  if (mend && level != FINE) printf("%23s -> %s\n", "", mend);
}

/* ---- the machine ---- */

static void check_processor(void) {
  cpu_set_t set;
  int threads = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
  bool vnni = __builtin_cpu_supports("avx512vnni");
  const char *kind = vnni ? "AVX-512 with VNNI" : avx512 ? "AVX-512" : avx2 ? "AVX2" : "no AVX2";
  say(avx2 ? FINE : NOTE, "processor", "recognition works, but several times slower than on a processor with AVX2",
      "%d thread%s, %s", threads, threads == 1 ? "" : "s", kind);
#else
  say(FINE, "processor", NULL, "%d thread%s", threads, threads == 1 ? "" : "s");
#endif
}

static void check_memory(void) {
  int64_t all = machine_memory().all; /* a container's, where there is one */
  if (all < 0) return;
  say(all < LITTLE_MEMORY ? NOTE : FINE, "memory", "use the model base or tiny", "%.1f GB",
      (double)all / (double)(1LL << 30));
}

/* `path`, or the nearest folder above it that exists. Caller frees. */
static char *existing(const char *path) {
  char *at = x_asprintf("%s%s", path[0] == '/' ? "" : "./", path);
  while (access(at, F_OK) < 0) {
    char *slash = strrchr(at, '/');
    if (!slash || slash == at) break;
    *slash = '\0';
  }
  return at;
}

static void check_space(const char *what, const char *folder, const char *mend) {
  _cleanup_(mem_freep) char *at = existing(folder);
  struct statvfs v;
  if (access(at, W_OK) < 0 || statvfs(at, &v) < 0) {
    say(NOTE, what, mend, "%s cannot be written: %s", folder, strerror(errno));
    return;
  }
  int64_t there = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
  say(there < NO_DISK       ? PROBLEM
      : there < LITTLE_DISK ? NOTE
                            : FINE,
      what, mend, "%s: %.1f GB free", folder, (double)there / (double)(1LL << 30));
}

static void check_folders(void) {
  check_space("storage", settings_text(SET_STORAGE_PATH),
              "free some space, or set STORAGE_PATH to a folder that you may write to");
  const char *tmp = getenv("TMPDIR");
  if (!tmp || !*tmp) tmp = "/tmp";
  _cleanup_(mem_freep) char *dir = NULL;
  struct err e = {0};
  if (file_temp_dir(&dir, &e) < 0) {
    say(PROBLEM, "temporary", "set TMPDIR to a folder that you may write to", "%s", e.msg);
    return;
  }
  file_remove_tree(dir);
  check_space("temporary", tmp, "free some space, or set TMPDIR to another folder");
}

static void check_sandbox(void) {
  struct sandbox_layer_state layers[SANDBOX_LAYERS];
  sandbox_report(layers);
  /* One of these two must hold, or no file is opened at all. */
  bool closed = layers[SANDBOX_SECCOMP].holds || layers[SANDBOX_LANDLOCK].holds;
  for (int i = 0; i < SANDBOX_LAYERS; i++) {
    enum level level = layers[i].holds ? FINE : closed ? NOTE : PROBLEM;
    say(level, "sandbox",
        closed
            ? "files are still opened, guarded by the other layers; a newer kernel or the container's settings would "
              "give this one too"
            : "allow seccomp or Landlock in the container's settings, or use a newer kernel",
        "%s: %s", layers[i].name,
        layers[i].detail[0] ? layers[i].detail
        : layers[i].holds   ? "holds"
                            : "does not hold");
  }
}

/* ---- models ---- */

static void check_model(const char *what, const char *name) {
  _cleanup_(mem_freep) char *dir = NULL;
  struct err e = {0};
  bool vad = strcmp(name, MODELS_VAD) == 0;
  int rc = vad ? models_locate_file(name, MODELS_VAD_FILE, &dir, &e) : models_locate(name, &dir, &e);
  if (rc == 0) say(FINE, what, NULL, "%s in %s", name, dir);
  else
    say(PROBLEM, what, strstr(e.msg, "titr models") ? NULL : "set WHISPER_MODEL to a model's name or folder", "%s",
        e.msg);
}

/* ---- fonts ---- */

static bool has_font(const char *key, const char *value) {
  _cleanup_(mem_freep) char *pattern = x_asprintf(":%s=%s", key, value);
  const char *const argv[] = {"fc-list", pattern, "family", NULL};
  struct subprocess s = {.argv = argv, .timeout = 30};
  _cleanup_(buf_release) struct buf out = BUF_INIT;
  int status;
  return subprocess_run(&s, &out, NULL, &status, NULL) == 0 && status == 0 && out.len > 0;
}

static void check_style_fonts(void) {
  _cleanup_(buf_release) struct buf missing = BUF_INIT, mend = BUF_INIT;
  struct font_source f;
  buf_adds(&mend, "Debian: apt install");
  for (size_t i = 0; font_source_at(i, &f); i++) {
    if (has_font("family", f.family)) continue;
    buf_addf(&missing, "%s%s", missing.len ? ", " : "", f.family);
    if (!strstr(buf_str(&mend), f.package)) buf_addf(&mend, " %s", f.package);
  }
  if (!missing.len) say(FINE, "style fonts", NULL, "those of all styles, and emoji");
  else say(NOTE, "style fonts", buf_str(&mend), "%s: not here, others take their place", buf_str(&missing));
}

static void check_script_fonts(void) {
  static const struct {
    const char *script, *language, *package; /* a language that needs the script */
  } scripts[] = {
      {"Latin", "de", "fonts-noto-core"},     {"Cyrillic", "ru", "fonts-noto-core"},
      {"Greek", "el", "fonts-noto-core"},     {"Arabic", "ar", "fonts-noto-core"},
      {"Hebrew", "he", "fonts-noto-core"},    {"Devanagari", "hi", "fonts-noto-core"},
      {"Bengali", "bn", "fonts-noto-core"},   {"Thai", "th", "fonts-noto-core"},
      {"Chinese", "zh-cn", "fonts-noto-cjk"}, {"Japanese", "ja", "fonts-noto-cjk"},
      {"Korean", "ko", "fonts-noto-cjk"},
  };
  _cleanup_(buf_release) struct buf missing = BUF_INIT;
  bool core = false, cjk = false;
  for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
    if (has_font("lang", scripts[i].language)) continue;
    buf_addf(&missing, "%s%s", missing.len ? ", " : "", scripts[i].script);
    if (strcmp(scripts[i].package, "fonts-noto-cjk") == 0) cjk = true;
    else core = true;
  }
  _cleanup_(mem_freep) char *mend =
      x_asprintf("Debian: apt install%s%s", core ? " fonts-noto-core" : "", cjk ? " fonts-noto-cjk" : "");
  if (!missing.len) say(FINE, "fonts", NULL, "for all %zu scripts that captions are tried with", ARRAY_LEN(scripts));
  else say(NOTE, "fonts", mend, "none for %s: such captions would show empty boxes", buf_str(&missing));
}

static void check_fonts(void) {
  const char *const argv[] = {"fc-list", "--version", NULL};
  struct subprocess s = {.argv = argv, .timeout = 30};
  int status;
  if (subprocess_run(&s, NULL, NULL, &status, NULL) < 0) {
    say(NOTE, "fonts", "Debian: apt install fontconfig", "cannot be looked at: fc-list is not installed");
    return;
  }
  check_script_fonts();
  check_style_fonts();
}

/* ---- media libraries ---- */

static void say_missing(void *ctx, bool vital, const char *kind, const char *name, const char *use) {
  (void)ctx;
  say(vital ? PROBLEM : NOTE, "video", "Debian: apt install ffmpeg, whose libraries have all of it",
      "libav has no %s %s, by which %s", kind, name, use);
}

static void check_media(void) {
  size_t there, count = media_needs_look(say_missing, NULL, &there);
  if (there == count) say(FINE, "video", NULL, "all %zu parts of libav that are used", count);
  struct err e = {0};
  if (media_draws_text(&e) < 0) say(PROBLEM, "captions", "Debian: apt install fonts-noto-core", "%s", e.msg);
  else say(FINE, "captions", NULL, "libass draws letters");
}

int doctor_command(int argc, char **argv) {
  if (argc > 1) {
    fprintf(stderr, "titr: doctor takes no arguments, but got %s\n", argv[1]);
    return err_exit_code(ERR_USAGE);
  }
  worst = FINE;
  say(FINE, "titr", NULL, "%s", TITR_VERSION);
  check_processor();
  check_memory();
  struct err e = {0};
  if (models_load(&e) < 0) { /* the settings too */
    say(PROBLEM, "settings", NULL, "%s", e.msg);
    return 1;
  }
  say(FINE, "settings", NULL, "%s", settings_file() ? settings_file() : "from the environment (there is no .env here)");
  check_folders();
  check_sandbox();
  check_model("model", settings_text(SET_WHISPER_MODEL));
  check_model("speech finder", MODELS_VAD);
  check_media();
  check_fonts();
  return worst == PROBLEM ? 1 : 0;
}
