#include "config/form.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/address.h"

#define DIGITS  "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static bool only(const char *text, const char *allowed) {
  return *text && text[strspn(text, allowed)] == '\0';
}

static bool is_bot_token(const char *text) {
  size_t id = strspn(text, DIGITS);
  return id > 0 && id <= 20 && text[id] == ':' && only(text + id + 1, LETTERS DIGITS "_-") && strlen(text) <= 256;
}

static bool is_host(const char *text) {
  struct in6_addr v6;
  if (*text == '/') return true; /* what is in the folder shows when it is connected to */
  if (strchr(text, ':')) return inet_pton(AF_INET6, text, &v6) == 1;
  return strlen(text) <= 253 && only(text, LETTERS DIGITS ".-_");
}

static bool is_listen(const char *text) {
  _cleanup_(mem_freep) char *host = NULL;
  int port;
  return address_split(text, &host, &port);
}

/* The port of "user:password@host:port/name?…", when it has one and one host only. */
static bool is_port_right(const char *authority) {
  _cleanup_(mem_freep) char *text = x_strndup(authority, strcspn(authority, "/?#"));
  const char *at = strrchr(text, '@'), *host = at ? at + 1 : text, *bracket = strchr(host, ']');
  const char *colon = strchr(bracket ? bracket : host, ':');
  if (!colon || !colon[1] || strchr(host, ',')) return true;
  long port = only(colon + 1, DIGITS) ? strtol(colon + 1, NULL, 10) : 0;
  return port >= 1 && port <= 65535;
}

static bool is_database(const char *text) {
  if (strncmp(text, "sqlite:", 7) == 0) return text[7] != '\0';
  const char *rest = strncmp(text, "postgresql://", 13) == 0 ? text + 13
                     : strncmp(text, "postgres://", 11) == 0 ? text + 11
                                                             : NULL;
  return rest && *rest && !strpbrk(rest, " ") && is_port_right(rest);
}

static bool is_proxy(const char *text) {
  static const char *const kinds[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
  const char *mark = strstr(text, "://");
  if (!mark || !mark[3] || mark[3] == '/' || strpbrk(text, " ")) return false;
  for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
    if (strlen(kinds[i]) == (size_t)(mark - text) && strncasecmp(text, kinds[i], strlen(kinds[i])) == 0) return true;
  return false;
}

/* The name becomes a path: nothing that climbs out of the folder, and a file that says it is a zone. */
static bool is_zone(const char *text) {
  if (strcmp(text, "UTC") == 0) return true;
  if (*text == '/' || strstr(text, "..") || strlen(text) > 64 || !only(text, LETTERS DIGITS "/_+-")) return false;
  const char *dir = getenv("TZDIR");
  _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", dir && *dir ? dir : "/usr/share/zoneinfo", text);
  _cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char magic[4];
  return fd >= 0 && read(fd, magic, sizeof magic) == (ssize_t)sizeof magic && memcmp(magic, "TZif", 4) == 0;
}

const struct setting_form form_bot_token = {
    "a bot's token as @BotFather gives it: a number, a colon, then letters, digits, _ and -", is_bot_token};
const struct setting_form form_host = {"a host name, an IP address or the folder of a socket", is_host};
const struct setting_form form_listen = {"an address to listen at: host:port, or [IPv6]:port", is_listen};
const struct setting_form form_database = {"sqlite:PATH or postgresql://user:password@host:port/name", is_database};
const struct setting_form form_proxy = {
    "a proxy's address: http://, https:// or socks5://, with user:password@ if needed", is_proxy};
const struct setting_form form_zone = {
    "a time zone that this machine knows: UTC, or a name such as Europe/Moscow (Debian: package tzdata)", is_zone};
