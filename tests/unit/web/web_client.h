/* A client that can misbehave: sends bytes as they are and reads what comes. */
#ifndef TITR_TESTS_WEB_CLIENT_H
#define TITR_TESTS_WEB_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

__attribute__((unused)) static int client_open(int port) {
  struct sockaddr_in at = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct timeval limit = {.tv_sec = 10};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0) {
    close(fd);
    return -1;
  }
  return fd;
}

__attribute__((unused)) static bool client_send(int fd, const void *bytes, size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t k = send(fd, (const char *)bytes + done, n - done, MSG_NOSIGNAL);
    if (k <= 0) return false;
    done += (size_t)k;
  }
  return true;
}

/* One answer: its status, or 0 when the server hung up before; its headers and its body in `out`. `bodyless`: to HEAD. */
__attribute__((unused)) static int client_read(int fd, bool bodyless, struct buf *out) {
  buf_clear(out);
  size_t wanted = 0; /* 0: the headers have not ended */
  while (!wanted || out->len < wanted) {
    char c[4096];
    size_t most = !wanted ? 1 : wanted - out->len < sizeof c ? wanted - out->len : sizeof c;
    ssize_t n = recv(fd, c, most, 0);
    if (n <= 0) return 0;
    buf_add(out, c, (size_t)n);
    const char *end = wanted ? NULL : strstr(out->data, "\r\n\r\n");
    if (!end) continue;
    const char *length = strcasestr(out->data, "\r\nContent-Length:");
    wanted = out->len + (length && !bodyless ? strtoul(length + 17, NULL, 10) : 0);
  }
  return strncmp(out->data, "HTTP/1.1 ", 9) == 0 ? (int)strtol(out->data + 9, NULL, 10) : -1;
}

__attribute__((unused)) static int client_ask(int port, const char *request, struct buf *out) {
  int fd = client_open(port);
  assert_true(fd >= 0);
  client_send(fd, request, strlen(request)); /* a server that hung up shows in its answer */
  int status = client_read(fd, strncmp(request, "HEAD", 4) == 0, out);
  close(fd);
  return status;
}

__attribute__((unused)) static const char *client_body(const struct buf *answer) {
  const char *end = strstr(buf_str(answer), "\r\n\r\n");
  return end ? end + 4 : "";
}

#endif
