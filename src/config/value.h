/*
 * One setting's value: text checked against its declaration and turned into what the program uses.
 *
 * The declaration is a row of the table in table.c, and a row is all that a new setting needs: checking, messages,
 * `.env.example`, docs/settings.md and the manual come from it.
 */
#ifndef TITR_CONFIG_VALUE_H
#define TITR_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/form.h"

enum setting_type {
  SETTING_STRING, /* any text without control characters, lowest..highest bytes long; or one that has `form`  */
  SETTING_INT,    /* a whole number within lowest..highest                                                  */
  SETTING_SIZE,   /* bytes: a number with an optional K, M, G or T (1024s; "500M", "2 GiB", "10MB")         */
  SETTING_BOOL,   /* 1/0, true/false, yes/no, on/off, in any case                                           */
  SETTING_PATH,   /* a file or folder; a leading ~/ is the home folder                                      */
  SETTING_URL,    /* http:// or https://                                                                    */
  SETTING_PLACE,  /* a URL, or a folder (also as file:///…)                                                 */
  SETTING_ENUM,   /* one of `choices`, in any case; kept as written there                                   */
  SETTING_INTS,   /* whole numbers within lowest..highest: "1, 2" or "[1, 2]"                               */
  SETTING_MONEY,  /* "299" or "299.00", exactly; the number, lowest and highest are hundredths (minor units)  */
};

enum setting_group {
  SETTINGS_GENERAL,
  SETTINGS_BOT,
  SETTINGS_WEB,
  SETTINGS_DATABASE,
  SETTINGS_QUEUE,
  SETTINGS_WORKER,
  SETTINGS_FILES,
  SETTINGS_PLANS,
  SETTINGS_PRICES,
  SETTINGS_PAYMENTS,
  SETTINGS_SPEECH,
  SETTINGS_LANGUAGES,
  SETTINGS_DOWNLOADS,
  SETTINGS_GROUPS
};

enum setting_use {
  SETTING_ALWAYS,  /* every command reads it: a wrong value stops `titr caption` too                         */
  SETTING_SERVICE, /* read by the service's commands only (settings_load_service())                          */
  SETTING_LATER,   /* checked like those; what it sets is not built yet                                      */
  SETTING_KEPT,    /* checked like those; known from AutoSub, and nothing here needs it                      */
};

struct setting {
  const char *name;
  enum setting_type type;
  const char *otherwise; /* the default, as it would be written; "" or NULL: not set */
  int64_t lowest, highest;
  const char *choices;             /* "debug|info|…" */
  bool secret;                     /* never shown; its text is never put in an error */
  const char *help;                /* one line: what it does, and its unit */
  const struct setting_form *form; /* STRING: or NULL */
  enum setting_group group;
  enum setting_use use;
};

struct setting_value {
  bool set;       /* false: neither given nor defaulted; then all of the rest is zero */
  char *text;     /* STRING, PATH, URL, PLACE, ENUM: owned */
  int64_t number; /* INT, SIZE, BOOL, MONEY */
  int64_t *numbers;
  size_t count; /* INTS */
};

void setting_value_release(struct setting_value *v); /* also the cleanup function */

/* Checks `text` (never empty). ERR_USAGE: "NAME: what is wrong (what is accepted)". */
int setting_value_parse(const struct setting *s, const char *text, struct setting_value *ret, struct err *e);

/* Appends a set value as it may be written in a .env: parsing that gives the same value. A secret's too, so this is not
 * for showing. */
void setting_value_print(const struct setting *s, const struct setting_value *v, struct buf *out);

/* The same for people: "(set)" or "(not set)" for a secret, addresses without user and password. */
void setting_value_show(const struct setting *s, const struct setting_value *v, struct buf *out);

/* Appends what is accepted: "a whole number from 1 to 64". */
void setting_accepts(const struct setting *s, struct buf *out);

#endif
