/* Addresses of servers, as text: taking them apart, putting them together, showing them without what is secret. */
#ifndef TITR_CONFIG_ADDRESS_H
#define TITR_CONFIG_ADDRESS_H

#include <stdbool.h>

#include "base/buf.h"

/* "127.0.0.1:8080", "[::1]:8080", "localhost:80" -> host (without brackets; caller frees) and port 1..65535. False: the
 * text is neither, and nothing is written. */
bool address_split(const char *text, char **ret_host, int *ret_port);

/* Percent-encodes all but letters, digits and -._~ (RFC 3986's unreserved). */
void address_encode(struct buf *out, const char *text);

struct address_postgres {
  const char *host; /* a name, an IP address, or the absolute path of a socket's folder */
  int port;
  const char *database, *user, *password; /* password: NULL for none */
};
/* "postgresql://user:password@host:port/database", each part encoded. Caller frees. */
char *address_of_postgres(const struct address_postgres *p);

/* An address of any kind without its password, query and fragment: "postgresql://user@host/name". "sqlite:PATH" is
 * given back as it is. Caller frees. */
char *address_display(const char *url);

bool address_is_loopback(const char *host); /* localhost, 127.x.x.x, ::1 */

#endif
