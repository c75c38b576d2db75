/*
 * Forms that a text setting may have to have, beyond its length: what it is called in messages, and the test for it.
 */
#ifndef TITR_CONFIG_FORM_H
#define TITR_CONFIG_FORM_H

#include <stdbool.h>

struct setting_form {
  const char *what; /* "X: "…" is not WHAT" */
  bool (*fits)(const char *text);
};

extern const struct setting_form form_bot_token; /* digits, a colon, letters: safe in an address's path           */
extern const struct setting_form form_host;      /* a name, an IP address, or the folder of a Unix socket         */
extern const struct setting_form form_listen;    /* host:port, [v6]:port                                          */
extern const struct setting_form form_database;  /* sqlite:PATH or postgresql://…                                 */
extern const struct setting_form form_proxy;     /* http, https, socks4, socks4a, socks5, socks5h                 */
extern const struct setting_form form_zone;      /* UTC, or a file of the system's time zones ($TZDIR first)      */

#endif
