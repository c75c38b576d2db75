/*
 * One setting's value: text checked against its declaration and turned into what the program uses.
 *
 * The declaration is a row of the table in settings.c, and a row is all that a new setting needs: checking, messages,
 * `.env.example` and the manual come from it.
 */
#ifndef TITR_CONFIG_VALUE_H
#define TITR_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum setting_type {
  SETTING_STRING, /* any text without control characters; lowest..highest bytes long                       */
  SETTING_INT,    /* a whole number within lowest..highest                                                  */
  SETTING_SIZE,   /* bytes: a number with an optional K, M, G or T (1024s; "500M", "2 GiB", "10MB")         */
  SETTING_BOOL,   /* 1/0, true/false, yes/no, on/off, in any case                                           */
  SETTING_PATH,   /* a file or folder; a leading ~/ is the home folder                                      */
  SETTING_URL,    /* http:// or https://                                                                    */
  SETTING_PLACE,  /* a URL, or a folder (also as file:///…)                                                 */
  SETTING_ENUM,   /* one of `choices`, in any case; kept as written there                                   */
  SETTING_INTS,   /* whole numbers within lowest..highest: "1, 2" or "[1, 2]"                               */
};

struct setting {
  const char *name;
  enum setting_type type;
  const char *otherwise; /* the default, as it would be written; "" or NULL: not set */
  int64_t lowest, highest;
  const char *choices; /* "debug|info|…" */
  bool secret;         /* never shown; its text is never put in an error */
  const char *help;    /* one line */
};

struct setting_value {
  bool set;       /* false: neither given nor defaulted; then all of the rest is zero */
  char *text;     /* STRING, PATH, URL, PLACE, ENUM: owned */
  int64_t number; /* INT, SIZE, BOOL */
  int64_t *numbers;
  size_t count; /* INTS */
};

void setting_value_release(struct setting_value *v); /* also the cleanup function */

/* Checks `text` (never empty). ERR_USAGE: "NAME: what is wrong (what is accepted)". */
int setting_value_parse(const struct setting *s, const char *text, struct setting_value *ret, struct err *e);

#endif
