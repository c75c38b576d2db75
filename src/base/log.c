#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum log_level lowest = LOG_WARNING;
static enum log_format format = LOG_PLAIN;

void log_set(enum log_level level, enum log_format f) {
  lowest = level;
  format = f;
}

enum log_level log_lowest(void) {
  return lowest;
}

/* Appends `s` to the line as it may stand in a JSON string (or with control characters blanked). */
static size_t put(char *line, size_t len, size_t cap, const char *s, int json) {
  for (; *s && len + 7 < cap; s++) {
    unsigned char c = (unsigned char)*s;
    if (json && (c == '"' || c == '\\')) {
      line[len++] = '\\';
      line[len++] = (char)c;
    } else {
      line[len++] = c < 0x20 || c == 0x7F ? ' ' : (char)c;
    }
  }
  return len;
}

void log_line(enum log_level level, const char *module, const char *fmt, ...) {
  if (level < lowest || level >= LOG_SILENT) return;
  static const char *const names[] = {"debug", "info", "warning", "error"};
  char text[2048];
  char line[4096];
  char stamp[32];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);

  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct tm tm;
  gmtime_r(&now.tv_sec, &tm);
  strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);

  int json = format == LOG_JSON;
  int n = snprintf(
      line, sizeof line,
      json ? "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"module\":\"%s\",\"message\":\"" : "%s.%03ldZ %-7s %s: ", stamp,
      now.tv_nsec / 1000000, names[level], module);
  size_t len = put(line, n < 0 ? 0 : (size_t)n, sizeof line - 4, text, json);
  if (json) {
    line[len++] = '"';
    line[len++] = '}';
  }
  line[len++] = '\n';
  if (write(STDERR_FILENO, line, len) < 0) { /* a log that cannot be written is not worth a crash */
  }
}
