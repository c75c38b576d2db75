#include "config/address.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum { MOST_HOST = 253 };

static bool port_number(const char *text, int *ret) {
  int n = 0;
  if (!*text || strlen(text) > 5) return false;
  for (const char *p = text; *p; p++) {
    if (*p < '0' || *p > '9') return false;
    n = n * 10 + (*p - '0');
  }
  *ret = n;
  return n >= 1 && n <= 65535;
}

bool address_split(const char *text, char **ret_host, int *ret_port) {
  bool bracket = *text == '[';
  const char *from = text + bracket, *to = bracket ? strchr(text, ']') : strchr(text, ':');
  int port;
  if (!to || to == from || (size_t)(to - from) > MOST_HOST) return false;
  const char *colon = bracket ? to + 1 : to;
  if (*colon != ':' || !port_number(colon + 1, &port)) return false;
  _cleanup_(mem_freep) char *host = x_strndup(from, (size_t)(to - from));
  struct in6_addr v6;
  if (bracket && inet_pton(AF_INET6, host, &v6) != 1) return false;
  for (const char *p = host; !bracket && *p; p++)
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", *p)) return false;
  *ret_host = TAKE(host);
  *ret_port = port;
  return true;
}

void address_encode(struct buf *out, const char *text) {
  for (const char *p = text; *p; p++) {
    unsigned char c = (unsigned char)*p;
    bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-._~", c);
    if (plain) buf_addc(out, (char)c);
    else buf_addf(out, "%%%02X", c);
  }
}

char *address_of_postgres(const struct address_postgres *p) {
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  buf_adds(&b, "postgresql://");
  address_encode(&b, p->user);
  if (p->password) {
    buf_addc(&b, ':');
    address_encode(&b, p->password);
  }
  buf_addc(&b, '@');
  if (strchr(p->host, ':')) buf_addf(&b, "[%s]", p->host); /* an IPv6 address */
  else address_encode(&b, p->host);
  buf_addf(&b, ":%d/", p->port);
  address_encode(&b, p->database);
  return buf_take(&b);
}

char *address_display(const char *url) {
  const char *authority = strstr(url, "://");
  if (!authority || strncasecmp(url, "sqlite:", 7) == 0) return x_strdup(url);
  authority += 3;
  size_t len = strcspn(authority, "/?#");
  const char *at = NULL; /* the last one: an unencoded one in a password must not give part of it away */
  for (const char *p = authority; *p; p++)
    if (*p == '@') at = p;
  const char *host = authority;
  size_t user = 0;
  if (at) {
    user = strcspn(authority, ":@/?#");
    host = at + 1;
    len = strcspn(host, "/?#");
  }
  const char *path = host + len;
  return x_asprintf("%.*s%.*s%s%.*s%.*s", (int)(authority - url), url, (int)user, authority, user ? "@" : "", (int)len,
                    host, (int)strcspn(path, "?#"), path);
}

bool address_is_loopback(const char *host) {
  struct in_addr v4;
  if (inet_pton(AF_INET, host, &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}
