/* A man in the middle of a connection to PostgreSQL or Redis, who breaks it at a chosen place. Each connection has a thread. */
#ifndef TITR_TESTS_PROXY_H
#define TITR_TESTS_PROXY_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum proxy_trick {
  PROXY_PASS,
  PROXY_CUT_BEFORE,      /* at the client's message with the word: it does not arrive */
  PROXY_CUT_AFTER,       /* it arrives, and is answered; the answer does not */
  PROXY_SWALLOW_ANSWERS, /* from it on nothing comes back, and nobody hangs up */
};

struct proxy {
  int listener, port, server_port;
  atomic_int trick; /* done once, then PASS */
  const char *word; /* set before the trick */
  atomic_int done, links;
  pthread_t thread;
};

struct proxy_link {
  struct proxy *proxy;
  int client;
};

static void *proxy_link_run(void *ctx) {
  struct proxy_link link = *(struct proxy_link *)ctx;
  free(ctx);
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)link.proxy->server_port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool open = connect(server, (struct sockaddr *)&to, sizeof to) == 0, cut = false, swallow = false;
  while (open) {
    struct pollfd p[2] = {{.fd = link.client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    poll(p, 2, -1);
    char bytes[65536];
    for (int i = 0; open && i < 2; i++) {
      if (!p[i].revents) continue;
      ssize_t n = read(p[i].fd, bytes, sizeof bytes);
      if (n <= 0) {
        open = false;
        break;
      }
      int trick = atomic_load(&link.proxy->trick);
      if (i == 0 && trick != PROXY_PASS && memmem(bytes, (size_t)n, link.proxy->word, strlen(link.proxy->word))) {
        atomic_store(&link.proxy->trick, PROXY_PASS);
        atomic_fetch_add(&link.proxy->done, 1);
        if (trick == PROXY_CUT_BEFORE) {
          open = false;
          break;
        }
        cut = trick == PROXY_CUT_AFTER;
        swallow = trick == PROXY_SWALLOW_ANSWERS;
      }
      if (i == 1 && cut) { /* the answer is here: what was asked is done */
        open = false;
        break;
      }
      if (i == 1 && swallow) continue;
      if (write(p[1 - i].fd, bytes, (size_t)n) != n) open = false;
    }
  }
  close(server);
  close(link.client);
  atomic_fetch_sub(&link.proxy->links, 1);
  return NULL;
}

static void *proxy_run(void *ctx) {
  struct proxy *proxy = ctx;
  for (int client; (client = accept(proxy->listener, NULL, NULL)) >= 0;) {
    struct proxy_link *link = NEW(struct proxy_link);
    *link = (struct proxy_link){proxy, client};
    atomic_fetch_add(&proxy->links, 1);
    pthread_t thread;
    pthread_create(&thread, NULL, proxy_link_run, link);
    pthread_detach(thread);
  }
  return NULL;
}

static struct proxy *proxy_new(int server_port) {
  struct proxy *proxy = NEW(struct proxy);
  proxy->server_port = server_port;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(proxy->listener, (struct sockaddr *)&at, size) < 0 || listen(proxy->listener, 16) < 0 ||
      getsockname(proxy->listener, (struct sockaddr *)&at, &size) < 0)
    abort();
  proxy->port = ntohs(at.sin_port);
  pthread_create(&proxy->thread, NULL, proxy_run, proxy);
  return proxy;
}

static void proxy_play(struct proxy *proxy, enum proxy_trick trick, const char *word) {
  proxy->word = word;
  atomic_store(&proxy->done, 0);
  atomic_store(&proxy->trick, (int)trick);
}

/* Links end with their connections: close those first, or this waits for ever. */
static void proxy_free(struct proxy *proxy) {
  shutdown(proxy->listener, SHUT_RDWR);
  pthread_join(proxy->thread, NULL);
  while (atomic_load(&proxy->links) > 0) clock_sleep(0.01);
  close(proxy->listener);
  free(proxy);
}

#endif
