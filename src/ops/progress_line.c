#include "ops/progress_line.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

static const char *stage_words(enum job_stage s) {
  static const char *const words[JOB_STAGES] = {"looking at the file", "loading the model", "recognizing speech",
                                                "looking for cuts",    "making the video",  "saving"};
  return words[s];
}

void progress_time(double seconds, char to[24]) {
  long s = (long)(seconds + 0.5);
  if (s >= 3600) snprintf(to, 24, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  else if (s >= 60) snprintf(to, 24, "%ld:%02ld", s / 60, s % 60);
  else snprintf(to, 24, "%ld s", s);
}

void progress_begin(struct progress_line *p, enum progress_kind kind) {
  *p = (struct progress_line){.kind = kind, .began = clock_now(), .tenth = -1, .stage = JOB_STAGES};
  const char *term = getenv("TERM");
  bool terminal = isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
  if (kind == PROGRESS_AUTO && !terminal) p->kind = PROGRESS_PLAIN;
  setlocale(LC_CTYPE, "");
  p->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static int terminal_width(void) {
  struct winsize w;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

static void redraw(struct progress_line *p, const struct job_progress *j) {
  char spent[24], left[24] = "";
  progress_time(clock_now() - p->began, spent);
  if (j->remaining >= 0) progress_time(j->remaining, left);
  char head[64], tail[96];
  int head_len = snprintf(head, sizeof head, "%-20s", stage_words(j->stage));
  int tail_len =
      snprintf(tail, sizeof tail, " %3d %%  %s%s%s", (int)(j->done * 100), spent, *left ? ", left " : "", left);
  int width = terminal_width() - 1, bar = width - head_len - tail_len - 1;
  if (bar > 40) bar = 40;
  struct buf b = BUF_INIT;
  buf_adds(&b, "\r\033[K");
  buf_add(&b, head, (size_t)(head_len < width ? head_len : width));
  if (bar >= 8) {
    buf_addc(&b, ' ');
    int full = (int)(j->done * bar + 0.5);
    for (int i = 0; i < bar; i++) buf_adds(&b, p->unicode ? (i < full ? "█" : "░") : i < full ? "#" : ".");
  }
  if (head_len + tail_len < width) buf_add(&b, tail, (size_t)tail_len);
  fwrite(b.data, 1, b.len, stderr);
  fflush(stderr);
  buf_release(&b);
  p->drawn = true;
}

static void json_flush(struct buf *b) {
  buf_addc(b, '\n');
  fwrite(b->data, 1, b->len, stderr);
  fflush(stderr);
  buf_release(b);
}

static void json_progress(const struct job_progress *j) {
  struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "stage");
  js_string(&w, job_stage_name(j->stage));
  js_key(&w, "stage_done");
  js_double(&w, j->stage_done, 4);
  js_key(&w, "done");
  js_double(&w, j->done, 4);
  js_key(&w, "remaining_s");
  if (j->remaining >= 0) js_double(&w, j->remaining, 1);
  else js_null(&w);
  js_end(&w, '}');
  json_flush(&b);
}

static void json_text(const char *key, const char *text, int exit_code) {
  struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, key);
  js_string(&w, text);
  if (exit_code) {
    js_key(&w, "exit");
    js_int(&w, exit_code);
  }
  js_end(&w, '}');
  json_flush(&b);
}

static void json_summary(const struct job_result *r) {
  struct buf b = BUF_INIT;
  struct js_writer w = JS_WRITER(&b, 0);
  js_begin(&w, '{');
  js_key(&w, "stage");
  js_string(&w, "done");
  js_key(&w, "done");
  js_double(&w, 1, 4);
  js_key(&w, "remaining_s");
  js_double(&w, 0, 1);
  js_key(&w, "files");
  js_begin(&w, '[');
  for (size_t i = 0; i < r->file_count; i++) js_string(&w, r->files[i]);
  js_end(&w, ']');
  js_key(&w, "language");
  if (r->language[0]) js_string(&w, r->language);
  else js_null(&w);
  js_key(&w, "cues");
  js_int(&w, (int64_t)r->cues);
  js_key(&w, "media_s");
  js_double(&w, r->media_seconds, 3);
  js_key(&w, "seconds");
  js_double(&w, r->seconds, 3);
  js_key(&w, "resumed");
  js_bool(&w, r->resumed);
  js_end(&w, '}');
  json_flush(&b);
}

void progress_show(void *progress_line, const struct job_progress *j) {
  struct progress_line *p = progress_line;
  bool new_stage = j->stage != p->stage;
  p->stage = j->stage;
  if (p->kind == PROGRESS_AUTO) {
    redraw(p, j);
  } else if (p->kind == PROGRESS_JSON) {
    double now = clock_now();
    if (!new_stage && now - p->told < 0.5 && j->stage_done < 1) return;
    p->told = now;
    json_progress(j);
  } else if (p->kind == PROGRESS_PLAIN && j->stage != JOB_PROBE) { /* whose end is the first that is worth a line */
    int tenth = (int)(j->done * 10);
    if (!new_stage && tenth == p->tenth) return;
    p->tenth = tenth;
    fprintf(stderr, "%3d %% %s\n", (int)(j->done * 100), stage_words(j->stage));
  }
}

static void clear(struct progress_line *p) {
  if (!p->drawn) return;
  fputs("\r\033[K", stderr);
  p->drawn = false;
}

/* One line of text from anywhere: no control character of it reaches the terminal. */
static void say(const char *text) {
  for (; *text; text++) putc((unsigned char)*text < 0x20 || *text == 0x7F ? ' ' : *text, stderr);
}

void progress_notice(void *progress_line, const char *text) {
  struct progress_line *p = progress_line;
  clear(p);
  if (p->kind == PROGRESS_JSON) {
    json_text("notice", text, 0);
  } else if (p->kind != PROGRESS_NONE) {
    fputs("titr: ", stderr);
    say(text);
    putc('\n', stderr);
  }
}

void progress_error(struct progress_line *p, const struct err *e) {
  clear(p);
  if (p->kind == PROGRESS_JSON) json_text("error", e->msg, err_exit_code(e->code));
  else fprintf(stderr, "titr: %s\n", e->msg);
}

static void file_line(const char *path) {
  int64_t bytes = file_size(path);
  fputs("  ", stderr);
  say(path);
  if (bytes >= 1000000) fprintf(stderr, "  %.1f MB\n", (double)bytes / 1e6);
  else fprintf(stderr, "  %.1f kB\n", (double)bytes / 1e3);
}

void progress_summary(struct progress_line *p, const struct job_result *r) {
  char took[24], length[24];
  clear(p);
  if (p->kind == PROGRESS_JSON) json_summary(r);
  if (p->kind == PROGRESS_JSON || p->kind == PROGRESS_NONE) return;
  const char *language = r->language;
  progress_time(r->seconds, took);
  progress_time(r->media_seconds, length);
  if (*language) speech_language_known(r->language, &language);
  fprintf(stderr, "%zu caption%s", r->cues, r->cues == 1 ? "" : "s");
  if (*language) fprintf(stderr, " in %s", language);
  fprintf(stderr, ", %s of %s in %s", length, r->info.has_video ? "video" : "sound", took);
  if (r->speech.total > 0)
    fprintf(stderr, " (speech recognized at %.0f times its pace)", r->speech.audio_seconds / r->speech.total);
  fputs(r->file_count ? ":\n" : "\n", stderr);
  for (size_t i = 0; i < r->file_count; i++) file_line(r->files[i]);
}
