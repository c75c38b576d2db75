/*
 * Logging: one line an event on standard error, plain or JSON. Thread-safe (one write a line). Secrets
 * never come here: a caller that holds one logs its name, not its value. Messages are for operators and are
 * English; what a user reads is written by the edge.
 *
 *   log_set(LOG_INFO, LOG_PLAIN);
 *   log_info("media", "probed %s: %d streams", name, n);
 *
 *   2026-02-01T10:00:00.250Z info    media: [k3j9…] probed in.mp4: 2 streams
 *   {"time": "2026-02-01T10:00:00.250Z","level": "info","area": "media","task": "k3j9…","message": "probed in.mp4: 2 streams"}
 *
 * The task is left out when the thread has none. A message is cut at 2047 bytes.
 */
#ifndef TITR_BASE_LOG_H
#define TITR_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_SILENT };
enum log_format { LOG_PLAIN, LOG_JSON };

/* Default: LOG_WARNING, LOG_PLAIN. Before other threads are started, or while they log nothing. */
void log_set(enum log_level lowest, enum log_format format);
enum log_level log_lowest(void);

/* The task that this thread works on, by its public id (copied, at most 63 bytes); NULL: none. It is for this thread
 * only: a thread that works for the task sets it again. */
void log_set_task(const char *public_id);

void log_line(enum log_level level, const char *area, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define log_debug(area, ...)   log_line(LOG_DEBUG, area, __VA_ARGS__)
#define log_info(area, ...)    log_line(LOG_INFO, area, __VA_ARGS__)
#define log_warning(area, ...) log_line(LOG_WARNING, area, __VA_ARGS__)
#define log_error(area, ...)   log_line(LOG_ERROR, area, __VA_ARGS__)

#endif
