/*
 * DESIGN. hiredis blocks in read() and write() of a socket whose timeouts the kernel keeps, so a deadline is a socket option set
 * before the call. Whatever fails below the protocol leaves the connection unusable: hiredis cannot tell an answer that comes late
 * from that to the next command.
 */
#include "queue/redis.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "base/buf.h"
#include "base/fault.h"
#include "queue/redis_fault.h"

enum { REFUSAL = 32, WORDS_MOST = 24 };

struct redis {
  redisContext *hiredis;
  char *display;        /* "host:port" */
  const char *password; /* of the caller, only while connecting */
  double seconds;       /* the socket's timeout as it is set */
  bool broken;
  char refusal[REFUSAL];
};

/* ---- SIGPIPE: write() to a server that hung up would end a program that has not thought of it ---- */

struct quiet {
  sigset_t before;
  bool was_pending;
};

static void quiet_begin(struct quiet *q) {
  sigset_t pipe, pending;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, &q->before);
  q->was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static void quiet_end(const struct quiet *q, bool failed) {
  int keep = errno;
  if (failed && !q->was_pending) {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigtimedwait(&pipe, NULL, &(struct timespec){0});
  }
  pthread_sigmask(SIG_SETMASK, &q->before, NULL);
  errno = keep;
}

/* ---- errors ---- */

static struct timeval timeval_of(double seconds) {
  if (seconds < 0.001) seconds = 0.001; /* 0 would be for ever */
  long micro = (long)(seconds * 1e6);
  return (struct timeval){.tv_sec = micro / 1000000, .tv_usec = micro % 1000000};
}

static int fail_connection(struct redis *c, struct err *e) {
  c->broken = true;
  int code = c->hiredis->err;
  bool late = code == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ETIMEDOUT);
  return err_set(e, ERR_NETWORK, "Redis at %s: %s", c->display, late ? "no answer in time" : c->hiredis->errstr);
}

/* The server said no. What it says may quote the command, whose words may be secret while we connect. */
static int fail_refused(struct redis *c, const redisReply *r, struct err *e) {
  size_t n = strcspn(r->str, " ");
  if (n >= sizeof c->refusal) n = sizeof c->refusal - 1;
  memcpy(c->refusal, r->str, n);
  c->refusal[n] = '\0';
  if (c->password && *c->password && strstr(r->str, c->password))
    return err_set(e, ERR_NETWORK, "Redis at %s refuses the password", c->display);
  return err_set(e, ERR_NETWORK, "Redis at %s: %s", c->display, r->str);
}

/* ---- faults ---- */

static struct fault armed = FAULT_INIT;

void redis_fault_arm(int64_t nth, enum redis_fault kind) {
  fault_arm(&armed, NULL, nth, (int)kind);
}

bool redis_fault_disarm(void) {
  return fault_disarm(&armed);
}

static bool fault_here(int *ret_kind) {
  bool now = fault_now(&armed, NULL, ret_kind);
  if (now) fault_came(&armed);
  return now;
}

/* In place of an answer. */
static int fail_on_purpose(struct redis *c, int kind, struct err *e) {
  if (kind == REDIS_FAULT_REFUSED) {
    snprintf(c->refusal, sizeof c->refusal, "LOADING");
    return err_set(e, ERR_NETWORK, "Redis at %s: a test's fault: LOADING", c->display);
  }
  c->broken = true;
  return err_set(e, ERR_NETWORK, "Redis at %s: a test's fault: the connection was lost", c->display);
}

/* ---- commands ---- */

static void send_words(struct redis *c, const char *const *words, size_t count) {
  const char *copy[WORDS_MOST]; /* hiredis wants them without the second const */
  if (count > WORDS_MOST) abort();
  for (size_t i = 0; i < count; i++) copy[i] = words[i];
  if (redisAppendCommandArgv(c->hiredis, (int)count, copy, NULL) != REDIS_OK) c->broken = true;
}

static int receive(struct redis *c, double seconds, struct redis_reply **ret, struct err *e) {
  if (c->broken) return fail_connection(c, e);
  if (seconds != c->seconds) {
    if (redisSetTimeout(c->hiredis, timeval_of(seconds)) != REDIS_OK) return fail_connection(c, e);
    c->seconds = seconds;
  }
  void *reply = NULL;
  struct quiet q;
  quiet_begin(&q);
  errno = 0;
  int rc = redisGetReply(c->hiredis, &reply);
  quiet_end(&q, rc != REDIS_OK);
  if (rc != REDIS_OK || !reply) return fail_connection(c, e);
  const redisReply *r = reply;
  if (r->type == REDIS_REPLY_ERROR) {
    rc = fail_refused(c, r, e);
    freeReplyObject(reply);
    return rc;
  }
  *ret = reply;
  return 0;
}

