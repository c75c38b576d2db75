#include "ops/models_command.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "config/settings.h"
#include "models/models.h"

static atomic_bool cancel;

static void on_signal(int signal_number) {
  (void)signal_number;
  atomic_store(&cancel, true);
}

static void catch_signals(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND}; /* the second one ends it at once */
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

static int complain(const struct err *e) {
  fprintf(stderr, "titr: %s\n", e->msg);
  return err_exit_code(e->code);
}

static int usage(void) {
  fputs("usage: titr models list [--json]\n"
        "       titr models pull NAME…\n"
        "       titr models verify [NAME…]   (without NAME: all that are here)\n"
        "       titr models rm NAME… [--yes]\n",
        stderr);
  return err_exit_code(ERR_USAGE);
}

/* Moves the words that are no options to the front; returns how many, or -1 at an option that is not `option`. */
static int split_arguments(int argc, char **argv, const char *option, bool *ret_given) {
  int words = 0;
  bool only_words = false;
  *ret_given = false;
  for (int i = 0; i < argc; i++) {
    if (only_words || argv[i][0] != '-') argv[words++] = argv[i];
    else if (strcmp(argv[i], "--") == 0) only_words = true;
    else if (option && strcmp(argv[i], option) == 0) *ret_given = true;
    else {
      fprintf(stderr, "titr: unknown option %s\n", argv[i]);
      return -1;
    }
  }
  return words;
}

/* ---- list ---- */

static void size_text(int64_t bytes, char out[16]) {
  if (bytes <= 0) snprintf(out, 16, "-");
  else if (bytes < 10 * 1000 * 1000) snprintf(out, 16, "%.1f MB", (double)bytes / 1e6);
  else if (bytes < 1000 * 1000 * 1000) snprintf(out, 16, "%.0f MB", (double)bytes / 1e6);
  else snprintf(out, 16, "%.1f GB", (double)bytes / 1e9);
}

static int list_json(void) {
  _cleanup_(buf_release) struct buf text = BUF_INIT;
  struct js_writer w = JS_WRITER(&text, 2);
  js_begin(&w, '[');
  for (size_t i = 0; i < models_count(); i++) {
    struct model_entry m = models_at(i);
    js_begin(&w, '{');
    js_key(&w, "name");
    js_string(&w, m.name);
    js_key(&w, "here");
    js_bool(&w, m.here);
    js_key(&w, "bytes");
    if (m.bytes > 0) js_int(&w, m.bytes);
    else js_null(&w);
    js_key(&w, "licence");
    js_string(&w, m.licence);
    js_key(&w, "about");
    js_string(&w, m.about);
    js_key(&w, "folder");
    _cleanup_(mem_freep) char *dir = NULL;
    if (m.here) models_folder(m.name, &dir, NULL);
    if (dir) js_string(&w, dir);
    else js_null(&w);
    js_end(&w, '}');
  }
  js_end(&w, ']');
  puts(buf_str(&text));
  return 0;
}

static int list(int argc, char **argv) {
  bool json;
  int words = split_arguments(argc, argv, "--json", &json);
  if (words != 0) return usage();
  if (json) return list_json();
  const char *standard = settings_text(SET_WHISPER_MODEL);
  printf("%-18s %-5s %8s  %s\n", "name", "here", "size", "about");
  for (size_t i = 0; i < models_count(); i++) {
    struct model_entry m = models_at(i);
    char size[16];
    size_text(m.bytes, size);
    printf("%-18s %-5s %8s  %s%s\n", m.name, m.here ? "yes" : "", size, m.about,
           strcmp(m.name, standard) == 0 ? " *" : "");
  }
  printf("\n* is used unless --model or WHISPER_MODEL says otherwise. Kept in %s/.models\n",
         settings_text(SET_STORAGE_PATH));
  return 0;
}

/* ---- pull ---- */

struct meter {
  const char *model;
  bool terminal, drawn;
  char file[80];
  double started;
  int64_t started_at; /* bytes that were there when it began: not counted in the speed */
};

