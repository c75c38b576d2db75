/*
 * DESIGN. The listening socket is ours, so that a taken port has an error worth reading. Each connection
 * has a thread, so that a handler that waits for a database keeps nobody else waiting; a request's state (its route, the body so far) hangs on libmicrohttpd's pointer for
 * it, from its headers to on_completed().
 */
#include "web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { HEADERS_MOST = 32 << 10, BACKLOG = 128, STACK = 1 << 20 };

struct web {
  struct MHD_Daemon *daemon;
  struct web_options options;
  int listener, port;
  atomic_int under_way;
};

struct request {
  const struct web_route *route;
  int refusal; /* not 0: the status to answer with, whatever the route */
  struct buf body;
};

struct web_options web_default_options(void) {
  return (struct web_options){.connections = 200, .idle_seconds = 15, .end_seconds = 3};
}

/* ---- what a handler asks for ---- */

const char *web_header(const struct web_request *r, const char *name) {
  return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *web_argument(const struct web_request *r, const char *name) {
  return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

static void remote_of(struct MHD_Connection *c, char *out, size_t size) {
  out[0] = '\0';
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (!info || !info->client_addr) return;
  const struct sockaddr *a = info->client_addr;
  socklen_t n = a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  if (getnameinfo(a, n, out, (socklen_t)size, NULL, 0, NI_NUMERICHOST) != 0) out[0] = '\0';
}

/* ---- routes ---- */

/* The route, or NULL with the status that says why not. */
static const struct web_route *find_route(const struct web *w, const char *method, const char *path, int *ret_refusal) {
  if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0) method = MHD_HTTP_METHOD_GET;
  *ret_refusal = 0;
  int refusal = MHD_HTTP_NOT_FOUND;
  for (size_t i = 0; i < w->options.count; i++) {
    const struct web_route *route = &w->options.routes[i];
    if (strcmp(route->path, path) != 0) continue;
    if (strcmp(route->method, method) == 0) return route;
    refusal = MHD_HTTP_METHOD_NOT_ALLOWED;
  }
  *ret_refusal = refusal;
  return NULL;
}

static void allowed_methods(const struct web *w, const char *path, struct buf *out) {
  for (size_t i = 0; i < w->options.count; i++) {
    const struct web_route *route = &w->options.routes[i];
    if (strcmp(route->path, path) != 0) continue;
    buf_addf(out, "%s%s", out->len ? ", " : "", route->method);
    if (strcmp(route->method, MHD_HTTP_METHOD_GET) == 0) buf_adds(out, ", HEAD");
  }
}

/* ---- answers ---- */

static enum MHD_Result send_reply(const struct web *w, struct MHD_Connection *c, const char *method, const char *path,
                                  struct web_reply *reply) {
  size_t n = reply->body.len;
  struct MHD_Response *response = MHD_create_response_from_buffer(n, buf_take(&reply->body), MHD_RESPMEM_MUST_FREE);
  if (!response) abort(); /* no memory */
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  if (reply->header) MHD_add_response_header(response, reply->header, reply->value);
  if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
    _cleanup_(buf_release) struct buf methods = BUF_INIT;
    allowed_methods(w, path, &methods);
    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, buf_str(&methods));
  }
  enum MHD_Result rc = MHD_queue_response(c, (unsigned)reply->status, response);
  MHD_destroy_response(response);
  log_debug("web", "%s %s: %d", method, path, reply->status);
  return rc;
}

static enum MHD_Result refuse(const struct web *w, struct MHD_Connection *c, const char *method, const char *path,
                              int status) {
  struct web_reply reply = {.status = status, .type = "text/plain; charset=utf-8"};
  buf_addf(&reply.body, "%s\n", MHD_get_reason_phrase_for((unsigned)status));
  return send_reply(w, c, method, path, &reply);
}

