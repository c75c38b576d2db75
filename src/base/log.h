/*
 * Logging: one line an event on standard error, plain or JSON. Thread-safe (one write a line). Secrets
 * never come here: a caller that holds one logs its name, not its value. Messages are for operators and are
 * English; what a user reads is written by the edge.
 *
 *   log_set(LOG_INFO, LOG_PLAIN);
 *   log_info("media", "probed %s: %d streams", name, n);
 */
#ifndef TITR_BASE_LOG_H
#define TITR_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_SILENT };
enum log_format { LOG_PLAIN, LOG_JSON };

void log_set(enum log_level lowest, enum log_format format); /* default: LOG_WARNING, LOG_PLAIN */
enum log_level log_lowest(void);

void log_line(enum log_level level, const char *module, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define log_debug(module, ...)   log_line(LOG_DEBUG, module, __VA_ARGS__)
#define log_info(module, ...)    log_line(LOG_INFO, module, __VA_ARGS__)
#define log_warning(module, ...) log_line(LOG_WARNING, module, __VA_ARGS__)
#define log_error(module, ...)   log_line(LOG_ERROR, module, __VA_ARGS__)

#endif
