/*
 * Errors.
 *
 * A function that can fail returns int: 0, or one of the negative codes below, and takes a `struct err *`
 * as its last parameter. On failure the callee fills it with one line that a person understands: what
 * happened, to what, and what to do about it. On success the struct is left alone. Results are written
 * through `ret_*` parameters, and only on success.
 *
 * Either log an error or return it, never both. The text for the user is chosen at the edge (command line,
 * bot), where ERR_* also becomes an exit code: see err_exit_code().
 *
 * `e` may be NULL wherever a message is not wanted. A struct err owns nothing and may be copied.
 */
#ifndef TITR_BASE_ERR_H
#define TITR_BASE_ERR_H

enum {
  ERR_FAIL = -1,         /* anything without a code of its own                                    exit 1   */
  ERR_USAGE = -2,        /* the command line or a setting is wrong                                exit 2   */
  ERR_INPUT = -3,        /* the input is missing, damaged, encrypted, refused or too large        exit 3   */
  ERR_MODEL = -4,        /* a model is missing, damaged or cannot be fetched                      exit 4   */
  ERR_NO_SPEECH = -5,    /* nothing was said; the (empty) files were still written                exit 5   */
  ERR_IO = -6,           /* reading or writing failed: disk full, no permission, broken pipe      exit 1   */
  ERR_CANCELLED = -7,    /* the user (Ctrl-C) or the caller asked to stop                         exit 130 */
  ERR_TIMEOUT = -8,      /* a wall-clock limit passed                                             exit 1   */
  ERR_NETWORK = -9,      /* a server could not be reached or answered nonsense                    exit 1   */
  ERR_UNSUPPORTED = -10, /* this machine, kernel or build lacks what is needed                    exit 1   */
  ERR_CONFLICT = -11,    /* the database refused a row: it is there already, or a rule forbids it exit 1   */
  ERR_UNSURE = -12,      /* the connection broke while a change was being committed: look whether exit 1   */
                         /* it is there before trying again                                                */
  ERR_CRASH = -13        /* the sandboxed child crashed, was stopped or answered nonsense          exit 3   */
};

struct err {
  int code;       /* ERR_*, 0 while nothing failed */
  char msg[1024]; /* UTF-8, one line, no trailing newline */
};

/* Fills `e` (when not NULL) and returns `code`, so that `return err_set(e, ERR_IO, "…")` is the idiom.
 * A message that is too long is cut at a character border; control characters become spaces. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Like err_set(), and appends ": " and the text of errno value `errnum`. */
int err_errno(struct err *e, int code, int errnum, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Puts "what: " in front of a message already set; returns e->code (or ERR_FAIL when e is NULL). */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The documented exit code of the program for an ERR_* (0 for 0). */
int err_exit_code(int code);

#endif
