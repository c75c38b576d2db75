/*
 * A Redis server of one test's own, which it may empty, hang and kill (tests/services' is shared by all tests). It keeps
 * what it has through redis_kill() and redis_again(). Without redis-server a test by hand is skipped; under tests/run it fails.
 */
#ifndef TITR_TESTS_QUEUE_REDIS_SERVER_H
#define TITR_TESTS_QUEUE_REDIS_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

struct redis_server {
  int port;
  pid_t pid;
  char *folder;
  const char *password;
};

static bool redis_installed(void) {
  if (access("/usr/bin/redis-server", X_OK) == 0) return true;
  if (getenv("TITR_TESTS_COMPLETE")) fail_msg("redis-server is not installed");
  print_message("redis-server is not installed: skipped\n");
  return false;
}

static int redis_free_port(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(fd, (struct sockaddr *)&at, size) < 0 || getsockname(fd, (struct sockaddr *)&at, &size) < 0) abort();
  close(fd);
  return ntohs(at.sin_port);
}

static bool redis_answers(const struct redis_server *s) {
  struct sockaddr_in at = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)s->port)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char answer[64] = "";
  bool ok = connect(fd, (struct sockaddr *)&at, sizeof at) == 0 && send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
            read(fd, answer, sizeof answer - 1) > 0 &&
            (strncmp(answer, "+PONG", 5) == 0 || strncmp(answer, "-NOAUTH", 7) == 0);
  close(fd);
  return ok;
}

static void redis_again(struct redis_server *s) {
  char port[16];
  snprintf(port, sizeof port, "%d", s->port);
  s->pid = fork();
  if (s->pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 1);
    dup2(null, 2);
    execl("/usr/bin/redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", s->folder, "--save",
          "", "--appendonly", "yes", "--appendfsync", "no", "--requirepass", s->password ? s->password : "",
          (char *)NULL);
    _exit(127);
  }
  for (int i = 0; i < 200 && !redis_answers(s); i++) clock_sleep(0.05);
  if (!redis_answers(s)) fail_msg("redis-server does not start");
}

static void redis_kill(struct redis_server *s) {
  kill(s->pid, SIGKILL);
  waitpid(s->pid, NULL, 0);
  s->pid = 0;
}

static struct redis_server *redis_start(const char *password) {
  struct redis_server *s = NEW(struct redis_server);
  s->password = password;
  if (file_temp_dir(&s->folder, NULL) < 0) fail_msg("no temporary folder");
  s->port = redis_free_port();
  redis_again(s);
  return s;
}

static void redis_stop(struct redis_server *s) {
  if (s->pid) redis_kill(s);
  file_remove_tree(s->folder);
  free(s->folder);
  free(s);
}

/* An order in Redis's inline form ("FLUSHALL"), past the code under test; returns the number that it answers with. */
static long redis_order(const struct redis_server *s, const char *order) {
  struct sockaddr_in at = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)s->port)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char answer[256] = "", line[256];
  int n = snprintf(line, sizeof line, "%s\r\n", order);
  if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0 || send(fd, line, (size_t)n, MSG_NOSIGNAL) != n ||
      read(fd, answer, sizeof answer - 1) <= 0 || answer[0] == '-')
    fail_msg("%s: %s", order, answer);
  close(fd);
  return answer[0] == ':' ? strtol(answer + 1, NULL, 10) : 0;
}

#endif
