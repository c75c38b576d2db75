#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"

static enum log_level lowest = LOG_WARNING;
static enum log_format format = LOG_PLAIN;
static _Thread_local char task[64];

void log_set(enum log_level level, enum log_format f) {
  lowest = level;
  format = f;
}

enum log_level log_lowest(void) {
  return lowest;
}

void log_set_task(const char *public_id) {
  snprintf(task, sizeof task, "%s", public_id ? public_id : "");
}

/* One event is one line, whatever is in the message. */
static void add_printable(struct buf *out, const char *s) {
  for (; *s; s++) buf_addc(out, (unsigned char)*s < 0x20 || *s == 0x7F ? ' ' : *s);
}

static void plain_line(struct buf *out, const char *stamp, const char *level, const char *area, const char *text) {
  buf_addf(out, "%s %-7s %s: ", stamp, level, area);
  if (task[0]) {
    buf_addc(out, '[');
    add_printable(out, task);
    buf_adds(out, "] ");
  }
  add_printable(out, text);
}

static void json_line(struct buf *out, const char *stamp, const char *level, const char *area, const char *text) {
  struct js_writer w = JS_WRITER(out, 0);
  js_begin(&w, '{');
  js_key(&w, "time");
  js_string(&w, stamp);
  js_key(&w, "level");
  js_string(&w, level);
  js_key(&w, "area");
  js_string(&w, area);
  if (task[0]) {
    js_key(&w, "task");
    js_string(&w, task);
  }
  js_key(&w, "message");
  js_string(&w, text);
  js_end(&w, '}');
}

void log_line(enum log_level level, const char *area, const char *fmt, ...) {
  if (level < lowest || level >= LOG_SILENT) return;
  static const char *const names[] = {"debug", "info", "warning", "error"};
  char text[2048];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);

  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct tm tm;
  gmtime_r(&now.tv_sec, &tm);
  char day[32], stamp[48];
  strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
  snprintf(stamp, sizeof stamp, "%s.%03ldZ", day, now.tv_nsec / 1000000);

  _cleanup_(buf_release) struct buf line = BUF_INIT;
  (format == LOG_JSON ? json_line : plain_line)(&line, stamp, names[level], area, text);
  buf_addc(&line, '\n');
  if (write(STDERR_FILENO, line.data, line.len) < 0) { /* a log that cannot be written is not worth a crash */
  }
}