int redis_call(struct redis *c, const char *const *words, size_t count, double seconds, struct redis_reply **ret,
               struct err *e) {
  c->refusal[0] = '\0';
  int kind;
  bool faulty = fault_here(&kind);
  if (faulty && kind != REDIS_FAULT_LOST_AFTER) return fail_on_purpose(c, kind, e);
  send_words(c, words, count);
  _cleanup_(redis_reply_freep) struct redis_reply *reply = NULL;
  int rc = receive(c, seconds, &reply, e);
  if (rc == 0 && faulty) rc = fail_on_purpose(c, kind, e);
  if (rc == 0) *ret = TAKE(reply);
  return rc;
}

static int order(struct redis *c, const char *verb, const char *word, double seconds, struct err *e) {
  const char *const words[] = {verb, word};
  struct redis_reply *r = NULL;
  int rc = redis_call(c, words, ARRAY_LEN(words), seconds, &r, e);
  redis_reply_free(r);
  return rc;
}

/* ---- connecting ---- */

int redis_connect(const struct queue_redis *where, double seconds, struct redis **ret, struct err *e) {
  bool path = where->host[0] == '/';
  _cleanup_(redis_freep) struct redis *c = NEW(struct redis);
  c->display = path ? x_strdup(where->host) : x_asprintf("%s:%d", where->host, where->port);
  int kind;
  if (fault_here(&kind)) return err_set(e, ERR_NETWORK, "cannot reach Redis at %s: a test's fault", c->display);
  struct timeval limit = timeval_of(seconds);
  struct quiet q;
  quiet_begin(&q);
  c->hiredis =
      path ? redisConnectUnixWithTimeout(where->host, limit) : redisConnectWithTimeout(where->host, where->port, limit);
  quiet_end(&q, true);
  if (!c->hiredis) abort(); /* hiredis's word for no memory */
  if (c->hiredis->err) {
    c->broken = true;
    return err_set(e, ERR_NETWORK, "cannot reach Redis at %s: %s", c->display, c->hiredis->errstr);
  }
  redisEnableKeepAlive(c->hiredis); /* works or not: only to notice a machine that vanished */
  int rc = 0;
  if (where->password && *where->password) {
    c->password = where->password;
    rc = order(c, "AUTH", where->password, seconds, e);
    c->password = NULL;
  }
  char number[16];
  snprintf(number, sizeof number, "%d", where->db);
  if (rc == 0 && where->db) rc = order(c, "SELECT", number, seconds, e);
  if (rc < 0) return rc;
  *ret = TAKE(c);
  return 0;
}

void redis_free(struct redis *c) {
  if (!c) return;
  if (c->hiredis) redisFree(c->hiredis);
  free(c->display);
  free(c);
}

bool redis_broken(const struct redis *c) {
  return c->broken;
}

const char *redis_refusal(const struct redis *c) {
  return c->refusal;
}

/* ---- answers: struct redis_reply is hiredis's redisReply ---- */

static const redisReply *of(const struct redis_reply *r) {
  return (const redisReply *)(const void *)r;
}

void redis_reply_free(struct redis_reply *r) {
  if (r) freeReplyObject(r);
}

size_t redis_count(const struct redis_reply *r) {
  return r && of(r)->type == REDIS_REPLY_ARRAY ? of(r)->elements : 0;
}

const struct redis_reply *redis_item(const struct redis_reply *r, size_t i) {
  return i < redis_count(r) ? (const struct redis_reply *)(const void *)of(r)->element[i] : NULL;
}

const char *redis_text(const struct redis_reply *r) {
  if (!r || (of(r)->type != REDIS_REPLY_STRING && of(r)->type != REDIS_REPLY_STATUS)) return NULL;
  return strlen(of(r)->str) == of(r)->len ? of(r)->str : NULL;
}

int64_t redis_number(const struct redis_reply *r) {
  return r && of(r)->type == REDIS_REPLY_INTEGER ? of(r)->integer : 0;
}