static void on_progress(void *ctx, const struct model_progress *p) {
  struct meter *m = ctx;
  double now = clock_now();
  bool next = strncmp(m->file, p->file, sizeof m->file - 1) != 0;
  if (next) snprintf(m->file, sizeof m->file, "%s", p->file);
  if (m->started <= 0 || p->done < m->started_at) {
    m->started = now;
    m->started_at = p->done;
  }
  if (!m->terminal) {
    if (next) fprintf(stderr, "%s: fetching %s\n", m->model, p->file);
    return;
  }
  char done[16] = "0 MB", total[16], left[24] = "";
  if (p->done > 0) size_text(p->done, done);
  size_text(p->total, total);
  double seconds = now - m->started, speed = seconds > 1 ? (double)(p->done - m->started_at) / seconds : 0;
  if (speed > 0 && p->total > p->done) {
    int wait = (int)((double)(p->total - p->done) / speed + 0.5);
    snprintf(left, sizeof left, ", %d:%02d left", wait / 60, wait % 60);
  }
  _cleanup_(buf_release) struct buf line = BUF_INIT;
  buf_addf(&line, "%s ", m->model);
  if (p->total > 0) {
    int percent = p->done < p->total ? (int)(100 * p->done / p->total) : 100;
    buf_addc(&line, '[');
    for (int i = 0; i < 20; i++) buf_addc(&line, i * 5 < percent ? '#' : '.');
    buf_addf(&line, "] %3d%% %s of %s%s", percent, done, total, left);
  } else {
    buf_adds(&line, done);
  }
  buf_addf(&line, ", %.1f MB/s  %s", speed / 1e6, p->file);
  struct winsize window;
  int columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 20 ? window.ws_col : 80;
  fprintf(stderr, "\r\033[K%.*s", columns - 1, buf_str(&line)); /* a line that wraps could not be drawn over */
  m->drawn = true;
}

static int pull(int argc, char **argv) {
  bool none;
  int words = split_arguments(argc, argv, NULL, &none);
  if (words < 1) return usage();
  catch_signals();
  for (int i = 0; i < words; i++) {
    struct meter m = {.model = argv[i], .terminal = isatty(STDERR_FILENO)};
    struct err e = {0};
    int rc = models_pull(argv[i], &cancel, on_progress, &m, &e);
    if (m.drawn) fputs("\r\033[K", stderr);
    if (rc < 0) return complain(&e);
    _cleanup_(mem_freep) char *dir = NULL;
    models_folder(argv[i], &dir, NULL);
    printf("%s: here, in %s\n", argv[i], dir ? dir : "?");
    fflush(stdout);
  }
  return 0;
}

/* ---- verify, rm ---- */

static int verify_one(const char *name) {
  struct err e = {0};
  if (models_verify(name, &cancel, &e) < 0) {
    if (e.code == ERR_MODEL) fprintf(stderr, "titr: %s; titr models pull %s mends it\n", e.msg, name);
    else complain(&e);
    return err_exit_code(e.code);
  }
  printf("%s: whole\n", name);
  return 0;
}

static int verify(int argc, char **argv) {
  bool none;
  int words = split_arguments(argc, argv, NULL, &none);
  if (words < 0) return usage();
  catch_signals();
  int worst = 0, checked = words;
  for (int i = 0; i < words; i++) {
    int code = verify_one(argv[i]);
    if (code) worst = code;
  }
  for (size_t i = 0; words == 0 && i < models_count() && !atomic_load(&cancel); i++) {
    struct model_entry m = models_at(i);
    if (!m.here) continue;
    checked++;
    int code = verify_one(m.name);
    if (code) worst = code;
  }
  if (checked == 0) puts("no model is here");
  return worst;
}

static bool confirmed(int words, char **argv) {
  fputs("remove", stderr);
  for (int i = 0; i < words; i++) fprintf(stderr, " %s", argv[i]);
  fputs("? [y/N] ", stderr);
  char line[16];
  return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static int remove_models(int argc, char **argv) {
  bool yes;
  int words = split_arguments(argc, argv, "--yes", &yes);
  if (words < 1) return usage();
  /* Who types it is asked; a script that names the models has said what it wants. */
  if (!yes && isatty(STDIN_FILENO) && !confirmed(words, argv)) return err_exit_code(ERR_CANCELLED);
  for (int i = 0; i < words; i++) {
    struct err e = {0};
    if (models_remove(argv[i], &e) < 0) return complain(&e);
    printf("%s: removed\n", argv[i]);
  }
  return 0;
}

int models_command(int argc, char **argv) {
  static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
  } verbs[] = {{"list", list}, {"pull", pull}, {"verify", verify}, {"rm", remove_models}};
  if (argc < 2) return usage();
  struct err e = {0};
  if (models_load(&e) < 0) return complain(&e);
  for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
    if (strcmp(argv[1], verbs[i].name) == 0) return verbs[i].run(argc - 2, argv + 2);
  return usage();
}