static enum MHD_Result answer(const struct web *w, struct MHD_Connection *c, const char *method, const char *path,
                              struct request *request) {
  struct web_request r = {
      .method = method, .path = path, .body = buf_str(&request->body), .body_len = request->body.len, .connection = c};
  remote_of(c, r.remote, sizeof r.remote);
  struct web_reply reply = {.status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8"};
  request->route->handler(request->route->ctx, &r, &reply);
  return send_reply(w, c, method, path, &reply);
}

/* ---- a request, piece by piece ---- */

/* How much of a body the headers announce; 0 also when it comes in chunks. Larger than anything when it is no number, though
 * libmicrohttpd refuses such a request before us. */
static unsigned long long announced(struct MHD_Connection *c) {
  const char *text = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  if (!text) return 0;
  char *end;
  errno = 0;
  unsigned long long n = strtoull(text, &end, 10);
  return errno || *end || end == text ? ULLONG_MAX : n;
}

/* Called with the headers, then with each piece of the body, then once more. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *path, const char *method,
                                  const char *version, const char *piece, size_t *piece_len, void **state) {
  (void)version;
  struct web *w = ctx;
  struct request *request = *state;
  if (!request) {
    request = *state = NEW(struct request);
    atomic_fetch_add(&w->under_way, 1);
    request->route = find_route(w, method, path, &request->refusal);
    unsigned long long n = announced(c);
    if (request->route && n > request->route->body_most) request->refusal = MHD_HTTP_CONTENT_TOO_LARGE;
    /* An answer before the body was read ends the connection, so only where there is one. */
    return n && request->refusal ? refuse(w, c, method, path, request->refusal) : MHD_YES;
  }
  if (*piece_len) {
    size_t most = request->refusal ? 0 : request->route->body_most;
    if (request->body.len + *piece_len > most) return MHD_NO; /* sent in chunks: hangs up */
    buf_add(&request->body, piece, *piece_len);
    *piece_len = 0;
    return MHD_YES;
  }
  if (request->refusal) return refuse(w, c, method, path, request->refusal);
  return answer(w, c, method, path, request);
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode code) {
  (void)c;
  (void)code;
  struct web *w = ctx;
  struct request *request = *state;
  if (!request) return;
  buf_release(&request->body);
  free(request);
  *state = NULL;
  atomic_fetch_sub(&w->under_way, 1);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *ctx, const char *fmt, va_list ap) {
  (void)ctx;
  char line[256];
  vsnprintf(line, sizeof line, fmt, ap);
  log_debug("web", "%.*s", (int)strcspn(line, "\n"), line);
}

/* A NUL in a path would make it another path to whoever reads it as a string. */
static size_t on_unescape(void *ctx, struct MHD_Connection *c, char *text) {
  (void)ctx;
  (void)c;
  size_t n = MHD_http_unescape(text);
  for (size_t i = 0; i < n; i++)
    if (!text[i]) text[i] = '?';
  return n;
}

/* ---- start and end ---- */

static int bind_one(const struct addrinfo *a) {
  int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  int on = 1, off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (a->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off); /* "::" is all there is */
  if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) return fd;
  fd_closep(&fd);
  return -1;
}

static int listen_at(const char *host, int port, int *ret_fd, int *ret_port, struct err *e) {
  char service[16];
  snprintf(service, sizeof service, "%d", port);
  struct addrinfo wish = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
  int rc = getaddrinfo(host, service, &wish, &found);
  if (rc != 0) return err_set(e, ERR_USAGE, "cannot listen at %s: %s", host, gai_strerror(rc));
  int fd = -1;
  for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) fd = bind_one(a);
  int why = errno;
  freeaddrinfo(found);
  if (fd < 0) return err_errno(e, ERR_IO, why, "cannot listen at %s, port %d", host, port);
  struct sockaddr_storage at;
  socklen_t size = sizeof at;
  memset(&at, 0, sizeof at);
  getsockname(fd, (struct sockaddr *)&at, &size);
  *ret_port =
      ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port : ((struct sockaddr_in *)&at)->sin_port);
  *ret_fd = fd;
  return 0;
}

int web_start(const struct web_options *o, struct web **ret, struct err *e) {
  struct web *w = NEW(struct web);
  w->options = *o;
  int rc = listen_at(o->host, o->port, &w->listener, &w->port, e);
  if (rc < 0) {
    free(w);
    return rc;
  }
  w->daemon = MHD_start_daemon(
      MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL, NULL,
      on_request, w, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, w->listener,
      MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, w,
      MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK, MHD_OPTION_CONNECTION_LIMIT, (unsigned)o->connections,
      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)o->idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      (size_t)HEADERS_MOST, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
  if (!w->daemon) {
    rc = err_set(e, ERR_FAIL, "the web server's threads cannot be started");
    close(w->listener);
    free(w);
    return rc;
  }
  *ret = w;
  return 0;
}

int web_port(const struct web *w) {
  return w->port;
}

void web_stop(struct web *w) {
  if (!w) return;
  MHD_socket listener = MHD_quiesce_daemon(w->daemon);
  double until = clock_now() + w->options.end_seconds;
  while (atomic_load(&w->under_way) > 0 && clock_now() < until) clock_sleep(0.01);
  MHD_stop_daemon(w->daemon);
  if (listener != MHD_INVALID_SOCKET) close(listener);
  free(w);
}
